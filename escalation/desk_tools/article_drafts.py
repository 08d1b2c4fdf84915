"""“This should be an article”: a draft from a conversation. Nobody outside sees it before it is published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.audit import record
from escalation.changing import both_locked
from help_center.articles import Article, article_json, store
from help_center.conversations import messages_of
from help_center.database import Database
from help_center.drafts import BEGUN_IN_THE_INBOX, begun_for
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Viewer
from help_center.sources.base import SourceArticle
from help_center.web import CleanText, Doorkeeper


class Wanted(BaseModel):
    title: Annotated[CleanText, Field(max_length=300)] | None = None
    text: Annotated[CleanText, Field(max_length=50_000)] | None = None


def start(session: Session, handoff_id: str, agent: Viewer, title: str | None, text: str | None) -> Article:
    """The draft of this handoff; one is started, a second call finds it again and changes nothing.

    What the agents wrote is the text to begin with: the customer's own words name people and numbers.
    """
    conversation, handoff = both_locked(session, handoff_id)
    id = begun_for(handoff.id)
    known = session.get(Article, id)
    if known is not None:
        return known
    said = [message.text for message in messages_of(session, conversation.id) if message.role == "agent"]
    asked = " ".join(hide(handoff.question, NOT_FOR_AGENTS).split())
    given = SourceArticle(
        id=id,
        title=(title or "").strip() or asked[:120] or "Untitled",
        body=(text or "").strip() or "\n\n".join(said) or "(Nothing was written yet.)",
        locale=handoff.language or conversation.locale or "en",
        audience="agents",
        status="draft",
    )
    store(session, given, BEGUN_IN_THE_INBOX)
    record(session, agent, "article.draft", id, handoff_id=handoff.id)
    return session.get_one(Article, id)


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.post("/api/handoffs/{id}/article", status_code=201)
    def begin(
        id: CleanText, body: Wanted | None = None, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        body = body or Wanted()
        with database.write() as session:
            article = start(session, id, viewer, body.title, body.text)
            return {"article_id": article.id, "title": article.title, "status": article.status}

    @router.get("/api/article-drafts", dependencies=[Depends(doorkeeper.agent)])
    def all_drafts() -> dict[str, Any]:
        """What conversations have asked for and nobody has published yet, the newest first."""
        begun = (Article.source == BEGUN_IN_THE_INBOX) & (Article.status == "draft")
        query = select(Article).where(begun).order_by(Article.created_at.desc(), Article.id).limit(200)
        with database.read() as session:
            items = [
                article_json(article) | {"handoff_id": article.id.removeprefix("inbox/")}
                for article in session.scalars(query)
            ]
            return {"items": items, "next": None}

    return router
