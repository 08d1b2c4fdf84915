"""The process that searches one index: `python -m evals.bench.searching QUESTIONS`, for the data dir of the settings.

Prints one line of JSON: what `scale.Row` has of it. Changes a few articles at the end.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from bot.house import House
from evals.bench.timing import milliseconds, p50_p95, resident_mb
from help_center import articles
from help_center.articles import Article
from help_center.settings import load_settings
from help_center.sources.base import SourceArticle
from retrieval.indexing import shelf_of, shelves_of
from retrieval.search import DEPTH

WARM_UP = 20  # questions asked before anything is measured
CHANGED = 15  # articles stored anew
PLACE = "public", "en"


def main() -> None:
    questions = json.loads(Path(sys.argv[1]).read_text())
    settings = load_settings()
    house = House(settings)
    began = time.perf_counter()
    house.search.find(questions[0])
    load = time.perf_counter() - began
    warm_up = min(WARM_UP, len(questions) // 2)
    told = {"load_s": load, **_asked(house, questions, warm_up), "resident_mb": resident_mb()}
    told |= _by_brute_force(house, np.load(settings.data_dir / "vectors.npy"), questions[warm_up:])
    (settings.data_dir / "vectors.npy").unlink()
    told |= _changed(house)
    house.close()
    print(json.dumps(told))


def _asked(house: House, questions: list[str], warm_up: int) -> dict[str, Any]:
    """All of a search and its parts, each question once, in turn."""
    shelf = shelf_of(shelves_of(house.database, house.indexer.space), *PLACE)
    lexicon = house.search.lexicon()
    columns: dict[str, list[float]] = {"embed_ms": [], "search_ms": [], "vectors_ms": [], "lexical_ms": []}
    for place, question in enumerate(questions):
        vector = house.embedder.embed_query(question)
        tokens = lexicon.question_tokens(question, None)
        took = [
            milliseconds(partial(house.embedder.embed_query, question)),
            milliseconds(partial(house.search.find, question)),
            milliseconds(partial(house.store.nearest, shelf, vector, DEPTH)),
            milliseconds(partial(lexicon.best, tokens, frozenset([PLACE]), DEPTH)),
        ]
        if place >= warm_up:
            for column, value in zip(columns.values(), took, strict=True):
                column.append(value)
    asked = {name: p50_p95(values) for name, values in columns.items()}
    return {**asked, "questions": len(columns["search_ms"])}


def _by_brute_force(house: House, vectors: np.ndarray, questions: list[str]) -> dict[str, Any]:
    """All cosines by numpy: how long it takes, and what share of the true nearest the vector store finds."""
    shelf = shelf_of(shelves_of(house.database, house.indexer.space), *PLACE)
    depth = min(DEPTH, len(vectors))
    took, found = [], []
    for question in questions:
        vector = house.embedder.embed_query(question)
        began = time.perf_counter()
        cosines = vectors @ vector
        nearest = np.argpartition(-cosines, depth - 1)[:depth]
        took.append((time.perf_counter() - began) * 1000)
        least = float(cosines[nearest].min()) - 1e-5
        found.append(sum(cosine >= least for _, cosine in house.store.nearest(shelf, vector, depth)) / depth)
    return {"brute_ms": p50_p95(took), "recall": statistics.mean(found)}


def _changed(house: House) -> dict[str, Any]:
    """From an article's change, as a PUT makes it, to a search that finds it; then an index run with nothing to do."""
    with house.database.read() as session:
        ids = list(session.scalars(select(Article.id).order_by(Article.id)))
    took = []
    for number, id in enumerate(random.Random(0).sample(ids, min(CHANGED, len(ids)))):
        with house.database.read() as session:
            article = session.get_one(Article, id)
        _put(house, article, "")  # as the indexer itself cuts it
        word = f"zq{number}x"
        began = time.perf_counter()
        _put(house, article, f"\n\nThe {word} part is new.")
        hits = house.search.find(f"{article.title}: the {word} part").hits
        took.append((time.perf_counter() - began) * 1000)
        if id not in [hit.article_id for hit in hits]:
            raise SystemExit(f"article {id} was changed and is not found")
    check = milliseconds(house.indexer.sync) / 1000
    return {"put_ms": (statistics.median(took), max(took)), "check_s": check}


def _put(house: House, article: Article, more: str) -> None:
    with house.database.write() as session:
        articles.store(session, SourceArticle(article.id, article.title, article.body + more), "bench")
    house.indexer.sync(only=article.id)


if __name__ == "__main__":
    main()
