"""The dial over HTTP, for admins: what is in force, what each setting of it costs, and what it would have meant lately.

measured   the risk-coverage table of the calibration in use: of the questions that it was fitted on
live       turns of the last weeks that were about what articles say, by the confidence that they had
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assess import LIKELIER, NEVER, Calibration, Point
from bot.dial import keep_dial, read_dial
from bot.drift import doubt
from bot.house import House
from escalation import audit
from help_center.conversations import TurnRow
from help_center.database import iso, now
from help_center.people import Viewer
from help_center.settings import Settings
from help_center.web import Doorkeeper

STEPS = tuple(step / 100 for step in range(1, 51))  # settings that the slider offers
WEEKS = 4
MOST_TURNS = 50_000  # of the last weeks that are looked at
LEFT_TO_THE_DIAL = {
    "low_confidence",
    "model_unavailable",
}  # what else was decided, the dial changes nothing about
JUDGED = ("answer", "offer", "clarify", "escalate")


class Given(BaseModel):
    """`max_wrong` null: PARLEY_MAX_WRONG holds again."""

    model_config = ConfigDict(extra="forbid")
    max_wrong: Annotated[float, Field(gt=0, lt=1)] | None


def routes(house: House, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.get("/api/dial", dependencies=[Depends(doorkeeper.admin)])
    def read() -> dict[str, Any]:
        """The dial in force, what each setting of it answers and promises, and what it would have meant lately."""
        with house.database.read() as session:
            return told(session, read_dial(session))

    @router.put("/api/dial")
    def turn(body: Given, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """Sets the dial; it holds for the next turn of every worker."""
        with house.database.write() as session:
            old = read_dial(session)
            if body.max_wrong != old:
                keep_dial(session, body.max_wrong)
                audit.record(session, viewer, "dial.change", max_wrong=[old, body.max_wrong])
            return told(session, body.max_wrong)

    def told(session: Session, kept: float | None) -> dict[str, Any]:
        calibration = house.calibrations()
        in_force = house.dial.default if kept is None else kept
        shares = sorted({*STEPS, in_force})
        return {
            "max_wrong": in_force,
            "kept": kept,
            "default": house.dial.default,  # what PARLEY_MAX_WRONG says
            "preset": house.dial.default == Settings.model_fields["max_wrong"].default,
            "calibration": {
                "default": calibration.is_default,
                "fitted_on": calibration.fitted_on,
                "doubt": doubt(house),
            },
            "steps": [step(calibration, share) for share in shares],
            "curve": [
                {"coverage": point.answered / point.asked, "wrong": point.wrong / point.answered, "bound": point.bound}
                for point in calibration.table
                if point.answered
            ],
            "live": live(session, calibration, shares, now()),
        }  # fmt: skip

    return router


def step(calibration: Calibration, share: float) -> dict[str, Any]:
    """What one setting does with the questions that were measured: how many it answers, and how many of these are wrong.
    `held`: the share alone would allow more, but no answer is given that is likelier wrong than right."""
    threshold = calibration.threshold(share)
    point = next((one for one in calibration.table if one.threshold == threshold), None)
    allowed = [one.threshold for one in calibration.table if one.answered and one.bound <= share]
    held = share <= LIKELIER and min(allowed, default=threshold) < threshold
    told = {"max_wrong": share, "answer_from": None if point is None else threshold, "held": held}
    return told | _figures(point)


def _figures(point: Point | None) -> dict[str, Any]:
    if point is None:
        return {"coverage": 0.0, "wrong": None, "bound": None}
    return {
        "coverage": point.answered / point.asked,
        "wrong": point.wrong / point.answered,
        "bound": point.bound,
    }


def live(
    session: Session, calibration: Calibration, shares: Sequence[float], until: datetime
) -> dict[str, Any]:
    """By week, newest last: turns that only the dial decides about, how many of them were answered, and how many would
    have been at each of `shares`."""
    thresholds = [calibration.threshold(share) for share in shares]
    since = until - timedelta(weeks=WEEKS)
    query = (
        select(TurnRow.created_at, TurnRow.confidence, TurnRow.action, TurnRow.reasons)
        .where(
            TurnRow.created_at >= since,
            TurnRow.status == "done",
            TurnRow.action.in_(JUDGED),
            TurnRow.confidence.is_not(None),
        )
        .order_by(TurnRow.created_at.desc())
        .limit(MOST_TURNS)
    )
    weeks: list[list[tuple[float, bool]]] = [[] for _ in range(WEEKS)]
    others = 0
    for at, confidence, action, reasons in session.execute(query).tuples():
        if set(reasons) - LEFT_TO_THE_DIAL:
            others += 1
            continue
        week = min(WEEKS - 1, int((at - since) / timedelta(weeks=1)))
        weeks[week].append((confidence or 0.0, action == "answer"))
    return {
        "others": others,
        "weeks": [
            {
                "from": iso(since + timedelta(weeks=i)),
                "turns": len(week),
                "answered": sum(answered for _, answered in week),
                "reached": [sum(confidence >= t for confidence, _ in week if t < NEVER) for t in thresholds],
            }
            for i, week in enumerate(weeks)
        ],
    }
