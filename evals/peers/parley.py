"""Parley itself: the house that `parley eval` makes for a corpus, embedded Chroma, one question after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evals.apart import house_apart
from evals.peers.worker import Article, given_threads
from help_center import articles as shelf
from help_center.settings import Settings
from help_center.sources.base import SourceArticle
from retrieval.embedders import sentence_transformers


class Parley:
    packages = ("parley", "chromadb", "onnxruntime", "bm25s")

    def __init__(self, folder: Path) -> None:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        self._open = ExitStack()
        with _processors(given_threads()):
            self._threads = sentence_transformers.threads()
            self._house = self._open.enter_context(house_apart(settings, (), folder / "house"))

    def threads(self) -> int:
        return self._threads

    def index(self, articles: Sequence[Article]) -> None:
        with self._house.database.write() as session:
            for article in articles:
                shelf.store(session, SourceArticle(article.id, article.title, article.body), "eval")
        self._house.indexer.sync()
        self._house.search.rebuild()

    def keep(self) -> bool:
        self._open.close()
        return True

    def search(self, question: str, k: int) -> list[str]:
        return [hit.article_id for hit in self._house.search.find(question, limit=k).hits]


@contextmanager
def _processors(count: int) -> Iterator[None]:
    """Parley's embedder takes a thread for each processor that it may use: while it is loaded these are `count`."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_of_them)[:count])
    try:
        yield
    finally:
        for thread in Path("/proc/self/task").iterdir():  # those that were started meanwhile too
            os.sched_setaffinity(int(thread.name), all_of_them)


def open_peer(folder: Path) -> Parley:
    return Parley(folder)
