"""What the bot tried in each of its turns, and in plain words why it fell short. Pure, over rows that were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.model_use import NOTHING_HELD
from help_center.conversations import Message, TurnRow
from help_center.database import iso
from help_center.masking import stored_for_agents

NO_TRY = {"chat", "relay"}  # turns in which nothing was looked for
NO_DIAL = 1.0  # a threshold above it is reached by nothing
_topics = {
    "rule:danger": "somebody's life or health may be at stake",
    "rule:legal_threat": "a lawyer, a court or an authority was brought in",
    "rule:payment_fraud": "money was taken that the customer did not spend",
    "rule:data_incident": "somebody may have data that are not theirs",
}


@dataclass(frozen=True)
class Try:
    """`message_id`: what the bot said. `confidence`: None where nothing was judged. `why`: one line.
    `failed`: the customer said, or marked, that it did not help."""

    turn_id: str
    message_id: str | None
    at: str | None
    question: str
    action: str
    confidence: float | None
    why: str
    sources: list[dict[str, Any]]
    failed: bool = False

    def json(self) -> dict[str, Any]:
        return dict(vars(self))


def tries(
    turns: Sequence[TurnRow], messages: Sequence[Message], unhelpful: frozenset[str] = frozenset()
) -> list[Try]:
    """Of these turns, oldest first, those in which something was tried. `unhelpful`: messages marked as of no help."""
    asked: dict[str, list[str]] = {}
    for message in messages:
        if message.role == "customer" and message.turn_id:
            asked.setdefault(message.turn_id, []).append(message.text)
    spoken = [turn for turn in turns if turn.action not in NO_TRY]
    made = []
    for number, turn in enumerate(spoken):
        if "requested_human" in turn.reasons:
            continue
        record = turn.record or {}
        after = (spoken[number + 1].record or {}) if number + 1 < len(spoken) else {}
        why = shortfall(turn.action or "", turn.reasons, turn.confidence, record)
        failed = turn.message_id in unhelpful
        if failed:
            why += "; marked as not helpful"
        elif (after.get("signals") or {}).get("failed"):
            failed = True
            why += "; the customer then said that it did not help"
        question = str(record.get("query") or "\n".join(asked.get(turn.id, [])))
        made.append(
            Try(
                turn.id,
                turn.message_id,
                iso(turn.finished_at or turn.created_at),
                stored_for_agents(question),
                turn.action or "",
                turn.confidence,
                why,
                list(record.get("sources_tried") or []),
                failed,
            )
        )
    return made


def needed(turn: TurnRow) -> float | None:
    """The sureness from which the dial let this turn answer; above 1 nothing is enough. None where nothing was judged."""
    policy = (turn.record or {}).get("policy") or {}
    return policy.get("answer_from") if turn.confidence is not None else None


def shortfall(
    action: str, reasons: Sequence[str], confidence: float | None, record: Mapping[str, Any]
) -> str:
    """Why a turn ended as it did: "31 % sure, the dial asks 74 %; two articles were as close: “A” and “B”"."""
    signals = record.get("signals") or {}
    told: list[str] = []
    if "requested_human" in reasons:
        told.append("a person was asked for")
    told += [words for reason, words in _topics.items() if reason in reasons]
    if "negative_sentiment" in reasons:
        told.append("the customer is upset" + (" and insults" if "abuse" in reasons else ""))
    if "repeated_question" in reasons:
        told.append(f"asked for the {_nth(int(signals.get('times_asked') or 3))} time")
    if "rule:did_not_help" in reasons:
        told.append("the customer says that it did not help, and asks nothing new")
    if told:
        return "; ".join(told)
    if "nothing_relevant" in reasons:
        return "nothing in the help center comes near"
    if "model_unavailable" in reasons:
        held_none = record.get("model") == NOTHING_HELD
        told.append("nothing that the language model said held" if held_none else "the language model failed")
    if signals.get("nothing_shown"):
        told.append("no sentence of the answer held")
    told += _judged(confidence, record)
    rivals = list(signals.get("rivals") or [])
    if len(rivals) >= 2 and action == "clarify":
        told.append(f"two articles were as close: “{rivals[0]}” and “{rivals[1]}”")
    if signals.get("part_sure") and action == "offer":
        told.append("of several questions only a part was known")
    if action == "escalate" and signals.get("earlier_misses"):
        told.append("an earlier try had failed")
    if not told:
        told.append("answered" if action == "answer" else "the turn failed for a technical reason")
    return "; ".join(told)


def _judged(confidence: float | None, record: Mapping[str, Any]) -> list[str]:
    if confidence is None:
        return []
    asked = (record.get("policy") or {}).get("answer_from")
    if asked is None:
        return [f"{sureness(confidence)} sure"]
    dial = "no sureness is enough for the dial" if asked > NO_DIAL else f"the dial asks {sureness(asked)}"
    return [f"{sureness(confidence)} sure, {dial}"]


def sureness(confidence: float) -> str:
    """As people read it. A calibrated probability is never certain."""
    return f"{min(max(round(100 * confidence), 1), 99)} %"


def _nth(number: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(number, f"{number}th")
