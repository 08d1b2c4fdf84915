"""What becomes of an article: how often it was read, whether it helped and why not, in how many answers it was cited.

Views are counted without cookies and without anything of the reader: in memory, written down every few seconds. Knows
articles and the messages that cite them; who may read the figures is the business of `article_door`.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Index, Integer, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.articles import REASONS, ArticleFeedback
from help_center.conversations import Conversation, Message, listeners
from help_center.database import Base, Database, iso, now, upsert

DAYS = 90  # what the figures cover where nothing else is asked for
COMMENTS = 20  # the latest that are shown


class ArticleViews(Base):
    """Views of one day (UTC). No foreign key: what is counted may have been deleted meanwhile."""

    __tablename__ = "article_views"
    article_id: Mapped[str] = mapped_column(String(300), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    views: Mapped[int]


class ArticleCitation(Base):
    """One answer that cited the article. Says nothing of the conversation: it outlives it."""

    __tablename__ = "article_citations"
    __table_args__ = (Index("ix_article_citations_article", "article_id", "created_at"),)
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True
    )  # SQLite counts up integers only
    article_id: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=now)


def heard(session: Session, _conversation: Conversation, event: str, said: Any) -> None:
    """Counts what an answer cites, in the transaction that saves the answer."""
    if event == "message" and isinstance(said, Message) and said.role == "assistant":
        cited = {str(source["article_id"]) for source in said.sources or () if source.get("article_id")}
        session.add_all(ArticleCitation(article_id=id) for id in sorted(cited))


listeners.append(heard)


class Views:
    """Counts views of articles. One per process; `keep` is a job of the clock, so that no reader waits for a writer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[tuple[str, date]] = Counter()
        self._lock = threading.Lock()

    def count(self, article_id: str) -> None:
        with self._lock:
            self._counted[article_id, datetime.now(UTC).date()] += 1

    def keep(self) -> None:
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with self._database.write() as session:
                for (article_id, day), views in sorted(counted.items()):
                    row = upsert(session, ArticleViews).values(article_id=article_id, day=day, views=views)
                    more = {"views": ArticleViews.views + row.excluded.views}
                    session.execute(
                        row.on_conflict_do_update(index_elements=["article_id", "day"], set_=more)
                    )
        except Exception:
            with self._lock:  # counted again at the next call
                self._counted.update(counted)
            raise


def figures_of(session: Session, article_id: str, days: int = DAYS) -> dict[str, Any]:
    """The figures of the last `days` days."""
    since = now() - timedelta(days=days)
    viewed = select(func.coalesce(func.sum(ArticleViews.views), 0)).where(
        ArticleViews.article_id == article_id, ArticleViews.day > since.date()
    )
    cited = select(func.count()).where(
        ArticleCitation.article_id == article_id, ArticleCitation.created_at > since
    )
    mine = (ArticleFeedback.article_id == article_id) & (ArticleFeedback.created_at > since)
    votes = session.execute(
        select(ArticleFeedback.helpful, ArticleFeedback.reason, func.count())
        .where(mine)
        .group_by(ArticleFeedback.helpful, ArticleFeedback.reason)
    ).all()
    said = session.scalars(
        select(ArticleFeedback)
        .where(mine, ArticleFeedback.comment.is_not(None))
        .order_by(ArticleFeedback.id.desc())
        .limit(COMMENTS)
    )
    return {
        "article_id": article_id,
        "days": days,
        "views": int(session.scalar(viewed) or 0),
        "helpful": sum(count for helpful, _, count in votes if helpful),
        "not_helpful": sum(count for helpful, _, count in votes if not helpful),
        "reasons": {name: sum(count for _, reason, count in votes if reason == name) for name in REASONS},
        "citations": session.scalar(cited) or 0,
        "comments": [
            {
                "helpful": vote.helpful,
                "reason": vote.reason,
                "comment": vote.comment,
                "created_at": iso(vote.created_at),
            }
            for vote in said
        ],
    }
