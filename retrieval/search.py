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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

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
EVIDENCE_DEPTH = 10  # articles whose scores and words the evidence is weighed on
REBUILD_AFTER = 400  # changes since the lexical base was built


@dataclass(frozen=True)
class Found:
    """What a search found. `hits`: articles, best first, each once, by its best passage. `passages`: the best
    passages, at most three of an article. `vector`: of the question, so that nobody embeds it twice."""

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
        hits, passages = self._read(ranked, viewer, max(limit, EVIDENCE_DEPTH))
        evidence = self._evidence(question, words, hits, passages, lexicon)
        return Found(hits[:limit], passages, evidence, vector)

    def lexicon(self) -> LexicalIndex:
        """The lexical index, caught up with the generation that the database is at."""
        with self._database.read() as session:
            query = select(IndexGeneration.generation).where(IndexGeneration.space == self.space)
            generation = session.scalar(query) or 0
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
            newest = session.scalar(select(IndexGeneration.generation).where(IndexGeneration.space == self.space)) or 0
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
        query = select(*columns).join(Article, Article.id == PassageRow.article_id).where(PassageRow.space == self.space)
        if article_id is not None:
            query = query.where(PassageRow.article_id == article_id)
        for id, article, audience, language, headings, text, title in session.execute(query).all():
            yield Entry(id, article, audience, language, "\n".join((title, *headings, text)))

    def _places(
        self, lexicon: LexicalIndex, viewer: Viewer, locale: str | None, only: bool
    ) -> frozenset[tuple[str, str]]:
        allowed = {place for place in set(lexicon.places) if place[0] in audiences_of(viewer)}
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

    def _fuse(self, dense: dict[str, float], lexical: dict[str, float]) -> list[tuple[str, float, float, float]]:
        """(passage id, cosine, BM25, fused passage score), best first. What a half did not find gets its floor."""
        low_d, high_d = _range(dense)
        low_l, high_l = 0.0, max(lexical.values(), default=0.0)
        fused = []
        for id in dense.keys() | lexical.keys():
            d, lex = dense.get(id, low_d), lexical.get(id, low_l)
            score = DENSE_WEIGHT * _scaled(d, low_d, high_d) + (1 - DENSE_WEIGHT) * _scaled(lex, low_l, high_l)
            fused.append((id, d, lex, score))
        return sorted(fused, key=lambda row: (-row[3], row[0]))

    def _read(
        self, ranked: list[tuple[str, float, float, float]], viewer: Viewer, limit: int
    ) -> tuple[list[Hit], list[Hit]]:
        """Hits by article and by passage, read through `visible`: what was unpublished a moment ago is gone."""
        scores = {id: (dense, lexical, score) for id, dense, lexical, score in ranked}
        with self._database.read() as session:
            query = select(PassageRow.id, PassageRow.article_id).where(
                PassageRow.space == self.space, PassageRow.id.in_(list(scores))
            )
            article_of = dict(session.execute(query).tuples().all())
            best: dict[str, list[float]] = {}  # article -> best cosine, best BM25
            for id, dense, lexical, _ in ranked:
                if id in article_of:
                    row = best.setdefault(article_of[id], [-1.0, 0.0])
                    row[0], row[1] = max(row[0], dense), max(row[1], lexical)
            low_d, high_d = _range({a: d for a, (d, _) in best.items()})
            high_l = max((lexical for _, lexical in best.values()), default=0.0)
            total = {
                article: DENSE_WEIGHT * _scaled(d, low_d, high_d) + (1 - DENSE_WEIGHT) * _scaled(lexical, 0.0, high_l)
                for article, (d, lexical) in best.items()
            }
            order = sorted(total, key=lambda article: (-total[article], article))[: limit + 5]
            ids = [id for id, *_ in ranked if article_of.get(id) in set(order)]
            kept: dict[str, list[str]] = {}
            for id in ids:
                if len(kept.setdefault(article_of[id], [])) < 3:
                    kept[article_of[id]].append(id)
            wanted = [id for some in kept.values() for id in some]
            query_rows = (
                select(PassageRow, Article)
                .join(Article, Article.id == PassageRow.article_id)
                .where(PassageRow.space == self.space, PassageRow.id.in_(wanted), visible(viewer))
            )
            rows = {row.id: (row, article) for row, article in session.execute(query_rows).tuples()}
        hits = []
        for article_id in order:
            first = next((id for id in kept.get(article_id, []) if id in rows), None)
            if first is not None:
                dense, lexical = best[article_id]
                hits.append(_hit(*rows[first], dense, lexical, total[article_id]))
        passages = [_hit(*rows[id], *scores[id]) for id in ids if id in wanted and id in rows][:PASSAGES_KEPT]
        return hits[:limit], passages

    def _evidence(
        self, question: str, words: list[str], hits: list[Hit], passages: list[Hit], lexicon: LexicalIndex
    ) -> Evidence:
        candidates = []
        for hit in hits[:EVIDENCE_DEPTH]:
            language = hit.locale.split("-")[0].lower()
            title = tuple(tokens(" ".join((hit.title, *hit.passage.headings)), language))
            text = tuple(tokens(hit.passage.text, language))
            told = f"{hit.title}\n{hit.passage.text}"
            candidates.append(Candidate(hit.dense, hit.lexical, hit.score, title, text, told))
        mine = [passage.article_id == hits[0].article_id for passage in passages] if hits else []
        return weigh(question, words, candidates, mine, lexicon)


def _hit(row: PassageRow, article: Article, dense: float, lexical: float, score: float) -> Hit:
    passage = Passage(row.id, row.article_id, row.ordinal, tuple(row.headings), row.text)
    section = tuple(article.section)
    return Hit(
        passage, article.title, article.slug, section, article.locale, article.updated_at, dense, lexical, score
    )


def _range(scores: dict[str, float]) -> tuple[float, float]:
    return (min(scores.values()), max(scores.values())) if scores else (0.0, 0.0)


def _scaled(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else float(value > 0)


def _add(turn: dict[str, float], context: dict[str, float]) -> dict[str, float]:
    """(score(turn) + 0.6 x score(history)) / 1.6, a half's floor where one of them did not find the passage."""
    low_t, low_c = min(turn.values(), default=0.0), min(context.values(), default=0.0)
    both = turn.keys() | context.keys()
    whole = 1 + CONTEXT_WEIGHT
    return {id: (turn.get(id, low_t) + CONTEXT_WEIGHT * context.get(id, low_c)) / whole for id in both}


__all__ = ["Found", "Search", "StoreError"]
