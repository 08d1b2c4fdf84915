"""The order of what was found: closeness as it is, words as their share of the best, an article by its best passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.embedders.base import Vectors
from retrieval.ranking import CLOSENESS, Ranked, exact_first, rank

ARTICLES = {"a1": "a", "a2": "a", "b1": "b", "c1": "c"}


def ranked(
    scores: Mapping[str, tuple[float, float]],
    articles: Mapping[str, str] = ARTICLES,
    dense_share: float = 1.0,
) -> tuple[list[Ranked], list[Ranked]]:
    """`scores`: passage id -> (closeness, BM25)."""
    close, lexical = (np.array([both[half] for both in scores.values()], dtype=np.float32) for half in (0, 1))
    return rank(list(scores), close, lexical, articles, dense_share)


def ids(found: Sequence[Ranked]) -> list[str]:
    return [one.id for one in found]


def test_a_score_is_the_closeness_and_the_share_of_the_best_words() -> None:
    _, passages = ranked({"a1": (0.5, 2.0), "b1": (0.4, 8.0)})
    score = {one.id: one.score for one in passages}
    assert score["a1"] == pytest.approx(CLOSENESS * 0.5 + (1 - CLOSENESS) * 2 / 8)
    assert score["b1"] == pytest.approx(CLOSENESS * 0.4 + (1 - CLOSENESS))


def test_passages_and_articles_come_best_first() -> None:
    articles, passages = ranked({"c1": (0.2, 1.0), "a1": (0.6, 0.0), "b1": (0.6, 9.0)})
    assert ids(passages) == ["b1", "a1", "c1"]
    assert ids(articles) == ["b", "a", "c"]


def test_an_article_counts_by_its_closest_and_by_its_best_worded_passage() -> None:
    (article, other), _ = ranked({"a1": (0.7, 1.0), "a2": (0.1, 4.0), "b1": (0.5, 2.0)})
    assert (article.id, article.close, article.lexical) == ("a", pytest.approx(0.7), 4.0)
    assert article.score == pytest.approx(CLOSENESS * 0.7 + (1 - CLOSENESS))
    assert other.score == pytest.approx(CLOSENESS * 0.5 + (1 - CLOSENESS) * 2 / 4)


def test_the_score_of_a_passage_does_not_depend_on_how_close_the_others_are() -> None:
    _, alone = ranked({"a1": (0.5, 3.0)})
    _, beside = ranked({"a1": (0.5, 3.0), "b1": (0.9, 0.0), "c1": (-0.2, 0.0)})
    assert next(one for one in beside if one.id == "a1") == alone[0]


def test_what_is_closer_wins_where_the_words_are_alike_and_the_other_way_round() -> None:
    assert ids(ranked({"a1": (0.3, 5.0), "b1": (0.4, 5.0)})[1]) == ["b1", "a1"]
    assert ids(ranked({"a1": (0.3, 5.0), "b1": (0.3, 6.0)})[1]) == ["b1", "a1"]


def test_the_dense_half_counts_as_far_as_it_is_trusted() -> None:
    scores = {"a1": (0.8, 1.0), "b1": (0.5, 4.0)}
    _, half = ranked(scores, dense_share=0.5)
    weight = CLOSENESS / 2
    assert {one.id: one.score for one in half} == {
        "a1": pytest.approx(weight * 0.8 + (1 - weight) * 1 / 4),
        "b1": pytest.approx(weight * 0.5 + (1 - weight)),
    }
    _, words_alone = ranked(scores, dense_share=0.0)
    assert [one.score for one in words_alone] == pytest.approx([1.0, 0.25])


def test_without_any_word_the_closeness_decides() -> None:
    articles, passages = ranked({"a1": (0.2, 0.0), "b1": (0.4, 0.0)})
    assert ids(articles) == ["b", "a"]
    assert [one.score for one in passages] == pytest.approx([CLOSENESS * 0.4, CLOSENESS * 0.2])


def test_what_scores_alike_is_put_in_the_order_of_its_id() -> None:
    articles, passages = ranked({"c1": (0.5, 1.0), "b1": (0.5, 1.0), "a1": (0.5, 1.0)})
    assert ids(passages) == ["a1", "b1", "c1"]
    assert ids(articles) == ["a", "b", "c"]


def test_a_passage_whose_article_is_gone_is_left_out_and_counts_for_nothing() -> None:
    articles, passages = ranked({"a1": (0.5, 2.0), "gone": (0.9, 50.0)})
    assert ids(passages) == ["a1"]
    assert ids(articles) == ["a"]
    assert passages[0].score == pytest.approx(CLOSENESS * 0.5 + (1 - CLOSENESS))


def test_nothing_in_nothing_out() -> None:
    none: Vectors = np.zeros(0, np.float32)
    assert rank([], none, none, {}) == ([], [])
    assert ranked({"gone": (0.9, 5.0)}) == ([], [])


@given(
    st.lists(st.tuples(st.floats(-1, 1, width=32), st.floats(0, 60, width=32)), max_size=20),
    st.floats(0, 1),
)
def test_scores_are_between_0_and_1_and_fall(both: list[tuple[float, float]], share: float) -> None:
    scores = {f"p{n}": one for n, one in enumerate(both)}
    for found in ranked(scores, {id: f"a{n % 3}" for n, id in enumerate(scores)}, share):
        told = [one.score for one in found]
        assert told == sorted(told, reverse=True)
        assert all(0 <= score <= 1 for score in told)


@given(st.lists(st.tuples(st.floats(-1, 1, width=32), st.floats(0, 60, width=32)), min_size=1, max_size=20))
def test_an_article_never_scores_less_than_any_of_its_passages_alone_would(
    both: list[tuple[float, float]],
) -> None:
    scores = {f"p{n}": one for n, one in enumerate(both)}
    home = {id: f"a{n % 3}" for n, id in enumerate(scores)}
    articles, passages = ranked(scores, home)
    close = {one.id: one.close for one in articles}
    lexical = {one.id: one.lexical for one in articles}
    assert {home[id] for id in scores} == set(close)
    for passage in passages:
        assert close[home[passage.id]] >= passage.close
        assert lexical[home[passage.id]] >= passage.lexical


# --- what is asked for to the letter ---------------------------------------------------------------------------


def test_what_holds_the_letters_stands_before_the_rest_each_in_its_order() -> None:
    found = [Ranked(id, 0.0, 0.0, score) for id, score in (("a", 0.9), ("b", 0.6), ("c", 0.4), ("d", 0.1))]
    first = exact_first(found, {"b", "d"}, lambda one: one.id)
    assert ids(first) == ["b", "d", "a", "c"]
    assert [one.score for one in first] == pytest.approx([0.8, 0.55, 0.45, 0.2])
    assert ids(exact_first(found, set(), lambda one: one.id)) == ids(found)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12), st.sets(st.integers(0, 11)))
def test_even_the_worst_of_them_stands_before_the_best_of_the_rest(
    scores: list[float], exact: set[int]
) -> None:
    found = sorted((Ranked(str(n), 0.0, 0.0, s) for n, s in enumerate(scores)), key=lambda one: -one.score)
    first = exact_first(found, {str(n) for n in exact}, lambda one: one.id)
    held = [one.id in {str(n) for n in exact} for one in first]
    assert held == sorted(held, reverse=True)
    assert all(0 <= one.score <= 1 for one in first)
    assert {replace(one, score=0.0) for one in first} == {replace(one, score=0.0) for one in found}
