"""What a search tells of itself, on scores and vectors small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.evidence import LONELY, NAMES, Candidate, Evidence, weigh
from retrieval.lexical import Entry, LexicalIndex

QUESTION = np.array([1.0, 0.0, 0.0])


def _unit(*values: float) -> np.ndarray:
    vector = np.array(values)
    return vector / np.linalg.norm(vector)


def _candidate(dense: float, lexical: float, score: float, *parts: np.ndarray) -> Candidate:
    vectors = np.stack(parts) if parts else np.zeros((0, 3))
    return Candidate(dense, lexical, score, ("refund",), ("refund", "card"), "Refund to a card", vectors)


@pytest.fixture(scope="module")
def lexicon() -> LexicalIndex:
    entries = [
        Entry(f"p{i}", f"a{i}", "public", "en", text)
        for i, text in enumerate(["refund to a card", "invoice by mail", "delivery of a parcel"])
    ]
    return LexicalIndex.build(entries, 1)


def _weigh(lexicon: LexicalIndex, *candidates: Candidate) -> Evidence:
    return weigh("refund card", ["refund", "card"], candidates, [True], lexicon, QUESTION)


def test_the_lead_is_measured_from_those_behind(lexicon: LexicalIndex) -> None:
    found = _weigh(lexicon, *(_candidate(0.5, 1.0, score) for score in (0.9, 0.5, 0.3)))
    assert found.fused_lead == pytest.approx(0.9 - 0.4)
    assert found.fused_third == pytest.approx(0.6)
    alone = _weigh(lexicon, _candidate(0.5, 1.0, 0.9))
    assert alone.fused_lead == alone.fused_third == LONELY


def test_a_passage_is_near_by_its_parts_and_as_a_whole(lexicon: LexicalIndex) -> None:
    found = _weigh(lexicon, _candidate(1.0, 1.0, 0.9, _unit(1, 0, 0), _unit(0, 1, 0), _unit(1, 1, 0)))
    assert found.second_part == pytest.approx(np.sqrt(0.5))
    assert found.part_mean == pytest.approx((1 + 0 + np.sqrt(0.5)) / 3)
    assert found.parts == pytest.approx(np.log(4))
    assert found.whole == pytest.approx(np.sqrt(0.5))


def test_a_small_margin_over_a_look_alike_says_more_than_over_a_stranger(lexicon: LexicalIndex) -> None:
    first = _candidate(0.8, 1.0, 0.9, _unit(1, 0.1, 0))
    alike = _weigh(lexicon, first, _candidate(0.75, 1.0, 0.8, _unit(1, 0.2, 0)))
    stranger = _weigh(lexicon, first, _candidate(0.75, 1.0, 0.8, _unit(0.1, 1, 0)))
    assert alike.nearest_rival > 0.98 > 0.3 > stranger.nearest_rival
    assert alike.told_apart > stranger.told_apart > 0


def test_passages_without_vectors_leave_what_the_vectors_tell_at_nothing(lexicon: LexicalIndex) -> None:
    found = _weigh(lexicon, _candidate(0.8, 1.0, 0.9), _candidate(0.75, 1.0, 0.8, _unit(1, 0, 0)))
    assert found.whole == found.second_part == found.nearest_rival == found.spread == 0
    assert found.top_dense == 0.8


def test_words_that_nobody_uses_are_counted(lexicon: LexicalIndex) -> None:
    found = weigh("refund zebra", ["refund", "zebra"], [_candidate(0.5, 1.0, 0.9)], [True], lexicon, QUESTION)
    assert found.unknown == 0.5
    assert _weigh(lexicon, _candidate(0.5, 1.0, 0.9)).unknown == 0


def test_every_signal_is_a_finite_number(lexicon: LexicalIndex) -> None:
    odd = [_candidate(0.5, 0.0, 0.5, QUESTION) for _ in range(3)]
    for found in (_weigh(lexicon, *odd), _weigh(lexicon), weigh("", [], odd, [], lexicon, QUESTION)):
        assert len(found.vector()) == len(NAMES)
        assert np.isfinite(found.vector()).all()
