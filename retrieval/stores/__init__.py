"""Vector stores, and the one place that says which setting means which."""

from __future__ import annotations

from pathlib import Path

from retrieval.stores.base import StoreError, VectorStore
from retrieval.stores.chroma import ChromaStore

__all__ = ["StoreError", "VectorStore", "open_store"]


def open_store(folder: Path, url: str | None) -> VectorStore:
    """A Chroma server where `url` names one, else Chroma in `folder`. Raises StoreError."""
    return ChromaStore(url=url) if url else ChromaStore(folder=folder)
