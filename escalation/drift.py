"""Is the confidence still true? Holds live answers against what people said of them.

Knows agents' outcomes, customers' feedback and the confidence that each turn was given; does not know how a confidence
is made, nor which answerer or model is in use (`Standing` tells it).

Two kinds of word are heard, and neither is a fair sample. A customer whom the answer did not help is likelier to say so
than one whom it helped, and an agent sees an answer only after a person was called. So a word on an answer counts with
the benefit of the doubt: it is taken that wrong answers are spoken of VOICE times as often as right ones. Where the bot
itself handed over because it was not sure, nobody chose to complain: the agent's outcome counts as it is.

The alarm is a bet against the confidence (testing by betting: Shafer 2021; Ville 1939; for forecasts Arnold, Henzi,
Ziegel 2023). If the confidences are true, no bet on "more is wrong than promised" is expected to grow; that it ever
grows a hundredfold has a probability of at most 1 %, however often one looks. Several bets share the stake: how much
more is wrong (ODDS), and since when (a new one begins every START_DAYS).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center.conversations import Feedback, Handoff, Message, TurnRow

RIGHT = {"the bot was right"}
WRONG = {"wrong article", "no article"}  # other outcomes say nothing about the article that the bot had found
CUSTOMER, AGENT, UNSURE = (
    "customer",
    "agent",
    "unsure",
)  # who spoke of it; `unsure`: an agent, of what the bot left
VOICE = {CUSTOMER: 3.0, AGENT: 3.0, UNSURE: 1.0}
SURE_AT_MOST = 0.99  # a confidence of 1 would make one wrong answer infinitely surprising
ODDS = (1.5, 2.0, 3.0, 5.0)  # by which the odds of a wrong answer may have risen
WINDOW_DAYS = 90  # the watch begins anew at the begin of the last window but one: it knows 90 to 180 days
START_DAYS = 30
ALARM = 100.0  # the bet has grown so much: by chance in at most one window of a hundred
FEWEST = 30  # under so many words silence of the alarm means little
BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)  # of confidence, in the picture of live answers
Z90 = 1.6449


@dataclass(frozen=True)
class Standing:
    """The confidence in use. `doubt`: one line, why it may not fit the parts in use any more."""

    fitted_on: str
    is_default: bool
    doubt: str | None


@dataclass(frozen=True)
class Judged:
    """One turn that somebody spoke of. One word a conversation: who is annoyed presses every button."""

    confidence: float
    right: bool
    source: str
    at: datetime

    @property
    def wrong_at_most(self) -> float:
        """The probability of a word "wrong", if the confidence is true and those who suffer speak louder."""
        wrong = 1 - min(self.confidence, SURE_AT_MOST)
        return VOICE[self.source] * wrong / (VOICE[self.source] * wrong + 1 - wrong)


@dataclass(frozen=True)
class Drift:
    """What live answers say of the confidence since a day. `evidence`: what a stake of 1 has grown to at best."""

    since: date
    judged: tuple[Judged, ...]
    evidence: float

    @property
    def alarm(self) -> bool:
        return self.evidence >= ALARM

    @property
    def state(self) -> str:
        """`drifted`, `unheard` (nobody spoke), `few`, or `holds`."""
        if self.alarm:
            return "drifted"
        if not self.judged:
            return "unheard"
        return "few" if len(self.judged) < FEWEST else "holds"

    def told(self) -> str:
        """One sentence, for a log or a terminal."""
        if not self.judged:
            return f"nobody has said since {self.since} whether an answer was right"
        n, right = len(self.judged), sum(one.right for one in self.judged)
        expected = fmean(1 - one.wrong_at_most for one in self.judged)
        few = "; too few to tell more" if self.state == "few" else ""
        return (
            f"of {n} that people spoke of since {self.since} {right / n:.0%} were right; if the confidence is true, "
            f"{expected:.0%} or more (evidence against it {self.evidence:.2g}, alarm at {ALARM:.0f}){few}"
        )

    def json(self) -> dict[str, Any]:
        """What `/api/insights` tells. Shares are null where nothing was counted."""
        return {
            "since": self.since.isoformat(),
            "state": self.state,
            "evidence": round(self.evidence, 3),
            "alarm_at": ALARM,
            **_shares(self.judged),
            "sources": [
                {"source": source, **_shares([one for one in self.judged if one.source == source])}
                for source in VOICE
            ],
            "bands": [
                {"from": low, "to": high, **_shares(inside), **_range(inside)}
                for low, high in pairwise(BANDS)
                if (inside := [one for one in self.judged if _band(one.confidence) == low])
            ],
        }


def watch(session: Session, standing: Standing, today: date) -> Drift:
    """Everything said of turns of the calibration in use, in the window of `today`."""
    since = window(today)
    judged = tuple(spoken_of(session, standing, datetime.combine(since, time.min, UTC)))
    return Drift(since, judged, evidence(judged, since))


def window(today: date) -> date:
    """The day from which on is counted. It does not depend on the data: that keeps the alarm honest."""
    return date.fromordinal((today.toordinal() // WINDOW_DAYS - 1) * WINDOW_DAYS)


def evidence(judged: Sequence[Judged], since: date) -> float:
    """The most that a stake of 1 ever grew to, bet on more wrong than the confidences allow, one word after the other.

    An e-process: a mixture of likelihood ratios, whose maximum reaches x with a probability of at most 1/x while
    P(wrong) is at most `wrong_at_most` for each, given all before.
    """
    starts = range(0, 2 * WINDOW_DAYS, START_DAYS)
    bets = {(start, odds): 1.0 for start in starts for odds in ODDS}
    best = 1.0
    for one in sorted(judged, key=lambda one: one.at):
        wrong = one.wrong_at_most
        day = (one.at.date() - since).days
        for start, odds in bets:
            if day >= start:
                claimed = odds * wrong / (odds * wrong + 1 - wrong)
                bets[start, odds] *= (1 - claimed) / (1 - wrong) if one.right else claimed / wrong
        best = max(best, fmean(bets.values()))
    return best


def spoken_of(session: Session, standing: Standing, since: datetime) -> list[Judged]:
    """The turns that agents or customers judged since then, oldest word first."""
    by_conversation: dict[str, Judged] = {}
    for id, judged in [*_agents_words(session, standing, since), *_customers_words(session, standing, since)]:
        by_conversation.setdefault(id, judged)
    return sorted(by_conversation.values(), key=lambda one: one.at)


def _agents_words(session: Session, standing: Standing, since: datetime) -> Iterable[tuple[str, Judged]]:
    """Of each resolved handoff the last turn before it that carried a confidence."""
    turns = (
        select(
            Handoff.id, Handoff.conversation_id, Handoff.outcome, Handoff.ended_at, TurnRow.confidence, TurnRow.action,
            TurnRow.reasons, TurnRow.handoff_id,
        )
        .join(TurnRow, TurnRow.conversation_id == Handoff.conversation_id)
        .where(
            Handoff.status == "resolved",
            Handoff.outcome.is_not(None),
            Handoff.ended_at >= since,
            TurnRow.created_at <= Handoff.created_at,
            *_of(standing),
        )
        .order_by(Handoff.ended_at, Handoff.id, TurnRow.created_at, TurnRow.id)
    )  # fmt: skip
    last: dict[str, tuple[str, Judged]] = {}
    for id, conversation, outcome, ended, confidence, action, reasons, opened in session.execute(turns):
        word = (outcome or "").strip().casefold()
        if word in RIGHT | WRONG and ended is not None and confidence is not None:
            own = action == "escalate" and opened == id and set(reasons) <= {"low_confidence"}
            last[id] = (conversation, Judged(confidence, word in RIGHT, UNSURE if own else AGENT, ended))
    return last.values()


def _customers_words(session: Session, standing: Standing, since: datetime) -> Iterable[tuple[str, Judged]]:
    """Feedback on answers; on an offer or a question back it would not judge the article."""
    votes = (
        select(TurnRow.conversation_id, TurnRow.confidence, Feedback.helpful, Feedback.created_at)
        .join(Message, Message.id == Feedback.message_id)
        .join(TurnRow, TurnRow.id == Message.turn_id)
        .where(Feedback.created_at >= since, TurnRow.action == "answer", *_of(standing))
        .order_by(Feedback.created_at, Feedback.message_id)
    )
    for conversation, confidence, helpful, at in session.execute(votes):
        if confidence is not None:
            yield conversation, Judged(confidence, helpful, CUSTOMER, at)


def _of(standing: Standing) -> tuple[Any, ...]:
    """Turns that were judged by this calibration: another's confidences would be blamed on it."""
    kept = TurnRow.record["calibration"]
    return (
        TurnRow.confidence.is_not(None),
        kept["fitted_on"].as_string() == standing.fitted_on,
        kept["default"].as_boolean() == standing.is_default,
    )


def _shares(judged: Sequence[Judged]) -> dict[str, Any]:
    if not judged:
        return {"n": 0, "right": None, "promised": None, "expected": None}
    return {
        "n": len(judged),
        "right": round(fmean(one.right for one in judged), 4),
        "promised": round(fmean(one.confidence for one in judged), 4),
        "expected": round(fmean(1 - one.wrong_at_most for one in judged), 4),
    }


def _band(confidence: float) -> float:
    return max(low for low in BANDS[:-1] if confidence >= low)


def _range(judged: Sequence[Judged]) -> dict[str, float]:
    """Wilson's score interval (1927) of the share that was right, two-sided 90 %."""
    n, share = len(judged), fmean(one.right for one in judged)
    middle = share + Z90 * Z90 / (2 * n)
    spread = Z90 * math.sqrt(share * (1 - share) / n + Z90 * Z90 / (4 * n * n))
    whole = 1 + Z90 * Z90 / n
    return {
        "low": round(max(0.0, (middle - spread) / whole), 4),
        "high": round(min(1.0, (middle + spread) / whole), 4),
    }
