"""Agents, their API tokens and their teams: what an admin changes, each deed with its audit entry and its live event.

The admins' door and `parley agent` both come here. Every function works inside one `database.write()` transaction. Knows
nothing of requests, and nothing of passwords and sessions but whom to ask (`help_center.people`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from escalation import audit
from escalation import handoff as handoffs
from help_center.conversations import Handoff
from help_center.database import iso, new_id, now
from help_center.desk import Team, TeamMember
from help_center.live import INBOX, publish
from help_center.people import (
    Agent,
    ApiToken,
    PeopleError,
    Viewer,
    add_agent,
    add_token,
    agent_by_email,
    close_sessions,
    deactivate,
    forget_tries,
    locked_addresses,
    set_email,
    set_password,
    set_role,
)

COMMAND_LINE = Viewer(name="command line", role="admin")


# How they look


def agents_json(session: Session, agents: Iterable[Agent], *, private: bool) -> list[dict[str, Any]]:
    """In the order given, with a constant number of queries. `private`: with what only admins see of others."""
    agents = list(agents)
    ids = [agent.id for agent in agents]
    teams: dict[str, list[dict[str, Any]]] = defaultdict(list)
    query = select(TeamMember.agent_id, Team.id, Team.name).join(Team, Team.id == TeamMember.team_id)
    for agent_id, id, name in session.execute(query.where(TeamMember.agent_id.in_(ids)).order_by(Team.name)):
        teams[agent_id].append({"id": id, "name": name})
    held = select(Handoff.assignee_id, func.count()).where(Handoff.status == "claimed")
    has = dict(session.execute(held.group_by(Handoff.assignee_id)).tuples().all())
    locked = locked_addresses(session, [agent.email for agent in agents]) if private else {}
    told = []
    for agent in agents:
        told.append(
            {
                "id": agent.id,
                "email": agent.email,
                "name": agent.name,
                "role": agent.role,
                "active": agent.deactivated_at is None,
                "available": agent.available,
                "languages": agent.languages,
                "sections": agent.sections,
                "capacity": agent.capacity,
                "teams": teams[agent.id],
                "open": has.get(agent.id, 0),
            }
        )
        if private:
            told[-1] |= {
                "locked_until": iso(locked.get(agent.email)),
                "last_seen_at": iso(agent.last_seen_at),
                "created_at": iso(agent.created_at),
                "has_password": agent.password_hash is not None,
            }
    return told


def me_json(session: Session, agent: Agent) -> dict[str, Any]:
    """How agents see themselves."""
    return agents_json(session, [agent], private=False)[0] | {"notify": agent.notify}


def token_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "agent_id": token.agent_id,
        "name": token.name,
        "hint": token.hint,
        "created_at": iso(token.created_at),
        "last_used_at": iso(token.last_used_at),
    }


def teams_json(session: Session, teams: Iterable[Team]) -> list[dict[str, Any]]:
    teams = list(teams)
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    query = select(TeamMember.team_id, Agent.id, Agent.name).join(Agent, Agent.id == TeamMember.agent_id)
    query = query.where(TeamMember.team_id.in_([team.id for team in teams]))
    for team_id, id, name in session.execute(query.order_by(func.lower(Agent.name), Agent.id)):
        members[team_id].append({"id": id, "name": name})
    return [
        {
            "id": team.id,
            "name": team.name,
            "languages": team.languages,
            "sections": team.sections,
            "strategy": team.strategy,
            "hours": team.hours,
            "members": members[team.id],
        }
        for team in teams
    ]


# Agents


def find(session: Session, email: str) -> Agent:
    agent = agent_by_email(session, email)
    if agent is None:
        raise PeopleError(
            f"nobody here has the address {email.strip()}: `parley agent list` shows everybody."
        )
    return agent


def add(
    session: Session, actor: Viewer, *, email: str, name: str | None, role: str, password: str | None
) -> Agent:
    agent = add_agent(session, email, name=name, role=role, password=password)
    audit.record(session, actor, "agent.add", agent.id, email=agent.email, name=agent.name, role=agent.role)
    _tell(session, agent_id=agent.id)
    return agent


def change(session: Session, actor: Viewer, agent: Agent, wanted: Mapping[str, Any]) -> None:
    """Any of name, email, role, languages, sections, capacity, available, notify. What stays the same is not logged."""
    changed = {}
    for field, value in wanted.items():
        before = getattr(agent, field)
        if field == "email":
            set_email(session, agent, value)
        elif field == "role":
            set_role(session, agent, value)
        else:
            setattr(agent, field, value)
        if getattr(agent, field) != before:
            changed[field] = [before, getattr(agent, field)]
    if changed:
        audit.record(session, actor, "agent.change", agent.id, **changed)
        _tell(session, agent_id=agent.id)


def change_password(session: Session, actor: Viewer, agent: Agent, password: str) -> None:
    """Ends every session of the agent. The caller opens a new one where the agent themselves did it."""
    set_password(agent, password)
    close_sessions(session, agent)
    forget_tries(session, agent.email)
    audit.record(session, actor, "agent.password", agent.id)
    _tell(session, agent_id=agent.id)


def unlock(session: Session, actor: Viewer, agent: Agent) -> bool:
    """Whether the agent had been locked out."""
    was_locked = forget_tries(session, agent.email)
    if was_locked:
        audit.record(session, actor, "agent.unlock", agent.id)
    return was_locked


def let_go(session: Session, actor: Viewer, agent: Agent) -> int:
    """Deactivates the agent: out at once, and what they have open goes back into the queue. How many that were."""
    if agent.deactivated_at is not None:
        return 0
    deactivate(session, agent)
    held = select(Handoff.id).where(Handoff.status == "claimed", Handoff.assignee_id == agent.id)
    ids = list(session.scalars(held.order_by(Handoff.conversation_id)))
    for id in ids:
        handoffs.release_idle(session, id)
    audit.record(session, actor, "agent.deactivate", agent.id, released=ids)
    _tell(session, agent_id=agent.id)
    return len(ids)


def let_in(session: Session, actor: Viewer, agent: Agent) -> None:
    """Active again, with the password of before. Sessions and tokens do not come back."""
    if agent.deactivated_at is None:
        return
    agent.deactivated_at = None
    agent.available = True
    audit.record(session, actor, "agent.activate", agent.id)
    _tell(session, agent_id=agent.id)


# API tokens


def make_token(session: Session, actor: Viewer, agent: Agent, name: str) -> tuple[ApiToken, str]:
    """The token and its secret, which nobody can see again."""
    if agent.deactivated_at is not None:
        raise PeopleError(f"{agent.email} is deactivated: let them in again first.")
    token, secret = add_token(session, agent, name)
    audit.record(session, actor, "token.add", token.id, agent=agent.id, name=token.name, hint=token.hint)
    return token, secret


def withdraw(session: Session, actor: Viewer, token: ApiToken) -> None:
    if token.withdrawn_at is None:
        token.withdrawn_at = now()
        audit.record(
            session, actor, "token.withdraw", token.id, agent=token.agent_id, name=token.name, hint=token.hint
        )
        _tell(session, agent_id=token.agent_id)


# Teams


def add_team(session: Session, actor: Viewer, wanted: Mapping[str, Any]) -> Team:
    team = Team(id=new_id("team"))
    _set_team(session, team, wanted)
    session.add(team)
    session.flush()
    _set_members(session, team, wanted["members"])
    audit.record(session, actor, "team.add", team.id, **wanted)
    _tell(session, team_id=team.id)
    return team


def change_team(session: Session, actor: Viewer, team: Team, wanted: Mapping[str, Any]) -> None:
    before = _team_now(session, team)
    _set_team(session, team, wanted)
    _set_members(session, team, wanted["members"])
    after = _team_now(session, team)
    changed = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
    if changed:
        audit.record(session, actor, "team.change", team.id, **changed)
        _tell(session, team_id=team.id)


def delete_team(session: Session, actor: Viewer, team: Team) -> None:
    """Its conversations stay in the queue and belong to no team."""
    moved = session.execute(update(Handoff).where(Handoff.team_id == team.id).values(team_id=None))
    session.delete(team)
    count: int = moved.rowcount  # type: ignore[attr-defined]
    audit.record(session, actor, "team.delete", team.id, name=team.name, handoffs=count)
    _tell(session, team_id=team.id)


def _set_team(session: Session, team: Team, wanted: Mapping[str, Any]) -> None:
    taken = select(Team.id).where(func.lower(Team.name) == wanted["name"].lower(), Team.id != team.id)
    if session.scalar(taken):
        raise PeopleError(f"there is a team {wanted['name']!r} already: use another name.")
    for field in ("name", "languages", "sections", "strategy", "hours"):
        setattr(team, field, wanted[field])


def _set_members(session: Session, team: Team, members: list[str]) -> None:
    members = list(dict.fromkeys(members))
    known = set(session.scalars(select(Agent.id).where(Agent.id.in_(members))))
    if unknown := [id for id in members if id not in known]:
        raise PeopleError(f"there is no agent {unknown[0]!r}: `GET /api/agents` lists them.")
    session.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    session.add_all([TeamMember(team_id=team.id, agent_id=id) for id in members])
    session.flush()


def _team_now(session: Session, team: Team) -> dict[str, Any]:
    (told,) = teams_json(session, [team])
    return told | {"members": sorted(member["id"] for member in told["members"])}


def _tell(session: Session, **whose: str) -> None:
    """The inbox reads people and teams again; streams of somebody who may no longer be here end."""
    publish(session, INBOX, "people", whose)
