"""How a handoff, a message and a note look from outside: plain JSON, one function each. Knows no steps and no requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from escalation.targets import missed
from help_center.conversations import Conversation, Handoff, Message, Note, message_json
from help_center.database import iso, now
from help_center.desk import ConversationLabel, Team
from help_center.markup import shortened
from help_center.masking import stored_for_agents
from help_center.people import Agent, Customer

EXCERPT = 300
LAST_WORDS = 160  # characters of the newest message


def lines(session: Session, handoffs: Sequence[Handoff]) -> list[dict[str, Any]]:
    """The lines of the queue for these handoffs, in their order; five queries, however many they are."""
    if not handoffs:
        return []
    conversations = {handoff.conversation_id for handoff in handoffs}
    people = select(Conversation.id, Customer).join(Customer, Customer.id == Conversation.customer_id)
    customers = dict(session.execute(people.where(Conversation.id.in_(conversations))).tuples().all())
    assigned = {handoff.assignee_id for handoff in handoffs if handoff.assignee_id}
    agents = (
        {agent.id: agent for agent in session.scalars(select(Agent).where(Agent.id.in_(assigned)))}
        if assigned
        else {}
    )
    given = {handoff.team_id for handoff in handoffs if handoff.team_id}
    teams = (
        {team.id: team for team in session.scalars(select(Team).where(Team.id.in_(given)))} if given else {}
    )
    labels: dict[str, list[str]] = {}
    written = select(ConversationLabel).where(ConversationLabel.conversation_id.in_(conversations))
    for row in session.scalars(written.order_by(ConversationLabel.label)):
        labels.setdefault(row.conversation_id, []).append(row.label)
    last = _last_words(session, [one.conversation_id for one in handoffs if one.status == "claimed"])
    return [
        item_json(
            handoff,
            customers[handoff.conversation_id],
            agents.get(handoff.assignee_id or ""),
            teams.get(handoff.team_id or ""),
            labels.get(handoff.conversation_id, []),
        )
        | {"last": last.get(handoff.conversation_id)}
        for handoff in handoffs
    ]


def _last_words(session: Session, conversations: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the customer or an agent said last, by conversation."""
    if not conversations:
        return {}
    newest = (
        select(Message.conversation_id, func.max(Message.position))
        .where(Message.conversation_id.in_(conversations), Message.role.in_(("customer", "agent")))
        .group_by(Message.conversation_id)
    )
    found = select(Message).where(tuple_(Message.conversation_id, Message.position).in_(newest))
    return {
        message.conversation_id: {
            "role": message.role,
            "author": message.author,
            "text": shortened(" ".join(agents_json(message)["text"].split()), LAST_WORDS),
        }
        for message in session.scalars(found)
    }


def line(session: Session, handoff: Handoff) -> dict[str, Any]:
    """One line of the queue."""
    return lines(session, [handoff])[0]


def item_json(
    handoff: Handoff,
    customer: Customer,
    assignee: Agent | None,
    team: Team | None = None,
    labels: Sequence[str] = (),
) -> dict[str, Any]:
    """One line of the queue, of rows that are loaded already."""
    return {
        "id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "status": handoff.status,
        "priority": handoff.priority,
        "reasons": handoff.reasons,
        "created_at": iso(handoff.created_at),
        "due_at": iso(handoff.due_at),
        "resolve_due_at": iso(handoff.resolve_due_at),
        "overdue": bool(missed(handoff, now())),
        "claimed_at": iso(handoff.claimed_at),
        "assigned_at": iso(handoff.assigned_at),
        "first_reply_at": iso(handoff.first_reply_at),
        "last_customer_at": iso(handoff.last_customer_at),
        "last_agent_at": iso(handoff.last_agent_at),
        "snoozed_until": iso(handoff.snoozed_until),
        "ended_at": iso(handoff.ended_at),
        "outcome": handoff.outcome,
        "assignee": agent_ref(assignee),
        "team": {"id": team.id, "name": team.name} if team else None,
        "labels": list(labels),
        "reopened": handoff.previous_id is not None,
        "language": handoff.language,
        "customer": {"name": customer.name, "email": customer.email, "visitor": customer.id[-4:]},
        "question": shortened(handoff.question, EXCERPT),
    }


def agents_json(message: Message) -> dict[str, Any]:
    """The Message as agents see it: of an account that the customer wrote down, country and last four characters."""
    told = message_json(message)
    return told | {"text": stored_for_agents(message.text)} if message.role == "customer" else told


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
