"""Golden questions: what the owner wants answered, and by which article. And the runs over them.

Knows how they are kept; asking and judging them is the business of `bot.questions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from help_center.database import Base, now

RUNS_KEPT = 60


class GoldenQuestion(Base):
    """`articles`: ids of those that answer it; empty: the help center should not answer it."""

    __tablename__ = "golden_questions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    articles: Mapped[list[Any]]
    locale: Mapped[str | None] = mapped_column(String(35))
    note: Mapped[str] = mapped_column(Text, default="")
    history: Mapped[list[Any]]  # {"role", "text"}, oldest first: what was said before it
    # a customer's words go with their conversation when that is erased
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class GoldenRun(Base):
    """All of them asked at one moment. `outcomes`: question id -> {action, right, confidence, article_id}."""

    __tablename__ = "golden_runs"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    by: Mapped[str] = mapped_column(String(320))
    max_wrong: Mapped[float]
    asked: Mapped[int]
    right: Mapped[int]
    answered: Mapped[int]
    wrong: Mapped[int]  # of the answered ones
    outcomes: Mapped[dict[str, Any]]
