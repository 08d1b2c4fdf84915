"""How sure are we? Turns the evidence of a search into calibrated probabilities, and the owner's dial into a policy.

Knows fitted numbers, not how they were fitted (`evals/calibration.py`) and not what is done with them (rules).
Two logistic regressions over `retrieval.evidence` and, in the default, over what the reader says of the passage found first
(`bot.reading`), in an owner's own fit over what became of labelled questions like this one (`bot.precedents`): that the help center answers the question at all, and, if so, that
the article search puts first is the one. Their product is brought to a true probability by Platt scaling (Platt 1999);
the threshold is read off the risk-coverage table. Platt's curve and the table come from questions outside the fitting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from importlib.resources import files
from typing import Any

from bot import precedents, reading
from bot.precedents import Precedents
from escalation.signals import Policy
from retrieval.evidence import NAMES
from retrieval.logistic import Logistic, sigmoid
from retrieval.relevance import shipped
from retrieval.search import Found

NEVER = 1.01  # a threshold that nothing reaches
KEPT_AS = "calibration"  # the installation fact in which an owner's own fit is kept
LIKELIER = 0.5  # right than wrong
TOO_FEW_WORDS = 7  # a question with more telling words is not asked back about
CLOSE = 0.02  # fused score within which two articles are rivals: one in six of our own short questions


@dataclass(frozen=True)
class Point:
    """One row of the risk-coverage table: of `asked` questions, `answered` reach `threshold`, `wrong` of them wrong.

    `bound`: the upper end, one-sided 80 %, of the wrong share among all such questions (`evals.calibration.bounds`).
    """

    threshold: float
    answered: int
    wrong: int
    asked: int
    bound: float


@dataclass(frozen=True)
class Calibration:
    """Everything that was fitted, and on what. `more`: the signals behind `retrieval.evidence.NAMES`. `questions`: a digest of those of an owner's own fit, and `precedents` what is
    kept of them. `demo`: fitted on the help center that ships, for as long as nothing else is there."""

    answerable: Logistic
    first: Logistic
    slope: float
    shift: float
    table: tuple[Point, ...]
    fitted_on: str
    fingerprint: str
    is_default: bool
    questions: str = ""
    precedents: Precedents | None = None
    demo: bool = False
    more: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, told: dict[str, Any], *, is_default: bool, kept: dict[str, Any] | None = None
    ) -> Calibration:
        """`kept`: the precedents that are kept, of this fit or of another, which are not heard. Raises ValueError for numbers that
        belong to other signals than ours."""
        more = tuple(told["signals"])[len(NAMES) :]
        if tuple(told["signals"]) != NAMES + more or more not in ((), reading.SIGNALS, precedents.SIGNALS):
            raise ValueError("the calibration was fitted on other signals: run `parley calibrate` again")
        heard = Precedents.read(kept) if kept and told.get("precedents") else None
        if heard is not None and heard.digest != told["precedents"]:
            heard = None
        return cls(
            Logistic.read(told["answerable"]),
            Logistic.read(told["first"]),
            told["slope"],
            told["shift"],
            tuple(Point(*row) for row in told["table"]),
            told["fitted_on"],
            told.get("fingerprint", ""),
            is_default,
            told.get("questions", ""),
            heard,
            told.get("demo", False),
            more,
        )

    def json(self) -> dict[str, Any]:
        return {
            "signals": [*NAMES, *self.more],
            "fitted_on": self.fitted_on,
            "fingerprint": self.fingerprint,
            "questions": self.questions,
            "demo": self.demo,
            "precedents": self.precedents.digest if self.precedents else None,
            "answerable": self.answerable.json(),
            "first": self.first.json(),
            "slope": self.slope,
            "shift": self.shift,
            "table": [list(astuple(point)) for point in self.table],
        }

    def confidence(self, found: Found) -> float:
        """The probability that the article search puts first answers the question."""
        read = () if not self.reads or found.answered is None else (found.answered,)
        return self.of_vector([*found.evidence.vector(), *read, *self.heard(found)])

    @property
    def reads(self) -> bool:
        """Whether it wants to know what the reader says."""
        return self.more == reading.SIGNALS

    def heard(self, found: Found) -> tuple[float, ...]:
        """What the precedents say of it, as `precedents.SIGNALS`; empty where they say nothing."""
        if self.precedents is None or found.vector is None or not found.hits:
            return ()
        first = found.hits[0]
        return self.precedents.signals(found.vector, found.space, first.article_id, first.passage.id)

    def of_vector(self, values: Sequence[float]) -> float:
        """The same of an evidence's signals, in the order of NAMES, and of `more`, or without these."""
        return sigmoid(self.slope * self.raw(values) + self.shift)

    def raw(self, values: Sequence[float]) -> float:
        """The log-odds of both regressions' product, as they were fitted: not yet calibrated."""
        return logit(_probability(self.answerable, values) * _probability(self.first, values))

    def policy(self, max_wrong: float) -> Policy:
        """The policy that keeps the share of wrong answers at most `max_wrong`."""
        answer_from = self.threshold(max_wrong)
        return Policy(answer_from, min(0.35, answer_from), shipped().floor)

    def threshold(self, max_wrong: float) -> float:
        """The confidence from which on a question is answered.

        The lowest threshold whose bound is at or under the dial; where there is none, nothing is answered on the
        strength of the confidence alone. Nor is, whatever the mean of all answers is, a single one that is likelier wrong
        than right, unless the dial allows more than half: a few easy questions promise anything.
        """
        least = min(LIKELIER, 1 - max_wrong)
        kept = [
            point.threshold
            for point in self.table
            if point.answered and point.bound <= max_wrong and point.threshold >= least
        ]
        return min(kept, default=NEVER)

    def bound(self, max_wrong: float) -> float | None:
        """The upper bound at that threshold: at most this share of the answers is wrong. None where nothing is answered."""
        threshold = self.threshold(max_wrong)
        return next((point.bound for point in self.table if point.threshold == threshold), None)


def _probability(fitted: Logistic, values: Sequence[float]) -> float:
    """Signals that are missing at the end count as their mean: they tell nothing."""
    return fitted.probability([*values, *fitted.mean[len(values) :]])


def logit(probability: float) -> float:
    """Log-odds, kept away from infinity."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def default_calibration() -> Calibration:
    """What ships: fitted across public question sets, good until the owner calibrates."""
    told = json.loads(files("bot").joinpath("fitted/confidence.json").read_text("utf-8"))
    return Calibration.read(told, is_default=True)


def rivals(scores: Sequence[tuple[str, float]], telling_words: int) -> tuple[str, ...]:
    """The titles of two articles that stand too close to tell apart, for a question that says little.

    `scores`: (title, fused score) of the articles found, best first.
    """
    if len(scores) < 2 or telling_words > TOO_FEW_WORDS or scores[0][1] - scores[1][1] > CLOSE:
        return ()
    if scores[0][0].strip().lower() == scores[1][0].strip().lower():
        return ()
    return scores[0][0], scores[1][0]
