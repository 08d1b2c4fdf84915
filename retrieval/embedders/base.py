"""The door for embedders: text in, unit vectors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class EmbedderError(Exception):
    """The embedding model cannot be used. One line that says what to do."""


class Embedder(Protocol):
    """A model that turns text into vectors of unit length.

    `fingerprint` names the exact weights and arithmetic: vectors of two fingerprints never meet in an index.
    """

    fingerprint: str
    name: str

    def embed_query(self, text: str) -> Vectors:
        """Shape (d,), float32, length 1. Raises EmbedderError."""
        ...

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Shape (len(texts), d), float32, rows of length 1, in the order of `texts`.

        `progress` is called with the number of texts just done. Raises EmbedderError.
        """
        ...
