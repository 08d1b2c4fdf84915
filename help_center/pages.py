"""The help center that customers read: its pages, and the articles over HTTP.

Finds articles and shows them; what a viewer may see is asked of `articles.visible` every time. Knows nothing about
search: its pages and the writing of articles, which ends in the index, are in `retrieval/pages.py`.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, defer

from help_center import markup, redirects
from help_center.articles import Article, ArticleFeedback, article_json, visible
from help_center.database import Database, iso
from help_center.outline import Entry, Outline, Section
from help_center.people import Viewer
from help_center.sources.base import normal_locale
from help_center.templating import Pages
from help_center.web import CleanText, Doorkeeper, Problem, clean_text

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"  # served at /static/help

SHORT_LIST = 6  # articles of a section where several sections are listed
LONG_LIST = 100  # articles on one page of a section
MOST_CONTENTS = 200  # headings in an article's table of contents
MAX_COMMENT = 2000  # characters
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


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
    helpful: bool
    comment: Annotated[CleanText, Field(max_length=MAX_COMMENT)] | None = None


def routes(database: Database, doorkeeper: Doorkeeper, pages: Pages) -> APIRouter:
    router = APIRouter()
    outline = Outline(database)

    @router.get("/help", include_in_schema=False)
    def home(locale: str = "", page: str = "", viewer: Viewer = Depends(doorkeeper.viewer)) -> Response:
        language = _language(locale)
        tree = outline.contents(viewer, language)
        spoken = sorted({entry.language for entry in outline.entries(viewer)})
        return contents([], tree, language, page, languages=spoken if len(spoken) > 1 else [])

    @router.get("/help/sections/{path:path}", include_in_schema=False)
    def section(
        path: CleanText, locale: str = "", page: str = "", viewer: Viewer = Depends(doorkeeper.viewer)
    ) -> Response:
        language = _language(locale)
        trail = outline.contents(viewer, language).trail_to(path)
        if trail is None:
            return not_found()
        return contents(trail[:-1], trail[-1], language, page)

    def contents(
        above: list[Section],
        here: Section,
        language: str | None,
        page: str,
        languages: list[str] | None = None,
    ) -> Response:
        last = max(1, -(-len(here.articles) // LONG_LIST))
        number = min(int(page), last) if page.isdecimal() and 0 < len(page) < 8 and int(page) > 0 else 1
        return pages.page(
            "help.html",
            above=above,
            here=here,
            articles=here.articles[(number - 1) * LONG_LIST : number * LONG_LIST],
            page=number,
            last_page=last,
            language=language,
            languages=languages or [],
            short_list=SHORT_LIST,
            direction=direction,
            query="",
        )

    @router.get("/help/articles/{slug}", include_in_schema=False)
    def article_page(
        slug: CleanText, thanks: str = "", viewer: Viewer = Depends(doorkeeper.viewer)
    ) -> Response:
        with database.read() as session:
            article = by_slug(session, slug, viewer)
            moved = None if article else redirects.address_now(session, slug, viewer)
        if moved is not None:
            # not kept by browsers: it may move back one day, and they would go in circles
            return RedirectResponse(moved, 301, headers={"Cache-Control": "no-cache"})
        if article is None:
            return not_found()
        html, headings = shown(article)
        trail = outline.contents(viewer).trail_of(tuple(article.section))
        before, after = _neighbours(trail, article)
        return pages.page(
            "article.html",
            article=article,
            body=html,
            headings=headings,
            trail=trail,
            before=before,
            after=after,
            updated=f"{article.updated_at.day} {article.updated_at:%B %Y}",
            updated_iso=iso(article.updated_at),
            description=_description(article),
            direction=direction,
            thanks=bool(thanks),
            max_comment=MAX_COMMENT,
            query="",
        )

    @router.post("/help/articles/{slug}/feedback", include_in_schema=False)
    async def vote_by_form(slug: CleanText, request: Request) -> Response:
        """What the form of an article sends where no script runs."""
        doorkeeper.refuse_cross_site(request)
        try:
            sent = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
        except ValueError:
            raise Problem(422, "this is not what the form sends.") from None
        word = sent.get("helpful", [""])[-1]
        if word not in {"true", "false"}:
            raise Problem(422, "helpful: say true or false.")
        comment = clean_text(sent.get("comment", [""])[-1]).strip()[:MAX_COMMENT]

        def keep() -> bool:
            viewer = doorkeeper.viewer(request)
            with database.write() as session:
                article = by_slug(session, slug, viewer)
                if article is not None:
                    vote = ArticleFeedback(
                        article_id=article.id, helpful=word == "true", comment=comment or None
                    )
                    session.add(vote)
                return article is not None

        if not await database.run(keep):
            return not_found()
        return RedirectResponse(f"/help/articles/{quote(slug)}?thanks=1#feedback", status_code=303)

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

    @router.post("/api/articles/{id:path}/feedback", status_code=204)
    def vote(id: ArticleId, body: ArticleVote, viewer: Viewer = Depends(doorkeeper.viewer)) -> None:
        """Was the article helpful? Open to everybody who may read it."""
        comment = (body.comment or "").strip() or None
        with database.write() as session:
            if session.scalar(select(Article.id).where(Article.id == id, visible(viewer))) is None:
                raise no_article()
            session.add(ArticleFeedback(article_id=id, helpful=body.helpful, comment=comment))

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

    def not_found() -> Response:
        return pages.page("not_found.html", status=404, query="")

    return router


def by_slug(session: Session, slug: str, viewer: Viewer) -> Article | None:
    return session.scalar(select(Article).where(Article.slug == slug, visible(viewer)))


def no_article() -> Problem:
    return Problem(404, "there is no such article: check the id with GET /api/articles.")


def direction(locale: str) -> str:
    return "rtl" if locale.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


# --- what an article's body becomes on its page ------------------------------------------------------------

# `markup.render` writes every attribute in double quotes; a whole tag is matched, so never the inside of one.
_TAG = re.compile(r'<(/?)(h[1-6]|table|pre)((?: [a-z]+="[^"]*")*)>')


def shown(article: Article) -> tuple[Markup, list[tuple[int, str, str]]]:
    """The body for the page, and its first headings `(level, text, slug)` for the table of contents.

    The page's only h1 is the title: a body that starts with it loses it, one that has others has all its headings
    one level down. Tables and code scroll inside of themselves, by keyboard, too.
    """
    html = markup.render(article.body)
    headings = markup.headings(article.body)
    if headings and headings[0][0] == 1 and headings[0][1].casefold() == article.title.casefold():
        opening = f'<h1 id="{headings[0][2]}">'
        if html.startswith(opening):
            html = html[html.index("</h1>") + len("</h1>") :]
            headings = headings[1:]
    down = int(any(level == 1 for level, _, _ in headings))

    def fitted(tag: re.Match[str]) -> str:
        closing, name, attributes = tag.groups()
        if name == "table":
            region = '<div class="scroll" role="region" aria-label="Table" tabindex="0">'
            return "</table></div>" if closing else f"{region}<table{attributes}>"
        if name == "pre":
            return "</pre>" if closing else f'<pre tabindex="0"{attributes}>'
        return f"<{closing}h{min(6, int(name[1]) + down)}{attributes}>"

    told = [(level + down, text, slug) for level, text, slug in headings if level + down <= 3]
    return Markup(_TAG.sub(fitted, html)), told[:MOST_CONTENTS]


def _description(article: Article) -> str:
    words = " ".join(markup.plain_text(article.body[:2000]).split())
    return words if len(words) <= 160 else words[:160].rsplit(" ", 1)[0] + " …"


def _neighbours(trail: list[Section], article: Article) -> tuple[Entry | None, Entry | None]:
    """The articles before and after it in its section, in its language."""
    if not trail or len(trail) != len(article.section):
        return None, None
    siblings = [entry for entry in trail[-1].articles if entry.language == article.language]
    place = next((i for i, entry in enumerate(siblings) if entry.id == article.id), None)
    if place is None:
        return None, None
    after = siblings[place + 1] if place + 1 < len(siblings) else None
    return siblings[place - 1] if place else None, after


def _language(locale: str) -> str | None:
    known = normal_locale(locale)
    return known.split("-")[0] if known else None


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
