"""Brings a source's articles into the database. Knows sources and articles, not search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy.exc import IntegrityError

from help_center import articles
from help_center.database import Database
from help_center.sources import open_source
from help_center.sources.base import Failure, SourceArticle, SourceError

BATCH = 50


@dataclass
class ImportReport:
    """What happened to the articles of some sources. `failed`: one line each."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    not_pruned: list[str] = field(default_factory=list)


def bring_in(
    database: Database, specs: list[str], *, prune: bool, progress: Callable[[int], None] | None = None
) -> ImportReport:
    """Reads every source and stores its articles, in small transactions: what is stored stays.

    With `prune`, articles that the same source brought earlier and has no longer are removed, unless it is empty or
    something of it failed. Raises SourceError, before anything is stored, when a source cannot be opened, and when
    the only one has no article that can be read; one of several is reported as failed, and the others go on.
    """
    sources = [open_source(spec) for spec in specs]
    report = ImportReport()
    done = 0
    for spec, source in zip(specs, sources, strict=True):
        seen: set[str] = set()
        failures = 0
        found = iter(source.read())
        try:
            while batch := list(islice(found, BATCH)):
                good = [one for one in batch if not isinstance(one, Failure)]
                bad = [one for one in batch if isinstance(one, Failure)]
                failures += len(bad)
                report.failed += [{"where": one.where, "reason": one.reason} for one in bad]
                seen.update(one.id for one in good)
                for outcome in _stored(database, good, source.name):
                    setattr(report, outcome, getattr(report, outcome) + 1)
                done += len(batch)
                if progress:
                    progress(done)
        except SourceError as error:
            if len(sources) == 1:
                raise
            failures += 1
            report.failed.append({"where": spec, "reason": str(error)})
        if prune:
            _prune(database, source.name, seen, failures, report)
    return report


def _stored(database: Database, batch: list[SourceArticle], source: str, attempts: int = 3) -> list[str]:
    """What became of each article of a batch."""
    try:
        with database.write() as session:
            return [articles.store(session, one, source) for one in batch]
    except IntegrityError:  # another command brought the same id or title in at the same moment
        if attempts == 1:
            raise
        return _stored(database, batch, source, attempts - 1)


def _prune(database: Database, source: str, seen: set[str], failures: int, report: ImportReport) -> None:
    if not seen or failures:
        why = "it is empty" if not seen else f"{failures} of its articles could not be read"
        report.not_pruned.append(f"nothing of {source} was removed, because {why}")
        return
    with database.write() as session:
        for id in sorted(articles.ids_of_source(session, source) - seen):
            report.removed += articles.remove(session, id)
