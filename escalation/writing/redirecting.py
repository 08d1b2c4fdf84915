"""Redirects: old addresses and the articles that they lead to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from escalation.audit import record
from escalation.writing.base import Desk
from help_center import redirects
from help_center.pages import ArticleId
from help_center.people import Viewer
from help_center.web import CleanText, Problem


class Redirect(BaseModel):
    address: Annotated[CleanText, Field(max_length=2000)]
    article_id: ArticleId


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/api/writing/redirects", dependencies=[Depends(desk.doorkeeper.lead)])
    def all_redirects() -> dict[str, Any]:
        """Every old address and the article that it leads to, the newest first."""
        with desk.database.read() as session:
            return {"items": redirects.all_of(session), "next": None}

    @router.post("/api/writing/redirects", status_code=201)
    def add(body: Redirect, viewer: Viewer = Depends(desk.doorkeeper.admin)) -> dict[str, Any]:
        """Leads readers from an address below /help/articles/ to an article. An address that has one is led anew."""
        with desk.change() as session:
            made = redirects.add(session, body.address, body.article_id, viewer)
            record(session, viewer, "redirect.add", made.slug, article_id=made.article_id)
            return next(one for one in redirects.all_of(session, made.article_id) if one["slug"] == made.slug)

    @router.delete("/api/writing/redirect/{slug}", status_code=204)
    def remove(slug: CleanText, viewer: Viewer = Depends(desk.doorkeeper.admin)) -> None:
        with desk.change() as session:
            if not redirects.remove(session, slug):
                raise Problem(404, "there is no such redirect.")
            record(session, viewer, "redirect.delete", slug)

    return router
