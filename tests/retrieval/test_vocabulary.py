"""Words that look alike, and words that begin so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from retrieval.vocabulary import Vocabulary, Words

LETTERS = st.text("abcde", min_size=3, max_size=7)


@given(st.sets(LETTERS, max_size=30), LETTERS, st.integers(1, 2))
def test_all_words_with_so_many_errors_are_near(known: set[str], typed: str, allowed: int) -> None:
    """An error in the first letter is the only one."""
    found = Words(dict.fromkeys(known, 1), {}).near(typed, allowed)
    for word in known - {typed}:
        errors = OSA.distance(typed, word)
        if word[0] == typed[0] and errors <= allowed:
            assert found[word] == errors
        elif errors == 1:
            assert found[word] == 1
        else:
            assert word not in found
    assert found.keys() <= known


def test_digits_are_never_near() -> None:
    words = Words({"e1042": 3, "page": 1, "pages'": 1}, {})
    assert words.near("e1043", 1) == {}
    assert words.near("pagf", 1) == {"page": 1}


def test_several_places_count_together() -> None:
    words = Vocabulary([Words({"cafe": 2, "case": 9}, {"cafe": "café"}), Words({"cafe": 3, "camp": 4}, {})])
    assert words.knows("camp")
    assert not words.knows("came")
    assert words.count("cafe") == 5
    assert words.written("cafe") == "café"
    assert words.written("case") == "case"
    assert words.near("cade", 1).keys() == {"cafe", "case"}
    assert words.beginning_with("ca", 2) == ["case", "cafe"]
    assert words.beginning_with("camp", 2) == []
