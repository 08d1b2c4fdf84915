"""What the tests of the hand-over share: a database, an app with the agents' doors, and somebody who needs help."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

import help_center.tables
from escalation import documents, inbox, insights, manage, people_door
from escalation import handoff as handoffs
from escalation.desk_tools import doors as desk_tools
from escalation.drift import Standing
from escalation.writing import doors as writing
from help_center.conversations import Conversation, Handoff, add_message, locked, messages_of, topic
from help_center.database import Base, Database, new_id
from help_center.live import Event, Live
from help_center.people import Customer, KnownBrowsers, Viewer, add_agent, new_api_token
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits, install_problems
from tests.conftest import fresh_postgres

PASSWORD = "correct horse battery"
STANDING = Standing("a test", True, None)
BROWSERS = KnownBrowsers("a secret of forty characters, for a test")


@pytest.fixture(scope="session")
def sqlite_house(blank_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on a SQLite file."""
    file = tmp_path_factory.mktemp("desk") / "parley.db"
    yield from House.kept(f"sqlite:///{shutil.copy(blank_database, file)}")


@pytest.fixture(scope="session")
def postgres_house(blank_postgres: str) -> Iterator[House]:
    """A house on PostgreSQL."""
    with fresh_postgres(like=blank_postgres) as url:
        yield from House.kept(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def house(request: pytest.FixtureRequest, blank_database: Path) -> House:
    """A house without anybody in it: made once for each kind of database, since its app takes longer to make than most
    tests, and emptied for each test."""
    house: House = request.getfixturevalue(f"{request.param}_house")
    house.empty(blank_database)
    return house


@pytest.fixture
def database(house: House) -> Database:
    """An empty database with all tables: a SQLite file, and PostgreSQL."""
    return house.database


def emptied(database: Database) -> None:
    """Takes the few rows out of all tables, and numbers from one again. TRUNCATE would wait for the disk, table by table."""
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    numbers = "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
    with database.engine.begin() as connection:
        found = set(connection.scalars(sqlalchemy.text(filled)))
        for name in names:
            if name in found:
                connection.execute(sqlalchemy.text(f"DELETE FROM {name}"))
        connection.execute(sqlalchemy.text(numbers))


@dataclass
class Colleague:
    """An agent of the tests: who they are, and their API token."""

    id: str
    name: str
    email: str
    viewer: Viewer
    headers: dict[str, str]
    password: str = PASSWORD


class House:
    """A small company: its database, its live events, its agents, its customers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        documents.keep_in_step(database)
        self.live = Live(database)
        self.standing = STANDING
        self.indexed: list[str] = []  # the articles that the index was told of
        self.limits = RateLimits("off", None)
        self.app = _app(self)
        self._hooks = [*database.before_commit], [*database.after_commit]

    @classmethod
    def kept(cls, url: str) -> Iterator[House]:
        house = cls(Database(url))
        yield house
        house.database.close()

    def empty(self, blank: Path) -> None:
        """As it was made. `blank`: a SQLite file with all tables."""
        self.standing = STANDING
        self.indexed.clear()
        self.limits.__dict__.update(RateLimits("off", None).__dict__)
        database = self.database
        database.__dict__.pop("installation_id", None)
        database.before_commit[:], database.after_commit[:] = self._hooks
        if database.is_postgres:
            emptied(database)
            return
        database.engine.dispose()
        file = Path(database.engine.url.database or "")
        for left in ("-wal", "-shm"):
            file.with_name(f"{file.name}{left}").unlink(missing_ok=True)
        shutil.copy(blank, file.with_suffix(".new")).replace(file)  # who still writes, writes to the old one

    def agent(self, name: str, role: str = "agent") -> Colleague:
        with self.database.write() as session:
            email = f"{name.lower()}@example.org"
            agent = add_agent(session, email, name=name, role=role, password=PASSWORD)
            token = new_api_token(session, agent)
        headers = {"Authorization": f"Bearer {token}"}
        return Colleague(agent.id, name, email, Viewer(agent.id, name, role), headers)

    def conversation(
        self, *said: str, name: str | None = "Kim", email: str | None = None, **extra: Any
    ) -> str:
        with self.database.write() as session:
            customer = Customer(id=new_id("cust"), name=name, email=email, attributes={"plan": "pro"})
            session.add(customer)
            session.flush()
            conversation = Conversation(
                id=new_id("conv"), customer_id=customer.id, greeting="Hello.", status="bot", **extra
            )
            session.add(conversation)
            session.flush()
            for text in said:
                add_message(session, conversation, "customer", text)
        return conversation.id

    def waiting(self, question: str = "Where is my invoice?", **given: Any) -> str:
        """A fresh conversation in the queue; the id of its handoff."""
        conversation_id = given.pop("conversation_id", None) or self.conversation(
            question, name=given.pop("name", "Kim")
        )
        return self.hand_over(conversation_id, question=question, **given)

    def hand_over(self, conversation_id: str, **given: Any) -> str:
        facts: dict[str, Any] = {
            "reasons": ["requested_human"],
            "question": "Where is my invoice?",
            "summary": "The customer looks for an invoice.",
            "sources_tried": [],
            "suggested_reply": "Invoices are under Billing.",
            "language": "en",
        }
        with self.database.write() as session:
            conversation = locked(session, conversation_id)
            assert conversation is not None
            return handoffs.open_handoff(session, conversation, **(facts | given)).id

    def handoff(self, id: str) -> Handoff:
        with self.database.read() as session:
            return session.get_one(Handoff, id)

    def conversation_of(self, handoff_id: str) -> Conversation:
        with self.database.read() as session:
            return session.get_one(Conversation, session.get_one(Handoff, handoff_id).conversation_id)

    def said(self, handoff_id: str) -> list[tuple[str, str]]:
        """(role, text) of everything that the customer can see."""
        with self.database.read() as session:
            messages = messages_of(session, session.get_one(Handoff, handoff_id).conversation_id)
            return [(message.role, message.text) for message in messages]

    def events(self, topic: str) -> list[tuple[str, dict[str, Any]]]:
        with self.database.read() as session:
            rows = session.scalars(sqlalchemy.select(Event).where(Event.topic == topic).order_by(Event.id))
            return [(row.kind, row.payload) for row in rows]

    def customer_events(self, handoff_id: str) -> list[tuple[str, dict[str, Any]]]:
        return self.events(topic(self.handoff(handoff_id).conversation_id))


def _app(house: House) -> FastAPI:
    root = Path(help_center.tables.__file__).parents[1]
    static = {"/static/help": root / "help_center/static", "/static/inbox": root / "escalation/static"}
    pages = Pages([root / "escalation/templates"], static)

    @asynccontextmanager
    async def lifespan(_app: FastAPI):
        await house.live.start()
        yield
        await house.live.stop()

    app = FastAPI(lifespan=lifespan)
    install_problems(app)
    doorkeeper = Doorkeeper(house.database, ())
    app.include_router(people_door.routes(house.database, doorkeeper, house.limits, BROWSERS))
    app.include_router(manage.routes(house.database, doorkeeper, pages))
    app.include_router(inbox.routes(house.database, house.live, doorkeeper, pages))
    app.include_router(desk_tools.routes(house.database, doorkeeper))
    app.include_router(writing.routes(house.database, doorkeeper, pages, house.indexed.extend))
    app.include_router(insights.routes(house.database, doorkeeper, pages, lambda: house.standing))
    return app


@pytest.fixture
def ada(house: House) -> Colleague:
    return house.agent("Ada")


@pytest.fixture
def ben(house: House) -> Colleague:
    return house.agent("Ben")


@pytest.fixture
def app(house: House) -> FastAPI:
    return house.app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A browser at the agents' doors; cookies are kept from call to call."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The same app behind a real socket: event streams need one."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    assert server.started
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


# who writes articles


@pytest.fixture
def admin(house: House) -> Colleague:
    return house.agent("Ada", "admin")


@pytest.fixture
def lead(house: House) -> Colleague:
    return house.agent("Lea", "lead")


@pytest.fixture
def pen(client: TestClient, admin: Colleague) -> TestClient:
    """The client with an admin's token."""
    client.headers.update(admin.headers)
    return client
