"""Live events: rows first, a wake-up second.

An event is a row that is written in the transaction that caused it, so it is never lost and can be resumed
by its id. Readers sleep until something of their topic wakes them: by this process at once, by others through Redis at
once, and in any case by a short poll. Knows topics and ids, not what the payloads mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.database import Base, Database, now

log = logging.getLogger(__name__)
INBOX = "inbox"  # the topic of everything that agents see
POLL_SECONDS = 0.5
OVERLAP = 200  # ids that the poll looks back: PostgreSQL may commit an event after one with a higher id
KEEP_DAYS = 7
ORDER_LOCK = 0x9A51EF  # advisory lock number on PostgreSQL: events of the inbox are committed in the order of their ids


class Event(Base):
    __tablename__ = "events"
    __table_args__ = (Index("ix_events_topic_id", "topic", "id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


@dataclass(frozen=True)
class LiveEvent:
    """One event as a reader gets it. `id` is what a reader resumes from."""

    id: int
    kind: str
    payload: dict[str, Any]


def publish(session: Session, topic: str, kind: str, payload: dict[str, Any]) -> None:
    """Adds an event to the transaction of `session`; it is written when that commits.

    Events of a conversation are in order because its row is locked; for the inbox, which all conversations
    share, the writer takes a lock at the very end of its transaction.
    """
    session.info.setdefault("events", []).append((topic, kind, payload))


def write_events(session: Session) -> None:
    """Writes what was published: a `before_commit` hook of the Database."""
    events = session.info.pop("events", [])
    if not events:
        return
    if any(topic == INBOX for topic, _, _ in events) and session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({ORDER_LOCK})"))
    session.add_all([Event(topic=topic, kind=kind, payload=payload) for topic, kind, payload in events])
    session.flush()
    session.info["written"] = {topic for topic, _, _ in events}


class Live:
    """Reads events as they come. One per process; `start()` it in the event loop that serves."""

    def __init__(self, database: Database, redis_url: str | None = None) -> None:
        self._database = database
        self._redis_url = redis_url
        self._channel = ""
        self._wakers: dict[str, set[asyncio.Event]] = {}  # by topic: a thousand readers are not woken for one
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._redis: Any = None
        self._last = 0
        self._closing = False
        database.before_commit.append(write_events)
        database.after_commit.append(self._committed)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._last = await self._database.run(self._newest)
        self._tasks = [asyncio.create_task(self._poll(), name="live poll")]
        if self._redis_url:
            import redis.asyncio as redis  # only where it is configured

            self._channel = f"parley:{await self._database.run(lambda: self._database.installation_id)}"
            self._redis = redis.from_url(self._redis_url, socket_connect_timeout=2)
            self._tasks.append(asyncio.create_task(self._listen(), name="live redis"))

    async def stop(self) -> None:
        self._closing = True
        self._wake(list(self._wakers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._redis is not None:
            with contextlib.suppress(Exception):
                await self._redis.aclose()
        self._loop = None

    async def newest(self) -> int:
        """The id of the newest event there is."""
        return await self._database.run(self._newest)

    async def follow(
        self, topic: str, after: int, *, idle_seconds: float = 15.0
    ) -> AsyncIterator[LiveEvent | None]:
        """Every event of `topic` with an id above `after`, in order, for as long as the reader stays.

        Yields None after `idle_seconds` without any event: the moment for a keep-alive.
        """
        waker = asyncio.Event()
        self._wakers.setdefault(topic, set()).add(waker)
        try:
            while not self._closing:
                waker.clear()
                events = await self._database.run(self._read, topic, after)
                for event in events:
                    after = event.id
                    yield event
                if not events:
                    try:
                        await asyncio.wait_for(waker.wait(), idle_seconds)
                    except TimeoutError:
                        yield None
        finally:
            self._wakers[topic].discard(waker)
            if not self._wakers[topic]:
                del self._wakers[topic]

    def prune(self) -> None:
        """Forgets events that nobody will resume from any more."""
        with self._database.write() as session:
            session.execute(delete(Event).where(Event.created_at < now() - timedelta(days=KEEP_DAYS)))

    def _read(self, topic: str, after: int) -> list[LiveEvent]:
        with self._database.read() as session:
            query = select(Event).where(Event.topic == topic, Event.id > after).order_by(Event.id).limit(500)
            return [LiveEvent(row.id, row.kind, row.payload) for row in session.scalars(query)]

    def _newest(self) -> int:
        with self._database.read() as session:
            return session.scalar(select(func.max(Event.id))) or 0

    def _recent(self) -> tuple[int, list[str]]:
        """The id of the newest event, and the topics of those that may be new since the last poll."""
        with self._database.read() as session:
            newest = session.scalar(select(func.max(Event.id))) or 0
            if newest == self._last:
                return newest, []
            new = select(Event.topic).where(Event.id > min(self._last, newest) - OVERLAP).distinct()
            return newest, list(session.scalars(new))

    def _committed(self, session: Session) -> None:
        """An `after_commit` hook: runs in whatever thread wrote."""
        topics = session.info.pop("written", None)
        if topics and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._announce, list(topics))

    def _announce(self, topics: list[str]) -> None:
        self._wake(topics)
        if self._redis is not None and self._loop is not None:
            task = self._loop.create_task(self._tell_others(topics))
            self._tasks.append(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task in self._tasks:
            self._tasks.remove(task)

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for waker in self._wakers.get(topic, ()):
                waker.set()

    async def _tell_others(self, topics: list[str]) -> None:
        try:
            await self._redis.publish(self._channel, "\n".join(topics))
        except Exception as error:  # any fault of Redis: the poll finds the rows all the same
            log.warning("Redis did not take a wake-up: %s", error)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    async for told in channel.listen():
                        if told["type"] == "message":
                            self._wake(told["data"].decode().split("\n"))
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("Redis is away, the poll goes on: %s", error)
                await asyncio.sleep(2)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                newest, topics = await self._database.run(self._recent)
            except Exception as error:
                log.warning("the database did not answer the poll for live events: %s", error)
                continue
            if newest != self._last:
                self._last = newest
                self._wake(topics)
