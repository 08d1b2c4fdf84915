"""How a command reaches the installation: directly, or through the process that owns the data dir.

With an embedded vector store only its owner may touch it; with a Chroma server every process may.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import httpx

from bot.house import House
from bot.oneshot import ask_once, ranking
from bot.understand import Said
from help_center.owner import HEADER, OtherOwner, OwnerError, Ownership, own_or_wait
from help_center.settings import Settings
from retrieval.indexing import IndexReport
from retrieval.stores.base import StoreError

START_SECONDS = 15.0  # an owner that has announced its address listens within this


class Reach(Protocol):
    house: House

    def sync(self, progress: Callable[[int, int], None] | None) -> IndexReport: ...

    def ranking(
        self, query: str, limit: int, history: Sequence[Said] = (), without: Sequence[str] = ()
    ) -> dict[str, Any]: ...

    def ask(
        self,
        text: str,
        history: Sequence[Said] = (),
        earlier: Sequence[str] = (),
        asked_back: Sequence[tuple[str, ...]] = (),
    ) -> dict[str, Any]: ...


@contextmanager
def reached(settings: Settings, command: str) -> Iterator[Reach]:
    """Raises OwnerError when another command keeps the data dir."""
    house = House(settings)
    ownership: Ownership | None = None
    try:
        if settings.chroma_url is None:
            found = own_or_wait(settings.data_dir, command)
            if isinstance(found, OtherOwner):
                yield Through(house, found)
                return
            ownership = found
        yield Direct(house)
    finally:
        house.close()
        if ownership is not None:
            ownership.release()


class Direct:
    """This process opens the store itself."""

    def __init__(self, house: House) -> None:
        self.house = house

    def sync(self, progress: Callable[[int, int], None] | None) -> IndexReport:
        report = self.house.indexer.sync(progress)
        if report.articles or report.removed:
            self.house.search.rebuild()
        return report

    def ranking(
        self, query: str, limit: int, history: Sequence[Said] = (), without: Sequence[str] = ()
    ) -> dict[str, Any]:
        return ranking(self.house.search, query, limit, history, without)

    def ask(
        self,
        text: str,
        history: Sequence[Said] = (),
        earlier: Sequence[str] = (),
        asked_back: Sequence[tuple[str, ...]] = (),
    ) -> dict[str, Any]:
        return asyncio.run(ask_once(self.house.parts, text, history, earlier, asked_back))


class Through:
    """A running server does it. `house` is for the database only."""

    def __init__(self, house: House, owner: OtherOwner) -> None:
        self.house = house
        self.url = owner.url or ""
        self._client = httpx.Client(
            base_url=self.url,
            headers={HEADER: owner.secret or "", "Accept-Encoding": "identity"},
            timeout=300,
            trust_env=False,
        )
        self._wait()

    def sync(self, progress: Callable[[int, int], None] | None) -> IndexReport:
        broke_off = (
            "the running server broke off while indexing: run the command again, it goes on where it stopped."
        )
        try:
            with self._client.stream(
                "POST", "/api/owner/sync", timeout=httpx.Timeout(None, connect=10)
            ) as response:
                self._check(response)
                for line in response.iter_lines():
                    told = json.loads(line)
                    if "report" in told:
                        return IndexReport(**told["report"])
                    if "error" in told:
                        raise StoreError(told["error"])
                    if progress:
                        progress(told["done"], told["known"])
        except httpx.TransportError as error:
            raise OwnerError(broke_off) from error
        raise OwnerError(broke_off)

    def ranking(
        self, query: str, limit: int, history: Sequence[Said] = (), without: Sequence[str] = ()
    ) -> dict[str, Any]:
        told = {"query": query, "limit": limit, "history": _pairs(history), "without": list(without)}
        return self._post("/api/owner/ranking", told)

    def ask(
        self,
        text: str,
        history: Sequence[Said] = (),
        earlier: Sequence[str] = (),
        asked_back: Sequence[tuple[str, ...]] = (),
    ) -> dict[str, Any]:
        told = {"query": text, "history": _pairs(history), "earlier": list(earlier)}
        return self._post("/api/owner/ask", told | {"asked_back": [list(titles) for titles in asked_back]})

    def _post(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._client.post(path, json=told)
        except httpx.TransportError as error:
            raise OwnerError(f"the running server at {self.url} broke off: run the command again.") from error
        self._check(response)
        found: dict[str, Any] = response.json()
        return found

    def _check(self, response: httpx.Response) -> None:
        if response.status_code != 200:
            response.read()
            raise OwnerError(
                f"the running server at {self.url} refused ({response.status_code}): restart it and try again."
            )

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self._client.get("/healthz", timeout=START_SECONDS)
                return
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise OwnerError(
                        f"the server at {self.url} owns the data dir and does not answer: restart it."
                    ) from error
                time.sleep(0.2)


def _pairs(history: Sequence[Said]) -> list[tuple[str, str]]:
    return [(one.role, one.text) for one in history]
