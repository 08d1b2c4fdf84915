"""What a handoff opens with, out of the conversation so far: question, summary, sources tried, a reply to start from. Reads
rows, and changes nothing; what a language model adds comes later (`bot.retell`). Of a long conversation its end is read, as
much as MOST_MESSAGES and MOST_CHARACTERS say; never inside of a write, which everybody else would wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.details import only_details
from bot.suggested_reply import greeted, with_sources
from bot.summary import Case, extract
from bot.turn import Outcome
from bot.understand import Said, beside_the_wish, matters
from bot.wishes import wants_human
from escalation.facts import facts_of
from escalation.tried import tries
from help_center.conversations import (
    Conversation,
    Feedback,
    Message,
    TurnRow,
    last_messages,
    last_position,
)
from help_center.masking import NOT_FOR_AGENTS, hide, stored_for_agents
from help_center.people import Customer

MOST_MESSAGES = 50  # the last ones of a conversation, of everybody in it
MOST_CHARACTERS = 60_000  # of these messages together, from the last one back; that one counts in any case
MOST_TURNS = 50  # the last ones
LONGEST_QUESTION = 600
NOTHING_ASKED = "The customer asked for a person before asking anything."
FILES_SENT = "The customer sent {names} and asked for a person."


@dataclass(frozen=True)
class Brief:
    """`until`: the position of the last message that it knows of."""

    question: str
    summary: str
    sources_tried: list[dict[str, Any]]
    suggested_reply: str
    until: int


def brief_of(
    session: Session, conversation: Conversation, turn: TurnRow, outcome: Outcome, note: str | None = None
) -> Brief:
    """For the handoff that `turn` opens with this outcome. A wish for a person is about what was asked before it: that is the
    question then, and what was tried for it. `note`: what the customer wrote at the button."""
    until = last_position(
        session, conversation.id
    )  # first of all: what is added while this reads is not in it
    rows = turns_of(session, conversation.id)
    present = TurnRow(
        id=turn.id, action=outcome.action, reasons=list(outcome.reasons), confidence=outcome.confidence, created_at=turn.created_at,
        sentiment_label=outcome.sentiment.label, record=outcome.record | {"sources_tried": outcome.sources_tried, "suggested_reply": outcome.suggested_reply},
    )  # fmt: skip
    case = case_of(session, conversation, [*rows, present], tuple(outcome.reasons), outcome.question, note)
    tried = {row.id: row.record or {} for row in [*rows, present]}
    sources, reply = outcome.sources_tried, ""
    wished = "requested_human" in outcome.reasons
    last = next((said.text for said in reversed(case.said) if said.role == "customer"), "")
    beside = (
        wished and wants_human(last) and bool(beside_the_wish(last))
    )  # the message asks for a person, and says what for
    if beside:
        reply = outcome.suggested_reply
    elif wished:
        sources = tried[case.tries[-1].turn_id].get("sources_tried", []) if case.tries else []
    for one in (
        () if beside else reversed(case.tries)
    ):  # the last that came near, and that the customer has not had in vain
        if (
            not one.failed
            and not only_details(one.question)
            and (reply := tried[one.turn_id].get("suggested_reply", ""))
        ):
            sources = with_sources(sources, tried[one.turn_id].get("sources_tried", []), reply)
            break
    return Brief(
        case.question[:LONGEST_QUESTION]
        or (last[:LONGEST_QUESTION] if len(last.split()) > 4 else _nothing_asked(session, conversation)),
        extract(case),
        sources,
        greeted(reply, case.name, outcome.language, conversation.locale),
        until,
    )


def case_of(
    session: Session,
    conversation: Conversation,
    turns: list[TurnRow],
    reasons: tuple[str, ...],
    question: str,
    note: str | None = None,
) -> Case:
    """`question`: what the last turn was about; where it was the wish for a person, what was asked before counts."""
    messages = _read(session, conversation.id)
    seen = [
        (message, stored_for_agents(message.text) if message.role == "customer" else message.text)
        for message in messages
        if message.role != "system" and message.text
    ]
    said = tuple(Said(message.role, text) for message, text in seen)
    everything = matters(said)
    asked = [text for text in everything if not only_details(text)] or everything[:1]
    if "requested_human" in reasons:
        question = asked[-1] if asked else note or ""
    elif "rule:did_not_help" in reasons or len(question.split()) < 3 or only_details(question):
        question = asked[-1] if asked and len(asked[-1].split()) >= 3 else question
    before = [text for text in everything if len(text.split()) >= 3]
    first = before[0] if before and question.strip() not in before[0] else ""
    last = everything[-1] if everything else ""
    added = last if question in everything and last not in (question, first) and last not in asked else ""
    unhelpful = frozenset(
        session.scalars(
            select(Feedback.message_id)
            .join(Message, Message.id == Feedback.message_id)
            .where(Message.conversation_id == conversation.id, Feedback.helpful.is_(False))
        )
    )
    written = [(message.id, text) for message, text in seen if message.role == "customer"]
    facts = facts_of([*written, ("", hide(note, NOT_FOR_AGENTS))] if note else written)
    customer = session.get_one(Customer, conversation.customer_id)
    given = next((fact.value for fact in facts if fact.kind == "name" and fact.label == "Name"), None)
    angry = {turn.id for turn in turns if turn.sentiment_label == "negative"}
    upset = [text for message, text in seen if message.role == "customer" and message.turn_id in angry]
    return Case(
        hide(question, NOT_FOR_AGENTS),
        said,
        tuple(facts),
        tuple(tries(turns, messages, unhelpful)),
        reasons,
        upset[-1] if upset else None,
        customer.name or given,
        first,
        added,
    )


def _nothing_asked(session: Session, conversation: Conversation) -> str:
    names = [
        file["name"]
        for message in _read(session, conversation.id)
        if message.role == "customer"
        for file in message.files
    ]
    return FILES_SENT.format(names=", ".join(names)) if names else NOTHING_ASKED


def turns_of(session: Session, conversation_id: str) -> list[TurnRow]:
    """The last finished turns, oldest first."""
    done = (TurnRow.conversation_id == conversation_id) & (TurnRow.status == "done")
    newest = select(TurnRow).where(done).order_by(TurnRow.created_at.desc(), TurnRow.id.desc())
    return list(session.scalars(newest.limit(MOST_TURNS)))[::-1]


def _read(session: Session, conversation_id: str) -> list[Message]:
    """The last messages, as far as there is room."""
    kept: list[Message] = []
    room = MOST_CHARACTERS
    for message in reversed(last_messages(session, conversation_id, MOST_MESSAGES)):
        room -= len(message.text)
        if room < 0 and kept:
            break
        kept.append(message)
    return kept[::-1]
