"""What a page tells machines of itself: its one address, its other languages, its card in a chat or feed, structured data.

Pure. Paths are ours; `base` makes addresses of them: PARLEY_PUBLIC_URL, else the address that was asked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from help_center.articles import Article
from help_center.body import Body
from help_center.database import iso
from help_center.outline import Entry, Section
from help_center.site import Site
from help_center.sources.base import primary_language


@dataclass(frozen=True)
class Head:
    """`alternates`: (hreflang, path) of the same page in each language, itself among them. `data`: JSON-LD."""

    base: str
    path: str
    title: str
    description: str = ""
    kind: str = "website"  # of Open Graph
    alternates: Sequence[tuple[str, str]] = ()
    picture: str | None = None
    modified: str | None = None
    indexed: bool = True
    data: Sequence[dict[str, Any]] = ()

    @property
    def url(self) -> str:
        return self.base + self.path

    @property
    def card(self) -> str:
        return "summary_large_image" if self.picture else "summary"

    @property
    def picture_url(self) -> str | None:
        if self.picture is None or self.picture.startswith(("http://", "https://")):
            return self.picture
        return self.base + self.picture if self.picture.startswith("/") else None

    @property
    def json_ld(self) -> list[Markup]:
        """Data, not script: browsers do not run it, so that no policy needs an exception. `<` is written so that no text
        ends it."""
        written = (json.dumps(one, ensure_ascii=False) for one in self.data)
        return [Markup(one.replace("<", "\\u003c").replace("\u2028", "\\u2028")) for one in written]


def alternates(entries: Sequence[Entry], default: str) -> list[tuple[str, str]]:
    """(hreflang, path) of the translations of an article; nothing for one that has none."""
    if len(entries) < 2:
        return []
    found = {entry.locale: entry.url for entry in entries}
    first = next((entry for entry in entries if entry.language == primary_language(default)), entries[0])
    return [*found.items(), ("x-default", first.url)]


def article_head(
    article: Article,
    body: Body,
    trail: Sequence[Section],
    translations: Sequence[Entry],
    *,
    base: str,
    site: Site,
    help_name: str,
) -> Head:
    public = article.audience == "public"
    head = Head(
        base=base,
        path=article.url,
        title=article.title,
        description=body.description,
        kind="article",
        alternates=alternates(translations, site.default_language) if public else (),
        picture=body.picture,
        modified=iso(article.updated_at),
        indexed=public,
    )
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "TechArticle" if "<pre" in body.html else "Article",
        "headline": article.title[:110],
        "description": body.description,
        "inLanguage": article.locale,
        "datePublished": iso(article.created_at),
        "dateModified": iso(article.updated_at),
        "mainEntityOfPage": head.url,
        "publisher": {"@type": "Organization", "name": site.name},
    }
    if head.picture_url:
        told["image"] = head.picture_url
    data = [told, breadcrumbs(base, help_name, trail, article.title, article.url)]
    if body.questions:
        data.append(questions(body.questions))
    return Head(**{**head.__dict__, "data": data if public else ()})


def breadcrumbs(base: str, help_name: str, trail: Sequence[Section], title: str, path: str) -> dict[str, Any]:
    steps = [(help_name, "/help"), *((section.name, section.url) for section in trail), (title, path)]
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": base + address}
            for place, (name, address) in enumerate(steps, 1)
        ],
    }


def questions(asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for question, answer in asked
        ],
    }


def search_data(base: str, site: Site) -> dict[str, Any]:
    """The home page: a site that can be searched."""
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": site.name,
        "url": f"{base}/help",
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{base}/help/search?q={{search_term_string}}",
            "query-input": "required name=search_term_string",
        },
    }
