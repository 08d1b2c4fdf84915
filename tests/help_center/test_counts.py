"""The rate limit: one rule for all workers of a machine together."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from limits import parse

from help_center import counts
from help_center.counts import SharedCounts
from help_center.web import Problem, RateLimits
from tests.conftest import free_port


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time that counts."""
    moment = 1_000_000.0
    monkeypatch.setattr(counts.time, "time", lambda: moment)

    def move(seconds: float) -> None:
        nonlocal moment
        moment += seconds

    return move


async def refused(limits: RateLimits, key: str) -> Problem | None:
    try:
        await limits.spend("messages", key)
    except Problem as problem:
        return problem
    return None


@pytest.mark.parametrize("redis", [None, "a Redis that is down"])
def test_workers_keep_the_rule_together(tmp_path: Path, redis: str | None) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0" if redis else None
    workers = [RateLimits("6/minute", url, tmp_path / "limits.db") for _ in range(3)]

    async def ask() -> list[Problem | None]:
        return [await refused(workers[n % 3], "address 192.0.2.7") for n in range(12)]

    told = asyncio.run(ask())
    assert told[:6] == [None] * 6
    for problem in told[6:]:
        assert problem is not None
        assert problem.status == 429
        assert 50 <= int((problem.headers or {})["Retry-After"]) <= 60
    assert asyncio.run(refused(workers[0], "address 192.0.2.8")) is None, "another one's count"


def test_a_place_is_free_again_when_the_window_has_passed(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one, other, rule = SharedCounts(tmp_path / "c.db"), SharedCounts(tmp_path / "c.db"), parse("2/minute")

    async def story() -> None:
        assert await one.hit(rule, "messages", "kim")
        clock(30)
        assert await other.hit(rule, "messages", "kim")
        assert not await one.hit(rule, "messages", "kim")
        stats = await one.get_window_stats(rule, "messages", "kim")
        assert (stats.reset_time, stats.remaining) == (1_000_060.0, 0)
        clock(29)
        assert not await other.hit(rule, "messages", "kim")
        clock(1)  # what was refused does not count
        assert await other.hit(rule, "messages", "kim")
        assert not await one.hit(rule, "messages", "kim")

    asyncio.run(story())


def test_nothing_is_kept_for_longer_than_it_counts_nor_in_clear(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    file, rule = tmp_path / "c.db", parse("2/minute")
    shared = SharedCounts(file)
    asyncio.run(shared.hit(rule, "messages", "address 192.0.2.7"))
    assert not any(b"192.0.2.7" in one.read_bytes() for one in tmp_path.iterdir())
    clock(61)
    asyncio.run(shared.hit(rule, "messages", "somebody else"))
    assert sqlite3.connect(file).execute("SELECT count(*) FROM hits").fetchone() == (1,)


def test_many_at_once_are_counted_once_each(tmp_path: Path) -> None:
    workers = [SharedCounts(tmp_path / "c.db") for _ in range(4)]
    rule, allowed = parse("50/minute"), []

    def ask(one: SharedCounts) -> None:
        async def often() -> None:
            for _ in range(25):
                allowed.append(await one.hit(rule, "messages", "kim"))

        asyncio.run(often())

    threads = [threading.Thread(target=ask, args=(one,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(allowed), sum(allowed)) == (100, 50)


def test_a_file_that_cannot_be_used_leaves_each_worker_to_count_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "limits.db").write_text("no database, but a letter " * 100)
    worker = RateLimits("1/minute", None, tmp_path / "limits.db")

    async def ask() -> list[Problem | None]:
        return [await refused(worker, "kim") for _ in range(2)]

    first, second = asyncio.run(ask())
    assert first is None
    assert second is not None
    assert "not a database" in caplog.text
