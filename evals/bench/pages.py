"""How fast the help center's pages are: `python -m evals.bench.pages [--articles 50000]`, and a part of `make bench`.

Writes a help center into a database of its own, serves it with `parley serve` on two processors, and asks for its pages over HTTP one
after the other, a static file of the same server between them: the ratio to it is what holds on another machine.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from evals.bench.corpus import articles_of
from evals.bench.timing import p50_p95
from help_center.articles import Article
from help_center.database import Database, now

ARTICLES, SECTIONS, ASKED, WARM_UP = 2_000, 120, 200, 5
BATCH = 1_000
SERVER_SECONDS = 120
STATIC = "/static/help/help.css"


@dataclass(frozen=True)
class Row:
    """Milliseconds of one kind of page; `ratio`: its middle to that of the static file; `kb`: compressed."""

    page: str
    p50: float
    p95: float
    ratio: float
    kb: float


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.bench.pages", description=__doc__)
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--asked", type=int, default=ASKED, help="requests of each kind")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="parley-bench-pages-") as name:
        print(table(measured(Path(name), given.articles, given.asked), given.articles))


def measured(folder: Path, articles: int, asked: int = ASKED) -> list[Row]:
    slugs = _written(folder, articles)
    dice = random.Random(0)
    kinds = {
        "a static file": lambda: STATIC,
        "home": lambda: "/help",
        "a section": lambda: f"/help/sections/section-{dice.randrange(min(SECTIONS, articles))}",
        "an article": lambda: f"/help/articles/{dice.choice(slugs)}",
        "the same article again": lambda: f"/help/articles/{slugs[0]}",
    }
    took: dict[str, list[float]] = {name: [] for name in kinds}
    size: dict[str, int] = dict.fromkeys(kinds, 0)
    with _served(folder) as address:
        for number in range(WARM_UP + asked):
            for name, path in kinds.items():  # in turn: what else the machine does hits all alike
                began = time.perf_counter()
                with urllib.request.urlopen(address + path(), timeout=60) as answer:
                    body = answer.read()
                if number >= WARM_UP:
                    took[name].append(1000 * (time.perf_counter() - began))
                    size[name] = max(size[name], len(gzip.compress(body)))
    base = p50_p95(took["a static file"])[0]
    rows = [(name, *p50_p95(times), size[name]) for name, times in took.items()]
    return [Row(name, p50, p95, p50 / base, bytes / 1000) for name, p50, p95, bytes in rows]


def table(rows: list[Row], articles: int) -> str:
    lines = [f"{'page':<24}{'p50':>8}{'p95':>8}{'ratio':>8}{'kB':>8}   ({articles:,} articles)"]
    lines += [f"{row.page:<24}{row.p50:>8.1f}{row.p95:>8.1f}{row.ratio:>8.1f}{row.kb:>8.1f}" for row in rows]
    return "\n".join(lines)


def _written(folder: Path, count: int) -> list[str]:
    """The slugs of as many articles as asked for, with the texts of the made-up corpus again and again."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = articles_of([])
    database = Database(f"sqlite:///{folder / 'parley.db'}")
    database.migrate(folder)
    slugs = [f"article-{number}" for number in range(count)]
    try:
        for start in range(0, count, BATCH):
            rows = []
            for number in range(start, min(count, start + BATCH)):
                text = texts[number % len(texts)]
                rows.append(
                    {
                        "id": f"a{number}", "source": "bench", "title": f"{text.title} {number}", "slug": slugs[number],
                        "body": text.body, "locale": "en", "language": "en", "section": [f"Section {number % SECTIONS}"],
                        "labels": [], "audience": "public", "status": "published", "content_hash": secrets.token_hex(32),
                        "updated_at": now(), "created_at": now(),
                    }
                )  # fmt: skip
            with database.write() as session:
                session.execute(insert(Article), rows)
    finally:
        database.close()
    return slugs


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    env = kept | {"PARLEY_DATA_DIR": str(folder)}
    command = [str(Path(sys.executable).parent / "parley"), "serve", "--port", str(port)]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(["taskset", "-c", "0,1", *command], env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + SERVER_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("bench: the server did not start") from None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
