"""What a model says of a conversation is held against it."""

from __future__ import annotations

import pytest

from evals.run import CASES
from evals.summaries import judged


@pytest.mark.parametrize("writer", ["one", "two"])
def test_most_true_sentences_stay_and_most_false_ones_go(writer: str) -> None:
    dropped = judged(CASES / "summaries.jsonl", writer)
    assert dropped["true"] <= 0.25
    assert dropped["number"] >= 0.95
    assert dropped["who"] >= 0.9
    assert dropped["invention"] >= 0.7
    assert dropped["name"] >= 0.55
    assert dropped["negation"] >= 0.4
