"""Search: dense and lexical, fused. One search serves the bot, the help center and the API.

The vector store and the lexical index each propose passages; all of them are compared with the question exactly, by
their nearest part (`closeness`) and by BM25 (`lexical`), and put in order by both (`ranking`). Who may see what is decided by `help_center.articles`: the shelves and places searched follow from it,
and every hit is read again through its `visible` before it leaves.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Select, select

from help_center.articles import Article, audiences_of, visible
from help_center.database import Database
from help_center.index_tables import IndexedArticle, IndexGeneration, PassageRow
from help_center.people import STRANGER, Viewer
from help_center.sources.base import primary_language
from retrieval.balance import dense_share
from retrieval.closeness import Closeness
from retrieval.embedders.base import Embedder, Vectors
from retrieval.evidence import Candidate, Evidence, weigh
from retrieval.indexing import shelf_of, shelves_of, space_of
from retrieval.lexical import Entry, LexicalIndex, Place, Rows, searched, tokens
from retrieval.narrowing import narrowed
from retrieval.passages import Hit, Passage, Section
from retrieval.ranking import Ranked, exact_first, rank
from retrieval.relevance import shipped
from retrieval.rerankers import RERANKED, Reranker, read_text, reranked
from retrieval.stores.base import StoreError, VectorStore
from retrieval.wording import Wording, read_question

log = logging.getLogger(__name__)
HALF_SAID = (
    0.5  # share of the telling words that an article must hold where the model does not know the language
)
CONTEXT_WEIGHT = 0.6  # of the history, where a question follows up on it
DEPTH = 100  # passages taken from each half
FEW = 10  # articles; for more of them the halves are looked into deeper, where these passages are of fewer
PASSAGES_KEPT = 12
OF_THE_BEST, PER_ARTICLE = 10, 3  # passages read of the best article, of the next two; one of the others
SPARE = 2  # articles read beyond the limit, for those that turn out to be gone
EVIDENCE_DEPTH = 10  # articles whose scores and words the evidence is weighed on
REBUILD_AFTER = 400  # changes since the lexical base was built


@dataclass(frozen=True)
class Found:
    """What a search found. `hits`: articles, best first, each once, by its best passage. `passages`: the best
    passages, and what else is near of the first article. `wording`: the question as it was understood. `certain`: it is
    relevant whatever the floor says, because an article holds the code or phrase that is asked for, or because the model
    does not know the language and the words are there.
    `size`: passages in the index. `vector`: the question's, with its context, of length 1; None where nothing was asked.
    `answered`: the log-odds that the best passage answers the question, where somebody read it (`bot.reading`)."""

    hits: list[Hit] = field(default_factory=list)
    passages: list[Hit] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    wording: Wording | None = None
    certain: bool = False
    size: int = 0
    vector: Vectors | None = None
    space: str = ""  # of the vector: model, chunking, tokens
    answered: float | None = None

    @property
    def relevance(self) -> float:
        """The probability that this help center is the one to ask."""
        if not self.hits:
            return 0.0
        return 1.0 if self.certain else shipped().probability(self.evidence, self.size)

    @property
    def relevant(self) -> bool:
        """Whether what was found is worth showing: the relevance floor."""
        return bool(self.hits) and self.relevance >= shipped().floor


@dataclass(frozen=True)
class _Asked:
    """A question, or what was said before it, with its weight."""

    vector: Vectors
    wording: Wording
    weight: float


@dataclass(frozen=True)
class _Order:
    """What the halves propose, best first. `article_of`: the article of each passage."""

    articles: list[Ranked]
    passages: list[Ranked]
    article_of: dict[str, str]


@dataclass(frozen=True)
class _Sum:
    """A question and what was said before it as one. `telling`: how telling each token is that some passage holds."""

    vector: Vectors
    telling: dict[str, float]

    @classmethod
    def of(cls, asked: Sequence[_Asked], lexicon: LexicalIndex) -> _Sum:
        whole = sum(one.weight for one in asked)
        vector: Vectors = np.sum([one.vector * np.float32(one.weight / whole) for one in asked], axis=0)
        telling: dict[str, float] = {}
        for one in asked:
            for token, weight in zip(one.wording.tokens, one.wording.weights, strict=True):
                if lexicon.knows(token):
                    telling[token] = telling.get(token, 0.0) + one.weight * weight * lexicon.idf(token)
        return cls(vector, telling)


class Search:
    """One per process. `find` may be called by several threads."""

    def __init__(
        self,
        database: Database,
        store: VectorStore,
        embedder: Embedder,
        snapshots: Path,
        reranker: Reranker | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self.embedder = embedder
        self._reranker = reranker
        self._snapshots = snapshots
        self.space = space_of(embedder)
        self._shelves = shelves_of(database, self.space)
        query = select(IndexGeneration.generation).where(IndexGeneration.space == self.space)
        self._generation_query = str(query.compile(database.engine, compile_kwargs={"literal_binds": True}))
        self._rows_query = lru_cache(maxsize=16)(self._query_for)  # building it costs as much as running it
        self._closeness = Closeness(database, self.space)
        self._lexicon: LexicalIndex | None = None
        self._dimensions: int | None = None
        self._change = threading.Lock()
        self._rebuilding = threading.Lock()

    def find(
        self,
        question: str,
        *,
        viewer: Viewer = STRANGER,
        limit: int = 10,
        locale: str | None = None,
        context: str | None = None,
        unfinished: bool = False,
        without: Collection[str] = (),
    ) -> Found:
        """Articles for a question, best first.

        `locale` prefers articles of that language (all are searched when it has none). `context`: what was said before, for a
        question that follows up on it. `unfinished`: the question is being typed, and its last word may be the beginning of one.
        `without`: articles that are passed over, as if they were not there. Raises StoreError, EmbedderError or RerankerError
        when a part is down.
        """
        lexicon = self.lexicon()
        places = self._places(lexicon, viewer, locale)
        language = primary_language(locale) if locale else None
        wording = read_question(question, lexicon, places, language, unfinished=unfinished)
        if wording.asks_nothing or not places:
            return Found(wording=wording)
        asked = [_Asked(self.embedder.embed_query(wording.text), wording, 1.0)]
        if context:
            before = read_question(context, lexicon, places, language)
            if not before.asks_nothing:
                asked.append(_Asked(self.embedder.embed_query(before.text), before, CONTEXT_WEIGHT))
        together = _Sum.of(asked, lexicon)
        share = self._dense_share(places)
        ordered = partial(self._ordered, lexicon, asked, places, without, share)
        order = ordered(DEPTH)
        if limit > FEW and len(order.articles) < limit:
            only = wording.quoting(lexicon, places)
            there = lexicon.rows_in(places) if only is None else only
            enough = min(limit, len(set(lexicon.articles_at(there)).difference(without)))
            order = _deeper(order, ordered, len(there), enough)
        articles, passages, article_of = order.articles, order.passages, order.article_of
        exact_of = lexicon.articles_of(wording.coded(lexicon, places)) if wording.codes else {}
        coded = [id for id, article in exact_of.items() if article not in without]
        exact = {exact_of[id] for id in coded}
        if coded:
            articles = exact_first(articles, exact, lambda article: article.id)
            passages = exact_first(passages, set(coded), lambda passage: passage.id)
        most = max(limit, EVIDENCE_DEPTH, RERANKED if self._reranker else 0)
        hits, near = self._read(articles, passages, article_of, viewer, most, together)
        if self._reranker is not None:
            texts = [read_text(hit) for hit in hits[:RERANKED]]
            hits = reranked(hits, self._reranker.scores(wording.text, texts))
            if coded:
                hits = exact_first(hits, exact, lambda hit: hit.article_id)
            place = {hit.article_id: i for i, hit in enumerate(hits)}
            articles = sorted(articles, key=lambda article: place.get(article.id, len(place)))
            _, near = self._read(articles, passages, article_of, viewer, most, together)
        unit = together.vector / max(float(np.linalg.norm(together.vector)), 1e-9)
        evidence = self._evidence(wording.text, list(wording.telling), hits, near, lexicon, unit)
        said = bool(coded) or (bool(wording.phrases) and wording.quoting(lexicon, places) is not None)
        certain = said or (share < 1 and evidence.coverage >= HALF_SAID)
        return Found(hits[:limit], near, evidence, wording, certain, len(lexicon), unit, self.space)

    def vector(self, text: str) -> Vectors:
        """A text's embedding, as a question's; shape (d,). Raises EmbedderError."""
        return self.embedder.embed_query(text)

    def meaning_of(self, passages: Sequence[str]) -> Vectors | None:
        """What passages are about, together: the middle of their parts, as a unit vector; None where none has any. Raises
        EmbedderError."""
        if self._dimensions is None:
            self._dimensions = len(self.vector("meaning"))
        parts = [one for one in self._closeness.parts(passages, self._dimensions) if len(one)]
        if not parts:
            return None
        middle: Vectors = np.concatenate(parts).mean(axis=0)
        return middle / max(float(np.linalg.norm(middle)), 1e-9)

    def near(
        self, vector: Vectors, audiences: Collection[str], language: str, depth: int
    ) -> list[tuple[str, float]]:
        """(article, cosine) of the passages of one language that are nearest to a vector. Raises StoreError."""
        found: dict[str, float] = {}
        for audience in audiences:
            found |= dict(self._store.nearest(shelf_of(self._shelves, audience, language), vector, depth))
        articles = self.lexicon().articles_of(list(found))
        return [(articles[id], cosine) for id, cosine in found.items() if id in articles]

    def _dense_share(self, places: frozenset[Place]) -> float:
        """How far the dense half is trusted: by the language, where one is searched."""
        languages = {language for _, language in places}
        return dense_share(languages.pop(), self.embedder) if len(languages) == 1 else 1.0

    def lexicon(self) -> LexicalIndex:
        """The lexical index, caught up with the generation that the database is at."""
        generation = self._database.value(self._generation_query) or 0
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
        """Folds what changed into the lexical base and keeps its snapshot. Searches go on meanwhile."""
        with self._rebuilding:
            built = self.lexicon().compacted()
            built.prepare()
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
        self.lexicon().prepare()
        self.find("wram up")  # misspelt, so that all is there to put it right

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
            fresh = lexicon.copy()
            for number, article_id in enumerate(changed, 1):
                fresh.replace(article_id, self._entries(session, article_id))
                if number % REBUILD_AFTER == 0:  # a long delta is slow to search, and to add to
                    fresh = fresh.compacted()
            fresh.generation = max([newest, *changed.values()])
        return fresh

    def _entries(self, session: Any, article_id: str | None) -> Iterable[Entry]:
        columns = (
            PassageRow.id, PassageRow.article_id, PassageRow.audience, PassageRow.language, PassageRow.headings,
            PassageRow.text, Article.title, Article.labels,
        )  # fmt: skip
        query = (
            select(*columns)
            .join(Article, Article.id == PassageRow.article_id)
            .where(PassageRow.space == self.space)
        )
        if article_id is not None:
            query = query.where(PassageRow.article_id == article_id)
        for id, article, audience, language, headings, text, title, labels in session.execute(query).all():
            yield Entry(id, article, audience, language, searched(title, labels, headings, text))

    def _places(self, lexicon: LexicalIndex, viewer: Viewer, locale: str | None) -> frozenset[Place]:
        allowed = {place for place in lexicon.places_used if place[0] in audiences_of(viewer)}
        language = primary_language(locale) if locale else None
        return frozenset({place for place in allowed if place[1] == language} or allowed)

    def _ordered(
        self,
        lexicon: LexicalIndex,
        asked: Sequence[_Asked],
        places: frozenset[Place],
        without: Collection[str],
        share: float,
        depth: int,
    ) -> _Order:
        rows, ids, close, lexical = self._compare(lexicon, asked, places, depth)
        known = zip(ids, lexicon.articles_at(rows), strict=True)
        article_of = {id: article for id, article in known if article not in without}
        articles, passages = rank(ids, close, lexical, article_of, share)
        return _Order(articles, passages, article_of)

    def _compare(
        self, lexicon: LexicalIndex, asked: Sequence[_Asked], places: frozenset[Place], depth: int
    ) -> tuple[Rows, list[str], Vectors, Vectors]:
        """Passages that either half proposes, as rows of the lexicon and as ids, with their closeness and their BM25; several
        questions by their weights."""
        only = asked[0].wording.quoting(lexicon, places)
        wanted = None if only is None else set(lexicon.passages_of(only))
        near: list[dict[str, float]] = []
        for one in asked:
            found: dict[str, float] = {}
            for audience, language in sorted(places):
                shelf = shelf_of(self._shelves, audience, language)
                found |= dict(self._store.nearest(shelf, one.vector, depth))
            if wanted is not None:
                found = {id: cosine for id, cosine in found.items() if id in wanted}
            near.append(found)
        scores = [lexicon.scores(one.wording.tokens, places, one.wording.weights, only) for one in asked]
        proposed = lexicon.rows_of(list(dict.fromkeys(id for found in near for id in found)))
        best = [lexicon.best_rows(one, depth) for one in scores]
        together = np.concatenate([proposed[proposed >= 0], *best])
        rows = together[np.sort(np.unique(together, return_index=True)[1])]
        ids = lexicon.passages_of(rows)
        closeness = self._closeness(np.stack([one.vector for one in asked]), ids)
        for row, found in zip(closeness, near, strict=True):
            low = min(found.values(), default=0.0)  # for a passage that has lost its parts
            for i in np.flatnonzero(np.isnan(row)):
                row[i] = found.get(ids[i], low)
        weights = np.array([one.weight for one in asked], dtype=np.float32)
        weights /= weights.sum()
        return rows, ids, weights @ closeness, weights @ np.stack([one[rows] for one in scores])

    def _read(
        self,
        articles: Sequence[Ranked],
        passages: Sequence[Ranked],
        article_of: Mapping[str, str],
        viewer: Viewer,
        limit: int,
        asked: _Sum,
    ) -> tuple[list[Hit], list[Hit]]:
        """Hits by article and by passage, read through `visible`: what was unpublished a moment ago is gone."""
        by_article: dict[str, list[Ranked]] = {}  # its passages, best first
        for passage in passages:
            by_article.setdefault(article_of[passage.id], []).append(passage)
        first = articles[: limit + SPARE]
        wanted = [
            passage
            for place, article in enumerate(first)
            for passage in by_article[article.id][
                : OF_THE_BEST if place == 0 else PER_ARTICLE if place < 3 else 1
            ]
        ]
        rows = self._rows([passage.id for passage in wanted], viewer)
        read = {id: self._narrowed(row, asked) for id, row in rows.items()}
        hits = []
        for article in first:
            best = next((one for one in by_article[article.id][:OF_THE_BEST] if one.id in rows), None)
            if best is not None:
                hits.append(_hit(read[best.id], rows[best.id], article))
        found = sorted((one for one in wanted if one.id in rows), key=lambda one: -one.score)
        top = hits[0].article_id if hits else None
        kept = [
            one for place, one in enumerate(found) if place < PASSAGES_KEPT or rows[one.id].article_id == top
        ]
        return hits[:limit], [_hit(read[one.id], rows[one.id], one) for one in kept]

    def _narrowed(self, row: Any, asked: _Sum) -> Passage:
        """The passage; where it holds several sections, the one that fits the question best."""
        whole = _passage(row)
        if not whole.sections:
            return whole
        language = primary_language(row.locale)
        total = sum(asked.telling.values()) or 1.0

        def covered(text: str) -> float:
            held = set(_tokens_of(row.id, text, language))
            return sum(weight for token, weight in asked.telling.items() if token in held) / total

        return narrowed(whole, row.title, self._closeness.of_parts(asked.vector, row.id), covered)

    def _rows(self, ids: list[str], viewer: Viewer) -> dict[str, Any]:
        """Passage id -> passage and what a hit tells of its article, of those that the viewer may see."""
        with self._database.engine.connect() as connection:
            rows = connection.execute(self._rows_query(viewer), {"ids": ids}).all()
        return {row.id: row for row in rows}

    def _query_for(self, viewer: Viewer) -> Select[Any]:
        columns = (
            PassageRow.id, PassageRow.article_id, PassageRow.ordinal, PassageRow.headings, PassageRow.text,
            PassageRow.sections, Article.title, Article.slug, Article.section, Article.locale, Article.updated_at, Article.labels,
        )  # fmt: skip
        query = select(*columns).join(Article, Article.id == PassageRow.article_id)
        mine = self._database.among(PassageRow.id, "ids")
        return query.where(PassageRow.space == self.space, mine, visible(viewer))

    def _evidence(
        self,
        question: str,
        words: list[str],
        hits: list[Hit],
        passages: list[Hit],
        lexicon: LexicalIndex,
        vector: Vectors,
    ) -> Evidence:
        candidates = []
        judged = hits[:EVIDENCE_DEPTH]
        parts = self._closeness.parts([hit.passage.id for hit in judged], len(vector))
        for hit, vectors in zip(judged, parts, strict=True):
            language = hit.language
            title = _tokens_of(
                hit.passage.id, " ".join((hit.title, *hit.labels, *hit.passage.headings)), language
            )
            text = _tokens_of(hit.passage.id, hit.passage.text, language)
            told = f"{hit.title}\n{hit.passage.text}"
            candidates.append(Candidate(hit.dense, hit.lexical, hit.score, title, text, told, vectors))
        mine = [passage.article_id == hits[0].article_id for passage in passages] if hits else []
        return weigh(question, words, candidates, mine, lexicon, vector)


def _deeper(order: _Order, ordered: Callable[[int], _Order], passages: int, enough: int) -> _Order:
    """With the articles that only deeper halves propose, until there are `enough` or all `passages` were looked at. They come
    last and count for no more than what was there: the first ten are the same, however many are asked for."""
    depth, deep = DEPTH, order
    while len(deep.articles) < enough and depth < passages:
        depth *= 2
        deep = ordered(depth)
    known = {article.id for article in order.articles}
    article_of = {id: article for id, article in deep.article_of.items() if article not in known}
    articles = _behind(order.articles, [one for one in deep.articles if one.id not in known])
    added = _behind(order.passages, [one for one in deep.passages if one.id in article_of])
    return _Order(articles, added, order.article_of | article_of)


def _behind(first: list[Ranked], late: list[Ranked]) -> list[Ranked]:
    least = first[-1].score if first else 1.0
    return first + [replace(one, score=min(one.score, least)) for one in late]


def _passage(row: Any) -> Passage:
    sections = tuple(Section(start, end, tuple(headings)) for start, end, headings in row.sections or ())
    return Passage(row.id, row.article_id, row.ordinal, tuple(row.headings), row.text, sections)


def _hit(passage: Passage, row: Any, ranked: Ranked) -> Hit:
    return Hit(
        passage, row.title, row.slug, tuple(row.section), row.locale, row.updated_at, ranked.close,
        ranked.lexical, ranked.score, _passage(row) if row.sections else None, tuple(row.labels),
    )  # fmt: skip


@lru_cache(maxsize=20_000)
def _tokens_of(_passage_id: str, text: str, language: str) -> tuple[str, ...]:
    """Tokens of a passage's title and headings, or of its text: the id is their content, they are cut once."""
    return tuple(tokens(text, language))


__all__ = ["Found", "Search", "StoreError"]
