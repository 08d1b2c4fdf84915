"""The door for rerankers: a question and texts in, a score for each text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from help_center.faults import Mendable

Scores = NDArray[np.float32]


class RerankerError(Mendable):
    """The reranker cannot be used. One line that says what to do."""


class Reranker(Protocol):
    """A model that reads a question together with a text: better than two vectors, and too slow for all texts.

    `fingerprint` names the exact weights and arithmetic, as an embedder's does.
    """

    fingerprint: str
    name: str

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Shape (len(texts),), in their order: the higher, the better the text answers; comparable within one call
        only. Safe to use from several threads. Raises RerankerError."""
        ...
