"""Articles of a website: the pages that its sitemap names, or else those that its links lead to, below the address given.

Asks robots.txt and keeps to it; stays on the site. A page becomes an article as a saved page does (`html.py`).
"""

from __future__ import annotations

import gzip
import io
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning

from help_center.sources.base import Failure, SeenIds, SourceArticle, SourceError, article_from_record
from help_center.sources.fetching import AGENT, MAX_ANSWER, Fetcher, NotFetched
from help_center.sources.html import decoded, page_record

MOST_PAGES = 10_000
MOST_SITEMAPS = 200
PAGES = frozenset(("text/html", "application/xhtml+xml"))
NO_PAGES = (
    ".pdf",
    ".zip",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".webp",
    ".mp4",
    ".css",
    ".js",
    ".json",
    ".xml",
    ".ico",
)


@dataclass(frozen=True)
class _Page:
    url: str
    changed: str | None = None  # as the sitemap tells it


class Website:
    def __init__(self, address: str) -> None:
        self._address = address
        self.name = address

    def read(self) -> Iterator[SourceArticle | Failure]:
        good = 0
        reason = "no page could be read"
        seen = SeenIds()
        with Fetcher() as fetcher:
            for found in _Visit(self._address, fetcher).articles():
                judged = seen.judge(found, found.id if isinstance(found, SourceArticle) else found.where)
                if isinstance(judged, Failure):
                    reason = f"{judged.where}: {judged.reason}"
                else:
                    good += 1
                yield judged
        if not good:
            raise SourceError(f"{self._address} gave no article ({reason}): check the address in a browser")


class _Visit:
    """One walk over a site."""

    def __init__(self, address: str, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        try:
            landed, data, kind = fetcher.get(address)
        except NotFetched as error:
            raise SourceError(f"{address}: {error}; check the address in a browser") from error
        self._first, self._data, self._kind = landed, data, kind
        self._site = urlsplit(landed).netloc
        self._below = urlsplit(landed).path.rsplit("/", 1)[0] + "/"
        self._robots = self._rules()
        self._known: set[str] = set()

    def articles(self) -> Iterator[SourceArticle | Failure]:
        listed = _sitemap(self._data)
        if listed is not None:
            self._below = "/"  # a sitemap says itself what is in it
            yield from self._all(self._from_sitemaps([self._first]))
            return
        pages = self._from_sitemaps(self._robots.site_maps() or [urljoin(self._first, "/sitemap.xml")])
        if pages:
            yield from self._all(pages)
        else:
            yield from self._by_links()

    def _all(self, pages: list[_Page]) -> Iterator[SourceArticle | Failure]:
        for page in pages[:MOST_PAGES]:
            found, _ = self._article(page)
            if found is not None:
                yield found

    def _by_links(self) -> Iterator[SourceArticle | Failure]:
        """Breadth first from the address given, below its folder."""
        waiting = deque([_Page(self._first)])
        self._known.add(self._first)
        visited = 0
        while waiting and visited < MOST_PAGES:
            visited += 1
            found, links = self._article(waiting.popleft())
            if found is not None:
                yield found
            for url in links:
                if url not in self._known and self._mine(url):
                    self._known.add(url)
                    waiting.append(_Page(url))

    def _article(self, page: _Page) -> tuple[SourceArticle | Failure | None, list[str]]:
        """The page as an article, and where it links to. None for what is no article: a redirect, a page for no index."""
        try:
            landed, data, kind = (
                (self._first, self._data, self._kind)
                if page.url == self._first
                else self._fetcher.get(page.url)
            )
        except NotFetched as error:
            return Failure(page.url, str(error)), []
        if (kind and kind not in PAGES) or not self._mine(landed):
            return None, []
        text = decoded(data)
        if text is None:
            return Failure(
                page.url, "its letters cannot be read: it declares another encoding than it has"
            ), []
        soup = BeautifulSoup(text, "html.parser")
        links = [urldefrag(urljoin(landed, str(a["href"]))).url for a in soup.find_all("a", href=True)]
        robots = " ".join(
            str(meta.get("content") or "") for meta in soup.select('meta[name="robots" i]')
        ).lower()
        if "nofollow" in robots:
            links = []
        record = page_record(text)
        if record is None or "noindex" in robots:
            return None, links
        record |= {"id": landed, "url": landed}
        if page.changed:
            record["updated_at"] = page.changed
        return article_from_record(record, landed), links

    def _mine(self, url: str) -> bool:
        """Whether it lies on this site, below the address given, and robots.txt lets us read it."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return (
            parts.scheme in {"http", "https"}
            and parts.netloc == self._site
            and parts.path.startswith(self._below)
            and not parts.path.lower().endswith(NO_PAGES)
            and self._robots.can_fetch(AGENT, url)
        )

    def _from_sitemaps(self, urls: list[str]) -> list[_Page]:
        pages: dict[str, _Page] = {}
        waiting = deque(urls)
        seen: set[str] = set()
        while waiting and len(seen) < MOST_SITEMAPS:
            url = waiting.popleft()
            if url in seen or urlsplit(url).netloc != self._site:
                continue
            seen.add(url)
            try:
                data = self._data if url == self._first else self._fetcher.get(url)[1]
            except NotFetched:
                continue
            listed = _sitemap(data)
            if listed is None:
                continue
            further, found = listed
            waiting.extend(further)
            pages |= {page.url: page for page in found if page.url not in pages and self._mine(page.url)}
        return list(pages.values())

    def _rules(self) -> RobotFileParser:
        rules = RobotFileParser()
        try:
            text = decoded(self._fetcher.get(urljoin(self._first, "/robots.txt"))[1]) or ""
        except NotFetched:
            text = ""
        rules.parse(text.splitlines())
        return rules


def _sitemap(data: bytes) -> tuple[list[str], list[_Page]] | None:
    """Further sitemaps and pages that a sitemap names; None for what is none."""
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_ANSWER)
        except (OSError, EOFError):
            return None
    if b"<urlset" not in data and b"<sitemapindex" not in data:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # on purpose: it expands no entities
        soup = BeautifulSoup(data, "html.parser")

    def told(entry: Tag, name: str) -> str:
        found = entry.find(name)
        return found.get_text(strip=True) if found else ""

    further = [told(entry, "loc") for entry in soup.find_all("sitemap")]
    pages = [
        _Page(urldefrag(told(entry, "loc")).url, told(entry, "lastmod") or None)
        for entry in soup.find_all("url")
    ]
    return further, [page for page in pages if page.url]
