"""The audit log: every deed leaves an entry, nothing secret stands in it, and it can be filtered and taken out."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import argon2
import pytest
import sqlalchemy

import bot
import escalation
import help_center
import retrieval
from escalation import audit
from escalation.policies import DeskSettings, changes, desk_settings
from help_center import people
from help_center.database import now
from help_center.desk import AuditEntry
from help_center.people import Viewer
from tests.escalation.conftest import PASSWORD, Colleague, House
from tests.escalation.test_people import BILLING, ask, done

ANYBODY = Viewer("agent_x", "Ada", "agent", address="192.0.2.7")


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def grace(house: House) -> Colleague:
    return house.agent("Grace", "admin")


def log(house: House, **filters) -> list[AuditEntry]:
    with house.database.read() as session:
        return list(session.scalars(audit.Wanted(**filters).query()))


def actions(house: House) -> list[str]:
    return [entry.action for entry in reversed(log(house))]


def test_every_deed_that_the_program_logs_has_a_name_and_every_name_a_deed():
    folders = [Path(package.__file__).parent for package in (bot, escalation, help_center, retrieval)]
    files = [file for folder in folders for file in folder.rglob("*.py") if file.name != "audit.py"]
    code = "\n".join(file.read_text("utf-8") for file in files)
    logged = set(re.findall(r'"((?:[a-z]+)\.[a-z_]+)"', code)) & audit.ACTIONS.keys()
    called = set(re.findall(r'record\(\s*[\w.]+,\s*[\w.()]+(?:\([^)]*\))?,\s*"([a-z._]+)"', code))
    assert called - audit.ACTIONS.keys() == set(), "a deed without a name in audit.ACTIONS"
    assert audit.ACTIONS.keys() - logged == set(), "a name that nothing uses"


def test_everything_that_an_admin_changes_is_logged_with_who_what_and_where_from(house, client, ada, grace):
    done(client, grace, "POST", "/api/agents", {"email": "noor@example.org", "name": "Noor"})
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"role": "lead", "capacity": 3, "available": True})
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"role": "lead"})  # nothing new: no entry
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"password": "quite another one"})
    token = done(client, grace, "POST", f"/api/agents/{ada.id}/tokens", {"name": "report"})
    done(client, grace, "DELETE", f"/api/tokens/{token['id']}")
    team = done(client, grace, "POST", "/api/teams", BILLING | {"members": [ada.id]})
    done(client, grace, "PUT", f"/api/teams/{team['id']}", BILLING | {"name": "Money", "members": [ada.id]})
    done(client, grace, "DELETE", f"/api/teams/{team['id']}")
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"active": False})
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"active": True})
    assert actions(house) == [
        "agent.add", "agent.change", "agent.password", "token.add", "token.withdraw", "team.add", "team.change",
        "team.delete", "agent.deactivate", "agent.activate",
    ]  # fmt: skip
    entries = {entry.action: entry for entry in log(house)}
    assert {(entry.actor_id, entry.actor, entry.address) for entry in entries.values()} == {
        (grace.id, "Grace", "testclient")
    }
    assert entries["agent.change"].subject == ada.id
    assert entries["agent.change"].detail == {"role": ["agent", "lead"], "capacity": [0, 3]}
    assert entries["team.change"].detail == {"name": ["Billing", "Money"]}


def test_signing_in_out_and_being_locked_out_are_logged(house, client, ada):
    client.post("/api/session", json={"email": ada.email, "password": PASSWORD})
    client.delete("/api/session")
    assert actions(house) == ["session.open", "session.close"]
    for n in range(9):
        client.post("/api/session", json={"email": ada.email, "password": f"guess {n}"})
    assert actions(house)[2:] == []
    ask(client, ada, "PUT", "/api/session/me", {"password": {"old": "one more", "new": "does not matter"}})
    # the limit for the address comes before the lock of the account: the tenth try is refused by it
    assert actions(house)[2:] == []


def test_the_lock_out_of_an_agent_is_logged_and_what_strangers_type_is_not(house, client, ada):
    with house.database.write() as session:
        for email in (ada.email, "my-password-in-the-wrong-field"):
            for _ in range(people.FREE_TRIES - 1):
                people.count_try(session, email, "testclient")
    for email in (ada.email, "my-password-in-the-wrong-field"):
        client.post("/api/session", json={"email": email, "password": "wrong"})
    (entry,) = log(house)
    assert (entry.action, entry.subject) == ("session.lock", ada.id)


def test_no_secret_and_no_text_ever_stands_in_the_log(house, client, ada, grace):
    secrets = ["the new password of ada", "T000/B000/slack-secret", "what was said in confidence"]
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"password": secrets[0]})
    secrets.append(done(client, grace, "POST", f"/api/agents/{ada.id}/tokens", {"name": "x"})["token"])
    settings = done(client, grace, "GET", "/api/desk")
    settings["notifications"]["slack_url"] = f"https://hooks.example.org/{secrets[1]}"
    done(client, grace, "PUT", "/api/desk", settings)
    id = house.waiting()
    done(client, grace, "POST", f"/api/handoffs/{id}/claim")
    done(client, grace, "POST", f"/api/handoffs/{id}/reply", {"text": secrets[2]})
    done(client, grace, "POST", f"/api/handoffs/{id}/note", {"text": secrets[2]})
    told = client.get("/api/audit.csv", headers=grace.headers).text
    assert "notifications.slack_url" in told
    assert [secret for secret in secrets if secret in told] == []


def test_a_deed_that_fails_leaves_no_entry(house, client, ada, ben):
    id = house.waiting()
    done(client, ada, "POST", f"/api/handoffs/{id}/claim")
    before = actions(house)
    assert ask(client, ben, "POST", f"/api/handoffs/{id}/claim").status_code == 409
    assert actions(house) == before == ["handoff.claim"]


# Reading it


@pytest.fixture
def written(house: House) -> None:
    """Six days of one deed each, and three deeds on the last day."""
    with house.database.write() as session:
        for day in range(1, 7):
            audit.record(session, ANYBODY, "handoff.claim", f"hand_{day}")
            session.flush()
            session.execute(
                sqlalchemy.update(AuditEntry)
                .where(AuditEntry.subject == f"hand_{day}")
                .values(at=datetime(2026, 3, day, 12, tzinfo=UTC))
            )
        other = Viewer("agent_y", "Ben", "agent")
        for action in ("handoff.resolve", "team.add", "handoff.claim"):
            audit.record(session, other, action, "hand_9")


def test_the_log_is_filtered_by_day_agent_deed_and_subject(client, written, grace):
    def found(query):
        return [
            f"{one['actor']} {one['action']} {one['subject']}"
            for one in done(client, grace, "GET", f"/api/audit?{query}")["items"]
        ]

    assert found("from=2026-03-02&to=2026-03-03") == [f"Ada handoff.claim hand_{day}" for day in (3, 2)]
    assert len(found("to=2026-03-03T12:00:00%2B00:00")) == 2  # a moment is not included
    assert found("actor=agent_y&action=handoff.") == [
        "Ben handoff.claim hand_9",
        "Ben handoff.resolve hand_9",
    ]
    assert found("action=team.add") == ["Ben team.add hand_9"]
    assert found("subject=hand_4") == ["Ada handoff.claim hand_4"]
    assert found("action=handoff") == []
    for bad in ("from=yesterday", "cursor=x", "limit=1000"):
        assert ask(client, grace, "GET", f"/api/audit?{bad}").status_code == 422


def test_pages_of_the_log_follow_each_other(client, written, grace):
    seen, cursor = [], ""
    while cursor is not None:
        page = done(client, grace, "GET", f"/api/audit?limit=2{cursor and '&cursor=' + cursor}")
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == 9
    assert seen == sorted(seen, reverse=True)


def test_the_export_has_every_entry_once_and_is_an_entry_itself(house, client, grace):
    with house.database.write() as session:
        rows = [
            {"actor": "Ada", "action": "handoff.claim", "subject": f"hand_{n}", "detail": {}, "at": now()}
            for n in range(2 * audit.EXPORTED_AT_ONCE + 7)
        ]
        session.execute(sqlalchemy.insert(AuditEntry), rows)
    answer = client.get("/api/audit.csv?action=handoff.claim", headers=grace.headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert {line["subject"] for line in lines} == {row["subject"] for row in rows}
    assert len(lines) == len(rows)
    newest = log(house)[0]
    assert (newest.action, newest.actor_id, newest.detail) == (
        "audit.export",
        grace.id,
        {"action": "handoff.claim"},
    )


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "  ="])
def test_no_cell_of_the_export_is_a_formula(begin):
    assert audit._cell(f"{begin}cmd|' /C calc'!A0").startswith("'")
    assert audit._cell("plain - text = here") == "plain - text = here"


def test_a_name_that_is_a_formula_is_text_in_the_export(house, client, grace):
    body = {"email": "x@example.org", "name": '=HYPERLINK("https://evil.example","click")'}
    made = done(client, grace, "POST", "/api/agents", body | {"password": "a long password"})
    mine = {"email": body["email"], "password": "a long password"}
    client.post("/api/session", json=mine).raise_for_status()
    lines = list(csv.DictReader(io.StringIO(client.get("/api/audit.csv", headers=grace.headers).text)))
    (entry,) = [line for line in lines if line["actor_id"] == made["id"]]
    assert entry["actor"] == "'" + body["name"]


# The settings of the desk


def test_a_change_of_the_settings_holds_at_once_and_is_logged_as_old_and_new(house, client, grace):
    settings = done(client, grace, "GET", "/api/desk")
    settings["capacity"] = 3
    settings["hours"] |= {
        "timezone": "Europe/Berlin",
        "weekly": {"mon": [{"start": "09:00", "end": "17:00"}]},
    }
    assert done(client, grace, "PUT", "/api/desk", settings)["capacity"] == 3
    done(client, grace, "PUT", "/api/desk", settings)  # nothing new: no entry
    with house.database.read() as session:
        assert desk_settings(session).capacity == 3
    (entry,) = log(house)
    assert entry.detail["capacity"] == [8, 3]
    assert entry.detail["hours.timezone"] == ["UTC", "Europe/Berlin"]


def test_of_a_secret_setting_the_log_knows_only_whether_it_is_set():
    def with_slack(address):
        return DeskSettings.model_validate({"notifications": {"slack_url": address}})

    one, other = with_slack("https://a.example/1"), with_slack("https://a.example/2")
    assert changes(DeskSettings(), one) == {"notifications.slack_url": ["not set", "set"]}
    assert changes(one, other) == {"notifications.slack_url": ["set", "set"]}
    assert changes(one, one) == {}


NINE_TO_FIVE = {"start": "09:00", "end": "17:00"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"hours": {"timezone": "Mars/Olympus"}}, "no time zone"),
        ({"hours": {"weekly": {"mon": [NINE_TO_FIVE, {"start": "16:00", "end": "18:00"}]}}}, "overlap"),
        ({"hours": {"weekly": {"mon": [{"start": "17:00", "end": "09:00"}]}}}, "night shift"),
        ({"hours": {"country": "XX"}}, "no public holidays"),
        ({"targets": {"high": {"first_response": 20, "resolution": 10}}}, "cannot be resolved before"),
        ({"targets": {"high": {"first_response": 0, "resolution": 10}}}, "greater than or equal to 1"),
        ({"notifications": {"slack_url": "javascript:alert(1)"}}, "https:// address"),
        ({"notifications": {"emails": ["nobody"]}}, "desk@example.org"),
        ({"nps_share": 2}, "less than or equal to 1"),
        ({"unknown": 1}, "not permitted"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_says_why(house, wrong, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        DeskSettings.model_validate(wrong)


def test_a_wrong_setting_over_http_changes_nothing(house, client, grace):
    answer = ask(client, grace, "PUT", "/api/desk", {"hours": {"timezone": "Mars/Olympus"}})
    assert answer.status_code == 422
    assert "Europe/Berlin" in answer.json()["detail"]
    assert log(house, since=now() - timedelta(hours=1)) == []
