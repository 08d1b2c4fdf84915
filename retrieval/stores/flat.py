"""A small shelf in memory, compared vector by vector: exact, and sooner done than an index is asked.

Nothing here is ever changed: a change makes a new one. Knows ids and vectors, not whose they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.embedders.base import Vectors


@dataclass(frozen=True)
class Flat:
    """`vectors`: shape (len(ids), d), each of length 1."""

    ids: list[str]
    vectors: Vectors

    @classmethod
    def of(cls, ids: Sequence[str], vectors: Vectors) -> Flat:
        """Of vectors of any length, shape (len(ids), d)."""
        rows = np.asarray(vectors, dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
        units: Vectors = rows / np.maximum(lengths, 1e-12)
        return cls(list(ids), units)

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """Up to `limit` (id, cosine), nearest first."""
        # einsum and not @: BLAS would wake threads for a tenth of a millisecond's work, and wait for them
        cosines = np.einsum("pd,d->p", self.vectors, vector)
        cosines /= max(float(np.linalg.norm(vector)), 1e-12)
        rows = np.arange(len(cosines))
        if limit < len(rows):
            rows = np.argpartition(-cosines, limit)[:limit]
        rows = rows[np.argsort(-cosines[rows], kind="stable")]
        return list(zip([self.ids[row] for row in rows.tolist()], cosines[rows].tolist(), strict=True))

    def without(self, ids: Sequence[str]) -> Flat:
        gone = set(ids)
        kept = [row for row, id in enumerate(self.ids) if id not in gone]
        return Flat([self.ids[row] for row in kept], self.vectors[kept])

    def with_(self, ids: Sequence[str], vectors: Vectors) -> Flat:
        """With these too; an id that is there already has its new vector."""
        rest, more = self.without(ids), Flat.of(ids, vectors)
        return Flat(rest.ids + more.ids, np.concatenate([rest.vectors, more.vectors]))
