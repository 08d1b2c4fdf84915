"""When two articles stand too close to choose for the customer."""

from __future__ import annotations

import pytest

from bot.assess import CLOSE, TOO_FEW_WORDS, rivals

RETURN, REPAIR, RENT = "Return a bicycle", "Repair a bicycle", "Rent a bicycle"


def test_two_articles_that_score_alike_are_rivals_and_a_third_is_not_named() -> None:
    scores = [(RETURN, 0.6), (REPAIR, 0.6 - CLOSE / 2), (RENT, 0.6 - CLOSE / 2)]
    assert rivals(scores, 2) == (RETURN, REPAIR)
    assert rivals(scores, TOO_FEW_WORDS) == (RETURN, REPAIR)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([(RETURN, 0.6), (REPAIR, 0.6 - 2 * CLOSE)], 2),  # the first is ahead
        ([(RETURN, 0.6), (REPAIR, 0.6)], TOO_FEW_WORDS + 1),  # the question says enough
        ([(RETURN, 0.6), (f" {RETURN.upper()}", 0.6)], 2),  # which one could nobody say
        ([(RETURN, 0.6)], 2),
        ([], 2),
    ],
)
def test_else_there_is_nothing_to_ask_back_about(scores: list[tuple[str, float]], words: int) -> None:
    assert rivals(scores, words) == ()
