"""Customers and agents: who they are, and how they prove it.

Knows passwords (argon2), browser sessions, API tokens and customers' conversation tokens; does not know
what anybody does once in. Secrets are kept as hashes only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import argon2
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ForeignKey, String, Text, delete, select, text, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.database import Base, new_id, now

ROLES = ("agent", "lead", "admin")  # each may do what the one before it may
SESSION_DAYS = 14
_hasher = argon2.PasswordHasher()


class PeopleError(Exception):
    """Somebody cannot be added or changed. One line that says what to do."""


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(300), index=True)
    name: Mapped[str | None] = mapped_column(String(300))
    email: Mapped[str | None] = mapped_column(String(320))
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    nps_asked_at: Mapped[datetime | None]


class Agent(Base):
    __tablename__ = "agents"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    languages: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # BCP 47; empty: any
    sections: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # outermost section titles; empty: any
    capacity: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # open conversations at once; 0: as the desk's settings say
    available: Mapped[bool] = mapped_column(
        default=True, server_default=true()
    )  # may be given new conversations
    notify: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )  # {"email": bool, "desktop": bool}
    failed_sign_ins: Mapped[int] = mapped_column(default=0, server_default="0")
    locked_until: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]  # signed out for good; what they wrote keeps their name
    last_seen_at: Mapped[datetime | None]
    last_given_at: Mapped[datetime | None]  # when routing last gave them a conversation: round robin

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class ApiToken(Base):
    __tablename__ = "api_tokens"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(
        String(64), default=lambda: new_id("token"), server_default=text("''"), index=True
    )
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    hint: Mapped[str] = mapped_column(
        String(8), default="", server_default=text("''")
    )  # its last characters, to tell tokens apart
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class AgentSession(Base):
    __tablename__ = "agent_sessions"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]


@dataclass(frozen=True)
class Viewer:
    """Who is asking, as far as articles and conversations are concerned. The default is a stranger."""

    agent_id: str | None = None
    name: str | None = None
    role: str | None = None
    proven_customer: bool = False

    @property
    def is_agent(self) -> bool:
        return self.agent_id is not None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_lead(self) -> bool:
        """May act on other agents' conversations: leads and admins."""
        return self.role in {"lead", "admin"}


STRANGER = Viewer()


def add_agent(session: Session, email: str, *, name: str | None, role: str, password: str | None) -> Agent:
    """A new agent. Raises PeopleError for a bad address, a weak password or an e-mail that is taken."""
    email = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or len(email) > 320:
        raise PeopleError(f"{email!r} is no e-mail address: give one such as ada@example.org.")
    if role not in ROLES:
        raise PeopleError(f"{role!r} is no role: use one of {', '.join(ROLES)}.")
    if password is not None and not 8 <= len(password) <= 1000:
        raise PeopleError("the password must have at least 8 characters (and at most 1000).")
    if session.scalar(select(Agent.id).where(Agent.email == email)):
        raise PeopleError(f"{email} is an agent already: use another address.")
    agent = Agent(
        id=new_id("agent"),
        email=email,
        name=(name or email.split("@")[0]).strip()[:300],
        role=role,
        password_hash=_hasher.hash(password) if password is not None else None,
    )
    session.add(agent)
    session.flush()
    return agent


def new_api_token(session: Session, agent: Agent, name: str = "") -> str:
    """A token for `Authorization: Bearer`; only its hash is kept."""
    token = "parley_" + secrets.token_urlsafe(32)
    session.add(ApiToken(hash=_hash(token), agent_id=agent.id, name=name, hint=token[-4:]))
    return token


def check_password(session: Session, email: str, password: str) -> Agent | None:
    """The agent, when e-mail and password belong together. Slow on purpose: call it in a thread."""
    agent = session.scalar(select(Agent).where(Agent.email == email.strip().lower()))
    try:
        _hasher.verify(agent.password_hash if agent and agent.password_hash else _nobody(), password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return None
    return agent if agent and agent.password_hash else None


def open_session(session: Session, agent: Agent) -> str:
    """A secret for the session cookie; good for SESSION_DAYS."""
    secret = secrets.token_urlsafe(32)
    session.execute(delete(AgentSession).where(AgentSession.expires_at < now()))
    session.add(
        AgentSession(hash=_hash(secret), agent_id=agent.id, expires_at=now() + timedelta(days=SESSION_DAYS))
    )
    return secret


def close_session(session: Session, secret: str) -> None:
    session.execute(delete(AgentSession).where(AgentSession.hash == _hash(secret)))


def agent_by_session(session: Session, secret: str) -> Agent | None:
    query = (
        select(Agent)
        .join(AgentSession)
        .where(AgentSession.hash == _hash(secret), AgentSession.expires_at > now())
    )
    return session.scalar(query)


def agent_by_token(session: Session, token: str) -> Agent | None:
    return session.scalar(select(Agent).join(ApiToken).where(ApiToken.hash == _hash(token)))


class ConversationTokens:
    """Signed tokens that open one conversation each. Every process with the same key reads them."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key.encode()
        self._serializer = URLSafeSerializer(secret_key, salt="parley.conversation")

    def make(self, conversation_id: str) -> str:
        return self._serializer.dumps(conversation_id)

    def proves(self, customer_id: str, user_hash: str) -> bool:
        """Whether `user_hash` is the hex HMAC-SHA256 of `customer_id` under the secret key: the site vouches for it."""
        wanted = hmac.new(self._key, customer_id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), user_hash.strip().lower().encode("utf-8", "replace"))

    def conversation_id(self, token: str) -> str | None:
        """The id that the token opens, or None for a token that we did not sign."""
        try:
            value = self._serializer.loads(token)
        except BadData:
            return None
        return value if isinstance(value, str) else None


@cache
def _nobody() -> str:
    """Checked when the e-mail is unknown, so that the answer takes as long as for a known one. Slow: not at import."""
    return _hasher.hash(secrets.token_urlsafe(16))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
