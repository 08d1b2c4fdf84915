"""Customers and agents: who they are, and how they prove it.

Knows passwords (argon2) and the lock-out after wrong ones, browser sessions, API tokens and customers' conversation
tokens; does not know what anybody does once in. Secrets are kept as hashes only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import argon2
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import ForeignKey, String, Text, bindparam, delete, func, or_, select, text, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.database import Base, UtcTime, new_id, now
from help_center.faults import Mendable

ROLES = ("agent", "lead", "admin")  # each may do what the one before it may
SESSION_DAYS = 14
FREE_TRIES = 10  # wrong passwords from one network before an account is locked for it, and again for longer
ACCOUNT_TRIES = 100  # from all networks together before it is locked for all of them; then FREE_TRIES again
FIRST_LOCK = timedelta(minutes=15)  # doubled with every further lock
LONGEST_LOCK = timedelta(days=1)
KNOWN_DAYS = 180  # for which a browser in which an agent signed in is known
TRIES_KEPT = timedelta(days=1)  # a day without a try, and the count begins anew
SIGNED_LINK = "help:"  # how what a signed link proves begins, under the same key (`customer_links.proof_of`)
_hasher = argon2.PasswordHasher()


class PeopleError(Mendable):
    """Somebody cannot be added or changed. One line that says what to do."""


class Locked(Exception):
    """Too many wrong passwords: nobody is told whether there is such an account. `wait` until the next try."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"locked for {wait}")
        self.wait = wait


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


class SignInTries(Base):
    """Wrong passwords for one e-mail address, whether there is such an agent or not: both are treated alike. One row for
    each network or known browser that they came from, and one for all networks together."""

    __tablename__ = "sign_in_tries"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # hash of the address, and of where from
    failed: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime]


@dataclass(frozen=True)
class Viewer:
    """Who is asking, as far as articles and conversations are concerned. The default is a stranger."""

    agent_id: str | None = None
    name: str | None = None
    role: str | None = None
    proven_customer: bool = False
    address: str | None = None  # where the request came from, for the audit log

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
PROVEN_CUSTOMER = Viewer(proven_customer=True)


def add_agent(session: Session, email: str, *, name: str | None, role: str, password: str | None) -> Agent:
    """A new agent. Raises PeopleError for a bad address, a weak password or an e-mail that is taken."""
    email = _free_address(session, email)
    agent = Agent(
        id=new_id("agent"),
        email=email,
        name=(name or "").strip()[:300] or email.split("@")[0],
        role=_role(role),
        password_hash=None,
    )
    if password is not None:
        set_password(agent, password)
    session.add(agent)
    session.flush()
    return agent


def agent_by_email(session: Session, email: str) -> Agent | None:
    return session.scalar(select(Agent).where(Agent.email == _address(email)))


def set_email(session: Session, agent: Agent, email: str) -> None:
    if _address(email) != agent.email:
        agent.email = _free_address(session, email)


def set_role(session: Session, agent: Agent, role: str) -> None:
    """Raises PeopleError when nobody would be left who may do everything."""
    role = _role(role)
    if role != "admin":
        _not_the_last_admin(session, agent)
    agent.role = role


def set_password(agent: Agent, password: str) -> None:
    if not 8 <= len(password) <= 1000:
        raise PeopleError("the password must have at least 8 characters (and at most 1000).")
    agent.password_hash = _hasher.hash(password)


def deactivate(session: Session, agent: Agent) -> None:
    """Out at once: sessions end and tokens are withdrawn. What they wrote keeps their name."""
    _not_the_last_admin(session, agent)
    agent.deactivated_at = now()
    agent.available = False
    close_sessions(session, agent)
    session.execute(
        update(ApiToken)
        .where(ApiToken.agent_id == agent.id, ApiToken.withdrawn_at.is_(None))
        .values(withdrawn_at=now())
    )


def _address(email: str) -> str:
    return email.strip().lower()


def _free_address(session: Session, email: str) -> str:
    email = _address(email)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or len(email) > 320:
        raise PeopleError(f"{email!r} is no e-mail address: give one such as ada@example.org.")
    if session.scalar(select(Agent.id).where(Agent.email == email)):
        raise PeopleError(f"{email} is an agent already: use another address.")
    return email


def _role(role: str) -> str:
    if role not in ROLES:
        raise PeopleError(f"{role!r} is no role: use one of {', '.join(ROLES)}.")
    return role


def _not_the_last_admin(session: Session, agent: Agent) -> None:
    """The admins are locked until the transaction ends: two of them cannot put each other out at the same time."""
    admins = (
        select(Agent.id)
        .where(Agent.role == "admin", Agent.deactivated_at.is_(None))
        .order_by(Agent.id)
        .with_for_update(key_share=True)  # who writes in an admin's name need not wait
    )
    if list(session.scalars(admins)) == [agent.id]:
        raise PeopleError(f"{agent.email} is the last admin: make somebody else an admin first.")


# Passwords


def check_password(session: Session, email: str, password: str) -> Agent | None:
    """The agent, when e-mail and password belong together. Slow on purpose: call it in a thread.

    Takes as long for an address that is no agent's. Count the try with `count_try` first."""
    agent = agent_by_email(session, email)
    known = agent is not None and agent.password_hash is not None and agent.deactivated_at is None
    nobody = _nobody()
    try:
        _hasher.verify(agent.password_hash if agent and agent.password_hash else nobody, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return None
    return agent if known else None


def count_try(session: Session, email: str, network: str, browser: str | None = None) -> bool:
    """Counts a try before it is made, so that many at once are no way around; whether it is the last before a lock.

    Raises Locked, without counting, while it would be of no use. `forgive_tries` once the password was right.
    Counted are an account's tries from one network (an IPv4 address, or a /64 of IPv6), so that nobody keeps its agent out
    who does not share their network; and those from all networks together, so that many networks are of little use.
    `browser`: one that the agent has signed in with before (`KnownBrowsers`), counted by itself alone: the lock of the account
    does not hold for it.

    The arithmetic: one network has 10 tries, then 10 more after 15 minutes, 30, ... a day: about 34 a day on average. All
    networks together have 100, then 10 more after each lock; who waits a day in between for the count to begin anew gets
    at most 122 a day on average, 45,000 a year, whatever the number of networks. There are 2 * 10^11 passwords of eight
    small letters: chosen at random, one in five million is found within a year."""
    moment = now()
    forgotten = or_(SignInTries.locked_until.is_(None), SignInTries.locked_until < moment)
    session.execute(delete(SignInTries).where(SignInTries.last_at < moment - TRIES_KEPT, forgotten))
    keys = _keys(email, network, browser)
    counts = [(_tries(session, key, moment), free) for key, free in keys.items()]
    locks = [tries.locked_until for tries, _ in counts if tries.locked_until and tries.locked_until > moment]
    if locks:
        raise Locked(max(locks) - moment)
    last = False
    for tries, free in counts:
        tries.failed += 1
        tries.last_at = moment
        lock = lock_after(tries.failed, free)
        tries.locked_until = moment + lock if lock else None
        last = last or lock is not None
    return last


def lock_after(failed: int, free: int = FREE_TRIES) -> timedelta | None:
    """For how long is locked after that many wrong passwords, of which the first `free` were; None: not now."""
    locks, more = divmod(failed - free + FREE_TRIES, FREE_TRIES)
    if more or locks < 1:
        return None
    return min(FIRST_LOCK * 2 ** min(locks - 1, 20), LONGEST_LOCK)


def forgive_tries(session: Session, email: str, network: str, browser: str | None = None) -> None:
    """The password was right: what came from there before was the agent. What came from elsewhere still counts, or each
    sign-in of the agent would give a guesser new tries."""
    *account, own = [
        session.get(SignInTries, key, with_for_update=True) for key in _keys(email, network, browser)
    ]
    if own is None:
        return
    for all_networks in filter(None, account):  # none for a known browser
        all_networks.failed -= min(own.failed, all_networks.failed)
        all_networks.locked_until = (
            None  # there was no lock when this try began: it was the one too many itself
        )
    session.delete(own)


def forget_tries(session: Session, email: str) -> bool:
    """A new password, or an admin unlocks: whether anybody had been locked out of the account."""
    session.get(SignInTries, _hash(_address(email)), with_for_update=True)  # first, as who counts a try does
    of_account = SignInTries.key.startswith(_account(email))
    until = session.scalars(delete(SignInTries).where(of_account).returning(SignInTries.locked_until)).all()
    return any(lock is not None and lock > now() for lock in until)


def locked_addresses(session: Session, emails: list[str]) -> dict[str, datetime]:
    """Those of the addresses that are locked for somebody, and until when."""
    accounts = {_account(email): email for email in emails}
    account = func.substr(SignInTries.key, 1, len(_account("")))
    query = select(account, func.max(SignInTries.locked_until)).group_by(account)
    rows = session.execute(query.where(account.in_(accounts), SignInTries.locked_until > now()))
    return {accounts[key]: until for key, until in rows}


def _keys(email: str, network: str, browser: str | None) -> dict[str, int]:
    """Of the rows that a try counts in, always in this order, and how many tries are free in each."""
    if browser is not None:
        return {_account(email) + _hash(f"browser {browser}")[:32]: FREE_TRIES}
    own = _account(email) + _hash(f"network {network}")[:32]
    return {_hash(_address(email)): ACCOUNT_TRIES, own: FREE_TRIES}


def _account(email: str) -> str:
    """What the keys of all rows of an account begin with."""
    return _hash(_address(email))[:32]


def _tries(session: Session, key: str, moment: datetime) -> SignInTries:
    """The row, its lock held until the transaction ends."""
    begin = (
        "INSERT INTO sign_in_tries (key, failed, last_at) VALUES (:key, 0, :at) ON CONFLICT (key) DO NOTHING"
    )
    at = bindparam("at", type_=UtcTime())
    session.execute(text(begin).bindparams(at), {"key": key, "at": moment})
    return session.get_one(SignInTries, key, with_for_update=True)


# Sessions


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


def close_sessions(session: Session, agent: Agent) -> None:
    """Signs the agent out of every browser."""
    session.execute(delete(AgentSession).where(AgentSession.agent_id == agent.id))


def agent_by_session(session: Session, secret: str) -> Agent | None:
    query = (
        select(Agent)
        .join(AgentSession)
        .where(
            AgentSession.hash == _hash(secret),
            AgentSession.expires_at > now(),
            Agent.deactivated_at.is_(None),
        )
    )
    return session.scalar(query)


# API tokens


def add_token(session: Session, agent: Agent, name: str = "") -> tuple[ApiToken, str]:
    """A token for `Authorization: Bearer`, and its secret: only the hash is kept."""
    secret = "parley_" + secrets.token_urlsafe(32)
    token = ApiToken(hash=_hash(secret), id=new_id("token"), agent_id=agent.id, name=name, hint=secret[-4:])
    session.add(token)
    session.flush()
    return token, secret


def new_api_token(session: Session, agent: Agent, name: str = "") -> str:
    return add_token(session, agent, name)[1]


def tokens_of(session: Session, agent: Agent) -> list[ApiToken]:
    """Those that still open a door, the newest first."""
    query = select(ApiToken).where(ApiToken.agent_id == agent.id, ApiToken.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.id.desc())))


def agent_by_token(session: Session, secret: str) -> tuple[Agent, str] | None:
    """The agent, and the token's id."""
    query = (
        select(Agent, ApiToken.id)
        .join(ApiToken)
        .where(
            ApiToken.hash == _hash(secret), ApiToken.withdrawn_at.is_(None), Agent.deactivated_at.is_(None)
        )
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def keep_uses(session: Session, agents: Mapping[str, datetime], tokens: Mapping[str, datetime]) -> None:
    """When agents were seen and tokens used last, by their ids; a later moment that another process wrote stays."""
    for id, at in sorted(agents.items()):
        earlier = or_(Agent.last_seen_at.is_(None), Agent.last_seen_at < at)
        session.execute(update(Agent).where(Agent.id == id, earlier).values(last_seen_at=at))
    for id, at in sorted(tokens.items()):
        earlier = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < at)
        session.execute(update(ApiToken).where(ApiToken.id == id, earlier).values(last_used_at=at))


class ConversationTokens:
    """Signed tokens that open one conversation each. Every process with the same key reads them."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key.encode()
        self._serializer = URLSafeSerializer(secret_key, salt="parley.conversation")

    def make(self, conversation_id: str) -> str:
        return self._serializer.dumps(conversation_id)

    def proves(self, customer_id: str, user_hash: str) -> bool:
        """Whether `user_hash` is the hex HMAC-SHA256 of `customer_id` under the secret key: the site vouches for it.

        Never for an id that reads as a signed link does: whoever has a link would have the hash of that id."""
        if customer_id.startswith(SIGNED_LINK):
            return False
        wanted = hmac.new(self._key, customer_id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), user_hash.strip().lower().encode("utf-8", "replace"))

    @staticmethod
    def why_unproven(customer_id: str) -> str:
        """What the site's developer is told of a hash that `proves` nothing."""
        if customer_id.startswith(SIGNED_LINK):
            return f"no user_hash proves an id that begins with `{SIGNED_LINK}`: signed links begin so. Give this customer another id."
        return "this user_hash does not belong to this id: sign the id with PARLEY_SECRET_KEY."

    def conversation_id(self, token: str) -> str | None:
        """The id that the token opens, or None for a token that we did not sign."""
        try:
            value = self._serializer.loads(token)
        except BadData:
            return None
        return value if isinstance(value, str) else None


class CustomerTokens:
    """Signed tokens of customers whom a site has vouched for: good for a day. Every process with the same key reads them."""

    seconds = 86_400  # the salt is theirs alone: no other kind of token may be taken for one

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="parley.customer")

    def make(self, customer_id: str) -> str:
        return self._serializer.dumps(customer_id)

    def customer_id(self, token: str) -> str | None:
        """The customer's row, or None for a token that we did not sign or that has run out."""
        try:
            value = self._serializer.loads(token, max_age=self.seconds)
        except BadData:
            return None
        return value if isinstance(value, str) else None


class KnownBrowsers:
    """Signed marks of the browsers in which an agent has signed in. They open nothing: with one, a wrong password counts for
    this browser alone. A new password makes them void: who knew the old one may have many."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="parley.known_browser")

    def mark(self, agent: Agent) -> str:
        return self._serializer.dumps([agent.id, secrets.token_hex(8), self._password(agent)])

    def number(self, mark: str | None, agent: Agent | None) -> str | None:
        """Which browser it is, or None for a mark that is none of this agent."""
        if not mark or agent is None:
            return None
        try:
            id, number, password = self._serializer.loads(mark, max_age=KNOWN_DAYS * 86_400)
        except (BadData, ValueError, TypeError):
            return None
        return number if (id, password) == (agent.id, self._password(agent)) else None

    @staticmethod
    def _password(agent: Agent) -> str:
        return _hash(agent.password_hash or "")[:16]


def proven_id(external_id: str) -> str:
    """The row of a customer whom the site has vouched for: an id that no unproven caller can have been given."""
    return f"cust_proven_{hashlib.sha256(external_id.encode()).hexdigest()[:40]}"


@cache
def _nobody() -> str:
    """Checked when the e-mail is unknown, so that the answer takes as long as for a known one. Slow: not at import."""
    return _hasher.hash(secrets.token_urlsafe(16))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
