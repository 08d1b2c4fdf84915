"""Indexes articles apart from the installation: a house of its own in a temporary folder."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from bot.house import House
from bot.progress import Progress
from help_center import articles
from help_center.settings import Settings
from help_center.sources.base import SourceArticle


@contextmanager
def house_apart(
    settings: Settings, corpus: Iterable[SourceArticle], keep: Path | None = None
) -> Iterator[House]:
    """A house with its own SQLite file and embedded store, model and dial as in `settings`; gone at the end.

    `keep`: a folder that stays instead, so that the next run of the same experiment finds its index.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="parley-eval-"))
    apart = settings.model_copy(
        update={"data_dir": folder, "database_url": None, "chroma_url": None, "redis_url": None}
    )
    house = House(apart)
    try:
        one_by_one = iter(corpus)
        while batch := list(islice(one_by_one, 100)):
            with house.database.write() as session:
                for article in batch:
                    articles.store(session, article, "eval")
        with Progress("indexing apart", "passages", grows=True) as progress:
            house.indexer.sync(progress)
        yield house
    finally:
        house.close()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def half_out(article_id: str) -> bool:
    """Which half of the gold articles is taken out for the unanswerable questions: those of even SHA-1."""
    return _even(article_id)


def fitted_on(query_id: str) -> bool:
    """Which half of our own questions the shipped calibration is fitted on; `parley eval` judges with the other."""
    return _even(query_id)


def _even(text: str) -> bool:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()[-1] % 2 == 0
