"""What every change of a handoff begins and ends with: both rows locked, both sides told. And why a change is refused.

The conversation's row is locked first, the handoff's second. Knows no steps: `handoff` has them, and `replies`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.sayings import Sayings, in_language
from escalation.seen import agents_json, line
from escalation.waits import ENDED, holder, status_json
from help_center.conversations import Conversation, Handoff, Message, add_message, locked, set_status, topic
from help_center.live import INBOX, publish
from help_center.people import Viewer
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


def both_locked(session: Session, handoff_id: str) -> tuple[Conversation, Handoff]:
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


def must_hold(session: Session, handoff: Handoff, agent: Viewer, what: str, *, lead_may: bool = True) -> None:
    """An open handoff is changed by who has it, or by a lead. `what`: "released"."""
    if handoff.status == "waiting":
        raise ImpossibleStep(f"nobody has this conversation, so it cannot be {what}: claim it first.")
    if handoff.status in ENDED:
        raise ImpossibleStep(f"this handoff is {handoff.status} already: it cannot be {what}.")
    if handoff.assignee_id != agent.agent_id and not (lead_may and agent.is_lead):
        raise Taken(holder(session, handoff))


def sayings(conversation: Conversation, handoff: Handoff) -> Sayings:
    """In the language that the customer writes, as far as it is known; else in their browser's."""
    return in_language(handoff.language, conversation.locale)


def say(session: Session, conversation: Conversation, text: str) -> None:
    """The customer is told of a step in the conversation itself; agents read it there when the line of the queue changes."""
    add_message(session, conversation, "system", text)


def move(session: Session, conversation: Conversation, handoff: Handoff, status: str) -> None:
    """The conversation follows its handoff, and both sides learn where it stands now: one event for each."""
    set_status(session, conversation, status, tell=False)
    session.flush()
    publish(session, topic(conversation.id), "status", status_json(session, conversation, handoff))
    tell_inbox(session, handoff)


def tell_inbox(session: Session, handoff: Handoff) -> None:
    """The agents see the line of the queue as it is now."""
    session.flush()
    publish(session, INBOX, "handoff", line(session, handoff))


def publish_message(session: Session, handoff: Handoff, message: Message) -> None:
    """The agents see a message of a conversation that is handed over."""
    publish(session, INBOX, "message", about(handoff) | {"message": agents_json(message)})


def publish_typing(session: Session, handoff: Handoff, *, role: str, name: str | None, on: bool) -> None:
    """The agents see who is typing; the bot calls it with role `customer`."""
    publish(session, INBOX, "typing", about(handoff) | {"role": role, "name": name, "on": on})


def about(handoff: Handoff) -> dict[str, Any]:
    """What the payload of every event about something in a handoff begins with."""
    return {"handoff_id": handoff.id, "conversation_id": handoff.conversation_id}
