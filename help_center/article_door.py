"""Articles over HTTP: listed, read, voted on; their figures for admins. What a viewer may see is asked of `articles.visible`."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, Field, StrictBool
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer

from help_center import markup
from help_center.articles import Article, Reason, article_json, keep_vote, visible
from help_center.database import Database
from help_center.figures import DAYS, figures_of
from help_center.people import Viewer
from help_center.sources.base import normal_locale
from help_center.web import CleanText, Doorkeeper, Problem, RateLimits, clean_text

MAX_COMMENT = 2000  # characters


def article_id(value: str) -> str:
    """An id from an address in the form in which articles are stored: one line, nothing illegible."""
    return " ".join(markup.legible(value).split())


def locale_or_none(value: str | None) -> str | None:
    """A locale from an address; nothing for an empty one."""
    if value is None or not value.strip():
        return None
    locale = normal_locale(value)
    if locale is None:
        raise PydanticCustomError("locale", "write a language like en or pt-BR")
    return locale


ArticleId = Annotated[str, AfterValidator(article_id)]
Locale = Annotated[str | None, AfterValidator(locale_or_none)]


class ArticleVote(BaseModel):
    helpful: StrictBool
    reason: Annotated[Reason | None, Field(description="why it was not helpful")] = None
    comment: Annotated[CleanText, Field(max_length=MAX_COMMENT)] | None = None


async def few_votes(request: Request, doorkeeper: Doorkeeper, limits: RateLimits) -> None:
    """Counts one vote of this address, at whichever door; a 429 where it is one too many."""
    await limits.spend("signals", f"vote {doorkeeper.address(request)}")


def routes(database: Database, doorkeeper: Doorkeeper, limits: RateLimits) -> APIRouter:
    router = APIRouter()

    async def few(request: Request) -> None:
        await few_votes(request, doorkeeper, limits)

    @router.get("/api/articles")
    def list_articles(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str, Query(max_length=2000)] | None = None,
        locale: Annotated[
            Locale, Query(description="en: English of every region; en-GB: that one only")
        ] = None,
        section: Annotated[
            list[CleanText] | None, Query(description="outermost first; repeat it to go deeper")
        ] = None,
        viewer: Viewer = Depends(doorkeeper.viewer),
    ) -> dict[str, Any]:
        """The articles that you may see, without their bodies, in the order of their ids."""
        query = select(Article).where(visible(viewer)).options(defer(Article.body)).order_by(Article.id)
        if locale:
            query = query.where(Article.locale == locale if "-" in locale else Article.language == locale)
        for depth, name in enumerate(section or []):
            query = query.where(_section_at(depth) == name)
        if cursor:
            query = query.where(Article.id > _place(cursor))
        with database.read() as session:
            found = list(session.scalars(query.limit(limit + 1)))
        items = [article_json(article, body=False) for article in found[:limit]]
        return {"items": items, "next": _cursor(found[limit - 1].id) if len(found) > limit else None}

    @router.post("/api/articles/{id:path}/feedback", status_code=204, dependencies=[Depends(few)])
    def vote(id: ArticleId, body: ArticleVote, viewer: Viewer = Depends(doorkeeper.viewer)) -> None:
        """Was the article helpful, and if not, why? Open to everybody who may read it."""
        with database.write() as session:
            if session.scalar(select(Article.id).where(Article.id == id, visible(viewer))) is None:
                raise no_article()
            keep_vote(session, id, body.helpful, body.reason, body.comment)

    @router.get("/api/articles/{id:path}/figures", dependencies=[Depends(doorkeeper.admin)])
    def figures(id: ArticleId, days: Annotated[int, Query(ge=1, le=730)] = DAYS) -> dict[str, Any]:
        """How often the article was read, what readers say of it, in how many answers it was cited."""
        with database.read() as session:
            if session.get(Article, id, options=[defer(Article.body)]) is None:
                raise no_article()
            return figures_of(session, id, days)

    @router.get("/api/articles/{id:path}")
    def read_article(id: ArticleId, viewer: Viewer = Depends(doorkeeper.viewer)) -> dict[str, Any]:
        """One article with its body (Markdown). Admins read drafts and archived ones, too."""
        query = select(Article).where(Article.id == id)
        if not viewer.is_admin:
            query = query.where(visible(viewer))
        with database.read() as session:
            article = session.scalar(query)
        if article is None:
            raise no_article()
        return article_json(article)

    return router


def no_article() -> Problem:
    return Problem(404, "there is no such article: check the id with GET /api/articles.")


def _section_at(depth: int) -> ColumnElement[str]:
    return Article.section[depth].as_string()


def _cursor(id: str) -> str:
    return base64.urlsafe_b64encode(id.encode()).decode()


def _place(cursor: str) -> str:
    """The id that `_cursor` packed, checked: it comes back from outside."""
    try:
        return clean_text(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode())
    except (ValueError, binascii.Error):
        raise Problem(422, "this cursor is not one of ours: take `next` of the page before.") from None
