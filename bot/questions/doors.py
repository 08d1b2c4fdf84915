"""The owner's questions over HTTP, for admins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.responses import StreamingResponse

from bot.house import House
from bot.questions.impact import Impact
from help_center.articles import Article
from help_center.pages import ArticleId, no_article
from help_center.sources.base import Failure, article_from_record
from help_center.web import Doorkeeper, Problem, problem_json
from retrieval.embedders.base import EmbedderError
from retrieval.rehearsal import Change
from retrieval.rerankers import RerankerError
from retrieval.stores.base import StoreError

LINES = "application/x-ndjson"
_CHANGED = {"title": "Return a parcel", "body": "## Within 14 days\n\nPrint the label."}


def routes(house: House, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()
    impact = Impact(house)

    @router.post("/api/articles/{id:path}/impact", dependencies=[Depends(doorkeeper.admin)])
    async def impact_of(
        id: ArticleId,
        request: Request,
        changed: Annotated[dict[str, Any] | None, Body(examples=[_CHANGED])] = None,
    ) -> Response:
        """What a change of the article would win and lose, before it is published: fields of the article file (what is
        left out is as it is now; `status` as if published), or `{"delete": true}`. With `Accept: application/x-ndjson` lines
        of progress come first."""
        change = await house.database.run(_change, house, id, changed or {})
        if LINES in request.headers.get("accept", ""):
            return StreamingResponse(_lines(impact.of(change)), media_type=LINES)
        told: dict[str, Any] = {}
        try:
            async for step in impact.of(change):
                told = step.get("impact", told)
        except (StoreError, EmbedderError, RerankerError) as error:
            raise Problem(503, str(error)) from error
        return Response(json.dumps(told, ensure_ascii=False), media_type="application/json")

    return router


def _change(house: House, id: str, changed: dict[str, Any]) -> Change:
    with house.database.read() as session:
        article = session.get(Article, id)
    if changed.get("delete"):
        if article is None:
            raise no_article()
        return Change(id, None)
    now: dict[str, Any] = {}
    if article is not None:
        now = {
            name: getattr(article, name)
            for name in ("title", "body", "section", "labels", "audience", "locale", "updated_at")
        }
        now["updated_at"] = article.updated_at.isoformat()
    given = article_from_record({**now, "status": "published", **changed, "id": id}, id)
    if isinstance(given, Failure):
        raise Problem(422, given.reason)
    return Change(id, given)


async def _lines(steps: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """A fault is a last line `{"error": ...}`: the status has gone out already."""
    try:
        async for step in steps:
            yield json.dumps(step, ensure_ascii=False) + "\n"
    except (StoreError, EmbedderError, RerankerError) as error:
        yield json.dumps({"error": problem_json(503, str(error))}) + "\n"
