"""For machines that follow the help center: the sitemap, an Atom feed, robots.txt. Only what strangers may read.

A sitemap reads titles and dates, never bodies; where there are more than PER_MAP articles, it is an index of several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import func, select

from help_center.articles import Article, visible
from help_center.body import described
from help_center.database import Database, iso
from help_center.outline import Entry, Outline
from help_center.people import STRANGER
from help_center.reading import language_of
from help_center.site import Site
from help_center.web import Problem, answered
from help_center.words import words_in

PER_MAP = 5_000  # articles; the protocol allows 50,000 addresses, their languages count as well
NEWEST = 30  # articles in the feed
XML = "application/xml; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
DECLARATION = Markup('<?xml version="1.0" encoding="UTF-8"?>\n')
# what no search engine should walk
CLOSED = ("/api/", "/help/search", "/help/enter", "/inbox", "/insights", "/manage", "/widget/")


def routes(
    database: Database, outline: Outline, site: Callable[[], Site], base: Callable[[Request], str]
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/robots.txt")
    def robots(request: Request) -> Response:
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
        text = "\n".join([*lines, "", f"Sitemap: {base(request)}/sitemap.xml", ""])
        return Response(text, media_type="text/plain; charset=utf-8")

    @router.get("/sitemap.xml")
    def sitemap(request: Request) -> Response:
        entries = _in_order(outline)
        if len(entries) > PER_MAP:
            maps = range(1, -(-len(entries) // PER_MAP) + 1)
            parts = [
                _sitemap(f"{base(request)}/sitemap-{n}.xml", entries[(n - 1) * PER_MAP : n * PER_MAP])
                for n in maps
            ]
            return xml(request, _index(parts))
        return xml(request, _urls(base(request), entries, [f"{base(request)}/help"]))

    @router.get("/sitemap-{number}.xml")
    def part(request: Request, number: Annotated[int, Path(ge=1, le=100_000)]) -> Response:
        entries = _in_order(outline)
        part = entries[(number - 1) * PER_MAP : number * PER_MAP]
        if not part:
            raise Problem(404, "there is no such sitemap: begin with /sitemap.xml.")
        home = [f"{base(request)}/help"] if number == 1 else []
        return xml(request, _urls(base(request), part, home))

    def _urls(base: str, entries: Iterable[Entry], more: list[str]) -> Markup:
        """Each article with the addresses of its translations."""
        written = [Markup("<url><loc>{}</loc></url>").format(one) for one in more]
        for entry in entries:
            languages = outline.translations(STRANGER, entry.group)
            links = [
                Markup('<xhtml:link rel="alternate" hreflang="{}" href="{}"/>').format(
                    other.locale, base + other.url
                )
                for other in languages
                if len(languages) > 1
            ]
            written.append(
                Markup("<url><loc>{}</loc><lastmod>{}</lastmod>{}</url>").format(
                    base + entry.url, iso(entry.updated_at), Markup("").join(links)
                )
            )
        return (
            DECLARATION
            + Markup(
                '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
            )
            + Markup("\n").join(written)
            + Markup("\n</urlset>\n")
        )

    @router.get("/help/feed.atom")
    def feed(request: Request, locale: Annotated[str, Query(max_length=40)] = "") -> Response:
        """The articles that were changed last, of one language where one is given."""
        language = language_of(locale)
        words = words_in(language or site().default_language)
        query = select(
            Article.id,
            Article.slug,
            Article.title,
            Article.locale,
            Article.updated_at,
            Article.created_at,
            func.substr(Article.body, 1, 2000),
        ).where(visible(STRANGER))
        if language:
            query = query.where(Article.language == language)
        with database.read() as session:
            rows = session.execute(query.order_by(Article.updated_at.desc(), Article.id).limit(NEWEST)).all()
        home = f"{base(request)}/help"
        own = f"{home}/feed.atom" + (f"?locale={language}" if language else "")
        entries = [
            Markup(
                '<entry xml:lang="{}"><id>{}</id><title>{}</title><link href="{}"/><published>{}</published>'
                "<updated>{}</updated><summary>{}</summary></entry>"
            ).format(
                lang,
                f"{home}/articles/{slug}",
                title,
                f"{home}/articles/{slug}",
                iso(created),
                iso(updated),
                described(body),
            )
            for _, slug, title, lang, updated, created, body in rows
        ]
        latest = iso(rows[0].updated_at) if rows else "1970-01-01T00:00:00Z"
        head = Markup(
            '<feed xmlns="http://www.w3.org/2005/Atom"><id>{}</id><title>{}</title><updated>{}</updated>'
            '<link rel="self" href="{}"/><link href="{}"/><author><name>{}</name></author>\n'
        ).format(own, f"{site().name}: {words.feed}", latest, own, home, site().name)
        return xml(
            request, DECLARATION + head + Markup("\n").join(entries) + Markup("\n</feed>\n"), media_type=ATOM
        )

    def xml(request: Request, text: Markup, media_type: str = XML) -> Response:
        return answered(request, Response(str(text), media_type=media_type), shared=True)

    return router


def _in_order(outline: Outline) -> list[Entry]:
    """By id: a new article moves others from one part of the sitemap to the next as rarely as can be."""
    return sorted(outline.entries(STRANGER), key=lambda entry: entry.id)


def _sitemap(address: str, entries: list[Entry]) -> Markup:
    latest = max(iso(entry.updated_at) or "" for entry in entries)
    return Markup("<sitemap><loc>{}</loc><lastmod>{}</lastmod></sitemap>").format(address, latest)


def _index(parts: list[Markup]) -> Markup:
    return (
        DECLARATION
        + Markup('<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n')
        + Markup("\n").join(parts)
        + Markup("\n</sitemapindex>\n")
    )
