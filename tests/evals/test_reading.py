"""What the reader is fitted on, and that it computes in two steps what it was fitted to compute in one."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from evals.beir import EvalError
from evals.reading.examples import crossed, made, negated, renumbered, turned, written
from evals.run import CASES
from help_center.sources.base import SourceArticle

LOCKERS = """Lockers close at 22:00. You can rent a locker for 3 days at most, and the guard empties it after that.

## Keys

A lost key costs 25 euros and is not replaced on Sundays. Bring the receipt before the guard opens the locker for you."""


def test_the_written_passages_are_whole_and_those_that_report_are_of_other_trades() -> None:
    fitted, unseen = (written(CASES / name) for name in ("passages.jsonl", "passages_unseen.jsonl"))
    assert not {one.trade for one in fitted} & {one.trade for one in unseen}
    assert len({one.id for one in fitted + unseen}) == len(fitted) + len(unseen)
    for examples in (fitted, unseen):
        says = [{claim.holds for claim in one.claims if claim.task == "says"} for one in examples]
        assert all(says)
        assert sum(told == {True, False} for told in says) > 0.9 * len(says)


def test_a_line_that_lacks_something_is_named(tmp_path: Path) -> None:
    file = tmp_path / "passages.jsonl"
    file.write_text(json.dumps({"id": "a", "trade": "t", "title": "T", "heading": "", "passage": "P"}) + "\n")
    with pytest.raises(EvalError, match="line 1: 'true' is needed"):
        written(file)


def test_examples_made_of_articles_change_what_they_say_they_change() -> None:
    articles = [SourceArticle(f"a{n}", "Lockers", LOCKERS.replace("locker", f"locker{n}")) for n in range(6)]
    examples = made(articles, lambda words: np.eye(len(words), dtype=np.float32), 10)
    assert examples
    kinds = {claim.kind for example in examples for claim in example.claims}
    assert {"true", "number", "negation", "name"} <= kinds
    for example in examples:
        true = {claim.text for claim in example.claims if claim.holds}
        assert not true & {claim.text for claim in example.claims if not claim.holds}


def test_corruptions() -> None:
    dice = random.Random(1)
    assert negated("Keys are not replaced.", dice) == "Keys are replaced."
    assert renumbered("It costs 25 euros.", dice) not in {None, "It costs 25 euros."}
    assert renumbered("It costs nothing.", dice) is None
    swapped = turned("The guard empties lockers behind walls.", dice)
    assert swapped is not None
    assert sorted(swapped.split()) == sorted(["The", "guard", "empties", "lockers", "behind", "walls."])


def test_crossed_examples_take_what_is_true_of_others() -> None:
    examples = written(CASES / "passages_unseen.jsonl")[:8]
    more = crossed(examples, lambda texts: np.eye(len(texts), dtype=np.float32))
    true = {c.text: one.id for one in examples for c in one.claims if c.holds}
    for one in more:
        taken = [c for c in one.claims if c.kind.endswith("crossed")]
        assert taken
        assert all(not c.holds and true[c.text] != one.id for c in taken)


@pytest.mark.slow
def test_in_two_steps_as_in_one() -> None:
    import torch

    from evals.fit_reader import TASKS, rows_of
    from evals.reading.network import HEADS, LAYERS, WIDTH, Reader, Stepwise
    from retrieval.reader import open_tokenizer

    torch.manual_seed(0)
    model = Reader().eval()
    (row,) = rows_of(written(CASES / "passages_unseen.jsonl")[:1], open_tokenizer())
    of = torch.tensor([row["of"]])
    mask = (of[:, None, :] == -1) | (of[:, None, :] == of[:, :, None])
    given = [torch.tensor([row[name]]) for name in ("ids", "places", "types")]
    steps = Stepwise(model).eval()
    nothing = torch.zeros(LAYERS, 2, 1, HEADS, 0, WIDTH // HEADS)
    with torch.no_grad():
        tokens = model(*given, mask)[0]
        passage = of[0] == -1
        _, past = steps(*(one[:, passage] for one in given), nothing)
        for k in range(len(row["claims"])):
            mine = of[0] == k
            logits, _ = steps(*(one[:, mine] for one in given), past)
            assert logits.shape == (len(TASKS),)
            assert torch.allclose(logits, model.judged(tokens[mine]), atol=1e-4)
