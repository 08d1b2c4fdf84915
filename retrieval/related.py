"""Which articles are about the same as one: the nearest by meaning, of those that the viewer may see.

The vectors are the index's: nothing is embedded. What is near is found once for each state of the index, and read through
`visible` for every viewer anew.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence

from sqlalchemy import select

from help_center.articles import Article, audiences_of, visible
from help_center.database import Database
from help_center.index_tables import PassageRow
from help_center.people import Viewer
from retrieval.embedders.base import EmbedderError
from retrieval.search import Search
from retrieval.stores.base import StoreError

log = logging.getLogger(__name__)
MOST = 8  # articles that are told
PASSAGES = 8  # of an article, from its beginning: what it is about
DEPTH = 40  # passages taken from each shelf
LEAST = 0.35  # cosine: farther articles have nothing to do with each other
HELD = 5_000  # articles whose neighbours are kept


class Related:
    """One for all threads."""

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search
        self._held: OrderedDict[tuple[str, str, tuple[str, ...]], tuple[int, tuple[str, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, article: Article, viewer: Viewer) -> Sequence[str]:
        """Ids, the nearest first; nothing while search does not answer."""
        key = (article.id, article.content_hash, audiences_of(viewer))
        try:
            lexicon = self._search.lexicon()
            with self._lock:
                held = self._held.get(key)
            if held is None or held[0] != lexicon.generation:
                found = tuple(self._nearest(article, key[2]))
                with self._lock:
                    self._held[key] = held = (lexicon.generation, found)
                    self._held.move_to_end(key)
                    while len(self._held) > HELD:
                        self._held.popitem(last=False)
        except (StoreError, EmbedderError) as error:
            log.warning("no related articles: %s", error)
            return ()
        if not held[1]:
            return ()
        with self._database.read() as session:
            seen = set(session.scalars(select(Article.id).where(Article.id.in_(held[1]), visible(viewer))))
        return [id for id in held[1] if id in seen]

    def _nearest(self, article: Article, audiences: tuple[str, ...]) -> list[str]:
        """Of its language, without its translations."""
        with self._database.read() as session:
            mine = select(PassageRow.id).where(
                PassageRow.space == self._search.space, PassageRow.article_id == article.id
            )
            passages = list(session.scalars(mine.order_by(PassageRow.ordinal).limit(PASSAGES)))
        vector = self._search.meaning_of(passages)
        if vector is None:
            return []
        best: dict[str, float] = {}
        for other, cosine in self._search.near(vector, audiences, article.language, DEPTH):
            if other != article.id and cosine >= LEAST:
                best[other] = max(best.get(other, 0.0), cosine)
        return sorted(best, key=lambda id: (-best[id], id))[:MOST]
