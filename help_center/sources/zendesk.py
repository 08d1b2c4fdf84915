"""Articles of Zendesk Guide: from its address, by the public Help Center API, or from a saved answer of that API.

Field names: the Help Center API's reference at developer.zendesk.com. What a user segment restricts becomes an article for agents:
who is in a segment is not told, and nothing may leak.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from help_center.sources.base import Failure, SeenIds, SourceArticle, SourceError, article_from_record
from help_center.sources.fetching import Fetcher, NotFetched

MOST_PAGES = 2000  # of a hundred articles
LISTED = "api/v2/help_center/articles.json?per_page=100&include=sections,categories"
HINT = "check the address: it is https://COMPANY.zendesk.com, or that of the help center with its /hc"


class ZendeskAddress:
    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._root = f"{parts.scheme}://{parts.netloc}/"
        self.name = self._root

    @classmethod
    def of(cls, address: str) -> ZendeskAddress | None:
        parts = urlsplit(address)
        known = (parts.hostname or "").endswith(".zendesk.com") or "hc" in parts.path.split("/")[1:2]
        return cls(address) if known else None

    def read(self) -> Iterator[SourceArticle | Failure]:
        seen, names = SeenIds(), _Names()
        url: str | None = urljoin(self._root, LISTED)
        good = 0
        with Fetcher() as fetcher:
            for page in range(MOST_PAGES):
                try:
                    told = fetcher.json(url or "")
                except NotFetched as error:
                    if page == 0:
                        raise SourceError(f"{self._root}: {error}; {HINT}") from error
                    yield Failure(str(url), str(error))
                    return
                if not isinstance(told, dict) or not isinstance(told.get("articles"), list):
                    raise SourceError(f"{self._root} does not answer as Zendesk Guide does; {HINT}")
                for found in _articles(told, names, seen):
                    good += isinstance(found, SourceArticle)
                    yield found
                url = _next(told, self._root)
                if url is None:
                    break
        if not good:
            raise SourceError(f"{self._root} shows no article to strangers: publish one, or index an export")


class ZendeskExport:
    def __init__(self, path: Path, told: Mapping[str, Any]) -> None:
        self.name = str(path.resolve())
        self._path, self._told = path, told

    @classmethod
    def of(cls, path: Path, told: object) -> ZendeskExport | None:
        """The export, when this is what the file holds: `{"articles": [...]}`, with or without sections and categories."""
        if not isinstance(told, dict) or not isinstance(told.get("articles"), list):
            return None
        return cls(path, told)

    def read(self) -> Iterator[SourceArticle | Failure]:
        good = 0
        failure: Failure | None = None
        for found in _articles(self._told, _Names(), SeenIds()):
            good += isinstance(found, SourceArticle)
            failure = failure or (found if isinstance(found, Failure) else None)
            yield found
        if not good:
            why = f"; {failure.where}: {failure.reason}" if failure else ""
            raise SourceError(f"{self._path} has no article that can be read{why}")


class _Names:
    """Sections and categories by their ids, as far as they were told."""

    def __init__(self) -> None:
        self._sections: dict[Any, Mapping[str, Any]] = {}
        self._categories: dict[Any, Mapping[str, Any]] = {}

    def learn(self, told: Mapping[str, Any]) -> None:
        for name, kept in (("sections", self._sections), ("categories", self._categories)):
            rows = told.get(name)
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict) and isinstance(row.get("id"), int | str):
                    kept[row["id"]] = row

    def path_to(self, section_id: object) -> list[str]:
        """Names of the sections that an article lies in, outermost first; the category before them."""
        path: list[str] = []
        row = self._sections.get(section_id)
        seen = set()
        while row is not None and row["id"] not in seen:
            seen.add(row["id"])
            path.insert(0, str(row.get("name") or ""))
            above = row.get("parent_section_id")
            if above is None:
                category = self._categories.get(row.get("category_id"))
                path.insert(0, str(category.get("name") or "") if category else "")
                break
            row = self._sections.get(above)
        return [name for name in path if name.strip()]


def _articles(told: Mapping[str, Any], names: _Names, seen: SeenIds) -> Iterator[SourceArticle | Failure]:
    names.learn(told)
    for number, row in enumerate(told["articles"], 1):
        where = f"article {row.get('id') if isinstance(row, dict) else number}"
        if not isinstance(row, dict):
            yield Failure(where, "it is not a JSON object")
            continue
        yield seen.judge(article_from_record(_record(row, names), where), where)


def _record(row: Mapping[str, Any], names: _Names) -> dict[str, Any]:
    """The article's fields. A translation has its original's id, and gets one of its own."""
    locale, original = row.get("locale"), row.get("source_locale")
    translated = isinstance(locale, str) and isinstance(original, str) and locale != original
    return {
        "id": f"{row.get('id')}-{locale}" if translated else row.get("id"),
        "translation_of": str(row.get("id")) if translated else None,
        "title": row.get("title") or row.get("name"),
        "html": row.get("body") or "",
        "url": row.get("html_url"),
        "locale": locale,
        "section": names.path_to(row.get("section_id")),
        "labels": row.get("label_names") if isinstance(row.get("label_names"), list) else [],
        "audience": "public" if row.get("user_segment_id") is None else "agents",
        "status": "draft" if row.get("draft") else "published",
        "updated_at": row.get("edited_at") or row.get("updated_at"),
    }


def _next(told: Mapping[str, Any], root: str) -> str | None:
    """The address of the next page, of the same site only: by offset or by cursor, as the API does both."""
    links, meta = told.get("links"), told.get("meta")
    url = told.get("next_page")
    if url is None and isinstance(links, dict) and isinstance(meta, dict) and meta.get("has_more"):
        url = links.get("next")
    if not isinstance(url, str):
        return None
    url = urljoin(root, url)
    return url if urlsplit(url).netloc == urlsplit(root).netloc else None


def read_json(path: Path) -> Any:
    """The JSON of a file. Raises SourceError."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}): check that it is there and yours"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON in UTF-8: export it again") from error
