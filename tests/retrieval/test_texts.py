"""The words of passages in order: phrases, counts, and merging without the text."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.texts import Texts
from retrieval.tokenizing import BREAK

WORDS = ["red", "blue", "bell", "lamp", "café", "cafe"]


def some(count: int, seed: int = 1) -> list[list[str]]:
    dice = random.Random(seed)
    return [dice.choices([*WORDS, BREAK], k=dice.randint(0, 12)) for _ in range(count)]


def holding(documents: list[list[str]], phrase: list[str]) -> list[int]:
    plain = [[word.replace("é", "e") for word in document] for document in documents]
    size = len(phrase)
    return [
        row
        for row, words in enumerate(plain)
        if any(words[i : i + size] == phrase for i in range(len(words) - size + 1))
    ]


@given(st.lists(st.lists(st.sampled_from(["red", "bell", "café"]), max_size=6), max_size=8), st.data())
def test_a_phrase_is_found_where_its_words_follow_each_other(
    documents: list[list[str]], data: st.DataObject
) -> None:
    texts = Texts.of(documents)
    phrase = data.draw(st.lists(st.sampled_from(["red", "bell", "cafe", "zebra"]), min_size=1, max_size=3))
    expected = holding(documents, phrase)
    assert texts.holding(phrase).tolist() == expected
    among = np.array(
        sorted(data.draw(st.sets(st.sampled_from(range(len(documents)))))) if documents else [], np.int64
    )
    assert texts.holding(phrase, among).tolist() == [row for row in expected if row in among]


def test_words_are_counted_where_they_stand_and_written_as_they_mostly_are() -> None:
    texts = Texts.of([["café", "red"], ["cafe"], ["café", "café", "blue"]])
    everywhere = np.ones(3, dtype=np.bool_)
    assert texts.counts(everywhere) == {"cafe": 4, "red": 1, "blue": 1}
    assert texts.counts(np.array([True, True, False])) == {"cafe": 2, "red": 1}
    assert texts.forms == {"cafe": "café"}
    assert Texts.of([["café"], ["cafe"], ["cafe"]]).forms == {}


def test_merged_texts_are_those_of_one_build(tmp_path: Path) -> None:
    old, new = some(30), some(12, seed=2)
    keep = np.array([row % 3 != 0 for row in range(30)])
    merged = Texts.of(old).merged(keep, Texts.of(new))
    left = [words for row, words in enumerate(old) if keep[row]] + new
    built = Texts.of(left)
    merged.save(tmp_path / "texts")
    for texts in (merged, Texts.load(tmp_path / "texts")):
        assert len(texts) == len(left)
        assert texts.counts(np.ones(len(left), np.bool_)) == built.counts(np.ones(len(left), np.bool_))
        for phrase in (["red"], ["red", "bell"], ["cafe", "blue"], ["lamp", "lamp", "lamp"]):
            assert texts.holding(phrase).tolist() == holding(left, phrase)


def test_texts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    Texts.of(some(5)).save(tmp_path / "texts")
    np.save(tmp_path / "texts" / "flat.npy", np.zeros(3, np.int32))
    with pytest.raises(ValueError, match="belong together"):
        Texts.load(tmp_path / "texts")
