"""What became of questions like this one: the labelled questions that an owner's calibration was fitted with.

A new question that is close to one that an article answered is likelier answered by it, and one that is close to what
nothing answered is likelier not. Knows vectors and ids, no words, and not how the signals are weighed (`bot.assess`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.base import Vectors

# cosine of the question and the nearest labelled one that: an article answered, none answered, the article found first
# answered, it did not answer; each 0..1
SIGNALS = ("asked_answered", "asked_unanswered", "asked_same", "asked_other")
KEPT_AS = "precedents"  # the installation fact, beside the calibration that names its digest
SAMPLE = 64  # passages that tell whether the help center is still the one of then
MOST = 5000  # kept; of more, some are drawn
CHARACTERS = 8  # of a passage's id that are kept: of 50,000, one in 80,000 new ones is taken for an old one

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Precedents:
    """`vectors`: the questions', of length 1, shape (n, d). `answers`: of each the articles that answer it, maybe none.
    `space`: of the vectors. `passages`: what the articles said then, by the beginnings of the passages' ids; `sample`: some of
    these ids, whole."""

    vectors: Vectors
    answers: tuple[frozenset[str], ...]
    space: str
    passages: frozenset[str]
    sample: tuple[str, ...]

    def signals(self, vector: Vectors, space: str, article_id: str, passage_id: str) -> tuple[float, ...]:
        """SIGNALS for a question whose unit vector is `vector`, shape (d,), and the article found first, by that passage.

        Empty where the labels say nothing of it: the passage is new or was changed since, or the vectors are of another
        model.
        """
        if space != self.space or passage_id[:CHARACTERS] not in self.passages or not self.answers:
            return ()
        same = np.array([article_id in ids for ids in self.answers])
        found = nearest((self.vectors @ vector)[None], self._answered[None], same[None])
        return tuple(map(float, found[0]))

    @cached_property
    def _answered(self) -> Bools:
        return np.array([bool(ids) for ids in self.answers])

    def json(self) -> dict[str, Any]:
        """Each vector as int8 by its own largest value: `read` makes it a unit vector again, a cosine moves by about .001."""
        largest = np.abs(self.vectors).max(axis=1, keepdims=True)
        small = np.round(self.vectors / np.maximum(largest, 1e-9) * 127).astype(np.int8)
        return {
            "vectors": base64.b64encode(small.tobytes()).decode("ascii"),
            "answers": [sorted(ids) for ids in self.answers],
            "space": self.space,
            "passages": " ".join(sorted(self.passages)),
            "sample": list(self.sample),
        }

    @cached_property
    def digest(self) -> str:
        """By which the calibration names them."""
        return hashlib.sha256(json.dumps(self.json()).encode()).hexdigest()[:16]

    @classmethod
    def read(cls, told: dict[str, Any]) -> Precedents:
        small = np.frombuffer(base64.b64decode(told["vectors"]), dtype=np.int8)
        answers = tuple(frozenset(ids) for ids in told["answers"])
        vectors = units(small.reshape(len(answers), -1).astype(np.float32))
        known = frozenset(told["passages"].split())
        return cls(vectors, answers, told["space"], known, tuple(told["sample"]))


def made_of(
    vectors: Sequence[Sequence[float]],
    answers: Sequence[Collection[str]],
    space: str,
    passages: Collection[str],
) -> Precedents:
    """`passages`: the ids of all that is searched. MOST questions at most, as `drawn`."""
    kept = drawn(len(answers))
    return Precedents(
        units(np.array([vectors[i] for i in kept], dtype=np.float32)),
        tuple(frozenset(answers[i]) for i in kept),
        space,
        frozenset(id[:CHARACTERS] for id in passages),
        tuple(random.Random(0).sample(sorted(passages), min(SAMPLE, len(passages)))),
    )


def drawn(n: int) -> list[int]:
    """The places of those that are heard of n labelled questions: all, or MOST by a fixed seed."""
    return sorted(random.Random(0).sample(range(n), MOST)) if n > MOST else list(range(n))


def nearest(cosines: Vectors, answered: Bools, same: Bools) -> Vectors:
    """SIGNALS of m questions against n labelled ones, shape (m, 4); all given of shape (m, n).

    `answered`: some article answers the labelled question; `same`: the article does that is found first for the new one. A
    cosine of 0 stands for none: give it for labelled questions that are to be left out.
    """
    wanted = (answered, ~answered, same, ~same)
    return np.stack([np.where(which, cosines, 0.0).max(axis=1, initial=0.0) for which in wanted], axis=1)


def units(vectors: Vectors) -> Vectors:
    """Of length 1, row by row."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, 1e-9)
    return unit
