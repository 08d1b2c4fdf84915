"""The agents' inbox over HTTP: sign-in, the queue, the steps of a handoff, live events, and the page itself.

Knows requests and who may make them; what a step means is the business of `handoff`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from escalation import handoff as handoffs
from escalation.packet import packet
from escalation.seen import lines, note_json
from help_center.conversations import Conversation, Handoff, Message, message_json
from help_center.database import Database
from help_center.live import INBOX, Live
from help_center.people import (
    SESSION_DAYS,
    Agent,
    Customer,
    Viewer,
    check_password,
    close_session,
    open_session,
)
from help_center.templating import Pages
from help_center.web import (
    KEEP_ALIVE,
    SESSION_COOKIE,
    CleanText,
    Doorkeeper,
    Problem,
    RateLimits,
    clean_text,
    event_stream,
    last_event_id,
    sse,
)

HandoffStatus = Literal["waiting", "claimed", "returned", "resolved"]
SEARCH_WORDS = 8
SERVED = ("waiting", "claimed")  # lists of these are in the order of service, all others newest first


def _said(text: str) -> str:
    text = clean_text(text).strip()
    if not text:
        raise ValueError("write something first")
    return text


class SignIn(BaseModel):
    email: Annotated[CleanText, Field(max_length=320)]
    password: Annotated[str, Field(max_length=1000)]


class Said(BaseModel):
    text: Annotated[str, Field(max_length=8000), AfterValidator(_said)]
    client_id: Annotated[CleanText, Field(min_length=1, max_length=150)] | None = None


class Assignment(BaseModel):
    agent_id: Annotated[CleanText, Field(max_length=64)]


class Resolution(BaseModel):
    outcome: Annotated[CleanText, Field(max_length=100)] | None = None


class Typing(BaseModel):
    on: bool


def routes(
    database: Database, live: Live, doorkeeper: Doorkeeper, limits: RateLimits, pages: Pages
) -> APIRouter:
    router = APIRouter()

    async def few_sign_ins(request: Request) -> None:
        await limits.spend("sign-ins", doorkeeper.address(request))

    @router.post("/api/session", dependencies=[Depends(few_sign_ins)])
    def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, Any]:
        """Signs an agent in with e-mail and password; the answer sets the session cookie."""
        doorkeeper.refuse_cross_site(request)
        with database.read() as session:
            agent = check_password(session, body.email, body.password)
        if agent is None:
            raise Problem(401, "e-mail and password do not belong together: check both and try again.")
        with database.write() as session:
            secret = open_session(session, agent)
        response.set_cookie(
            SESSION_COOKIE,
            secret,
            max_age=SESSION_DAYS * 86_400,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return {"agent": agent_json(agent)}

    @router.delete("/api/session", status_code=204)
    def sign_out(request: Request, response: Response) -> None:
        doorkeeper.refuse_cross_site(request)
        secret = request.cookies.get(SESSION_COOKIE)
        if secret:
            with database.write() as session:
                close_session(session, secret)
        response.delete_cookie(
            SESSION_COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )

    @router.get("/api/session")
    def who_am_i(viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.read() as session:
            return {"agent": agent_json(session.get_one(Agent, viewer.agent_id))}

    @router.get("/api/agents", dependencies=[Depends(doorkeeper.agent)])
    def agents() -> dict[str, Any]:
        """Everybody to whom a conversation can be assigned."""
        with database.read() as session:
            people = session.scalars(select(Agent).order_by(func.lower(Agent.name), Agent.id))
            return {"items": [agent_json(agent) for agent in people], "next": None}

    @router.get("/api/handoffs")
    def queue(
        status: HandoffStatus | None = None,
        assignee: Annotated[CleanText, Query(max_length=64)] | None = None,
        q: Annotated[CleanText, Query(max_length=200)] | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: Annotated[str, Query(max_length=300)] | None = None,
        viewer: Viewer = Depends(doorkeeper.agent),
    ) -> dict[str, Any]:
        """The queue: in the order of service for `waiting` and `claimed`, else the newest first.

        `assignee`: me, none or an agent's id. `q`: every word must occur in the question, the summary, the
        customer's name or e-mail, or a message. `counts` are of the whole queue, whatever the filters.
        """
        query = _filtered(status, assignee, q, viewer)
        query, key_of = _ordered(query, served_first=status in SERVED, cursor=cursor)
        with database.read() as session:
            rows = session.execute(query.limit(limit + 1)).all()
            items = lines(session, [row[0] for row in rows[:limit]])
            following = _cursor(key_of(rows[limit - 1][0])) if len(rows) > limit else None
            return {"items": items, "next": following, "counts": _counts(session, viewer)}

    @router.get("/api/handoffs/{id}", dependencies=[Depends(doorkeeper.agent)])
    def read_packet(id: CleanText) -> dict[str, Any]:
        with database.read() as session:
            return packet(session, id)

    @router.post("/api/handoffs/{id}/claim")
    def claim(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """Takes it; 409 naming who has it when somebody else was faster."""
        with database.write() as session:
            handoffs.claim(session, id, viewer)
            return packet(session, id)

    @router.post("/api/handoffs/{id}/release")
    def release(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            handoffs.release(session, id, viewer)
            return packet(session, id)

    @router.post("/api/handoffs/{id}/assign")
    def assign(id: CleanText, body: Assignment, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            handoffs.assign(session, id, viewer, body.agent_id)
            return packet(session, id)

    @router.post("/api/handoffs/{id}/return")
    def return_to_bot(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            handoffs.return_to_bot(session, id, viewer)
            return packet(session, id)

    @router.post("/api/handoffs/{id}/resolve")
    def resolve(
        id: CleanText, body: Resolution | None = None, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        with database.write() as session:
            outcome = body.outcome.strip() if body and body.outcome else ""
            handoffs.resolve(session, id, viewer, outcome or None)
            return packet(session, id)

    @router.post("/api/handoffs/{id}/reply")
    def reply(id: CleanText, body: Said, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            return message_json(handoffs.reply(session, id, viewer, body.text, body.client_id))

    @router.post("/api/handoffs/{id}/note")
    def note(id: CleanText, body: Said, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            return note_json(handoffs.note(session, id, viewer, body.text))

    @router.post("/api/handoffs/{id}/typing", status_code=204)
    def typing(id: CleanText, body: Typing, viewer: Viewer = Depends(doorkeeper.agent)) -> None:
        with database.write() as session:
            handoffs.typing(session, id, viewer, body.on)

    @router.get("/api/inbox/events", dependencies=[Depends(doorkeeper.agent)])
    async def events(request: Request) -> Response:
        """`handoff`, `message`, `note` and `typing` events of all handoffs; `Last-Event-ID` resumes.

        The first event, `ready`, says from where this stream goes on: what is read after it misses nothing.
        """
        after = last_event_id(request)
        start = await live.newest() if after is None else after

        async def frames() -> AsyncIterator[bytes]:
            yield sse("ready", {"after": start}, start)
            async for event in live.follow(INBOX, start):
                if event is not None:
                    yield sse(event.kind, event.payload, event.id)
                elif (await database.run(doorkeeper.viewer, request)).is_agent:
                    yield KEEP_ALIVE
                else:
                    raise Problem(401, "you were signed out: sign in again.")

        return event_stream(frames())

    @router.get("/inbox", include_in_schema=False)
    def page(request: Request) -> Response:
        viewer = doorkeeper.viewer(request)
        agent = None
        if viewer.is_agent:
            with database.read() as session:
                agent = agent_json(session.get_one(Agent, viewer.agent_id))
        return pages.page("inbox.html", agent=agent)

    return router


def agent_json(agent: Agent) -> dict[str, Any]:
    return {"id": agent.id, "email": agent.email, "name": agent.name, "role": agent.role}


def _filtered(status: str | None, assignee: str | None, q: str | None, viewer: Viewer) -> Select[Any]:
    query: Any = (
        select(Handoff, Customer, Agent)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(Agent, Agent.id == Handoff.assignee_id)
    )
    if status:
        query = query.where(Handoff.status == status)
    if assignee == "none":
        query = query.where(Handoff.assignee_id.is_(None))
    elif assignee:
        query = query.where(Handoff.assignee_id == (viewer.agent_id if assignee == "me" else assignee))
    for word in (q or "").split()[:SEARCH_WORDS]:
        said = exists().where(Message.conversation_id == Handoff.conversation_id, _has(Message.text, word))
        places = (Handoff.question, Handoff.summary, Customer.name, Customer.email)
        query = query.where(or_(*(_has(place, word) for place in places), said))
    return query


def _has(column: Any, word: str) -> Any:
    return column.icontains(word, autoescape=True)


def _ordered(
    query: Select[Any], *, served_first: bool, cursor: str | None
) -> tuple[Select[Any], Callable[[Handoff], list[Any]]]:
    """The query in its order, after `cursor`, and the function that gives a row's place in that order."""
    if served_first:
        order = (Handoff.rank, Handoff.created_at, Handoff.id)
        query = query.order_by(*order)
        if cursor:
            rank, created, id = _place(cursor, 3)
            same = or_(Handoff.created_at > created, and_(Handoff.created_at == created, Handoff.id > id))
            query = query.where(or_(Handoff.rank > rank, and_(Handoff.rank == rank, same)))
        return query, lambda row: [row.rank, row.created_at.isoformat(), row.id]
    query = query.order_by(Handoff.created_at.desc(), Handoff.id.desc())
    if cursor:
        created, id = _place(cursor, 2)
        query = query.where(
            or_(Handoff.created_at < created, and_(Handoff.created_at == created, Handoff.id < id))
        )
    return query, lambda row: [row.created_at.isoformat(), row.id]


def _cursor(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _place(cursor: str, length: int) -> list[Any]:
    """What `_cursor` packed, checked: it comes back from outside."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        *rank, created, id = key
        if len(key) == length and isinstance(id, str) and all(part in (0, 1, 2) for part in rank):
            moment = datetime.fromisoformat(created)
            if moment.tzinfo is not None:
                return [*rank, moment.astimezone(UTC), clean_text(id)]
    except (ValueError, TypeError, OverflowError):
        pass
    raise Problem(
        422, "this cursor is not one of ours: take `next` of the page before, with the same filters."
    )


def _counts(session: Session, viewer: Viewer) -> dict[str, int]:
    count = select(func.count()).select_from(Handoff)
    mine = and_(Handoff.status == "claimed", Handoff.assignee_id == viewer.agent_id)
    return {
        "waiting": session.scalar(count.where(Handoff.status == "waiting")) or 0,
        "mine": session.scalar(count.where(mine)) or 0,
    }
