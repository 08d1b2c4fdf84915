"""Labelled questions from agents' outcomes: what `parley calibrate` fits the confidence to.

    the bot was right   the article that the bot had found first answers the question
    wrong article       the article that the agent named does; without a name nothing is known, and the row is left out
    no article          the help center does not answer it

Other outcomes say nothing of articles. Knows handoffs, not how a confidence is fitted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center.articles import Article
from help_center.conversations import Handoff, messages_of
from help_center.masking import NOT_FOR_AGENTS, hide

RIGHT, WRONG, NONE = "the bot was right", "wrong article", "no article"
HISTORY = 10  # messages before the question that are kept with it


@dataclass(frozen=True)
class LabelledQuestion:
    """One question as a customer asked it. `article_id` None: the help center does not answer it."""

    id: str
    text: str
    article_id: str | None
    history: tuple[dict[str, str], ...] = ()  # {"role", "text"}, oldest first


@dataclass
class Labelled:
    """`left_out`: reason -> how many outcomes could not be used."""

    questions: list[LabelledQuestion] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def labelled(session: Session, since: datetime | None = None) -> Labelled:
    """The questions of all resolved handoffs whose outcome speaks of articles, oldest first.

    Card numbers and such are cut short as agents see them; names and addresses are not looked for: treat the result as
    personal data.
    """
    query = select(Handoff).where(Handoff.status == "resolved", Handoff.outcome.in_((RIGHT, WRONG, NONE)))
    if since is not None:
        query = query.where(Handoff.ended_at >= since)
    result = Labelled()
    known: dict[str, bool] = {}
    for handoff in session.scalars(query.order_by(Handoff.created_at, Handoff.id)):
        article_id = _article(handoff)
        question = hide(handoff.question, NOT_FOR_AGENTS).strip()
        if not question:
            result.left_out["nothing was asked"] += 1
        elif handoff.outcome == RIGHT and article_id is None:
            result.left_out["the bot was right, and had found no article"] += 1
        elif handoff.outcome == WRONG and article_id is None:
            result.left_out["wrong article, and nobody named the right one"] += 1
        elif article_id is not None and not _published(session, article_id, known):
            result.left_out["its article is not published any more"] += 1
        else:
            history = _before(session, handoff, question)
            result.questions.append(LabelledQuestion(handoff.id, question, article_id, history))
    return result


def _article(handoff: Handoff) -> str | None:
    if handoff.outcome == RIGHT:
        tried: list[dict[str, Any]] = handoff.sources_tried
        return str(tried[0]["article_id"]) if tried else None
    return handoff.outcome_article_id if handoff.outcome == WRONG else None


def _published(session: Session, article_id: str, known: dict[str, bool]) -> bool:
    if article_id not in known:
        status = session.scalar(select(Article.status).where(Article.id == article_id))
        known[article_id] = status == "published"
    return known[article_id]


def _before(session: Session, handoff: Handoff, question: str) -> tuple[dict[str, str], ...]:
    """What was said before the question, by customer and bot; without it where the question's message is not found."""
    before: list[dict[str, str]] = []
    for message in messages_of(session, handoff.conversation_id):
        if message.role not in {"customer", "assistant"}:
            continue
        text = hide(message.text, NOT_FOR_AGENTS)
        if message.role == "customer" and text.strip() and text.strip()[:600] == question[:600]:
            return tuple(before[-HISTORY:])
        before.append({"role": message.role, "text": text})
    return ()
