"""Platt's curve (Platt 1999): right = sigmoid(slope * raw + shift), with what is known of such curves before (a normal prior).

Of a few dozen labelled questions two numbers are learnt badly; those of other help centers are much alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.assess import logit

STEPS, SMALL = 50, 1e-7  # Newton's: how many, until how short
WIDER = 1.5  # of a few curves the spread is known badly, too
LEAST = 0.1  # spread, where some curves agree by chance

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """Mean and standard deviation of the slope and of the shift."""

    slope: float
    shift: float
    slope_spread: float
    shift_spread: float

    @classmethod
    def of(cls, curves: Sequence[tuple[float, float]]) -> Prior:
        """From (slope, shift) of at least two help centers."""
        told = np.array(curves)
        spread = WIDER * np.maximum(told.std(axis=0, ddof=1), LEAST)
        return cls(*map(float, told.mean(axis=0)), *map(float, spread))


FLAT = Prior(0.0, 0.0, 10**0.5, 1e3)  # knows nothing, and holds a steep curve back a little
# of the five public sets, each fitted to half of its questions ten times: `python -m evals.promise` prints them
KNOWN = Prior(1.37, 0.95, 0.38, 0.37)


def curve(raw: Floats, right: NDArray[np.bool_], weights: Floats, prior: Prior) -> tuple[float, float]:
    """(slope, shift) of the likeliest curve; of labels that are all the same a flat one. `raw`: log-odds, shape (n,)."""
    if not np.any(weights[right]) or not np.any(weights[~right]):
        share = (float(weights[right].sum()) + 1) / (float(weights.sum()) + 2)
        return 0.0, logit(share)
    x = np.stack([raw, np.ones_like(raw)], axis=1)
    known = np.array([prior.slope, prior.shift])
    sureness = np.diag([prior.slope_spread**-2, prior.shift_spread**-2])

    def cost(at: Floats) -> float:
        z = x @ at
        lost = weights @ (np.logaddexp(0.0, z) - right * z)
        return float(lost + 0.5 * (at - known) @ sureness @ (at - known))

    found = np.array([1.0, 0.0])
    for _ in range(STEPS):
        forecast = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        gradient = x.T @ (weights * (forecast - right)) + sureness @ (found - known)
        curved = (x * (weights * forecast * (1 - forecast))[:, None]).T @ x + sureness
        step = np.linalg.solve(curved, gradient)
        before = cost(found)
        while cost(found - step) > before and np.abs(step).max() > SMALL:
            step = step / 2  # the cost is convex: some part of the way is downhill
        found = found - step
        if np.abs(step).max() < SMALL:
            break
    return float(found[0]), float(found[1])
