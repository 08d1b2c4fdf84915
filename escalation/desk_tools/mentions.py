"""Mentions: agents who are named in an internal note, and whether they have read it."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from escalation import notify
from help_center.conversations import Note
from help_center.database import Database, now
from help_center.desk import Mention
from help_center.live import INBOX, publish
from help_center.people import Agent, Viewer
from help_center.web import CleanText, Doorkeeper, Problem


def mention(session: Session, note: Note, agent_ids: list[str]) -> list[Agent]:
    """Names agents in a note; gives those who were not named in it yet. Raises a 404 Problem for nobody we know."""
    wanted = set(agent_ids)
    agents = list(session.scalars(select(Agent).where(Agent.id.in_(wanted), Agent.deactivated_at.is_(None))))
    if len(agents) != len(wanted):
        raise Problem(404, "one of the agents named in the note is not here any more: name somebody else.")
    known = set(session.scalars(select(Mention.agent_id).where(Mention.note_id == note.id)))
    fresh = [agent for agent in agents if agent.id not in known]
    for agent in fresh:
        session.add(Mention(note_id=note.id, agent_id=agent.id, handoff_id=note.handoff_id, created_at=now()))
        payload = {"handoff_id": note.handoff_id, "agent_id": agent.id, "by": note.author}
        publish(session, INBOX, "mention", payload)
    session.flush()
    notify.mentioned(session, note, fresh)
    return fresh


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.post("/api/handoffs/{id}/seen", status_code=204)
    def seen(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> None:
        """The agent has read what they were named in here."""
        mine = (Mention.handoff_id == id) & (Mention.agent_id == viewer.agent_id) & Mention.seen_at.is_(None)
        with database.write() as session:
            session.execute(update(Mention).where(mine).values(seen_at=now()))

    return router
