"""How a reranker's scores change the order of what was found. Pure functions over hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retrieval.passages import Hit
from retrieval.rerankers.base import Scores

RERANKED = 20  # articles that the reranker reads, of the best
WEIGHT = 0.6  # of the reranker's score against the first one, both brought to 0..1 over the articles read


def read_text(hit: Hit) -> str:
    """What the reranker reads of an article: its best passage under its title and headings."""
    return "\n".join([" > ".join((hit.title, *hit.passage.headings)), hit.passage.text])


def reranked(hits: Sequence[Hit], scores: Scores) -> list[Hit]:
    """The hits in their new order. `hits`: best first; `scores`: the reranker's, of the first len(scores) of them.

    Those are put in the order of the mixed score, which takes the place of the first one within the same bounds: what
    was not read stays behind them, and scores fall from hit to hit.
    """
    read, rest = list(hits[: len(scores)]), list(hits[len(scores) :])
    if len(read) < 2:
        return list(hits)
    first = np.array([hit.score for hit in read], dtype=np.float64)
    mixed = (1 - WEIGHT) * _spread(first) + WEIGHT * _spread(np.asarray(scores, dtype=np.float64))
    told = first.min() + mixed * (first.max() - first.min())
    order = np.argsort(-mixed, kind="stable")
    return [replace(read[i], score=float(told[i])) for i in order] + rest


def _spread(scores: np.ndarray) -> np.ndarray:
    """Brought to 0..1; alike scores, and numbers that are none, say nothing and become 0."""
    scores = np.nan_to_num(scores, nan=float(np.nanmin(scores)) if not np.isnan(scores).all() else 0.0)
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
