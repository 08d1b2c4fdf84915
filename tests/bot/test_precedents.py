"""What labelled questions say of a new one, when they say nothing, and how they are kept."""

from __future__ import annotations

import numpy as np
import pytest

from bot import precedents
from bot.precedents import MOST, SIGNALS, Precedents, made_of

EAST, NORTH = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]
PASSAGE = "0123456789abcdef" * 2


def kept(**changes: object) -> Precedents:
    made = made_of(
        [EAST, NORTH, [0.6, 0.8, 0.0, 0.0]], [{"returns"}, (), {"rent", "repair"}], "space", [PASSAGE]
    )
    return Precedents(**(vars(made) | changes))  # type: ignore[arg-type]


def signals(of: Precedents, first: str, passage: str = PASSAGE, space: str = "space") -> dict[str, float]:
    vector = np.array([0.8, 0.6, 0.0, 0.0], dtype=np.float32)
    return dict(zip(SIGNALS, of.signals(vector, space, first, passage), strict=False))


def test_the_nearest_labelled_question_of_each_kind_is_heard() -> None:
    told = signals(kept(), "returns")
    assert told == pytest.approx(
        {"asked_answered": 0.96, "asked_unanswered": 0.6, "asked_same": 0.8, "asked_other": 0.96}
    )
    assert signals(kept(), "repair")["asked_same"] == pytest.approx(0.96)
    assert signals(kept(), "something new")["asked_same"] == 0.0


def test_nothing_is_heard_of_a_passage_that_is_new_nor_of_another_models_vectors() -> None:
    assert not signals(kept(), "returns", passage="f" * 32)
    assert not signals(kept(), "returns", space="another")
    assert not signals(kept(answers=(), vectors=np.zeros((0, 4), dtype=np.float32)), "returns")


def test_they_are_kept_and_read_again_nearly_as_they_were() -> None:
    dice = np.random.default_rng(0)
    vectors = dice.normal(size=(50, 384)).tolist()
    made = made_of(vectors, [{"a", "b"}] * 20 + [()] * 30, "space", [PASSAGE])
    again = Precedents.read(made.json())
    for name in ("answers", "space", "passages", "sample", "digest"):
        assert getattr(again, name) == getattr(made, name)
    assert made.sample == (PASSAGE,)
    cosines = (again.vectors * made.vectors).sum(axis=1)
    assert cosines.min() > 0.9998
    assert np.linalg.norm(again.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_of_very_many_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedents, "MOST", 10)
    made = made_of([[float(i), 1.0] for i in range(100)], [{str(i)} for i in range(100)], "space", [])
    assert made.vectors.shape == (10, 2)
    for vector, (answer,) in zip(made.vectors, made.answers, strict=True):  # each with its own answer
        assert vector[0] / vector[1] == pytest.approx(int(answer))
    assert MOST > 10
