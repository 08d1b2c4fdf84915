"""The doors of agents to themselves, and of admins to agents, teams and API tokens: sign-in, accounts, who is here.

Knows requests and who may make them; what a change means is the business of `staff` and `help_center.people`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from escalation import audit, staff
from escalation.policies import Hours
from help_center.database import Database
from help_center.desk import Strategy, Team
from help_center.people import (
    KNOWN_DAYS,
    SESSION_DAYS,
    Agent,
    ApiToken,
    KnownBrowsers,
    Locked,
    PeopleError,
    Viewer,
    agent_by_email,
    check_password,
    close_session,
    count_try,
    forgive_tries,
    open_session,
    tokens_of,
)
from help_center.web import BROWSER_COOKIE, SESSION_COOKIE, CleanText, Doorkeeper, Problem, RateLimits

T = TypeVar("T")
# how an agent's row is locked: what names an agent need not wait for it, or it and who puts them out would wait for each other
KEY_SHARE: Any = {"key_share": True}
Role = Literal["agent", "lead", "admin"]
Email = Annotated[CleanText, Field(min_length=3, max_length=320)]
Password = Annotated[str, Field(max_length=1000)]


def _trimmed(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("write something first")
    return text


Name = Annotated[CleanText, Field(max_length=300), AfterValidator(_trimmed)]
ShortName = Annotated[CleanText, Field(max_length=100), AfterValidator(_trimmed)]
Languages = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]],
    Field(max_length=100),
]
Sections = Annotated[list[Name], Field(max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(BaseModel):
    email: Annotated[CleanText, Field(max_length=320)]
    password: Password


class Notify(Body):
    email: bool | None = None
    desktop: bool | None = None


class NewPassword(Body):
    old: Password
    new: Password


class Myself(Body):
    available: bool | None = None
    name: Name | None = None
    notify: Notify | None = None
    password: NewPassword | None = None


class NewAgent(Body):
    email: Email
    name: Name | None = None
    role: Role = "agent"
    password: Password | None = None


class AgentChange(Body):
    """What is left out stays as it is."""

    email: Email | None = None
    name: Name | None = None
    role: Role | None = None
    languages: Languages | None = None
    sections: Sections | None = None
    capacity: Annotated[int, Field(ge=0, le=200)] | None = None
    available: bool | None = None
    active: bool | None = None
    password: Password | None = None
    unlock: Literal[True] | None = None


class NewToken(Body):
    name: ShortName


class TeamBody(Body):
    name: ShortName
    members: Annotated[list[CleanText], Field(max_length=500)] = []
    languages: Languages = []
    sections: Sections = []
    strategy: Strategy = "manual"
    hours: Hours | None = None


def routes(
    database: Database, doorkeeper: Doorkeeper, limits: RateLimits, browsers: KnownBrowsers
) -> APIRouter:
    router = APIRouter()

    async def few_sign_ins(request: Request) -> None:
        await limits.spend("sign-ins", doorkeeper.network(request))

    @router.post("/api/session", dependencies=[Depends(few_sign_ins)])
    def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, Any]:
        """Signs an agent in with e-mail and password; the answer sets the session cookie."""
        doorkeeper.refuse_cross_site(request)
        agent = _proven(request, body.email, body.password)
        if agent is None:
            raise Problem(401, "e-mail and password do not belong together: check both and try again.")
        with database.write() as session:
            forgive_tries(session, agent.email, doorkeeper.network(request), _known(request, agent))
            if secret := request.cookies.get(SESSION_COOKIE):
                close_session(session, secret)
            secret = open_session(session, agent)
            audit.record(session, _viewer(agent, request), "session.open", agent.id)
            told = staff.me_json(session, agent)
        _set_cookies(request, response, secret, browsers.mark(agent))
        return {"agent": told}

    @router.delete("/api/session", status_code=204)
    def sign_out(request: Request, response: Response) -> None:
        doorkeeper.refuse_cross_site(request)
        secret = request.cookies.get(SESSION_COOKIE)
        if secret:
            viewer = doorkeeper.viewer(request)
            with database.write() as session:
                close_session(session, secret)
                if viewer.is_agent:
                    audit.record(session, viewer, "session.close", viewer.agent_id)
        response.delete_cookie(
            SESSION_COOKIE, httponly=True, samesite="lax", secure=doorkeeper.secure(request)
        )

    @router.get("/api/session")
    def who_am_i(viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        with database.read() as session:
            return {"agent": staff.me_json(session, session.get_one(Agent, viewer.agent_id))}

    @router.put("/api/session/me")
    async def change_myself(
        body: Myself, request: Request, response: Response, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        """Availability, name, notifications, password. A new password ends every other session."""
        if body.password is not None:
            await few_sign_ins(request)
        return await database.run(change_agent_themselves, body, request, response, viewer)

    def change_agent_themselves(
        body: Myself, request: Request, response: Response, viewer: Viewer
    ) -> dict[str, Any]:
        if body.password is not None:
            with database.read() as session:
                email = session.get_one(Agent, viewer.agent_id).email
            if _proven(request, email, body.password.old) is None:
                raise Problem(403, "the old password is not right: nothing was changed.")
        wanted = body.model_dump(exclude_none=True, exclude={"password"})
        with _people(), database.write() as session:
            agent = session.get_one(Agent, viewer.agent_id, with_for_update=KEY_SHARE)
            if "notify" in wanted:
                wanted["notify"] = {**agent.notify, **wanted["notify"]}
            staff.change(session, viewer, agent, wanted)
            secret = mark = None
            if body.password is not None:
                staff.change_password(session, viewer, agent, body.password.new)
                if SESSION_COOKIE in request.cookies:
                    secret, mark = open_session(session, agent), browsers.mark(agent)
            told = staff.me_json(session, agent)
        if secret and mark:
            _set_cookies(request, response, secret, mark)
        return {"agent": told}

    def _proven(request: Request, email: str, password: str) -> Agent | None:
        """The agent whose password it is. Raises a 429 while the address is locked, whether there is such an agent or not."""
        try:
            with database.write() as session:
                browser = _known(request, agent_by_email(session, email))
                last_try = count_try(session, email, doorkeeper.network(request), browser)
        except Locked as locked:
            seconds = max(1, round(locked.wait.total_seconds()))
            raise Problem(
                429,
                f"too many tries: wait {-(-seconds // 60)} minutes or ask an admin.",
                headers={"Retry-After": str(seconds)},
            ) from locked
        with database.read() as session:
            agent = check_password(session, email, password)
        if agent is None and last_try:
            with database.write() as session:
                known = agent_by_email(session, email)
                if known is not None:  # what was typed in is logged only where it is an agent's address
                    audit.record(session, _viewer(known, request), "session.lock", known.id)
        return agent

    def _known(request: Request, agent: Agent | None) -> str | None:
        """The number of the browser, where the agent has signed in with it before."""
        return browsers.number(request.cookies.get(BROWSER_COOKIE), agent)

    def _set_cookies(request: Request, response: Response, secret: str, mark: str) -> None:
        """The session, and the mark of a browser that is known from now on, which only these doors see."""
        kept = {
            SESSION_COOKIE: (secret, SESSION_DAYS, "/"),
            BROWSER_COOKIE: (mark, KNOWN_DAYS, "/api/session"),
        }
        for name, (value, days, path) in kept.items():
            response.set_cookie(
                name, value, max_age=days * 86_400, path=path, httponly=True, samesite="lax",
                secure=doorkeeper.secure(request),
            )  # fmt: skip

    def _viewer(agent: Agent, request: Request) -> Viewer:
        return Viewer(agent.id, agent.name, agent.role, address=doorkeeper.address(request))

    # Agents

    @router.get("/api/agents")
    def agents(all: bool = False, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """Everybody to whom a conversation can be assigned; with `all` those who have left, too."""
        query = select(Agent).order_by(func.lower(Agent.name), Agent.id)
        if not all:
            query = query.where(Agent.deactivated_at.is_(None))
        with database.read() as session:
            people = session.scalars(query)
            return {"items": staff.agents_json(session, people, private=viewer.is_admin), "next": None}

    @router.post("/api/agents", status_code=201)
    def add_agent(body: NewAgent, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        with _people(), database.write() as session:
            agent = staff.add(session, viewer, **body.model_dump())
            return staff.agents_json(session, [agent], private=True)[0]

    @router.put("/api/agents/{id}")
    def change_agent(
        id: CleanText, body: AgentChange, viewer: Viewer = Depends(doorkeeper.admin)
    ) -> dict[str, Any]:
        """Changes what is given. `active: false` puts the agent out at once; `password` ends their sessions."""
        wanted = body.model_dump(exclude_none=True)
        active, password = wanted.pop("active", None), wanted.pop("password", None)
        unlock = wanted.pop("unlock", False)
        with _people(), database.write() as session:
            agent = _one(session.get(Agent, id, with_for_update=KEY_SHARE), "agent")
            if active is True:
                staff.let_in(session, viewer, agent)
            staff.change(session, viewer, agent, wanted)
            if password is not None:
                staff.change_password(session, viewer, agent, password)
            if unlock:
                staff.unlock(session, viewer, agent)
            if active is False:
                staff.let_go(session, viewer, agent)
            session.flush()
            return staff.agents_json(session, [agent], private=True)[0]

    # API tokens

    @router.get("/api/agents/{id}/tokens")
    def tokens(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> dict[str, Any]:
        """One's own, or anybody's for admins."""
        with database.read() as session:
            agent = _one(session.get(Agent, id) if _may(viewer, id) else None, "agent")
            return {"items": [staff.token_json(token) for token in tokens_of(session, agent)], "next": None}

    @router.post("/api/agents/{id}/tokens", status_code=201)
    def make_token(
        id: CleanText, body: NewToken, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, Any]:
        """`token` is shown this once."""
        with _people(), database.write() as session:
            agent = _one(session.get(Agent, id) if _may(viewer, id) else None, "agent")
            token, secret = staff.make_token(session, viewer, agent, body.name)
            return staff.token_json(token) | {"token": secret}

    @router.delete("/api/tokens/{id}", status_code=204)
    def withdraw_token(id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)) -> None:
        with database.write() as session:
            token = session.scalar(select(ApiToken).where(ApiToken.id == id).with_for_update())
            if token is None or not _may(viewer, token.agent_id):
                raise Problem(404, "there is no such token.")
            staff.withdraw(session, viewer, token)

    # Teams

    @router.get("/api/teams", dependencies=[Depends(doorkeeper.agent)])
    def teams() -> dict[str, Any]:
        with database.read() as session:
            found = session.scalars(select(Team).order_by(func.lower(Team.name), Team.id))
            return {"items": staff.teams_json(session, found), "next": None}

    @router.post("/api/teams", status_code=201)
    def add_team(body: TeamBody, viewer: Viewer = Depends(doorkeeper.admin)) -> dict[str, Any]:
        with _people(), database.write() as session:
            team = staff.add_team(session, viewer, body.model_dump(mode="json"))
            return staff.teams_json(session, [team])[0]

    @router.put("/api/teams/{id}")
    def change_team(
        id: CleanText, body: TeamBody, viewer: Viewer = Depends(doorkeeper.admin)
    ) -> dict[str, Any]:
        with _people(), database.write() as session:
            team = _one(session.get(Team, id, with_for_update=True), "team")
            staff.change_team(session, viewer, team, body.model_dump(mode="json"))
            return staff.teams_json(session, [team])[0]

    @router.delete("/api/teams/{id}", status_code=204)
    def delete_team(id: CleanText, viewer: Viewer = Depends(doorkeeper.admin)) -> None:
        with database.write() as session:
            staff.delete_team(session, viewer, _one(session.get(Team, id, with_for_update=True), "team"))

    return router


def _may(viewer: Viewer, agent_id: str) -> bool:
    return viewer.is_admin or viewer.agent_id == agent_id


def _one(found: T | None, what: str) -> T:
    if found is None:
        raise Problem(404, f"there is no such {what}.")
    return found


@contextmanager
def _people() -> Iterator[None]:
    """What cannot be done to somebody, as a problem."""
    try:
        yield
    except PeopleError as error:
        raise Problem(409, str(error)) from error
