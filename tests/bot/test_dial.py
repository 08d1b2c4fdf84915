"""The dial: set at /manage it wins over the environment, holds for the next turn, and says what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import doctor
from bot.assess import NEVER, Calibration, Point, default_calibration
from bot.dial import Dial as Kept
from bot.dial import keep_dial
from bot.dial_door import live, step
from help_center import kept
from help_center.conversations import Conversation, TurnRow
from help_center.database import Database, new_id, now
from help_center.desk import AuditEntry
from help_center.people import Customer
from tests.bot.conftest import server_of, settings
from tests.bot.support import Dial, Service


@pytest.fixture(scope="module")
def shop(library: Any, blank_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Everything that is found has a confidence of 0.6, of which the test's calibration promises a tenth wrong."""
    with ExitStack() as stack:
        yield server_of(stack, library, blank_database, tmp_path_factory.mktemp("dial"), dial=Dial(0.6))


@pytest.fixture
def blank(blank_database: Any, tmp_path: Any) -> Iterator[Database]:
    import shutil

    shutil.copy(blank_database, tmp_path / "parley.db")
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    yield database
    database.close()


def turn(service: Service, share: float | None, **headers: str) -> Any:
    with service.client() as client:
        return client.put("/api/dial", json={"max_wrong": share}, headers=headers)


def test_a_setting_holds_for_the_next_turn_and_is_audited(shop: Service) -> None:
    admin = shop.agent("admin")
    with shop.client() as client:
        before = client.get("/api/dial", headers=admin).json()
    assert (before["max_wrong"], before["kept"], before["default"], before["preset"]) == (
        0.1,
        None,
        0.1,
        True,
    )
    assert shop.talk().say("How do I return a bicycle?")["action"] == "answer"
    told = turn(shop, 0.0005, **admin).json()  # the test's calibration promises .001 at best
    assert (told["max_wrong"], told["kept"]) == (0.0005, 0.0005)
    assert shop.talk().say("How do I return a bicycle?")["action"] != "answer"
    turn(shop, 0.0005, **admin)  # nothing new: nothing is logged
    assert turn(shop, None, **admin).json()["kept"] is None
    assert shop.talk().say("How do I return a bicycle?")["action"] == "answer"
    with shop.house.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "dial.change")).all()
    assert [entry.detail["max_wrong"] for entry in entries] == [[None, 0.0005], [0.0005, None]]


def test_only_admins_turn_it_and_only_to_a_share(shop: Service) -> None:
    assert turn(shop, 0.2).status_code == 401
    assert turn(shop, 0.2, **shop.agent()).status_code == 403
    for share in (0, 1, -0.1, 7):
        assert turn(shop, share, **shop.agent("admin")).status_code == 422


def test_another_worker_sees_it_once_it_reads_again(blank: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Database(blank.url)
    dial = Kept(elsewhere, 0.1)
    assert dial() == 0.1
    with blank.write() as session:
        keep_dial(session, 0.02)
    monkeypatch.setattr(kept, "SECONDS", 0.0)  # as if that long had passed
    assert (dial(), dial.kept) == (0.02, 0.02)
    elsewhere.close()


def test_doctor_says_which_setting_is_in_force(tmp_path: Any) -> None:
    from bot.house import House

    mine = settings(tmp_path, max_wrong=0.2)
    house = House(mine)
    assert "PARLEY_MAX_WRONG=0.2" in doctor._confidence(house).told
    with house.database.write() as session:
        keep_dial(session, 0.05)
    told = doctor._confidence(house).told
    assert "the dial of 0.05 that was set at /manage" in told
    assert "PARLEY_MAX_WRONG=0.2 is not used" in told
    house.close()


def test_what_a_setting_costs_is_read_off_the_table() -> None:
    calibration = default_calibration()
    shown = [step(calibration, share / 100) for share in range(1, 51)]
    coverage = [one["coverage"] for one in shown]
    assert coverage == sorted(coverage)
    assert coverage[0] == 0.0 < coverage[-1]
    for one in shown:
        if one["answer_from"] is None:
            assert one["bound"] is None
        else:
            assert one["wrong"] <= one["bound"] <= one["max_wrong"]
            assert one["answer_from"] == calibration.threshold(one["max_wrong"])


def test_the_last_weeks_count_what_only_the_dial_decides(blank: Database) -> None:
    until = now()
    asked = [  # weeks ago, confidence, action, reasons
        (0.1, 0.9, "answer", []),
        (0.2, 0.4, "escalate", ["low_confidence"]),
        (0.3, 0.95, "escalate", ["requested_human"]),
        (0.3, 0.6, "offer", ["nothing_relevant"]),
        (2.5, 0.7, "clarify", ["low_confidence"]),
        (9.0, 0.9, "answer", []),
        (0.1, None, "chat", []),
    ]
    with blank.write() as session:
        session.add(Customer(id="cust_1", attributes={}))
        session.flush()
        session.add(Conversation(id="conv_1", customer_id="cust_1", greeting="", status="bot"))
        session.flush()
        for weeks, confidence, action, reasons in asked:
            session.add(
                TurnRow(
                    id=new_id("turn"), conversation_id="conv_1", status="done", action=action, reasons=reasons,
                    confidence=confidence, created_at=until - timedelta(weeks=weeks),
                )
            )  # fmt: skip
    table = (Point(0.8, 10, 0, 100, 0.05), Point(0.65, 30, 5, 100, 0.2))
    calibration = Calibration(*[default_calibration().answerable] * 2, 1.0, 0.0, table, "a test", "", False)
    assert calibration.threshold(0.01) == NEVER
    with blank.read() as session:
        told = live(session, calibration, [0.01, 0.05, 0.2], until)
    weeks = told["weeks"]
    assert told["others"] == 2
    assert [(week["turns"], week["answered"]) for week in weeks] == [(0, 0), (1, 0), (0, 0), (2, 1)]
    assert weeks[3]["reached"] == [0, 1, 1]
    assert weeks[1]["reached"] == [0, 0, 1]


def test_no_answer_is_likelier_wrong_than_right_however_easy_the_questions_were() -> None:
    table = (Point(0.9, 10, 0, 41, 0.01), Point(0.6, 30, 1, 41, 0.03), Point(0.004, 41, 2, 41, 0.08))
    calibration = Calibration(*[default_calibration().answerable] * 2, 1.0, 0.0, table, "a test", "", False)
    assert calibration.threshold(0.1) == 0.6
    assert [step(calibration, share)["held"] for share in (0.005, 0.02, 0.03, 0.1, 0.5)] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert calibration.threshold(0.02) == 0.9
    assert calibration.threshold(0.999) == 0.004  # who allows all of them to be wrong gets all of them
