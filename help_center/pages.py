"""The help center that customers read: home, sections, articles, and the way in for customers whom a site vouches for.

Finds articles and shows them; what a viewer may see is asked of `articles.visible` every time. Knows nothing about
search: its pages and the writing of articles, which ends in the index, are in `retrieval/pages.py`. What is related to an
article is told by whoever builds the app.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center import article_door, customer_links, feeds, redirects
from help_center.article_door import MAX_COMMENT, ArticleId, Locale, article_id, few_votes, no_article
from help_center.articles import REASONS, Article, keep_vote, visible
from help_center.body import MOST_CONTENTS, Bodies, Body
from help_center.body import shown as body_shown
from help_center.customer_links import CustomerLinks
from help_center.database import Database, iso
from help_center.figures import Views
from help_center.head import Head, article_head, breadcrumbs, search_data
from help_center.outline import Entry, Outline, Section
from help_center.people import Viewer
from help_center.reading import language_of, negotiated, offered_languages
from help_center.site import Site
from help_center.templating import Pages
from help_center.web import CleanText, Doorkeeper, Problem, RateLimits, answered, base_address, clean_text
from help_center.words import ENGLISH, Words, direction, language_name, words_in

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"  # served at /static/help

SHORT_LIST = 6  # articles of a section where several sections are listed
LONG_LIST = 100  # articles on one page of a section
MOST_SECTIONS = 60  # on one page
MOST_RELATED = 4
# what decides how a page looks for the same address
VARY = "Accept-Language, Authorization, Cookie"

Related = Callable[[Article, Viewer], Sequence[str]]  # ids, the nearest first


def _nothing(_article: Article, _viewer: Viewer) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Language:
    """One entry of the language switcher."""

    tag: str
    name: str
    url: str
    here: bool


class Reader:
    """What pages share: the language of a page, its switcher, its addresses, how it is answered."""

    def __init__(
        self,
        outline: Outline,
        pages: Pages,
        public_url: str | None = None,
    ) -> None:
        self.outline = outline
        self.pages = pages
        self._public_url = public_url

    @property
    def site(self) -> Site:
        return self.pages.site()

    def base(self, request: Request) -> str:
        """What absolute addresses begin with."""
        return base_address(request, self._public_url)

    def language(self, request: Request, locale: str, viewer: Viewer) -> str:
        """The language of a page that has none of its own: as asked for, else as the browser would like it."""
        spoken = self.outline.languages(viewer)
        default = language_of(self.site.default_language) or "en"
        return language_of(locale) or negotiated(request.headers.get("accept-language", ""), spoken, default)

    def offered(self, viewer: Viewer) -> list[str]:
        return offered_languages(
            self.site.languages, self.outline.languages(viewer), self.site.default_language
        )

    def switcher(self, languages: Sequence[str], here: str, url_of: Callable[[str], str]) -> list[Language]:
        """Nothing where there is nothing to choose."""
        if here not in languages:
            languages = [*languages, here]
        if len(languages) < 2:
            return []
        return [Language(one, language_name(one), url_of(one), one == here) for one in languages]

    def suffix(self, language: str) -> str:
        """What keeps the language on the way to a page that has none of its own."""
        return "" if language == language_of(self.site.default_language) else f"?locale={language}"

    def answer(
        self,
        request: Request,
        template: str,
        viewer: Viewer,
        language: str,
        *,
        head: Head,
        switcher: Sequence[Language] = (),
        status: int = 200,
        **context: Any,
    ) -> Response:
        words = words_in(language)
        page = self.pages.page(
            template, status=status, viewer=viewer, language=language, words=words, head=head, switcher=switcher,
            suffix=self.suffix(language), query=context.pop("query", ""), **context,
        )  # fmt: skip
        page.headers["Vary"] = VARY
        return answered(request, page, shared=viewer.role is None and not viewer.proven_customer)


def routes(
    database: Database,
    doorkeeper: Doorkeeper,
    limits: RateLimits,
    pages: Pages,
    *,
    outline: Outline | None = None,
    customers: CustomerLinks | None = None,
    public_url: str | None = None,
    views: Views | None = None,
    related: Related = _nothing,
) -> APIRouter:
    """`related`: the ids of the articles that are about the same as one, as far as the viewer may see them."""
    router = APIRouter()
    outline = outline or Outline(database)
    reader = Reader(outline, pages, public_url)
    bodies = Bodies()
    router.include_router(article_door.routes(database, doorkeeper, limits))
    router.include_router(feeds.routes(database, outline, pages.site, reader.base))

    @router.get("/help", include_in_schema=False)
    def home(
        request: Request, locale: str = "", page: str = "", viewer: Viewer = Depends(doorkeeper.viewer)
    ) -> Response:
        language = reader.language(request, locale, viewer)
        default = language_of(reader.site.default_language) or "en"
        offered = reader.offered(viewer)
        path = f"/help?locale={language}" if language_of(locale) and len(offered) > 1 else "/help"
        others = [(one, f"/help?locale={one}") for one in offered] if len(offered) > 1 else []
        base = reader.base(request)
        head = Head(
            base=base,
            path=path,
            title=words_in(language).help_center,
            alternates=[*others, ("x-default", "/help")] if others else (),
            data=[search_data(base, reader.site)],
        )
        tree = outline.contents(viewer, language)
        rest = outline.untranslated(viewer, language, default) if language != default else None
        return contents(
            request, viewer, language, [], tree, page, head,
            rest=rest if rest and rest.size else None, rest_language=default,
            switcher=reader.switcher(offered, language, lambda one: f"/help?locale={one}"),
        )  # fmt: skip

    @router.get("/help/sections/{path:path}", include_in_schema=False)
    def section(
        request: Request,
        path: CleanText,
        locale: str = "",
        page: str = "",
        viewer: Viewer = Depends(doorkeeper.viewer),
    ) -> Response:
        whole = outline.contents(viewer).trail_to(path)
        if whole is None:
            return not_found(request, viewer, locale)
        trails = {
            one: trail
            for one in outline.languages(viewer)
            if (trail := outline.contents(viewer, one).trail_to(path))
        }
        wanted = reader.language(request, locale, viewer)
        asked = language_of(locale)
        spoken = wanted if wanted in trails else next(iter(trails), wanted)
        language = asked or spoken
        trail = trails.get(spoken, whole)
        words = words_in(language)
        several = len(trails) > 1
        own = f"{trail[-1].url}?locale={spoken}" if several and asked else trail[-1].url
        base = reader.base(request)
        head = Head(
            base=base,
            path=own,
            title=trail[-1].name,
            alternates=[(one, f"{trail[-1].url}?locale={one}") for one in trails] if several else (),
            indexed=any(entry for entry in trail[-1].first(1)),
            data=[breadcrumbs(base, words.help, trail[:-1], trail[-1].name, trail[-1].url)],
        )
        missing = (words.name_of(language), words.name_of(spoken)) if language != spoken else None
        return contents(
            request, viewer, language, trail[:-1], trail[-1], page, head, missing=missing,
            switcher=reader.switcher(list(trails), spoken, lambda one: f"{trail[-1].url}?locale={one}"),
        )  # fmt: skip

    def contents(
        request: Request,
        viewer: Viewer,
        language: str,
        above: list[Section],
        here: Section,
        page: str,
        head: Head,
        *,
        switcher: Sequence[Language],
        rest: Section | None = None,
        rest_language: str = "",
        missing: tuple[str, str] | None = None,
    ) -> Response:
        last = max(1, -(-len(here.articles) // LONG_LIST), -(-len(here.sections) // MOST_SECTIONS))
        number = min(int(page), last) if page.isdecimal() and 0 < len(page) < 8 and int(page) > 0 else 1
        return reader.answer(
            request, "help.html", viewer, language,
            head=head, switcher=switcher, above=above, here=here,
            articles=here.articles[(number - 1) * LONG_LIST : number * LONG_LIST],
            sections=here.sections[(number - 1) * MOST_SECTIONS : number * MOST_SECTIONS],
            page=number, last_page=last, short_list=SHORT_LIST, most_sections=MOST_SECTIONS,
            rest=rest, rest_language=rest_language, missing=missing,
        )  # fmt: skip

    @router.get("/help/articles/{slug}", include_in_schema=False)
    def article_page(
        request: Request,
        slug: CleanText,
        locale: str = "",
        thanks: str = "",
        viewer: Viewer = Depends(doorkeeper.viewer),
    ) -> Response:
        with database.read() as session:
            article = by_slug(session, slug, viewer)
            moved = None if article else redirects.address_now(session, slug, viewer)
        if moved is not None:
            # not kept by browsers: it may move back one day, and they would go in circles
            return RedirectResponse(moved, 301, headers={"Cache-Control": "no-cache"})
        if article is None:
            return not_found(request, viewer, locale)
        translations = outline.translations(viewer, article.group)
        wanted = language_of(locale) or article.language
        if wanted != article.language:
            other = next((entry for entry in translations if entry.language == wanted), None)
            if other is not None:
                return RedirectResponse(other.url, 302, headers={"Cache-Control": "no-cache", "Vary": VARY})
        words = words_in(wanted)
        body = bodies.of(article, words)
        trail = outline.contents(viewer).trail_of(tuple(article.section))
        before, after = _neighbours(trail, article)
        near = (outline.entry(viewer, id) for id in related(article, viewer))
        if views is not None and not viewer.is_agent:
            views.count(article.id)
        urls = {entry.language: entry.url for entry in reversed(translations)}
        languages = [*dict.fromkeys([*reader.offered(viewer), *urls])]
        return reader.answer(
            request, "article.html", viewer, wanted,
            head=article_head(
                article, body, trail, translations, base=reader.base(request), site=reader.site, help_name=words.help
            ),
            switcher=reader.switcher(
                languages, article.language if wanted in urls else wanted,
                lambda one: urls.get(one) or f"{article.url}?locale={one}",
            ),
            article=article, body=body, trail=trail, before=before, after=after,
            related=[
                entry for entry in near if entry and entry.group != article.group and entry not in (before, after)
            ][:MOST_RELATED],
            updated=words.day(article.updated_at), updated_iso=iso(article.updated_at),
            missing=(words.name_of(wanted), words.name_of(article.language)) if wanted != article.language else None,
            thanks=bool(thanks), reasons=REASONS, max_comment=MAX_COMMENT,
        )  # fmt: skip

    @router.post("/help/articles/{slug}/feedback", include_in_schema=False)
    async def vote_by_form(slug: CleanText, request: Request) -> Response:
        """What the form of an article sends where no script runs."""
        doorkeeper.refuse_cross_site(request)
        await few_votes(request, doorkeeper, limits)
        try:
            sent = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
        except ValueError:
            raise Problem(422, "this is not what the form sends.") from None
        word = sent.get("helpful", [""])[-1]
        if word not in {"true", "false"}:
            raise Problem(422, "helpful: say true or false.")
        helpful = word == "true"
        comment = clean_text(sent.get("comment", [""])[-1]).strip()[:MAX_COMMENT]
        reason = sent.get("reason", [""])[-1]

        def keep() -> Viewer | None:
            """The viewer, where there is no such article for them."""
            viewer = doorkeeper.viewer(request)
            with database.write() as session:
                article = by_slug(session, slug, viewer)
                if article is None:
                    return viewer
                keep_vote(session, article.id, helpful, reason, comment)
            return None

        stranger = await database.run(keep)
        if stranger is not None:
            return not_found(request, stranger, "")
        return RedirectResponse(f"/help/articles/{quote(slug)}?thanks=1#_feedback", status_code=303)

    @router.get("/help/enter", include_in_schema=False)
    def enter(
        request: Request,
        customer: str = "",
        expires: str = "",
        hash: str = "",
        to: str = "",
        locale: str = "",
    ) -> Response:
        """A link that the customer's site has signed: who follows it reads what is for customers, for some hours."""
        cookie = customers.cookie(clean_text(customer), expires, hash) if customers else None
        if cookie is None:
            viewer = doorkeeper.viewer(request)
            language = reader.language(request, locale, viewer)
            head = Head(reader.base(request), "/help", words_in(language).link_ended, indexed=False)
            return reader.answer(request, "link_ended.html", viewer, language, head=head, status=403)
        # the proof leaves the address at once; only a page of the help center may follow
        page = to if to == "/help" or to.startswith(("/help/", "/help?")) else "/help"
        if language_of(locale) and "locale=" not in page:
            page += ("&" if "?" in page else "?") + urlencode({"locale": locale})
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        entered = RedirectResponse(quote(page, safe="/?&=%#-._~"), 303, headers=headers)
        entered.set_cookie(
            customer_links.COOKIE, cookie, max_age=customer_links.HOURS * 3600, httponly=True, samesite="lax",
            secure=doorkeeper.secure(request),
        )  # fmt: skip
        return entered

    def not_found(request: Request, viewer: Viewer, locale: str) -> Response:
        language = reader.language(request, locale, viewer)
        head = Head(reader.base(request), "/help", words_in(language).gone, indexed=False)
        return reader.answer(request, "not_found.html", viewer, language, head=head, status=404)

    return router


def by_slug(session: Session, slug: str, viewer: Viewer) -> Article | None:
    return session.scalar(select(Article).where(Article.slug == slug, visible(viewer)))


def shown(article: Article, words: Words = ENGLISH) -> tuple[Markup, list[tuple[int, str, str]]]:
    """The body as its page has it, and its headings, for others who show it."""
    body: Body = body_shown(article, words)
    return body.html, list(body.headings)


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


__all__ = [
    "MOST_CONTENTS",
    "STATIC",
    "TEMPLATES",
    "ArticleId",
    "Locale",
    "Reader",
    "article_id",
    "by_slug",
    "direction",
    "no_article",
    "routes",
    "shown",
]
