"""Posting lists and the roster beside them: scores as BM25 has them, and merging that is the same as making anew."""

from __future__ import annotations

import math
import random
from pathlib import Path

import bm25s
import numpy as np
import pytest

from retrieval.postings import K1, MOST, B, Postings
from retrieval.roster import Roster

VOCABULARY = [f"w{n}" for n in range(60)]
PLACES = [("public", "en"), ("agents", "en"), ("public", "de")]


def documents(count: int, seed: int = 1) -> list[list[str]]:
    chance = random.Random(seed)
    weights = [1 / (n + 1) for n in range(len(VOCABULARY))]
    return [chance.choices(VOCABULARY, weights, k=chance.randint(0, 40)) for _ in range(count)]


def weights_of(postings: Postings, words: list[str]) -> dict[str, float]:
    size = len(postings)
    counts = {word: postings.frequency(word) for word in words}
    return {word: math.log(1 + (size - count + 0.5) / (count + 0.5)) for word, count in counts.items()}


def test_scores_are_those_of_another_implementation() -> None:
    some = documents(200)
    other = bm25s.BM25(k1=K1, b=B, method="lucene")
    other.index(some, show_progress=False)
    mine = Postings.of(some)
    for words in (["w0"], ["w3", "w40"], VOCABULARY[10:20]):
        assert np.allclose(
            mine.scores(weights_of(mine, words)), other.get_scores(words), rtol=1e-4, atol=1e-5
        )


def test_a_word_counts_by_its_weight_and_one_that_nobody_has_not_at_all() -> None:
    postings = Postings.of(documents(30))
    once = postings.scores({"w2": 1.0})
    assert np.allclose(postings.scores({"w2": 2.5, "nobody": 7.0}), 2.5 * once)
    assert postings.frequency("nobody") == 0
    assert not postings.scores({}).any()


def test_a_word_that_fills_a_document_is_counted_to_the_end_of_a_byte() -> None:
    postings = Postings.of([["again"] * 1000, ["again"] * MOST])
    assert postings.counts.tolist() == [MOST, MOST]
    assert postings.lengths.tolist() == [1000, MOST]


@pytest.mark.parametrize("left_out", [0, 1, 50])
def test_merged_is_the_same_as_made_anew(left_out: int) -> None:
    """Words come in that were not there, and others go."""
    old, new = documents(50), [*documents(20, seed=2), ["only", "here", "w0"], []]
    keep = np.ones(50, dtype=np.bool_)
    keep[random.Random(3).sample(range(50), left_out)] = False
    merged = Postings.of(old).merged(keep, Postings.of(new))
    anew = Postings.of([*(one for one, kept in zip(old, keep, strict=True) if kept), *new])
    assert merged.lengths.tolist() == anew.lengths.tolist()
    assert merged.mean_length == anew.mean_length
    for word in [*VOCABULARY, "only", "here", "nobody"]:
        assert merged.frequency(word) == anew.frequency(word)
        assert np.array_equal(merged.scores({word: 1.0}), anew.scores({word: 1.0}))


def test_merging_again_and_again_loses_nothing() -> None:
    kept, postings = documents(10), Postings.of(documents(10))
    for round in range(6):
        more = documents(7, seed=round + 5)
        keep = np.array([n % 4 != round % 4 for n in range(len(kept))])
        postings = postings.merged(keep, Postings.of(more))
        kept = [*(one for one, stays in zip(kept, keep, strict=True) if stays), *more]
    anew = Postings.of(kept)
    assert all(np.array_equal(postings.scores({word: 1.0}), anew.scores({word: 1.0})) for word in VOCABULARY)


def test_nothing_merged_with_nothing_is_nothing() -> None:
    empty = Postings.of([])
    assert len(empty.merged(np.zeros(0, np.bool_), Postings.of([]))) == 0
    some = empty.merged(np.zeros(0, np.bool_), Postings.of([["a"], ["a", "b"]]))
    assert some.frequency("a") == 2
    assert some.merged(np.zeros(2, np.bool_), Postings.of([])).frequency("a") == 0


def test_posting_lists_are_read_as_they_were_saved(tmp_path: Path) -> None:
    postings = Postings.of(documents(40))
    postings.save(tmp_path / "postings")
    again = Postings.load(tmp_path / "postings")
    assert again.words == postings.words
    assert np.array_equal(again.scores({"w1": 1.0, "w9": 2.0}), postings.scores({"w1": 1.0, "w9": 2.0}))
    Postings.of(documents(41)).save(tmp_path / "other")
    (tmp_path / "other" / "rows.npy").replace(tmp_path / "postings" / "rows.npy")
    with pytest.raises(ValueError, match="do not belong together"):
        Postings.load(tmp_path / "postings")


# --- the roster ----------------------------------------------------------------------------------------------


def rows(count: int, start: int = 0) -> list[tuple[str, str, tuple[str, str]]]:
    return [(f"pässage-{n}", f"article {n // 3}", PLACES[n % 3]) for n in range(start, start + count)]


def told(roster: Roster) -> list[tuple[str, str, tuple[str, str]]]:
    ids = roster.ids_of(np.arange(len(roster)))
    return [
        (id, roster.articles[article], roster.places[place])
        for id, article, place in zip(ids, roster.article, roster.place, strict=True)
    ]


def test_a_roster_knows_what_stands_in_each_row() -> None:
    roster = Roster.of(rows(20))
    assert told(roster) == rows(20)
    assert roster.rows_with(["pässage-7", "nobody", "pässage-0", "zz"]).tolist() == [7, -1, 0, -1]
    assert roster.rows_of("article 2") == [6, 7, 8]
    assert roster.rows_of("nobody") == []
    assert roster.lies_in({PLACES[0], PLACES[2]}).tolist() == [n % 3 != 1 for n in range(20)]


def test_an_empty_roster_knows_nothing() -> None:
    roster = Roster.of([])
    assert roster.rows_with(["a"]).tolist() == [-1]
    assert roster.rows_of("a") == []
    assert len(roster.lies_in({PLACES[0]})) == 0


def test_a_merged_roster_is_the_same_as_one_made_anew(tmp_path: Path) -> None:
    keep = np.array([n not in {0, 1, 2, 7, 19} for n in range(20)])
    more = [*rows(4, start=40), ("late", "article 2", ("customers", "fr"))]
    merged = Roster.of(rows(20)).merged(keep, Roster.of(more))
    expected = [*(row for row, kept in zip(rows(20), keep, strict=True) if kept), *more]
    assert told(merged) == expected
    assert "article 0" not in merged.articles
    assert merged.rows_of("article 2") == [3, 4, 19]
    merged.save(tmp_path / "roster")
    again = Roster.load(tmp_path / "roster")
    assert told(again) == expected
    assert again.rows_with(["late", "pässage-0"]).tolist() == [19, -1]
