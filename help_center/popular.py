"""The articles that people look for: read and cited most in the last weeks, as far as a viewer may see them.

Counted once a minute; what a viewer may see is asked of the outline every time. Where nothing has been counted yet, the
first articles of the first sections stand in.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select

from help_center.database import Database, now
from help_center.figures import ArticleCitation, ArticleViews
from help_center.outline import Entry, Outline
from help_center.people import Viewer

DAYS = 30
SECONDS = 60.0  # how long a count serves
COUNTED = 500  # articles, at most


class Popular:
    """One for all threads."""

    def __init__(self, database: Database, outline: Outline) -> None:
        self._database = database
        self._outline = outline
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._counted: dict[str, int] = {}

    def find(self, viewer: Viewer, language: str, limit: int = 5) -> list[Entry]:
        """In `language` as far as there are any; else in all of them."""
        entries = self._outline.entries(viewer)
        spoken = [entry for entry in entries if entry.language == language] or list(entries)
        counts = self._counts()
        first = self._outline.contents(viewer).first(COUNTED)
        place = {entry.id: n for n, entry in enumerate(first)}
        spoken.sort(key=lambda entry: (-counts.get(entry.id, 0), place.get(entry.id, COUNTED)))
        return spoken[:limit]

    def _counts(self) -> dict[str, int]:
        with self._lock:
            if time.monotonic() - self._at < SECONDS:
                return self._counted
            since = now() - timedelta(days=DAYS)
            views = func.sum(ArticleViews.views)
            read = select(ArticleViews.article_id, views).where(ArticleViews.day > since.date())
            cited = select(ArticleCitation.article_id, func.count()).where(ArticleCitation.created_at > since)
            counted: Counter[str] = Counter()
            with self._database.read() as session:
                for query, by, order in (
                    (read, ArticleViews.article_id, views),
                    (cited, ArticleCitation.article_id, func.count()),
                ):
                    rows = session.execute(query.group_by(by).order_by(order.desc()).limit(COUNTED))
                    counted.update({article_id: int(count) for article_id, count in rows.all()})
            self._counted, self._at = dict(counted), time.monotonic()
            return self._counted
