"""What a waiting customer is told: their place in the queue, and how long it takes by what was observed."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from help_center.conversations import Conversation, Handoff
from help_center.database import now
from help_center.people import Agent

OBSERVED = 50  # how many of the latest claims the expected wait is estimated from
ENDED = ("returned", "resolved")


def place(session: Session, handoff: Handoff) -> dict[str, Any]:
    """`{id, status, position, expected_wait_s, agent}` for the customer; a place only while waiting."""
    position = wait = None
    if handoff.status == "waiting":
        position = 1 + (session.scalar(_served_before(handoff)) or 0)
        wait = expected_wait(
            _observed_waits(session), position, waited=(now() - handoff.created_at).total_seconds()
        )
    agent = {"name": holder(session, handoff)} if handoff.status == "claimed" else None
    return {
        "id": handoff.id,
        "status": handoff.status,
        "position": position,
        "expected_wait_s": wait,
        "agent": agent,
    }


def expected_wait(observed: list[tuple[datetime, datetime]], position: int, waited: float) -> int | None:
    """Seconds until a person comes: the median wait per place in the queue, times the place.

    `observed`: (created, claimed) of the latest claims; each wait is divided by the place at which it
    began, as far as these claims show it. None when nothing was observed, and when this customer has waited longer than
    anybody: then nothing that was seen says how long it still takes.
    """
    if not observed or waited > max((claimed - created).total_seconds() for created, claimed in observed):
        return None
    per_place = []
    for created, claimed in observed:
        ahead = sum(1 for other, taken in observed if other < created < taken)
        per_place.append((claimed - created).total_seconds() / (1 + ahead))
    return max(1, round(median(per_place) * position))


def status_json(session: Session, conversation: Conversation, handoff: Handoff | None) -> dict[str, Any]:
    """The payload of a conversation's `status` event."""
    shown = place(session, handoff) if handoff is not None and handoff.status not in ENDED else None
    return {"status": conversation.status, "handoff": shown}


def _served_before(handoff: Handoff) -> Any:
    earlier = or_(
        Handoff.created_at < handoff.created_at,
        and_(Handoff.created_at == handoff.created_at, Handoff.id < handoff.id),
    )
    before = or_(Handoff.rank < handoff.rank, and_(Handoff.rank == handoff.rank, earlier))
    return select(func.count()).select_from(Handoff).where(Handoff.status == "waiting", before)


def _observed_waits(session: Session) -> list[tuple[datetime, datetime]]:
    query = select(Handoff.created_at, Handoff.claimed_at).where(Handoff.claimed_at.is_not(None))
    latest = session.execute(query.order_by(Handoff.id.desc()).limit(OBSERVED))  # ids sort by time of making
    return [(created, claimed) for created, claimed in latest if claimed is not None]


def holder(session: Session, handoff: Handoff) -> str:
    """The name of who has it."""
    agent = session.get(Agent, handoff.assignee_id) if handoff.assignee_id else None
    return agent.name if agent else "somebody"
