"""Agents, roles, teams, sign-in and API tokens: who gets in, who is put out, and who may change what."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import argon2
import httpx
import pytest
import sqlalchemy
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits import parse

from escalation import handoff as handoffs
from escalation import people_door
from escalation.changing import both_locked
from help_center import people
from help_center.conversations import Handoff
from help_center.database import Base, now
from help_center.desk import Team
from help_center.people import ACCOUNT_TRIES, FREE_TRIES, Agent, SignInTries, lock_after
from help_center.web import BROWSER_COOKIE, SESSION_COOKIE, Doorkeeper, RateLimits, install_problems
from tests.conftest import Installation
from tests.escalation.conftest import BROWSERS, PASSWORD, Colleague, House

WRONG = "e-mail and password do not belong together: check both and try again."


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is checked some thousand times here."""
    monkeypatch.setattr(people, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    people._nobody.cache_clear()


@pytest.fixture
def grace(house: House) -> Colleague:
    return house.agent("Grace", "admin")


@pytest.fixture
def lea(house: House) -> Colleague:
    return house.agent("Lea", "lead")


@pytest.fixture
def sign_in(house: House) -> Iterator[Callable[..., httpx.Response]]:
    """Signs in from a network, with the mark of a browser or without. The limit per minute is not what is looked at here."""
    app = FastAPI()
    install_problems(app)
    doorkeeper = Doorkeeper(house.database, ("127.0.0.1",))
    limits = RateLimits("off", None)
    limits._rules["sign-ins"] = parse("10000/second")
    app.include_router(people_door.routes(house.database, doorkeeper, limits, BROWSERS))
    with TestClient(app, client=("127.0.0.1", 4711)) as client:

        def one(
            email: str, password: str = PASSWORD, network: str = "testclient", browser: str | None = None
        ) -> httpx.Response:
            headers = {"X-Forwarded-For": network}
            if browser:
                headers["Cookie"] = f"{BROWSER_COOKIE}={browser}"
            client.cookies.clear()
            return client.post("/api/session", json={"email": email, "password": password}, headers=headers)

        yield one


def ask(client, who: Colleague, method: str, path: str, body: Any = None) -> httpx.Response:
    return client.request(method, path, json=body, headers=who.headers)


def done(client, who: Colleague, method: str, path: str, body: Any = None) -> Any:
    answer = ask(client, who, method, path, body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


# The lock-out


@pytest.mark.parametrize(
    ("failed", "minutes"), [(1, 0), (9, 0), (10, 15), (11, 0), (19, 0), (20, 30), (30, 60), (900, 1440)]
)
def test_each_ten_wrong_passwords_lock_for_longer(failed, minutes):
    assert lock_after(failed) == (timedelta(minutes=minutes) if minutes else None)


@pytest.mark.parametrize(
    ("failed", "minutes"),
    [(10, 0), (80, 0), (90, 0), (99, 0), (100, 15), (105, 0), (110, 30), (120, 60), (900, 1440)],
)
def test_a_hundred_wrong_passwords_from_all_networks_lock_and_then_each_ten(failed, minutes):
    assert lock_after(failed, ACCOUNT_TRIES) == (timedelta(minutes=minutes) if minutes else None)


def test_after_ten_wrong_passwords_not_even_the_right_one_opens(house, ada, sign_in):
    answers = [sign_in(ada.email, f"guess {n}") for n in range(FREE_TRIES)]
    assert {answer.status_code for answer in answers} == {401}
    refused = sign_in(ada.email)
    assert refused.status_code == 429
    assert refused.json()["detail"] == "too many tries: wait 15 minutes or ask an admin."
    assert 890 < int(refused.headers["retry-after"]) <= 900


def test_a_stranger_cannot_tell_an_agent_from_nobody_by_the_lock_out(house, ada, sign_in):
    def told(email):
        answers = [sign_in(email, "a guess") for _ in range(FREE_TRIES + 2)]
        return [(one.status_code, one.json()["detail"]) for one in answers]

    assert told(ada.email) == told("nobody@example.org") == told(" NOBODY@else.org ")


def test_who_guesses_elsewhere_keeps_no_agent_out(house, ada, sign_in):
    for n in range(FREE_TRIES):
        assert sign_in(ada.email, f"guess {n}", "2001:db8:0:7::1").status_code == 401
    assert sign_in(ada.email, network="2001:db8:0:7:ffff::2").status_code == 429, (
        "all of a /64 is one network"
    )
    assert sign_in(ada.email, network="2001:db8:0:8::1").status_code == 200
    assert sign_in(ada.email).status_code == 200
    assert sign_in(ada.email, network="2001:db8:0:7::1").status_code == 429


def test_an_address_of_ipv4_is_one_network_however_it_is_written(house, ada, sign_in):
    for n in range(FREE_TRIES):
        sign_in(ada.email, f"guess {n}", ("10.0.0.1", "::ffff:10.0.0.1")[n % 2])
    assert sign_in(ada.email, network="10.0.0.1").status_code == 429
    assert sign_in(ada.email, network="::ffff:10.0.0.2").status_code == 200


def guessed(sign_in: Callable[..., httpx.Response], email: str, tries: int = ACCOUNT_TRIES) -> None:
    """From as many networks as it takes."""
    for n in range(tries):
        answer = sign_in(email, f"guess {n}", f"10.0.{n // FREE_TRIES}.1")
        assert answer.status_code == 401


def test_many_networks_have_a_hundred_guesses_together_and_a_known_browser_comes_in(house, ada, sign_in):
    known = sign_in(ada.email).cookies[BROWSER_COOKIE]
    guessed(sign_in, ada.email)
    refused = sign_in(ada.email, network="10.9.9.9")
    assert (refused.status_code, refused.json()["detail"]) == (
        429,
        "too many tries: wait 15 minutes or ask an admin.",
    )
    assert sign_in(ada.email).status_code == 429, "her own network, another browser"
    entered = sign_in(ada.email, network="10.9.9.9", browser=known)
    assert entered.status_code == 200
    assert sign_in(ada.email, network="10.8.8.8").status_code == 429, "which unlocks it for nobody else"
    with house.database.write() as session:  # a quarter of an hour later
        session.execute(sqlalchemy.update(SignInTries).values(locked_until=now() - timedelta(seconds=1)))
    guessed(sign_in, ada.email, FREE_TRIES)
    assert "30 minutes" in sign_in(ada.email, network="10.9.9.9").json()["detail"]


def test_many_networks_at_once_have_no_more_than_a_hundred_guesses(house, ada, sign_in):
    guessed(sign_in, ada.email, ACCOUNT_TRIES - 6)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: sign_in(ada.email, "x", f"10.1.{n}.1").status_code, range(12)))
    assert sorted(answers) == [401] * 6 + [429] * 6


def test_a_known_browser_is_counted_by_itself_wherever_it_is(house, ada, sign_in):
    known = sign_in(ada.email).cookies[BROWSER_COOKIE]
    for n in range(FREE_TRIES):
        assert sign_in(ada.email, f"guess {n}", f"10.0.{n}.1", known).status_code == 401
    assert sign_in(ada.email, network="10.0.77.1", browser=known).status_code == 429
    assert sign_in(ada.email, network="10.0.1.1").status_code == 200


def test_a_mark_is_of_one_agent_and_of_one_password(house, client, ada, ben, grace, sign_in):
    marks = {who.name: sign_in(who.email).cookies[BROWSER_COOKIE] for who in (ada, ben)}
    guessed(sign_in, ada.email)
    for mark in (marks["Ben"], marks["Ada"] + "x", "x", BROWSERS._serializer.dumps("x")):
        assert sign_in(ada.email, browser=mark).status_code == 429
    assert sign_in(ada.email, browser=marks["Ada"]).status_code == 200
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"password": "an even better one"})
    guessed(sign_in, ada.email)
    assert sign_in(ada.email, "an even better one", browser=marks["Ada"]).status_code == 429


def test_who_changes_the_password_is_known_on(client, ada, sign_in):
    client.post("/api/session", json={"email": ada.email, "password": PASSWORD})
    before = client.cookies[BROWSER_COOKIE]
    body = {"password": {"old": PASSWORD, "new": "an even better one"}}
    assert client.put("/api/session/me", json=body).status_code == 200
    guessed(sign_in, ada.email)
    assert sign_in(ada.email, "an even better one", browser=before).status_code == 429
    assert sign_in(ada.email, "an even better one", browser=client.cookies[BROWSER_COOKIE]).status_code == 200


def test_an_agent_who_comes_in_gives_no_guesser_elsewhere_new_tries(house, ada, sign_in):
    guessed(sign_in, ada.email, ACCOUNT_TRIES - FREE_TRIES)
    for n in range(FREE_TRIES - 1):
        sign_in(ada.email, f"slip {n}")
    assert sign_in(ada.email).status_code == 200, "her own slips are forgotten"
    for n in range(FREE_TRIES):
        assert sign_in(ada.email, f"guess {n}", "10.7.7.7").status_code == 401
    assert sign_in(ada.email, network="10.6.6.6").status_code == 429


def test_many_guesses_at_once_are_no_way_around_the_lock(house, ada, sign_in):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: sign_in(ada.email, f"guess {n}").status_code, range(24)))
    assert sorted(answers) == [401] * FREE_TRIES + [429] * (24 - FREE_TRIES)


def test_the_right_password_forgets_the_wrong_ones(house, ada, sign_in):
    for _ in range(3):
        for n in range(FREE_TRIES - 1):
            assert sign_in(ada.email, f"guess {n}").status_code == 401
        assert sign_in(ada.email).status_code == 200


def test_the_lock_ends_by_itself_and_the_next_one_is_longer(house, ada, sign_in):
    for n in range(FREE_TRIES):
        sign_in(ada.email, f"guess {n}")
    with house.database.write() as session:  # a quarter of an hour later
        session.execute(sqlalchemy.update(SignInTries).values(locked_until=now() - timedelta(seconds=1)))
    for n in range(FREE_TRIES):
        assert sign_in(ada.email, f"guess {n}").status_code == 401
    assert "30 minutes" in sign_in(ada.email).json()["detail"]


def test_a_day_later_nothing_of_the_wrong_passwords_is_kept(house, ada, sign_in):
    for n in range(FREE_TRIES - 1):
        sign_in(ada.email, f"guess {n}")
    with house.database.write() as session:
        session.execute(sqlalchemy.update(SignInTries).values(last_at=now() - timedelta(days=2)))
    sign_in("nobody@example.org", "x")
    with house.database.read() as session:
        assert [row.failed for row in session.scalars(sqlalchemy.select(SignInTries))] == [1, 1]


def test_an_admin_sees_and_ends_a_lock(house, client, ada, grace, sign_in):
    for n in range(FREE_TRIES):
        sign_in(ada.email, f"guess {n}")
    listed = {one["id"]: one for one in done(client, grace, "GET", "/api/agents")["items"]}
    assert listed[ada.id]["locked_until"] is not None
    assert listed[grace.id]["locked_until"] is None
    assert done(client, grace, "PUT", f"/api/agents/{ada.id}", {"unlock": True})["locked_until"] is None
    assert sign_in(ada.email).status_code == 200
    guessed(sign_in, ada.email)
    assert done(client, grace, "PUT", f"/api/agents/{ada.id}", {"unlock": True})["locked_until"] is None
    assert sign_in(ada.email, network="10.0.0.1").status_code == 200, "unlocked for everybody"


def test_who_is_signed_in_already_works_on_while_the_account_is_locked(house, client, ada, sign_in):
    client.post("/api/session", json={"email": ada.email, "password": PASSWORD})
    for n in range(FREE_TRIES + 1):
        sign_in(ada.email, f"guess {n}")
    assert client.get("/api/session").status_code == 200


# Sessions and passwords


def test_signing_in_again_ends_the_session_of_before(client, ada):
    secrets = []
    for _ in range(2):
        client.post("/api/session", json={"email": ada.email, "password": PASSWORD})
        secrets.append(client.cookies[SESSION_COOKIE])
    assert secrets[0] != secrets[1]
    client.cookies.clear()
    assert client.get("/api/session", cookies={SESSION_COOKIE: secrets[0]}).status_code == 401


@pytest.mark.parametrize(
    ("proxies", "public_url", "said", "secure"),
    [
        ((), None, {}, False),
        ((), "http://help.example.org", {}, False),
        ((), "https://help.example.org", {}, True),
        (("127.0.0.1",), None, {"X-Forwarded-Proto": "https"}, True),  # the nginx of the documentation
        (("127.0.0.1",), None, {"X-Forwarded-Proto": "HTTPS, http"}, True),
        (("127.0.0.1",), None, {"X-Forwarded-Proto": "http"}, False),
        (("10.0.0.1",), None, {"X-Forwarded-Proto": "https"}, False),  # nobody whom we trust says so
    ],
)
def test_the_session_goes_over_https_where_people_come_in_by_https(
    house, ada, proxies, public_url, said, secure
):
    app = FastAPI()
    doorkeeper = Doorkeeper(house.database, proxies, public_url=public_url)
    app.include_router(people_door.routes(house.database, doorkeeper, RateLimits("off", None), BROWSERS))
    with TestClient(app, client=("127.0.0.1", 4711)) as browser:
        entered = browser.post("/api/session", json={"email": ada.email, "password": PASSWORD}, headers=said)
        cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
        change = {"password": {"old": PASSWORD, "new": "an even better one"}}
        changed = browser.put("/api/session/me", json=change, headers=said | cookie)
        cookie = {"Cookie": changed.headers["set-cookie"].split(";")[0]}
        left = browser.delete("/api/session", headers=said | cookie)
    for answer in (entered, changed, left):
        assert answer.is_success
        assert ("; secure" in answer.headers["set-cookie"].lower()) == secure


def test_a_new_password_ends_every_other_session(app, client, ada):
    other = TestClient(app)
    for browser in (client, other):
        browser.post("/api/session", json={"email": ada.email, "password": PASSWORD})
    before = client.cookies[SESSION_COOKIE]
    body = {"password": {"old": PASSWORD, "new": "an even better one"}}
    assert client.put("/api/session/me", json=body).status_code == 200
    assert client.cookies[SESSION_COOKIE] != before
    assert client.get("/api/session").status_code == 200
    assert other.get("/api/session").status_code == 401
    assert other.post("/api/session", json={"email": ada.email, "password": PASSWORD}).status_code == 401
    good = {"email": ada.email, "password": "an even better one"}
    assert other.post("/api/session", json=good).status_code == 200


def test_without_the_old_password_there_is_no_new_one(client, ada):
    for old in ("wrong", ""):
        body = {"password": {"old": old, "new": "an even better one"}, "name": "Somebody else"}
        answer = ask(client, ada, "PUT", "/api/session/me", body)
        assert answer.status_code == 403
    assert done(client, ada, "GET", "/api/session")["agent"]["name"] == "Ada"


def test_guessing_the_old_password_locks_as_signing_in_does(house, client, ada, sign_in):
    for n in range(FREE_TRIES - 1):
        sign_in(ada.email, f"guess {n}")
    body = {"password": {"old": "a guess", "new": "an even better one"}}
    assert ask(client, ada, "PUT", "/api/session/me", body).status_code == 403
    assert ask(client, ada, "PUT", "/api/session/me", body).status_code == 429


def test_agents_change_what_is_theirs_and_nothing_more(client, ada):
    wanted = {"available": False, "name": " Ada L. ", "notify": {"desktop": True}}
    done(client, ada, "PUT", "/api/session/me", wanted)
    done(client, ada, "PUT", "/api/session/me", {"notify": {"email": True}})
    agent = done(client, ada, "GET", "/api/session")["agent"]
    assert (agent["available"], agent["name"]) == (False, "Ada L.")
    assert agent["notify"] == {"desktop": True, "email": True}
    assert ask(client, ada, "PUT", "/api/session/me", {"role": "admin"}).status_code == 422


# Deactivated agents


def test_a_deactivated_agent_is_out_at_once_and_their_conversations_wait_again(house, client, ada, grace):
    id = house.waiting()
    done(client, ada, "POST", f"/api/handoffs/{id}/claim")
    browser = {"email": ada.email, "password": PASSWORD}
    secret = client.post("/api/session", json=browser).cookies[SESSION_COOKIE]
    client.cookies.clear()
    told = done(client, grace, "PUT", f"/api/agents/{ada.id}", {"active": False})
    assert (told["active"], told["open"]) == (False, 0)
    assert client.get("/api/handoffs", headers=ada.headers).status_code == 401
    assert client.get("/api/handoffs", cookies={SESSION_COOKIE: secret}).status_code == 401
    client.cookies.clear()
    answer = client.post("/api/session", json=browser)
    assert (answer.status_code, answer.json()["detail"]) == (401, WRONG)
    assert (house.handoff(id).status, house.handoff(id).assignee_id) == ("waiting", None)
    assert house.conversation_of(id).status == "waiting"


def test_who_is_let_in_again_needs_a_new_session_and_new_tokens(house, client, ada, grace):
    for active in (False, True):
        done(client, grace, "PUT", f"/api/agents/{ada.id}", {"active": active})
    assert client.get("/api/handoffs", headers=ada.headers).status_code == 401
    assert client.post("/api/session", json={"email": ada.email, "password": PASSWORD}).status_code == 200


def test_the_event_stream_of_a_deactivated_agent_ends_at_once(house, address, ada, grace):
    with httpx.stream("GET", f"{address}/api/inbox/events", headers=ada.headers, timeout=60) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: ready"
        body = {"active": False}
        httpx.put(
            f"{address}/api/agents/{ada.id}", json=body, headers=grace.headers, timeout=60
        ).raise_for_status()
        rest = [line for line in lines if line.startswith(("event:", "data:"))]
    assert rest[-2] == "event: error"
    assert json.loads(rest[-1].removeprefix("data: "))["status"] == 401


@pytest.mark.services
def test_who_is_put_out_while_they_write_a_note_has_written_it(house, client, ada, grace, until_one_waits):
    """The note has the conversation and names its author; who puts them out has the author and wants the conversation."""
    id = house.waiting()
    done(client, ada, "POST", f"/api/handoffs/{id}/claim")
    with ThreadPoolExecutor(1) as workers:
        with house.database.write() as session:
            both_locked(session, id)
            put_out = workers.submit(done, client, grace, "PUT", f"/api/agents/{ada.id}", {"active": False})
            until_one_waits()
            handoffs.note(session, id, ada.viewer, "Goodbye.")
        assert put_out.result()["active"] is False
    packet = done(client, grace, "GET", f"/api/handoffs/{id}")
    assert [note["text"] for note in packet["notes"]] == ["Goodbye."]
    assert house.handoff(id).status == "waiting"


@pytest.fixture
def until_one_waits(house: House) -> Callable[[], None]:
    """Until PostgreSQL says that somebody waits for a lock. On SQLite there is one writer: whoever comes second waits."""

    def wait() -> None:
        query = sqlalchemy.text(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        until = time.monotonic() + 60
        while house.database.is_postgres and time.monotonic() < until:
            with house.database.read() as session:
                if session.scalar(query):
                    return
            time.sleep(0.01)

    return wait


def test_the_list_has_who_left_only_when_asked(client, ada, ben, grace):
    done(client, grace, "PUT", f"/api/agents/{ben.id}", {"active": False})
    assert [one["name"] for one in done(client, ada, "GET", "/api/agents")["items"]] == ["Ada", "Grace"]
    everybody = done(client, ada, "GET", "/api/agents?all=1")["items"]
    assert [one["name"] for one in everybody] == ["Ada", "Ben", "Grace"]


def test_the_last_admin_stays(client, ada, grace):
    for change in ({"active": False}, {"role": "lead"}, {"role": "agent"}):
        answer = ask(client, grace, "PUT", f"/api/agents/{grace.id}", change)
        assert answer.status_code == 409
        assert "the last admin" in answer.json()["detail"]
    assert done(client, grace, "GET", "/api/agents?all=1")["items"][1]["role"] == "admin"


def test_two_admins_cannot_put_each_other_out_in_the_same_moment(house, address):
    for _ in range(4):
        pair = [house.agent(f"Admin{n}", "admin") for n in range(2)]
        bodies = list(zip(pair, reversed(pair), strict=True))
        with ThreadPoolExecutor(2) as pool:
            list(
                pool.map(
                    lambda two: httpx.put(
                        f"{address}/api/agents/{two[1].id}", json={"role": "agent"}, headers=two[0].headers
                    ),
                    bodies,
                )
            )
        with house.database.write() as session:
            admins = session.scalars(sqlalchemy.select(Agent).where(Agent.role == "admin")).all()
            assert len(admins) == 1
            session.execute(sqlalchemy.delete(Agent))


# Roles

ADMINS_ONLY = [
    ("POST", "/api/agents"),
    ("PUT", "/api/agents/x"),
    ("POST", "/api/teams"),
    ("PUT", "/api/teams/x"),
    ("DELETE", "/api/teams/x"),
    ("GET", "/api/desk"),
    ("PUT", "/api/desk"),
]
LEADS_ONLY = [("GET", "/api/audit"), ("GET", "/api/audit.csv")]


def test_who_may_not_is_told_so(client, ada, lea, grace):
    for method, path in ADMINS_ONLY + LEADS_ONLY:
        door = f"{method} {path}"
        assert client.request(method, path, json={}).status_code == 401, door
        assert ask(client, ada, method, path, {}).status_code == 403, door
        refused = ask(client, lea, method, path, {}).status_code == 403
        assert refused == ((method, path) in ADMINS_ONLY), door
        assert ask(client, grace, method, path, {}).status_code not in {401, 403}, door


def test_an_agent_made_by_an_admin_signs_in_with_the_role_given(client, grace):
    body = {"email": "New@Example.org", "name": "Noor", "role": "lead", "password": "a first password"}
    made = done(client, grace, "POST", "/api/agents", body)
    assert (made["email"], made["role"], made["active"]) == ("new@example.org", "lead", True)
    answer = client.post("/api/session", json={"email": "new@example.org", "password": "a first password"})
    assert answer.json()["agent"]["role"] == "lead"
    assert client.get("/api/audit").status_code == 200


def test_an_agent_who_cannot_be_made_is_refused_with_one_line(client, ada, grace):
    for body, told in (
        ({"email": "ada@example.org"}, "is an agent already"),
        ({"email": "no address"}, "is no e-mail address"),
        ({"email": "x@example.org", "password": "short"}, "at least 8 characters"),
    ):
        answer = ask(client, grace, "POST", "/api/agents", body)
        assert answer.status_code == 409
        assert told in answer.json()["detail"]


def test_a_change_of_role_holds_for_the_next_request(client, ada, grace):
    assert ask(client, ada, "GET", "/api/audit").status_code == 403
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"role": "lead"})
    assert ask(client, ada, "GET", "/api/audit").status_code == 200


def test_only_admins_see_who_is_locked_and_who_was_here_when(client, ada, grace):
    private = {"locked_until", "last_seen_at", "created_at", "has_password"}
    assert not private & done(client, ada, "GET", "/api/agents")["items"][0].keys()
    assert private <= done(client, grace, "GET", "/api/agents")["items"][0].keys()


# API tokens


def test_a_token_is_shown_once_listed_by_its_end_and_withdrawn_at_once(house, client, ada):
    made = done(client, ada, "POST", f"/api/agents/{ada.id}/tokens", {"name": " Nightly report "})
    secret = made.pop("token")
    listed = done(client, ada, "GET", f"/api/agents/{ada.id}/tokens")["items"]
    assert listed[0] == made
    assert (made["name"], made["hint"], made["last_used_at"]) == ("Nightly report", secret[-4:], None)
    with_token = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/session", headers=with_token).json()["agent"]["id"] == ada.id
    assert ask(client, ada, "DELETE", f"/api/tokens/{made['id']}").status_code == 204
    assert client.get("/api/session", headers=with_token).status_code == 401
    assert made["id"] not in str(done(client, ada, "GET", f"/api/agents/{ada.id}/tokens"))
    assert secret not in everything(house)


def everything(house: House) -> str:
    """Every row of every table."""
    with house.database.read() as session:
        tables = Base.metadata.sorted_tables
        return "".join(str(session.execute(sqlalchemy.select(table)).all()) for table in tables)


def test_when_a_token_was_used_and_an_agent_seen_is_written_down_by_the_clock(house, client, ada, grace):
    doorkeeper = Doorkeeper(house.database, ())
    app = FastAPI()
    app.include_router(people_door.routes(house.database, doorkeeper, RateLimits("off", None), BROWSERS))
    with TestClient(app) as door:
        before = now()
        assert door.get("/api/session", headers=ada.headers).status_code == 200
        doorkeeper.keep_uses()
    token = done(client, grace, "GET", f"/api/agents/{ada.id}/tokens")["items"][0]
    assert token["last_used_at"] >= before.isoformat()[:19]
    seen = {one["id"]: one["last_seen_at"] for one in done(client, grace, "GET", "/api/agents")["items"]}
    assert seen == {ada.id: token["last_used_at"], grace.id: None}


def test_nobody_but_admins_reaches_the_tokens_of_others(client, ada, ben, grace):
    made = done(client, ada, "POST", f"/api/agents/{ada.id}/tokens", {"name": "mine"})
    assert ask(client, ben, "GET", f"/api/agents/{ada.id}/tokens").status_code == 404
    assert ask(client, ben, "POST", f"/api/agents/{ada.id}/tokens", {"name": "theirs"}).status_code == 404
    assert ask(client, ben, "DELETE", f"/api/tokens/{made['id']}").status_code == 404
    assert ask(client, grace, "DELETE", f"/api/tokens/{made['id']}").status_code == 204


# Teams

BILLING = {"name": "Billing", "languages": ["de"], "sections": ["Orders"], "strategy": "least_busy"}


def test_a_team_is_made_changed_and_listed_with_its_members(client, ada, ben, grace):
    made = done(client, grace, "POST", "/api/teams", BILLING | {"members": [ben.id, ada.id, ada.id]})
    assert made["members"] == [{"id": ada.id, "name": "Ada"}, {"id": ben.id, "name": "Ben"}]
    assert done(client, ada, "GET", "/api/session")["agent"]["teams"] == [
        {"id": made["id"], "name": "Billing"}
    ]
    hours = {"timezone": "Europe/Berlin", "weekly": {"mon": [{"start": "09:00", "end": "17:00"}]}}
    changed = done(
        client, grace, "PUT", f"/api/teams/{made['id']}", BILLING | {"name": "Money", "hours": hours}
    )
    assert (changed["name"], changed["members"], changed["hours"]["timezone"]) == (
        "Money",
        [],
        "Europe/Berlin",
    )
    assert done(client, ada, "GET", "/api/teams")["items"] == [changed]


def test_a_team_that_cannot_be_is_refused_with_one_line(client, grace):
    done(client, grace, "POST", "/api/teams", BILLING)
    for body, status in (
        (BILLING | {"name": "BILLING"}, 409),
        (BILLING | {"name": "Other", "members": ["nobody"]}, 409),
        (BILLING | {"name": "  "}, 422),
        (BILLING | {"name": "Other", "languages": ["klingon language"]}, 422),
        (BILLING | {"name": "Other", "hours": {"timezone": "Mars/Olympus"}}, 422),
    ):
        assert ask(client, grace, "POST", "/api/teams", body).status_code == status, body
    assert [one["name"] for one in done(client, grace, "GET", "/api/teams")["items"]] == ["Billing"]


def test_the_conversations_of_a_deleted_team_belong_to_no_team(house, client, grace):
    made = done(client, grace, "POST", "/api/teams", BILLING)
    id = house.waiting()
    with house.database.write() as session:
        session.get_one(Handoff, id).team_id = made["id"]
    assert ask(client, grace, "DELETE", f"/api/teams/{made['id']}").status_code == 204
    assert house.handoff(id).team_id is None
    assert house.handoff(id).status == "waiting"
    with house.database.read() as session:
        assert session.get(Team, made["id"]) is None


def test_the_inbox_hears_of_people_and_teams(house, client, ada, grace):
    done(client, grace, "PUT", f"/api/agents/{ada.id}", {"name": "Ada L."})
    made = done(client, grace, "POST", "/api/teams", BILLING)
    heard = [payload for kind, payload in house.events("inbox") if kind == "people"]
    assert heard == [{"agent_id": ada.id}, {"team_id": made["id"]}]


# The command line


@pytest.mark.slow
def test_agents_are_kept_from_the_command_line(installation: Installation) -> None:
    def run(*words: str) -> Any:
        return json.loads(installation.parley("agent", *words, "--json").stdout)

    def fails(*words: str) -> str:
        ended = installation.parley("agent", *words, check=False)
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        return line

    run("add", "grace@example.org", "--role", "admin", "--token")
    assert run("add", "lea@example.org", "--role", "lead", "--token")["role"] == "lead"
    assert run("token", "LEA@example.org", "--name", "Nightly report")["token"].startswith("parley_")
    assert run("unlock", "lea@example.org")["was_locked"] is False
    assert "the last admin" in fails("deactivate", "grace@example.org")
    assert "parley agent list" in fails("token", "nobody@example.org")
    assert run("deactivate", "lea@example.org")["active"] is False
    everybody = installation.parley("agent", "list", "--all").stdout
    assert "grace@example.org  admin  active" in everybody
    assert "lea@example.org  lead  deactivated" in everybody
