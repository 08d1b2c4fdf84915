"""Search at a size: an index of that many passages, made without embedding, and searched by a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from bot.house import House
from bot.progress import Progress
from evals.bench.corpus import Cut, grown
from help_center.articles import Article
from help_center.database import now
from help_center.index_tables import IndexedArticle, IndexGeneration, PassageRow
from help_center.settings import Settings
from retrieval.indexing import shelf_of, shelves_of

ARTICLES_AT_ONCE = 300
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Row:
    """One size. Milliseconds and seconds as named, MB of 1,000,000 bytes."""

    passages: int
    articles: int
    shaken: int  # passages that are shaken copies of embedded ones
    build_s: float  # rows, vectors and posting lists, without embedding
    stored_per_s: float  # vectors brought into the vector store a second, while it was built
    lexical_build_s: float
    disk_mb: float
    disk_parts_mb: dict[str, float]  # database, vectors, lexical
    load_s: float  # a process with its libraries: to the first hit
    resident_mb: float  # when all questions were asked
    embed_ms: tuple[float, float]  # p50, p95, as the next ones
    search_ms: tuple[float, float]
    vectors_ms: tuple[float, float]  # the vector store alone, 100 nearest
    lexical_ms: tuple[float, float]  # the best 100 by words alone
    brute_ms: tuple[float, float]  # numpy: all cosines and the best 100
    recall: float  # share of the true 100 nearest that the vector store finds
    put_ms: tuple[float, float]  # an article is stored anew, indexed, and found: median, largest
    check_s: float  # `parley index` when nothing has changed, without reading the source
    questions: int


def rows_of(
    settings: Settings, cuts: Sequence[Cut], sizes: Sequence[int], questions: Sequence[str], folder: Path
) -> Iterator[Row]:
    """A row for each size. `cuts` have passages, each; `folder` is left empty."""
    embedded = sum(len(cut.rows) for cut in cuts)
    asked = folder / "questions.json"
    asked.write_text(json.dumps(list(questions)))
    for size in sizes:
        data_dir = folder / str(size)
        built = _build(settings, cuts, size, data_dir)
        told = _searched(settings, data_dir, asked)
        parts = {
            "database": _megabytes(data_dir, "parley.db*"),
            "vectors": _megabytes(data_dir / "chroma", "**/*"),
            "lexical": _megabytes(data_dir / "lexical", "**/*"),
        }
        shaken = max(0, built["passages"] - embedded)
        yield Row(**built, **told, shaken=shaken, disk_mb=sum(parts.values()), disk_parts_mb=parts)
        shutil.rmtree(data_dir)
    asked.unlink()


def table(rows: Sequence[Row]) -> str:
    """A line for each size."""
    lines = [
        f"{'passages':>9} {'search p50/p95':>16} {'embedding':>13} {'ratio':>6} {'vectors':>13} {'words':>13} {'numpy':>15}"
        f" {'recall':>7} {'PUT to found':>14} {'check':>7} {'load':>7} {'resident':>9} {'disk':>8} {'built':>8}"
    ]
    for row in rows:
        ratio = row.search_ms[1] / row.embed_ms[1]
        lines.append(
            f"{row.passages:>9,} {_pair(row.search_ms, 13)} ms {_pair(row.embed_ms, 13)} {ratio:>6.2f} {_pair(row.vectors_ms, 13)}"
            f" {_pair(row.lexical_ms, 13)} {_pair(row.brute_ms, 15)} {row.recall:>7.3f} {_pair(row.put_ms, 11)} ms"
            f" {row.check_s:>5.2f} s {row.load_s:>5.2f} s {row.resident_mb:>6,.0f} MB {row.disk_mb:>5,.0f} MB {row.build_s:>6,.0f} s"
        )
    lines += [
        "search: all of it, a new question each; embedding: of the same question, the baseline; ratio: of the p95",
        "vectors: the 100 nearest from the vector store, and numpy: the same by all cosines; words: the 100 best by BM25",
        "PUT to found: an article stored anew, indexed and found, median/largest; check: an index run with nothing to do;",
        "load: open everything and answer once; resident: memory of that process after all questions",
    ]
    shaken = [row for row in rows if row.shaken]
    if shaken:
        told = ", ".join(f"{row.shaken:,} of {row.passages:,}" for row in shaken)
        lines.append(f"shaken copies of embedded passages (vectors and words moved, seeded): {told}")
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _build(settings: Settings, cuts: Sequence[Cut], size: int, data_dir: Path) -> dict[str, Any]:
    """An index of `size` passages, as indexing the articles would have left it."""
    house = House(
        settings.model_copy(
            update={"data_dir": data_dir, "database_url": None, "chroma_url": None, "redis_url": None}
        )
    )
    began = time.perf_counter()
    storing = 0.0
    articles = passages = 0
    shelf = shelf_of(shelves_of(house.database, house.indexer.space), "public", "en")
    vectors = np.lib.format.open_memmap(
        data_dir / "vectors.npy", mode="w+", dtype=np.float32, shape=(size, cuts[0].vectors.shape[1])
    )
    growing = grown(cuts, size)
    try:
        with Progress(f"building {size:,} passages", "passages") as progress:
            while some := list(islice(growing, ARTICLES_AT_ONCE)):
                _insert(house, some, articles)
                ids = [row["id"] for cut in some for row in cut.rows]
                rows = np.concatenate([cut.vectors for cut in some])
                started = time.perf_counter()
                house.store.add(shelf, ids, rows)
                storing += time.perf_counter() - started
                vectors[passages : passages + len(ids)] = rows
                articles, passages = articles + len(some), passages + len(ids)
                progress(passages, size)
        vectors.flush()
        started = time.perf_counter()
        house.search.rebuild()
        lexical = time.perf_counter() - started
    finally:
        house.close()
    return {
        "passages": passages, "articles": articles, "build_s": time.perf_counter() - began,
        "stored_per_s": passages / storing, "lexical_build_s": lexical,
    }  # fmt: skip


def _insert(house: House, cuts: Sequence[Cut], before: int) -> None:
    """Rows of articles and passages. `before`: articles already there; each is a generation."""
    space = house.indexer.space
    articles: list[dict[str, Any]] = []
    passages: list[dict[str, Any]] = []
    indexed: list[dict[str, Any]] = []
    for number, cut in enumerate(cuts, before + 1):
        article = cut.article
        articles.append(
            {
                "id": article.id, "source": "bench", "title": article.title, "slug": f"a-{number}", "body": article.body,
                "original_url": None, "locale": "en", "language": "en", "section": [], "labels": [],
                "audience": "public", "status": "published", "content_hash": f"{number:064}", "updated_at": now(),
                "created_at": now(),
            }
        )  # fmt: skip
        indexed.append(
            {"space": space, "article_id": article.id, "content_hash": f"{number:064}", "generation": number}
        )
        passages += [row | {"space": space} for row in cut.rows]
    with house.database.write() as session:
        session.execute(insert(Article), articles)
        session.execute(insert(IndexedArticle), indexed)
        session.execute(insert(PassageRow), passages)
        session.merge(IndexGeneration(space=space, generation=before + len(cuts)))


def _searched(settings: Settings, data_dir: Path, questions: Path) -> dict[str, Any]:
    """What `searching.py` tells of the index in `data_dir`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
    env = kept | {"PARLEY_DATA_DIR": str(data_dir)}
    if settings.embedding_model:
        env["PARLEY_EMBEDDING_MODEL"] = settings.embedding_model
    command = [sys.executable, "-m", "evals.bench.searching", str(questions)]
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}


def _megabytes(folder: Path, pattern: str) -> float:
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file()) / 1e6


def _pair(values: tuple[float, float], width: int) -> str:
    return f"{values[0]:.1f}/{values[1]:.1f}".rjust(width)
