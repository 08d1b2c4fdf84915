"""The agents' inbox over HTTP: the queue, live events, and the page itself. The steps of a handoff are in `steps`.

Knows requests and who may make them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from escalation import documents, finding, steps
from escalation.excerpts import excerpts
from escalation.finding import Status, View, Wanted
from escalation.packet import earlier_messages, packet
from escalation.policies import PriorityName
from escalation.seen import lines
from escalation.staff import me_json
from help_center.database import Database
from help_center.live import INBOX, Live
from help_center.people import Agent, Viewer
from help_center.templating import Pages
from help_center.web import (
    KEEP_ALIVE,
    CleanText,
    Doorkeeper,
    Problem,
    event_stream,
    last_event_id,
    sse,
)

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"  # served at /static/inbox


def routes(database: Database, live: Live, doorkeeper: Doorkeeper, pages: Pages) -> APIRouter:
    router = APIRouter()
    router.include_router(steps.routes(database, doorkeeper))

    @router.get("/api/handoffs")
    def queue(
        status: Status | None = None,
        assignee: Annotated[CleanText, Query(max_length=64)] | None = None,
        q: Annotated[CleanText, Query(max_length=200)] | None = None,
        team: Annotated[CleanText, Query(max_length=64)] | None = None,
        label: Annotated[CleanText, Query(max_length=60)] | None = None,
        priority: PriorityName | None = None,
        language: Annotated[CleanText, Query(max_length=35)] | None = None,
        view: View | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: Annotated[str, Query(max_length=300)] | None = None,
        viewer: Viewer = Depends(doorkeeper.agent),
    ) -> dict[str, Any]:
        """The queue: open ones in the order of service, everything else and every search the newest first.

        `status`: `open` is waiting or claimed. `assignee`: me, none or an agent's id. `q`: every word must occur, the last one
        may be its beginning, in what the customer and we said, names, addresses, labels and notes. `view`: snoozed ones are in
        no other list of open ones, but a search finds them. `counts` are of the whole queue, whatever the filters;
        `unread`: so many older handoffs cannot be searched yet, a job is on its way.
        """
        wanted = Wanted(
            status,
            viewer.agent_id if assignee == "me" else assignee,
            team,
            label,
            priority,
            language,
            view,
            mentioned=viewer.agent_id,
            q=q or "",
        )
        with database.read() as session:
            page = finding.page(session, wanted, limit, cursor)
            items = lines(session, page.handoffs)
            if q:
                found = excerpts(session, page.handoffs, q)
                items = [item | {"found": found.get(item["id"])} for item in items]
            return {
                "items": items,
                "next": page.next,
                "counts": finding.counts(session, viewer),
                "unread": documents.unread(session),
            }

    @router.get("/api/handoffs/{id}")
    def read_packet(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        with database.read() as session:
            return JSONResponse(packet(session, id, viewer))  # plain JSON already: not walked through again

    @router.get("/api/handoffs/{id}/earlier/{conversation_id}", dependencies=[Depends(doorkeeper.agent)])
    def earlier(id: CleanText, conversation_id: CleanText) -> dict[str, Any]:
        """What was said in another conversation of the same customer, and what of the model was left out there."""
        with database.read() as session:
            return earlier_messages(session, id, conversation_id)

    @router.get("/api/inbox/events")
    async def events(request: Request, viewer: Viewer = Depends(doorkeeper.agent)) -> Response:
        """`handoff`, `message`, `note` and `typing` events of all handoffs; `Last-Event-ID` resumes.

        The first event, `ready`, says from where this stream goes on: what is read after it misses nothing.
        """
        newest, after = await live.newest(), last_event_id(request)
        start = newest if after is None else min(after, newest)  # an id from nowhere must not hide what comes

        async def frames() -> AsyncIterator[bytes]:
            yield sse("ready", {"after": start}, start)
            async for event in live.follow(INBOX, start):
                # `people`: an agent or a token may be gone
                idle = event is None or event.kind == "people"
                if idle and not (await database.run(doorkeeper.viewer, request)).is_agent:
                    raise Problem(401, "you were signed out: sign in again.")
                if event and event.kind == "held" and event.payload["agent_id"] != viewer.agent_id:
                    continue  # what can still be taken back only its author reads
                yield KEEP_ALIVE if event is None else sse(event.kind, event.payload, event.id)

        return event_stream(frames())

    @router.get("/inbox", include_in_schema=False)
    def page(request: Request) -> Response:
        viewer = doorkeeper.viewer(request)
        agent = None
        if viewer.is_agent:
            with database.read() as session:
                agent = me_json(session, session.get_one(Agent, viewer.agent_id))
        return pages.page("inbox.html", agent=agent)

    return router
