"""Where the links of articles lead: to articles that are not there, or not for the same readers, to headings and pictures
that are gone.

Knows articles and files; links to other sites are not followed here (`escalation.writing.outside` does, when asked).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center.article_tables import ArticleRedirect
from help_center.articles import Article
from help_center.files import File
from help_center.markup import Address, addresses, headings
from help_center.sources.base import AUDIENCES

ARTICLES = "/help/articles/"
OTHER_PAGES = re.compile(
    r"/(?:help(?:/(?:search|sections/.*|feed.*))?|inbox|insights|manage|docs|api/.*|widget.*|sitemap.*)?"
)
_MAY_LEAD = re.compile(r"\]\(|\]:|!\[|<[a-z]")  # a text without these leads nowhere


@dataclass(frozen=True)
class Fault:
    """A link that does not lead where its author thinks. `kind`: missing, draft, restricted, anchor, picture, moved,
    wordless (a picture without words), external."""

    kind: str
    address: str
    text: str
    line: int
    detail: str = ""

    def json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Text:
    """What is looked at: an article as it is, or as it is written."""

    id: str
    slug: str
    body: str
    audience: str


def faults(session: Session, texts: Sequence[Text], hosts: Iterable[str] = ()) -> dict[str, list[Fault]]:
    """The faults of each text by its id. `hosts`: links to them are links to this help center."""
    own = frozenset(host.lower() for host in hosts)
    found = {text.id: addresses(text.body) if _MAY_LEAD.search(text.body) else [] for text in texts}
    known = _Known(session, [_inside(one, text, own) for text in texts for one in found[text.id]])
    return {
        text.id: [fault for one in found[text.id] if (fault := known.judge(text, one, own)) is not None]
        for text in texts
    }


def outward(body: str, hosts: Iterable[str] = ()) -> list[Address]:
    """Links and pictures of other sites, each address once."""
    own = frozenset(host.lower() for host in hosts)
    each = {one.address: one for one in addresses(body) if _is_outside(one.address, own)}
    return list(each.values())


def _is_outside(address: str, own: frozenset[str]) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and (parts.hostname or "").lower() not in own
    except ValueError:
        return False


def _inside(one: Address, text: Text, own: frozenset[str]) -> tuple[str, str] | None:
    """Path and anchor of an address within this help center, as the article's page resolves it; None for any other."""
    try:
        parts = urlsplit(urljoin(f"http://here{ARTICLES}{text.slug}", one.address))
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or (host != "here" and host not in own):
        return None
    return unquote(parts.path), unquote(parts.fragment)


class _Known:
    """The articles, redirects and pictures that some addresses speak of, read at once."""

    def __init__(self, session: Session, wanted: Iterable[tuple[str, str] | None]) -> None:
        inside = [one for one in wanted if one is not None]
        slugs = sorted({path[len(ARTICLES) :] for path, _ in inside if path.startswith(ARTICLES)})
        pictures = sorted({path.split("/")[2] for path, _ in inside if path.startswith("/files/")})
        self._session = session
        self._articles: dict[str, tuple[str, str, str]] = {}
        self._moved: dict[str, str] = {}
        self._files: set[str] = set()
        self._anchors: dict[str, frozenset[str]] = {}
        for some in _pieces(slugs):
            columns = select(Article.slug, Article.id, Article.status, Article.audience)
            for slug, id, status, audience in session.execute(columns.where(Article.slug.in_(some))):
                self._articles[slug] = (id, status, audience)
            led = select(ArticleRedirect.slug, Article.slug).join(
                Article, Article.id == ArticleRedirect.article_id
            )
            self._moved |= dict(session.execute(led.where(ArticleRedirect.slug.in_(some))).tuples().all())
        for some in _pieces(pictures):
            self._files |= set(session.scalars(select(File.id).where(File.id.in_(some))))

    def judge(self, text: Text, one: Address, own: frozenset[str]) -> Fault | None:
        inside = _inside(one, text, own)
        if inside is None:
            return self._wordless(one)
        path, anchor = inside
        if path.startswith("/files/"):
            if path.split("/")[2] not in self._files:
                return _fault(
                    "picture" if one.kind == "picture" else "missing", one, "it is not kept here any more"
                )
            return self._wordless(one)
        if one.kind == "picture":
            return _fault("picture", one, "pictures are kept below /files: drop it into the text")
        if not path.startswith(ARTICLES):
            return (
                None
                if OTHER_PAGES.fullmatch(path.rstrip("/"))
                else _fault("missing", one, "there is no such page")
            )
        slug = path[len(ARTICLES) :]
        if slug == text.slug:
            there = anchor == "" or anchor in self._anchors_in(text.id, text.body)
            return None if there else _fault("anchor", one, "no heading of this article has this name")
        if slug not in self._articles:
            moved = self._moved.get(slug)
            if moved is not None:
                return _fault("moved", one, f"readers are led to {ARTICLES}{moved}")
            return _fault("missing", one, "there is no article at this address")
        id, status, audience = self._articles[slug]
        if status != "published":
            return _fault("draft", one, f"the article is {'a draft' if status == 'draft' else status}")
        if AUDIENCES.index(audience) > AUDIENCES.index(text.audience):
            return _fault("restricted", one, f"the article is for {audience} only, this one for more")
        if anchor and anchor not in self._anchors_in(id, None):
            return _fault("anchor", one, "no heading of the article has this name")
        return None

    def _anchors_in(self, id: str, body: str | None) -> frozenset[str]:
        if id not in self._anchors or body is not None:
            if body is None:
                body = self._session.scalar(select(Article.body).where(Article.id == id)) or ""
            self._anchors[id] = frozenset(slug for _, _, slug in headings(body))
        return self._anchors[id]

    @staticmethod
    def _wordless(one: Address) -> Fault | None:
        if one.kind == "picture" and not one.text.strip():
            return _fault("wordless", one, "fine where it only decorates; else say what it shows")
        return None


def _fault(kind: str, one: Address, detail: str) -> Fault:
    return Fault(kind, one.address[:500], one.text[:200], one.line, detail)


def _pieces(values: list[str], size: int = 500) -> Iterable[list[str]]:
    return (values[n : n + size] for n in range(0, len(values), size))
