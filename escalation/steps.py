"""The steps of a handoff over HTTP: one route each. What a step means is the business of `handoff` and `replies`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StrictBool, model_validator
from sqlalchemy.orm import Session

from escalation import handoff as handoffs
from escalation import queue, replies
from escalation.changing import UnknownHandoff
from escalation.desk_tools.mentions import mention
from escalation.packet import packet
from escalation.policies import PriorityName
from escalation.seen import note_json
from help_center.conversations import Handoff, Message, message_json
from help_center.database import Database
from help_center.file_door import FILE_BODY
from help_center.files import MOST_PER_MESSAGE, file_json, keep, read_upload
from help_center.people import Viewer
from help_center.receipts import AGENT, mark_read
from help_center.web import CleanText, Doorkeeper, clean_text

Id = Annotated[CleanText, Field(max_length=64)]


def _said(text: str) -> str:
    text = clean_text(text).strip()
    if not text:
        raise ValueError("write something first")
    return text


class Said(BaseModel):
    text: Annotated[str, Field(max_length=8000), AfterValidator(_said)]
    client_id: Annotated[CleanText, Field(min_length=1, max_length=150)] | None = None


class Reply(BaseModel):
    """`undo_s`: for so many seconds it can be taken back; `seen`: the last message that the agent has read; `files`:
    ids of what was uploaded here before: with some, the text may be left out."""

    text: Annotated[CleanText, Field(max_length=8000), AfterValidator(str.strip)] = ""
    client_id: Annotated[CleanText, Field(min_length=1, max_length=150)] | None = None
    files: list[Id] = Field(default_factory=list, max_length=MOST_PER_MESSAGE)
    undo_s: Annotated[float, Field(ge=0, le=replies.LONGEST_HOLD)] = 0
    seen: Id | None = None

    @model_validator(mode="after")
    def says_something(self) -> Reply:
        if not self.text and not self.files:
            raise ValueError("write something first")
        return self


class Noted(Said):
    mentions: list[Id] = Field(default_factory=list, max_length=20)


class Assignment(BaseModel):
    agent_id: Id


class Resolution(BaseModel):
    """`article_id`: the article that answers, where the bot gave another one."""

    outcome: Annotated[CleanText, Field(max_length=100)] | None = None
    article_id: Annotated[CleanText, Field(max_length=300)] | None = None


class Snooze(BaseModel):
    until: AwareDatetime | None = None


class Pressing(BaseModel):
    priority: PriorityName


class Queue(BaseModel):
    team_id: Id | None = None


class Read(BaseModel):
    """The last message that the agent has had in sight."""

    message_id: Id


class Typing(BaseModel):
    on: StrictBool


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    def stepped(id: str, viewer: Viewer, step: Callable[[Session], object]) -> JSONResponse:
        """Takes the step, and reads the packet when nothing is locked any more."""
        with database.write() as session:
            step(session)
        with database.read() as session:
            return JSONResponse(packet(session, id, viewer))

    @router.post("/api/handoffs/{id}/claim")
    def claim(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        """Takes it; 409 naming who has it when somebody else was faster."""
        return stepped(id, viewer, lambda session: handoffs.claim(session, id, viewer))

    @router.post("/api/handoffs/{id}/release")
    def release(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        return stepped(id, viewer, lambda session: handoffs.release(session, id, viewer))

    @router.post("/api/handoffs/{id}/assign")
    def assign(id: CleanText, body: Assignment, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        """Gives it to an agent. What a colleague has, only leads give away."""
        return stepped(id, viewer, lambda session: handoffs.assign(session, id, viewer, body.agent_id))

    @router.post("/api/handoffs/{id}/priority")
    def prioritise(id: CleanText, body: Pressing, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        """Served earlier or later; its due times follow. What a colleague has, only leads change."""
        return stepped(id, viewer, lambda session: queue.set_priority(session, id, viewer, body.priority))

    @router.post("/api/handoffs/{id}/team")
    def move_to_team(id: CleanText, body: Queue, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        """Into that team's queue; `team_id` null: into everybody's. Who has it keeps it."""
        return stepped(id, viewer, lambda session: queue.set_team(session, id, viewer, body.team_id))

    @router.post("/api/handoffs/{id}/snooze")
    def snooze(id: CleanText, body: Snooze, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        """Out of sight until then or until the customer writes; `until` null wakes it."""
        return stepped(id, viewer, lambda session: handoffs.snooze(session, id, viewer, body.until))

    @router.post("/api/handoffs/{id}/return")
    def return_to_bot(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        return stepped(id, viewer, lambda session: handoffs.return_to_bot(session, id, viewer))

    @router.post("/api/handoffs/{id}/resolve")
    def resolve(
        id: CleanText, body: Resolution | None = None, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> JSONResponse:
        """Ends it. Outcomes with a meaning: `the bot was right`, `wrong article`, `no article`, `not a question`, `answered`."""
        given = body or Resolution()
        outcome = (given.outcome or "").strip() or None
        return stepped(
            id, viewer, lambda session: handoffs.resolve(session, id, viewer, outcome, given.article_id)
        )

    @router.post("/api/handoffs/{id}/reply")
    def reply(id: CleanText, body: Reply, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """Writes to the customer. With `undo_s` the Message has `held_until`: until then it can be taken back."""
        with database.write() as session:
            if not body.undo_s:
                said = replies.reply(session, id, viewer, body.text, body.client_id, body.seen, body.files)
                return message_json(said)
            held = replies.hold(
                session, id, viewer, body.text, body.undo_s, body.client_id, body.seen, body.files
            )
            return message_json(held) if isinstance(held, Message) else replies.held_json(session, held)

    @router.post("/api/handoffs/{id}/files", status_code=201, openapi_extra=FILE_BODY)
    async def upload(
        request: Request,
        id: CleanText,
        name: Annotated[
            CleanText, Query(min_length=1, max_length=300, description="its name, with its ending")
        ],
        viewer: Viewer = Depends(doorkeeper.agent),
    ) -> dict[str, Any]:
        """Keeps the request's body as a file, to be sent with a reply: give its `id` in `files`. The customer sees it
        when it is sent."""
        data = await request.body()

        def kept() -> dict[str, Any]:
            file = read_upload(data, name)
            with database.write() as session:
                handoff = session.get(Handoff, id)
                if handoff is None:
                    raise UnknownHandoff
                return file_json(keep(session, file, handoff.conversation_id, viewer.agent_id))

        return await database.run(kept)

    @router.delete("/api/handoffs/{id}/held/{message_id}")
    def take_back(
        id: CleanText, message_id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        """A reply that is still held is not sent, and comes back as text and files; 409 when it was sent."""
        with database.write() as session:
            text, files = replies.take_back(session, id, viewer, message_id)
            return {"text": text, "files": files}

    @router.post("/api/handoffs/{id}/held/{message_id}/send")
    def send_now(
        id: CleanText, message_id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        """A reply that is still held is sent at once."""
        with database.write() as session:
            return message_json(replies.send_now(session, id, viewer, message_id))

    @router.post("/api/handoffs/{id}/note")
    def note(id: CleanText, body: Noted, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """What the other agents should know; never the customer."""
        with database.write() as session:
            written = handoffs.note(session, id, viewer, body.text, body.client_id)
            mention(session, written, body.mentions)
            return note_json(written)

    @router.post("/api/handoffs/{id}/read", status_code=204, dependencies=[Depends(doorkeeper.agent)])
    def read(id: CleanText, body: Read) -> None:
        """The customer sees that a person has read so far."""
        with database.write() as session:
            handoff = session.get(Handoff, id)
            if handoff is None:
                raise UnknownHandoff
            mark_read(session, handoff.conversation_id, AGENT, body.message_id)

    @router.post("/api/handoffs/{id}/typing", status_code=204)
    def typing(id: CleanText, body: Typing, viewer: Viewer = Depends(doorkeeper.agent)) -> None:
        with database.write() as session:
            handoffs.typing(session, id, viewer, body.on)

    return router
