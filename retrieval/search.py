"""Search: dense and lexical, fused. One search serves the bot, the help center and the API.

Two halves score passages, an article counts by its best passage in each, both are brought to 0..1 over the
candidates and added (convex fusion: Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid
Retrieval"). Who may see what is decided by `help_center.articles`: the shelves and places searched follow from it,
and every hit is read again through its `visible` before it leaves.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Select, bindparam, select

from help_center.articles import Article, audiences_of, visible
from help_center.database import Database
from help_center.index_tables import IndexedArticle, IndexGeneration, PassageRow
from help_center.people import STRANGER, Viewer
from retrieval.embedders.base import Embedder, Vectors
from retrieval.evidence import Candidate, Evidence, weigh
from retrieval.indexing import shelf_of, shelves_of, space_of
from retrieval.lexical import Entry, LexicalIndex, tokens
from retrieval.passages import Hit, Passage
from retrieval.stores.base import StoreError, VectorStore

log = logging.getLogger(__name__)
DENSE_WEIGHT = 0.7
CONTEXT_WEIGHT = 0.6  # of the history, where a question follows up on it
DEPTH = 100  # passages taken from each half
PASSAGES_KEPT = 12
OF_THE_BEST, PER_ARTICLE = 10, 3  # passages read of the best article, of the next two; one of the others
SPARE = 2  # articles read beyond the limit, for those that turn out to be gone
EVIDENCE_DEPTH = 10  # articles whose scores and words the evidence is weighed on
REBUILD_AFTER = 400  # changes since the lexical base was built


_generation_query = select(IndexGeneration.generation).where(IndexGeneration.space == bindparam("space"))


@dataclass(frozen=True)
class Found:
    """What a search found. `hits`: articles, best first, each once, by its best passage. `passages`: the best
    passages, and what else is near of the first article. `vector`: of the question, so that nobody embeds it twice."""

    hits: list[Hit] = field(default_factory=list)
    passages: list[Hit] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    vector: Vectors | None = None


class Search:
    """One per process. `find` may be called by several threads."""

    def __init__(self, database: Database, store: VectorStore, embedder: Embedder, snapshots: Path) -> None:
        self._database = database
        self._store = store
        self._embedder = embedder
        self._snapshots = snapshots
        self.space = space_of(embedder)
        self._shelves = shelves_of(database, self.space)
        self._lexicon: LexicalIndex | None = None
        self._change = threading.Lock()
        self._rebuilding = threading.Lock()

    def find(
        self,
        question: str,
        *,
        viewer: Viewer = STRANGER,
        limit: int = 10,
        locale: str | None = None,
        only_locale: bool = False,
        context: str | None = None,
    ) -> Found:
        """Articles for a question, best first.

        `locale` prefers articles of that language (all are searched when it has none); `only_locale` searches no
        other. `context`: what was said before, for a question that follows up on it. Raises StoreError or
        EmbedderError when a part is down.
        """
        question = question.strip()
        lexicon = self.lexicon()
        places = self._places(lexicon, viewer, locale, only_locale)
        if not question or not places:
            return Found()
        vector = self._embedder.embed_query(question)
        language = locale.split("-")[0].lower() if locale else None
        words = lexicon.question_tokens(question, language)
        dense, lexical = self._halves(lexicon, vector, words, places)
        if context:
            c_vector = self._embedder.embed_query(context)
            c_words = lexicon.question_tokens(context, language)
            c_dense, c_lexical = self._halves(lexicon, c_vector, c_words, places)
            dense = _add(dense, c_dense)
            lexical = _add(lexical, c_lexical)
        ranked = self._fuse(dense, lexical)
        hits, passages = self._read(ranked, lexicon, viewer, max(limit, EVIDENCE_DEPTH))
        evidence = self._evidence(question, words, hits, passages, lexicon)
        return Found(hits[:limit], passages, evidence, vector)

    def lexicon(self) -> LexicalIndex:
        """The lexical index, caught up with the generation that the database is at."""
        with self._database.engine.connect() as connection:
            generation = connection.scalar(_generation_query, {"space": self.space}) or 0
        lexicon = self._lexicon
        if lexicon is not None and lexicon.generation >= generation:
            return lexicon
        with self._change:
            lexicon = self._lexicon
            if lexicon is None:
                lexicon = self._loaded() or LexicalIndex()
                if lexicon.generation == 0 or lexicon.generation > generation:
                    lexicon = self._build()
            if lexicon.generation < generation:
                lexicon = self._caught_up(lexicon)
            self._lexicon = lexicon
            if lexicon.changes > REBUILD_AFTER and not self._rebuilding.locked():
                threading.Thread(target=self.rebuild, name="lexical rebuild", daemon=True).start()
            return lexicon

    def rebuild(self) -> None:
        """Builds the lexical base anew and keeps its snapshot. Searches go on meanwhile."""
        with self._rebuilding:
            built = self._build()
            try:
                with self._alone():
                    built.save(self._snapshot)
                    self._drop_old_snapshots()
            except OSError as error:
                log.warning("the lexical snapshot could not be kept: %s", error)
            with self._change:
                if self._lexicon is None or self._lexicon.generation <= built.generation:
                    self._lexicon = built
                elif self._lexicon.generation > built.generation:
                    self._lexicon = self._caught_up(built)

    def warm(self) -> None:
        """Loads what the first question would otherwise wait for."""
        self.find("warm up")

    @property
    def _snapshot(self) -> Path:
        return self._snapshots / self._shelves

    def _loaded(self) -> LexicalIndex | None:
        if not self._snapshot.is_dir():
            return None
        with self._alone():
            return LexicalIndex.load(self._snapshot)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time writes or reads snapshots: several workers share the folder."""
        self._snapshots.mkdir(parents=True, exist_ok=True)
        with open(self._snapshots / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _drop_old_snapshots(self) -> None:
        for folder in self._snapshots.iterdir():
            if folder.is_dir() and folder != self._snapshot:
                shutil.rmtree(folder, ignore_errors=True)

    def _build(self) -> LexicalIndex:
        with self._database.read() as session:
            query = select(IndexGeneration.generation).where(IndexGeneration.space == self.space)
            generation = session.scalar(query) or 0  # read first: what comes later is caught up
            return LexicalIndex.build(self._entries(session, None), generation)

    def _caught_up(self, lexicon: LexicalIndex) -> LexicalIndex:
        """A lexicon with what changed since `lexicon` (which is not touched: others are reading it)."""
        with self._database.read() as session:
            # the counter first: what is committed between the two queries is in `changed`, or caught up with next time
            newest = (
                session.scalar(select(IndexGeneration.generation).where(IndexGeneration.space == self.space))
                or 0
            )
            query = select(IndexedArticle.article_id, IndexedArticle.generation).where(
                IndexedArticle.space == self.space, IndexedArticle.generation > lexicon.generation
            )
            changed = dict(session.execute(query).tuples().all())
            if len(changed) > REBUILD_AFTER:
                return self._build()
            fresh = lexicon.copy()
            for article_id in changed:
                fresh.replace(article_id, self._entries(session, article_id))
            fresh.generation = max([newest, *changed.values()])
        return fresh

    def _entries(self, session: Any, article_id: str | None) -> Iterable[Entry]:
        columns = (
            PassageRow.id, PassageRow.article_id, PassageRow.audience, PassageRow.language, PassageRow.headings,
            PassageRow.text, Article.title,
        )  # fmt: skip
        query = (
            select(*columns)
            .join(Article, Article.id == PassageRow.article_id)
            .where(PassageRow.space == self.space)
        )
        if article_id is not None:
            query = query.where(PassageRow.article_id == article_id)
        for id, article, audience, language, headings, text, title in session.execute(query).all():
            yield Entry(id, article, audience, language, "\n".join((title, *headings, text)))

    def _places(
        self, lexicon: LexicalIndex, viewer: Viewer, locale: str | None, only: bool
    ) -> frozenset[tuple[str, str]]:
        allowed = {place for place in lexicon.places_used if place[0] in audiences_of(viewer)}
        if locale:
            language = locale.split("-")[0].lower()
            spoken = {place for place in allowed if place[1] == language}
            if spoken or only:
                return frozenset(spoken)
        return frozenset(allowed)

    def _halves(
        self, lexicon: LexicalIndex, vector: Vectors, words: list[str], places: frozenset[tuple[str, str]]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Passage id -> cosine, and passage id -> BM25: the best DEPTH of each half."""
        dense: dict[str, float] = {}
        for audience, language in sorted(places):
            dense |= dict(self._store.nearest(shelf_of(self._shelves, audience, language), vector, DEPTH))
        scores = lexicon.scores(words, places)
        depth = min(DEPTH, len(scores))
        best = np.argpartition(-scores, depth - 1)[:depth] if depth else np.zeros(0, int)
        lexical = {lexicon.ids[i]: float(scores[i]) for i in best if scores[i] > 0}
        return dense, lexical

    def _fuse(
        self, dense: dict[str, float], lexical: dict[str, float]
    ) -> list[tuple[str, float, float, float]]:
        """(passage id, cosine, BM25, fused passage score), best first. What a half did not find gets its floor."""
        low_d, high_d = _range(dense.values())
        low_l, high_l = 0.0, max(lexical.values(), default=0.0)
        fused = []
        for id in dense.keys() | lexical.keys():
            d, lex = dense.get(id, low_d), lexical.get(id, low_l)
            score = DENSE_WEIGHT * _scaled(d, low_d, high_d) + (1 - DENSE_WEIGHT) * _scaled(
                lex, low_l, high_l
            )
            fused.append((id, d, lex, score))
        return sorted(fused, key=lambda row: (-row[3], row[0]))

    def _read(
        self, ranked: list[tuple[str, float, float, float]], lexicon: LexicalIndex, viewer: Viewer, limit: int
    ) -> tuple[list[Hit], list[Hit]]:
        """Hits by article and by passage, read through `visible`: what was unpublished a moment ago is gone."""
        scores: dict[str, tuple[float, float, float]] = {}
        by_article: dict[str, list[str]] = {}  # its passages, best first
        for id, dense, lexical, score in ranked:
            article = lexicon.article_of(id)
            if article is not None:
                scores[id] = dense, lexical, score
                by_article.setdefault(article, []).append(id)
        best = {
            a: (max(scores[id][0] for id in ids), max(scores[id][1] for id in ids))
            for a, ids in by_article.items()
        }
        low_d, high_d = _range([dense for dense, _ in best.values()])
        high_l = max((lexical for _, lexical in best.values()), default=0.0)
        total = {
            article: DENSE_WEIGHT * _scaled(d, low_d, high_d)
            + (1 - DENSE_WEIGHT) * _scaled(lexical, 0.0, high_l)
            for article, (d, lexical) in best.items()
        }
        order = sorted(total, key=lambda article: (-total[article], article))[: limit + SPARE]
        wanted = [
            id
            for place, a in enumerate(order)
            for id in by_article[a][: OF_THE_BEST if place == 0 else PER_ARTICLE if place < 3 else 1]
        ]
        rows = self._rows(wanted, viewer)
        hits = []
        for article in order:
            first = next((id for id in by_article[article][:OF_THE_BEST] if id in rows), None)
            if first is not None:
                hits.append(_hit(rows[first], *best[article], total[article]))
        found = sorted((id for id in wanted if id in rows), key=lambda id: -scores[id][2])
        first_article = hits[0].article_id if hits else None
        kept = [
            id
            for place, id in enumerate(found)
            if place < PASSAGES_KEPT or rows[id].article_id == first_article
        ]
        return hits[:limit], [_hit(rows[id], *scores[id]) for id in kept]

    def _rows(self, ids: list[str], viewer: Viewer) -> dict[str, Any]:
        """Passage id -> passage and what a hit tells of its article, of those that the viewer may see."""
        with self._database.engine.connect() as connection:
            return {
                row.id: row
                for row in connection.execute(_rows_query(viewer), {"space": self.space, "ids": ids})
            }

    def _evidence(
        self, question: str, words: list[str], hits: list[Hit], passages: list[Hit], lexicon: LexicalIndex
    ) -> Evidence:
        candidates = []
        for hit in hits[:EVIDENCE_DEPTH]:
            language = hit.locale.split("-")[0].lower()
            title = _tokens_of(hit.passage.id, " ".join((hit.title, *hit.passage.headings)), language)
            text = _tokens_of(hit.passage.id, hit.passage.text, language)
            told = f"{hit.title}\n{hit.passage.text}"
            candidates.append(Candidate(hit.dense, hit.lexical, hit.score, title, text, told))
        mine = [passage.article_id == hits[0].article_id for passage in passages] if hits else []
        return weigh(question, words, candidates, mine, lexicon)


@lru_cache(maxsize=16)
def _rows_query(viewer: Viewer) -> Select[Any]:
    """Built once per kind of viewer: building it costs as much as running it."""
    columns = (
        PassageRow.id, PassageRow.article_id, PassageRow.ordinal, PassageRow.headings, PassageRow.text,
        Article.title, Article.slug, Article.section, Article.locale, Article.updated_at,
    )  # fmt: skip
    query = select(*columns).join(Article, Article.id == PassageRow.article_id)
    mine = PassageRow.id.in_(bindparam("ids", expanding=True))
    return query.where(PassageRow.space == bindparam("space"), mine, visible(viewer))


def _hit(row: Any, dense: float, lexical: float, score: float) -> Hit:
    passage = Passage(row.id, row.article_id, row.ordinal, tuple(row.headings), row.text)
    return Hit(
        passage, row.title, row.slug, tuple(row.section), row.locale, row.updated_at, dense, lexical, score
    )


@lru_cache(maxsize=20_000)
def _tokens_of(_passage_id: str, text: str, language: str) -> tuple[str, ...]:
    """Tokens of a passage's title and headings, or of its text: the id is their content, they are cut once."""
    return tuple(tokens(text, language))


def _range(scores: Collection[float]) -> tuple[float, float]:
    return (min(scores), max(scores)) if scores else (0.0, 0.0)


def _scaled(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else float(value > 0)


def _add(turn: dict[str, float], context: dict[str, float]) -> dict[str, float]:
    """(score(turn) + 0.6 x score(history)) / 1.6, a half's floor where one of them did not find the passage."""
    low_t, low_c = min(turn.values(), default=0.0), min(context.values(), default=0.0)
    both = turn.keys() | context.keys()
    whole = 1 + CONTEXT_WEIGHT
    return {id: (turn.get(id, low_t) + CONTEXT_WEIGHT * context.get(id, low_c)) / whole for id in both}


__all__ = ["Found", "Search", "StoreError"]
