"""A handoff: one conversation that needs a person, from the queue to its end.

    waiting ──claim/assign──▶ claimed ──resolve──▶ resolved   (the conversation is closed)
       ▲  │                    │  │
       │  │                    │  └────return────▶ returned   (the bot has it again)
       └──│──────release───────┘
          ├──the customer goes back to the bot───▶ returned
          └──the customer closes the conversation▶ resolved

Every function works inside one `database.write()` transaction: the step, the message that the
customer sees and the events that everybody sees are written together or not at all. The conversation's row is
locked first, the handoff's second. Knows nothing of HTTP requests, of pages, or of why a person is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from escalation.seen import agents_json, line, note_json
from escalation.waits import ENDED, holder, status_json
from help_center.conversations import (
    AGENT,
    BOT,
    CLOSED,
    WAITING,
    Conversation,
    Handoff,
    Message,
    Note,
    add_message,
    locked,
    set_status,
    topic,
)
from help_center.conversations import open_handoff as current_handoff
from help_center.database import new_id, now
from help_center.live import INBOX, publish
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Agent, Viewer
from help_center.web import Problem

# HandoffProblem (a Problem: the HTTP door shows it as it is; trying again without a change never helps)
# ├── UnknownHandoff      404
# ├── Taken               409, somebody else has it
# └── ImpossibleStep      409, not from where it stands


class HandoffProblem(Problem):
    """A step that cannot be taken. The detail is one line that says what to do."""


class UnknownHandoff(HandoffProblem):
    def __init__(self, what: str = "handoff") -> None:
        super().__init__(404, f"there is no such {what}.")


class Taken(HandoffProblem):
    def __init__(self, holder: str) -> None:
        super().__init__(409, f"{holder} has this conversation already.")
        self.holder = holder


class ImpossibleStep(HandoffProblem):
    def __init__(self, detail: str) -> None:
        super().__init__(409, detail)


@dataclass(frozen=True)
class Priority:
    """`rank` 0 is served first; `minutes` until somebody should have answered."""

    name: str
    rank: int
    minutes: int


URGENT, HIGH, NORMAL = Priority("urgent", 0, 5), Priority("high", 1, 10), Priority("normal", 2, 30)
PRIORITIES = {priority.name: priority for priority in (URGENT, HIGH, NORMAL)}
PRESSING = {"negative_sentiment", "sensitive_topic"}  # reasons that do not wait for their turn


def priority_of(reasons: list[str]) -> Priority:
    """One pressing reason is high, an upset customer with a sensitive matter is urgent."""
    pressing = len(PRESSING.intersection(reasons))
    return (NORMAL, HIGH, URGENT)[pressing]


# The steps of the bot and of the customer


def open_handoff(
    session: Session,
    conversation: Conversation,
    *,
    reasons: list[str],
    question: str,
    summary: str,
    sources_tried: list[dict[str, Any]],
    suggested_reply: str,
    language: str | None,
    customer_note: str | None = None,
) -> Handoff:
    """Puts the conversation (locked by the caller) into the queue, and says so to both sides.

    When it is there already, that handoff is returned: reasons are added, the priority may rise and never
    falls, and nothing that an agent may have read is taken away. The message to the customer is the caller's.
    """
    question, summary = hide(question, NOT_FOR_AGENTS), hide(summary, NOT_FOR_AGENTS)
    customer_note = hide(customer_note, NOT_FOR_AGENTS) if customer_note else None
    handoff = current_handoff(session, conversation.id)
    if handoff is not None:
        changed = _add_reasons(handoff, reasons)
        changed |= _raise_to(handoff, priority_of(handoff.reasons))
        if customer_note and customer_note not in (handoff.customer_note or ""):
            handoff.customer_note = "\n\n".join(filter(None, [handoff.customer_note, customer_note]))
            changed = True
        handoff.suggested_reply = handoff.suggested_reply or suggested_reply
        handoff.sources_tried = handoff.sources_tried or sources_tried
        set_status(session, conversation, WAITING if handoff.status == "waiting" else AGENT)
        if changed:
            _tell(session, conversation, handoff)
        return handoff
    priority = priority_of(reasons)
    created = now()
    handoff = Handoff(
        id=new_id("hand"),
        conversation_id=conversation.id,
        status="waiting",
        priority=priority.name,
        rank=priority.rank,
        reasons=list(dict.fromkeys(reasons)),
        created_at=created,
        due_at=created + timedelta(minutes=priority.minutes),
        question=question,
        summary=summary,
        language=language,
        sources_tried=sources_tried,
        suggested_reply=suggested_reply,
        customer_note=customer_note or None,
    )
    session.add(handoff)
    session.flush()
    set_status(session, conversation, WAITING)
    _tell(session, conversation, handoff)
    return handoff


def raise_priority(session: Session, handoff: Handoff, reason: str) -> None:
    """What the customer wrote while waiting presses: higher at once, urgent when the same reason comes again.

    The conversation must be locked by the caller. Nothing happens to a handoff that has ended.
    """
    if handoff.status in ENDED:
        return
    again = reason in PRESSING and reason in handoff.reasons
    changed = _add_reasons(handoff, [reason])
    if _raise_to(handoff, URGENT if again else priority_of(handoff.reasons)) or changed:
        _tell_inbox(session, handoff)


def resume_by_customer(session: Session, conversation: Conversation) -> Handoff | None:
    """The customer, who waits, goes back to the bot. The conversation must be locked.

    Without an open handoff nothing happens. Raises ImpossibleStep when a person has taken the conversation.
    """
    handoff = current_handoff(session, conversation.id)
    if handoff is None:
        return None
    if handoff.status == "claimed":
        raise ImpossibleStep(
            f"{holder(session, handoff)} has taken this conversation: it cannot go back to the assistant now."
        )
    _end(handoff, "returned", "taken back by customer")
    add_message(
        session,
        conversation,
        "system",
        "You are talking to the assistant again. You can ask for a person at any time.",
    )
    set_status(session, conversation, BOT)
    _tell(session, conversation, handoff)
    return handoff


def close_by_customer(session: Session, conversation: Conversation) -> Handoff | None:
    """The customer closes the conversation (locked); an open handoff is resolved with it."""
    handoff = current_handoff(session, conversation.id)
    if handoff is not None:
        _end(handoff, "resolved", "closed by customer")
    set_status(session, conversation, CLOSED)
    if handoff is not None:
        _tell(session, conversation, handoff)
    return handoff


# The steps of agents


def claim(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The agent takes it. One winner: everybody else gets Taken, the winner may claim again."""
    conversation, handoff = _locked(session, handoff_id)
    if handoff.status == "claimed" and handoff.assignee_id == agent.agent_id:
        return handoff
    won = session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.status == "waiting")
        .values(
            status="claimed", assignee_id=agent.agent_id, claimed_at=func.coalesce(Handoff.claimed_at, now())
        )
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        if handoff.status == "claimed":
            raise Taken(holder(session, handoff))
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be claimed any more.")
    session.refresh(handoff)
    add_message(
        session,
        conversation,
        "system",
        f"{agent.name} has joined the conversation and can see what was said so far.",
    )
    set_status(session, conversation, AGENT)
    _tell(session, conversation, handoff)
    return handoff


def assign(session: Session, handoff_id: str, agent: Viewer, agent_id: str) -> Handoff:
    """`agent` gives it to the agent with `agent_id` (which may be themselves: taking over)."""
    conversation, handoff = _locked(session, handoff_id)
    assignee = session.get(Agent, agent_id)
    if assignee is None:
        raise UnknownHandoff("agent")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be assigned any more.")
    if handoff.status == "claimed" and handoff.assignee_id == agent_id:
        return handoff
    before = holder(session, handoff) if handoff.status == "claimed" else None
    handoff.status = "claimed"
    handoff.assignee_id = agent_id
    handoff.claimed_at = handoff.claimed_at or now()
    said = (
        f"{assignee.name} has taken over from {before}."
        if before
        else f"{assignee.name} has joined the conversation."
    )
    add_message(session, conversation, "system", said)
    set_status(session, conversation, AGENT)
    _tell(session, conversation, handoff)
    return handoff


def release(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The holder puts it back into the queue, at the place where its age puts it.

    `claimed_at` stays: the wait that was observed is the one until the first person came.
    """
    conversation, handoff = _locked(session, handoff_id)
    if handoff.status == "waiting":
        return handoff
    _must_hold(session, handoff, agent, "released")
    who = holder(session, handoff)
    handoff.status = "waiting"
    handoff.assignee_id = None
    add_message(
        session,
        conversation,
        "system",
        f"{who} has left the conversation. You are in the queue for another person.",
    )
    set_status(session, conversation, WAITING)
    _tell(session, conversation, handoff)
    return handoff


def return_to_bot(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The holder gives the conversation back to the bot."""
    conversation, handoff = _locked(session, handoff_id)
    if handoff.status == "returned":
        return handoff
    _must_hold(session, handoff, agent, "returned to the bot")
    _end(handoff, "returned", None)
    who = holder(session, handoff)
    said = f"{who} has handed the conversation back to the assistant. You can ask for a person at any time."
    add_message(session, conversation, "system", said)
    set_status(session, conversation, BOT)
    _tell(session, conversation, handoff)
    return handoff


def resolve(session: Session, handoff_id: str, agent: Viewer, outcome: str | None = None) -> Handoff:
    """The holder ends it; the conversation is closed. A second call changes nothing."""
    conversation, handoff = _locked(session, handoff_id)
    if handoff.status == "resolved":
        return handoff
    _must_hold(session, handoff, agent, "resolved")
    _end(handoff, "resolved", outcome)
    who = holder(session, handoff)
    said = f"{who} has closed the conversation as resolved. Write again at any time to open it."
    add_message(session, conversation, "system", said)
    set_status(session, conversation, CLOSED)
    _tell(session, conversation, handoff)
    return handoff


def reply(
    session: Session, handoff_id: str, agent: Viewer, text: str, client_id: str | None = None
) -> Message:
    """The holder writes to the customer. The same `client_id` again gives the same message."""
    conversation, handoff = _locked(session, handoff_id)
    key = f"agent:{client_id}" if client_id else None
    if key:
        query = select(Message).where(Message.conversation_id == conversation.id, Message.client_id == key)
        said = session.scalar(query)
        if said is not None:
            return said
    if handoff.status == "waiting":
        raise ImpossibleStep("nobody has this conversation: claim it first.")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status}: the customer must write again first.")
    if handoff.assignee_id != agent.agent_id:
        raise Taken(holder(session, handoff))
    message = add_message(
        session, conversation, "agent", text, author=agent.name, agent_id=agent.agent_id, client_id=key
    )
    handoff.first_reply_at = handoff.first_reply_at or message.created_at
    publish_message(session, handoff, message)
    return message


def note(session: Session, handoff_id: str, agent: Viewer, text: str) -> Note:
    """What any agent tells the other agents, at any time. The customer never sees it."""
    _conversation, handoff = _locked(session, handoff_id)
    written = Note(
        id=new_id("note"),
        handoff_id=handoff.id,
        agent_id=agent.agent_id,
        author=agent.name,
        text=text,
        created_at=now(),
    )
    session.add(written)
    session.flush()
    payload = {
        "handoff_id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "note": note_json(written),
    }
    publish(session, INBOX, "note", payload)
    return written


def typing(session: Session, handoff_id: str, agent: Viewer, on: bool) -> None:
    """The holder is writing, or has stopped: told to the customer and to the other agents."""
    conversation, handoff = _locked(session, handoff_id)
    if handoff.status != "claimed" or handoff.assignee_id != agent.agent_id:
        raise ImpossibleStep("only who has the conversation can be typing in it: claim it first.")
    publish(session, topic(conversation.id), "typing", {"role": "agent", "name": agent.name, "on": on})
    publish_typing(session, handoff, role="agent", name=agent.name, on=on)


# What everybody sees


def publish_message(session: Session, handoff: Handoff, message: Message) -> None:
    """Tells the agents of a message in a conversation that is handed over (the bot calls it on `relay`)."""
    payload = {
        "handoff_id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "message": agents_json(message),
    }
    publish(session, INBOX, "message", payload)


def publish_typing(session: Session, handoff: Handoff, *, role: str, name: str | None, on: bool) -> None:
    """Tells the agents who is typing; the bot calls it with role `customer`."""
    payload = {
        "handoff_id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "role": role,
        "name": name,
        "on": on,
    }
    publish(session, INBOX, "typing", payload)


def _locked(session: Session, handoff_id: str) -> tuple[Conversation, Handoff]:
    """Conversation and handoff as they stand now, both locked, in this order."""
    conversation_id = session.scalar(select(Handoff.conversation_id).where(Handoff.id == handoff_id))
    conversation = locked(session, conversation_id) if conversation_id else None
    if conversation is None:
        raise UnknownHandoff
    session.refresh(conversation)  # it may have been loaded before the lock was had
    query = (
        select(Handoff)
        .where(Handoff.id == handoff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return conversation, session.scalars(query).one()


def _must_hold(session: Session, handoff: Handoff, agent: Viewer, what: str) -> None:
    """An open handoff is ended or released by who has it, or by an admin."""
    if handoff.status == "waiting":
        raise ImpossibleStep(f"nobody has this conversation, so it cannot be {what}: claim it first.")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be {what}.")
    if handoff.assignee_id != agent.agent_id and not agent.is_admin:
        raise Taken(holder(session, handoff))


def _end(handoff: Handoff, status: str, outcome: str | None) -> None:
    handoff.status = status
    handoff.ended_at = now()
    handoff.outcome = outcome


def _add_reasons(handoff: Handoff, reasons: list[str]) -> bool:
    merged = list(dict.fromkeys([*handoff.reasons, *reasons]))
    changed = merged != handoff.reasons
    handoff.reasons = merged
    return changed


def _raise_to(handoff: Handoff, priority: Priority) -> bool:
    if priority.rank >= handoff.rank:
        return False
    handoff.priority = priority.name
    handoff.rank = priority.rank
    handoff.due_at = min(handoff.due_at, now() + timedelta(minutes=priority.minutes))
    return True


def _tell(session: Session, conversation: Conversation, handoff: Handoff) -> None:
    """Both sides learn where it stands now."""
    session.flush()
    publish(session, topic(conversation.id), "status", status_json(session, conversation, handoff))
    _tell_inbox(session, handoff)


def _tell_inbox(session: Session, handoff: Handoff) -> None:
    session.flush()
    publish(session, INBOX, "handoff", line(session, handoff))
