"""What a decision is made of: the signals of one turn, the owner's policy, and the decision itself.

Pure data. The bot fills the form in; `rules` judges it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["answer", "clarify", "offer", "escalate", "chat", "relay"]


@dataclass(frozen=True)
class Signals:
    """One turn, as far as it has come. Probabilities are between 0 and 1."""

    wants_human: bool = False
    small_talk: str | None = None  # greeting, thanks or farewell, and nothing else
    topics: tuple[str, ...] = ()  # "abuse", "danger" and others that a person must hear of: `bot.topics`
    sentiment_label: str = "neutral"
    sentiment_score: float = 0.0
    strain: float = 0.0  # how much the customer's last messages weigh together: `escalation.trend`
    in_domain: float = 1.0  # probability that the question is one for this help center at all
    confidence: float | None = None  # calibrated probability that the answer is right
    rivals: tuple[
        str, ...
    ] = ()  # titles of articles that stand as close, where one question back would decide
    part_known: bool = False  # something of it is known well enough to be offered
    part_sure: bool = False  # of several questions in one breath, one is sure enough and another is not
    chosen: bool = False  # the customer chose the article that comes first
    times_asked: int = 1  # how often this question was asked in this conversation, this time included
    earlier_misses: int = (
        0  # turns without an answer since the last answer or person, an answer that failed among them
    )
    failed: bool = False  # says that the answer before it did not help
    asks: bool = True  # False where it says that and nothing else
    clarified: bool = (
        False  # the turn before asked a question back, or an earlier one asked this very question
    )
    model_failed: bool = False
    nothing_shown: bool = False  # an answer was tried, and no sentence of it held


@dataclass(frozen=True)
class Policy:
    """What the owner's dial comes to: see `bot.assess`."""

    answer_from: float  # confidence from which an answer is given
    offer_from: float  # confidence from which a known part is offered
    in_domain_from: float  # below: clearly not for this help center


@dataclass(frozen=True)
class Decision:
    action: Action
    reasons: tuple[str, ...] = ()

    @property
    def may_answer(self) -> bool:
        return self.action == "answer"
