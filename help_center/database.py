"""The database: engine, sessions, transactions.

Knows SQLite (WAL) and PostgreSQL and nothing of what is stored. SQLAlchemy is used synchronously:
asynchronous code reaches it through `Database.run`, which works in a thread.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    DateTime,
    MetaData,
    SQLColumnExpression,
    String,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.types import TypeDecorator

from help_center.faults import Mendable, reason

T = TypeVar("T")
HEAD = (
    "0009"  # the revision that this program's tables are at; a test holds it to the scripts in `migrations`
)
MIGRATION_LOCK = 0x9A51EE  # advisory lock number on PostgreSQL, any constant of ours
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class DatabaseError(Mendable):
    """The database cannot be used. The message is one line that says what to do."""


class UtcTime(TypeDecorator[datetime]):
    """A point in time: always with zone in Python, always UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {datetime: UtcTime, dict[str, Any]: JSON, list[Any]: JSON}


class InstallationFact(Base):
    """What all processes of one installation must agree on: the secret key, the kept calibration."""

    __tablename__ = "installation"
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[dict[str, Any]]


def now() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """A fresh id, sortable by time of making: `prefix_` + 9 hex digits of milliseconds/16 + 80 random bits."""
    return f"{prefix}_{time.time_ns() // 16_000_000:09x}{secrets.token_hex(10)}"


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with zone, milliseconds."""
    return (
        None
        if moment is None
        else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def upsert(session: Session, table: type[Base]) -> Any:
    """An INSERT that can say what becomes of a row that is there already: `on_conflict_do_nothing`, `on_conflict_do_update`."""
    return (insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite)(table)


class Database:
    """One database: `read()` and `write()` give sessions, `run()` works in a thread.

    `before_commit` hooks run inside every write, last; `after_commit` hooks run once it is durable.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.is_postgres = self.engine.dialect.name == "postgresql"
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.before_commit: list[Callable[[Session], None]] = []
        self.after_commit: list[Callable[[Session], None]] = []

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads. Never waits for a writer (SQLite WAL, PostgreSQL)."""
        with self.sessions() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that what was read stays true.
        """
        with self.sessions() as session:
            session.connection(execution_options={"parley_write": True})
            yield session
            for hook in self.before_commit:
                hook(session)
            session.commit()
            for hook in self.after_commit:
                hook(session)

    def value(self, query: str) -> Any:
        """The one value that a query without parameters reads, None where there is none: for what is asked all the time.
        By the driver itself: SQLAlchemy's way to a statement takes three times as long as such a statement."""
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(query)
            row = cursor.fetchone()
        finally:
            connection.close()
        return row[0] if row else None

    def among(self, column: SQLColumnExpression[str], name: str) -> ColumnElement[bool]:
        """Whether a column is in the list of strings that is bound as `name`: one parameter, and one statement for all
        lists. A hundred parameters cost SQLAlchemy more than the reading does."""
        if self.is_postgres:
            return column == any_(bindparam(name, type_=ARRAY(String)))
        each = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
        return column.in_(select(each.c.value))

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread, for asynchronous callers; a cancelled caller leaves it running."""
        return await anyio.to_thread.run_sync(work, *args, abandon_on_cancel=True)

    def migrate(self, data_dir: Path) -> None:
        """Brings the schema to the newest version; cheap when it is there already.

        Raises DatabaseError when the database does not answer or is newer than this program.
        """
        try:
            if self._version() == HEAD:
                return
            # Alembic costs half a second to import: only when there is something to do.
            from help_center.schema import UnknownRevision, upgrade

            with _only_one(self.engine, self.is_postgres, data_dir):
                if self._version() != HEAD:
                    try:
                        upgrade(self.engine)
                    except UnknownRevision as error:
                        newer = f"the database is of a newer Parley (revision {error}, this one knows {HEAD})"
                        raise DatabaseError(
                            f"{newer}: install that one, or use another PARLEY_DATABASE_URL."
                        ) from error
        except SQLAlchemyError as error:
            where = self.engine.url.render_as_string(hide_password=True)
            why = reason(getattr(error, "orig", error))
            raise DatabaseError(
                f"the database {where} cannot be used: {why}. Check PARLEY_DATABASE_URL."
            ) from error

    @cached_property
    def installation_id(self) -> str:
        """Names what this installation keeps outside of its database: another one may use the same Chroma or Redis."""
        fact = self.fact("installation_id", lambda: {"id": secrets.token_hex(6)})
        assert fact is not None
        return str(fact["id"])

    def fact(self, key: str, make: Callable[[], dict[str, Any]] | None = None) -> dict[str, Any] | None:
        """A kept installation fact; made once by `make`, whoever comes first wins."""
        with self.read() as session:
            row = session.get(InstallationFact, key)
        if row is not None or make is None:
            return row.value if row is not None else None
        with self.write() as session:
            row = session.get(InstallationFact, key)
            if row is None:
                insert = (
                    "INSERT INTO installation (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING"
                )
                session.execute(text(insert), {"key": key, "value": json.dumps(make())})
                row = session.scalars(select(InstallationFact).where(InstallationFact.key == key)).one()
            return row.value

    def keep_fact(self, key: str, value: dict[str, Any]) -> None:
        with self.write() as session:
            session.merge(InstallationFact(key=key, value=value))

    def close(self) -> None:
        self.engine.dispose()

    def _version(self) -> str | None:
        with self.engine.connect() as connection:
            if not self.engine.dialect.has_table(connection, "alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            connect_args={"timeout": 30, "check_same_thread": False},
            pool_size=10,
            max_overflow=50,
            hide_parameters=True,
        )
        file = engine.url.database
        if file and file != ":memory:":
            Path(file).parent.mkdir(parents=True, exist_ok=True)

        @event.listens_for(engine, "connect")
        def on_connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions are begun by on_begin, not by the driver
            cursor = connection.cursor()
            # FULL: an acknowledged message survives a power cut, too
            _wal(cursor)
            for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def on_begin(connection: Any) -> None:
            write = connection.get_execution_options().get("parley_write")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        return engine
    return create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
        hide_parameters=True,
    )


def _wal(cursor: Any, seconds: float = 30.0) -> None:
    """Write-ahead log. The switch is not covered by SQLite's own busy timeout: processes that start together meet here."""
    end = time.monotonic() + seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def _only_one(engine: Engine, is_postgres: bool, data_dir: Path) -> Iterator[None]:
    """Two processes that start together must not migrate together."""
    if is_postgres:
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
    else:
        data_dir.mkdir(parents=True, exist_ok=True)
        with open(data_dir / "migrate.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
