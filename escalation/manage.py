"""What admins set and leads look at: the desk's settings, the audit log, and the page `/manage` over all of it.

Knows requests; what a setting means is the business of `policies`, what is logged that of `audit`. A part of the page that
has doors of its own (people, canned replies, webhooks) brings them along; the page only draws them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from escalation import audit, staff
from escalation.policies import DeskSettings, changes, desk_settings, keep_desk_settings
from help_center.database import Database
from help_center.people import Agent, Viewer
from help_center.templating import Pages
from help_center.web import CleanText, Doorkeeper, Problem

Filter = Annotated[CleanText, Query(max_length=100)]
PARTS = {  # the sections of the page by their address; what follows says who sees them
    "articles": ("Articles", "lead"),
    "people": ("People", "admin"),
    "teams": ("Teams", "admin"),
    "hours": ("Office hours", "admin"),
    "site": ("Site", "admin"),
    "confidence": ("Confidence", "admin"),
    "questions": ("Questions", "admin"),
    "targets": ("Targets and routing", "admin"),
    "canned": ("Canned replies", "lead"),
    "notifications": ("Notifications", "admin"),
    "tokens": ("API tokens", "admin"),
    "audit": ("Audit log", "lead"),
}


def routes(database: Database, doorkeeper: Doorkeeper, pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.get("/api/desk", dependencies=[Depends(doorkeeper.admin)])
    def read_settings() -> DeskSettings:
        """Office hours, targets, routing, notifications."""
        with database.read() as session:
            return desk_settings(session)

    @router.put("/api/desk")
    def change_settings(body: DeskSettings, viewer: Viewer = Depends(doorkeeper.admin)) -> DeskSettings:
        """All settings at once; what is left out is as by default. They hold at once, without a restart."""
        with database.write() as session:
            changed = changes(desk_settings(session), body)
            if changed:
                keep_desk_settings(session, body)
                audit.record(session, viewer, "desk.change", **changed)
        return body

    def wanted(
        since: Annotated[CleanText | None, Query(alias="from", max_length=40)] = None,
        to: Annotated[CleanText | None, Query(max_length=40)] = None,
        actor: Filter | None = None,
        action: Filter | None = None,
        subject: Filter | None = None,
    ) -> audit.Wanted:
        """`from` and `to` are days or moments (UTC where they name no zone), the day `to` included; `actor` is an agent's
        id; an `action` such as `handoff.` means all deeds of that kind; `subject` is an id."""
        until = _moment(to, day_after=True)
        return audit.Wanted(_moment(since), until, actor or None, action or None, subject or None)

    @router.get("/api/audit", dependencies=[Depends(doorkeeper.lead)])
    def audit_log(
        wanted: audit.Wanted = Depends(wanted),
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> dict[str, Any]:
        """What agents and admins did, newest first."""
        with database.read() as session:
            rows = session.scalars(wanted.query(cursor).limit(limit + 1)).all()
        items = [audit.entry_json(row) for row in rows[:limit]]
        return {"items": items, "next": str(items[-1]["id"]) if len(rows) > limit else None}

    @router.get("/api/audit.csv")
    def export_audit_log(
        viewer: Viewer = Depends(doorkeeper.lead), wanted: audit.Wanted = Depends(wanted)
    ) -> Response:
        """The same as CSV, all of it; the export is an entry of the log itself."""
        asked = {name: str(value) for name, value in vars(wanted).items() if value is not None}
        with database.write() as session:
            audit.record(session, viewer, "audit.export", **asked)
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(
            audit.as_csv(database, wanted), media_type="text/csv; charset=utf-8", headers=headers
        )

    @router.get("/manage", include_in_schema=False)
    def page(request: Request) -> Response:
        viewer = doorkeeper.viewer(request)
        agent = None
        if viewer.is_agent:
            with database.read() as session:
                agent = staff.me_json(session, session.get_one(Agent, viewer.agent_id))
        parts = {
            name: title
            for name, (title, role) in PARTS.items()
            if viewer.is_admin or (viewer.is_lead and role == "lead")
        }
        zones = sorted(available_timezones()) if viewer.is_admin else []
        return pages.page("manage.html", agent=agent, parts=parts, zones=zones, actions=audit.ACTIONS)

    return router


def _moment(text: str | None, *, day_after: bool = False) -> datetime | None:
    """A day or a moment in ISO 8601; `day_after`: a day means its end."""
    if not text:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=day_after)
            return datetime.combine(day, time(0), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Problem(422, f"{text!r} is no day: write one such as 2026-11-22.") from error
