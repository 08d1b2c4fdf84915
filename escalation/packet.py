"""The packet: everything that an agent needs to go on without asking again. Reads, and changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.handoff import UnknownHandoff
from escalation.seen import agents_json, line, note_json
from help_center.conversations import Conversation, Handoff, Note, TurnRow, customer_json, messages_of
from help_center.database import iso
from help_center.people import Customer


def packet(session: Session, handoff_id: str) -> dict[str, Any]:
    """Everything that an agent needs to go on without asking again: the packet of the contract, and more."""
    handoff = session.get(Handoff, handoff_id)
    if handoff is None:
        raise UnknownHandoff
    conversation = session.get_one(Conversation, handoff.conversation_id)
    customer = session.get_one(Customer, conversation.customer_id)
    done = (TurnRow.conversation_id == conversation.id) & (TurnRow.status == "done")
    turns = list(session.scalars(select(TurnRow).where(done).order_by(TurnRow.created_at, TurnRow.id)))
    notes = session.scalars(
        select(Note).where(Note.handoff_id == handoff.id).order_by(Note.created_at, Note.id)
    )
    at = {turn.id: iso(turn.finished_at or turn.created_at) for turn in turns}
    return line(session, handoff) | {
        "customer": customer_json(customer)
        | {"proven": conversation.proven, "since": iso(customer.created_at)},
        "question": handoff.question,
        "summary": handoff.summary,
        "transcript": [agents_json(message) for message in messages_of(session, conversation.id)],
        "sources_tried": handoff.sources_tried,
        "confidence_trace": [
            {"turn_id": turn.id, "at": at[turn.id], "value": turn.confidence} for turn in turns
        ],
        "sentiment_trace": [
            {
                "turn_id": turn.id,
                "at": at[turn.id],
                "label": turn.sentiment_label,
                "score": turn.sentiment_score,
            }
            for turn in turns
        ],
        "suggested_reply": handoff.suggested_reply,
        "notes": [note_json(written) for written in notes],
        "conversation_status": conversation.status,
        "page_url": conversation.page_url,
        "customer_note": handoff.customer_note,
        "turns": [_turn_json(turn, at[turn.id]) for turn in turns],
    }


def _turn_json(turn: TurnRow, at: str | None) -> dict[str, Any]:
    judged = turn.sentiment_label is not None
    return {
        "id": turn.id,
        "at": at,
        "action": turn.action,
        "confidence": turn.confidence,
        "sentiment": {"label": turn.sentiment_label, "score": turn.sentiment_score} if judged else None,
        "reasons": turn.reasons,
        "message_id": turn.message_id,
    }
