"""Which handoffs a list shows, in which order, page by page, and the counts beside it. Made for a million of them.

Three ways, chosen by what is asked: open ones in the order of service, over an index of the open ones only; all or ended
ones by their time; whatever has words to look for, or a filter over all of them, from the documents, the newest first.
Knows requests of lists only; how the documents come about is the business of `documents`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, text
from sqlalchemy.orm import Session

from escalation import documents
from escalation.documents import facet
from escalation.fulltext import numbers_of
from escalation.policies import PriorityName
from escalation.targets import RANKS, service_order
from escalation.terms import Question, question
from help_center.conversations import NOT_ENDED, OPEN_HANDOFF, Handoff
from help_center.database import now
from help_center.desk import ConversationLabel, Mention
from help_center.document_tables import HandoffDocument
from help_center.people import Viewer
from help_center.web import Problem, clean_text

Status = Literal["waiting", "claimed", "open", "returned", "resolved"]
View = Literal["overdue", "snoozed", "mentions", "unassigned"]
IS_OPEN: ColumnElement[bool] = text(NOT_ENDED)  # type: ignore[assignment]  # word for word as in the partial indexes


@dataclass(frozen=True)
class Wanted:
    """A list as it is asked for. `assignee`: an agent's id or `none`; `mentioned`: the agent of view `mentions`."""

    status: Status | None = None
    assignee: str | None = None
    team: str | None = None
    label: str | None = None
    priority: PriorityName | None = None
    language: str | None = None
    view: View | None = None
    mentioned: str | None = None
    q: str = ""

    @property
    def of_open(self) -> bool:
        return self.status in (*OPEN_HANDOFF, "open") or self.view in ("overdue", "snoozed", "unassigned")

    @property
    def filters(self) -> bool:
        of_all = (self.assignee, self.team, self.label, self.priority, self.language)
        return any(of_all) or self.view == "mentions"


@dataclass(frozen=True)
class Page:
    handoffs: list[Handoff]
    next: str | None


def page(session: Session, wanted: Wanted, limit: int, cursor: str | None) -> Page:
    """One page, and the cursor of the next. Raises Problem for a cursor that is not of this list."""
    if wanted.q.strip() or (wanted.filters and not wanted.of_open):
        return _by_documents(session, wanted, limit, cursor)
    if wanted.of_open:
        return _cut(session, *_served(wanted, cursor), limit)
    return _cut(session, *_newest(wanted, cursor), limit)


def counts(session: Session, viewer: Viewer) -> dict[str, int]:
    """Of the whole queue, whatever a list is filtered by."""
    at = now()
    shown = _awake(at)
    of_open = {
        "waiting": and_(shown, Handoff.status == "waiting"),
        "mine": and_(shown, Handoff.status == "claimed", Handoff.assignee_id == viewer.agent_id),
        "overdue": and_(shown, _overdue(at)),
        "snoozed": Handoff.snoozed_until > at,
        "unassigned": and_(shown, Handoff.assignee_id.is_(None)),
        "open": shown,
    }
    sums = [func.coalesce(func.sum(case((true, 1), else_=0)), 0) for true in of_open.values()]
    row = session.execute(select(*sums).select_from(Handoff).where(IS_OPEN)).one()
    unseen = select(func.count(Mention.handoff_id.distinct())).where(
        Mention.agent_id == viewer.agent_id, Mention.seen_at.is_(None)
    )
    return dict(zip(of_open, map(int, row), strict=True)) | {"mentions": session.scalar(unseen) or 0}


# lists of open ones, in the order of service


def _served(wanted: Wanted, cursor: str | None) -> tuple[Select[Any], Callable[[Handoff], list[Any]]]:
    query = select(Handoff).where(IS_OPEN, *_conditions(wanted, now()))
    if wanted.status in OPEN_HANDOFF:
        (other,) = set(OPEN_HANDOFF) - {wanted.status}
        query = query.where(Handoff.status != other)  # keeps to the index of the open ones, which is in order
    elif wanted.status not in (None, "open"):
        query = query.where(Handoff.status == wanted.status)  # an ended one is in no such view
    # as expressions: an index over everything that a team or an agent ever had is the longer way
    if wanted.assignee:
        holder = "" if wanted.assignee == "none" else wanted.assignee
        query = query.where(func.coalesce(Handoff.assignee_id, "") == holder)
    if wanted.team:
        query = query.where(func.coalesce(Handoff.team_id, "") == wanted.team)
    if wanted.priority:
        query = query.where(Handoff.priority == wanted.priority)
    if wanted.language:
        query = query.where(func.lower(Handoff.language) == wanted.language.lower())
    if wanted.label:
        here = ConversationLabel.conversation_id == Handoff.conversation_id
        query = query.where(exists().where(here, ConversationLabel.label == wanted.label.lower()))
    if wanted.view == "mentions":
        named = and_(Mention.handoff_id == Handoff.id, Mention.agent_id == wanted.mentioned)
        query = query.where(exists().where(named))
    query = query.order_by(*service_order())
    if cursor:
        rank, created, id = _place(cursor, 3)
        same = or_(Handoff.created_at > created, and_(Handoff.created_at == created, Handoff.id > id))
        query = query.where(or_(Handoff.rank > rank, and_(Handoff.rank == rank, same)))
    return query, lambda row: [row.rank, row.created_at.isoformat(), row.id]


def _conditions(wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
    """What depends on the hour, of open ones. Put-away ones are in no list but their own and those of a search."""
    if wanted.view == "snoozed":
        return [Handoff.snoozed_until > at]
    told = [_overdue(at)] if wanted.view == "overdue" else []
    if wanted.view == "unassigned":
        told.append(Handoff.assignee_id.is_(None))
    return told if wanted.q.strip() else [*told, _awake(at)]


def _awake(at: datetime) -> ColumnElement[bool]:
    return or_(Handoff.snoozed_until.is_(None), Handoff.snoozed_until <= at)


def _overdue(at: datetime) -> ColumnElement[bool]:
    """As `targets.missed` says of a row."""
    return or_(and_(Handoff.first_reply_at.is_(None), Handoff.due_at < at), Handoff.resolve_due_at < at)


# lists by time


def _newest(wanted: Wanted, cursor: str | None) -> tuple[Select[Any], Callable[[Handoff], list[Any]]]:
    query = select(Handoff).order_by(Handoff.created_at.desc(), Handoff.id.desc())
    if wanted.status:
        query = query.where(Handoff.status == wanted.status)
    if cursor:
        created, id = _place(cursor, 2)
        same = and_(Handoff.created_at == created, Handoff.id < id)
        query = query.where(Handoff.created_at <= created, or_(Handoff.created_at < created, same))
    return query, lambda row: [row.created_at.isoformat(), row.id]


def _cut(session: Session, query: Select[Any], key_of: Callable[[Handoff], list[Any]], limit: int) -> Page:
    rows = list(session.scalars(query.limit(limit + 1)))
    return Page(rows[:limit], _cursor(key_of(rows[limit - 1])) if len(rows) > limit else None)


# lists by what the documents say, the newest first


def _by_documents(session: Session, wanted: Wanted, limit: int, cursor: str | None) -> Page:
    asked = question(wanted.q)
    if wanted.q.strip() and not asked:
        return Page([], None)  # only marks, and no document has those
    asked = Question((*_facets(wanted), *asked.terms), asked.prefix)
    before = _number(cursor) if cursor else None
    conditions = _conditions(wanted, now()) if wanted.of_open else []
    numbers = numbers_of(session, asked, before, limit + 1, conditions)
    here = select(HandoffDocument.number, Handoff).join(Handoff, Handoff.id == HandoffDocument.handoff_id)
    rows = session.execute(
        here.where(HandoffDocument.number.in_(numbers[:limit])).order_by(HandoffDocument.number.desc())
    ).all()
    return Page([row[1] for row in rows], _cursor([numbers[limit - 1]]) if len(numbers) > limit else None)


def _facets(wanted: Wanted) -> Sequence[str]:
    """The filters as terms. What depends on the hour is none: it is asked of the rows."""
    found = []
    if wanted.status:
        found.append(facet(documents.STATUS, wanted.status))
    elif wanted.of_open:
        found.append(facet(documents.STATUS, "open"))
    if wanted.assignee:
        found.append(facet(documents.ASSIGNEE, None if wanted.assignee == "none" else wanted.assignee))
    if wanted.view == "mentions":
        found.append(facet(documents.MENTIONED, wanted.mentioned))
    kinds = {
        documents.TEAM: wanted.team,
        documents.LABEL: wanted.label,
        documents.PRIORITY: wanted.priority,
        documents.LANGUAGE: wanted.language,
    }
    return [*found, *(facet(kind, value) for kind, value in kinds.items() if value)]


# cursors: opaque to whoever takes them, checked when they come back


def _cursor(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _unpacked(cursor: str) -> list[Any]:
    key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    if not isinstance(key, list):
        raise ValueError
    return key


def _place(cursor: str, length: int) -> list[Any]:
    try:
        key = _unpacked(cursor)
        *rank, created, id = key
        if len(key) == length and isinstance(id, str) and all(part in RANKS for part in rank):
            moment = datetime.fromisoformat(created)
            if moment.tzinfo is not None:
                return [*rank, moment.astimezone(UTC), clean_text(id)]
    except (ValueError, TypeError, OverflowError):
        pass
    raise _not_ours()


def _number(cursor: str) -> int:
    try:
        (number,) = _unpacked(cursor)
        if type(number) is int and 0 <= number < 2**63:
            return number
    except (ValueError, TypeError):
        pass
    raise _not_ours()


def _not_ours() -> Problem:
    return Problem(
        422, "this cursor is not one of ours: take `next` of the page before, with the same filters."
    )
