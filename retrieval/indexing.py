"""Keeps the search index in step with the articles: it pulls what changed, storage never pushes.

What is pending follows from comparing content hashes, so an interrupted run is simply run again. The order of
writes makes every moment safe to die in: vectors are added, then one transaction makes the new passages the
valid ones (readers believe only the database), then old vectors are deleted; strays are swept by the next full run.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from help_center.articles import Article
from help_center.database import Database, upsert
from help_center.index_tables import IndexedArticle, IndexGeneration, PassageRow
from retrieval import chunking, lexical
from retrieval.closeness import embed, packed
from retrieval.embedders.base import Embedder
from retrieval.passages import Passage
from retrieval.stores.base import VectorStore

log = logging.getLogger(__name__)
STRAY_SECONDS = 600
BATCH_PASSAGES = 256  # passages embedded and committed together
BATCH_REMOVED = 100  # articles taken out together
Progress = Callable[[int, int], None]  # (passages done so far, passages known so far)


@dataclass(frozen=True)
class IndexReport:
    """What one run did: articles brought up to date, articles taken out, passages embedded."""

    articles: int = 0
    removed: int = 0
    passages: int = 0


@dataclass(frozen=True)
class _Work:
    """One article to index, read at one moment."""

    article_id: str
    title: str
    content_hash: str
    audience: str
    language: str
    passages: list[Passage]


def space_of(embedder: Embedder) -> str:
    """The fingerprint of an index: weights and arithmetic of the model, chunking, tokens."""
    parts = (embedder.fingerprint, chunking.VERSION, lexical.TOKENS_VERSION)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def shelves_of(database: Database, space: str) -> str:
    """What the names of an index's shelves begin with: several installations may share one vector store."""
    return f"{database.installation_id}-{space}"


def shelf_of(shelves: str, audience: str, language: str) -> str:
    """The shelf of the vector store for one audience and language: never a slow filter, never a leak."""
    return f"{shelves}-{audience}-{language}"


class Indexer:
    def __init__(self, database: Database, store: VectorStore, embedder: Embedder) -> None:
        self.database = database
        self.store = store
        self.embedder = embedder
        self.space = space_of(embedder)
        self._shelves = shelves_of(database, self.space)
        self._one_batch = threading.Lock()

    def sync(self, progress: Progress | None = None, only: str | None = None) -> IndexReport:
        """Brings the index up to date; `only` one article when its id is given, the whole of it otherwise.

        When it returns, every search of every process sees the change. Raises StoreError or EmbedderError when
        one of them is down; what is done by then stays done.
        """
        if only is None:
            self._mend()
        articles = passages = known = 0
        for batch in self._batches(_pending(self.database, self.space, only)):
            before, known = passages, known + sum(len(work.passages) for work in batch)

            def embedded(count: int, before: int = before, known: int = known) -> None:
                nonlocal passages
                passages += count
                if progress:
                    progress(passages, known)

            with self._one_batch:
                articles += self._index(batch, embedded)
        removed = 0
        gone = _gone(self.database, self.space, only)
        for start in range(0, len(gone), BATCH_REMOVED):
            with self._one_batch:
                removed += self._take_out(gone[start : start + BATCH_REMOVED])
        return IndexReport(articles, removed, passages)

    def _batches(self, ids: list[str]) -> Iterator[list[_Work]]:
        batch: list[_Work] = []
        for article_id in ids:
            with self.database.read() as session:
                article = session.get(Article, article_id)
            if article is None or article.status != "published":
                continue
            passages = chunking.split(article.id, article.title, article.body)
            batch.append(
                _Work(
                    article.id,
                    article.title,
                    article.content_hash,
                    article.audience,
                    article.language,
                    passages,
                )
            )
            if sum(len(work.passages) for work in batch) >= BATCH_PASSAGES:
                yield batch
                batch = []
        if batch:
            yield batch

    def _index(self, batch: list[_Work], embedded: Callable[[int], None]) -> int:
        """Embeds and commits one batch; how many articles are up to date now."""
        held: dict[str, dict[str, str]] = {}  # article -> passage id -> shelf
        with self.database.read() as session:
            for work in batch:
                rows = session.execute(
                    select(PassageRow.id, PassageRow.audience, PassageRow.language).where(
                        PassageRow.space == self.space, PassageRow.article_id == work.article_id
                    )
                )
                held[work.article_id] = {
                    id: shelf_of(self._shelves, audience, lang) for id, audience, lang in rows
                }
        fresh: list[tuple[str, str, Passage]] = []  # shelf, title, passage to embed
        for work in batch:
            shelf = shelf_of(self._shelves, work.audience, work.language)
            for passage in work.passages:
                if held[work.article_id].get(passage.id) != shelf:
                    fresh.append((shelf, work.title, passage))
        kept = sum(len(work.passages) for work in batch) - len(fresh)
        if kept:
            embedded(kept)
        vectors, parts = embed(self.embedder, [(title, passage) for _, title, passage in fresh], embedded)
        packed_parts = {one.id: packed(of_it) for (_, _, one), of_it in zip(fresh, parts, strict=True)}
        for shelf in {shelf for shelf, _, _ in fresh}:
            rows_of = [i for i, (name, _, _) in enumerate(fresh) if name == shelf]
            self.store.add(shelf, [fresh[i][2].id for i in rows_of], vectors[rows_of])
        with self.database.write() as session:
            done = [work for work in batch if self._commit(session, work, packed_parts)]
        self._drop_old(done, held)
        return len(done)

    def _commit(self, session: Session, work: _Work, fresh: dict[str, bytes]) -> bool:
        """Makes the work's passages the valid ones, unless the article has changed again meanwhile."""
        generation = self._next_generation(session)
        query = select(Article.content_hash).where(
            Article.id == work.article_id, Article.status == "published"
        )
        if session.scalar(query.with_for_update()) != work.content_hash:
            return False
        mine = (PassageRow.space == self.space) & (PassageRow.article_id == work.article_id)
        parts = (
            dict(session.execute(select(PassageRow.id, PassageRow.parts).where(mine)).tuples().all()) | fresh
        )
        session.execute(delete(PassageRow).where(mine))
        rows = [
            {
                "space": self.space, "id": passage.id, "article_id": work.article_id, "ordinal": passage.ordinal,
                "headings": list(passage.headings), "text": passage.text, "audience": work.audience,
                "sections": [[section.start, section.end, list(section.headings)] for section in passage.sections],
                "language": work.language, "parts": parts.get(passage.id),
            }
            for passage in work.passages
        ]  # fmt: skip
        if rows:
            session.execute(insert(PassageRow), rows)
        self._mark(session, work.article_id, work.content_hash, generation)
        return True

    def _drop_old(self, done: list[_Work], held: dict[str, dict[str, str]]) -> None:
        old: dict[str, list[str]] = {}
        for work in done:
            shelf_now = shelf_of(self._shelves, work.audience, work.language)
            now_there = {passage.id for passage in work.passages}
            for id, shelf in held[work.article_id].items():
                if id not in now_there or shelf != shelf_now:
                    old.setdefault(shelf, []).append(id)
        for shelf, ids in old.items():
            self.store.delete(shelf, ids)

    def _take_out(self, article_ids: list[str]) -> int:
        """How many were taken out: one that is published again meanwhile stays."""
        with self.database.write() as session:
            generation = self._next_generation(session)
            back = select(Article.id).where(Article.id.in_(article_ids), Article.status == "published")
            gone = sorted(set(article_ids) - set(session.scalars(back)))
            mine = (PassageRow.space == self.space) & PassageRow.article_id.in_(gone)
            rows = session.execute(
                select(PassageRow.id, PassageRow.audience, PassageRow.language).where(mine)
            ).all()
            session.execute(delete(PassageRow).where(mine))
            for article_id in gone:
                self._mark(session, article_id, "", generation)
        shelves: dict[str, list[str]] = {}
        for id, audience, language in rows:
            shelves.setdefault(shelf_of(self._shelves, audience, language), []).append(id)
        for shelf, ids in shelves.items():
            self.store.delete(shelf, ids)
        return len(gone)

    def _mend(self) -> None:
        """Sweeps vectors that no passage knows, and marks articles whose vectors the store has lost.

        A stray may be another process's batch that is about to be committed: it is noted first, and swept by a
        run at least STRAY_SECONDS later that still finds it.
        """
        with self.database.read() as session:
            columns = (PassageRow.id, PassageRow.article_id, PassageRow.audience, PassageRow.language)
            rows = session.execute(select(*columns).where(PassageRow.space == self.space)).all()
        wanted: dict[str, dict[str, str]] = {}
        for id, article_id, audience, language in rows:
            wanted.setdefault(shelf_of(self._shelves, audience, language), {})[id] = article_id
        noted = self.database.fact(f"strays:{self.space}") or {}
        strays: dict[str, float] = {}
        lost: set[str] = set()
        for shelf in {name for name in self.store.shelves() if name.startswith(f"{self._shelves}-")} | set(
            wanted
        ):
            there = self.store.ids(shelf)
            expected = wanted.get(shelf, {})
            stray = {id: noted.get(id, time.time()) for id in there - expected.keys()}
            old = sorted(id for id, since in stray.items() if since < time.time() - STRAY_SECONDS)
            self.store.delete(shelf, old)
            strays |= {id: since for id, since in stray.items() if id not in old}
            lost |= {expected[id] for id in expected.keys() - there}
        if strays or noted:
            self.database.keep_fact(f"strays:{self.space}", strays)
        if not lost:
            return
        log.warning("%d articles had lost their vectors and are indexed again", len(lost))
        with self.database.write() as session:
            for article_id in lost:
                generation = self._next_generation(session)
                mine = (PassageRow.space == self.space) & (PassageRow.article_id == article_id)
                session.execute(delete(PassageRow).where(mine))
                self._mark(session, article_id, "", generation)

    def _next_generation(self, session: Session) -> int:
        """Counts up; the counter's row is locked until the commit, so generations are committed in their order."""
        step = (
            update(IndexGeneration)
            .where(IndexGeneration.space == self.space)
            .values(generation=IndexGeneration.generation + 1)
            .returning(IndexGeneration.generation)
        )
        generation = session.scalar(step)
        if generation is None:
            session.execute(
                upsert(session, IndexGeneration)
                .values(space=self.space, generation=0)
                .on_conflict_do_nothing()
            )
            generation = session.scalar(step)
        assert generation is not None
        return generation

    def _mark(self, session: Session, article_id: str, content_hash: str, generation: int) -> None:
        row = {
            "space": self.space,
            "article_id": article_id,
            "content_hash": content_hash,
            "generation": generation,
        }
        changed = {"content_hash": content_hash, "generation": generation}
        session.execute(
            upsert(session, IndexedArticle)
            .values(row)
            .on_conflict_do_update(index_elements=["space", "article_id"], set_=changed)
        )


def pending_of(database: Database, space: str) -> tuple[int, int, int]:
    """(articles that the index is behind, articles in it, passages in it)."""
    behind = len(_pending(database, space, None)) + len(_gone(database, space, None))
    with database.read() as session:
        seen = select(func.count()).where(IndexedArticle.space == space, IndexedArticle.content_hash != "")
        held = select(func.count()).where(PassageRow.space == space)
        return behind, session.scalar(seen) or 0, session.scalar(held) or 0


def _pending(database: Database, space: str, only: str | None) -> list[str]:
    """Published articles that the index has not seen as they are now."""
    with database.read() as session:
        same = (IndexedArticle.space == space) & (IndexedArticle.article_id == Article.id)
        query = select(Article.id).outerjoin(IndexedArticle, same).order_by(Article.id)
        query = query.where(
            Article.status == "published",
            IndexedArticle.content_hash.is_(None) | (IndexedArticle.content_hash != Article.content_hash),
        )
        if only is not None:
            query = query.where(Article.id == only)
        return list(session.scalars(query))


def _gone(database: Database, space: str, only: str | None) -> list[str]:
    """Articles that the index has and that are not published any more."""
    with database.read() as session:
        there = (Article.id == IndexedArticle.article_id) & (Article.status == "published")
        query = select(IndexedArticle.article_id).outerjoin(Article, there)
        query = query.where(
            IndexedArticle.space == space, IndexedArticle.content_hash != "", Article.id.is_(None)
        )
        if only is not None:
            query = query.where(IndexedArticle.article_id == only)
        return list(session.scalars(query))
