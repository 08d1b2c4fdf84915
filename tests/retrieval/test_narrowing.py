"""The section of a shared passage that answers: by closeness and by words, and its own heading with it."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.chunking import embedded_text, parts, split
from retrieval.embedders.base import Vectors
from retrieval.narrowing import narrowed
from retrieval.passages import Passage

TITLE = "Everything about returning"
BODY = """You can return a bicycle within thirty days.

## How to return it

Open your orders, and print the label there.

## When the money comes

The refund reaches your account in five days.
"""
HEADINGS = [(), ("How to return it",), ("When the money comes",)]


def passage_of(body: str = BODY, title: str = TITLE) -> Passage:
    (passage,) = split("returns", title, body)
    return passage


def cosines(near: str, passage: Passage, title: str = TITLE) -> Vectors:
    """Of a question that is near the parts that hold `near`, and as far from all others as can be."""
    text = embedded_text(title, passage)
    return np.array([0.9 if near in text[start:end] else 0.1 for start, end in parts(text)], np.float32)


def no_words(_text: str) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("near", "expected"), [("thirty days", 0), ("print the label", 1), ("reaches your account", 2)]
)
def test_the_section_with_the_nearest_part_is_the_one(near: str, expected: int) -> None:
    passage = passage_of()
    found = narrowed(passage, TITLE, cosines(near, passage), no_words)
    assert found.headings == HEADINGS[expected]
    assert near in found.text
    assert found.sections == ()
    assert (found.id, found.article_id, found.ordinal) == (passage.id, passage.article_id, passage.ordinal)


def test_a_heading_is_its_sections_own() -> None:
    passage = passage_of(BODY.replace("When the money comes", "When the money comes back to your account"))
    found = narrowed(passage, TITLE, cosines("When the money comes back", passage), no_words)
    assert found.headings == ("When the money comes back to your account",)
    assert found.text == "The refund reaches your account in five days."


@pytest.mark.parametrize(
    ("word", "expected"), [("thirty", 0), ("How", 1), ("label", 1), ("refund", 2), ("money", 2)]
)
def test_where_all_are_as_near_the_words_decide(word: str, expected: int) -> None:
    passage = passage_of()
    alike: Vectors = np.full(len(parts(embedded_text(TITLE, passage))), 0.4, np.float32)
    assert narrowed(passage, TITLE, alike, lambda text: float(word in text)).headings == HEADINGS[expected]


def test_neither_half_decides_alone() -> None:
    passage = passage_of()
    near_the_label = cosines("print the label", passage)
    slightly: Vectors = (near_the_label / 10).astype(np.float32)
    assert (
        narrowed(passage, TITLE, near_the_label, lambda text: float("refund" in text)).headings == HEADINGS[1]
    )
    assert narrowed(passage, TITLE, slightly, lambda text: float("refund" in text)).headings == HEADINGS[2]


def test_a_first_line_that_shares_its_part_with_a_short_title_counts_for_its_section() -> None:
    passage = passage_of("Costs: none.\n\n## Delivery\n\nThe parcel takes about a week.", title="FAQ")
    text = embedded_text("FAQ", passage)
    start, end = parts(text)[0]
    assert "FAQ" in text[start:end]
    assert "Costs: none." in text[start:end]
    found = narrowed(passage, "FAQ", cosines("Costs", passage, "FAQ"), no_words)
    assert found.text == "Costs: none."


def test_the_title_speaks_for_no_section() -> None:
    passage = passage_of()
    found = narrowed(passage, TITLE, cosines(TITLE, passage), lambda text: float("refund" in text))
    assert found.headings == HEADINGS[2]


@pytest.mark.parametrize("read", [0, 1, 2])
def test_parts_beyond_what_the_model_read_leave_it_to_the_words(read: int) -> None:
    passage = passage_of()
    told: Vectors = np.full(read, 0.2, np.float32)
    found = narrowed(passage, TITLE, told, lambda text: float("refund" in text))
    assert found.headings == HEADINGS[2]


def test_a_section_that_the_model_did_not_read_counts_as_far() -> None:
    passage = passage_of()
    told = cosines("thirty days", passage)[:2]  # of the title and of the opening
    assert narrowed(passage, TITLE, told, no_words).headings == HEADINGS[0]


def test_without_anything_to_tell_them_apart_it_is_the_first() -> None:
    passage = passage_of()
    assert narrowed(passage, TITLE, np.zeros(0, np.float32), no_words).headings == HEADINGS[0]


def test_a_passage_of_one_section_is_left_as_it_is() -> None:
    passage = passage_of("Only one section.")
    assert narrowed(passage, TITLE, np.ones(2, np.float32), no_words) is passage
