"""Platt's curve with what is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from evals.platt import FLAT, KNOWN, LEAST, WIDER, Prior, curve


def drawn(n: int, slope: float, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    raw = dice.normal(0, 2, n)
    return raw, dice.random(n) < 1 / (1 + np.exp(-(slope * raw + shift)))


def test_with_many_labels_it_is_the_curve_they_came_of_whatever_was_known() -> None:
    raw, right = drawn(20_000, 0.7, -1.0)
    for prior in (FLAT, KNOWN):
        assert curve(raw, right, np.ones(len(raw)), prior) == pytest.approx((0.7, -1.0), abs=0.05)


def test_knowing_nothing_it_is_what_scikit_learn_finds() -> None:
    raw, right = drawn(60, 1.2, 0.4)
    weights = np.random.default_rng(1).random(60)
    model = LogisticRegression(C=FLAT.slope_spread**2, tol=1e-8, max_iter=1000).fit(
        raw[:, None], right, weights
    )
    assert curve(raw, right, weights, FLAT) == pytest.approx(
        (model.coef_[0][0], model.intercept_[0]), abs=1e-3
    )


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.2, 1.4])
@pytest.mark.parametrize("prior", [FLAT, KNOWN])
def test_signals_that_say_little_give_a_flat_curve_and_not_a_steep_one(slope: float, prior: Prior) -> None:
    """Newton's steps alone jump to and fro there."""
    dice = np.random.default_rng(5)
    for _ in range(20):
        raw = np.clip(dice.normal(0, 8, 100), -9.21, 9.21)
        right = dice.random(100) < 1 / (1 + np.exp(-slope * raw))
        weights = dice.integers(0, 3, 100).astype(float)

        def cost(
            at: np.ndarray, raw: np.ndarray = raw, right: np.ndarray = right, weights: np.ndarray = weights
        ) -> float:
            z = at[0] * raw + at[1]
            far = ((at[0] - prior.slope) / prior.slope_spread) ** 2 + (
                (at[1] - prior.shift) / prior.shift_spread
            ) ** 2
            return float(weights @ (np.logaddexp(0, z) - right * z) + far / 2)

        best = minimize(cost, np.zeros(2), method="BFGS").x
        assert curve(raw, right, weights, prior) == pytest.approx(tuple(best), abs=2e-3)


def test_few_labels_are_held_by_what_is_known() -> None:
    truth = np.array([1.4, 0.9])
    off: dict[Prior, list[float]] = {FLAT: [], KNOWN: []}
    for seed in range(30):
        raw, right = drawn(40, truth[0], truth[1], seed)
        for prior, told in off.items():
            told.append(np.abs(np.array(curve(raw, right, np.ones(40), prior)) - truth).sum())
    assert np.mean(off[KNOWN]) < np.mean(off[FLAT]) / 2


def test_the_steepest_labels_do_not_run_away() -> None:
    raw = np.array([-9.2, -9.1, 9.1, 9.2])
    for prior in (FLAT, KNOWN):
        slope, shift = curve(raw, raw > 0, np.ones(4), prior)
        assert 0 < slope < 5
        assert abs(shift) < 5


@pytest.mark.parametrize("right", [True, False])
def test_labels_that_are_all_the_same_tell_no_curve(right: bool) -> None:
    slope, shift = curve(np.array([-1.0, 0.0, 1.0]), np.full(3, right), np.ones(3), KNOWN)
    assert slope == 0
    assert (shift > 0) == right


def test_a_prior_is_wider_than_the_few_curves_that_it_is_of() -> None:
    prior = Prior.of([(1.0, 0.5), (2.0, 0.5)])
    assert (prior.slope, prior.shift) == (1.5, 0.5)
    assert prior.slope_spread == pytest.approx(WIDER * 0.5**0.5)
    assert prior.shift_spread == pytest.approx(WIDER * LEAST)  # that they agree in it is chance
