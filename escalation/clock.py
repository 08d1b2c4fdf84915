"""Runs what is due by the clock: one loop in each serving process, one entry for each job.

A job is a plain function that looks for what is due and does it, each piece in a transaction of its own that checks again
under a lock: several processes may run the same job at the same time. Knows nothing of what the jobs do.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Job:
    """`work` is called in a thread, at most once every `seconds`, never twice at the same time in one process."""

    name: str
    seconds: float
    work: Callable[[], object]


@contextmanager
def piece(what: str) -> Iterator[None]:
    """One piece of a job. Where it fails, that is logged, and the pieces behind it have their turn all the same."""
    try:
        yield
    except Exception as error:
        log.warning("%s failed: %s", what, error)


class Clock:
    """One per process: `start()` it in the event loop that serves."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(job), name=f"clock: {job.name}") for job in self._jobs]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, job: Job) -> None:
        while True:
            began = time.monotonic()
            try:
                await asyncio.to_thread(job.work)
            except Exception as error:  # the next round tries again
                log.warning("%s failed: %s", job.name, error)
            await asyncio.sleep(max(TICK_SECONDS, job.seconds - (time.monotonic() - began)))
