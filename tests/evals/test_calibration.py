"""The confidence as it is fitted: on rows whose truth is known, because they are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bot import precedents
from bot.assess import NEVER, Calibration
from bot.precedents import SIGNALS
from bot.understand import Said
from evals.beir import EvalError, LabelledSet, Query
from evals.calibration import (
    CARRIED,
    FEWEST,
    Row,
    Told,
    bounds,
    can_be_fitted,
    fit,
    heard,
    precedents_of,
    rows_of,
)
from evals.platt import FLAT, KNOWN
from evals.scores import auroc, ece, ece_by_chance
from retrieval.evidence import NAMES

TOP, MARGIN = NAMES.index("top_dense"), NAMES.index("fused_margin")


def _rows(n: int, seed: int, told: float = 4.0, group: str = "one", unanswered: bool = True) -> list[Row]:
    """Questions whose closeness tells (by `told`) whether they are answered, and whose margin whether the first is right."""
    dice = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        evidence = dice.normal(size=len(NAMES))
        answerable = not unanswered or dice.random() < 1 / (1 + np.exp(-told * evidence[TOP]))
        right = answerable and dice.random() < 1 / (1 + np.exp(-3.5 - 0.5 * told * evidence[MARGIN]))
        rows.append(Row(group, f"{group}{i}", tuple(evidence), bool(right), bool(answerable)))
    return rows


def _fit(rows: list[Row], by_group: bool = False) -> tuple[Calibration, list[Row], list[float]]:
    return fit(rows, by_group=by_group, fitted_on="a test", fingerprint="f")


def test_the_confidence_is_true_on_questions_that_were_not_fitted() -> None:
    calibration, judged, forecast = _fit(_rows(500, 1))
    fresh = _rows(2000, 2)
    sure = [calibration.of_vector(row.evidence) for row in fresh]
    assert ece(sure, [row.right for row in fresh]) < 0.05
    assert len(judged) == len(forecast) == 500
    assert ece(forecast, [row.right for row in judged]) < ece_by_chance(forecast) + 0.03


@pytest.mark.parametrize("seed", range(2))
def test_the_dial_keeps_its_promise_and_answers_what_it_can(seed: int) -> None:
    calibration, _, _ = _fit(_rows(400, seed))
    fresh = _rows(3000, 100 + seed)
    for dial in (0.1, 0.2):
        threshold = calibration.threshold(dial)
        given = [row for row in fresh if calibration.of_vector(row.evidence) >= threshold]
        assert len(given) > 100
        assert sum(not row.right for row in given) / len(given) <= dial * 1.3


def test_signals_that_tell_nothing_promise_nothing() -> None:
    calibration, _, forecast = _fit(_rows(300, 3, told=0.0))
    assert calibration.threshold(0.1) == NEVER
    assert max(forecast) < 0.8


def test_an_owner_s_fit_knows_the_curves_of_others_and_one_across_sets_does_not() -> None:
    mine = _rows(80, 5)
    known, flat = (
        fit(mine, by_group=False, fitted_on="a test", fingerprint="f", prior=prior)[0]
        for prior in (KNOWN, FLAT)
    )
    assert (known.slope, known.table) != (flat.slope, flat.table)
    assert (_fit(mine)[0].slope, _fit(mine)[0].table) == (known.slope, known.table)
    sets = [*mine, *_rows(80, 6, group="two")]
    across = fit(sets, by_group=True, fitted_on="a test", fingerprint="f", prior=FLAT)[0]
    assert (_fit(sets, by_group=True)[0].slope, across.slope) == (across.slope, across.slope)


def test_few_labels_promise_less_than_many() -> None:
    few, many = (_fit(_rows(n, 5, told=2.0))[0].threshold(0.1) for n in (60, 2000))
    assert few > many


def test_where_all_questions_are_answered_their_twins_stand_for_those_that_are_not() -> None:
    rows = _rows(120, 6, unanswered=False)
    dice = np.random.default_rng(7)
    twins = [
        Row("one", row.query_id, tuple(dice.normal(size=len(NAMES)) - 3), False, False, twin=True)
        for row in rows
    ]
    calibration, judged, _ = _fit([*rows, *twins])
    assert len(judged) == 240
    assert calibration.of_vector(twins[0].evidence) < 0.1
    with pytest.raises(EvalError):
        _fit(rows)  # nothing here says what an unanswered question looks like


def test_twins_help_the_fit_but_are_not_judged_where_questions_go_unanswered_anyhow() -> None:
    rows = _rows(120, 8)
    twins = [
        Row("one", row.query_id, row.evidence, False, False, twin=True) for row in rows if row.answerable
    ]
    _, judged, forecast = _fit([*rows, *twins])
    assert judged == rows
    assert len(forecast) == 120


def test_what_carries_to_other_help_centers_rests_on_few_signals() -> None:
    rows = [row for group in ("a", "b", "c") for row in _rows(100, ord(group), group=group)]
    calibration, _, _ = _fit(rows, by_group=True)
    weighing = {n for n, w in zip(NAMES, calibration.answerable.weights, strict=True) if w}
    assert weighing == set(CARRIED)


def test_help_centers_that_differ_promise_less() -> None:
    """Two alike and one whose surest answers are wrong: a new help center may be like that one."""
    rows = _rows(200, 1, group="a") + _rows(200, 2, group="b")
    odd = [
        Row("c", r.query_id, r.evidence, r.right and i % 3 > 0, r.answerable)
        for i, r in enumerate(_rows(200, 3))
    ]
    raw = np.array([row.evidence[TOP] for row in rows + odd])
    right = np.array([row.right for row in rows + odd])
    apart = bounds(raw, right, rows + odd, [1.0], by_group=True)
    together = bounds(raw, right, rows + odd, [1.0], by_group=False)
    assert apart > together


def _topics(n: int, seed: int, told: bool) -> list[Row]:
    """Rows about forty things, asked in words that lie near each other; what is answered hangs on the thing (`told`) or on
    nothing, and no other signal tells anything."""
    things = np.random.default_rng(0).normal(size=(40, 24))
    dice = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        thing = int(dice.integers(40))
        known = thing % 2 == 0 if told else bool(dice.random() < 0.5)
        vector = things[thing] + 0.3 * dice.normal(size=24)
        first = str(thing) if known or not told or dice.random() < 0.5 else "other"
        rows.append(
            Row("one", f"{seed}-{i}", tuple(dice.normal(size=len(NAMES))), known, known, vector=tuple(vector),
                first=first, gold=(str(thing),) if known else ())
        )  # fmt: skip
    return rows


def test_labelled_questions_tell_of_others_like_them() -> None:
    rows = _topics(300, 1, told=True)
    calibration, judged, forecast = _fit(rows)
    right = [row.right for row in judged]
    assert (auroc(forecast, right) or 0) > 0.95
    fresh = heard(_topics(600, 2, told=True), rows)
    sure = [calibration.of_vector(row.evidence) for row in fresh]
    assert (auroc(sure, [row.right for row in fresh]) or 0) > 0.95
    assert ece(sure, [row.right for row in fresh]) < 0.07
    unheard = [calibration.of_vector(row.evidence[: len(NAMES)]) for row in fresh]
    assert (auroc(unheard, [row.right for row in fresh]) or 0) < 0.65


def test_labels_that_hang_on_nothing_are_not_believed_though_alike_questions_stand_on_both_sides() -> None:
    calibration, judged, forecast = _fit(_topics(300, 3, told=False))
    assert 0.35 < (auroc(forecast, [row.right for row in judged]) or 0) < 0.65
    assert calibration.threshold(0.1) == NEVER


def test_labels_of_answered_questions_alone_promise_nothing_of_things_that_nobody_asked_about() -> None:
    """Twenty things are asked about and answered; later questions are as often about twenty others, that no article knows."""
    dice = np.random.default_rng(9)

    def told(row: Row) -> Row:
        evidence = dice.normal(size=len(NAMES)) / 2
        evidence[TOP] += 1.5 * row.answerable
        return replace(row, evidence=tuple(evidence))

    known = [told(row) for row in _topics(500, 4, told=True) if row.answerable]
    twins = [
        told(replace(row, right=False, answerable=False, twin=True, first="other", gold=(row.first,)))
        for row in known
    ]
    calibration, _, _ = _fit([*known, *twins])
    fresh = heard([told(row) for row in _topics(800, 5, told=True)], known)
    sure, right = [calibration.of_vector(row.evidence) for row in fresh], [row.right for row in fresh]
    assert ece(sure, right) < 0.12
    given = [was for one, was in zip(sure, right, strict=True) if one >= calibration.threshold(0.1)]
    assert len(given) > 200
    assert given.count(False) / len(given) < 0.1


def test_where_no_vectors_are_told_nothing_is_heard() -> None:
    rows = _rows(60, 10)
    calibration, _, _ = _fit(rows)
    assert len(calibration.answerable.weights) == len(NAMES)
    assert precedents_of(rows, "space", ["a passage"]) is None


def test_no_question_hears_itself_and_a_twin_hears_nothing_of_its_articles() -> None:
    one = Row("g", "1", (0.5,), True, True, vector=(1.0, 0.0), first="a", gold=("a",))
    twin = replace(one, right=False, answerable=False, twin=True, first="b")
    alike = replace(one, query_id="2", vector=(0.8, 0.6))
    apart = replace(one, query_id="3", vector=(0.6, 0.8), right=False, answerable=False, gold=())
    told = [row.evidence for row in heard([one, twin, alike], [one, twin, alike, apart])]
    assert told[0] == pytest.approx((0.5, 0.8, 0.6, 0.8, 0.6))  # of "2" and "3" only
    assert told[1] == pytest.approx((0.5, 0.0, 0.6, 0.0, 0.6))  # of "3" only
    assert told[2] == pytest.approx((0.5, 0.8, 0.96, 0.8, 0.96))


def test_a_question_of_no_words_has_no_vector_and_stops_nothing() -> None:
    rows = _topics(120, 5, told=True)
    rows.append(Row("one", "?!", (0.0,) * len(NAMES), False, False))
    calibration, judged, forecast = _fit(rows)
    assert len(calibration.answerable.weights) == len(NAMES) + len(SIGNALS)
    assert len(judged) == len(forecast) == 121
    kept = precedents_of(rows, "space", ["f" * 64])
    assert len(kept.answers) == 120
    assert heard(rows[-1:], rows)[0].evidence == (0.0,) * (len(NAMES) + len(SIGNALS))


def test_of_very_many_labelled_questions_the_fit_hears_those_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precedents, "MOST", 30)
    rows = _topics(100, 6, told=True)
    kept = precedents_of(rows, "space", ["f" * 64])
    fresh = _topics(5, 7, told=True)
    for row, told in zip(fresh, heard(fresh, rows), strict=True):
        vector = precedents.units(np.array(row.vector, dtype=np.float32))
        assert told.evidence[len(NAMES) :] == pytest.approx(
            kept.signals(vector, "space", row.first, "f" * 64), abs=1e-5
        )


def test_too_few_questions_and_one_answer_for_all_are_refused_with_what_to_do() -> None:
    with pytest.raises(EvalError, match="at least"):
        _fit(_rows(FEWEST - 1, 1))
    with pytest.raises(EvalError, match="too few questions have an article"):
        _fit([Row("one", str(i), (0.0,) * len(NAMES), False, False) for i in range(FEWEST)])
    rows = [replace(row, right=False) for row in _rows(FEWEST, 1)]
    with pytest.raises(EvalError, match="for none: see whether"):
        _fit(rows)


def test_labels_that_no_fit_can_be_made_from_are_refused_before_anything_is_asked() -> None:
    def labelled(n: int, gold: dict[str, int]) -> LabelledSet:
        return LabelledSet("one", tuple(Query(str(i), "a question", (), gold) for i in range(n)), None)

    can_be_fitted(labelled(FEWEST, {"a": 1}))
    with pytest.raises(EvalError, match="too few"):
        can_be_fitted(labelled(FEWEST - 1, {"a": 1}))
    with pytest.raises(EvalError, match="names no article for any of the 40 questions"):
        can_be_fitted(labelled(FEWEST, {}))


def test_an_answered_question_is_asked_again_without_its_articles() -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def ask(text: str, history: Sequence[Said], without: Sequence[str]) -> Told:
        asked.append((text, tuple(without)))
        return (["b"] if without else ["a"]), dict.fromkeys(NAMES, 0.0), (1.0, 0.0)

    queries = (
        Query("1", "known", (), {"a": 1}),
        Query("2", "gone", (), {"c": 1}),
        Query("3", "unknown", (), {}),
    )
    rows = rows_of(LabelledSet("one", queries, None), ask, lambda id: id == "c")
    assert asked == [("known", ()), ("known", ("a",)), ("gone", ()), ("unknown", ())]
    assert [(row.query_id, row.right, row.answerable, row.twin, row.first, row.gold) for row in rows] == [
        ("1", True, True, False, "a", ("a",)),
        ("1", False, False, True, "b", ("a",)),
        ("2", False, False, False, "a", ()),
        ("3", False, False, False, "a", ()),
    ]
