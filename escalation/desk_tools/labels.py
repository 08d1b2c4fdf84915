"""Labels: short words that agents put on a conversation, to find it again and to count."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from escalation.audit import record
from escalation.changing import both_locked, tell_inbox
from escalation.packet import packet
from help_center.conversations import Handoff
from help_center.database import Database
from help_center.desk import ConversationLabel
from help_center.people import Viewer
from help_center.web import Doorkeeper, Problem, clean_text

MOST = 20  # labels of one conversation


def _label(text: str) -> str:
    label = " ".join(clean_text(text).split()).lower()
    if not label:
        raise ValueError("a label needs a letter or a digit")
    return label


Label = Annotated[str, Field(max_length=60), AfterValidator(_label)]


class Labelling(BaseModel):
    add: list[Label] = Field(default_factory=list, max_length=MOST)
    remove: list[Label] = Field(default_factory=list, max_length=MOST)


def label(session: Session, handoff_id: str, agent: Viewer, add: list[str], remove: list[str]) -> Handoff:
    """Adds and removes; what is there already, or is not, changes nothing."""
    conversation, handoff = both_locked(session, handoff_id)
    mine = ConversationLabel.conversation_id == conversation.id
    there = set(session.scalars(select(ConversationLabel.label).where(mine)))
    wanted = (there | set(add)) - set(remove)
    if wanted == there:
        return handoff
    if len(wanted) > MOST:
        raise Problem(422, f"a conversation carries at most {MOST} labels: remove one first.")
    session.execute(delete(ConversationLabel).where(mine, ConversationLabel.label.in_(there - wanted)))
    session.add_all([ConversationLabel(conversation_id=conversation.id, label=one) for one in wanted - there])
    session.flush()
    record(
        session,
        agent,
        "handoff.label",
        handoff.id,
        added=sorted(wanted - there),
        removed=sorted(there - wanted),
    )
    tell_inbox(session, handoff)
    return handoff


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.post("/api/handoffs/{id}/labels")
    def change(id: str, body: Labelling, viewer: Viewer = Depends(doorkeeper.agent)) -> JSONResponse:
        with database.write() as session:
            label(session, id, viewer, body.add, body.remove)
        with database.read() as session:
            return JSONResponse(packet(session, id, viewer))

    @router.get("/api/labels", dependencies=[Depends(doorkeeper.agent)])
    def all_labels() -> dict[str, Any]:
        """Every label in use, the most used first."""
        count = func.count()
        query = select(ConversationLabel.label, count).group_by(ConversationLabel.label)
        with database.read() as session:
            rows = session.execute(query.order_by(count.desc(), ConversationLabel.label).limit(500))
            return {"items": [{"label": name, "count": n} for name, n in rows], "next": None}

    return router
