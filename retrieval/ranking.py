"""Puts passages and articles in order by what both halves of search say. Pure arithmetic.

Convex fusion (Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval"). The closeness enters as
it is: a cosine means much the same for every question. BM25 does not, and enters as its share of the best score. An
article counts by its closest passage and by its best passage in words, which may be two. The weight and BM25's k1 were
fitted on public question sets, each judged outside its own fit: `docs/log.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TypeVar

import numpy as np

from retrieval.embedders.base import Vectors
from retrieval.passages import Hit

CLOSENESS = 0.78  # weight of the dense half; the lexical half has the rest


@dataclass(slots=True, unsafe_hash=True)
class Ranked:
    """An article or a passage. `close`: cosine; `lexical`: BM25; `score`: both, 0..1.

    Never changed, though it is not frozen: hundreds are made for a search, and a frozen one takes four times as long."""

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
    closest: dict[str, float] = {}
    wordiest: dict[str, float] = {}
    for passage in passages:
        article = articles[passage.id]
        closest[article] = max(closest.get(article, -1.0), passage.close)
        wordiest[article] = max(wordiest.get(article, 0.0), passage.lexical)
    both = np.array([[*closest.values()], [*wordiest.values()]], dtype=np.float32)
    return _ordered(list(closest), both[0], both[1], dense_share), passages


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
    rows = list(map(Ranked, ids, close.tolist(), lexical.tolist(), scores.tolist()))
    rows.sort(key=attrgetter("id"))
    rows.sort(key=attrgetter("score"), reverse=True)  # the order of ids stays where scores are the same
    return rows
