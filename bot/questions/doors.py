"""The owner's questions over HTTP, for admins: golden ones, runs over them, and what a change of an article would do to them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from bot.house import House
from bot.questions.beir import BeirError, Written, read, written
from bot.questions.golden import MAX_TEXT, Runs, add, candidates, exported, listed, question_json
from bot.questions.impact import Impact
from bot.questions.trial import Bench
from escalation import audit
from help_center.articles import Article
from help_center.conversations import Conversation
from help_center.database import now
from help_center.golden import GoldenQuestion
from help_center.pages import ArticleId, Locale, no_article
from help_center.people import Viewer
from help_center.sources.base import Failure, article_from_record
from help_center.web import CleanText, Doorkeeper, Problem, problem_json
from retrieval.embedders.base import EmbedderError
from retrieval.rehearsal import Change
from retrieval.rerankers import RerankerError
from retrieval.stores.base import StoreError

LINES = "application/x-ndjson"
_CHANGED = {"title": "Return a parcel", "body": "## Within 14 days\n\nPrint the label."}


class Given(BaseModel):
    """`articles`: ids of those that answer it; none: the help center should not answer it."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[CleanText, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    articles: Annotated[list[ArticleId], Field(max_length=20)] = Field(default_factory=list)
    locale: Locale = None
    note: Annotated[CleanText, StringConstraints(max_length=2000)] = ""


class Said(BaseModel):
    role: Literal["customer", "assistant", "agent"]
    text: Annotated[CleanText, StringConstraints(max_length=8000)]


class NewGiven(Given):
    """`history`: what was said before, oldest first. `conversation_id`: where it was asked; with that it goes, too."""

    history: Annotated[list[Said], Field(max_length=20)] = Field(default_factory=list)
    conversation_id: str | None = None


class Imported(BaseModel):
    """The contents of `queries.jsonl` and `qrels.tsv`."""

    queries: Annotated[str, StringConstraints(max_length=3_000_000)]
    qrels: Annotated[str, StringConstraints(max_length=1_000_000)] = ""


def routes(house: House, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()
    database = house.database
    admin = Depends(doorkeeper.admin)
    bench = Bench(house)
    impact, runs = Impact(bench), Runs(bench)

    @router.get("/api/questions", dependencies=[admin])
    def list_questions() -> dict[str, Any]:
        """The golden questions, newest first, each with what came of it in the last run; and the last runs."""
        with database.read() as session:
            return listed(session)

    @router.post("/api/questions", status_code=201)
    def add_question(body: NewGiven, viewer: Viewer = admin) -> dict[str, Any]:
        """Adds a golden question. The same text in the same language again is a 409."""
        with database.write() as session:
            conversation = session.get(Conversation, body.conversation_id) if body.conversation_id else None
            history = tuple(said.model_dump() for said in body.history)
            given = Written("", body.text, tuple(body.articles), history, body.locale, body.note)
            row = add(session, given, conversation.id if conversation else None)
            if row is None:
                raise Problem(409, "this question is there already.")
            audit.record(session, viewer, "question.add", row.id)
            return question_json(session, row)

    @router.put("/api/questions/{id}")
    def change_question(id: str, body: Given, viewer: Viewer = admin) -> dict[str, Any]:
        with database.write() as session:
            row = known(session, id)
            row.text, row.articles, row.locale, row.note = (
                body.text.strip(),
                body.articles,
                body.locale,
                body.note,
            )
            row.updated_at = now()
            audit.record(session, viewer, "question.change", id)
            session.flush()
            return question_json(session, row)

    @router.delete("/api/questions/{id}", status_code=204)
    def delete_question(id: str, viewer: Viewer = admin) -> None:
        with database.write() as session:
            session.delete(known(session, id))
            audit.record(session, viewer, "question.delete", id)

    @router.get("/api/questions/candidates", dependencies=[admin])
    async def suggested() -> dict[str, Any]:
        """Questions of past conversations, and of agents' outcomes, that are not golden yet."""
        return await database.run(candidates, bench)

    @router.post("/api/questions/import")
    def import_questions(body: Imported, viewer: Viewer = admin) -> dict[str, int]:
        """Adds the questions of a BEIR set; those that are there already stay as they are."""
        try:
            given = read(body.queries, body.qrels)
        except BeirError as error:
            raise Problem(422, str(error)) from error
        with database.write() as session:
            added = sum(add(session, one) is not None for one in given)
            if added:
                audit.record(session, viewer, "question.import", added=added)
        return {"added": added, "unchanged": len(given) - added}

    @router.get("/api/questions/export", dependencies=[admin])
    def export_questions() -> Response:
        """A .zip with `queries.jsonl` and `qrels.tsv`, for `parley eval --data` and `parley calibrate --data`."""
        with database.read() as session:
            queries, qrels = written(exported(session))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("golden-questions/queries.jsonl", queries)
            archive.writestr("golden-questions/qrels.tsv", qrels)
        headers = {
            "Content-Disposition": 'attachment; filename="golden-questions.zip"',
            "Cache-Control": "no-store",
        }
        return Response(file.getvalue(), media_type="application/zip", headers=headers)

    @router.post("/api/questions/runs")
    async def run_questions(request: Request, viewer: Viewer = admin) -> Response:
        """Asks all golden questions now, and keeps what came of it. With `Accept: application/x-ndjson` lines of progress
        come first."""
        return await _told(runs.run(viewer), "run", request)

    def known(session: Session, id: str) -> GoldenQuestion:
        row = session.get(GoldenQuestion, id)
        if row is None:
            raise Problem(404, "there is no such question.")
        return row

    @router.post("/api/articles/{id:path}/impact", dependencies=[admin])
    async def impact_of(
        id: ArticleId,
        request: Request,
        changed: Annotated[dict[str, Any] | None, Body(examples=[_CHANGED])] = None,
    ) -> Response:
        """What a change of the article would win and lose, before it is published: fields of the article file (what is
        left out is as it is now; `status` as if published), or `{"delete": true}`. With `Accept: application/x-ndjson` lines
        of progress come first."""
        change = await house.database.run(_change, house, id, changed or {})
        return await _told(impact.of(change), "impact", request)

    return router


async def _told(steps: AsyncIterator[dict[str, Any]], result: str, request: Request) -> Response:
    """The result as one JSON document; as lines with the progress before it where these are asked for. Then a fault is a last
    line `{"error": ...}`: the status has gone out already."""
    if LINES in request.headers.get("accept", ""):
        return StreamingResponse(_lines(steps), media_type=LINES)
    told: dict[str, Any] = {}
    try:
        async for step in steps:
            told = step.get(result, told)
    except (StoreError, EmbedderError, RerankerError) as error:
        raise Problem(503, str(error)) from error
    return JSONResponse(told)


async def _lines(steps: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    try:
        async for step in steps:
            yield json.dumps(step, ensure_ascii=False) + "\n"
    except Problem as problem:
        yield json.dumps({"error": problem.json()}) + "\n"
    except (StoreError, EmbedderError, RerankerError) as error:
        yield json.dumps({"error": problem_json(503, str(error))}) + "\n"


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
