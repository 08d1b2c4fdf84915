"""What a suite gives back. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Gate:
    """A figure that must not fall short. `at_least` False: that must not exceed."""

    name: str
    value: float
    bound: float
    at_least: bool = True

    @property
    def held(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True)
class Bar:
    """One bar of a picture: `hits` of `n` cases."""

    name: str
    hits: int
    n: int


@dataclass(frozen=True)
class Bars:
    """A picture of shares, one bar per kind of case, under one title. `lower_is_better`: of what must not happen."""

    title: str
    rows: tuple[Bar, ...]
    lower_is_better: bool = False


@dataclass(frozen=True)
class Cost:
    """What one dial costs: of `asked` questions `answered` reach `threshold`, `wrong` of them wrongly.

    `threshold` None: no threshold keeps this promise.
    """

    dial: float
    threshold: float | None
    asked: int
    answered: int
    wrong: int


@dataclass(frozen=True)
class Forecast:
    """Confidences with what came of them: what the reliability diagram and the risk-coverage curve are drawn from.

    `confidence` and `right`: one entry per judged question. `given`: what was answered at the dial in force, as the
    bot acted. `costs`: the same for other dials, by the confidence alone.
    """

    confidence: tuple[float, ...]
    right: tuple[bool, ...]
    given: Cost
    costs: tuple[Cost, ...] = ()
    cross_validated: bool = False  # each confidence by a fit that has not seen its question


@dataclass(frozen=True)
class Result:
    """`figures`: name -> number. `document`: what `--json` prints. `misses`: one line each, for whoever mends them.

    For the report: `facts`, what was judged and with what; `meanings`, a figure's name -> what it says, where the
    report does not know it; `bars` and `forecast`, what is drawn.
    """

    suite: str
    figures: dict[str, float | None]
    document: dict[str, Any]
    gates: tuple[Gate, ...] = ()
    misses: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    bars: tuple[Bars, ...] = ()
    forecast: Forecast | None = None
