"""All articles of the desk, whatever their status: found by words, filtered, a page at a time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased, defer

from escalation.audit import record
from escalation.writing.base import Desk
from help_center import drafts, sections
from help_center.article_tables import ArticleAppointment, ArticleDraft, ArticleVersion, TranslationMark
from help_center.articles import WRITTEN_HERE, Article
from help_center.database import iso
from help_center.people import Viewer
from help_center.sources.base import AUDIENCES, STATUSES, normal_locale, primary_language
from help_center.web import CleanText

MOST = 100
Text = Annotated[CleanText, Query(max_length=300)]


class New(BaseModel):
    title: Annotated[CleanText, Field(max_length=500)] = drafts.UNTITLED
    body: Annotated[CleanText, Field(max_length=1_000_000)] = ""
    section: Annotated[list[CleanText], Field(max_length=50)] = []
    locale: Annotated[CleanText, Field(max_length=35)] = "en"
    audience: Literal["public", "customers", "agents"] = "public"


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    database, doorkeeper = desk.database, desk.doorkeeper

    @router.get("/api/writing/articles", dependencies=[Depends(doorkeeper.lead)])
    def find(
        q: Annotated[Text, Query(description="words of the title, the text or the address")] = "",
        section: Annotated[list[Text] | None, Query(description="names, the outermost first")] = None,
        status: Literal["draft", "published", "archived"] | None = None,
        audience: Literal["public", "customers", "agents"] | None = None,
        language: Text = "",
        stale: Annotated[
            Literal["translation", "changes", "scheduled", "inbox"] | None,
            Query(
                description="translation: its original has changed; changes: unpublished ones; scheduled: waits for its time; "
                "inbox: begun in a conversation"
            ),
        ] = None,
        order: Literal["changed", "title"] = "changed",
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[int, Query(ge=0, lt=10_000_000)] = 0,
    ) -> dict[str, Any]:
        """The articles of the desk, drafts and archived ones too; the last changed first. `total` counts all that fit."""
        conditions = _fits(q, section or [], status, audience, language, stale)
        with database.read() as session:
            query = select(Article).options(defer(Article.body)).where(*conditions)
            by_title = (func.lower(Article.title), Article.id)
            by_time = (Article.version_at.desc(), Article.id.desc())
            query = query.order_by(*(by_title if order == "title" else by_time))
            found = list(session.scalars(query.offset(cursor).limit(limit)))
            total = session.scalar(select(func.count()).select_from(Article).where(*conditions)) or 0
            items = _lines(session, found)
        further = cursor + len(found)
        return {"items": items, "next": str(further) if found and further < total else None, "total": total}

    @router.get("/api/writing/choices", dependencies=[Depends(doorkeeper.lead)])
    def choices() -> dict[str, Any]:
        """What there is to filter by: sections, languages, labels, and how many articles are in which state."""
        with database.read() as session:
            languages = session.execute(select(Article.language, func.count()).group_by(Article.language))
            counts = session.execute(select(Article.status, func.count()).group_by(Article.status))
            begun = (Article.source == drafts.BEGUN_IN_THE_INBOX) & (Article.status == "draft")
            told = {
                "sections": [list(path) for path in sorted(sections.all_of(session))],
                "languages": dict(sorted(languages.tuples().all())),
                "statuses": dict.fromkeys(STATUSES, 0) | dict(counts.tuples().all()),
                "audiences": list(AUDIENCES),
                "changes": session.scalar(select(func.count()).select_from(ArticleDraft)),
                "inbox": session.scalar(select(func.count()).select_from(Article).where(begun)),
                "translation": session.scalar(
                    select(func.count()).select_from(Article).where(_translation_is_old())
                ),
            }
        return told

    @router.get("/api/writing/deleted", dependencies=[Depends(doorkeeper.lead)])
    def deleted() -> dict[str, Any]:
        """Articles that are gone, with what they were last; the last deleted first. At most 100."""
        last = (
            select(ArticleVersion.article_id, func.max(ArticleVersion.number).label("number"))
            .where(~select(Article.id).where(Article.id == ArticleVersion.article_id).exists())
            .group_by(ArticleVersion.article_id)
            .subquery()
        )
        same = (ArticleVersion.article_id == last.c.article_id) & (ArticleVersion.number == last.c.number)
        query = select(ArticleVersion).join(last, same).order_by(ArticleVersion.id.desc()).limit(MOST)
        with database.read() as session:
            items = [
                {
                    "id": one.article_id,
                    "title": one.fields["title"],
                    "version": one.number,
                    "at": iso(one.at),
                    "by": one.by,
                }
                for one in session.scalars(query)
            ]
        return {"items": items, "next": None}

    @router.post("/api/writing/articles", status_code=201)
    def begin(body: New, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        """A new article, as a draft: nobody outside sees it before it is published."""
        with desk.change() as session:
            article = drafts.begin(session, body.model_dump(), viewer)
            record(session, viewer, "article.draft", article.id)
            return {"id": article.id, "title": article.title, "slug": article.slug}

    return router


def _fits(
    q: str, section: list[str], status: str | None, audience: str | None, language: str, stale: str | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for word in q.split()[:8]:
        within = (Article.title, Article.slug, Article.body)
        conditions.append(or_(*(column.icontains(word, autoescape=True) for column in within)))
    conditions += [Article.section[n].as_string() == name for n, name in enumerate(section)]
    if status:
        conditions.append(Article.status == status)
    if audience:
        conditions.append(Article.audience == audience)
    if language:
        conditions.append(Article.language == primary_language(normal_locale(language) or language))
    if stale == "translation":
        conditions.append(_translation_is_old())
    elif stale == "changes":
        conditions.append(Article.id.in_(select(ArticleDraft.article_id)))
    elif stale == "scheduled":
        waiting = select(ArticleAppointment.article_id).where(ArticleAppointment.done_at.is_(None))
        conditions.append(Article.id.in_(waiting))
    elif stale == "inbox":
        conditions.append((Article.source == drafts.BEGUN_IN_THE_INBOX) & (Article.status == "draft"))
    return conditions


def _translation_is_old() -> ColumnElement[bool]:
    """Its original has another version than the one that it was said to agree with."""
    original = aliased(Article)
    query = (
        select(TranslationMark.article_id)
        .join(original, original.id == TranslationMark.original_id)
        .where(original.version > TranslationMark.version)
    )
    return Article.id.in_(query)


def _lines(session: Session, found: list[Article]) -> list[dict[str, Any]]:
    ids = [article.id for article in found]
    begun = {
        one.article_id: one
        for one in session.scalars(select(ArticleDraft).where(ArticleDraft.article_id.in_(ids)))
    }
    due = select(ArticleAppointment).where(
        ArticleAppointment.article_id.in_(ids), ArticleAppointment.done_at.is_(None)
    )
    waiting = {one.article_id: one for one in session.scalars(due.order_by(ArticleAppointment.at.desc()))}
    old = set(session.scalars(select(Article.id).where(Article.id.in_(ids), _translation_is_old())))
    return [
        {
            "id": one.id,
            "title": str((begun[one.id].fields if one.id in begun else {}).get("title") or one.title),
            "url": one.url,
            "slug": one.slug,
            "section": one.section,
            "labels": one.labels,
            "locale": one.locale,
            "audience": one.audience,
            "status": one.status,
            "version": one.version,
            "changed_at": iso(one.version_at or one.updated_at),
            "changed_by": one.version_by,
            "imported_from": imported_from(one),
            "draft": drafts.draft_json(begun.get(one.id)),
            "appointment": appointment_json(waiting.get(one.id)),
            "translation_is_old": one.id in old,
            "conversation": one.id.removeprefix("inbox/")
            if one.source == drafts.BEGUN_IN_THE_INBOX
            else None,
        }
        for one in found
    ]


def imported_from(article: Article) -> str | None:
    """The source whose next import would overwrite what is written here; None where there is none."""
    here = (WRITTEN_HERE, drafts.BEGUN_IN_THE_INBOX)
    return None if article.source in here or article.taken_over else article.source


def appointment_json(one: ArticleAppointment | None) -> dict[str, Any] | None:
    if one is None:
        return None
    told = {"id": one.id, "deed": one.deed, "at": iso(one.at), "zone": one.zone, "by": one.by}
    return told | {"done_at": iso(one.done_at), "fault": one.fault}
