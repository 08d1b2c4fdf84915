"""What a suite gives back. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    `threshold` None: no threshold keeps this promise. `bound`: the upper bound that the fit itself promises there.
    """

    dial: float
    threshold: float | None
    asked: int
    answered: int
    wrong: int
    bound: float | None = None


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


def judged(gates: Mapping[str, float], figures: Mapping[str, float | None]) -> tuple[Gate, ...]:
    """A gate for each figure that is bound: at most, where it counts false alarms, else at least."""
    return tuple(
        Gate(name, figures.get(name) or 0.0, bound, at_least=not name.endswith("false alarms"))
        for name, bound in gates.items()
    )


def hits_and_alarms(
    flags: Mapping[tuple[str, bool, bool], Sequence[bool]], hits: str, alarms: str
) -> tuple[Bars, ...]:
    """Two pictures of the reported half. `flags`: (kind, developed on, was to be raised) -> whether it was, by case."""
    return tuple(
        Bars(
            title,
            tuple(
                Bar(key[0], sum(raised), len(raised))
                for key, raised in sorted(flags.items())
                if key[1:] == (False, meant)
            ),
            lower_is_better=not meant,
        )
        for title, meant in ((hits, True), (alarms, False))
    )
