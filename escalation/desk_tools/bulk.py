"""One step on many conversations: each in a transaction of its own, and what fails says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from escalation import handoff as handoffs
from escalation import queue
from escalation.desk_tools.labels import Label, label
from help_center.database import Database
from help_center.people import Viewer
from help_center.web import CleanText, Doorkeeper, Problem

StepName = Literal[
    "claim", "release", "assign", "return", "resolve", "label", "unlabel", "snooze", "priority", "team"
]


class Many(BaseModel):
    ids: Annotated[list[Annotated[CleanText, Field(max_length=64)]], Field(min_length=1, max_length=100)]
    step: StepName
    agent_id: Annotated[CleanText, Field(max_length=64)] | None = None
    outcome: Annotated[CleanText, Field(max_length=100)] | None = None
    label: Label | None = None
    until: AwareDatetime | None = None
    priority: Literal["urgent", "high", "normal"] | None = None
    team_id: Annotated[CleanText, Field(max_length=64)] | None = None


NEEDS = {"assign": "agent_id", "label": "label", "unlabel": "label", "priority": "priority"}
Step = Callable[[Session, str, Viewer, Many], object]
STEPS: dict[str, Step] = {
    "claim": lambda session, id, agent, given: handoffs.claim(session, id, agent),
    "release": lambda session, id, agent, given: handoffs.release(session, id, agent),
    "assign": lambda session, id, agent, given: handoffs.assign(session, id, agent, given.agent_id or ""),
    "return": lambda session, id, agent, given: handoffs.return_to_bot(session, id, agent),
    "resolve": lambda session, id, agent, given: handoffs.resolve(session, id, agent, given.outcome),
    "label": lambda session, id, agent, given: label(session, id, agent, [given.label or ""], []),
    "unlabel": lambda session, id, agent, given: label(session, id, agent, [], [given.label or ""]),
    "snooze": lambda session, id, agent, given: handoffs.snooze(session, id, agent, given.until),
    "priority": lambda session, id, agent, given: queue.set_priority(
        session, id, agent, given.priority or "normal"
    ),
    "team": lambda session, id, agent, given: queue.set_team(session, id, agent, given.team_id),
}


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.post("/api/handoffs/bulk")
    def many(body: Many, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """`done` in the order of `ids`, and `failed` with the line that a single step would have answered."""
        needed = NEEDS.get(body.step)
        if needed and getattr(body, needed) is None:
            raise Problem(422, f"{needed}: the step {body.step} needs it.")
        done: list[str] = []
        failed: list[dict[str, str]] = []
        for id in dict.fromkeys(body.ids):
            try:
                with database.write() as session:
                    STEPS[body.step](session, id, viewer, body)
                done.append(id)
            except Problem as problem:
                failed.append({"id": id, "detail": problem.detail})
        return {"done": done, "failed": failed}

    return router
