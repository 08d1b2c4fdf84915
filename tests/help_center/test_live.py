"""Live events: rows in the order of their ids, resumed without loss, and woken at once."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

import help_center.tables  # noqa: F401
from help_center import live as live_events
from help_center.database import Database, now
from help_center.live import INBOX, Event, Live, LiveEvent, publish
from tests.conftest import free_port

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]
TOPIC = "conversation:c1"


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()


@asynccontextmanager
async def running(database: Database, redis_url: str | None = None) -> AsyncIterator[Live]:
    live = Live(database, redis_url)
    await live.start()
    try:
        yield live
    finally:
        await live.stop()


def tell(database: Database, n: int, topic: str = TOPIC) -> None:
    with database.write() as session:
        publish(session, topic, "message", {"n": n})


async def take(
    live: Live, count: int, after: int = 0, topic: str = TOPIC, seconds: float = 60
) -> list[LiveEvent]:
    taken: list[LiveEvent] = []
    async with asyncio.timeout(seconds), aclosing(live.follow(topic, after)) as events:  # type: ignore[type-var]
        while len(taken) < count:
            event = await anext(events)
            if event is not None:
                taken.append(event)
    return taken


def numbers(events: list[LiveEvent]) -> list[int]:
    return [event.payload["n"] for event in events]


def test_a_reader_gets_what_was_before_and_what_comes(database: Database) -> None:
    async def story() -> None:
        async with running(database) as live:
            tell(database, 0)
            reading = asyncio.create_task(take(live, 3))
            await asyncio.sleep(0.05)
            await database.run(tell, database, 1)
            await database.run(tell, database, 99, "conversation:another")
            await database.run(tell, database, 2)
            assert numbers(await reading) == [0, 1, 2]

    asyncio.run(story())


def test_it_resumes_after_any_id_without_loss_and_without_repeating(database: Database) -> None:
    async def story() -> None:
        async with running(database) as live:
            for n in range(30):
                tell(database, n)
                tell(database, n, "conversation:another")
            everything = await take(live, 30)
            ids = [event.id for event in everything]
            assert ids == sorted(set(ids))  # type: ignore[type-var]
            for n in range(29):
                assert numbers(await take(live, 29 - n, after=everything[n].id or 0)) == list(
                    range(n + 1, 30)
                )
            assert await live.newest() >= (ids[-1] or 0)

    asyncio.run(story())


def test_more_events_than_one_reading_holds_all_come(database: Database) -> None:
    async def story() -> None:
        async with running(database) as live:
            with database.write() as session:
                for n in range(1203):
                    publish(session, TOPIC, "message", {"n": n})
            assert numbers(await take(live, 1203)) == list(range(1203))

    asyncio.run(story())


def test_what_is_rolled_back_is_never_heard_of(database: Database) -> None:
    def tell_and_fail() -> None:
        with database.write() as session:
            publish(session, TOPIC, "message", {"n": 0})
            raise ZeroDivisionError

    async def story() -> None:
        async with running(database) as live:
            with pytest.raises(ZeroDivisionError):
                tell_and_fail()
            tell(database, 1)
            assert numbers(await take(live, 1)) == [1]

    asyncio.run(story())


def test_a_reader_of_the_inbox_misses_nothing_of_concurrent_writers(database: Database) -> None:
    """Writers whose transactions overlap: an id that is committed late must not be passed by."""
    chance = random.Random(3)

    def write(n: int) -> None:
        with database.write() as session:
            publish(session, INBOX, "handoff", {"n": n})
            session.execute(text("SELECT 1"))
            if database.is_postgres:
                time.sleep(chance.uniform(0, 0.01))

    async def story() -> None:
        async with running(database) as live:
            reading = asyncio.create_task(take(live, 200, topic=INBOX, seconds=60))
            with ThreadPoolExecutor(8) as pool:
                await asyncio.gather(
                    *(asyncio.get_running_loop().run_in_executor(pool, write, n) for n in range(200))
                )
            events = await reading
            assert sorted(numbers(events)) == list(range(200))
            ids = [event.id or 0 for event in events]
            assert ids == sorted(ids)

    asyncio.run(story())


@pytest.mark.services
def test_on_postgresql_an_event_of_the_inbox_waits_for_those_before_it(postgres_url: str) -> None:
    """One transaction has taken its id and has not committed: the next one must not be seen first."""
    database, other = Database(postgres_url), Database(postgres_url)
    slow = threading.Event()
    database.before_commit += [live_events.write_events, lambda session: slow.wait(10) and None]
    other.before_commit.append(live_events.write_events)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tell, database, 1, INBOX)
        time.sleep(0.3)
        second = pool.submit(tell, other, 2, INBOX)
        time.sleep(0.3)
        with other.read() as session:
            assert session.query(Event).count() == 0
        assert not second.done()
        slow.set()
        first.result(10), second.result(10)
    with other.read() as session:
        assert [event.payload["n"] for event in session.query(Event).order_by(Event.id)] == [1, 2]
    database.close(), other.close()


def test_a_writer_in_this_process_wakes_readers_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_events, "POLL_SECONDS", 600.0)
    asyncio.run(_heard(database, database))


def test_the_poll_finds_what_another_process_wrote(database: Database, url: str) -> None:
    other = Database(url)
    asyncio.run(_heard(database, other))
    other.close()


def test_a_redis_that_is_down_leaves_it_to_the_poll(database: Database, url: str) -> None:
    other = Database(url)
    asyncio.run(_heard(database, other, f"redis://127.0.0.1:{free_port()}/0"))
    other.close()


@pytest.mark.services
def test_redis_wakes_the_readers_of_another_process(
    database: Database, url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_events, "POLL_SECONDS", 600.0)
    # the other host names the same database in another way
    other = Database(url.replace("127.0.0.1", "localhost"))
    asyncio.run(_heard(database, other, redis_url))
    other.close()


async def _heard(reader: Database, writer: Database, redis_url: str | None = None) -> None:
    async with running(reader, redis_url) as reading, running(writer, redis_url):
        for n in range(3):
            after = await reading.newest()
            following = asyncio.create_task(take(reading, 1, after=after))
            await asyncio.sleep(0.3)
            await writer.run(tell, writer, n)
            assert numbers(await following) == [n]


def test_a_reader_hears_that_nothing_came(database: Database) -> None:
    async def story() -> None:
        async with running(database) as live, aclosing(live.follow(TOPIC, 0, idle_seconds=0.05)) as events:  # type: ignore[type-var]
            assert await anext(events) is None

    asyncio.run(story())


def test_readers_are_let_go_when_it_stops(database: Database) -> None:
    async def story() -> None:
        async with running(database) as live:
            reading = asyncio.create_task(_everything(live))
            await asyncio.sleep(0.05)
        assert await asyncio.wait_for(reading, 2) == []

    asyncio.run(story())


async def _everything(live: Live) -> list[LiveEvent]:
    return [event async for event in live.follow(TOPIC, 0) if event is not None]


def test_old_events_are_forgotten_and_their_ids_never_used_again(database: Database) -> None:
    live = Live(database)
    with database.write() as session:
        session.add(
            Event(topic=TOPIC, kind="message", payload={"n": 0}, created_at=now() - timedelta(days=30))
        )
    with database.read() as session:
        gone = session.query(Event).one().id
    live.prune()
    tell(database, 1)
    with database.read() as session:
        kept = session.query(Event).all()
    assert [event.payload["n"] for event in kept] == [1]
    assert kept[0].id > gone
