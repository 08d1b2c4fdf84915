"""Search as it would be if one article were otherwise: edited, new, or gone. Nothing is written.

Cutting, embedding, ranking and audiences are search's own; only what proposes and what is read is laid over: the vector store,
the lexical index, the vectors of parts, the rows.

A rehearsal stands on the index as it is when it is made. What was right for a question in rehearsal is what search does
once the article is published (tests/retrieval/test_rehearsal.py holds that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import select

from help_center.articles import Article, audiences_of
from help_center.database import now
from help_center.index_tables import PassageRow
from help_center.markup import clean_markdown, slugify
from help_center.people import Viewer
from help_center.sources.base import SourceArticle, primary_language
from retrieval import chunking
from retrieval.closeness import Closeness, embed, packed
from retrieval.embedders.base import Embedder, Vectors
from retrieval.indexing import shelf_of
from retrieval.lexical import Entry, LexicalIndex, searched
from retrieval.passages import Passage
from retrieval.search import Search
from retrieval.stores.base import VectorStore

QUESTIONS_KEPT = 4096  # vectors of questions: the same ones are asked of what is and of what would be


@dataclass(frozen=True)
class Change:
    """What is to become of an article. `article` None: it is taken out (deleted, archived, or a draft again)."""

    article_id: str
    article: SourceArticle | None


@dataclass(frozen=True)
class _Row:
    """A passage that is not stored, as `Search` reads stored ones."""

    id: str
    article_id: str
    ordinal: int
    headings: tuple[str, ...]
    text: str
    sections: list[list[Any]]
    title: str
    slug: str
    section: tuple[str, ...]
    locale: str
    updated_at: datetime
    labels: tuple[str, ...]


class Rehearsal(Search):
    """A search over the index with a change laid over it; without one, the index as it stands now."""

    def __init__(
        self, search: Search, change: Change | None = None, remembering: Embedder | None = None
    ) -> None:
        """Cuts and embeds what is new. Raises EmbedderError. `remembering`: as `Remembering`, shared by several."""
        super().__init__(
            search._database,
            search._store,
            remembering or search.embedder,
            search._snapshots,
            search._reranker,
        )
        self._closeness = search._closeness
        self._base = search.lexicon()
        self._without: str | None = None
        self._mine: dict[str, _Row] = {}
        self._audience = ""
        self.parts: Vectors = np.zeros(
            (0, 0), dtype=np.float32
        )  # of the article, as it is and as it would be
        if change is not None:
            self._lay_over(change)

    def lexicon(self) -> LexicalIndex:
        return self._base

    def _lay_over(self, change: Change) -> None:
        self._without = change.article_id
        held = self._stored(change.article_id)
        given = change.article if change.article and change.article.status == "published" else None
        passages = chunking.split(given.id, given.title, clean_markdown(given.body)) if given else []
        language = primary_language(given.locale) if given else ""
        shelf = shelf_of(self._shelves, given.audience, language) if given else ""
        kept = {passage.id for passage in passages if held.get(passage.id, ("", b""))[0] == shelf}
        fresh = [passage for passage in passages if passage.id not in kept]
        vectors, parts = (
            embed(self.embedder, [(given.title, passage) for passage in fresh])
            if given and fresh
            else (np.zeros((0, 0), dtype=np.float32), [])
        )
        gone: dict[str, set[str]] = {}
        for id, (its_shelf, _) in held.items():
            if id not in kept:
                gone.setdefault(its_shelf, set()).add(id)
        new = {passage.id: vectors[i] for i, passage in enumerate(fresh)}
        self._store = _Laid(self._store, gone, shelf, new)
        mine = {id: its_parts for id, (_, its_parts) in held.items() if id in kept}
        mine |= {passage.id: packed(of_it) for passage, of_it in zip(fresh, parts, strict=True)}
        self._closeness = _Parts(self._closeness, mine)
        dimensions = len(self.embedder.embed_query(change.article_id))
        before_and_after = self._closeness.parts(list(held.keys() | mine.keys()), dimensions)
        self.parts = np.concatenate([np.zeros((0, dimensions), np.float32), *before_and_after])
        self._base = self._base.copy()
        if given is not None:
            self._audience = given.audience
            self._mine = self._rows_of(given, passages)
        entries = self._would_be(given, passages, language) if given else iter(())
        self._base.replace(change.article_id, entries)

    def _stored(self, article_id: str) -> dict[str, tuple[str, bytes]]:
        """Passage id -> its shelf and its parts, as they are indexed."""
        columns = (PassageRow.id, PassageRow.audience, PassageRow.language, PassageRow.parts)
        mine = (PassageRow.space == self.space) & (PassageRow.article_id == article_id)
        with self._database.read() as session:
            rows = session.execute(select(*columns).where(mine)).tuples().all()
        return {
            id: (shelf_of(self._shelves, audience, language), parts or b"")
            for id, audience, language, parts in rows
        }

    def _would_be(self, given: SourceArticle, passages: Sequence[Passage], language: str) -> Iterator[Entry]:
        for passage in passages:
            words = searched(given.title, given.labels, passage.headings, passage.text)
            yield Entry(passage.id, given.id, given.audience, language, words)

    def _rows_of(self, given: SourceArticle, passages: Sequence[Passage]) -> dict[str, _Row]:
        with self._database.read() as session:
            slug = session.scalar(select(Article.slug).where(Article.id == given.id))
        return {
            passage.id: _Row(
                passage.id, given.id, passage.ordinal, passage.headings, passage.text,
                [[one.start, one.end, list(one.headings)] for one in passage.sections],
                given.title, slug or slugify(given.title), tuple(given.section), given.locale, given.updated_at or now(), given.labels,
            )
            for passage in passages
        }  # fmt: skip

    def _rows(self, ids: list[str], viewer: Viewer) -> dict[str, Any]:
        theirs = [id for id in ids if id not in self._mine]
        rows = {
            id: row for id, row in super()._rows(theirs, viewer).items() if row.article_id != self._without
        }
        if self._audience in audiences_of(viewer):
            rows |= {id: self._mine[id] for id in ids if id in self._mine}
        return rows


class Remembering:
    """An embedder that keeps the vectors of questions."""

    def __init__(self, embedder: Embedder) -> None:
        self.fingerprint = embedder.fingerprint
        self.name = embedder.name
        self.embed_query = lru_cache(maxsize=QUESTIONS_KEPT)(embedder.embed_query)
        self.embed_passages = embedder.embed_passages
        self.embed_parts = embedder.embed_parts


class _Laid:
    """The vector store as it would be: without some vectors, and with some more on one shelf."""

    def __init__(
        self, store: VectorStore, gone: Mapping[str, set[str]], shelf: str, new: Mapping[str, Vectors]
    ) -> None:
        self._store = store
        self._gone = gone
        self._shelf = shelf
        self._new = list(new)
        self._vectors = np.stack(list(new.values())) if new else None

    def nearest(self, shelf: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        gone = self._gone.get(shelf, set())
        found = [one for one in self._store.nearest(shelf, vector, limit + len(gone)) if one[0] not in gone]
        if shelf == self._shelf and self._vectors is not None:
            cosines = self._vectors @ vector
            found += [(id, float(cosine)) for id, cosine in zip(self._new, cosines, strict=True)]
            found.sort(key=lambda one: -one[1])
        return found[:limit]

    def __getattr__(self, name: str) -> Any:
        raise PermissionError(f"a rehearsal only reads: {name}")


class _Parts(Closeness):
    """The parts of stored passages, and those of passages that are not stored."""

    def __init__(self, stored: Closeness, mine: Mapping[str, bytes]) -> None:
        super().__init__(stored._database, stored._space)
        self._stored = stored
        self._mine = mine

    def _held(self, ids: Sequence[str]) -> dict[str, bytes]:
        mine = {id: self._mine[id] for id in ids if id in self._mine}
        return mine | self._stored._held([id for id in ids if id not in mine])
