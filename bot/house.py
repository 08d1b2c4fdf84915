"""Opens the parts that every command needs, once: database, store, embedder, search, indexer, turn.

Knows the settings and which class stands for which; has no HTTP and no command line.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import func, select

from bot import precedents
from bot.assess import KEPT_AS, Calibration, default_calibration
from bot.dial import Dial
from bot.links import OwnHosts
from bot.llm import LanguageModel, open_model
from bot.moods import Feelings
from bot.precedents import Precedents
from bot.turn import Parts
from escalation import documents
from help_center.database import Database
from help_center.index_tables import PassageRow
from help_center.kept import Kept, keep
from help_center.settings import Settings
from help_center.site import Site, open_site
from retrieval.embedders import Embedder, open_embedder
from retrieval.indexing import Indexer, space_of
from retrieval.rerankers import Reranker, open_reranker
from retrieval.search import Search
from retrieval.stores import open_store
from retrieval.stores.base import VectorStore

log = logging.getLogger(__name__)
SECONDS = 10.0  # how long it is believed that a fit's articles are there


@dataclass
class House:
    """The parts of one process. Each is made when it is first asked for."""

    settings: Settings
    model: LanguageModel | None = None  # given by tests and embedding programs; else the settings say

    @cached_property
    def database(self) -> Database:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(self.settings.sqlalchemy_url)
        database.migrate(self.settings.data_dir)
        documents.keep_in_step(database)
        return database

    @cached_property
    def embedder(self) -> Embedder:
        return open_embedder(self.settings.embedding_model)

    @cached_property
    def reranker(self) -> Reranker | None:
        return open_reranker(self.settings.reranker)

    @cached_property
    def store(self) -> VectorStore:
        return open_store(self.settings.data_dir / "chroma", self.settings.chroma_url)

    @cached_property
    def indexer(self) -> Indexer:
        return Indexer(self.database, self.store, self.embedder)

    @cached_property
    def search(self) -> Search:
        snapshots = self.settings.data_dir / "lexical"
        return Search(self.database, self.store, self.embedder, snapshots, self.reranker)

    @cached_property
    def llm(self) -> LanguageModel | None:
        return self.model or open_model(self.settings.llm)

    @cached_property
    def secret_key(self) -> str:
        if self.settings.secret_key:
            return self.settings.secret_key
        fact = self.database.fact("secret_key", lambda: {"key": secrets.token_urlsafe(48)})
        assert fact is not None
        return str(fact["key"])

    @cached_property
    def site(self) -> Kept[Site]:
        return open_site(self.database)

    @cached_property
    def dial(self) -> Dial:
        return Dial(self.database, self.settings.max_wrong)

    @cached_property
    def calibrations(self) -> Calibrations:
        return Calibrations(self.database)

    @property
    def fingerprint(self) -> str:
        """What a calibration depends on: model, chunking and tokens (the space), the reranker and the answerer."""
        parts = [space_of(self.embedder), self.llm.name if self.llm else "extractive"]
        return "|".join([*parts, *([self.reranker.fingerprint] if self.reranker else [])])

    @cached_property
    def parts(self) -> Parts:
        return Parts(
            self.search,
            Feelings.load(),
            self.llm,
            self.calibrations,
            OwnHosts(self.database, self.site),
            self.dial,
        )

    def close(self) -> None:
        if "database" in self.__dict__:
            self.database.close()


class Calibrations:
    """The calibration in force: the one kept for this installation while the articles that it was fitted on are there (the
    demo's: and no others), else the shipped default. Its precedents are large, and read only when it has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._default = default_calibration()
        self._told = False
        self._fixed: Calibration | None = None
        self._kept = Kept(database, KEPT_AS, self._read)
        # when it was looked whether the articles are there, for which calibration, and that they are gone
        self._looked: tuple[float, Calibration | None, bool] = (0.0, None, True)

    def use(self, calibration: Calibration | None) -> None:
        """From now on this calibration (None: the default), whatever the database keeps: for evals apart."""
        self._fixed = calibration or self._default

    def keep(self, calibration: Calibration | None) -> None:
        """For this installation; None: the default is in force again."""
        with self._database.write() as session:
            heard = calibration.precedents if calibration else None
            keep(session, precedents.KEPT_AS, heard.json() if heard else None)
            keep(session, KEPT_AS, calibration.json() if calibration else None)

    def __call__(self) -> Calibration:
        if self._fixed is not None:
            return self._fixed
        kept = self._kept()
        return self._default if self._suspended(kept) else kept

    @property
    def outlived(self) -> bool:
        """Whether there is a fit of this installation's owner whose articles are gone, most of them: it is not in force."""
        kept = self._kept()
        return not kept.demo and self._suspended(kept)

    def _suspended(self, kept: Calibration) -> bool:
        at, looked_at, gone = self._looked
        if looked_at is not kept or time.monotonic() - at > SECONDS:
            gone = self._gone(kept)
            self._looked = (time.monotonic(), kept, gone)
        return gone

    def _gone(self, kept: Calibration) -> bool:
        heard = kept.precedents
        if heard is None or not heard.sample:
            return False
        if kept.demo and self._passages(heard) > len(heard.passages):
            return True
        mine = select(PassageRow.id).where(PassageRow.space == heard.space)
        with self._database.read() as session:
            left = len(session.scalars(mine.where(PassageRow.id.in_(heard.sample))).all())
            return left < len(heard.sample) / 2 and session.scalar(mine.limit(1)) is not None

    @property
    def outgrown(self) -> bool:
        """Whether most of what is searched now came after the fit in force."""
        heard = self().precedents
        return heard is not None and self._passages(heard) > 2 * len(heard.passages)

    def _passages(self, heard: Precedents) -> int:
        mine = select(func.count()).select_from(PassageRow).where(PassageRow.space == heard.space)
        with self._database.read() as session:
            return session.scalar(mine) or 0

    def _read(self, kept: dict[str, Any] | None) -> Calibration:
        """The kept one, unless it was fitted on signals that an older version had."""
        if not kept:
            return self._default
        try:
            heard = self._database.fact(precedents.KEPT_AS)
            return Calibration.read(kept, is_default=False, kept=heard)
        except (ValueError, KeyError, TypeError):
            if not self._told:
                log.warning(
                    "the kept calibration is of an older version: the default serves until `parley calibrate` has run again"
                )
            self._told = True
            return self._default
