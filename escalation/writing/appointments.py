"""Published, or taken offline, at a time: appointments are made here, and kept by the clock.

The deed and the word that it is done are one transaction, so that it is done once whoever's clock strikes first; the index
follows, and is asked again until it has answered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from escalation.audit import record
from escalation.clock import piece
from escalation.writing.base import Desk, Index, the_article
from escalation.writing.listing import appointment_json
from help_center import drafts
from help_center.article_tables import ArticleAppointment
from help_center.articles import Article
from help_center.database import Database, iso, new_id, now
from help_center.pages import ArticleId
from help_center.people import Viewer
from help_center.web import CleanText, Problem


class Wanted(BaseModel):
    deed: Literal["publish", "unpublish"] = "publish"
    at: datetime  # without a zone of its own: in `zone`
    zone: Annotated[CleanText, Field(max_length=64)] = "UTC"


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/api/writing/appointments/{id:path}", status_code=201)
    def make(id: ArticleId, body: Wanted, viewer: Viewer = Depends(desk.doorkeeper.admin)) -> dict[str, Any]:
        """Publishes the draft as it will be then, or takes the article offline, at a time. One of each kind: a new one takes
        the place of the one before."""
        at = _moment(body.at, body.zone)
        if at <= now():
            raise Problem(422, "at: this time has passed. Choose a later one, or publish at once.")
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            if body.deed == "publish":
                drafts.fit(session, article, drafts.current(session, article))
            for one in _open(session, id):
                if one.deed == body.deed:
                    session.delete(one)
            made = ArticleAppointment(
                id=new_id("appt"), article_id=id, deed=body.deed, at=at, zone=body.zone, by_id=viewer.agent_id,
                by=viewer.name, created_at=now(),
            )  # fmt: skip
            session.add(made)
            session.flush()
            record(session, viewer, "article.schedule", id, deed=body.deed, at=iso(at), zone=body.zone)
            told = appointment_json(made)
        assert told is not None
        return told

    @router.delete("/api/writing/appointment/{id}", status_code=204)
    def cancel(id: CleanText, viewer: Viewer = Depends(desk.doorkeeper.admin)) -> None:
        """Cancels an appointment, or puts away the word that it failed."""
        with desk.change() as session:
            one = session.get(ArticleAppointment, id, with_for_update=True)
            if one is None or (one.done_at is not None and one.fault is None):
                raise Problem(404, "there is no such appointment: it may have been kept already.")
            record(session, viewer, "article.unschedule", one.article_id, deed=one.deed, at=iso(one.at))
            session.delete(one)

    return router


def keep_due(database: Database, index: Index) -> None:
    """The clock's job: does what is due, then tells the index of what has been done."""
    with database.read() as session:
        due = list(
            session.scalars(
                select(ArticleAppointment.id)
                .where(ArticleAppointment.done_at.is_(None), ArticleAppointment.at <= now())
                .order_by(ArticleAppointment.at, ArticleAppointment.id)
                .limit(100)
            )
        )
        unknown = session.execute(
            select(ArticleAppointment.id, ArticleAppointment.article_id).where(
                ArticleAppointment.done_at.is_not(None),
                ArticleAppointment.fault.is_(None),
                ArticleAppointment.indexed_at.is_(None),
            )
        ).all()
    done = [(id, article) for id, article in unknown]
    for id in due:
        with piece(f"the appointment {id}"), database.write() as session:
            article_id = _keep(session, id)
            if article_id is not None:
                done.append((id, article_id))
    for id, article in done:
        with piece(f"indexing {article} after its appointment"):
            index([article])
            with database.write() as session:
                session.execute(
                    update(ArticleAppointment).where(ArticleAppointment.id == id).values(indexed_at=now())
                )


def _keep(session: Session, id: str) -> str | None:
    """Does one deed; the article's id, None where another process was faster or it could not be done."""
    mine = (
        update(ArticleAppointment)
        .where(ArticleAppointment.id == id, ArticleAppointment.done_at.is_(None))
        .values(done_at=now())
    )
    if session.execute(mine).rowcount != 1:  # type: ignore[attr-defined]
        return None
    one = session.get_one(ArticleAppointment, id, populate_existing=True)
    article = session.get(Article, one.article_id, with_for_update=True)
    if article is None:
        return None
    by = Viewer(agent_id=one.by_id, name=one.by)
    try:
        with session.begin_nested():
            if one.deed == "publish":
                drafts.publish(session, article, by, why="schedule")
            else:
                drafts.set_status(session, article, "draft", by, why="schedule")
    except drafts.DraftError as error:
        one.fault = str(error)
        return None
    deed = "article.publish" if one.deed == "publish" else "article.status"
    record(session, by, deed, article.id, version=article.version, appointment=one.id)
    return article.id


def _open(session: Session, article_id: str) -> list[ArticleAppointment]:
    query = select(ArticleAppointment).where(
        ArticleAppointment.article_id == article_id,
        ArticleAppointment.done_at.is_(None) | ArticleAppointment.fault.is_not(None),
    )
    return list(session.scalars(query))


def _moment(at: datetime, zone: str) -> datetime:
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem(422, "zone: write a time zone such as Europe/Berlin.") from error
    return at if at.tzinfo else at.replace(tzinfo=place)
