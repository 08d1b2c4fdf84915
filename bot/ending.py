"""How a turn ends, in one transaction: its message, its handoff, its events and what is kept of it. Who ends it: `turns.py`, and
`receive.py` for the button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import words
from bot.brief import Brief, brief_of
from bot.languages import spoken
from bot.moods import Sentiment
from bot.turn import Outcome
from escalation import handoff as handoffs
from escalation.hours import is_open, opens_at
from escalation.notify import can_email
from escalation.waits import office_hours
from help_center.conversations import (
    Conversation,
    Handoff,
    Message,
    TurnRow,
    add_message,
    last_position,
    message_json,
    open_handoff,
)
from help_center.database import Database, new_id, now

BRIEFS = 3  # tries to sum up a conversation in which something is added meanwhile; then the last one counts


def ended(
    database: Database,
    conversation_id: str,
    outcome: Outcome,
    write: Callable[[Brief | None, bool], dict[str, Any] | None],
    *,
    note: str | None = None,
    turn_id: str | None = None,
) -> dict[str, Any]:
    """The Turn that `write(brief, last)` gives. What the handoff of this outcome opens with is read before the write that opens
    it, and again when the write finds that it is `outdated` and not the `last` one: then it gives None."""
    for left in reversed(range(BRIEFS)):
        brief = _briefed(database, conversation_id, outcome, note, turn_id)
        result = write(brief, not left)
        if result is not None:
            return result
    raise AssertionError("the last try always writes")


def _briefed(
    database: Database, conversation_id: str, outcome: Outcome, note: str | None, turn_id: str | None
) -> Brief | None:
    """What the handoff of this outcome opens with; None where there is none."""
    if outcome.action != "escalate":
        return None
    with database.read() as session:
        conversation = session.get(Conversation, conversation_id)
        turn = session.get(TurnRow, turn_id) if turn_id else TurnRow(id=new_id("turn"), created_at=now())
        if conversation is None or turn is None:
            return None
        if turn_id is None and open_handoff(session, conversation_id) is not None:  # it has its brief
            return Brief("", "", [], "", last_position(session, conversation_id))
        return brief_of(session, conversation, turn, outcome, note)


def outdated(session: Session, conversation: Conversation, brief: Brief | None) -> bool:
    """Whether something was said that the brief does not know of. The conversation must be `locked`."""
    return brief is None or brief.until != last_position(session, conversation.id)


def save(
    session: Session,
    conversation: Conversation,
    turn: TurnRow,
    outcome: Outcome,
    note: str | None,
    brief: Brief | None,
) -> dict[str, Any]:
    """The end of a turn, in one transaction: message, handoff, events and the Turn itself."""
    if outcome.action == "escalate":
        assert brief is not None
        handoff = handoffs.open_handoff(
            session, conversation, reasons=list(outcome.reasons), question=brief.question,
            summary=brief.summary, sources_tried=brief.sources_tried,
            suggested_reply=brief.suggested_reply, language=outcome.language or conversation.locale,
            customer_note=note,
        )  # fmt: skip
        turn.handoff_id = handoff.id
        outcome = _told_when_closed(session, conversation, handoff, outcome)
    message = add_message(
        session,
        conversation,
        "assistant",
        outcome.text,
        author="Assistant",
        turn_id=turn.id,
        sources=outcome.sources,
        choices=outcome.choices,
    )
    turn.message_id = message.id
    record = outcome.record | {
        "sources_tried": outcome.sources_tried, "suggested_reply": outcome.suggested_reply,
        "sentiment": outcome.sentiment.label,
    }  # fmt: skip
    return _done(
        turn, conversation, outcome.action, outcome.confidence, outcome.sentiment, outcome.reasons,
        message_json(message), record, outcome.timings_ms,
    )  # fmt: skip


def _told_when_closed(
    session: Session, conversation: Conversation, handoff: Handoff, outcome: Outcome
) -> Outcome:
    """Who is handed over when nobody is there learns when somebody is, and where the answer can go until then."""
    at, hours = now(), office_hours(session, handoff.team_id)
    if handoff.status != "waiting" or is_open(hours, at):
        return outcome
    zone, opens = ZoneInfo(hours.timezone), opens_at(hours, at)
    said = words_for(session, conversation).closed(opens.astimezone(zone) if opens else None, at, can_email())
    return replace(outcome, text=f"{outcome.text} {said}")


def relay(
    session: Session, conversation: Conversation, turn: TurnRow, sentiment: Sentiment
) -> dict[str, Any]:
    """The end of a turn that the bot leaves to a person."""
    handoff = open_handoff(session, conversation.id)
    turn.handoff_id = handoff.id if handoff else None
    if handoff is not None and sentiment.label == "negative":
        handoffs.raise_priority(session, handoff, "negative_sentiment")
    return _done(turn, conversation, "relay", None, sentiment, (), None, None, {"total": 0.0})


def _done(
    turn: TurnRow,
    conversation: Conversation,
    action: str,
    confidence: float | None,
    sentiment: Sentiment,
    reasons: tuple[str, ...],
    message: dict[str, Any] | None,
    record: dict[str, Any] | None,
    timings: dict[str, float],
) -> dict[str, Any]:
    turn.status = "done"
    turn.lease_until = None
    turn.finished_at = now()
    turn.action, turn.confidence, turn.reasons = action, confidence, list(reasons)
    turn.sentiment_label, turn.sentiment_score = sentiment.label, sentiment.score
    turn.record = record
    turn.result = {
        "conversation": {"id": conversation.id, "status": conversation.status},
        "message": message,
        "action": action,
        "confidence": confidence,
        "sentiment": sentiment.json(),
        "reasons": list(reasons),
        "handoff_id": turn.handoff_id,
        "timings_ms": timings,
    }
    return turn.result


def words_for(session: Session, conversation: Conversation) -> words.Words:
    """In the language that the customer wrote in last, as far as it can be told; else in their browser's."""
    text = session.scalars(
        select(Message.text)
        .where(Message.conversation_id == conversation.id, Message.role == "customer", Message.text != "")
        .order_by(Message.position.desc())
        .limit(1)
    ).first()
    return words.in_language(spoken(text) if text else None, conversation.locale)
