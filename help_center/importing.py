"""Brings a source's articles into the database. Knows sources and articles, not search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from help_center import articles
from help_center.database import Database
from help_center.sources import open_source
from help_center.sources.base import Failure

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
    something of it failed. Raises SourceError, before anything is stored, when a source cannot be opened.
    """
    sources = [open_source(spec) for spec in specs]
    report = ImportReport()
    done = 0
    for source in sources:
        seen: set[str] = set()
        failures = 0
        found = iter(source.read())
        while batch := list(islice(found, BATCH)):
            with database.write() as session:
                for one in batch:
                    if isinstance(one, Failure):
                        failures += 1
                        report.failed.append({"where": one.where, "reason": one.reason})
                        continue
                    seen.add(one.id)
                    outcome = articles.store(session, one, source.name)
                    setattr(report, outcome, getattr(report, outcome) + 1)
            done += len(batch)
            if progress:
                progress(done)
        if prune:
            _prune(database, source.name, seen, failures, report)
    return report


def _prune(database: Database, source: str, seen: set[str], failures: int, report: ImportReport) -> None:
    if not seen or failures:
        why = "it is empty" if not seen else f"{failures} of its articles could not be read"
        report.not_pruned.append(f"nothing of {source} was removed, because {why}")
        return
    with database.write() as session:
        for id in sorted(articles.ids_of_source(session, source) - seen):
            report.removed += articles.remove(session, id)


