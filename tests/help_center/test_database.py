"""The database: its schema and Alembic's are one, it migrates once, and a transaction is all or nothing."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Column, Index, select, text

import help_center.tables  # noqa: F401  (fills Base.metadata)
from help_center.database import HEAD, Base, Database, DatabaseError, InstallationFact, iso, new_id, now
from help_center.people import Customer
from help_center.schema import newest

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    made = Database(url)
    made.migrate(tmp_path)
    yield made
    made.close()


def _json_apart(_context: object, _column: object, wanted: Column[object], *_defaults: object) -> bool | None:
    """PostgreSQL has no equality of JSON: such defaults are not compared; None leaves it to Alembic."""
    return False if isinstance(wanted.type, JSON) else None


def _ours(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """SQLite's full-text index is no table of the program, and an index of PostgreSQL's kind is not on SQLite."""
    if kind == "index" and isinstance(item, Index) and item._ddl_if is not None:
        return False
    return not (name or "").startswith("handoff_terms")


def test_what_alembic_makes_is_what_the_program_expects(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": _json_apart, "include_object": _ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []
        tables = set(database.engine.dialect.get_table_names(connection))
    mine = {name for name in tables if not name.startswith("handoff_terms")}
    assert mine == set(Base.metadata.tables) | {"alembic_version"}


def test_the_head_that_the_program_names_is_the_newest_script() -> None:
    assert newest() == HEAD


def test_migrating_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.add(Customer(id="c1", attributes={}))
    database.migrate(tmp_path)
    with database.read() as session:
        assert session.get(Customer, "c1") is not None


def _migrate(url: str, folder: str, start: object) -> None:
    database = Database(url)
    start.wait()  # type: ignore[attr-defined]
    database.migrate(Path(folder))
    database.fact("secret_key", lambda: {"key": new_id("key")})
    database.close()


@pytest.mark.slow
def test_processes_that_start_together_migrate_once_and_agree(url: str, tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(4)
    # PostgreSQL is one for hosts whose data dirs differ
    folders = [tmp_path if url.startswith("sqlite") else tmp_path / str(n) for n in range(4)]
    started = [processes.Process(target=_migrate, args=(url, str(folder), start)) for folder in folders]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 4
    database = Database(url)
    with database.read() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
        assert len(session.query(InstallationFact).filter_by(key="secret_key").all()) == 1
    database.close()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"newer Parley .*9999"):
        database.migrate(tmp_path)
    with database.read() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


def test_a_database_that_does_not_answer_is_one_line_without_the_password(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://me:secret@127.0.0.1:1/parley")
    with pytest.raises(DatabaseError, match="Check PARLEY_DATABASE_URL") as refused:
        database.migrate(tmp_path)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parley.db").write_text("this is no database " * 100)
    with pytest.raises(DatabaseError, match="cannot be used"):
        Database(f"sqlite:///{tmp_path / 'parley.db'}").migrate(tmp_path)


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(Customer(id="c1", attributes={}))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.get(Customer, "c1") is None


def test_a_reader_never_waits_for_a_writer(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(id="c1", attributes={}))
        session.flush()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_customers, database).result(timeout=60) == 0
    assert _customers(database) == 1


def _customers(database: Database) -> int:
    with database.read() as session:
        return session.query(Customer).count()


def test_what_was_read_in_a_write_stays_true(database: Database) -> None:
    """Forty counters at once, none lost: on SQLite by the write lock, on PostgreSQL by the row's."""
    database.keep_fact("count", {"n": 0})

    def count() -> None:
        with database.write() as session:
            fact = session.get(InstallationFact, "count", with_for_update=True)
            assert fact is not None
            fact.value = {"n": fact.value["n"] + 1}

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(count) for _ in range(40)]:
            done.result()
    assert database.fact("count") == {"n": 40}


def test_the_first_to_make_a_fact_wins(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: database.fact("chosen", lambda: {"by": n}), range(16)))
    assert all(fact == made[0] for fact in made)
    assert database.fact("missing") is None


def test_one_value_is_read_as_it_was_committed_last(database: Database) -> None:
    query = "SELECT value FROM installation WHERE key = 'colour'"
    assert database.value(query) is None
    for colour in ("red", "green"):
        database.keep_fact("colour", {"is": colour})
        assert colour in str(database.value(query))
    with database.write() as session:
        session.execute(text("DELETE FROM installation"))
        assert "green" in str(database.value(query))


def test_a_list_of_any_length_is_one_parameter(database: Database) -> None:
    odd = ["a", "it's", 'say "no"', "%s", "ä", "\\"]
    for key in odd:
        database.keep_fact(key, {})
    query = select(InstallationFact.key).where(database.among(InstallationFact.key, "keys"))
    with database.read() as session:
        for asked in ([], odd[:1], odd, [*odd, *map(str, range(40_000))]):
            assert set(session.scalars(query, {"keys": asked})) == set(asked) & set(odd)


def test_hooks_run_before_and_after_the_commit_of_a_write_that_holds(database: Database) -> None:
    ran: list[str] = []
    database.before_commit.append(lambda session: ran.append(f"before {_customers(database)}"))
    database.after_commit.append(lambda session: ran.append(f"after {_customers(database)}"))
    with database.write() as session:
        session.add(Customer(id="c1", attributes={}))
    assert ran == ["before 0", "after 1"]
    with pytest.raises(ZeroDivisionError), database.write():
        raise ZeroDivisionError
    assert len(ran) == 2


def test_times_come_back_with_their_zone(database: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        session.add(Customer(id="c1", attributes={}, created_at=moment))
    with database.read() as session:
        kept = session.get_one(Customer, "c1").created_at
    assert kept == moment
    assert kept.tzinfo == UTC
    assert iso(kept) == "2026-03-01T10:00:00.250Z"


def test_sqlite_keeps_what_it_acknowledged_through_a_power_cut(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    database.migrate(tmp_path)
    with database.engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    database.close()
    assert sqlite3.connect(tmp_path / "parley.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_ids_sort_by_the_time_of_their_making() -> None:
    first = new_id("msg")
    wait_until = now() + timedelta(milliseconds=40)
    while now() < wait_until:
        pass
    second = new_id("msg")
    assert first < second
    assert len({new_id("msg") for _ in range(1000)}) == 1000
