"""Sections: in which order they stand, and how they are renamed and moved.

A section is a list of names, the outermost first; it is there because articles say so, or because it was given a place.
Knows articles and places, not pages: `outline` draws the tree. What changes an article's section goes through
`articles.store`, so that it is a version and the index sees it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import Text, cast, delete, select
from sqlalchemy.orm import Session

from help_center.article_tables import ArticleDraft, SectionPlace
from help_center.articles import CHANGED, Article, as_given, store
from help_center.people import Viewer

Path = tuple[str, ...]


class SectionError(Exception):
    """A section that cannot be changed so. One line that says what to do."""


def key_of(path: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(path), ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def places(session: Session) -> dict[Path, int | None]:
    """The sections that have a place, or were made before they had articles."""
    return {tuple(one.names): one.position for one in session.scalars(select(SectionPlace))}


def arrange(session: Session, parent: Path, names: Sequence[str]) -> None:
    """The sections inside of `parent`, in this order; those that are not named come after them, by name."""
    wanted = list(dict.fromkeys(names))
    for one in session.scalars(select(SectionPlace)):
        if tuple(one.names[:-1]) == parent and one.names[-1] not in wanted:
            one.position = None
    for position, name in enumerate(wanted):
        _put(session, (*parent, name), position)
    redraw(session)


def arrange_articles(session: Session, path: Path, ids: Sequence[str]) -> None:
    """The articles of one section, in this order; those that are not named come after them, by title."""
    order = {id: position for position, id in enumerate(dict.fromkeys(ids))}
    for article in _articles_in(session, path):
        if tuple(article.section) == path:
            article.position = order.get(article.id)
    redraw(session)


def make(session: Session, path: Path) -> None:
    """A section that has no articles yet. Raises SectionError."""
    _checked(path)
    if path in all_of(session):
        raise SectionError(f"there is a section {path[-1]!r} here already: use another name.")
    _put(session, path, None)
    redraw(session)


def move(session: Session, path: Path, to: Path, by: Viewer) -> list[str]:
    """Renames a section, or moves it with everything inside of it; the ids of the articles that changed.

    Where there is one of that name already, they become one. Raises SectionError."""
    _checked(to)
    if path not in all_of(session):
        raise SectionError("there is no such section any more: load the page again.")
    if to == path:
        return []
    if to[: len(path)] == path:
        raise SectionError("a section cannot be moved into itself: choose another place.")
    changed = []
    for article in _articles_in(session, path):
        given = as_given(article, section=(*to, *article.section[len(path) :]))
        if store(session, given, article.source, by=by, why="section") == "updated":
            changed.append(article.id)
    for draft in session.scalars(select(ArticleDraft)):
        section = draft.fields.get("section") or []
        if tuple(section[: len(path)]) == path:
            draft.fields = {**draft.fields, "section": [*to, *section[len(path) :]]}
            draft.revision += 1
    for place in list(session.scalars(select(SectionPlace))):
        if tuple(place.names[: len(path)]) == path:
            target, position = (*to, *place.names[len(path) :]), place.position
            session.delete(place)
            session.flush()
            if session.get(SectionPlace, key_of(target)) is None:
                _put(session, target, position)
    if not changed:
        known = session.get(SectionPlace, key_of(to))
        if known is None:
            _put(session, to, None)
    redraw(session)
    return changed


def remove(session: Session, path: Path) -> None:
    """Takes an empty section away. Raises SectionError where articles are in it."""
    if any(True for _ in _articles_in(session, path)):
        raise SectionError("there are articles in it: move them to another section first.")
    for place in list(session.scalars(select(SectionPlace))):
        if tuple(place.names[: len(path)]) == path:
            session.execute(delete(SectionPlace).where(SectionPlace.key == place.key))
    redraw(session)


def all_of(session: Session) -> set[Path]:
    """Every section, those above another one too."""
    # PostgreSQL tells no two JSON values apart, but their texts
    named = session.scalars(select(cast(Article.section, Text)).distinct())
    used = {tuple(section[: n + 1]) for section in map(json.loads, named) for n in range(len(section))}
    return used | {path[: n + 1] for path in places(session) for n in range(len(path))}


def _articles_in(session: Session, path: Path) -> list[Article]:
    """The articles of a section and of all sections inside of it."""
    within = [Article.section[n].as_string() == name for n, name in enumerate(path)]
    query = select(Article).where(*within).order_by(Article.id)
    return [one for one in session.scalars(query) if tuple(one.section[: len(path)]) == path]


def _put(session: Session, path: Path, position: int | None) -> None:
    session.merge(SectionPlace(key=key_of(path), names=list(path), position=position))
    session.flush()


def redraw(session: Session) -> None:
    """Outlines are drawn anew."""
    session.info[CHANGED] = True


def _checked(path: Path) -> None:
    if not path or any(not name.strip() for name in path):
        raise SectionError("give the section a name.")
    if len(path) > 50 or any(len(name) > 200 for name in path):
        raise SectionError("a name may have 200 characters, and sections lie at most 50 deep in each other.")
