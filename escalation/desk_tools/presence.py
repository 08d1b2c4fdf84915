"""Presence: which agents have a conversation open, and who of them is writing. Browsers renew it; silence ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from escalation.changing import both_locked
from help_center.database import Database, now
from help_center.desk import Presence
from help_center.live import INBOX, publish
from help_center.people import Agent, Viewer
from help_center.web import CleanText, Doorkeeper

LIVES_SECONDS = 30  # browsers renew it every 15 s


class State(BaseModel):
    state: Literal["looking", "typing", "gone"]


def present(session: Session, handoff_id: str) -> list[dict[str, Any]]:
    """`{id, name, typing}` of everybody who is there now."""
    here = (Presence.handoff_id == handoff_id) & (Presence.until > now())
    query = select(Presence, Agent).join(Agent, Agent.id == Presence.agent_id).where(here)
    rows = session.execute(query.order_by(Agent.name, Agent.id)).tuples()
    return [{"id": agent.id, "name": agent.name, "typing": row.typing} for row, agent in rows]


def be(session: Session, handoff_id: str, agent: Viewer, state: str) -> list[dict[str, Any]]:
    """Notes where the agent is; the others are told only of what changed. Gives everybody who is there."""
    both_locked(session, handoff_id)
    before = present(session, handoff_id)
    if state == "gone":
        mine = (Presence.handoff_id == handoff_id) & (Presence.agent_id == agent.agent_id)
        session.execute(delete(Presence).where(mine))
    else:
        until = now() + timedelta(seconds=LIVES_SECONDS)
        session.merge(
            Presence(handoff_id=handoff_id, agent_id=agent.agent_id, typing=state == "typing", until=until)
        )
    session.flush()
    here = present(session, handoff_id)
    if here != before:
        publish(session, INBOX, "presence", {"handoff_id": handoff_id, "agents": here})
    return here


def sweep(database: Database) -> None:
    """Forgets who has not been heard of, and tells the others: a clock's job."""
    with database.read() as session:
        gone = select(Presence.handoff_id).where(Presence.until <= now()).distinct().limit(500)
        left = list(session.scalars(gone))
    for handoff_id in left:
        with database.write() as session:
            silent = (Presence.handoff_id == handoff_id) & (Presence.until <= now())
            removed = session.execute(delete(Presence).where(silent))
            if removed.rowcount:  # type: ignore[attr-defined]
                here = present(session, handoff_id)
                publish(session, INBOX, "presence", {"handoff_id": handoff_id, "agents": here})


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.post("/api/handoffs/{id}/presence")
    def move(id: CleanText, body: State, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.write() as session:
            here = be(session, id, viewer, body.state)
        return {"items": [one for one in here if one["id"] != viewer.agent_id], "next": None}

    return router
