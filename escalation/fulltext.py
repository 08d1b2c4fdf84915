"""Asks the database's own full-text index for documents: FTS5 on SQLite, GIN on PostgreSQL. The newest first.

Knows terms and numbers of documents, and not what either stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, cast, func, select, text
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
    found = number.in_(text(match))
    query = select(number).join(Handoff).where(found, *conditions).order_by(number.desc()).limit(limit)
    return list(session.scalars(query, given))


# PostgreSQL: GIN knows no order, so what many documents have is found by reading the newest of them, and what few have
# in the index. Left alone, the planner takes words for independent and reads a whole table for two common ones that never
# meet.

NEWEST = 10_000  # documents that are read before the index is asked
SAMPLE = 1_000  # of these, to see how common the beginning of a word is
COMMON = 0.1  # of the sample
SHORT = 2  # characters of a beginning that so many words may have that the index takes long to gather them
FOR_THE_INDEX = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), set_config('work_mem', '32MB', true)"
)


def _postgres(
    session: Session, question: Question, before: int, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> list[int]:
    words = [_has(f"'{term}'") for term in question.terms]
    beginning = [_has(f"'{question.prefix}':*")] if question.prefix else []
    if not conditions:
        newest = _newest(before, NEWEST)
        query = select(newest.c.number).where(*_all(newest.c.terms, [*words, *beginning]))
        found = list(session.scalars(query.order_by(newest.c.number.desc()).limit(limit)))
        if len(found) == limit:
            return found
    session.execute(FOR_THE_INDEX)
    terms, number = HandoffDocument.terms, HandoffDocument.number
    indexed = [*_all(terms, words), *_all(terms, beginning)]
    if words and _is_common(session, question.prefix, before):
        out_of_its_sight = [match.is_(True) for match in _all(terms, beginning)]
        indexed = [*_all(terms, words), *out_of_its_sight]
    query = select(number).where(number < before, *indexed)
    if conditions:
        query = query.join(Handoff).where(*conditions)
    rows = query.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return list(session.scalars(select(rows.c.number).order_by(rows.c.number.desc()).limit(limit)))


def _is_common(session: Session, prefix: str | None, before: int) -> bool:
    if prefix is None or len(prefix) > SHORT:
        return False
    newest = _newest(before, SAMPLE)
    matches = _all(newest.c.terms, [_has(f"'{prefix}':*")])
    count = session.scalar(select(func.count()).select_from(newest).where(*matches)) or 0
    return count > COMMON * SAMPLE


def _newest(before: int, count: int) -> Any:
    query = select(HandoffDocument.number, HandoffDocument.terms).where(HandoffDocument.number < before)
    return query.order_by(HandoffDocument.number.desc()).limit(count).subquery("newest")


def _has(query: str) -> ColumnElement[Any]:
    return cast(query, TSQUERY)


def _all(terms: Any, queries: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """One condition for each: the index goes through them faster than through one query that joins them."""
    return [terms.op("@@")(query) for query in queries]
