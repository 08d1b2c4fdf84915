"""A fitted logistic regression: its numbers, and how they are used. Fitting is the evals' business."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


@dataclass(frozen=True)
class Logistic:
    """p = 1 / (1 + exp(-(bias + weights . (x - mean) / scale))), all vectors of one length."""

    weights: tuple[float, ...]
    bias: float
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def probability(self, values: Sequence[float]) -> float:
        rows = zip(self.weights, values, self.mean, self.scale, strict=True)
        logit = self.bias + sum(w * (x - m) / s for w, x, m, s in rows)
        return sigmoid(logit)

    @classmethod
    def read(cls, told: dict[str, Any]) -> Logistic:
        return cls(tuple(told["weights"]), told["bias"], tuple(told["mean"]), tuple(told["scale"]))

    def json(self) -> dict[str, Any]:
        return asdict(self)
