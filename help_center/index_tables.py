"""What the search index keeps in the database: its passages, and which article it has seen in which state.

Knows rows only; `retrieval` fills and reads them. A `space` is one way of embedding and chunking (its
fingerprint): indexes of two spaces stand side by side and never mix.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from help_center.database import Base


class IndexGeneration(Base):
    """Counts the changes of a space: a reader whose number is smaller is behind."""

    __tablename__ = "index_generations"
    space: Mapped[str] = mapped_column(String(64), primary_key=True)
    generation: Mapped[int] = mapped_column(default=0)


class IndexedArticle(Base):
    """The state in which an article was indexed last; `content_hash` is empty once it has been taken out."""

    __tablename__ = "indexed_articles"
    __table_args__ = (Index("ix_indexed_articles_generation", "space", "generation"),)
    space: Mapped[str] = mapped_column(String(64), primary_key=True)
    article_id: Mapped[str] = mapped_column(String(300), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    generation: Mapped[int]


class PassageRow(Base):
    __tablename__ = "passages"
    __table_args__ = (Index("ix_passages_article", "space", "article_id"),)
    space: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # hash of what it holds and where it stands
    article_id: Mapped[str] = mapped_column(String(300))
    ordinal: Mapped[int]
    headings: Mapped[list[Any]]  # from the outermost to its own
    text: Mapped[str] = mapped_column(Text)
    # [start, end, headings] of each in the text, where it holds several
    sections: Mapped[list[Any] | None] = mapped_column(JSON)
    audience: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(10))
    parts: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # vectors of its sentences, as `retrieval.closeness` packs them
