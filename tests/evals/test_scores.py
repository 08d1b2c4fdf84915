"""The measures, against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.assess import NEVER, Calibration, Point, default_calibration
from evals.scores import (
    auroc,
    count_bound,
    ece,
    ece_by_chance,
    eces_by_chance,
    interval,
    reliability,
    risk_coverage,
)


def test_a_forecast_that_is_always_as_right_as_it_says_has_no_calibration_error() -> None:
    assert ece([0.5] * 200, [True, False] * 100) == pytest.approx(0.0)


def test_an_overconfident_forecast_errs_by_its_excess() -> None:
    assert ece([0.9] * 200, [True, False] * 100) == pytest.approx(0.4)


def test_even_a_perfect_forecast_errs_by_chance_on_few_rows() -> None:
    assert 0.05 < ece_by_chance([0.5] * 20) < 0.3
    assert ece_by_chance([0.5] * 2000) < ece_by_chance([0.5] * 20)


def test_a_true_forecast_errs_by_chance_in_most_draws_and_an_untrue_one_lies_outside() -> None:
    sure = [0.9] * 300
    draws = eces_by_chance(sure)
    assert len(draws) == 200
    assert ece_by_chance(sure) == pytest.approx(sum(draws) / 200)
    assert max(draws) < ece(sure, [True, False] * 150)


def test_the_interval_of_a_share_holds_it_and_knows_no_more_than_it_saw() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    low, high = interval(8, 10)
    assert 0.5 < low < 0.8 < high < 0.95
    assert interval(10, 10)[1] == pytest.approx(1.0)
    assert interval(80, 100)[0] > low


def test_auroc_counts_pairs_in_order_and_ties_by_half() -> None:
    assert auroc([0.9, 0.8, 0.1], [True, True, False]) == 1.0
    assert auroc([0.1, 0.9], [True, False]) == 0.0
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert auroc([0.5, 0.6], [True, True]) is None


def test_bars_of_the_reliability_diagram_hold_every_row_once() -> None:
    bins = reliability([i / 100 for i in range(95)], [i % 2 == 0 for i in range(95)])
    assert sum(b.n for b in bins) == 95
    assert [b.mean for b in bins] == sorted(b.mean for b in bins)


def test_risk_and_coverage_count_from_the_surest() -> None:
    assert risk_coverage([0.9, 0.2, 0.8, 0.4], [True, False, False, True], rows=4) == [
        (0.9, 1, 0),
        (0.8, 2, 1),
        (0.4, 3, 1),
        (0.2, 4, 2),
    ]


def test_the_count_bound_is_above_the_share_and_closes_in_on_it() -> None:
    assert count_bound(0, 0) == 1.0
    assert count_bound(0, 10) > 0.1  # ten right answers promise nothing at a dial of 0.1
    assert 0.1 < count_bound(10, 100) < 0.16
    assert 0.1 < count_bound(1000, 10_000) < 0.11


def _with(table: list[Point]) -> Calibration:
    return replace(default_calibration(), table=tuple(table), fitted_on="a test", is_default=False)


def test_the_dial_takes_the_lowest_threshold_that_keeps_the_promise() -> None:
    table = [
        Point(0.9, 200, 4, 1000, 0.03),
        Point(0.7, 400, 20, 1000, 0.06),
        Point(0.5, 600, 120, 1000, 0.22),
    ]
    assert _with(table).policy(0.1).answer_from == 0.7
    assert _with(table).policy(0.3).answer_from == 0.5


def test_a_promise_that_cannot_be_kept_is_not_made() -> None:
    assert (
        _with([Point(0.9, 10, 0, 100, 0.15), Point(0.5, 50, 25, 100, 0.6)]).policy(0.05).answer_from == NEVER
    )


def test_the_shipped_default_says_what_it_is() -> None:
    shipped = default_calibration()
    assert shipped.is_default
    assert "questions of" in shipped.fitted_on
    assert shipped.policy(0.1).answer_from < 1
