"""Articles of an Intercom export: what `GET /articles` of its API answers, saved; `collections` beside them give the sections.

Field names: the Articles reference at developers.intercom.com.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from help_center.sources.base import (
    Failure,
    SeenIds,
    SourceArticle,
    SourceError,
    article_from_record,
    normal_locale,
)


class IntercomExport:
    def __init__(self, path: Path, rows: list[Any], collections: list[Any]) -> None:
        self.name = str(path.resolve())
        self._path, self._rows = path, rows
        self._collections = {
            str(one["id"]): one for one in collections if isinstance(one, dict) and one.get("id") is not None
        }

    @classmethod
    def of(cls, path: Path, told: object) -> IntercomExport | None:
        """The export, when this is what the file holds: a list of articles, or an answer of the API with `data`."""
        collections: object = None
        rows: object = told
        if isinstance(told, dict):
            rows, collections = told.get("data"), told.get("collections")
        if not isinstance(rows, list) or not any(
            isinstance(row, dict) and row.get("type") == "article" for row in rows
        ):
            return None
        return cls(path, rows, collections if isinstance(collections, list) else [])

    def read(self) -> Iterator[SourceArticle | Failure]:
        seen = SeenIds()
        good = 0
        for number, row in enumerate(self._rows, 1):
            if not isinstance(row, dict):
                yield Failure(f"article {number}", "it is not a JSON object")
                continue
            for record in self._records(row):
                where = f"article {record['id']}"
                found = seen.judge(article_from_record(record, where), where)
                good += isinstance(found, SourceArticle)
                yield found
        if not good:
            raise SourceError(f"{self._path} has no article that can be read: export it again")

    def _records(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The article, and each of its translations."""
        default = row.get("default_locale") or "en"
        yield self._record(row, row, row.get("id"), default)
        translated = row.get("translated_content")
        for locale, content in translated.items() if isinstance(translated, dict) else ():
            own = isinstance(content, dict) and bool(content.get("title"))
            if own and normal_locale(locale) and normal_locale(locale) != normal_locale(str(default)):
                record = self._record(row, content, f"{row.get('id')}-{locale}", locale)
                yield record | {"translation_of": str(row.get("id"))}

    def _record(
        self, row: Mapping[str, Any], content: Mapping[str, Any], id: object, locale: object
    ) -> dict[str, Any]:
        return {
            "id": id,
            "title": content.get("title"),
            "html": content.get("body") or content.get("description") or "",
            "url": content.get("url"),
            "locale": locale,
            "section": self._path_to(row),
            "status": "published" if content.get("state", row.get("state")) == "published" else "draft",
            "updated_at": _moment(content.get("updated_at") or row.get("updated_at")),
        }

    def _path_to(self, row: Mapping[str, Any]) -> list[str]:
        path: list[str] = []
        above = row.get("parent_id")
        seen: set[str] = set()
        while above is not None and str(above) in self._collections and str(above) not in seen:
            seen.add(str(above))
            one = self._collections[str(above)]
            path.insert(0, str(one.get("name") or ""))
            above = one.get("parent_id")
        return [name for name in path if name.strip()]


def _moment(told: object) -> object:
    """Intercom tells seconds since 1970."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return told
    try:
        return datetime.fromtimestamp(told, UTC)
    except (ValueError, OverflowError, OSError):
        return None
