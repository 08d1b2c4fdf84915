"""How a handoff, a message and a note look from outside: plain JSON, one function each. Knows no steps and no requests."""

from __future__ import annotations

from typing import Any

from help_center.conversations import Handoff, Message, Note, message_json
from help_center.database import iso
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Agent, Customer

EXCERPT = 300


def item_json(handoff: Handoff, customer: Customer, assignee: Agent | None) -> dict[str, Any]:
    """One line of the queue."""
    question = handoff.question if len(handoff.question) <= EXCERPT else handoff.question[: EXCERPT - 1] + "…"
    return {
        "id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "status": handoff.status,
        "priority": handoff.priority,
        "reasons": handoff.reasons,
        "created_at": iso(handoff.created_at),
        "due_at": iso(handoff.due_at),
        "claimed_at": iso(handoff.claimed_at),
        "first_reply_at": iso(handoff.first_reply_at),
        "ended_at": iso(handoff.ended_at),
        "outcome": handoff.outcome,
        "assignee": agent_ref(assignee),
        "language": handoff.language,
        "customer": {"name": customer.name, "email": customer.email},
        "question": question,
    }


def agents_json(message: Message) -> dict[str, Any]:
    """The Message as agents see it: of an account that the customer wrote down, country and last four characters."""
    told = message_json(message)
    return told | {"text": hide(message.text, NOT_FOR_AGENTS)} if message.role == "customer" else told


def note_json(note: Note) -> dict[str, Any]:
    """A note in the Message's form; `internal` tells the two apart."""
    return {
        "id": note.id,
        "role": "agent",
        "text": note.text,
        "author": note.author,
        "created_at": iso(note.created_at),
        "sources": [],
        "internal": True,
    }


def agent_ref(agent: Agent | None) -> dict[str, Any] | None:
    return None if agent is None else {"id": agent.id, "name": agent.name}
