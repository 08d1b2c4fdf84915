"""What agents write to the customer: said at once, or held for a few seconds in which it can be taken back.

A held reply is a row that the clock turns into the message of the same id; nothing of it depends on the process that took
it. It belongs to who has the conversation: a step of theirs that ends or leaves it sends it first, and when the conversation is
taken from them it becomes their draft. Nobody's words are lost, and nobody's words are said in another's name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation import audit, notify
from escalation.changing import (
    HandoffProblem,
    ImpossibleStep,
    Taken,
    UnknownHandoff,
    about,
    both_locked,
    publish_message,
)
from escalation.clock import piece
from escalation.waits import ENDED, holder
from help_center.conversations import Conversation, Handoff, Message, add_message
from help_center.database import Database, iso, new_id, now
from help_center.desk import Draft, HeldReply
from help_center.files import File, file_json, send, uploaded
from help_center.live import INBOX, publish
from help_center.people import Customer, Viewer

LONGEST_HOLD = 30  # seconds
AT_ONCE = 100  # handoffs whose held replies one round of the clock sends


def reply(
    session: Session,
    handoff_id: str,
    agent: Viewer,
    text: str,
    client_id: str | None = None,
    seen: str | None = None,
    files: Sequence[str] = (),
) -> Message:
    """The holder writes to the customer. The same `client_id` again gives the same message.

    `seen`: the id of the last message that the agent has read; when somebody wrote after it, nothing is said. `files`:
    ids of what the agent has uploaded to this conversation.
    """
    conversation, handoff = both_locked(session, handoff_id)
    known = _known(session, conversation, handoff, client_id)
    if isinstance(known, HeldReply):
        return send_now(session, handoff_id, agent, known.id)
    if known is not None:
        return known
    _may_write(session, conversation, handoff, agent, seen)
    sent = uploaded(session, conversation, list(files), agent.agent_id)
    send_held(session, conversation, handoff)  # what was written before is said before
    written = _row(handoff, agent, text, client_id, now(), sent)
    return _write(session, conversation, handoff, written, agent)


def hold(
    session: Session,
    handoff_id: str,
    agent: Viewer,
    text: str,
    seconds: float,
    client_id: str | None = None,
    seen: str | None = None,
    files: Sequence[str] = (),
) -> Message | HeldReply:
    """As `reply`, in `seconds` from now. The same `client_id` again gives the same held reply, or its message."""
    conversation, handoff = both_locked(session, handoff_id)
    known = _known(session, conversation, handoff, client_id)
    if known is not None:
        return known
    _may_write(session, conversation, handoff, agent, seen)
    seconds = min(max(seconds, 0.0), LONGEST_HOLD)
    sent = uploaded(session, conversation, list(files), agent.agent_id)
    held = _row(handoff, agent, text, client_id, now() + timedelta(seconds=seconds), sent)
    session.add(held)
    session.flush()
    _tell_held(session, handoff, held, held_json(session, held))
    return held


def take_back(
    session: Session, handoff_id: str, agent: Viewer, message_id: str
) -> tuple[str, list[dict[str, Any]]]:
    """The author changes their mind: gives text and files, which nobody else has seen. Raises a 409 when it was sent."""
    _conversation, handoff = both_locked(session, handoff_id)
    held = _mine(session, handoff, agent, message_id)
    if isinstance(held, Message):
        raise ImpossibleStep("this reply was sent already: it cannot be taken back any more.")
    session.delete(held)
    _tell_held(session, handoff, held, None)
    audit.record(session, agent, "handoff.take_back", handoff.id, message_id=held.id)
    return held.text, _files_json(session, held)


def send_now(session: Session, handoff_id: str, agent: Viewer, message_id: str) -> Message:
    """The author waits no longer. What they wrote before it is said before it; again, nothing happens."""
    conversation, handoff = both_locked(session, handoff_id)
    held = _mine(session, handoff, agent, message_id)
    if isinstance(held, Message):
        return held
    send_held(session, conversation, handoff, until=held)
    return session.get_one(Message, message_id)


def send_due(database: Database, at: datetime | None = None) -> None:
    """A clock's job: what has been held for long enough is said."""
    at = at or now()
    with database.read() as session:
        waiting = select(HeldReply.handoff_id).where(HeldReply.send_at <= at)
        due = list(session.scalars(waiting.distinct().limit(AT_ONCE)))
    for handoff_id in due:
        with (
            piece(f"held replies of {handoff_id}"),
            contextlib.suppress(UnknownHandoff),
            database.write() as session,
        ):
            conversation, handoff = both_locked(session, handoff_id)
            last = [held for held in held_of(session, handoff.id) if held.send_at <= at]
            if last:
                send_held(session, conversation, handoff, until=last[-1])


def send_held(
    session: Session, conversation: Conversation, handoff: Handoff, until: HeldReply | None = None
) -> None:
    """Says what is held in this handoff (locked), in the order in which it was written; `until`: that one included."""
    for held in held_of(session, handoff.id):
        if handoff.status == "claimed" and held.agent_id == handoff.assignee_id:
            session.delete(held)
            session.flush()
            _write(session, conversation, handoff, held, Viewer(held.agent_id, held.author))
            _tell_held(session, handoff, held, None)
        else:
            _into_draft(session, handoff, held)
        if until is not None and held.id == until.id:
            return


def keep_held_as_drafts(session: Session, handoff: Handoff) -> None:
    """The conversation (locked) was taken from who had it: what they have not said yet is their draft."""
    for held in held_of(session, handoff.id):
        _into_draft(session, handoff, held)


def held_of(session: Session, handoff_id: str, agent_id: str | None = None) -> list[HeldReply]:
    """What is held in a handoff, oldest first; of one agent, or of everybody."""
    query = select(HeldReply).where(HeldReply.handoff_id == handoff_id)
    if agent_id is not None:
        query = query.where(HeldReply.agent_id == agent_id)
    return list(session.scalars(query.order_by(HeldReply.created_at, HeldReply.id)))


def held_json(session: Session, held: HeldReply) -> dict[str, Any]:
    """The Message that it will be, and when."""
    return {
        "id": held.id,
        "role": "agent",
        "text": held.text,
        "author": held.author,
        "created_at": iso(held.created_at),
        "sources": [],
        "files": _files_json(session, held),
        "client_id": held.client_id,
        "held_until": iso(held.send_at),
    }


def _files_json(session: Session, held: HeldReply) -> list[dict[str, Any]]:
    return [file_json(file) for file in _files(session, held)]


def _files(session: Session, held: HeldReply) -> list[File]:
    """What goes with a reply that is not said yet."""
    if not held.files:
        return []
    found = {file.id: file for file in session.scalars(select(File).where(File.id.in_(held.files)))}
    return [found[id] for id in held.files if id in found]


def _row(
    handoff: Handoff, agent: Viewer, text: str, client_id: str | None, send_at: datetime, files: list[File]
) -> HeldReply:
    return HeldReply(
        id=new_id("msg"),
        handoff_id=handoff.id,
        agent_id=agent.agent_id,
        author=agent.name,
        text=text,
        client_id=_key(client_id),
        files=[file.id for file in files],
        send_at=send_at,
        created_at=now(),
    )


def _key(client_id: str | None) -> str | None:
    """Agents and customers choose their ids apart from each other."""
    return f"agent:{client_id}" if client_id else None


def _known(
    session: Session, conversation: Conversation, handoff: Handoff, client_id: str | None
) -> Message | HeldReply | None:
    key = _key(client_id)
    if key is None:
        return None
    said = select(Message).where(Message.conversation_id == conversation.id, Message.client_id == key)
    held = select(HeldReply).where(HeldReply.handoff_id == handoff.id, HeldReply.client_id == key)
    return session.scalar(said) or session.scalar(held)


def _mine(session: Session, handoff: Handoff, agent: Viewer, message_id: str) -> Message | HeldReply:
    """What this agent has written in this handoff under this id: held still, or said."""
    held = session.get(HeldReply, message_id)
    if held is not None and (held.handoff_id, held.agent_id) == (handoff.id, agent.agent_id):
        return held
    said = session.get(Message, message_id)
    mine = (handoff.conversation_id, agent.agent_id)
    if said is not None and (said.conversation_id, said.agent_id) == mine:
        return said
    raise UnknownHandoff("reply of yours that is held")


def _may_write(
    session: Session, conversation: Conversation, handoff: Handoff, agent: Viewer, seen: str | None
) -> None:
    if handoff.status == "waiting":
        raise ImpossibleStep("nobody has this conversation: claim it first.")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status}: the customer must write again first.")
    if handoff.assignee_id != agent.agent_id:
        raise Taken(holder(session, handoff))
    if seen is not None:
        _has_read(session, conversation, agent, seen)


def _has_read(session: Session, conversation: Conversation, agent: Viewer, seen: str) -> None:
    """Raises a 409 naming who wrote after the message `seen`, but for the agent themselves."""
    read = session.get(Message, seen)
    if read is None or read.conversation_id != conversation.id:
        raise HandoffProblem(
            422, "`seen` is no message of this conversation: give the id of the last one read."
        )
    after = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.position > read.position,
        Message.role.in_(("customer", "agent")),
        Message.agent_id.is_distinct_from(agent.agent_id),
    )
    newest = session.scalars(after.order_by(Message.position.desc()).limit(1)).first()
    if newest is None:
        return
    customer = session.get_one(Customer, conversation.customer_id)
    who = (newest.author if newest.role == "agent" else customer.name) or "The customer"
    raise ImpossibleStep(f"{who} has written meanwhile: read it, then send your reply again.")


def _write(
    session: Session, conversation: Conversation, handoff: Handoff, written: HeldReply, author: Viewer
) -> Message:
    message = add_message(
        session,
        conversation,
        "agent",
        written.text,
        id=written.id,
        author=written.author,
        agent_id=written.agent_id,
        client_id=written.client_id,
        files=send(_files(session, written), written.id),
    )
    handoff.first_reply_at = handoff.first_reply_at or message.created_at
    handoff.last_agent_at = message.created_at
    publish_message(session, handoff, message)
    notify.replied(session, conversation, handoff, message)
    audit.record(session, author, "handoff.reply", handoff.id, message_id=message.id)
    return message


def _into_draft(session: Session, handoff: Handoff, held: HeldReply) -> None:
    """What cannot be said any more goes where its author finds it, behind what stands there."""
    draft = session.get(Draft, (held.agent_id, handoff.id, "reply"))
    if draft is None:
        draft = Draft(agent_id=held.agent_id, handoff_id=handoff.id, mode="reply", text="")
        session.add(draft)
    left = [f"[{file.name}: not sent]" for file in _files(session, held)]
    draft.text = "\n\n".join(filter(None, [draft.text, held.text, *left]))
    draft.updated_at = now()
    session.delete(held)
    session.flush()
    _tell_held(session, handoff, held, None)


def _tell_held(session: Session, handoff: Handoff, held: HeldReply, shown: dict[str, Any] | None) -> None:
    """The author's other windows follow; None: it is held no more."""
    payload = about(handoff) | {"agent_id": held.agent_id, "id": held.id, "message": shown}
    publish(session, INBOX, "held", payload)
