"""What a suite gives back. Pure data."""

from __future__ import annotations

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
class Result:
    """`figures`: name -> number. `document`: what `--json` prints. `misses`: one line each, for whoever mends them."""

    suite: str
    figures: dict[str, float | None]
    document: dict[str, Any]
    gates: tuple[Gate, ...] = ()
    misses: tuple[str, ...] = ()
    bins: tuple[tuple[int, float, float], ...] = field(
        default=()
    )  # reliability: (n, mean confidence, share right)
    curve: tuple[tuple[float, float], ...] = field(default=())  # risk-coverage: (coverage, wrong share)
