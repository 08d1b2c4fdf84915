"""What one customer's event stream shows: the conversation's events, and while it waits its place as that changes.

Events have an id and can be resumed from; a place is true for the moment only, and has none. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from escalation.notify import can_email
from escalation.places import Places, Told
from escalation.waits import place_json
from help_center.conversations import WAITING, topic
from help_center.database import iso
from help_center.live import Live, LiveEvent

Shown = tuple[str, dict[str, Any], int | None]  # an event, its payload and its id


async def shown(
    live: Live, places: Places, conversation_id: str, after: int, status: str
) -> AsyncIterator[Shown | None]:
    """Every event above `after`, for as long as the reader stays; None is the moment for a keep-alive. `status`: the present one."""
    events = live.follow(topic(conversation_id), after)
    said: asyncio.Future[LiveEvent | None] = asyncio.ensure_future(anext(events))
    moved: asyncio.Future[Told] | None = None
    following: AsyncIterator[Told] | None = None
    last = after  # a place in the queue is no event that is kept: who resumes from it misses nothing after this one
    try:
        while True:
            if status == WAITING and moved is None:
                following = following or places.follow(conversation_id)
                moved = asyncio.ensure_future(anext(following))
            elif status != WAITING and moved is not None:
                moved.cancel()
                moved = following = None
            await asyncio.wait([one for one in (said, moved) if one], return_when=asyncio.FIRST_COMPLETED)
            if said.done():  # before any place: it may end the waiting
                try:
                    event = said.result()
                except StopAsyncIteration:
                    return
                said = asyncio.ensure_future(anext(events))
                if event is None:
                    yield None
                    continue
                if event.kind == "status":
                    status = event.payload["status"]
                last = event.id
                yield event.kind, event.payload, last
            elif moved is not None:
                told = moved.result()
                moved = None
                yield "status", _place(told), last
    finally:
        for one in (said, moved):
            if one is not None:
                one.cancel()


def _place(told: Told) -> dict[str, Any]:
    handoff_id, outlook = told
    return {
        "status": WAITING,
        "handoff": place_json(handoff_id, WAITING, outlook),
        "opens_at": iso(outlook.opens_at),
        "may_leave_email": outlook.worth_an_email and can_email(),
    }
