"""One article under the pen: its draft kept as it is written, compared, checked, published, and every earlier version."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation.audit import record
from escalation.writing.base import Desk, the_article
from escalation.writing.listing import appointment_json, imported_from
from help_center import body as body_of_page
from help_center import drafts, pages, redirects
from help_center.article_tables import ArticleAppointment, ArticleVersion
from help_center.articles import Article, fields_of, remove
from help_center.database import iso
from help_center.markup import html_to_markdown
from help_center.pages import ArticleId
from help_center.people import Viewer
from help_center.web import CleanText, Problem
from help_center.words import direction, words_in

MAX_BODY = 3_000_000  # characters: what a request may bring
WHY = {  # what made a version, in words
    "import": "imported",
    "api": "written over HTTP",
    "draft": "begun",
    "publish": "published",
    "schedule": "published by appointment",
    "restore": "restored",
    "status": "status changed",
    "section": "section renamed or moved",
    "exchange": "brought in from a file",
}
Word = Annotated[CleanText, Field(max_length=200)]


class Fields(BaseModel):
    """What an author writes. Only what is given changes."""

    title: Annotated[CleanText, Field(max_length=500)] | None = None
    body: Annotated[CleanText, Field(max_length=MAX_BODY)] | None = None
    section: Annotated[list[Word], Field(max_length=50)] | None = None
    labels: Annotated[list[Word], Field(max_length=50)] | None = None
    audience: Literal["public", "customers", "agents"] | None = None
    locale: Annotated[CleanText, Field(max_length=35)] | None = None
    slug: Annotated[CleanText, Field(max_length=120)] | None = None

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class Kept(Fields):
    revision: Annotated[int, Field(ge=0)]  # of the draft that the author saw last; 0: there was none


class Publishing(BaseModel):
    """What the author has seen last; left out: whatever there is."""

    revision: Annotated[int, Field(ge=0)] | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class Status(BaseModel):
    status: Literal["draft", "published", "archived"]


class Restored(BaseModel):
    version: Annotated[int, Field(ge=1)]


class Preview(BaseModel):
    title: Annotated[CleanText, Field(max_length=500)] = ""
    body: Annotated[CleanText, Field(max_length=MAX_BODY)] = ""
    locale: Annotated[CleanText, Field(max_length=35)] = "en"


class Pasted(BaseModel):
    html: Annotated[str, Field(max_length=MAX_BODY)]


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    database, doorkeeper = desk.database, desk.doorkeeper

    @router.get("/api/writing/article/{id:path}", dependencies=[Depends(doorkeeper.lead)])
    def read(id: ArticleId) -> dict[str, Any]:
        """Everything that the editor shows of an article: its fields as they are written on, and what readers see."""
        with database.read() as session:
            return article_json(session, the_article(session, id))

    @router.put("/api/writing/draft/{id:path}")
    def keep(id: ArticleId, body: Kept, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        """Keeps unpublished changes; what readers see stays as it is. 409 when somebody else has changed the draft since
        `revision`: `GET` the article and `POST .../compare`, then send again with the new `revision` or leave it."""
        with desk.change() as session:
            draft = drafts.keep(
                session, the_article(session, id, lock=True), body.given(), viewer, revision=body.revision
            )
            told = drafts.draft_json(draft)
        assert told is not None
        return told

    @router.delete("/api/writing/draft/{id:path}", status_code=204)
    def discard(id: ArticleId, viewer: Viewer = Depends(doorkeeper.lead)) -> None:
        """Throws the unpublished changes away."""
        with desk.change() as session:
            the_article(session, id, lock=True)
            if drafts.discard(session, id):
                record(session, viewer, "article.discard", id)

    @router.post("/api/writing/compare/{id:path}", dependencies=[Depends(doorkeeper.lead)])
    def compare(
        id: ArticleId,
        body: Fields,
        against: Annotated[
            Literal["draft", "published"], Query(description="which state is the old one")
        ] = "published",
    ) -> dict[str, Any]:
        """The differences from the draft, or from what readers see, to the fields given: `[{field, pieces: [{kind: same|out|in,
        text}]}]`."""
        with database.read() as session:
            article = the_article(session, id)
            old = drafts.current(session, article) if against == "draft" else fields_of(article)
        return {"differences": drafts.compared(old, old | body.given())}

    @router.post("/api/writing/publish/{id:path}")
    def publish(
        id: ArticleId, body: Publishing | None = None, viewer: Viewer = Depends(doorkeeper.admin)
    ) -> dict[str, Any]:
        """Publishes the draft, or the article as it is; search and bot know it when the call returns. 409 when the draft or
        the article is not what the author saw."""
        body = body or Publishing()
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            outcome = drafts.publish(session, article, viewer, revision=body.revision, version=body.version)
            if outcome == "updated":
                record(session, viewer, "article.publish", id, version=article.version)
            told = article_json(session, article)
        desk.index([id])
        return told

    @router.post("/api/writing/status/{id:path}")
    def set_status(id: ArticleId, body: Status, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """Takes an article offline (`draft`), puts it away (`archived`), or shows it again as it was (`published`)."""
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            before = article.status
            if body.status == "published":
                drafts.fit(session, article, fields_of(article))
            if drafts.set_status(session, article, body.status, viewer) == "updated":
                record(session, viewer, "article.status", id, before=before, after=body.status)
            told = article_json(session, article)
        desk.index([id])
        return told

    @router.delete("/api/writing/article/{id:path}", status_code=204)
    def delete(
        id: ArticleId,
        redirect_to: Annotated[
            ArticleId | None, Query(description="the article that its addresses lead to from now on")
        ] = None,
        viewer: Viewer = Depends(doorkeeper.admin),
    ) -> None:
        """Deletes an article; its past stays, and it can be brought back as a draft."""
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            if redirect_to:
                redirects.hand_on(session, article, redirect_to, viewer)
            remove(session, id)
            record(
                session, viewer, "article.delete", id, **({"redirect_to": redirect_to} if redirect_to else {})
            )
        desk.index([id])

    @router.post("/api/writing/bring-back/{id:path}", status_code=201)
    def bring_back(id: ArticleId, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """A deleted article as a draft, as it was last."""
        with desk.change() as session:
            article = drafts.bring_back(session, id, viewer)
            record(session, viewer, "article.restore", id, version=article.version)
            return article_json(session, article)

    @router.post("/api/writing/take-over/{id:path}")
    def take_over(id: ArticleId, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """From now on the article is written here: imports leave it alone."""
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            record(session, viewer, "article.take_over", id, source=article.source)
            drafts.take_over(session, article)
            return article_json(session, article)

    # versions

    @router.get("/api/writing/versions/{id:path}", dependencies=[Depends(doorkeeper.lead)])
    def versions(
        id: ArticleId,
        number: Annotated[int | None, Query(ge=1, description="one version, whole")] = None,
        against: Annotated[
            int | None,
            Query(ge=0, description="the version to compare it with; 0: the draft; left out: the one before"),
        ] = None,
    ) -> dict[str, Any]:
        """All versions, the newest first; with `number`, that one with its differences."""
        with database.read() as session:
            article = session.get(Article, id)
            past = drafts.versions(session, id)
            if article is None and not past:
                raise pages.no_article()
            if number is None:
                items = ([_now_json(article)] if article else []) + [_version_json(one) for one in past]
                return {"items": items, "next": None}
            states = {one.number: one.fields for one in past}
            if article is not None:
                states[article.version] = fields_of(article)
            if number not in states or (against and against not in states):
                raise Problem(404, "there is no such version.")
            if against == 0 and article is not None:
                old, new = states[number], states[number] | drafts.current(session, article)
            elif against:
                old, new = states[against], states[number]
            else:
                earlier = [one for one in states if one < number]
                old, new = states[max(earlier)] if earlier else {}, states[number]
            told = next(
                (_version_json(one) for one in past if one.number == number),
                _now_json(article) if article else {},
            )
        return {**told, "fields": states[number], "differences": drafts.compared(old, new) if old else []}

    @router.post("/api/writing/restore/{id:path}")
    def restore(id: ArticleId, body: Restored, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """An earlier version becomes the newest one, live at once when the article is published. Its address stays."""
        with desk.change() as session:
            article = the_article(session, id, lock=True)
            if drafts.restore(session, article, body.version, viewer) == "updated":
                record(session, viewer, "article.restore", id, version=body.version)
            told = article_json(session, article)
        desk.index([id])
        return told

    # what the editor asks for while somebody writes

    @router.post("/api/writing/preview", dependencies=[Depends(doorkeeper.lead)])
    def preview(body: Preview) -> dict[str, Any]:
        """The text as its page will show it: made by what makes the page."""
        article = Article(title=body.title, body=body.body, locale=body.locale)
        shown = body_of_page.shown(article, words_in(body.locale))
        return {"html": str(shown.html), "headings": len(shown.headings), "direction": direction(body.locale)}

    @router.post("/api/writing/paste", dependencies=[Depends(doorkeeper.lead)])
    def paste(body: Pasted) -> dict[str, Any]:
        """HTML from the clipboard as Markdown: styles, scripts and what word processors leave behind are gone. `pictures`
        counts those that lie on the author's own machine and have to be dropped in."""
        markdown = html_to_markdown(body.html)
        low = body.html.lower()
        lost = (
            low.count('src="file:')
            + low.count('src="data:image')
            + low.count('src="blob:')
            + low.count('src="cid:')
        )
        return {"markdown": markdown, "pictures": lost}

    return router


def article_json(session: Session, article: Article) -> dict[str, Any]:
    draft = drafts.of(session, article.id)
    due = select(ArticleAppointment).where(
        ArticleAppointment.article_id == article.id,
        ArticleAppointment.done_at.is_(None) | ArticleAppointment.fault.is_not(None),
    )
    past = select(func.count()).where(ArticleVersion.article_id == article.id)
    return {
        "id": article.id,
        "url": article.url,
        "status": article.status,
        "version": article.version,
        "versions": (session.scalar(past) or 0) + 1,
        "changed_at": iso(article.version_at or article.updated_at),
        "changed_by": article.version_by,
        "updated_at": iso(article.updated_at),
        "imported_from": imported_from(article),
        "conversation": article.id.removeprefix("inbox/")
        if article.source == drafts.BEGUN_IN_THE_INBOX
        else None,
        "fields": drafts.current(session, article),
        "published": fields_of(article) if article.status == "published" else None,
        "draft": drafts.draft_json(draft),
        "address_follows_title": drafts.follows_title(article),
        "outdated": bool(draft and draft.based_on != article.version),
        "appointments": [
            appointment_json(one) for one in session.scalars(due.order_by(ArticleAppointment.at))
        ],
        "redirects": [one["slug"] for one in redirects.all_of(session, article.id)],
    }


def _version_json(one: ArticleVersion) -> dict[str, Any]:
    return {
        "version": one.number,
        "at": iso(one.at),
        "by": one.by,
        "why": WHY.get(one.why, one.why),
        "title": one.fields["title"],
        "status": one.fields["status"],
        "current": False,
    }


def _now_json(article: Article) -> dict[str, Any]:
    return {
        "version": article.version,
        "at": iso(article.version_at or article.updated_at),
        "by": article.version_by,
        "why": WHY.get(article.version_why, article.version_why),
        "title": article.title,
        "status": article.status,
        "current": True,
    }
