"""Indexing: how fast, what of it is what, and what a second run costs. Beside it, sentence-transformers alone."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import inspect, select

from bot.house import House
from bot.progress import Progress
from evals.bench.corpus import Cut
from evals.bench.timing import milliseconds
from help_center.importing import bring_in
from help_center.index_tables import PassageRow
from help_center.sources.base import SourceArticle
from retrieval.chunking import embedded_text, split
from retrieval.embedders.base import Vectors
from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.indexing import Indexer

SAMPLE = 400  # passages that both loops embed
ROUNDS = 3
ONE_IN = 100  # articles are changed for the second run


@dataclass(frozen=True)
class Run:
    """One run of `parley index`, in this process. Seconds."""

    what: str
    passages: int  # embedded
    read: float  # the file, cleaned and stored as articles
    cut: float
    embed: float
    store: float  # vectors
    rest: float  # rows, posting lists, looking for what has changed
    seconds: float


@dataclass(frozen=True)
class Beside:
    """Passages a second: embedded and stored by us, embedded by the plain sentence-transformers loop."""

    ours: float
    plain: float
    ratio: float  # median of the rounds'


def measured(house: House, articles: Sequence[SourceArticle], folder: Path) -> tuple[list[Run], list[Cut]]:
    """Indexes articles into an empty house, again with nothing to do, and again after a change. The articles that have
    passages come back with what the first run made of them."""
    source = folder / "articles.jsonl"
    store = _Vectors(house.store)
    embedder = _Timed(house.embedder, "embed_passages", "embed_parts")
    index = Indexer(house.database, store, embedder)

    def run(what: str, articles: Sequence[SourceArticle], fresh: Sequence[SourceArticle]) -> Run:
        _write(source, articles)
        store.seconds = embedder.seconds = 0.0
        began = time.perf_counter()
        bring_in(house.database, [str(source)], prune=True)
        read = time.perf_counter() - began
        with Progress(f"indexing, {what}", "passages", grows=True) as progress:
            done = index.sync(progress)
        if done.articles or done.removed:
            house.search.rebuild()
        seconds = time.perf_counter() - began
        cut = milliseconds(lambda: [split(a.id, a.title, a.body) for a in fresh]) / 1000
        rest = seconds - read - cut - embedder.seconds - store.seconds
        return Run(what, done.passages, read, cut, embedder.seconds, store.seconds, max(0.0, rest), seconds)

    runs = [run("all of it", articles, articles)]
    cuts = _cuts(house, articles, store.kept)
    runs.append(run("again, nothing changed", articles, []))
    changed = {one.id: replace(one, body=f"{one.body}\n\nOne sentence more.") for one in articles[::ONE_IN]}
    edited = [changed.get(one.id, one) for one in articles]
    runs.append(run(f"again, 1 in {ONE_IN} changed", edited, list(changed.values())))
    return runs, cuts


def table(runs: Sequence[Run]) -> str:
    """A line for each run."""
    lines = [
        f"{'indexing':28} {'passages':>9} {'seconds':>9} {'read':>8} {'cut':>8} {'embed':>8} {'store':>8} {'rest':>8} {'of the first':>13}"
    ]
    for run in runs:
        share = run.seconds / runs[0].seconds
        lines.append(
            f"{run.what:28} {run.passages:>9,} {run.seconds:>9.2f} {run.read:>8.2f} {run.cut:>8.2f} {run.embed:>8.2f} {run.store:>8.2f}"
            f" {run.rest:>8.2f} {share:>13.2%}"
        )
    lines.append(f"all of it: {runs[0].passages / runs[0].seconds:.0f} passages/s, everything included")
    return "\n".join(lines)


def line(beside: Beside) -> str:
    return (
        f"embedded and stored: {beside.ours:.1f} passages/s; plain sentence-transformers loop: {beside.plain:.1f}/s;"
        f" ratio {beside.ratio:.2f}"
    )


def enough(articles: Sequence[SourceArticle], most: int) -> list[SourceArticle]:
    """The first articles, up to about `most` passages in all."""
    chosen, passages = [], 0
    for article in articles:
        if passages >= most:
            break
        chosen.append(article)
        passages += len(split(article.id, article.title, article.body))
    return chosen


def measured_beside(house: House, articles: Sequence[SourceArticle]) -> Beside:
    """Embedding and storing, against the plain sentence-transformers loop over the same passages, in turn."""
    from sentence_transformers import SentenceTransformer

    passages = [(a.title, p) for a in articles for p in split(a.id, a.title, a.body)]
    some = random.Random(0).sample(passages, min(SAMPLE, len(passages)))
    texts = [embedded_text(title, passage) for title, passage in some]
    plain = SentenceTransformer(str(bundled_model()), device="cpu")
    plain.encode(texts[:16], show_progress_bar=False)

    def ours() -> None:
        house.store.add("bench", [passage.id for _, passage in some], house.embedder.embed_passages(texts))

    pairs = []
    for _ in range(ROUNDS):
        theirs = milliseconds(lambda: plain.encode(texts, show_progress_bar=False))
        pairs.append((milliseconds(ours), theirs))
        house.store.drop("bench")
    own, other = (len(texts) * 1000 / statistics.median(column) for column in zip(*pairs, strict=True))
    return Beside(own, other, statistics.median(theirs / ours_ for ours_, theirs in pairs))


class _Timed:
    """A part of the house; counts the seconds that some of its methods take."""

    def __init__(self, inner: Any, *methods: str) -> None:
        self._inner, self._methods = inner, methods
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._methods:
            return found

        def counted(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return found(*given, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return counted


class _Vectors(_Timed):
    """A vector store that keeps in `kept`, by passage id, what is put into it."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner, "delete")
        self.kept: dict[str, Vectors] = {}

    def add(self, shelf: str, ids: Sequence[str], vectors: Vectors) -> None:
        self.kept.update(zip(ids, vectors, strict=True))
        began = time.perf_counter()
        self._inner.add(shelf, ids, vectors)
        self.seconds += time.perf_counter() - began


def _write(file: Path, articles: Sequence[SourceArticle]) -> None:
    lines = (json.dumps({"id": a.id, "title": a.title, "body": a.body}) + "\n" for a in articles)
    file.write_text("".join(lines), encoding="utf-8")


def _cuts(house: House, articles: Sequence[SourceArticle], vectors: dict[str, Vectors]) -> list[Cut]:
    """The articles that have passages, with them."""
    names = [column.key for column in inspect(PassageRow).column_attrs]
    rows: dict[str, list[dict[str, Any]]] = {}
    with house.database.read() as session:
        query = select(PassageRow).where(PassageRow.space == house.indexer.space).order_by(PassageRow.ordinal)
        for row in session.scalars(query):
            rows.setdefault(row.article_id, []).append({name: getattr(row, name) for name in names})
    return [
        Cut(article, rows[article.id], np.stack([vectors[row["id"]] for row in rows[article.id]]))
        for article in articles
        if article.id in rows
    ]
