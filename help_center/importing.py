"""Brings a source's articles into the database. Knows sources and articles, not search."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy.exc import IntegrityError

from help_center import articles
from help_center.database import Database
from help_center.markup import clean_markdown
from help_center.sources import open_source
from help_center.sources.base import Failure, SourceArticle, SourceError, passing_over

BATCH = 50


@dataclass
class ImportReport:
    """What happened to the articles of some sources. `failed`: one line each."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    kept: int = 0  # taken over at the desk: what the source says of them is passed over
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
        brought = _Brought(database, source.name)
        found = iter(source.read())
        try:
            while batch := brought.read(found):
                good = [one for one in batch if not isinstance(one, Failure)]
                bad = [one for one in batch if isinstance(one, Failure)]
                failures += len(bad)
                report.failed += [{"where": one.where, "reason": one.reason} for one in bad]
                seen.update(one.id for one in good)
                fresh = [one for one in good if not one.unchanged]
                report.unchanged += len(good) - len(fresh)
                for one, (outcome, digest) in zip(fresh, _stored(database, fresh, source.name), strict=True):
                    setattr(report, outcome, getattr(report, outcome) + 1)
                    brought.note(one, digest)
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
        brought.keep()
    return report


class _Brought:
    """Which records a source brought earlier and what became of them: what is the same and still there is passed over.

    Kept as {article id: [digest of the record, content hash of the article]}, when the source has been read to its end.
    """

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._key = f"brought:{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        self._kept = database.fact(self._key) or {}
        with database.read() as session:
            there = articles.hashes_of_source(session, source)
        self._known = {id: told for id, told in self._kept.items() if there.get(id) == told[1]}

    def read(self, found: Iterator[SourceArticle | Failure]) -> list[SourceArticle | Failure]:
        """The next of what a source gives."""
        with passing_over(lambda id, digest: self._known.get(id, [""])[0] == digest):
            return list(islice(found, BATCH))

    def note(self, stored: SourceArticle, content_hash: str) -> None:
        self._known[stored.id] = [stored.digest, content_hash]

    def keep(self) -> None:
        if self._known != self._kept:
            self._database.keep_fact(self._key, self._known)


def _stored(
    database: Database, batch: list[SourceArticle], source: str, attempts: int = 3
) -> list[tuple[str, str]]:
    """What became of each article of a batch, and its content hash."""
    bodies = [clean_markdown(one.body) for one in batch]  # before the write: nobody waits for it
    try:
        with database.write() as session:
            return [
                (
                    articles.store(session, one, source, body=body),
                    session.get_one(articles.Article, one.id).content_hash,
                )
                for one, body in zip(batch, bodies, strict=True)
            ]
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
