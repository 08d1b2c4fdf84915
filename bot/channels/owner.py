"""The owner's door, for commands on the same machine: they find its secret in the data dir's lock file.

An embedded store has one owner process; `parley index`, `search`, `ask` and `eval` work through it here.
"""

from __future__ import annotations

import hmac
import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from bot.house import House
from bot.oneshot import ask_once, ranking
from bot.understand import Said
from help_center.faults import reason
from help_center.owner import HEADER
from help_center.web import Problem
from retrieval.indexing import IndexReport


class Queried(BaseModel):
    query: str
    limit: int = 10
    history: list[tuple[str, str]] = []
    without: list[str] = []  # ids of articles that are passed over
    earlier: list[str] = []  # this and the next: as in `bot.turn.Asked`
    asked_back: list[list[str]] = []


def routes(house: House, secret: str | None) -> APIRouter:
    """`secret` None: this process owns nothing, and the door stays shut."""

    def only_the_owner(request: Request) -> None:
        given = request.headers.get(HEADER, "")
        if secret is None or not hmac.compare_digest(given.encode(), secret.encode()):
            raise Problem(404, "Not Found")

    api = APIRouter(prefix="/api/owner", include_in_schema=False, dependencies=[Depends(only_the_owner)])

    @api.post("/sync")
    def sync() -> StreamingResponse:
        """Lines of JSON: {"done", "known"} as it goes on, then {"report"} or {"error"}."""
        lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

        def work() -> None:
            try:
                report: IndexReport = house.indexer.sync(
                    lambda done, known: lines.put({"done": done, "known": known})
                )
                if report.articles or report.removed:
                    house.search.rebuild()
                lines.put({"report": asdict(report)})
            except Exception as error:
                lines.put({"error": reason(error)})
            lines.put(None)

        def told() -> Iterator[str]:
            while (line := lines.get()) is not None:
                yield json.dumps(line) + "\n"

        threading.Thread(target=work, name="index for a command", daemon=True).start()
        return StreamingResponse(told(), media_type="application/x-ndjson")

    @api.post("/ranking")
    def rank(given: Queried) -> dict[str, Any]:
        said = [Said(role, text) for role, text in given.history]
        return ranking(house.search, given.query, given.limit, said, given.without)

    @api.post("/ask")
    async def ask(given: Queried) -> dict[str, Any]:
        said = [Said(role, text) for role, text in given.history]
        asked_back = [tuple(titles) for titles in given.asked_back]
        return await ask_once(house.parts, given.query, said, given.earlier, asked_back)

    return api
