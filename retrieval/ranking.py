"""Puts passages and articles in order by what both halves of search say. Pure arithmetic.

Convex fusion (Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval"). The closeness enters as
it is: a cosine means much the same for every question. BM25 does not, and enters as its share of the best score. An
article counts by its closest passage and by its best passage in words, which may be two. The weight and BM25's k1 were
fitted on public question sets, each judged outside its own fit: `docs/log.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from retrieval.embedders.base import Vectors
from retrieval.passages import Hit

CLOSENESS = 0.78  # weight of the dense half; the lexical half has the rest


@dataclass(frozen=True)
class Ranked:
    """An article or a passage. `close`: cosine; `lexical`: BM25; `score`: both, 0..1."""

    id: str
    close: float
    lexical: float
    score: float


Scored = TypeVar("Scored", Ranked, Hit)


def rank(
    ids: Sequence[str],
    close: Vectors,
    lexical: Vectors,
    articles: Mapping[str, str],
    dense_share: float = 1.0,
) -> tuple[list[Ranked], list[Ranked]]:
    """Articles and passages, each best first. `close`, `lexical`: shape (len(ids),), of the passages `ids`.

    A passage without an article in `articles` is left out. `dense_share`: how far the dense half is trusted, 0..1.
    """
    known = [i for i, id in enumerate(ids) if id in articles]
    passages = _ordered([ids[i] for i in known], close[known], lexical[known], dense_share)
    best: dict[str, tuple[float, float]] = {}
    for passage in passages:
        article = articles[passage.id]
        c, b = best.get(article, (-1.0, 0.0))
        best[article] = max(c, passage.close), max(b, passage.lexical)
    both = np.array(list(best.values()), dtype=np.float32).reshape(-1, 2)
    return _ordered(list(best), both[:, 0], both[:, 1], dense_share), passages


def exact_first(
    found: Sequence[Scored], exact: Collection[str], id_of: Callable[[Scored], str]
) -> list[Scored]:
    """What holds the letters that are asked for before the rest, each in its order; the scores follow."""
    scored = [replace(one, score=(one.score + (id_of(one) in exact)) / 2) for one in found]
    return sorted(scored, key=lambda one: (id_of(one) not in exact, -one.score))


def _ordered(ids: Sequence[str], close: Vectors, lexical: Vectors, dense_share: float) -> list[Ranked]:
    most = float(lexical.max(initial=0.0))
    words = np.maximum(lexical, 0.0) / most if most > 0 else np.zeros_like(lexical)
    weight = CLOSENESS * dense_share
    scores = np.clip(weight * close + (1 - weight) * words, 0.0, 1.0)
    rows = [
        Ranked(id, float(c), float(b), float(s))
        for id, c, b, s in zip(ids, close, lexical, scores, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.score, row.id))
