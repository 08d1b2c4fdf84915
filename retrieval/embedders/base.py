"""The door for embedders: text in, unit vectors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from help_center.faults import Mendable

Vectors = NDArray[np.float32]
Span = tuple[int, int]  # characters of a text, from and up to


class EmbedderError(Mendable):
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

    def embed_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        """As `embed_passages`, and for each text the unit vectors of its parts, shape (n, d), n at least 1.

        A part's vector is the mean of its tokens as they are in the whole text ("late chunking": Günther et al. 2024), so
        it costs no second run. A part beyond what the model reads has none; a model that cannot do it gives the text's own.
        """
        ...
