"""How far each side of a conversation has read. A mark only ever moves forward; the same one again changes nothing.

A message that is saved is delivered; it is read when the other side has had it in sight. Who says what was in sight is
not known here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from help_center.conversations import Conversation, Message, open_handoff, topic
from help_center.database import iso, now
from help_center.live import INBOX, publish
from help_center.web import Problem

CUSTOMER, AGENT = "customer", "agent"


def mark_read(session: Session, conversation_id: str, reader: str, message_id: str) -> bool:
    """`reader` has seen everything up to this message: whether that is news. Both sides get a `read` event.

    Raises a 404 Problem for a message of another conversation."""
    message = session.get(Message, message_id)
    if message is None or message.conversation_id != conversation_id:
        raise Problem(404, "there is no such message in this conversation.")
    mark, at = (
        (Conversation.customer_read, Conversation.customer_read_at)
        if reader == CUSTOMER
        else (Conversation.agent_read, Conversation.agent_read_at)
    )
    moment = now()
    moved = session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, mark < message.position)
        .values({mark: message.position, at: moment})
    )
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    told = {"role": reader} | _mark_json(message.id, moment)
    publish(session, topic(conversation_id), "read", told)
    handoff = open_handoff(session, conversation_id)
    if handoff is not None:
        publish(session, INBOX, "read", {"handoff_id": handoff.id, "conversation_id": conversation_id} | told)
    return True


def read_json(session: Session, conversation: Conversation) -> dict[str, Any]:
    """The last message that each side has seen, and when; null before the first."""
    marks = {
        CUSTOMER: (conversation.customer_read, conversation.customer_read_at),
        AGENT: (conversation.agent_read, conversation.agent_read_at),
    }
    query = select(Message.position, Message.id).where(
        Message.conversation_id == conversation.id,
        Message.position.in_({position for position, _ in marks.values()}),
    )
    ids = dict(session.execute(query).tuples().all())
    return {
        side: _mark_json(ids[position], at) if position in ids and at else None
        for side, (position, at) in marks.items()
    }


def _mark_json(message_id: str, at: datetime) -> dict[str, Any]:
    return {"message_id": message_id, "at": iso(at)}
