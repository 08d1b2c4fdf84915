"""What is kept beside the articles: earlier versions, unpublished changes, old addresses, appointments, the sections' order.

Knows rows; what they mean is the business of `articles`, `drafts`, `redirects` and `sections`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from help_center.database import Base, now


class ArticleVersion(Base):
    """A state that an article was in before. The state that it is in stands in the article itself; no key leads there,
    so that the past of a deleted article stays and its id goes on counting."""

    __tablename__ = "article_versions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(String(300))
    number: Mapped[int]
    at: Mapped[datetime]  # when it became the state, not when it ceased to be
    by_id: Mapped[str | None] = mapped_column(String(64))
    by: Mapped[str | None] = mapped_column(String(320))
    why: Mapped[str] = mapped_column(String(20))
    fields: Mapped[dict[str, Any]]  # as `articles.fields_of` gives them


class ArticleDraft(Base):
    """Changes of an article that nobody has published yet; one for all who write on it."""

    __tablename__ = "article_drafts"
    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    fields: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)  # counts up with every change that is kept
    based_on: Mapped[int]  # the version that it was begun on
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[str | None] = mapped_column(String(64))
    by: Mapped[str | None] = mapped_column(String(320))


class ArticleRedirect(Base):
    """An old address of an article. It leads to the article and not to an address: so there are no chains, and no circles."""

    __tablename__ = "article_redirects"
    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    by: Mapped[str | None] = mapped_column(String(320))


class ArticleAppointment(Base):
    """To be published, or taken offline, at a time. `done_at` is set in the transaction of the deed: it happens once."""

    __tablename__ = "article_appointments"
    __table_args__ = (Index("ix_article_appointments_due", "done_at", "at"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    deed: Mapped[str] = mapped_column(String(20))  # publish, unpublish
    at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))  # as it was set, to be shown so again
    by_id: Mapped[str | None] = mapped_column(String(64))
    by: Mapped[str | None] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None]
    indexed_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(Text)  # why it could not be done; then `done_at` is set, too


class SectionPlace(Base):
    """A section that has a place among its siblings, or that stands there before it has articles."""

    __tablename__ = "section_places"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # a hash of `names`
    names: Mapped[list[Any]]  # the outermost first
    position: Mapped[int | None]


class TranslationMark(Base):
    """With which version of its original a translation was last said to agree."""

    __tablename__ = "translation_marks"
    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    original_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    by: Mapped[str | None] = mapped_column(String(320))
