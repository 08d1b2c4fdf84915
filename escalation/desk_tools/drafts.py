"""Drafts: what an agent began to write, kept on the server so that no reload and no other machine loses it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from escalation.changing import UnknownHandoff, both_locked
from help_center.conversations import Handoff
from help_center.database import Database, now
from help_center.desk import Draft
from help_center.people import Viewer
from help_center.web import CleanText, Doorkeeper

MODES = ("reply", "note")


class Written(BaseModel):
    mode: Literal["reply", "note"] = "reply"
    text: Annotated[CleanText, Field(max_length=8000)]


def drafts_of(session: Session, handoff_id: str, agent_id: str | None) -> dict[str, str]:
    """`{reply, note}` of one agent; empty where nothing was begun."""
    rows = session.scalars(select(Draft).where(Draft.handoff_id == handoff_id, Draft.agent_id == agent_id))
    kept = {row.mode: row.text for row in rows}
    return {mode: kept.get(mode, "") for mode in MODES}


def keep_draft(session: Session, handoff_id: str, agent_id: str, mode: str, text: str) -> None:
    """Keeps the text in place of what was kept before; an empty one is forgotten."""
    if text.strip():
        session.merge(Draft(agent_id=agent_id, handoff_id=handoff_id, mode=mode, text=text, updated_at=now()))
    else:
        forget_draft(session, handoff_id, agent_id, mode)


def forget_draft(session: Session, handoff_id: str, agent_id: str, mode: str | None = None) -> None:
    mine = (Draft.handoff_id == handoff_id) & (Draft.agent_id == agent_id)
    session.execute(delete(Draft).where(mine & (Draft.mode == mode) if mode else mine))


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    def known(session: Session, id: str) -> str:
        if session.scalar(select(Handoff.id).where(Handoff.id == id)) is None:
            raise UnknownHandoff
        return id

    @router.get("/api/handoffs/{id}/draft")
    def read(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.read() as session:
            return drafts_of(session, known(session, id), viewer.agent_id)

    @router.put("/api/handoffs/{id}/draft", status_code=204)
    def keep(id: CleanText, body: Written, viewer: Viewer = Depends(doorkeeper.agent)) -> None:
        with database.write() as session:
            assert viewer.agent_id is not None
            both_locked(session, id)  # two windows, or a held reply that becomes a draft
            keep_draft(session, id, viewer.agent_id, body.mode, body.text)

    @router.delete("/api/handoffs/{id}/draft", status_code=204)
    def forget(
        id: CleanText,
        mode: Literal["reply", "note"] | None = None,
        viewer: Viewer = Depends(doorkeeper.agent),
    ) -> None:
        with database.write() as session:
            assert viewer.agent_id is not None
            forget_draft(session, known(session, id), viewer.agent_id, mode)

    return router
