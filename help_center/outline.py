"""The table of contents: which articles there are for whom, by title and by section, held in memory.

Knows titles, not texts. What is held is compared with the database at every use by a stamp, so that the change
of any process is seen by the next request; `articles.visible` says what a viewer's outline holds.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from help_center import sections
from help_center.articles import Article, audiences_of, change_stamp, visible
from help_center.database import Database
from help_center.markup import slugify
from help_center.people import Viewer
from help_center.sources.base import primary_language

_digits = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Entry:
    """One article, as far as a list needs it."""

    id: str
    slug: str
    title: str
    section: tuple[str, ...]
    locale: str
    group: str = ""  # the same for all translations of one article
    updated_at: datetime | None = None
    position: int | None = None  # within its section
    labels: tuple[str, ...] = ()  # words of the owner's own that find it

    @property
    def url(self) -> str:
        return f"/help/articles/{self.slug}"

    @property
    def language(self) -> str:
        return primary_language(self.locale)


@dataclass
class Section:
    """A section with its own articles, and the sections inside of it. The outermost one has no name."""

    name: str
    path: str  # for addresses: slugs, the outermost first
    articles: list[Entry] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    size: int = 0  # articles in it and in all sections inside of it

    @property
    def url(self) -> str:
        return f"/help/sections/{self.path}"

    def first(self, count: int) -> list[Entry]:
        """Its first articles, its own before those of the sections inside of it."""
        found = self.articles[:count]
        for section in self.sections:
            if len(found) >= count:
                break
            found = found + section.first(count - len(found))
        return found

    def trail_to(self, path: str) -> list[Section] | None:
        """The sections from the outermost named one to that of `path`; None where there is none."""
        for section in self.sections:
            if section.path == path:
                return [section]
            if path.startswith(section.path + "/"):
                inside = section.trail_to(path)
                return None if inside is None else [section, *inside]
        return None

    def trail_of(self, names: tuple[str, ...]) -> list[Section]:
        """The sections of these names, from the outermost on, as far as there are any."""
        trail: list[Section] = []
        here = self
        for name in names:
            inside = next((section for section in here.sections if section.name == name), None)
            if inside is None:
                break
            trail.append(inside)
            here = inside
        return trail

    def of(self, fits: Callable[[Entry], bool]) -> Section:
        """A copy with the articles that fit, without the sections that hold none of them. Addresses stay as they are."""
        articles = [entry for entry in self.articles if fits(entry)]
        inside = [section for section in (one.of(fits) for one in self.sections) if section.size]
        size = len(articles) + sum(section.size for section in inside)
        return Section(self.name, self.path, articles, inside, size)


class _Held:
    """What was read for a stamp, and what has been made of it."""

    def __init__(self, stamp: object, entries: tuple[Entry, ...], tree: Section) -> None:
        self.stamp = stamp
        self.entries = entries
        self.tree = tree
        self.by_id = {entry.id: entry for entry in entries}
        spoken = Counter(entry.language for entry in entries)
        self.languages = tuple(language for language, _ in spoken.most_common())
        self.by_group: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=lambda entry: entry.locale):
            self.by_group.setdefault(entry.group, []).append(entry)
        self._made: dict[tuple[str, ...], Section] = {}

    def in_language(self, language: str) -> Section:
        if self.languages == (language,):
            return self.tree
        return self._part((language,), lambda entry: entry.language == language)

    def untranslated(self, language: str, instead: str) -> Section:
        there = {entry.group for entry in self.entries if entry.language == language}
        return self._part(
            (language, instead), lambda entry: entry.language == instead and entry.group not in there
        )

    def _part(self, name: tuple[str, ...], fits: Callable[[Entry], bool]) -> Section:
        part = self._made.get(name)
        if part is None:
            part = self._made[name] = self.tree.of(fits)
        return part


class Outline:
    """One for all threads. `entries` gives the same tuple again as long as nothing has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[tuple[str, ...], _Held] = {}
        self._reading = threading.Lock()

    def entries(self, viewer: Viewer) -> tuple[Entry, ...]:
        """What the viewer may see, by title as people sort titles."""
        return self._current(viewer).entries

    def contents(self, viewer: Viewer, language: str | None = None) -> Section:
        """The same as a tree; of one language where one is given. A section has the same address in each."""
        held = self._current(viewer)
        return held.tree if language is None else held.in_language(language)

    def languages(self, viewer: Viewer) -> tuple[str, ...]:
        """Those that there are articles in, without their regions, the most spoken first."""
        return self._current(viewer).languages

    def translations(self, viewer: Viewer, group: str) -> list[Entry]:
        """Of one article, each that the viewer may see, by their languages."""
        return self._current(viewer).by_group.get(group, [])

    def untranslated(self, viewer: Viewer, language: str, instead: str) -> Section:
        """What there is in the language `instead` and not in `language`, as a tree."""
        return self._current(viewer).untranslated(language, instead)

    def entry(self, viewer: Viewer, id: str) -> Entry | None:
        return self._current(viewer).by_id.get(id)

    def _current(self, viewer: Viewer) -> _Held:
        audiences = audiences_of(viewer)
        with self._database.read() as session:
            stamp = change_stamp(session)
        held = self._held.get(audiences)
        if held is None or held.stamp != stamp:
            with self._reading:
                held = self._held.get(audiences)
                if held is None or held.stamp != stamp:
                    held = self._held[audiences] = self._read(viewer)
        return held

    def _read(self, viewer: Viewer) -> _Held:
        columns = (
            Article.id, Article.slug, Article.title, Article.section, Article.locale,
            func.coalesce(Article.translation_group, Article.id), Article.updated_at, Article.position,
            Article.labels,
        )  # fmt: skip
        with self._database.read() as session:
            stamp = change_stamp(session)  # read first: what changes meanwhile is seen by the next request
            rows = session.execute(select(*columns).where(visible(viewer))).all()
            places = sections.places(session)
        found = (
            Entry(id, slug, title, tuple(section), locale, group, updated_at, position, tuple(labels))
            for id, slug, title, section, locale, group, updated_at, position, labels in rows
        )
        entries = tuple(sorted(found, key=lambda entry: (natural(entry.title), entry.id)))
        return _Held(stamp, entries, tree_of(entries, places))


def tree_of(entries: Iterable[Entry], places: Mapping[tuple[str, ...], int | None] | None = None) -> Section:
    """The sections by their places, then by their names; each with its articles by position, then in the order given."""
    root = Section("", "")
    by_names: dict[tuple[str, ...], Section] = {(): root}
    for entry in entries:
        root.size += 1
        for depth in range(len(entry.section)):
            names = entry.section[: depth + 1]
            section = by_names.get(names)
            if section is None:
                section = by_names[names] = Section(names[-1], "")
                by_names[names[:-1]].sections.append(section)
            section.size += 1
        by_names[entry.section].articles.append(entry)
    _order(root, (), places or {})
    return root


def _order(parent: Section, names: tuple[str, ...], places: Mapping[tuple[str, ...], int | None]) -> None:
    def rank(section: Section) -> tuple[Any, ...]:
        place = places.get((*names, section.name))
        return place is None, place or 0, natural(section.name), section.name

    parent.sections.sort(key=rank)
    parent.articles.sort(key=lambda entry: (entry.position is None, entry.position or 0))
    taken: set[str] = set()
    for section in sorted(parent.sections, key=lambda one: (natural(one.name), one.name)):
        # by name, so that no address changes with the order
        slug = base = slugify(section.name)
        number = 1
        while slug in taken:  # "C" and "C++"
            number += 1
            slug = f"{base}-{number}"
        taken.add(slug)
        section.path = f"{parent.path}/{slug}" if parent.path else slug
        _order(section, (*names, section.name), places)


def natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts "Step 2" before "Step 10"."""
    parts = _digits.split(text.casefold())
    return tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part)
