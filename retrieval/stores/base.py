"""The door for vector stores: vectors by id, in named shelves, nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from help_center.faults import Mendable
from retrieval.embedders.base import Vectors


class StoreError(Mendable):
    """The vector store cannot be used. One line that says what to do."""


class VectorStore(Protocol):
    """Keeps vectors in shelves. A shelf comes into being when something is put on it.

    Every method raises StoreError when the store does not answer. Doing a thing twice is the same as doing it once.
    """

    def add(self, shelf: str, ids: Sequence[str], vectors: Vectors) -> None:
        """`vectors`: shape (len(ids), d). Durable when it returns. Ids already there are replaced."""
        ...

    def delete(self, shelf: str, ids: Sequence[str]) -> None:
        """Ids that are not there are ignored."""
        ...

    def nearest(self, shelf: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """Up to `limit` (id, cosine), nearest first; nothing for a shelf that does not exist."""
        ...

    def ids(self, shelf: str) -> set[str]: ...

    def shelves(self) -> list[str]: ...

    def drop(self, shelf: str) -> None: ...

    def check(self) -> None:
        """Raises StoreError when the store does not answer."""
        ...
