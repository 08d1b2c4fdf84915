"""Broken links: of one article as it is written, and of all of them a page at a time; links to other sites when asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select

from escalation.writing.base import Desk, the_article
from escalation.writing.editing import Fields
from escalation.writing.outside import reached
from help_center import drafts
from help_center.articles import Article
from help_center.links import Text, faults, outward
from help_center.pages import ArticleId
from help_center.web import CleanText

AT_ONCE = 300  # articles that one request looks at
MOST_OUTSIDE = 50  # links to other sites that one request follows


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    lead = Depends(desk.doorkeeper.lead)

    @router.post("/api/writing/checks/{id:path}", dependencies=[lead])
    def check(id: ArticleId, body: Fields | None = None) -> dict[str, Any]:
        """What is wrong with the links and pictures of an article, with the fields given in place of the draft's."""
        with desk.database.read() as session:
            article = the_article(session, id)
            fields = drafts.current(session, article) | (body.given() if body else {})
            text = Text(id, fields["slug"], fields["body"], fields["audience"])
            found = faults(session, [text], desk.hosts)[id]
        return {"items": [one.json() for one in found], "outside": len(outward(text.body, desk.hosts))}

    @router.get("/api/writing/links", dependencies=[lead])
    def report(cursor: Annotated[CleanText, Query(max_length=300)] = "") -> dict[str, Any]:
        """The published articles with broken links, with what is wrong. A page looks at 300 articles and may be empty; go on
        with `next`, the id that it looked at last."""
        query = (
            select(Article.id, Article.slug, Article.body, Article.audience, Article.title)
            .where(Article.status == "published", Article.id > cursor)
            .order_by(Article.id)
            .limit(AT_ONCE)
        )
        with desk.database.read() as session:
            rows = session.execute(query).all()
            found = faults(session, [Text(*row[:4]) for row in rows], desk.hosts)
        items = [
            {
                "id": id,
                "title": title,
                "url": f"/help/articles/{slug}",
                "faults": [one.json() for one in found[id]],
            }
            for id, slug, _, _, title in rows
            if found[id]
        ]
        return {"items": items, "looked_at": len(rows), "next": rows[-1][0] if len(rows) == AT_ONCE else None}

    @router.post("/api/writing/outside/{id:path}", dependencies=[lead])
    def follow(id: ArticleId, body: Fields | None = None) -> dict[str, Any]:
        """Follows the links to other sites, 50 at most, and says which do not answer. Addresses of this machine and of private
        networks are never asked."""
        with desk.database.read() as session:
            article = the_article(session, id)
            fields = drafts.current(session, article) | (body.given() if body else {})
        links = outward(fields["body"], desk.hosts)
        told = reached([one.address for one in links[:MOST_OUTSIDE]])
        items = [
            {
                "kind": "external",
                "address": one.address,
                "text": one.text,
                "line": one.line,
                "detail": told[one.address],
            }
            for one in links[:MOST_OUTSIDE]
            if told[one.address]
        ]
        return {"items": items, "looked_at": len(told), "of": len(links)}

    return router
