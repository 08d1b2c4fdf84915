"""How fast the inbox is on a desk with a long past: `python -m evals.bench.inbox`, on SQLite and, with `--postgres URL`, on PostgreSQL.

Makes the desk of `desk.py` (kept in `--folder`, used again when it is there), serves it with `parley serve` on two processors and
asks over HTTP, one request after the other: the queue's first page with its counts, a conversation, and searches whose words are
drawn by how frequent they are. Beside it the search by LIKE that this one replaced, on the newest tenth of the same data.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select

from bot.progress import Progress
from escalation import documents
from evals.bench.desk import FAMILIES, NAMES, WORDS, Size, Vocabulary, furnish, vocabulary
from help_center.conversations import Conversation, Handoff, Message
from help_center.database import Database, now
from help_center.people import Agent, Customer, new_api_token

PROCESSORS = "0,1"
WARM_UP = 10  # requests of each kind before any is measured
SERVER_SECONDS = 120  # to come up
BASELINE = 12  # searches by LIKE: each takes long
# ranks of words, by how many conversations have one: nearly all, some, few, hardly any
BANDS = {"common": (0, 20), "usual": (100, 600), "seldom": (2_000, 6_000), "rare": (12_000, WORDS)}


Requests = list[tuple[str, dict[str, Any]]]  # path and query of each


@dataclass(frozen=True)
class Row:
    """Milliseconds of one kind of request on one database."""

    database: str
    request: str
    asked: int
    p50: float
    p95: float
    p99: float
    worst: float


def main() -> None:
    given = _arguments()
    size = Size(given.open, given.closed)
    urls = [
        f"sqlite:///{given.folder.resolve() / 'parley.db'}",
        *([given.postgres] if given.postgres else []),
    ]
    given.folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for url in urls:
        database = Database(url)
        token = _prepared(database, size, given.folder)
        made = vocabulary()
        with _served(url, given.folder) as address:
            ids = _some_ids(database, given.requests)
            asked: dict[str, Requests] = {
                "queue": [("/api/handoffs", {"status": status, "limit": 50}) for status in ("waiting", "open") * given.requests][: given.requests],
                "conversation": [(f"/api/handoffs/{id}", {}) for id in ids],
            }  # fmt: skip
            asked |= _searches(made, size, given.requests)
            for name, requests in asked.items():
                took = [_timed(address, token, *request) for request in requests[:WARM_UP] + requests][
                    WARM_UP:
                ]
                rows.append(_row(database, name, took))
        searches = [row for row in rows if row.request.startswith("search")]
        print(_table([row for row in rows if row.database == searches[-1].database]), flush=True)
        rows.append(_row(database, "LIKE, a tenth of it", _by_like(database, made, size)))
        print(_table(rows[-1:], head=False), flush=True)
        database.close()
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-inbox", description=__doc__)
    parser.add_argument("--open", type=int, default=10_000, help="open conversations")
    parser.add_argument("--closed", type=int, default=1_000_000, help="closed ones")
    parser.add_argument("--requests", type=int, default=200, help="of each kind")
    parser.add_argument("--folder", type=Path, default=Path("var/bench-inbox"), help="where the desk is kept")
    parser.add_argument(
        "--postgres", help="postgresql+psycopg://... of an empty database, or of an earlier run"
    )
    parser.add_argument("--json", type=Path, help="write all figures here, too")
    return parser.parse_args()


def _prepared(database: Database, size: Size, folder: Path) -> str:
    """The desk is there, everything of it can be searched, and there is an agent: the token."""
    database.migrate(folder)
    with database.read() as session:
        there = session.scalar(select(func.count()).select_from(Handoff)) or 0
    if there == 0:
        with Progress("making the desk", "conversations") as progress:
            furnish(database, size, now(), progress=progress)
    elif there < size.open + size.closed:
        sys.exit(f"bench: {there} conversations are there already: give another --folder or database.")
    with database.read() as session:
        missing = documents.unread(session)
    with Progress("reading it for the search", "conversations") as progress:
        began, left = time.perf_counter(), missing
        while left:
            left -= documents.read_older(database)
            progress(missing - left, missing)
    if missing:
        print(f"read for the search: {missing / (time.perf_counter() - began):,.0f} conversations a second")
    with database.write() as session:
        return new_api_token(session, session.scalars(select(Agent).order_by(Agent.id)).first() or Agent())


def _some_ids(database: Database, count: int) -> list[str]:
    """Of handoffs all over the past, as many open as ended."""
    with database.read() as session:
        found: list[str] = []
        for states in (("waiting", "claimed"), ("resolved",)):
            ids = session.scalars(select(Handoff.id).where(Handoff.status.in_(states)).limit(100_000)).all()
            found += random.Random(1).sample(ids, min(count // 2, len(ids)))
    return found


def _searches(made: Vocabulary, size: Size, count: int) -> dict[str, Requests]:
    """By kind, each question once."""
    dice = random.Random(2)

    def word(band: str, second: bool = False) -> str:
        return made.at(dice.randrange(*BANDS[band]), second)

    def person() -> str:
        return f"{dice.choice(NAMES)}.{dice.choice(FAMILIES)}{dice.randrange(100_000)}@mail.example".lower()

    kinds: dict[str, Any] = {
        "one common word": lambda: f"{word('common')} ",
        "two common words": lambda: f"{word('common')} {word('common')} ",
        "two that never meet": lambda: f"{word('common')} {word('common', True)} ",
        "usual and seldom": lambda: f"{word('usual')} {word('seldom')} ",
        "common and rare": lambda: f"{word('common')} {word('rare')} ",
        "three words, the last begun": lambda: f"{word('common')} {word('usual')} {word('seldom')[:3]}",
        "a word begun": lambda: word("usual")[:3],
        "an order": lambda: f"A-{dice.randrange(size.closed):07}",
        "an address": person,
        "a name and a word": lambda: f"{dice.choice(FAMILIES)} {word('usual')} ",
    }
    made_up = {
        f"search: {name}": [("/api/handoffs", {"q": make()}) for _ in range(count)]
        for name, make in kinds.items()
    }
    narrowed = [("/api/handoffs", {"q": word("common"), "status": "open"}) for _ in range(count // 2)]
    narrowed += [
        ("/api/handoffs", {"q": word("usual"), "label": f"label {1 + n % 20}"}) for n in range(count // 2)
    ]
    return made_up | {"search: with a filter": narrowed}


def _by_like(database: Database, made: Vocabulary, size: Size) -> list[float]:
    """Every word somewhere in the text, as it was done before, among the newest tenth of the handoffs."""
    dice, took = random.Random(3), []
    with database.read() as session:
        newest = select(Handoff.created_at).order_by(Handoff.created_at.desc())
        since = session.scalar(newest.offset((size.open + size.closed) // 10).limit(1))
        for _ in range(BASELINE):
            query = select(Handoff.id).join(Conversation).join(Customer).where(Handoff.created_at > since)
            for word in (made.at(dice.randrange(100, 6_000)), made.at(dice.randrange(2_000, WORDS))):
                here = Message.conversation_id == Handoff.conversation_id
                said = select(Message.id).where(here, Message.text.icontains(word)).exists()
                places = (Handoff.question, Handoff.summary, Customer.name, Customer.email)
                query = query.where(or_(*(place.icontains(word) for place in places), said))
            began = time.perf_counter()
            session.execute(query.order_by(Handoff.created_at.desc()).limit(50)).all()
            took.append((time.perf_counter() - began) * 1000)
    return took


@contextmanager
def _served(url: str, folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    env = kept | {"PARLEY_DATA_DIR": str(folder / "var"), "PARLEY_DATABASE_URL": url, "OMP_NUM_THREADS": "1"}
    command = [
        "taskset",
        "-c",
        PROCESSORS,
        str(Path(sys.executable).parent / "parley"),
        "serve",
        "--port",
        str(port),
    ]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + SERVER_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(
                        f"bench: the server did not start, see {folder / 'server.log'}"
                    ) from None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _timed(address: str, token: str, path: str, query: dict[str, Any]) -> float:
    url = f"{address}{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()
    return (time.perf_counter() - began) * 1000


def _row(database: Database, name: str, took: Sequence[float]) -> Row:
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    kind = "PostgreSQL" if database.is_postgres else "SQLite"
    return Row(kind, name, len(took), cuts[49], cuts[94], cuts[98], max(took))


def _table(rows: Sequence[Row], head: bool = True) -> str:
    lines = (
        [f"{'database':11} {'request':40} {'asked':>6} {'p50':>8} {'p95':>8} {'p99':>8} {'worst':>8} ms"]
        if head
        else []
    )
    for row in rows:
        figures = "".join(f" {value:8.1f}" for value in (row.p50, row.p95, row.p99, row.worst))
        lines.append(f"{row.database:11} {row.request:40} {row.asked:6}{figures}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
