"""What a waiting customer is told: their place, how long it takes by what was observed, and when somebody is there again.

`place` looks up one handoff; `Queue` is everybody at one moment, so that a thousand customers are told from one reading.
An estimate is made of claims that were observed and of nothing else, and where they do not carry one, none is made.
Knows no steps and no connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import fmean
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from escalation.hours import add_open, is_open, open_minutes, opens_at
from escalation.policies import DeskSettings, Hours, desk_settings
from escalation.targets import service_order
from help_center.conversations import Conversation, Handoff
from help_center.database import now
from help_center.desk import Team
from help_center.people import Agent

OBSERVED = 50  # how many of the latest claims an estimate is made of
LEAST = 5  # fewer say nothing
LEAST_LONGER = 3  # of those that took longer than the head of the line has stood there
OUTLIER = 10.0  # times the mean of the nine tenths below: what took longer was no matter of the queue
USUAL = 0.9  # the share of observed waits that are called usual
ENDED = ("returned", "resolved")


# The estimate, without a database


@dataclass(frozen=True)
class Claim:
    """One that was observed."""

    created: datetime
    claimed: datetime
    agent_id: str | None = None


@dataclass(frozen=True)
class Pace:
    """How fast a line moves. Seconds of office time."""

    alone: tuple[float, ...] = ()  # at the head, of those who came when nobody waited
    behind: tuple[float, ...] = ()  # at the head, of those who had waited behind another
    waits: tuple[float, ...] = ()  # from the beginning to the claim, shortest first
    last: datetime | None = None  # the latest claim
    fewer_hands: float = 1.0  # agents who made these claims, for each of them who still takes conversations
    nobody: bool = False  # none of them does


@dataclass(frozen=True)
class Forecast:
    """A line's near future. Seconds of office time; None where nothing that was observed says it."""

    first: float | None  # until its head is taken
    step: float  # between two claims, then
    usual: float | None  # nine of ten who were observed had not waited longer

    def seconds(self, position: int) -> float | None:
        return None if self.first is None else self.first + (position - 1) * self.step

    def is_longer(self, waited: float) -> bool:
        return self.usual is not None and waited > self.usual


def pace(claims: list[Claim], hours: Hours, takers: set[str] | None = None) -> Pace:
    """`takers`: the agents who take conversations now; None: as many as there were."""
    alone: list[float] = []
    behind: list[float] = []
    waits: list[float] = []
    last: datetime | None = None
    for claim in sorted(claims, key=lambda one: one.claimed):
        queued = last is not None and claim.created < last
        stood = _open_seconds(hours, last if queued and last else claim.created, claim.claimed)
        (behind if queued else alone).append(stood)
        waits.append(_open_seconds(hours, claim.created, claim.claimed))
        last = claim.claimed
    hands = {claim.agent_id for claim in claims if claim.agent_id}
    left = hands if takers is None else hands & takers
    return Pace(
        tuple(alone),
        tuple(behind),
        tuple(sorted(waits)),
        last,
        len(hands) / len(left) if left else 1.0,
        bool(hands) and not left,
    )


def forecast(pace: Pace, head_stood: float, head_queued: bool) -> Forecast:
    """For a line whose head has stood there for `head_stood`. `head_queued`: they had waited behind another before.

    What is left for the head is the mean of what was left of those observed who had stood as long. Everybody behind adds the
    mean time between two claims of people who queued: the queue-length predictor (Ibrahim and Whitt 2009) at the rate observed.
    """
    if len(pace.waits) < LEAST:
        return Forecast(None, 0.0, None)
    usual = pace.waits[ceil(len(pace.waits) * USUAL) - 1]
    everybody = (*pace.alone, *pace.behind)
    like_it = pace.behind if head_queued else pace.alone
    left = [
        stood - head_stood
        for stood in (like_it if len(like_it) >= LEAST else everybody)
        if stood > head_stood
    ]
    if len(left) < LEAST_LONGER or pace.nobody:
        return Forecast(None, 0.0, usual)
    step = _typical(pace.behind if len(pace.behind) >= LEAST else everybody)
    return Forecast(_typical(left) * pace.fewer_hands, step * pace.fewer_hands, usual)


def shown_minutes(seconds: float | None) -> int | None:
    """As fine as an estimate is worth showing: whole minutes, from ten on fives, from an hour on half hours."""
    if seconds is None:
        return None
    step = 1 if seconds <= 600 else 5 if seconds <= 3600 else 30
    return max(1, ceil(seconds / 60 / step) * step)


def _typical(seconds: Sequence[float]) -> float:
    """The mean, without what an agent's night or holiday adds that no office hours tell of."""
    ordered = sorted(seconds)
    most = OUTLIER * fmean(ordered[: max(1, ceil(len(ordered) * 0.9))])
    return fmean(min(one, most) for one in ordered)


def _open_seconds(hours: Hours, start: datetime, end: datetime) -> float:
    return 60 * open_minutes(hours, start, end)


# A line: those who wait for the same team


@dataclass(frozen=True)
class Line:
    """One line at one moment, apart from who stands where."""

    at: datetime
    hours: Hours
    forecast: Forecast
    closed: bool
    opens_at: datetime | None
    email_after: timedelta

    def outlook(self, position: int, created: datetime) -> Outlook:
        """What the customer at `position`, who waits since `created`, can be told."""
        office_time = None if self.closed else self.forecast.seconds(position)
        seconds = None
        if office_time is not None:  # a person comes after the night, when the office closes before
            there = add_open(self.hours, self.at, office_time / 60)
            seconds = max(1, round((there - self.at).total_seconds()))
        longer = self.forecast.is_longer(_open_seconds(self.hours, created, self.at))
        late = self.closed or seconds is None or self.at - created >= self.email_after
        return Outlook(position, seconds, longer, self.opens_at, late)


@dataclass(frozen=True)
class Outlook:
    """What is told to one who waits. `opens_at`: nobody is there now; None while somebody is, or when none ever comes."""

    position: int
    expected_wait_s: int | None
    longer_than_usual: bool
    opens_at: datetime | None
    worth_an_email: (
        bool  # nobody is there, no wait is known, or it has taken long: an answer by e-mail is offered
    )

    @property
    def shown(self) -> tuple[Any, ...]:
        """Equal as long as the customer would read the same."""
        minutes = shown_minutes(self.expected_wait_s)
        return self.position, minutes, self.longer_than_usual, self.opens_at, self.worth_an_email


@dataclass(frozen=True)
class Queue:
    """Everybody who waits, at one moment."""

    at: datetime
    waiting: dict[str, tuple[str, str | None, int, datetime]]  # by conversation: handoff, team, place, since
    lines: dict[str | None, Line]

    def outlook(self, conversation_id: str) -> tuple[str, Outlook] | None:
        """The handoff's id and what its customer is told; None when they do not wait."""
        found = self.waiting.get(conversation_id)
        if found is None:
            return None
        handoff_id, team_id, position, created = found
        return handoff_id, self.lines[team_id].outlook(position, created)


def queue(session: Session) -> Queue:
    """As it stands. Its cost grows with the number of teams, and hardly with the number of customers."""
    at, settings = now(), desk_settings(session)
    columns = (Handoff.conversation_id, Handoff.id, Handoff.team_id, Handoff.created_at)
    rows = session.execute(select(*columns).where(_in_line(at)).order_by(*service_order())).tuples()
    waiting: dict[str, tuple[str, str | None, int, datetime]] = {}
    behind: dict[str | None, int] = {}
    heads: dict[str | None, datetime] = {}
    for conversation_id, handoff_id, team_id, created in rows:
        behind[team_id] = behind.get(team_id, 0) + 1
        heads.setdefault(team_id, created)
        waiting[conversation_id] = (handoff_id, team_id, behind[team_id], created)
    lines = {team_id: _line(session, settings, team_id, head, at) for team_id, head in heads.items()}
    return Queue(at, waiting, lines)


# One handoff


def place(session: Session, handoff: Handoff) -> dict[str, Any]:
    """`{id, status, position, expected_wait_s, longer_than_usual, agent}` for the customer; a place only while waiting."""
    shown = outlook(session, handoff)
    agent = {"name": holder(session, handoff)} if handoff.status == "claimed" else None
    return place_json(handoff.id, handoff.status, shown, agent)


def place_json(
    id: str, status: str, shown: Outlook | None, agent: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "id": id,
        "status": status,
        "position": shown.position if shown else None,
        "expected_wait_s": shown.expected_wait_s if shown else None,
        "longer_than_usual": bool(shown and shown.longer_than_usual),
        "agent": agent,
    }


def outlook(session: Session, handoff: Handoff) -> Outlook | None:
    """None when it does not wait (any more)."""
    if handoff.status != "waiting":
        return None
    at = now()
    ahead = session.scalar(_served_before(handoff, at)) or 0
    head = handoff.created_at
    if ahead:
        first = select(Handoff.created_at).where(_in_line(at), _same_line(handoff.team_id))
        head = session.scalar(first.order_by(*service_order()).limit(1)) or head
    line = _line(session, desk_settings(session), handoff.team_id, head, at)
    return line.outlook(1 + ahead, handoff.created_at)


def status_json(session: Session, conversation: Conversation, handoff: Handoff | None) -> dict[str, Any]:
    """The payload of a conversation's `status` event."""
    shown = place(session, handoff) if handoff is not None and handoff.status not in ENDED else None
    return {"status": conversation.status, "handoff": shown}


def office_hours(session: Session, team_id: str | None) -> Hours:
    """A team's own, else the desk's."""
    return _hours(session, desk_settings(session), team_id)


def holder(session: Session, handoff: Handoff) -> str:
    """The name of who has it."""
    agent = session.get(Agent, handoff.assignee_id) if handoff.assignee_id else None
    return agent.name if agent else "somebody"


def _hours(session: Session, settings: DeskSettings, team_id: str | None) -> Hours:
    team = session.get(Team, team_id) if team_id else None
    return Hours.model_validate(team.hours) if team is not None and team.hours else settings.hours


def _line(
    session: Session, settings: DeskSettings, team_id: str | None, head: datetime, at: datetime
) -> Line:
    """`head`: since when its first one waits."""
    hours = _hours(session, settings, team_id)
    claims = _observed(session, team_id)
    makers = {claim.agent_id for claim in claims if claim.agent_id}
    takers = select(Agent.id).where(
        Agent.id.in_(makers), Agent.available.is_(True), Agent.deactivated_at.is_(None)
    )
    seen = pace(claims, hours, set(session.scalars(takers)) if makers else None)
    queued = seen.last is not None and head < seen.last
    stood = _open_seconds(hours, seen.last if queued and seen.last else head, at)
    closed = not is_open(hours, at)
    return Line(
        at,
        hours,
        forecast(seen, stood, queued),
        closed,
        opens_at(hours, at) if closed else None,
        timedelta(minutes=settings.email_after_minutes),
    )


def _observed(session: Session, team_id: str | None) -> list[Claim]:
    columns = (Handoff.created_at, Handoff.claimed_at, Handoff.assignee_id)
    query = select(*columns).where(Handoff.claimed_at.is_not(None), _same_line(team_id))
    latest = session.execute(query.order_by(Handoff.id.desc()).limit(OBSERVED))  # ids sort by time of making
    return [Claim(created, claimed, agent) for created, claimed, agent in latest if claimed is not None]


def _in_line(at: datetime) -> Any:
    """Waits, and is not put off until later."""
    return and_(
        Handoff.status == "waiting", or_(Handoff.snoozed_until.is_(None), Handoff.snoozed_until <= at)
    )


def _same_line(team_id: str | None) -> Any:
    return Handoff.team_id.is_(None) if team_id is None else Handoff.team_id == team_id


def _served_before(handoff: Handoff, at: datetime) -> Any:
    earlier = or_(
        Handoff.created_at < handoff.created_at,
        and_(Handoff.created_at == handoff.created_at, Handoff.id < handoff.id),
    )
    before = or_(Handoff.rank < handoff.rank, and_(Handoff.rank == handoff.rank, earlier))
    return select(func.count()).select_from(Handoff).where(_in_line(at), _same_line(handoff.team_id), before)
