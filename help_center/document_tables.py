"""What the search over handoffs keeps: one document of terms for each, numbered in the order of time.

Knows rows and the engine's own index over them; `escalation` fills and reads them. On SQLite the terms are words separated
by spaces under an FTS5 index that triggers keep in step; on PostgreSQL a tsvector without positions under a GIN index.
"""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, Integer, Text, event, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from help_center.database import Base


class HandoffDocument(Base):
    """`terms` None: not read yet, a job comes by. The newest handoff has the highest `number`."""

    __tablename__ = "handoff_documents"
    __table_args__ = (
        Index(
            "ix_handoff_documents_unread",
            "number",
            sqlite_where=text("terms IS NULL"),
            postgresql_where=text("terms IS NULL"),
        ),
        Index("ix_handoff_documents_terms", "terms", postgresql_using="gin").ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},
    )
    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), unique=True)
    terms: Mapped[str | None] = mapped_column(Text().with_variant(TSVECTOR, "postgresql"))


SQLITE_INDEX = (
    """CREATE VIRTUAL TABLE handoff_terms USING fts5(
        terms, content='handoff_documents', content_rowid='number', tokenize="ascii tokenchars '-._@+/=%~'",
        detail=none, columnsize=0, prefix='1 2 3')""",
    """CREATE TRIGGER handoff_documents_added AFTER INSERT ON handoff_documents WHEN new.terms IS NOT NULL BEGIN
        INSERT INTO handoff_terms(rowid, terms) VALUES (new.number, new.terms); END""",
    """CREATE TRIGGER handoff_documents_gone AFTER DELETE ON handoff_documents WHEN old.terms IS NOT NULL BEGIN
        INSERT INTO handoff_terms(handoff_terms, rowid, terms) VALUES ('delete', old.number, old.terms); END""",
    """CREATE TRIGGER handoff_documents_changed AFTER UPDATE OF terms ON handoff_documents BEGIN
        INSERT INTO handoff_terms(handoff_terms, rowid, terms) SELECT 'delete', old.number, old.terms WHERE old.terms IS NOT NULL;
        INSERT INTO handoff_terms(rowid, terms) SELECT new.number, new.terms WHERE new.terms IS NOT NULL; END""",
)
for statement in SQLITE_INDEX:
    made = DDL(statement.replace("%", "%%")).execute_if(dialect="sqlite")
    event.listen(HandoffDocument.__table__, "after_create", made)
