"""Rerankers, and the one place that says which setting means which."""

from __future__ import annotations

from retrieval.rerankers.base import Reranker, RerankerError
from retrieval.rerankers.cross_encoder import open_model
from retrieval.rerankers.mixing import RERANKED, read_text, reranked

__all__ = ["RERANKED", "Reranker", "RerankerError", "open_reranker", "read_text", "reranked"]


def open_reranker(name: str | None) -> Reranker | None:
    """The reranker that PARLEY_RERANKER names; None where it names none. Raises RerankerError."""
    return open_model(name) if name else None
