"""Asks the database's own full-text index for documents: FTS5 on SQLite, GIN on PostgreSQL. The newest first.

Knows terms and numbers of documents, and not what either stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, cast, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from escalation.terms import Question
from help_center.conversations import Handoff
from help_center.document_tables import HandoffDocument

TOP = 2**63 - 1


def numbers_of(
    session: Session,
    question: Question,
    before: int | None,
    limit: int,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> list[int]:
    """Numbers of at most `limit` documents that have every term and come before that number, the highest first.

    `conditions` on the handoff: only with a term that few have, each of these is looked at.
    """
    if session.get_bind().dialect.name == "sqlite":
        return _sqlite(session, question, TOP if before is None else before, limit, conditions)
    return _postgres(session, question, TOP if before is None else before, limit, conditions)


# SQLite: the index walks the documents from the newest on and stops when there are enough


def _sqlite(
    session: Session, question: Question, before: int, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> list[int]:
    words = [f'"{term}"' for term in question.terms]
    if question.prefix:
        words.append(f'"{question.prefix}"*')
    given: dict[str, Any] = {"words": " AND ".join(words), "before": before, "limit": limit}
    match = "SELECT rowid FROM handoff_terms WHERE handoff_terms MATCH :words AND rowid < :before"
    if not conditions:
        return list(session.scalars(text(f"{match} ORDER BY rowid DESC LIMIT :limit"), given))
    number = HandoffDocument.number
    found = number.in_(text(match))  # type: ignore[arg-type]
    query = select(number).join(Handoff).where(found, *conditions).order_by(number.desc()).limit(limit)
    return list(session.scalars(query, given))


# PostgreSQL


def _postgres(
    session: Session, question: Question, before: int, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> list[int]:
    number = HandoffDocument.number
    words = [f"'{term}'" for term in question.terms]
    if question.prefix:
        words.append(f"'{question.prefix}':*")
    matches = HandoffDocument.terms.op("@@")(cast(bindparam("words"), TSQUERY))
    query = select(number).where(number < before, matches)
    if conditions:
        query = query.join(Handoff).where(*conditions)
    return list(session.scalars(query.order_by(number.desc()).limit(limit), {"words": " & ".join(words)}))
