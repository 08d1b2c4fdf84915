"""What happens to the queue by itself, and by an agent's word on its order.

The clock's jobs: waiting ones are given out, those that wait for long press more, overdue ones come first and are told of,
claims left alone go back. Each finds candidates in a read, and takes each step in a transaction of its own that looks again
under the locks: several processes may do it at the same time. `routing` and `targets` decide; `handoff` has the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from escalation import audit, notify
from escalation import handoff as handoffs
from escalation.changing import HandoffProblem, Taken, UnknownHandoff, about, both_locked, tell_inbox
from escalation.clock import Job, piece
from escalation.hours import open_minutes
from escalation.policies import DeskSettings, desk_settings
from escalation.routing import (
    LONG_AGO,
    MANUAL,
    Asked,
    Desk,
    desk_facts,
    hours_of,
    raise_to,
    receiver,
    set_times,
    with_one_more,
)
from escalation.seen import EXCERPT
from escalation.targets import OVERDUE_RANK, PRIORITIES, missed, next_step, rank_at, service_order
from escalation.waits import ENDED, holder
from help_center.conversations import OPEN_HANDOFF, Handoff, Message, Note
from help_center.database import Database, now
from help_center.desk import Presence, Team
from help_center.live import INBOX, publish
from help_center.people import Agent, Viewer

PAGE = 500  # handoffs looked at in one read
Give = Callable[[Session, str, str], object | None]  # handoff id, agent id; None: it could not be given
Release = Callable[[Session, str], object]
Tell = Callable[[Session, Handoff], object]


def jobs(database: Database) -> list[Job]:
    return [
        Job("routing", 1, lambda: assign_due(database)),
        Job("waiting for long", 10, lambda: rise_due(database)),
        Job("overdue", 5, lambda: mark_overdue(database)),
        Job("left alone", 15, lambda: release_left_alone(database)),
    ]


# By an agent's word


def set_priority(session: Session, handoff_id: str, agent: Viewer, name: str) -> Handoff:
    """Up or down. What a colleague has, only a lead can. Down: due as if it had been so from the start."""
    _conversation, handoff = both_locked(session, handoff_id)
    _may_order(session, handoff, agent)
    before, at = handoff.priority, now()
    if before == name:
        return handoff
    if not raise_to(session, handoff, PRIORITIES[name], at):
        handoff.priority = name
        set_times(session, handoff, handoff.created_at, at, desk_settings(session))
    tell_inbox(session, handoff)
    audit.record(session, agent, "handoff.priority", handoff.id, before=before, after=name)
    return handoff


def set_team(session: Session, handoff_id: str, agent: Viewer, team_id: str | None) -> Handoff:
    """Into another team's queue, or into everybody's. Who has it keeps it; due times are of the new team's hours."""
    _conversation, handoff = both_locked(session, handoff_id)
    _may_order(session, handoff, agent)
    if team_id is not None and session.get(Team, team_id) is None:
        raise UnknownHandoff("team")
    before = handoff.team_id
    if before == team_id:
        return handoff
    handoff.team_id = team_id
    set_times(session, handoff, handoff.created_at, now(), desk_settings(session))
    tell_inbox(session, handoff)
    audit.record(session, agent, "handoff.team", handoff.id, before=before, after=team_id)
    return handoff


def _may_order(session: Session, handoff: Handoff, agent: Viewer) -> None:
    if handoff.status in ENDED:
        raise HandoffProblem(
            409, f"this handoff is {handoff.status} already: its place in the queue is over."
        )
    if handoff.status == "claimed" and handoff.assignee_id != agent.agent_id and not agent.is_lead:
        raise Taken(holder(session, handoff))


# Giving out


def assign_due(
    database: Database, assign: Give = handoffs.assign_by_routing, at: datetime | None = None
) -> int:
    """Gives what waits to who is free, in the order of service. How many were given."""
    at = at or now()
    return sum(_give(database, handoff_id, assign, at) for handoff_id in list(_givable(database, at)))


def _givable(database: Database, at: datetime) -> Iterator[str]:
    """Those that find somebody as the desk stands now; each is counted onto who would get it."""
    after: tuple[Any, ...] | None = None
    hopeless: set[Asked] = set()
    with database.read() as session:
        if session.scalar(select(Handoff.id).where(Handoff.status == "waiting").limit(1)) is None:
            return
        settings = desk_settings(session)
        desk = desk_facts(session, settings, at)
        while desk.gives:
            rows = session.execute(_waiting(desk, at, after)).all()
            for row in rows:
                asked = _asked(row, settings, at)
                if asked in hopeless:
                    continue
                agent_id = receiver(asked, desk)
                if agent_id is None:
                    hopeless.add(asked)  # the desk only gets fuller
                    continue
                yield row.id
                desk = with_one_more(desk, agent_id, at)
            if len(rows) < PAGE:
                return
            after = (rows[-1].rank, rows[-1].created_at, rows[-1].id)


def _give(database: Database, handoff_id: str, assign: Give, at: datetime) -> bool:
    with piece(f"giving out {handoff_id}"), database.write() as session:
        settings = desk_settings(session)
        desk = desk_facts(session, settings, at, lock=True)
        handoff = session.get(Handoff, handoff_id)
        if handoff is None or handoff.status != "waiting":
            return False
        agent_id = receiver(_asked(handoff, settings, at), desk)
        if agent_id is None or assign(session, handoff_id, agent_id) is None:
            return False
        session.get_one(Agent, agent_id).last_given_at = (
            with_one_more(desk, agent_id, at).agent(agent_id).last_given_at
        )
        return True
    return False


def _waiting(desk: Desk, at: datetime, after: tuple[Any, ...] | None) -> Select[Any]:
    """A page of those that are given to somebody at all, in the order of service."""
    by_hand = [team.id for team in desk.teams if team.strategy == MANUAL]
    given = [team.id for team in desk.teams if team.strategy != MANUAL]
    mine = or_(Handoff.team_id.is_(None), Handoff.team_id.not_in(by_hand))
    query: Any = select(
        Handoff.id, Handoff.rank, Handoff.created_at, Handoff.language, Handoff.section, Handoff.team_id
    ).where(
        Handoff.status == "waiting",
        or_(Handoff.snoozed_until.is_(None), Handoff.snoozed_until <= at),
        Handoff.team_id.in_(given) if desk.strategy == MANUAL else mine,
    )
    order = service_order()
    if after is not None:
        query = query.where(
            tuple_(*order)
            > tuple_(*(literal(value, column.type) for value, column in zip(after, order, strict=True)))
        )
    return query.order_by(*order).limit(PAGE)


def _asked(handoff: Any, settings: DeskSettings, at: datetime) -> Asked:
    """`handoff`: one, or its row of `_waiting`. The wait is of the desk's hours: who is there helps a team that is closed."""
    waited = open_minutes(settings.hours, handoff.created_at, at)
    widened = 0 < settings.wait_rises_minutes <= waited
    return Asked(handoff.language, handoff.section, handoff.team_id, widened)


# What presses more


def rise_due(database: Database, at: datetime | None = None) -> None:
    """Who has waited for long is served earlier: one step each time."""
    at = at or now()
    rising = select(Handoff.id).where(Handoff.status == "waiting", Handoff.rises_at <= at)
    for handoff_id in _found(database, rising):
        with piece(f"raising: {handoff_id}"), suppress(UnknownHandoff), database.write() as session:
            _conversation, handoff = both_locked(session, handoff_id)
            if handoff.status != "waiting" or handoff.rises_at is None or handoff.rises_at > at:
                continue
            handoff.rises_at = None
            if raise_to(session, handoff, next_step(PRIORITIES[handoff.priority]), at):
                tell_inbox(session, handoff)


def mark_overdue(database: Database, tell: Tell = notify.overdue, at: datetime | None = None) -> None:
    """What is overdue goes to the front until somebody answers; of each due time that passes, somebody is told once."""
    at = at or now()
    told = Handoff.overdue_told_at
    unanswered = Handoff.first_reply_at.is_(None)
    moved = select(Handoff.id).where(
        Handoff.status.in_(OPEN_HANDOFF),
        or_(
            and_(unanswered, Handoff.due_at <= at, Handoff.rank != OVERDUE_RANK),
            and_(unanswered, Handoff.due_at <= at, or_(told.is_(None), told < Handoff.due_at)),
            and_(Handoff.rank == OVERDUE_RANK, or_(~unanswered, Handoff.due_at > at)),
            and_(Handoff.resolve_due_at <= at, or_(told.is_(None), told < Handoff.resolve_due_at)),
        ),
    )
    for handoff_id in _found(database, moved):
        with piece(f"overdue: {handoff_id}"), suppress(UnknownHandoff), database.write() as session:
            _conversation, handoff = both_locked(session, handoff_id)
            if handoff.status in ENDED:
                continue
            handoff.rank = rank_at(handoff, at)
            before = handoff.overdue_told_at
            if any(before is None or before < due for due in missed(handoff, at)):
                handoff.overdue_told_at = at
                tell(session, handoff)
            tell_inbox(session, handoff)


# What goes back


def release_left_alone(
    database: Database, release: Release = handoffs.release_idle, at: datetime | None = None
) -> None:
    """A claim goes back when the customer waits for an answer and its holder has let the office time for it pass.

    Who has not even been here in that time is away from then on: routing would give them the next one, too.
    """
    at = at or now()
    with database.read() as session:
        idle = timedelta(minutes=desk_settings(session).idle_minutes)
    if not idle:
        return
    owed = or_(Handoff.last_agent_at.is_(None), Handoff.last_customer_at > Handoff.last_agent_at)
    claimed = select(Handoff.id).where(
        Handoff.status == "claimed", Handoff.snoozed_until.is_(None), Handoff.assigned_at <= at - idle, owed
    )
    for handoff_id in _found(database, claimed):
        with database.read() as session:
            if not _left_alone(session, session.get(Handoff, handoff_id), at):
                continue
        with piece(f"left alone: {handoff_id}"), suppress(UnknownHandoff), database.write() as session:
            _conversation, handoff = both_locked(session, handoff_id)
            holder = session.get(Agent, handoff.assignee_id or "")
            if holder is None or not _left_alone(session, handoff, at):
                continue
            release(session, handoff_id)
            away = holder.available and (holder.last_seen_at is None or holder.last_seen_at <= at - idle)
            if away:
                holder.available = False
                audit.record(session, handoffs.DESK, "agent.change", holder.id, available=False)
            told = {"agent_id": holder.id, "question": handoff.question[:EXCERPT], "away": away}
            publish(session, INBOX, "left_alone", about(handoff) | told)


def _left_alone(session: Session, handoff: Handoff | None, at: datetime) -> bool:
    if handoff is None or handoff.status != "claimed" or handoff.snoozed_until is not None:
        return False
    here = select(Presence.agent_id).where(
        Presence.handoff_id == handoff.id, Presence.agent_id == handoff.assignee_id, Presence.until > at
    )
    if session.scalar(here) is not None:
        return False
    asked_at = session.scalar(
        select(func.min(Message.created_at)).where(
            Message.conversation_id == handoff.conversation_id,
            Message.role == "customer",
            Message.created_at > (handoff.last_agent_at or LONG_AGO),
        )
    )
    noted_at = session.scalar(
        select(func.max(Note.created_at)).where(
            Note.handoff_id == handoff.id, Note.agent_id == handoff.assignee_id
        )
    )
    if asked_at is None and handoff.last_agent_at is not None:
        return False
    since = max(filter(None, [handoff.assigned_at, handoff.claimed_at, asked_at, noted_at]))
    settings = desk_settings(session)
    hours = hours_of(session, handoff.team_id, settings)
    return open_minutes(hours, since, at) >= settings.idle_minutes > 0


def _found(database: Database, query: Select[Any]) -> list[str]:
    with database.read() as session:
        return list(session.scalars(query.order_by(*service_order()).limit(PAGE)))
