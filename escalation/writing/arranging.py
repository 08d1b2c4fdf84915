"""Sections: seen whole with their counts, arranged, renamed, moved, made and taken away."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Text, cast, func, select

from escalation.audit import record
from escalation.writing.base import Desk
from help_center import sections
from help_center.articles import Article
from help_center.outline import natural
from help_center.people import Viewer
from help_center.web import CleanText

Name = Annotated[CleanText, Field(max_length=200)]
Path = Annotated[list[Name], Field(max_length=50)]


class Order(BaseModel):
    parent: Path = []
    names: Annotated[list[Name], Field(max_length=5000)]


class ArticleOrder(BaseModel):
    section: Path
    ids: Annotated[list[Annotated[CleanText, Field(max_length=300)]], Field(max_length=5000)]


class Made(BaseModel):
    section: Path


class Moved(BaseModel):
    section: Path
    to: Path


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    database, doorkeeper = desk.database, desk.doorkeeper

    @router.get("/api/writing/sections", dependencies=[Depends(doorkeeper.lead)])
    def tree() -> dict[str, Any]:
        """All sections as they stand, each with its own articles counted (`articles`) and those inside of it (`size`)."""
        counted = select(cast(Article.section, Text), func.count()).group_by(cast(Article.section, Text))
        with database.read() as session:
            counts = {tuple(json.loads(path)): count for path, count in session.execute(counted)}
            places = sections.places(session)
            paths = sections.all_of(session)
        return {"sections": _inside((), paths, places, counts), "without": counts.get((), 0)}

    @router.get("/api/writing/sections/articles", dependencies=[Depends(doorkeeper.lead)])
    def articles(section: Annotated[list[CleanText] | None, Query()] = None) -> dict[str, Any]:
        """The articles of one section itself, in their order."""
        path = section or []
        within = [Article.section[n].as_string() == name for n, name in enumerate(path)]
        columns = (
            Article.id,
            Article.title,
            Article.status,
            Article.locale,
            Article.position,
            Article.section,
        )
        with database.read() as session:
            rows = session.execute(select(*columns).where(*within)).all()
        own = [row for row in rows if list(row.section) == path]
        own.sort(key=lambda row: (row.position is None, row.position or 0, natural(row.title), row.id))
        items = [
            {"id": row.id, "title": row.title, "status": row.status, "locale": row.locale} for row in own
        ]
        return {"items": items, "next": None}

    @router.put("/api/writing/sections/order", status_code=204)
    def arrange(body: Order, viewer: Viewer = Depends(doorkeeper.admin)) -> None:
        """The sections inside of `parent` in this order, for readers at once."""
        with desk.change() as session:
            sections.arrange(session, tuple(body.parent), body.names)
            record(session, viewer, "section.change", " › ".join(body.parent) or None, order=body.names[:50])

    @router.put("/api/writing/sections/articles", status_code=204)
    def arrange_articles(body: ArticleOrder, viewer: Viewer = Depends(doorkeeper.admin)) -> None:
        """The articles of a section in this order, for readers at once."""
        with desk.change() as session:
            sections.arrange_articles(session, tuple(body.section), body.ids)
            record(session, viewer, "section.change", " › ".join(body.section), articles=len(body.ids))

    @router.post("/api/writing/sections", status_code=201)
    def make(body: Made, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """A section that articles can be put into."""
        with desk.change() as session:
            sections.make(session, tuple(body.section))
            record(session, viewer, "section.change", " › ".join(body.section), made=True)
        return {"section": body.section}

    @router.post("/api/writing/sections/move")
    def move(body: Moved, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        """Renames a section, or moves it with everything inside of it. Its articles change with it, each a new version."""
        with desk.change() as session:
            changed = sections.move(session, tuple(body.section), tuple(body.to), viewer)
            record(
                session, viewer, "section.change", " › ".join(body.section), to=body.to, articles=len(changed)
            )
        desk.index(changed)
        return {"section": body.to, "articles": len(changed)}

    @router.delete("/api/writing/sections", status_code=204)
    def remove(
        section: Annotated[list[CleanText], Query()], viewer: Viewer = Depends(doorkeeper.admin)
    ) -> None:
        """Takes an empty section away."""
        with desk.change() as session:
            sections.remove(session, tuple(section))
            record(session, viewer, "section.change", " › ".join(section), removed=True)

    return router


def _inside(
    parent: sections.Path,
    paths: set[sections.Path],
    places: dict[sections.Path, int | None],
    counts: dict[sections.Path, int],
) -> list[dict[str, Any]]:
    here = [path for path in paths if path[:-1] == parent]
    here.sort(key=lambda path: (places.get(path) is None, places.get(path) or 0, natural(path[-1]), path))
    found = []
    for path in here:
        inside = _inside(path, paths, places, counts)
        own = counts.get(path, 0)
        size = own + sum(one["size"] for one in inside)
        found.append(
            {"name": path[-1], "path": list(path), "articles": own, "size": size, "sections": inside}
        )
    return found
