"""Search over HTTP: results, suggestions, the search page; and the writing of articles, which ends in the index.

Knows requests; how articles are found is the business of `search`, who may see them of `help_center.articles`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from markupsafe import Markup
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from help_center import articles
from help_center.article_door import ArticleId, Locale, article_id, no_article
from help_center.articles import Article, article_json
from help_center.database import Database
from help_center.head import Head
from help_center.markup import clean_markdown
from help_center.outline import Outline
from help_center.pages import Reader
from help_center.people import Viewer
from help_center.reading import language_of
from help_center.sources.base import Failure, SourceArticle, article_from_record, normal_locale
from help_center.templating import Pages
from help_center.web import Doorkeeper, Problem, clean_text
from help_center.words import words_in
from retrieval.embedders.base import EmbedderError
from retrieval.excerpt import excerpt, marked
from retrieval.indexing import Indexer
from retrieval.passages import Hit
from retrieval.search import Found, Search
from retrieval.stores.base import StoreError
from retrieval.suggest import Suggestions
from retrieval.wording import Wording

TEMPLATES = Path(__file__).parent / "templates"
MAX_QUESTION = 1000  # characters
Record = Callable[[Session, Viewer, str, str], None]  # who, the deed, the article's id


def _question(text: str) -> str:
    text = clean_text(text).strip()
    if len(text) > MAX_QUESTION:
        raise PydanticCustomError("too_long", f"write at most {MAX_QUESTION} characters")
    return text


Question = Annotated[str, AfterValidator(_question)]

_FIELDS = {
    "title": "Return a parcel",
    "body": "## Within 30 days\n\nPrint the label.",
    "locale": "en",
    "section": ["Orders"],
    "labels": ["returns"],
    "audience": "public",
    "status": "published",
}


@dataclass(frozen=True)
class Result:
    """One line of the search page."""

    title: str
    url: str
    locale: str
    section: tuple[str, ...]
    heading: str | None
    excerpt: Markup


def routes(
    database: Database,
    search: Search,
    indexer: Indexer,
    suggestions: Suggestions,
    doorkeeper: Doorkeeper,
    pages: Pages,
    record: Record | None = None,
    *,
    outline: Outline | None = None,
    public_url: str | None = None,
) -> APIRouter:
    """`record` writes what admins change into the audit log, in the transaction of the change."""
    router = APIRouter()
    reader = Reader(outline or Outline(database), pages, public_url)

    @router.get("/api/search")
    def find(
        q: Annotated[Question, Query(description="in the customer's own words")],
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
        locale: Annotated[
            Locale, Query(description="articles of this language only, where there are any")
        ] = None,
        viewer: Viewer = Depends(doorkeeper.viewer),
    ) -> dict[str, Any]:
        """Articles for a question, best first, each once. Nothing asked, nothing found; nothing relevant, nothing either. `corrected` is given where typing
        errors were put right: the question that was searched for."""
        started = time.perf_counter()
        try:
            found = search.find(q, viewer=viewer, limit=limit, locale=locale, unfinished=True)
        except (StoreError, EmbedderError) as error:
            raise Problem(503, str(error)) from error
        results = [
            {
                "article_id": hit.article_id,
                "title": hit.title,
                "url": hit.url,
                "section": list(hit.section),
                "excerpt": _excerpt(hit, found.wording or q),
                "score": round(hit.score, 4),
            }
            for hit in (found.hits if found.relevant else ())
        ]
        took_ms = round(1000 * (time.perf_counter() - started), 1)
        read = found.wording.corrected if found.wording else None
        return {"query": q} | ({"corrected": read} if read else {}) | {"took_ms": took_ms, "results": results}

    @router.get("/api/suggest")
    def suggest(
        q: Annotated[Question, Query(description="what has been typed so far")],
        limit: Annotated[int, Query(ge=1, le=20)] = 8,
        locale: Annotated[Locale, Query(description="articles of this language come first")] = None,
        viewer: Viewer = Depends(doorkeeper.viewer),
    ) -> dict[str, Any]:
        """Titles that fit what has been typed so far, forgiving of typing errors."""
        found = suggestions.find(q, viewer, limit, language_of(locale))
        results = [
            {"article_id": entry.id, "title": entry.title, "url": entry.url, "locale": entry.locale}
            for entry in found
        ]
        return {"query": q, "results": results}

    @router.get("/help/search", include_in_schema=False)
    def search_page(
        request: Request, q: str = "", locale: str = "", viewer: Viewer = Depends(doorkeeper.viewer)
    ) -> Response:
        asked = clean_text(q).strip()
        question = asked[:MAX_QUESTION]
        language = reader.language(request, locale, viewer)
        found, down = Found(), False
        try:
            wanted = normal_locale(locale)
            found = search.find(question, viewer=viewer, limit=10, locale=wanted, unfinished=True)
            if wanted and not found.relevant:  # nothing in this language: perhaps in another
                found = search.find(question, viewer=viewer, limit=10, unfinished=True)
        except (StoreError, EmbedderError):
            down = True
        fits = found.relevant
        hits = _one_of_each(found.hits, reader.outline, viewer, language)
        corrected = found.wording.corrected if found.wording else None
        similar = [] if fits else suggestions.find(corrected or question, viewer, 5, language)
        named = {entry.url for entry in similar}
        words = words_in(language)
        title = f"{question} · {words.search}" if question else words.search
        return reader.answer(
            request,
            "search.html",
            viewer,
            language,
            head=Head(reader.base(request), "/help/search", title, indexed=False),
            switcher=reader.switcher(
                reader.offered(viewer),
                language,
                lambda one: "/help/search?" + urlencode({"q": question, "locale": one}),
            ),
            status=503 if down else 200,
            query=question,
            corrected=corrected,
            shortened=len(asked) > MAX_QUESTION,
            down=down,
            fits=fits,
            results=[
                _result(hit, found.wording or question)
                for hit in hits[: 10 if fits else 5]
                if hit.url not in named
            ],
            similar=similar,
        )

    @router.put("/api/articles/{id:path}", responses={201: {}})
    def write_article(
        id: ArticleId,
        fields: Annotated[dict[str, Any], Body(examples=[_FIELDS])],
        response: Response,
        viewer: Viewer = Depends(doorkeeper.admin),
    ) -> dict[str, Any]:
        """Writes an article (the fields of the article file); search and bot know it when the call returns."""
        given = _article(id, fields)
        created, written = _store(
            database, given, viewer, lambda session: log(session, viewer, "article.change", id)
        )
        try:
            indexer.sync(only=given.id)
        except (StoreError, EmbedderError) as error:
            behind = "the article is saved, but search does not know it yet; `parley index` brings the index up to date"
            raise Problem(503, f"{behind}. The reason: {error}") from error
        response.status_code = 201 if created else 200
        return written

    @router.delete("/api/articles/{id:path}", status_code=204)
    def delete_article(id: ArticleId, viewer: Viewer = Depends(doorkeeper.admin)) -> None:
        """Deletes an article; search and bot no longer know it when the call returns."""
        with database.write() as session:
            if not articles.remove(session, id):
                raise no_article()
            log(session, viewer, "article.delete", id)
        try:
            indexer.sync(only=id)
        except (StoreError, EmbedderError) as error:
            behind = "the article is deleted and shown nowhere any more; `parley index` also clears it from the index"
            raise Problem(503, f"{behind}. The reason: {error}") from error

    def log(session: Session, viewer: Viewer, action: str, id: str) -> None:
        if record is not None:
            record(session, viewer, action, id)

    return router


def _one_of_each(hits: list[Hit], outline: Outline, viewer: Viewer, language: str) -> list[Hit]:
    """Of the translations of one article that were found, the one in the page's language, else the best."""
    best: dict[str, Hit] = {}
    for hit in hits:
        entry = outline.entry(viewer, hit.article_id)
        group = entry.group if entry else hit.article_id
        kept = best.get(group)
        mine = hit.language == language
        if kept is None or (mine and kept.language != language):
            best[group] = hit
    return list(best.values())


def _article(id: str, fields: dict[str, Any]) -> SourceArticle:
    told = fields.get("id")
    if told is not None and article_id(str(told)) != id:
        raise Problem(422, "`id` differs from the id in the address: leave it out, or make them the same.")
    given = article_from_record({**fields, "id": id}, id)
    if isinstance(given, Failure):
        raise Problem(422, given.reason)
    return given


def _store(
    database: Database, given: SourceArticle, by: Viewer, log: Callable[[Session], None], attempts: int = 3
) -> tuple[bool, dict[str, Any]]:
    """Whether the article is new, and its JSON."""
    body = clean_markdown(given.body)
    try:
        with database.write() as session:
            created = (
                articles.store(session, given, articles.WRITTEN_HERE, by=by, why="api", body=body) == "added"
            )
            log(session)
            return created, article_json(session.get_one(Article, given.id))
    except IntegrityError:  # somebody wrote the same id or the same title at the same moment
        if attempts == 1:
            raise
        return _store(database, given, by, log, attempts - 1)


def _excerpt(hit: Hit, question: str | Wording) -> str:
    return excerpt(hit.passage.text, question, language=hit.language)


def _result(hit: Hit, question: str | Wording) -> Result:
    language = hit.language
    words = marked(_excerpt(hit, question), question, language)
    heading = hit.heading if hit.heading != hit.title else None
    return Result(hit.title, hit.url, hit.locale, hit.section, heading, words)
