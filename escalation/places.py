"""The queue as it stands, read once for all customers of this process who wait: each is told when their place or wait changes.

Nothing is written. Knows no streams and no HTTP: who wants to be told follows a conversation here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from escalation.waits import Outlook, queue
from help_center.database import Database
from help_center.live import INBOX, Live

log = logging.getLogger(__name__)
AT_MOST_EVERY = 1.0  # seconds between two readings of the queue
AT_LEAST_EVERY = 15.0  # waits change by the time alone
Told = tuple[str, Outlook]  # a handoff's id, and what its customer is told


class _Follower:
    def __init__(self) -> None:
        self.told: Told | None = None
        self.changed = asyncio.Event()

    def tell(self, told: Told | None) -> None:
        """Only what the customer would read differently is news; who does not wait (yet) is told nothing."""
        if told is None or (self.told and (self.told[0], self.told[1].shown) == (told[0], told[1].shown)):
            return
        self.told = told
        self.changed.set()


class Places:
    """One per process. `start()` it in the event loop that serves."""

    def __init__(self, database: Database, live: Live) -> None:
        self._database = database
        self._live = live
        self._followers: dict[str, set[_Follower]] = {}
        self._stale = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        newest = await self._live.newest()
        self._tasks = [
            asyncio.create_task(self._listen(newest), name="places: listen"),
            asyncio.create_task(self._keep(), name="places: read the queue"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def follow(self, conversation_id: str) -> AsyncIterator[Told]:
        """What its customer is told, now and at every change, for as long as the follower stays."""
        follower = _Follower()
        self._followers.setdefault(conversation_id, set()).add(follower)
        self._stale.set()
        try:
            while True:
                await follower.changed.wait()
                follower.changed.clear()
                if follower.told is not None:
                    yield follower.told
        finally:
            others = self._followers[conversation_id]
            others.discard(follower)
            if not others:
                del self._followers[conversation_id]

    async def _listen(self, after: int) -> None:
        async for event in self._live.follow(INBOX, after):
            if event is not None and event.kind == "handoff":
                self._stale.set()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), AT_LEAST_EVERY)
            self._stale.clear()
            if self._followers:
                try:
                    self._tell(await self._database.run(self._read, list(self._followers)))
                except Exception as error:  # the next round tries again
                    log.warning("the queue could not be read: %s", error)
            await asyncio.sleep(AT_MOST_EVERY)

    def _read(self, conversations: list[str]) -> dict[str, Told | None]:
        with self._database.read() as session:
            standing = queue(session)
        return {one: standing.outlook(one) for one in conversations}

    def _tell(self, told: dict[str, Told | None]) -> None:
        for conversation_id, what in told.items():
            for follower in self._followers.get(conversation_id, ()):
                follower.tell(what)
