"""What is worth telling, and to whom: agents by e-mail and Slack, customers by e-mail, other programs by webhook.

Every function works inside the transaction of its cause and only writes to the outbox; each piece of news goes to each receiver
once, whoever calls how often. What a customer wrote leaves without card numbers and the like. Knows nothing of how
anything travels.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.notify.email import address_of
from escalation.notify.outbox import enqueue
from escalation.policies import desk_settings
from help_center.conversations import (
    CLOSED,
    Conversation,
    Handoff,
    Message,
    Note,
    customer_json,
    listeners,
    message_json,
)
from help_center.database import iso
from help_center.desk import Team, TeamMember, Webhook
from help_center.markup import shortened
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Agent, Customer

log = logging.getLogger(__name__)
EVENTS = ("handoff.opened", "handoff.resolved", "conversation.closed", "message.created")  # of webhooks
EXCERPT = 300

_mail_server = False  # of this process, as its settings say


def email_is_set_up(yes: bool) -> None:
    """Called once by who builds the app. Before, and without a mail server, no e-mail is written at all."""
    global _mail_server
    _mail_server = yes


def can_email() -> bool:
    """Whether a customer may be offered an answer by e-mail."""
    return _mail_server


# What happened


def opened(session: Session, handoff: Handoff) -> None:
    """A handoff has come into the queue."""
    tell(session, "handoff.opened", handoff_json(session, handoff), conversation_id=handoff.conversation_id)
    _tell_agents(session, handoff, "handoff.opened", "waits for a person")


def overdue(session: Session, handoff: Handoff) -> None:
    """A target of the handoff has passed. Told once for each `overdue_told_at`."""
    waits = "waits for an answer" if handoff.first_reply_at is None else "waits for the end of the matter"
    _tell_agents(session, handoff, "handoff.overdue", f"{waits}, and the time set for it has passed")


def resolved(session: Session, handoff: Handoff) -> None:
    """A handoff has been resolved."""
    tell(session, "handoff.resolved", handoff_json(session, handoff), conversation_id=handoff.conversation_id)


def replied(session: Session, conversation: Conversation, handoff: Handoff, message: Message) -> None:
    """An agent has written to the customer, who may have left an address."""
    if not conversation.contact_email:
        return
    asked = session.scalars(
        select(Message.text)
        .where(Message.conversation_id == conversation.id, Message.role == "customer")
        .where(Message.position < message.position)
        .order_by(Message.position.desc())
        .limit(1)
    ).first()
    letter = {
        "subject": f"Re: {shortened(handoff.question, 80)}",
        "text": "\n\n".join(filter(None, [message.text, _named(message.files), message.author])),
        "quoted": "You wrote:",
        "quote": hide(asked or "", NOT_FOR_AGENTS),
        "thread": conversation.id,
        "page_url": conversation.page_url,
    }
    _queue(session, conversation.contact_email, letter, "reply", key=message.id, about=conversation.id)


def _named(files: list[dict[str, Any]]) -> str:
    """Files stay in the chat, where they open for its two sides only; a letter names them."""
    return "\n".join(f"- {_literal(file['name'])}" for file in files)


def _literal(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>!])", r"\\\1", text)


def mentioned(session: Session, note: Note, agents: Iterable[Agent]) -> None:
    """These agents are named in a note; those who want e-mail get it."""
    handoff = session.get_one(Handoff, note.handoff_id)
    letter = {
        "subject": f"{note.author} mentioned you",
        "text": "You were mentioned in a note:",
        "quote": hide(note.text, NOT_FOR_AGENTS),
        "thread": handoff.id,
        "list": "mentions",
        "handoff_id": handoff.id,
    }
    for agent in agents:
        if _wants_email(agent) and agent.id != note.agent_id:
            _queue(session, agent.email, letter, "mention", key=note.id, about=handoff.conversation_id)


def heard(session: Session, conversation: Conversation, kind: str, what: Any) -> None:
    """What `help_center.conversations` tells its listeners."""
    if session.scalars(select(Webhook.id).where(Webhook.active).limit(1)).first() is None:
        return  # as nearly everywhere: nothing is made ready for nobody, in a write that others wait for
    if kind == "status" and what == CLOSED:
        data = _conversation_json(session, conversation)
        key = f"{conversation.id}:{conversation.reopened}"  # closed once for each time that it was open
        tell(session, "conversation.closed", data, key=key, conversation_id=conversation.id)
    elif kind == "message":  # of every role; notes are no messages
        told = message_json(what) | {"text": hide(what.text, NOT_FOR_AGENTS)}
        told.pop("client_id")
        data = {"conversation_id": conversation.id, "message": told}
        tell(session, "message.created", data, key=what.id, conversation_id=conversation.id)


listeners.append(heard)


# The doors out


def tell(
    session: Session,
    event: str,
    payload: dict[str, Any],
    *,
    key: str | None = None,
    conversation_id: str | None = None,
) -> None:
    """Queues the event for every webhook that listens to it. `key`: what it is about, where that is not `payload["handoff"]["id"]`."""
    for webhook in session.scalars(select(Webhook).where(Webhook.active)):
        if event in webhook.events:
            about = key or payload["handoff"]["id"]
            enqueue(
                session, "webhook", webhook.id, event, payload, key=about, conversation_id=conversation_id
            )


def transcript(
    session: Session, conversation: Conversation, to: str, title: str, text_markdown: str, *, key: str
) -> None:
    """Queues a conversation for its customer, who asked for it. `key`: the state that it is in, which goes out once."""
    letter = {
        "subject": title,
        "text": text_markdown,
        "thread": conversation.id,
        "page_url": conversation.page_url,
    }
    _queue(session, to, letter, "transcript", key=key, about=conversation.id)


def _queue(
    session: Session, to: str, letter: dict[str, Any], event: str, *, key: str, about: str | None = None
) -> None:
    if not can_email():
        return
    address = address_of(to)
    if address is None:
        log.warning("no e-mail for %s: the address cannot be written to", event)
        return
    enqueue(session, "email", address, event, letter, key=key, conversation_id=about)


def _tell_agents(session: Session, handoff: Handoff, event: str, said: str) -> None:
    """E-mail to the agents who want it and to the desk's own addresses, and Slack. What the customer chose, their name too,
    stands only where it is plain text."""
    settings = desk_settings(session)
    wanted = settings.notifications
    of_desk = wanted.on_new if event == "handoff.opened" else wanted.on_overdue
    about = _about(session, handoff, ZoneInfo(settings.hours.timezone))
    key = f"{handoff.id}:{iso(handoff.overdue_told_at)}" if event == "handoff.overdue" else handoff.id
    headline = f"{_who(session, handoff)} {said}"
    letter = {
        "subject": f"{headline}: {shortened(handoff.question, 60)}",
        "text": "\n".join([f"A customer {said}.", "", *(f"- {fact}" for fact in about)]),
        "quote": handoff.question,
        "thread": handoff.id,
        "list": "handoffs",
        "handoff_id": handoff.id,
    }
    addresses = {agent.email for agent in _agents_for(session, handoff)} | (
        set(wanted.emails) if of_desk else set()
    )
    for address in sorted(addresses):
        _queue(session, address, letter, event, key=key, about=handoff.conversation_id)
    if of_desk and wanted.slack_url:
        told = {
            "headline": headline,
            "quote": shortened(handoff.question, EXCERPT),
            "about": about,
            "handoff_id": handoff.id,
        }
        enqueue(session, "slack", "slack", event, told, key=key, conversation_id=handoff.conversation_id)


def _agents_for(session: Session, handoff: Handoff) -> list[Agent]:
    """Who can do something about it and wants e-mail: its holder; else its team; else everybody. Nobody who is away."""
    query = select(Agent).where(Agent.deactivated_at.is_(None), Agent.available)
    if handoff.assignee_id:
        query = query.where(Agent.id == handoff.assignee_id)
    elif handoff.team_id:
        members = select(TeamMember.agent_id).where(TeamMember.team_id == handoff.team_id)
        query = query.where(Agent.id.in_(members))
    return [agent for agent in session.scalars(query) if _wants_email(agent)]


def _wants_email(agent: Agent) -> bool:
    return bool(agent.notify.get("email")) and agent.deactivated_at is None


def _who(session: Session, handoff: Handoff) -> str:
    name = _customer(session, handoff.conversation_id).name
    return shortened(" ".join(name.split()), 60) if name and name.strip() else "A customer"


def _about(session: Session, handoff: Handoff, zone: ZoneInfo) -> list[str]:
    """Short facts; what a customer may have made up is not among them."""
    team = session.get(Team, handoff.team_id) if handoff.team_id else None
    reasons = ", ".join(str(reason).removeprefix("rule:").replace("_", " ") for reason in handoff.reasons)
    facts = [
        f"Priority: {handoff.priority}" if handoff.priority != "normal" else "",
        f"Reason: {reasons}" if reasons else "",
        f"Team: {team.name}" if team else "",
        f"To be answered by {_at(handoff.due_at, zone)}" if handoff.first_reply_at is None else "",
        f"To be resolved by {_at(handoff.resolve_due_at, zone)}" if handoff.resolve_due_at else "",
    ]
    return [fact for fact in facts if fact]


# How it looks from outside


def handoff_json(session: Session, handoff: Handoff) -> dict[str, Any]:
    """The data of a webhook about a handoff."""
    assignee = session.get(Agent, handoff.assignee_id) if handoff.assignee_id else None
    conversation = session.get_one(Conversation, handoff.conversation_id)
    told = {
        "id": handoff.id,
        "status": handoff.status,
        "priority": handoff.priority,
        "reasons": handoff.reasons,
        "question": handoff.question,
        "summary": handoff.summary,
        "language": handoff.language,
        "team_id": handoff.team_id,
        "assignee": {"id": assignee.id, "name": assignee.name} if assignee else None,
        "outcome": handoff.outcome,
        "created_at": iso(handoff.created_at),
        "due_at": iso(handoff.due_at),
        "claimed_at": iso(handoff.claimed_at),
        "first_reply_at": iso(handoff.first_reply_at),
        "ended_at": iso(handoff.ended_at),
    }
    return {"handoff": told} | _conversation_json(session, conversation)


def _conversation_json(session: Session, conversation: Conversation) -> dict[str, Any]:
    told = {
        "id": conversation.id,
        "status": conversation.status,
        "channel": conversation.channel,
        "locale": conversation.locale,
        "page_url": conversation.page_url,
        "created_at": iso(conversation.created_at),
        "closed_at": iso(conversation.closed_at),
        "reopened": conversation.reopened,
    }
    return {"conversation": told, "customer": customer_json(_customer(session, conversation.id))}


def _customer(session: Session, conversation_id: str) -> Customer:
    query = select(Customer).join(Conversation).where(Conversation.id == conversation_id)
    return session.scalars(query).one()


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
