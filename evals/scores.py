"""Measures of a forecast: calibration error, AUROC, risk and coverage. Plain arithmetic on lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
BROKEN = 0.05  # so improbable must a wrong share be under the dial for the promise to count as broken


@dataclass(frozen=True)
class Bin:
    """One bar of the reliability diagram: `n` forecasts, their mean, and the share that was right."""

    n: int
    mean: float
    right: float


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Equal-mass bins, at most BINS, the least sure first."""
    if not len(confidence):
        return []
    order = np.argsort(np.asarray(confidence), kind="stable")
    sure, was = np.asarray(confidence, float)[order], np.asarray(right, float)[order]
    parts = np.array_split(np.arange(len(order)), min(BINS, len(order)))
    return [Bin(len(part), float(sure[part].mean()), float(was[part].mean())) for part in parts if len(part)]


def ece(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over equal-mass bins (Nguyen & O'Connor 2015)."""
    bins = reliability(confidence, right)
    total = sum(b.n for b in bins) or 1
    return sum(b.n * abs(b.mean - b.right) for b in bins) / total


def ece_by_chance(confidence: Sequence[float], rounds: int = 200) -> float:
    """The mean ECE of a perfectly calibrated forecast of the same confidences on as many rows."""
    return float(np.mean(eces_by_chance(confidence, rounds)))


def eces_by_chance(confidence: Sequence[float], rounds: int = 200) -> list[float]:
    """The ECE that such a forecast shows in each of `rounds` draws of what came of it; the same draws every time."""
    if not len(confidence):
        return [0.0]
    dice = np.random.default_rng(0)
    sure = np.asarray(confidence, float)
    return [ece(confidence, (dice.random(len(sure)) < sure).tolist()) for _ in range(rounds)]


def interval(hits: int, n: int) -> tuple[float, float]:
    """Where a share of `hits` in `n` may lie: Wilson's score interval (1927), two-sided 90 %. (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    found = binomtest(hits, n).proportion_ci(0.9, method="wilson")
    return float(found.low), float(found.high)


def count_bound(wrong: int, answered: int) -> float:
    """What a share of wrong answers is at most by this count alone: the upper end of Wilson's score interval, one-sided
    90 %; 1 where n is 0. Not what the dial goes by: that is a fit's own upper bound (`bot.assess.Point.bound`)."""
    if answered == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(wrong, answered).proportion_ci(0.8, method="wilson").high)


def by_chance(wrong: int, answered: int, dial: float) -> float:
    """The probability of so many wrong answers or more when the true share is the dial (one-sided binomial)."""
    if answered == 0:
        return 1.0
    from scipy.stats import binom

    return float(binom.sf(wrong - 1, answered, dial))


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Area under the ROC curve; None where one class is missing."""
    y, s = np.asarray(positive, bool), np.asarray(scores, float)
    if y.all() or not y.any():
        return None
    from scipy.stats import rankdata

    ranks = rankdata(s)
    return float((ranks[y].sum() - y.sum() * (y.sum() + 1) / 2) / (y.sum() * (~y).sum()))


def risk_coverage(
    confidence: Sequence[float], right: Sequence[bool], rows: int = 40
) -> list[tuple[float, int, int]]:
    """(threshold, answered, wrong) at `rows` thresholds over the forecasts, the highest first."""
    order = np.argsort(-np.asarray(confidence, float), kind="stable")
    sure, wrong = np.asarray(confidence, float)[order], np.cumsum(~np.asarray(right, bool)[order])
    n = len(sure)
    at = sorted({max(1, round(n * k / rows)) for k in range(1, rows + 1)}) if n else []
    return [(float(sure[k - 1]), k, int(wrong[k - 1])) for k in at]
