"""The moments of a conversation that mattered: where it was asked, where it went wrong, who took over. Pure, over rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.facts import Fact
from escalation.tried import sureness
from help_center.conversations import Message, TurnRow

# facts worth a mark in the transcript: what an agent would have to ask for
MARKED = ("reference", "email", "phone", "address", "account", "error", "version", "tried")
LONGEST = 60


@dataclass(frozen=True)
class Moment:
    """`kind`: question, upset, not_helped, asked_person, unsure, handed_over, agent, fact."""

    message_id: str
    kind: str
    label: str

    def json(self) -> dict[str, Any]:
        return dict(vars(self))


def moments(
    messages: Sequence[Message], turns: Sequence[TurnRow], facts: Sequence[Fact], unhelpful: frozenset[str]
) -> list[Moment]:
    """In the order of the messages. `unhelpful`: answers that the customer marked as of no help."""
    by_id = {turn.id: turn for turn in turns}
    told: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.kind in MARKED:
            told.setdefault(fact.message_id, []).append(fact)
    found: list[Moment] = []
    asked = False
    agent: str | None = None
    for message in messages:
        turn = by_id.get(message.turn_id or "")
        if message.role == "customer":
            agent = None
            if turn is not None:
                found += _said(message, turn, asked)
                asked = asked or _asks(turn)
            found += [
                Moment(message.id, "fact", f"{fact.label}: {_cut(fact.value)}")
                for fact in told.get(message.id, [])
            ]
        elif message.role == "assistant" and turn is not None:
            found += _answered(message, turn, unhelpful)
        elif message.role == "agent" and message.author != agent:
            agent = message.author
            found.append(Moment(message.id, "agent", f"{message.author or 'An agent'} replied"))
    return list(dict.fromkeys(found))


def _said(message: Message, turn: TurnRow, asked: bool) -> Iterator[Moment]:
    signals: dict[str, Any] = (turn.record or {}).get("signals") or {}
    if signals.get("wants_human"):
        yield Moment(message.id, "asked_person", "Asks for a person")
    elif signals.get("failed"):
        yield Moment(message.id, "not_helped", "Says that it did not help")
    if _asks(turn):
        again = int(signals.get("times_asked") or 1)
        label = "Asks" if not asked else f"Asks again, {again} times now" if again > 1 else "Asks more"
        yield Moment(message.id, "question", label)
    if turn.sentiment_label == "negative":
        yield Moment(message.id, "upset", "Upset")


def _asks(turn: TurnRow) -> bool:
    signals: dict[str, Any] = (turn.record or {}).get("signals") or {}
    return (
        turn.action not in {"chat", "relay", None}
        and bool(signals.get("asks"))
        and not signals.get("wants_human")
    )


def _answered(message: Message, turn: TurnRow, unhelpful: frozenset[str]) -> Iterator[Moment]:
    if message.id in unhelpful:
        yield Moment(message.id, "not_helped", "Marked as not helpful")
    if turn.action == "escalate":
        yield Moment(message.id, "handed_over", "Handed over")
    elif turn.action in {"offer", "clarify"}:
        sure = f"{sureness(turn.confidence)} sure" if turn.confidence is not None else "Not sure"
        nothing = "nothing_relevant" in turn.reasons
        yield Moment(message.id, "unsure", "Found nothing near" if nothing else sure)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
