"""How close a question is to a passage: to the part of it that is nearest.

A passage answers with one of its sentences, and the vector of all of it blurs that sentence with its neighbours. The
vectors of the parts stand beside the passage in the database, as int8: no second vector index, and what the vector store
and the lexical index propose is compared exactly. A title that is a question ("Can I return a bicycle?") is one more part,
by itself: whoever asks the same in other words is near to it, whatever the answer talks about.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from help_center.database import Database
from help_center.index_tables import PassageRow
from retrieval.chunking import embedded_text, parts, question_of
from retrieval.embedders.base import Embedder, Vectors
from retrieval.passages import Passage

TITLE_LENGTH = 0.96  # of a title's vector: a short text alone is nearer to any question than one among others
CACHE_BYTES = 64 * 2**20  # of one process


def embed(
    embedder: Embedder, passages: Sequence[tuple[str, Passage]], progress: Callable[[int], None] | None = None
) -> tuple[Vectors, list[Vectors]]:
    """The unit vectors of passages, each with its article's title, shape (len(passages), d), and the vectors of each
    one's parts, shape (n, d), in the order of the text, the title's after them. `progress` as in `embed_parts`. Raises
    EmbedderError."""
    texts = [embedded_text(title, passage) for title, passage in passages]
    vectors, of_parts = embedder.embed_parts(texts, [parts(text) for text in texts], progress)
    asking = {i: asked for i, one in enumerate(passages) if (asked := question_of(*one)) is not None}
    if asking:
        titles = embedder.embed_passages(list(asking.values())) * np.float32(TITLE_LENGTH)
        for i, title in zip(asking, titles, strict=True):
            of_parts[i] = np.vstack([of_parts[i], title])
    return vectors, of_parts


def packed(vectors: Vectors) -> bytes:
    """Vectors (n, d) as n records of a float32 scale and d int8."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
    records = np.empty(len(vectors), dtype=_record(vectors.shape[1]))
    records["scale"] = scales
    records["values"] = np.rint(vectors / scales[:, None])
    return records.tobytes()


class Closeness:
    """Reads the parts' vectors and keeps those of late; a passage's id is its content, so what is kept stays true.

    May be called by several threads.
    """

    def __init__(self, database: Database, space: str) -> None:
        self._database = database
        self._space = space
        self._query = select(PassageRow.id, PassageRow.parts).where(
            PassageRow.space == space, database.among(PassageRow.id, "ids")
        )
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._changing = threading.Lock()

    def __call__(self, questions: Vectors, ids: Sequence[str]) -> Vectors:
        """`questions`: unit vectors (k, d). The cosine of each with each passage's nearest part, shape (k, len(ids));
        NaN for a passage without parts."""
        closest = np.full((len(questions), len(ids)), np.nan, dtype=np.float32)
        records, counts = self._records(ids, questions.shape[1])
        if not len(records):
            return closest
        # einsum and not @: BLAS would wake threads for a tenth of a millisecond's work, and wait for them
        cosines = np.einsum("pd,kd->kp", records["values"], questions)
        cosines *= records["scale"]
        there = counts > 0
        starts = (np.cumsum(counts) - counts)[there]
        closest[:, there] = np.maximum.reduceat(cosines, starts, axis=1)
        return closest

    def of_parts(self, question: Vectors, id: str) -> Vectors:
        """The cosine of a question, shape (d,), with each part of a passage, in their order."""
        cosines: Vectors = self.parts([id], len(question))[0] @ question
        return cosines

    def parts(self, ids: Sequence[str], dimensions: int) -> list[Vectors]:
        """The vectors of each passage's parts, shape (n, dimensions); n is 0 for a passage without parts."""
        records, counts = self._records(ids, dimensions)
        vectors = records["values"].astype(np.float32) * records["scale"][:, None]
        return np.split(vectors, np.cumsum(counts)[:-1]) if len(ids) else []

    def _records(self, ids: Sequence[str], dimensions: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """The parts of all passages, one after the other, and how many each has."""
        held = self._held(ids)
        record = _record(dimensions)
        told = [held.get(id, b"") for id in ids]
        counts = np.array([len(one) for one in told], dtype=np.int64) // record.itemsize
        return np.frombuffer(b"".join(told), dtype=record), counts

    def _held(self, ids: Sequence[str]) -> dict[str, bytes]:
        with self._changing:
            held = {id: parts for id in ids if (parts := self._kept.get(id)) is not None}
            if self._size > CACHE_BYTES / 2:  # until then nothing is about to go
                for id in held:
                    self._kept.move_to_end(id)
        if len(held) < len(ids) and (missing := [id for id in ids if id not in held]):
            with self._database.engine.connect() as connection:
                rows = connection.execute(self._query, {"ids": missing}).all()
            read = {id: parts for id, parts in rows if parts}
            held |= read
            self._keep(read)
        return held

    def _keep(self, read: dict[str, bytes]) -> None:
        with self._changing:
            for id, parts in read.items():
                if id not in self._kept:
                    self._kept[id] = parts
                    self._size += len(parts)
            while self._size > CACHE_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest)


@lru_cache(maxsize=8)
def _record(dimensions: int) -> np.dtype[np.void]:
    return np.dtype([("scale", "<f4"), ("values", "i1", (dimensions,))])


__all__ = ["Closeness", "embed", "packed"]
