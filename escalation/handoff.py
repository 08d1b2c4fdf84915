"""A handoff: one conversation that needs a person, from the queue to its end.

    waiting ──claim/assign──▶ claimed ──resolve──▶ resolved   (the conversation is closed)
       ▲  │                    │  │
       │  │                    │  └────return────▶ returned   (the bot has it again)
       └──│──release, or left alone
          ├──the customer goes back to the bot───▶ returned
          └──the customer closes the conversation▶ resolved

A conversation that comes back may be handed over again: as a new handoff, which knows the one before it.

Every function works inside one `database.write()` transaction: the step, the message that the customer sees, the events
that everybody sees, the notifications and the entry of the audit log are written together or not at all. A step that was taken
already changes nothing and answers the same. Knows nothing of HTTP requests, of pages, or of why a person is needed.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation import audit, notify, routing
from escalation.changing import (
    HandoffProblem,
    ImpossibleStep,
    Taken,
    UnknownHandoff,
    about,
    both_locked,
    move,
    must_hold,
    publish_message,
    publish_typing,
    say,
    sayings,
    tell_inbox,
)
from escalation.clock import piece
from escalation.replies import keep_held_as_drafts, send_held
from escalation.replies import reply as reply  # a step as the others
from escalation.seen import note_json
from escalation.targets import PRESSING, URGENT, priority_of
from escalation.waits import ENDED, holder
from help_center.articles import Article
from help_center.conversations import (
    AGENT,
    BOT,
    CLOSED,
    WAITING,
    Conversation,
    Handoff,
    Message,
    Note,
    set_status,
    topic,
)
from help_center.conversations import open_handoff as current_handoff
from help_center.database import Database, new_id, now
from help_center.live import INBOX, publish
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Agent, Viewer

DESK = Viewer(name="Parley")  # who acts where nobody does: routing, and the clock


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
        changed |= routing.raise_to(session, handoff, priority_of(handoff.reasons), now())
        if customer_note and customer_note not in (handoff.customer_note or ""):
            handoff.customer_note = "\n\n".join(filter(None, [handoff.customer_note, customer_note]))
            changed = True
        handoff.suggested_reply = handoff.suggested_reply or suggested_reply
        handoff.sources_tried = handoff.sources_tried or sources_tried
        if changed:
            move(session, conversation, handoff, WAITING if handoff.status == "waiting" else AGENT)
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
        due_at=created,
        question=question,
        summary=summary,
        language=language,
        sources_tried=sources_tried,
        suggested_reply=suggested_reply,
        customer_note=customer_note or None,
        previous_id=_ended_before(session, conversation.id),
        last_customer_at=_last_word_of_customer(session, conversation.id),
    )
    session.add(handoff)
    session.flush()
    routing.place_handoff(session, handoff, created)
    move(session, conversation, handoff, WAITING)
    notify.opened(session, handoff)
    return handoff


def raise_priority(session: Session, handoff: Handoff, reason: str) -> None:
    """What the customer wrote while waiting presses: higher at once, urgent when the same reason comes again.

    The conversation must be locked by the caller. Nothing happens to a handoff that has ended.
    """
    if handoff.status in ENDED:
        return
    again = reason in PRESSING and reason in handoff.reasons
    changed = _add_reasons(handoff, [reason])
    changed |= routing.raise_to(session, handoff, URGENT if again else priority_of(handoff.reasons), now())
    if changed:
        tell_inbox(session, handoff)


def customer_wrote(session: Session, handoff: Handoff, message: Message) -> None:
    """A message for whoever has the handoff, or will have it: the agents see it, and a snoozed one wakes up.

    The conversation must be locked by the caller, who has added the message to it.
    """
    handoff.last_customer_at = message.created_at
    publish_message(session, handoff, message)
    if handoff.snoozed_until is not None:
        _wake(session, handoff)


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
    _end(session, handoff, "returned", "taken back by customer")
    say(session, conversation, sayings(conversation, handoff).with_bot)
    move(session, conversation, handoff, BOT)
    return handoff


def close_by_customer(session: Session, conversation: Conversation) -> Handoff | None:
    """The customer closes the conversation (locked); an open handoff is resolved with it."""
    handoff = current_handoff(session, conversation.id)
    if handoff is None:
        set_status(session, conversation, CLOSED)
        return None
    _end(session, handoff, "resolved", "closed by customer")
    move(session, conversation, handoff, CLOSED)
    notify.resolved(session, handoff)
    return handoff


# The steps of agents


def claim(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The agent takes it. One winner: everybody else gets Taken, the winner may claim again."""
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status == "claimed":
        if handoff.assignee_id == agent.agent_id:
            return handoff
        raise Taken(holder(session, handoff))
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be claimed any more.")
    said = sayings(conversation, handoff).joined.format(name=agent.name)
    _give(session, conversation, handoff, agent.agent_id, said)
    audit.record(session, agent, "handoff.claim", handoff.id)
    return handoff


def assign(session: Session, handoff_id: str, agent: Viewer, agent_id: str) -> Handoff:
    """`agent` gives it to the agent with `agent_id`. What a colleague has, only a lead can give away, or take."""
    conversation, handoff = both_locked(session, handoff_id)
    assignee = session.get(Agent, agent_id)
    if assignee is None:
        raise UnknownHandoff("agent")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be assigned any more.")
    if handoff.status == "claimed" and handoff.assignee_id == agent_id:
        return handoff
    if assignee.deactivated_at is not None:
        raise ImpossibleStep(f"{assignee.name} does not work here any more: choose somebody else.")
    words = sayings(conversation, handoff)
    said = words.joined.format(name=assignee.name)
    before = None
    if handoff.status == "claimed":
        must_hold(session, handoff, agent, "assigned")
        before = handoff.assignee_id
        if before == agent.agent_id:
            send_held(session, conversation, handoff)
        keep_held_as_drafts(session, handoff)
        said = words.took_over.format(name=assignee.name, before=holder(session, handoff))
    _give(session, conversation, handoff, agent_id, said)
    audit.record(session, agent, "handoff.assign", handoff.id, to=agent_id, before=before)
    return handoff


def release(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The holder puts it back into the queue, at the place where its age puts it."""
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status == "waiting":
        return handoff
    must_hold(session, handoff, agent, "released")
    before = handoff.assignee_id
    _put_back(session, conversation, handoff)
    audit.record(session, agent, "handoff.release", handoff.id, before=before)
    return handoff


def snooze(session: Session, handoff_id: str, agent: Viewer, until: datetime | None) -> Handoff:
    """Out of sight until then, or until the customer writes; None wakes it. The customer notices nothing of it."""
    conversation, handoff = both_locked(session, handoff_id)
    must_hold(session, handoff, agent, "snoozed")
    if handoff.snoozed_until == until:
        return handoff
    if until is None:
        _wake(session, handoff)
        audit.record(session, agent, "handoff.wake", handoff.id)
        return handoff
    if until <= now():
        raise HandoffProblem(422, "until: this moment has passed; choose one to come.")
    send_held(session, conversation, handoff)
    handoff.snoozed_until = until
    tell_inbox(session, handoff)
    audit.record(session, agent, "handoff.snooze", handoff.id, until=until.isoformat())
    return handoff


def return_to_bot(session: Session, handoff_id: str, agent: Viewer) -> Handoff:
    """The holder gives the conversation back to the bot."""
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status == "returned":
        return handoff
    must_hold(session, handoff, agent, "returned to the bot")
    send_held(session, conversation, handoff)
    _end(session, handoff, "returned", None)
    say(session, conversation, sayings(conversation, handoff).handed_back.format(name=agent.name))
    move(session, conversation, handoff, BOT)
    audit.record(session, agent, "handoff.return", handoff.id)
    return handoff


def resolve(
    session: Session,
    handoff_id: str,
    agent: Viewer,
    outcome: str | None = None,
    article_id: str | None = None,
) -> Handoff:
    """The holder ends it; the conversation is closed. A second call changes nothing.

    `article_id`: the article that answers, where the bot gave another one.
    """
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status == "resolved":
        return handoff
    must_hold(session, handoff, agent, "resolved")
    if article_id is not None and session.get(Article, article_id) is None:
        raise HandoffProblem(422, "article_id: there is no such article; choose one that the search finds.")
    send_held(session, conversation, handoff)
    _end(session, handoff, "resolved", outcome)
    handoff.outcome_article_id = article_id
    say(session, conversation, sayings(conversation, handoff).resolved.format(name=agent.name))
    move(session, conversation, handoff, CLOSED)
    notify.resolved(session, handoff)
    audit.record(session, agent, "handoff.resolve", handoff.id, outcome=outcome, article_id=article_id)
    return handoff


def note(session: Session, handoff_id: str, agent: Viewer, text: str, client_id: str | None = None) -> Note:
    """What any agent tells the other agents, at any time. The customer never sees it.

    The same `client_id` of the same agent again gives the same note.
    """
    _conversation, handoff = both_locked(session, handoff_id)
    if client_id is not None:
        mine = (Note.handoff_id == handoff.id) & (Note.agent_id == agent.agent_id)
        known = session.scalar(select(Note).where(mine, Note.client_id == client_id))
        if known is not None:
            return known
    written = Note(
        id=new_id("note"),
        handoff_id=handoff.id,
        agent_id=agent.agent_id,
        author=agent.name,
        text=text,
        client_id=client_id,
        created_at=now(),
    )
    session.add(written)
    session.flush()
    publish(session, INBOX, "note", about(handoff) | {"note": note_json(written)})
    audit.record(session, agent, "handoff.note", handoff.id, note_id=written.id)
    return written


def typing(session: Session, handoff_id: str, agent: Viewer, on: bool) -> None:
    """The holder is writing, or has stopped: told to the customer and to the other agents."""
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status != "claimed" or handoff.assignee_id != agent.agent_id:
        raise ImpossibleStep("only who has the conversation can be typing in it: claim it first.")
    publish(session, topic(conversation.id), "typing", {"role": "agent", "name": agent.name, "on": on})
    publish_typing(session, handoff, role="agent", name=agent.name, on=on)


# The steps of routing and of the clock


def assign_by_routing(session: Session, handoff_id: str, agent_id: str) -> Handoff | None:
    """Gives a waiting one to an agent; None when it waits no longer, or the agent has left."""
    conversation, handoff = both_locked(session, handoff_id)
    assignee = session.get(Agent, agent_id)
    if handoff.status != "waiting" or assignee is None or assignee.deactivated_at is not None:
        return None
    said = sayings(conversation, handoff).joined.format(name=assignee.name)
    _give(session, conversation, handoff, agent_id, said)
    audit.record(session, DESK, "handoff.assign", handoff.id, to=agent_id, before=None)
    return handoff


def release_idle(session: Session, handoff_id: str) -> Handoff | None:
    """Puts one that was left alone back into the queue; None when nobody has it any more."""
    conversation, handoff = both_locked(session, handoff_id)
    if handoff.status != "claimed":
        return None
    before = handoff.assignee_id
    _put_back(session, conversation, handoff)
    audit.record(session, DESK, "handoff.release", handoff.id, before=before)
    return handoff


def wake_due(database: Database, at: datetime | None = None) -> None:
    """A clock's job: whose time has come is in sight again."""
    at = at or now()
    with database.read() as session:
        due = list(session.scalars(select(Handoff.id).where(Handoff.snoozed_until <= at).limit(100)))
    for handoff_id in due:
        with (
            piece(f"waking {handoff_id}"),
            contextlib.suppress(UnknownHandoff),
            database.write() as session,
        ):
            _conversation, handoff = both_locked(session, handoff_id)
            if handoff.snoozed_until is not None and handoff.snoozed_until <= at:
                _wake(session, handoff)


# What the steps have in common


def _give(
    session: Session, conversation: Conversation, handoff: Handoff, agent_id: str | None, said: str
) -> None:
    """`claimed_at` is when the first person came: the wait that was observed. `assigned_at` is the present one's."""
    handoff.status = "claimed"
    handoff.assignee_id = agent_id
    handoff.assigned_at = now()
    handoff.claimed_at = handoff.claimed_at or handoff.assigned_at
    handoff.snoozed_until = None
    say(session, conversation, said)
    move(session, conversation, handoff, AGENT)


def _put_back(session: Session, conversation: Conversation, handoff: Handoff) -> None:
    send_held(session, conversation, handoff)
    said = sayings(conversation, handoff).left.format(name=holder(session, handoff))
    handoff.status = "waiting"
    handoff.assignee_id = None
    handoff.assigned_at = None
    handoff.snoozed_until = None
    say(session, conversation, said)
    move(session, conversation, handoff, WAITING)


def _end(session: Session, handoff: Handoff, status: str, outcome: str | None) -> None:
    keep_held_as_drafts(session, handoff)
    handoff.status = status
    handoff.ended_at = now()
    handoff.outcome = outcome
    handoff.snoozed_until = None


def _wake(session: Session, handoff: Handoff) -> None:
    handoff.snoozed_until = None
    tell_inbox(session, handoff)


def _add_reasons(handoff: Handoff, reasons: list[str]) -> bool:
    merged = list(dict.fromkeys([*handoff.reasons, *reasons]))
    changed = merged != handoff.reasons
    handoff.reasons = merged
    return changed


def last_end(session: Session, conversation_id: str) -> datetime | None:
    """When a person last was done with this conversation: what was before it is settled."""
    return session.scalar(
        select(func.max(Handoff.ended_at)).where(Handoff.conversation_id == conversation_id)
    )


def _ended_before(session: Session, conversation_id: str) -> str | None:
    """The handoff that this conversation comes back from."""
    ended = select(Handoff.id).where(
        Handoff.conversation_id == conversation_id, Handoff.ended_at.is_not(None)
    )
    return session.scalars(ended.order_by(Handoff.ended_at.desc(), Handoff.id.desc()).limit(1)).first()


def _last_word_of_customer(session: Session, conversation_id: str) -> datetime | None:
    said = select(func.max(Message.created_at)).where(
        Message.conversation_id == conversation_id, Message.role == "customer"
    )
    return session.scalar(said)
