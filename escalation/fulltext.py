"""Asks the database's own full-text index for documents: FTS5 on SQLite, GIN on PostgreSQL. The newest first.

Knows terms and numbers of documents, and not what either stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from escalation.terms import Question
from help_center.conversations import Handoff
from help_center.document_tables import HandoffDocument

TOP = 2**63 - 1
Matches = Sequence[ColumnElement[Any]]  # queries of which a document must match every one


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


# SQLite: the index walks the documents from the newest on and stops when there are enough. Of the beginning of a word it
# knows three characters; for a longer one it would first gather all documents with such a word. So the newest candidates
# are looked at, and only where many of them have the three characters and few the whole of it, the index gathers few.

INDEXED = 3  # characters of a beginning, as in the index's `prefix`
LOOKED_AT = (200, 2_000)  # candidates


def _sqlite(
    session: Session, question: Question, before: int, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> list[int]:
    prefix = question.prefix or ""
    rest = prefix if len(prefix) > INDEXED else None
    near = {"words": _match(question.terms, prefix[:INDEXED]), "before": before}
    if conditions:
        number, begun = HandoffDocument.number, [BEGUN] if rest else []
        query = select(number).join(Handoff).where(number.in_(text(MATCHES)), *begun, *conditions)
        return list(session.scalars(query.order_by(number.desc()).limit(limit), near | {"rest": f" {rest}"}))
    if rest is None:
        return list(session.scalars(NEWEST_MATCHES, near | {"limit": limit}))
    for count in LOOKED_AT:
        candidates = session.execute(CANDIDATES, near | {"limit": count, "rest": f" {rest}"}).all()
        found = [number for number, begun in candidates if begun][:limit]
        if len(found) == limit or len(candidates) < count:
            return found
    whole = {"words": _match(question.terms, prefix), "before": before, "limit": limit}
    return list(session.scalars(NEWEST_MATCHES, whole))


MATCHES = "SELECT rowid FROM handoff_terms WHERE handoff_terms MATCH :words AND rowid < :before"
NEWEST_MATCHES = text(f"{MATCHES} ORDER BY rowid DESC LIMIT :limit")
BEGUN: ColumnElement[bool] = text("instr(' ' || handoff_documents.terms, :rest) > 0")  # type: ignore[assignment]
CANDIDATES = text(
    f"SELECT handoff_documents.number, {BEGUN} FROM ({MATCHES} ORDER BY rowid DESC LIMIT :limit) AS newest"
    " JOIN handoff_documents ON handoff_documents.number = newest.rowid ORDER BY 1 DESC"
)


def _match(terms: Sequence[str], prefix: str) -> str:
    return " AND ".join([*(f'"{term}"' for term in terms), *([f'"{prefix}"*'] if prefix else [])])


# PostgreSQL: GIN knows no order, so what many documents have is found by reading the newest of them, and what few have
# in the index. Left alone, the planner takes words for independent and reads a whole table for two common ones that never
# meet.

NEWEST = 10_000  # documents that are read before the index is asked
SAMPLE = 1_000  # of these, to see how common the beginning of a word is
COMMON = 0.1  # of the sample
FEW = 0.01
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
    if words and beginning and _rather_read(session, words, beginning, before):
        out_of_its_sight = [match.is_(True) for match in _all(terms, beginning)]
        indexed = [*_all(terms, words), *out_of_its_sight]
    query = select(number).where(number < before, *indexed)
    if conditions:
        query = query.join(Handoff).where(*conditions)
    rows = query.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return list(session.scalars(select(rows.c.number).order_by(rows.c.number.desc()).limit(limit)))


def _rather_read(session: Session, words: Matches, beginning: Matches, before: int) -> bool:
    """Whether to read what has the words rather than gather in the index, out of many, what has such a beginning."""
    newest = _newest(before, SAMPLE)
    with_words, begun = (
        func.count().filter(and_(*_all(newest.c.terms, matches))) for matches in (words, beginning)
    )
    row = session.execute(select(with_words, begun).select_from(newest)).one()
    return bool(row[1] > COMMON * SAMPLE and row[0] < FEW * SAMPLE)


def _newest(before: int, count: int) -> Any:
    query = select(HandoffDocument.number, HandoffDocument.terms).where(HandoffDocument.number < before)
    return query.order_by(HandoffDocument.number.desc()).limit(count).subquery("newest")


def _has(query: str) -> ColumnElement[Any]:
    return cast(query, TSQUERY)


def _all(terms: Any, queries: Matches) -> list[ColumnElement[bool]]:
    """One condition for each: the index goes through them faster than through one query that joins them."""
    return [terms.op("@@")(query) for query in queries]
