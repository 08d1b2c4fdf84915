"""Chroma as the vector store: embedded in the data dir, or a Chroma server. Chroma's types stop here.

An embedded Chroma has one owner process (`help_center.owner`); this file does not check that. Only ids and
vectors are kept: the texts are in the database, and a plain query without `where` is Chroma's fast path. Small shelves of
an embedded Chroma are kept in memory beside it (`flat`): whatever changes them goes through here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import chromadb
import httpx
import numpy as np
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from help_center.faults import reason
from retrieval.embedders.base import Vectors
from retrieval.stores.base import StoreError
from retrieval.stores.flat import Flat

IDS_AT_ONCE = 100_000  # Chroma counts its way to an offset: small pages of 200,000 ids take ten times as long
SECONDS = 5.0  # a Chroma server that does not answer within this is down
SLOWEST_SECONDS = 120.0  # of one request: a large batch takes its time
# with real vectors 99.6 % of the true 100 nearest of 10,000 are found, 99.4 % of 50,000; ef_search 200 finds 99.0 and
# 98.8 %, 0.3 ms sooner (docs/log.md)
HOW_TO_FIND = {"hnsw": {"space": "cosine", "ef_search": 300, "ef_construction": 200, "max_neighbors": 24}}
# of vectors: a shelf up to this size is kept in memory (21,845 of 384 numbers), and all of them together up to that one
SHELF_BYTES, KEPT_BYTES = 32 * 2**20, 64 * 2**20


class ChromaStore:
    """Shelves are Chroma collections."""

    def __init__(self, folder: Path | None = None, url: str | None = None) -> None:
        self._where = url or str(folder)
        self._heartbeat = ""
        settings = Settings(anonymized_telemetry=False)
        self._lock = threading.Lock()
        self._collections: dict[str, Any] = {}
        self._in_memory = url is None
        self._flats: dict[str, Flat | None] = {}  # None: it is too large, or empty
        self._keeping = threading.Lock()
        try:
            if url:
                parts = urlsplit(url)
                port = parts.port or (443 if parts.scheme == "https" else 8000)
                self._heartbeat = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].removesuffix(f':{port}')}:{port}/api/v2/heartbeat"
                self._knock()
                self._client = chromadb.HttpClient(
                    parts.hostname or "", port, ssl=parts.scheme == "https", settings=settings
                )
                # Chroma's client waits for ever by itself
                self._client._server._session.timeout = httpx.Timeout(SLOWEST_SECONDS, connect=SECONDS)
            else:
                assert folder is not None
                folder.mkdir(parents=True, exist_ok=True)
                self._client = chromadb.PersistentClient(folder, settings=settings)
            self._batch = min(2000, self._client.get_max_batch_size())
        except Exception as error:
            raise self._error(error) from error

    def add(self, shelf: str, ids: Sequence[str], vectors: Vectors) -> None:
        if not ids:
            return
        try:
            collection = self._collection(shelf, create=True)
            for start in range(0, len(ids), self._batch):
                part = slice(start, start + self._batch)
                there = self._present(collection, ids[part])
                if there:  # delete and add is ten times faster than Chroma's upsert of ids that exist
                    collection.delete(ids=there)
                collection.add(ids=list(ids[part]), embeddings=np.asarray(vectors[part], dtype=np.float32))
            self._changed(shelf, lambda flat: flat.with_(ids, vectors))
        except Exception as error:
            self._forget(shelf)
            raise self._error(error) from error

    def delete(self, shelf: str, ids: Sequence[str]) -> None:
        try:
            collection = self._collection(shelf)
            if collection is None:
                return
            for start in range(0, len(ids), self._batch):
                there = self._present(collection, ids[start : start + self._batch])
                if there:
                    collection.delete(ids=there)
            self._changed(shelf, lambda flat: flat.without(ids))
        except Exception as error:
            self._forget(shelf)
            raise self._error(error) from error

    def nearest(self, shelf: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        try:
            collection = self._collection(shelf)
            if collection is None:
                return []
            flat = self._flat(shelf, collection, 4 * len(vector))
            if flat is not None:
                return flat.nearest(vector, limit)
            query = np.asarray(vector, dtype=np.float32)[None]
            try:
                found = collection.query(query_embeddings=query, n_results=limit, include=["distances"])
            except NotFoundError:  # dropped by another process since
                self._collections.pop(shelf, None)
                return []
            return [
                (id, 1.0 - float(distance))
                for id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
            ]
        except Exception as error:
            raise self._error(error) from error

    def ids(self, shelf: str) -> set[str]:
        try:
            collection = self._collection(shelf)
            if collection is None:
                return set()
            there: set[str] = set()
            while part := collection.get(include=[], limit=IDS_AT_ONCE, offset=len(there))["ids"]:
                there.update(part)
            return there
        except Exception as error:
            raise self._error(error) from error

    def shelves(self) -> list[str]:
        try:
            return [collection.name for collection in self._client.list_collections()]
        except Exception as error:
            raise self._error(error) from error

    def drop(self, shelf: str) -> None:
        try:
            self._forget(shelf)
            if self._collection(shelf) is not None:
                self._client.delete_collection(shelf)
                self._forget(shelf)
        except Exception as error:
            raise self._error(error) from error

    def check(self) -> None:
        try:
            if self._heartbeat:
                self._knock()
            else:
                self._client.heartbeat()
        except Exception as error:
            raise self._error(error) from error

    def _knock(self) -> None:
        httpx.get(self._heartbeat, timeout=SECONDS, trust_env=False).raise_for_status()

    def _collection(self, shelf: str, *, create: bool = False) -> Any:
        known = self._collections.get(shelf)
        if known is not None:
            return known
        with self._lock:
            try:
                collection = self._client.get_collection(shelf, embedding_function=None)
            except NotFoundError:
                if not create:
                    return None
                collection = self._client.get_or_create_collection(
                    shelf, embedding_function=None, configuration=HOW_TO_FIND
                )
            self._collections[shelf] = collection
            return collection

    def _flat(self, shelf: str, collection: Any, vector_bytes: int) -> Flat | None:
        """The shelf in memory; None where it is too large, or where other processes change it too."""
        if not self._in_memory:
            return None
        try:
            return self._flats[shelf]
        except KeyError:
            pass
        with self._keeping:  # what is changed meanwhile is changed here afterwards
            kept = sum(flat.vectors.nbytes for flat in self._flats.values() if flat is not None)
            size = collection.count() * vector_bytes
            flat = None
            if 0 < size <= min(SHELF_BYTES, KEPT_BYTES - kept):
                read = collection.get(include=["embeddings"])
                flat = Flat.of(read["ids"], read["embeddings"])
            self._flats[shelf] = flat
            return flat

    def _changed(self, shelf: str, change: Callable[[Flat], Flat]) -> None:
        """Makes a change of the shelf in its form in memory; one that is too large now, or was, is looked at anew."""
        with self._keeping:
            flat = self._flats.pop(shelf, None)
            if flat is not None and (flat := change(flat)).vectors.nbytes <= SHELF_BYTES:
                self._flats[shelf] = flat

    def _forget(self, shelf: str) -> None:
        self._collections.pop(shelf, None)
        with self._keeping:
            self._flats.pop(shelf, None)

    def _present(self, collection: Any, ids: Sequence[str]) -> list[str]:
        return list(collection.get(ids=list(ids), include=[])["ids"]) if ids else []

    def _error(self, error: Exception) -> StoreError:
        why = reason(error)[:200].rstrip(".")
        return StoreError(
            f"the vector store {self._where} cannot be used: {why}. Check PARLEY_CHROMA_URL and PARLEY_DATA_DIR."
        )
