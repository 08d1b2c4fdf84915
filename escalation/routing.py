"""Who gets a handoff: the team by what it is about and who is open, the agent by skill, capacity and the team's strategy.

`best_team` and `receiver` decide, over frozen facts; `desk_facts` reads them; `place_handoff` and `raise_to` write team, priority and due
times onto a handoff that the caller has locked. Knows no steps: giving a conversation to somebody is `queue`'s and
`handoff`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from escalation.hours import add_open, is_open
from escalation.policies import DeskSettings, Hours, desk_settings
from escalation.targets import PRIORITIES, URGENT, Priority, due, lifted, rank_at
from help_center.articles import Article
from help_center.conversations import Conversation, Handoff
from help_center.desk import Team, TeamMember
from help_center.people import Agent, Customer
from help_center.sources.base import primary_language

MANUAL, ROUND_ROBIN = "manual", "round_robin"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """What a handoff asks for. `widened`: it has waited so long that skills have become wishes."""

    language: str | None
    section: str | None
    team_id: str | None = None
    widened: bool = False


@dataclass(frozen=True)
class TeamFacts:
    """Empty skills take anything. `members`: ids of its agents, whether they are there or not."""

    id: str
    languages: tuple[str, ...]
    sections: tuple[str, ...]
    strategy: str
    open: bool
    members: frozenset[str]


@dataclass(frozen=True)
class AgentFacts:
    """An agent who has said that they are there. `free`: how many more conversations they may be given.

    `on_duty`: some team of theirs that is given its conversations is open; for agents without a team, the desk is.
    """

    id: str
    languages: tuple[str, ...]
    sections: tuple[str, ...]
    load: int
    free: int
    last_given_at: datetime | None
    on_duty: bool


@dataclass(frozen=True)
class Desk:
    """`strategy` is for what no team has."""

    strategy: str
    teams: tuple[TeamFacts, ...]
    agents: tuple[AgentFacts, ...]

    def team(self, id: str | None) -> TeamFacts | None:
        return next((team for team in self.teams if team.id == id), None)

    def agent(self, id: str) -> AgentFacts:
        return next(agent for agent in self.agents if agent.id == id)

    @property
    def gives(self) -> bool:
        """Somebody could be given something."""
        strategies = (self.strategy, *(team.strategy for team in self.teams))
        return any(strategy != MANUAL for strategy in strategies) and any(
            agent.free > 0 for agent in self.agents
        )


# Decided


def receiver(asked: Asked, desk: Desk) -> str | None:
    """The agent who gets it now, by the strategy of its team; None: it waits there until somebody takes it."""
    team = desk.team(asked.team_id)
    strategy = team.strategy if team else desk.strategy
    able = receivers(asked, team, desk) if strategy != MANUAL else []
    by = _longest_without if strategy == ROUND_ROBIN else _least_busy
    return min(able, key=by).id if able else None


def best_team(asked: Asked, teams: Sequence[TeamFacts]) -> str | None:
    """An open one before a closed one, then the one that names more of what is asked, then the first of the list."""
    able = [team for team in teams if team.members and fits(team, asked)]
    order = sorted(able, key=lambda team: (not team.open, -bool(team.languages) - bool(team.sections)))
    return order[0].id if order else None


def with_one_more(desk: Desk, agent_id: str, at: datetime) -> Desk:
    """The desk after this agent was given one. Each giving has a moment of its own, or turns would not be told apart."""
    newest = max((agent.last_given_at or LONG_AGO for agent in desk.agents), default=LONG_AGO)
    given_at = max(at, newest + timedelta(microseconds=1))
    agents = (
        replace(agent, load=agent.load + 1, free=agent.free - 1, last_given_at=given_at)
        if agent.id == agent_id
        else agent
        for agent in desk.agents
    )
    return replace(desk, agents=tuple(agents))


def receivers(asked: Asked, team: TeamFacts | None, desk: Desk) -> list[AgentFacts]:
    """Who may get it now: who has the skills; when it has waited for long the rest of the team; then anybody on duty."""
    free = [agent for agent in desk.agents if agent.free > 0]
    on_duty = [agent for agent in free if agent.on_duty]
    near = on_duty if team is None else [agent for agent in free if team.open and agent.id in team.members]
    fitting = [agent for agent in near if fits(agent, asked)]
    return fitting if fitting or not asked.widened else near or on_duty


def fits(one: TeamFacts | AgentFacts, asked: Asked) -> bool:
    """A language that nobody could tell fits everybody; what is about no section fits who takes any."""
    speaks = (
        not one.languages
        or not asked.language
        or primary_language(asked.language) in map(primary_language, one.languages)
    )
    return speaks and (not one.sections or _same(asked.section) in map(_same, one.sections))


def _least_busy(agent: AgentFacts) -> tuple[Any, ...]:
    return (agent.load, agent.last_given_at or LONG_AGO, agent.id)


def _longest_without(agent: AgentFacts) -> tuple[Any, ...]:
    return (agent.last_given_at or LONG_AGO, agent.id)


def _same(section: str | None) -> str | None:
    return section.strip().casefold() if section else None


# Read


def desk_facts(session: Session, settings: DeskSettings, at: datetime, *, lock: bool = False) -> Desk:
    """How the desk stands. `lock`: the agents' rows, until the transaction ends, so that nobody else gives them something."""
    teams = _teams(session, settings, at)
    return Desk(settings.strategy, teams, _agents(session, settings, teams, at, lock))


def _teams(session: Session, settings: DeskSettings, at: datetime) -> tuple[TeamFacts, ...]:
    members: dict[str, set[str]] = {}
    active = select(TeamMember.team_id, Agent.id).join(Agent).where(Agent.deactivated_at.is_(None))
    for team_id, agent_id in session.execute(active):
        members.setdefault(team_id, set()).add(agent_id)
    return tuple(
        TeamFacts(
            team.id,
            tuple(team.languages),
            tuple(team.sections),
            team.strategy,
            is_open(_hours(team, settings), at),
            frozenset(members.get(team.id, ())),
        )
        for team in session.scalars(select(Team).order_by(Team.created_at, Team.id))
    )


def _agents(
    session: Session, settings: DeskSettings, teams: tuple[TeamFacts, ...], at: datetime, lock: bool
) -> tuple[AgentFacts, ...]:
    query = select(Agent).where(Agent.available, Agent.deactivated_at.is_(None)).order_by(Agent.id)
    if lock:  # key_share: a claim by hand, whose row refers to the agent's, need not wait
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    people = session.scalars(query).all()
    holds = (
        select(Handoff.assignee_id, func.count())
        .where(Handoff.status == "claimed", or_(Handoff.snoozed_until.is_(None), Handoff.snoozed_until <= at))
        .group_by(Handoff.assignee_id)
    )
    loads = dict(session.execute(holds).tuples().all())
    desk_on = settings.strategy != MANUAL and is_open(settings.hours, at)
    on_duty = {id for team in teams if team.open and team.strategy != MANUAL for id in team.members}
    in_a_team = {id for team in teams for id in team.members}
    return tuple(
        AgentFacts(
            agent.id,
            tuple(agent.languages),
            tuple(agent.sections),
            loads.get(agent.id, 0),
            max(0, (agent.capacity or settings.capacity) - loads.get(agent.id, 0)),
            agent.last_given_at,
            agent.id in on_duty or (desk_on and agent.id not in in_a_team),
        )
        for agent in people
    )


def hours_of(session: Session, team_id: str | None, settings: DeskSettings) -> Hours:
    """The team's own, else the desk's."""
    return _hours(session.get(Team, team_id) if team_id else None, settings)


def _hours(team: Team | None, settings: DeskSettings) -> Hours:
    return Hours.model_validate(team.hours) if team is not None and team.hours else settings.hours


# Written onto a handoff, whose conversation the caller has locked


def place_handoff(session: Session, handoff: Handoff, at: datetime) -> None:
    """A handoff that has just been opened (flushed already) gets its team, its priority and its due times."""
    settings = desk_settings(session)
    handoff.section = _section(session, handoff.sources_tried)
    before = session.get(Handoff, handoff.previous_id) if handoff.previous_id else None
    if before is not None and before.team_id and session.get(Team, before.team_id):
        handoff.team_id = before.team_id  # what comes back goes back to who had it
    else:
        asked = Asked(handoff.language, handoff.section)
        handoff.team_id = best_team(asked, _teams(session, settings, at))
    attributes = session.scalar(
        select(Customer.attributes).join(Conversation).where(Conversation.id == handoff.conversation_id)
    )
    priority = lifted(PRIORITIES[handoff.priority], attributes or {}, settings)
    handoff.priority = priority.name
    set_times(session, handoff, at, at, settings)


def raise_to(session: Session, handoff: Handoff, priority: Priority, at: datetime) -> bool:
    """Never lowers it, never makes anything due later. Whether anything changed."""
    if priority.rank >= PRIORITIES[handoff.priority].rank:
        return False
    handoff.priority = priority.name
    first, resolution = handoff.due_at, handoff.resolve_due_at
    set_times(session, handoff, at, at, desk_settings(session))
    handoff.due_at = min(handoff.due_at, first)
    if resolution is not None and handoff.resolve_due_at is not None:
        handoff.resolve_due_at = min(handoff.resolve_due_at, resolution)
    handoff.rank = rank_at(handoff, at)
    return True


def set_times(
    session: Session, handoff: Handoff, since: datetime, at: datetime, settings: DeskSettings
) -> None:
    """Due times of its priority in its team's hours, counted from `since`; and when waiting makes it press more."""
    hours = hours_of(session, handoff.team_id, settings)
    times = due(PRIORITIES[handoff.priority], since, hours, settings)
    handoff.due_at, handoff.resolve_due_at = times.first_response, times.resolution
    rises = settings.wait_rises_minutes and handoff.priority != URGENT.name
    handoff.rises_at = add_open(hours, at, settings.wait_rises_minutes) if rises else None
    handoff.rank = rank_at(handoff, at)


def _section(session: Session, sources: list[dict[str, Any]]) -> str | None:
    """What it is about: the outermost section of the article that was found first."""
    for source in sources:
        article = session.get(Article, source.get("article_id") or "")
        if article is not None and article.section:
            return str(article.section[0])[:300]
    return None
