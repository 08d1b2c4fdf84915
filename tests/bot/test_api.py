"""The customers' door over HTTP, as the contract says it: shapes, problems, states, limits, hostile input."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from typing import Any

import httpx
import pytest

from bot.words import in_language
from escalation.policies import DeskSettings, Holiday, Hours, Span, keep_desk_settings
from tests.bot.conftest import Serve
from tests.bot.support import PART, UNSURE, Dial, Event, Service, Talk, events_of

RETURN = "How do I return a bicycle?"
TURN = {"conversation", "message", "action", "confidence", "sentiment", "reasons", "handoff_id", "timings_ms"}
MESSAGE = {"id", "role", "text", "author", "created_at", "sources"}
SOURCE = {"article_id", "title", "url", "heading", "excerpt", "score"}
HANDOFF = {"id", "status", "position", "expected_wait_s", "longer_than_usual", "agent"}
ACTIONS = {"answer", "clarify", "offer", "escalate", "chat", "relay"}


@pytest.fixture
def service(service: Service) -> Service:
    service.dial.confidence, service.dial.domain = Dial.confidence, Dial.domain
    return service


@pytest.fixture
def talk(service: Service) -> Talk:
    return service.talk()


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told: dict[str, Any] = answer.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == status
    assert told["detail"]
    assert "\n" not in told["detail"]
    return told


def is_message(message: dict[str, Any], role: str) -> None:
    assert set(message) - {"client_id", "files"} == MESSAGE
    assert message["role"] == role
    assert datetime.fromisoformat(message["created_at"]).tzinfo is not None
    for source in message["sources"]:
        assert set(source) == SOURCE
        assert source["url"].startswith("/help/articles/")


def is_turn(told: dict[str, Any], action: str, status: str = "bot") -> None:
    assert set(told) == TURN
    assert told["action"] == action
    assert action in ACTIONS
    assert told["conversation"] == {"id": told["conversation"]["id"], "status": status}
    assert told["sentiment"]["label"] in {"negative", "neutral", "positive"}
    assert -1 <= told["sentiment"]["score"] <= 1
    assert told["timings_ms"]["total"] >= 0
    if action == "relay":
        assert told["message"] is None
    else:
        is_message(told["message"], "assistant")
    assert (told["handoff_id"] is not None) == (action in {"escalate", "relay"})


# --- conversations --------------------------------------------------------------------------------------


def test_a_new_conversation_has_an_id_a_token_and_a_greeting(service: Service) -> None:
    with service.client() as client:
        for body in (
            None,
            {},
            {
                "locale": "de-DE",
                "page_url": "https://shop.example/cart",
                "customer": {
                    "id": "c1",
                    "name": "Kim",
                    "email": "kim@example.org",
                    "attributes": {"plan": "pro"},
                },
                "user_hash": "abc",
            },
        ):
            answer = (
                client.post("/api/conversations", json=body)
                if body is not None
                else client.post("/api/conversations")
            )
            assert answer.status_code == 201
            told = answer.json()
            assert set(told) == {"id", "token", "status", "greeting"}
            assert told["status"] == "bot"
            german = bool(body and body.get("locale") == "de-DE")
            assert ("Assistent" if german else "assistant") in told["greeting"]
            assert ("Menschen" if german else "person") in told["greeting"]


def test_a_conversation_shows_its_messages_and_no_handoff(talk: Talk) -> None:
    told = talk.show()
    assert {"id", "status", "messages", "handoff"} <= set(told)
    assert (told["id"], told["status"], told["messages"], told["handoff"]) == (talk.id, "bot", [], None)
    talk.say(RETURN)
    first, second = talk.show()["messages"]
    is_message(first, "customer")
    is_message(second, "assistant")
    assert first["text"] == RETURN


# --- turns -----------------------------------------------------------------------------------------------


def test_an_answer_is_a_turn(talk: Talk) -> None:
    told = talk.say(RETURN)
    is_turn(told, "answer")
    assert told["confidence"] == 0.95
    assert told["reasons"] == []
    assert told["message"]["sources"][0]["article_id"] == "returns"


@pytest.mark.parametrize(
    ("text", "confidence", "domain", "action", "reasons", "status"),
    [
        ("hello", 0.95, 0.95, "chat", [], "bot"),
        ("Which ferry goes to the islands?", 0.05, 0.01, "offer", ["nothing_relevant"], "bot"),
        ("How do I return a bicycle label", PART, 0.95, "offer", ["low_confidence"], "bot"),
        ("How do I return a bicycle label", UNSURE, 0.95, "escalate", ["low_confidence"], "waiting"),
        ("Let me talk to a human", 0.95, 0.95, "escalate", ["requested_human"], "waiting"),
    ],
)
def test_each_action_is_a_turn(
    service: Service,
    text: str,
    confidence: float,
    domain: float,
    action: str,
    reasons: list[str],
    status: str,
) -> None:
    service.dial.confidence, service.dial.domain = confidence, domain
    talk = service.talk()
    told = talk.say(text)
    is_turn(told, action, status)
    assert told["reasons"] == reasons
    assert talk.show()["status"] == status
    if action in {"chat", "escalate"} or "nothing_relevant" in reasons:
        assert told["message"]["sources"] == []


def test_the_same_client_id_gives_the_same_turn_and_saves_nothing_twice(talk: Talk) -> None:
    first = talk.say(RETURN, "one")
    assert talk.say(RETURN, "one") == first
    assert talk.say("something else", "one") == first
    *_, last = talk.stream(RETURN, "one")
    assert last.data == first
    assert len(talk.show()["messages"]) == 2
    assert talk.say(RETURN, "two")["message"]["id"] != first["message"]["id"]


def test_the_same_client_id_in_two_conversations_is_two_messages(service: Service) -> None:
    one, other = service.talk(), service.talk()
    assert one.say(RETURN, "same")["message"]["id"] != other.say(RETURN, "same")["message"]["id"]


def test_twenty_at_once_with_the_same_client_id_are_one_message(talk: Talk) -> None:
    turns: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: turns.append(talk.say(RETURN, "same"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 20
    assert all(told == turns[0] for told in turns)
    assert [message["role"] for message in talk.show()["messages"]] == ["customer", "assistant"]


def test_a_stream_tells_stages_then_text_then_the_turn(talk: Talk) -> None:
    events = list(talk.stream(RETURN))
    names = [event.name for event in events]
    assert names == ["stage", "stage", "delta", "turn"]
    assert [event.data for event in events[:2]] == [{"stage": "searching"}, {"stage": "answering"}]
    told = events[-1].data
    is_turn(told, "answer")
    assert told["message"]["text"].startswith(
        "".join(event.data["text"] for event in events if event.name == "delta")
    )


def test_what_is_wrong_before_a_stream_begins_is_a_problem(service: Service, talk: Talk) -> None:
    headers = {"Accept": "text/event-stream"}
    is_problem(talk.post("/messages", {"text": ""}, headers=headers), 422)
    is_problem(talk.post("/messages", {"text": "x"}, headers=headers | {"Authorization": "Bearer x"}), 401)


# --- who may do what ---------------------------------------------------------------------------------------


PATHS = [("GET", "", None), ("POST", "/messages", {"text": "hi"}), ("GET", "/events", None), ("POST", "/escalate", {}), ("POST", "/resume", None),
         ("POST", "/close", None), ("POST", "/typing", {"on": True}), ("POST", "/rating", {"csat": 5}),
         ("POST", "/messages/msg_1/feedback", {"helpful": True})]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_a_token_opens_its_own_conversation_and_no_other(
    service: Service, method: str, path: str, body: Any
) -> None:
    mine, other = service.talk(), service.talk()
    url = f"/api/conversations/{mine.id}{path}"
    with service.client() as client:
        assert is_problem(client.request(method, url, json=body), 401)
        assert client.request(method, url, json=body).headers["www-authenticate"] == "Bearer"
        for token in (other.token, "x", mine.token + "x", mine.token[:-1], mine.id, "parley_x", "é", "null"):
            is_problem(
                client.request(method, url, json=body, headers={"Authorization": f"Bearer {token}".encode()}),
                403 if token == other.token else 401,
            )
        is_problem(
            client.request(method, url, json=body, headers={"Authorization": f"Basic {mine.token}"}), 401
        )
        is_problem(client.request(method, url, json=body, params={"token": mine.token}), 401)
        assert client.request(method, url, json=body, headers=service.agent()).status_code == 401
    assert mine.show()["messages"] == []


def test_who_may_not_come_in_hears_that_first_whatever_the_body(service: Service) -> None:
    open_to_all = {
        "POST /api/conversations", "POST /api/customers/session", "POST /api/session", "DELETE /api/session",
        "POST /api/articles/{id}/feedback",
    }  # fmt: skip
    json_body, met = {"Content-Type": "application/json"}, set()
    with service.client() as client:
        doors = client.get("/openapi.json").json()["paths"].items()
        for path, method in [(path, method.upper()) for path, methods in doors for method in methods]:
            if method == "GET":
                continue
            url = re.sub(r"{[^}]*}", "x", path)
            for body in (b'"x"', b"{", b'"\xff"', b"[" * 100_000):
                answer = client.request(method, url, content=body, headers=json_body)
                if f"{method} {path}" not in open_to_all:
                    assert answer.status_code == 401, (method, path, body[:9])
                    assert answer.json()["detail"]
                    met.add(path)
        assert len(met) > 50
        answer = client.put("/api/articles/x", content=b"{", headers=json_body | service.agent())
        assert is_problem(answer, 403), "an agent who is no admin"
        answer = client.put("/api/articles/x", content=b"{", headers=json_body | service.agent("admin"))
        assert "JSON" in is_problem(answer, 422)["detail"]


def test_a_good_token_of_a_conversation_that_is_gone_is_a_404(service: Service) -> None:
    from help_center.people import ConversationTokens

    token = ConversationTokens(service.house.secret_key).make("conv_gone")
    gone = Talk(service, "conv_gone", token)
    for method, path, body in PATHS:
        with service.client() as client:
            is_problem(
                client.request(
                    method, f"/api/conversations/conv_gone{path}", json=body, headers=gone.headers
                ),
                404,
            )


def test_input_is_validated_before_the_state_is_looked_at(service: Service, talk: Talk) -> None:
    talk.post("/close")
    is_problem(talk.post("/messages", {"text": " "}), 422)
    is_problem(talk.post("/messages", {"nothing": 1}), 422)
    is_problem(talk.post("/rating", {"csat": 6}), 422)
    assert talk.show()["status"] == "closed"


def test_an_unknown_address_is_a_problem_too(service: Service, talk: Talk) -> None:
    with service.client() as client:
        is_problem(client.get("/api/nothing"), 404)
        is_problem(client.delete("/api/conversations"), 405)


# --- states --------------------------------------------------------------------------------------------------


def test_the_button_opens_one_handoff_however_often_it_is_pressed(service: Service, talk: Talk) -> None:
    talk.say(RETURN)
    first = talk.post(
        "/escalate", {"note": "It is urgent.", "contact": {"name": "Kim", "email": "kim@example.org"}}
    ).json()
    is_turn(first, "escalate", "waiting")
    assert first["reasons"] == ["requested_human"]
    assert first["confidence"] is None
    for body in (None, {}, {"note": "Still there?"}):
        assert talk.post("/escalate", body).json() == first
    told = talk.show()
    assert set(told["handoff"]) == HANDOFF
    assert (told["handoff"]["id"], told["handoff"]["status"], told["handoff"]["agent"]) == (
        first["handoff_id"],
        "waiting",
        None,
    )
    assert told["handoff"]["position"] >= 1
    assert [message["role"] for message in told["messages"]] == ["customer", "assistant", "assistant"]
    with service.client(headers=service.agent()) as agent:
        packet = agent.get(f"/api/handoffs/{first['handoff_id']}").json()
    assert packet["question"] == RETURN
    assert packet["customer"]["email"] == "kim@example.org"


def test_the_button_works_before_anything_was_asked(talk: Talk) -> None:
    is_turn(talk.post("/escalate").json(), "escalate", "waiting")


def test_twenty_presses_at_once_are_one_handoff(talk: Talk) -> None:
    turns: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: turns.append(talk.post("/escalate").json())) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({told["handoff_id"] for told in turns}) == 1
    assert talk.texts("assistant") == [turns[0]["message"]["text"]]


def test_while_it_waits_messages_are_passed_on_in_silence(service: Service, talk: Talk) -> None:
    handoff = talk.post("/escalate").json()["handoff_id"]
    told = talk.say("My order number is 77.", "m1")
    is_turn(told, "relay", "waiting")
    assert (told["handoff_id"], told["confidence"], told["reasons"]) == (handoff, None, [])
    assert talk.say("My order number is 77.", "m1") == told
    assert [event.name for event in talk.stream("And hurry")] == ["turn"]
    assert talk.texts("customer") == ["My order number is 77.", "And hurry"]
    assert len(talk.texts("assistant")) == 1
    is_turn(talk.say("I want to talk to a human"), "relay", "waiting")


def test_anger_while_waiting_raises_the_priority(service: Service, talk: Talk) -> None:
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=service.agent()) as agent:
        assert agent.get(f"/api/handoffs/{handoff}").json()["priority"] == "normal"
        talk.say("This is ridiculous, you are useless and I am furious!!!")
        packet = agent.get(f"/api/handoffs/{handoff}").json()
    assert packet["priority"] == "high"
    assert "negative_sentiment" in packet["reasons"]


def test_an_agent_has_it_replies_and_gives_it_back(service: Service, talk: Talk) -> None:
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=service.agent()) as agent:
        agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        is_turn(talk.say("Hello?"), "relay", "agent")
        is_problem(talk.post("/resume"), 409)
        agent.post(
            f"/api/handoffs/{handoff}/note", json={"text": "A difficult one: SECRET"}
        ).raise_for_status()
        agent.post(f"/api/handoffs/{handoff}/reply", json={"text": "Hello, Ada here."}).raise_for_status()
        told = talk.show()
        assert told["status"] == "agent"
        assert told["handoff"]["agent"] == {"name": "Ada"}
        is_message(told["messages"][-1], "agent")
        assert "SECRET" not in json.dumps(told)
        agent.post(f"/api/handoffs/{handoff}/return").raise_for_status()
    assert talk.show()["handoff"] is None
    is_turn(talk.say(RETURN), "answer")


def test_notes_and_e_mails_never_come_by_the_events(service: Service) -> None:
    talk = service.talk(customer={"name": "Kim", "email": "kim@example.org"})
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=service.agent()) as agent:
        agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        agent.post(f"/api/handoffs/{handoff}/note", json={"text": "SECRET"}).raise_for_status()
        agent.post(f"/api/handoffs/{handoff}/reply", json={"text": "the end"}).raise_for_status()
    seen: list[Event] = []
    for until in range(1, 30):
        seen = talk.events(0, until)
        if "the end" in str(seen[-1].data):
            break
    assert "SECRET" not in str(seen)
    assert "@example.org" not in str(seen)


def test_the_customer_goes_back_to_the_bot(service: Service, talk: Talk) -> None:
    talk.post("/escalate")
    answer = talk.post("/resume")
    assert (answer.status_code, answer.content) == (204, b"")
    assert talk.show()["status"] == "bot"
    assert talk.show()["handoff"] is None
    is_turn(talk.say(RETURN), "answer")
    assert talk.post("/resume").status_code == 204
    again = talk.post("/escalate").json()
    is_turn(again, "escalate", "waiting")


def test_a_closed_conversation_reopens_as_bot(service: Service, talk: Talk) -> None:
    talk.say(RETURN)
    assert talk.post("/close").status_code == 204
    assert talk.post("/close").status_code == 204
    assert talk.show()["status"] == "closed"
    is_turn(talk.say(RETURN), "answer")
    assert talk.show()["status"] == "bot"
    talk.post("/close")
    is_turn(talk.post("/escalate").json(), "escalate", "waiting")
    talk.post("/close")
    assert talk.show()["handoff"] is None
    is_turn(talk.say("I want to talk to a human"), "escalate", "waiting")


def test_ratings_are_taken_and_checked(talk: Talk) -> None:
    for good in (
        {"csat": 1},
        {"csat": 5, "comment": "Nice"},
        {"nps": 0},
        {"nps": 10, "csat": None},
        {"comment": "x"},
    ):
        assert talk.post("/rating", good).status_code == 204
    for bad in (
        {},
        {"csat": 0},
        {"csat": 6},
        {"nps": -1},
        {"nps": 11},
        {"csat": "5"},
        {"csat": 4.5},
        {"csat": True},
        {"csat": None},
        {"comment": "x" * 8001},
        [],
        5,
        None,
    ):
        is_problem(talk.post("/rating", bad), 422)


def test_every_event_of_who_waits_can_be_resumed_from(service: Service) -> None:
    talk = service.talk()
    talk.post("/escalate", {})
    with (
        service.client() as client,
        client.stream(
            "GET", f"/api/conversations/{talk.id}/events", headers=talk.headers | {"Last-Event-ID": "0"}
        ) as response,
    ):
        told = []
        for event in events_of(response):
            told.append(event)
            if "opens_at" in event.data:
                break
    assert None not in [event.id for event in told]
    assert told[-1].name == "status"
    assert talk.events(told[-1].id, 0) == []


def test_a_site_may_know_its_customers_by_number_and_nothing_else_of_them(service: Service) -> None:
    with service.client() as client:
        given = {"customer": {"id": 7, "attributes": None}}
        assert client.post("/api/conversations", json=given).status_code == 201
        is_problem(client.post("/api/conversations", json={"customer": {"id": True}}), 422)
        is_problem(client.post("/api/conversations", json={"customer": {"attributes": [1]}}), 422)


@pytest.mark.parametrize("value", ["yes", 1, 0, None, "true"])
def test_yes_and_no_are_told_by_true_and_false_alone(service: Service, talk: Talk, value: Any) -> None:
    mine = talk.say(RETURN)["message"]["id"]
    is_problem(talk.post(f"/messages/{mine}/feedback", {"helpful": value}), 422)
    is_problem(talk.post("/typing", {"on": value}), 422)
    with service.client() as client:
        is_problem(client.post("/api/articles/returns/feedback", json={"helpful": value}), 422)


def test_feedback_is_for_answers_of_ones_own_conversation(service: Service, talk: Talk) -> None:
    told = talk.say(RETURN)
    mine = told["message"]["id"]
    for body in ({"helpful": True}, {"helpful": False, "comment": "No."}):
        assert talk.post(f"/messages/{mine}/feedback", body).status_code == 204
    question = talk.show()["messages"][0]["id"]
    other = service.talk().say(RETURN)["message"]["id"]
    for id in (question, other, "msg_x", "%00", "x" * 500, "..%2f"):
        is_problem(talk.post(f"/messages/{id}/feedback", {"helpful": True}), 404)
    for body in ({}, {"helpful": None}, {"helpful": "perhaps"}, {"helpful": True, "comment": 5}):
        is_problem(talk.post(f"/messages/{mine}/feedback", body), 422)


def test_typing_reaches_who_has_the_conversation(service: Service, talk: Talk) -> None:
    assert talk.post("/typing", {"on": True}).status_code == 204
    handoff = talk.post("/escalate").json()["handoff_id"]
    assert talk.post("/typing", {"on": True}).status_code == 204
    is_problem(talk.post("/typing", {}), 422)
    is_problem(talk.post("/typing", {"on": "perhaps"}), 422)
    with service.client(headers=service.agent()) as agent:
        agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        agent.post(f"/api/handoffs/{handoff}/typing", json={"on": True}).raise_for_status()
    events = talk.events(0, 5)
    assert [event.data for event in events if event.name == "typing"] == [
        {"role": "agent", "name": "Ada", "on": True}
    ]


# --- an address, and the ratings --------------------------------------------------------------------------


def test_an_address_is_taken_changed_and_taken_back(service: Service, talk: Talk) -> None:
    handoff = talk.post("/escalate").json()["handoff_id"]
    assert talk.show()["email"] is None
    for email in ("kim@example.org", "  kim.lee@example.org "):
        answer = talk.post("/contact", {"email": email, "name": "Kim"})
        assert (answer.status_code, answer.content) == (204, b"")
        assert talk.show()["email"] == email.strip()
    with service.client(headers=service.agent()) as agent:
        assert agent.get(f"/api/handoffs/{handoff}").json()["customer"]["name"] == "Kim"
    assert talk.post("/contact", {"email": None}).status_code == 204
    assert talk.show()["email"] is None


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "kim"}, {"email": "kim@"}, {"email": "a@example.org, b@example.org"}, {"email": 5},
     {"email": "kim@example.org\nBcc: all@example.org"}, {"email": "k" * 400 + "@example.org"}],
)  # fmt: skip
def test_what_is_no_address_is_a_problem_and_is_not_kept(talk: Talk, body: dict[str, Any]) -> None:
    is_problem(talk.post("/contact", body), 422)
    if "email" in body:
        is_problem(talk.post("/escalate", {"contact": body}), 422)
    assert talk.show()["email"] is None


def test_an_address_given_with_the_button_is_where_answers_go(talk: Talk) -> None:
    talk.post("/escalate", {"contact": {"name": "Kim", "email": "kim@example.org"}})
    assert talk.show()["email"] == "kim@example.org"


def test_who_the_site_vouched_for_stays_who_they_are_whatever_is_typed_in(service: Service) -> None:
    customer = {"id": "kim", "name": "Kim", "email": "kim@example.org"}
    talk = service.talk(customer=customer, user_hash=signed(service, "kim"))
    contact = {"name": "The boss", "email": "boss@example.com"}
    handoff = talk.post("/escalate", {"contact": contact}).json()["handoff_id"]
    talk.post("/contact", contact)
    with service.client(headers=service.agent()) as agent:
        packet = agent.get(f"/api/handoffs/{handoff}").json()
    assert (packet["customer"]["name"], packet["customer"]["email"]) == ("Kim", "kim@example.org")
    assert packet["replies_to"] == "boss@example.com"


def test_notes_at_the_button_do_not_grow_without_end(talk: Talk) -> None:
    for letter in "abcd":
        talk.post("/escalate", {"note": letter * 8000}).raise_for_status()
    is_problem(talk.post("/escalate", {"note": "x" * 8000}), 422)
    talk.post("/escalate").raise_for_status()  # the button itself still works


def test_no_address_is_asked_for_where_no_mail_goes_out(serve: Serve) -> None:
    talk = serve().talk()
    talk.post("/escalate")  # nobody knows how long it takes: an address would be asked for
    assert talk.show()["may_leave_email"] is False


def test_an_address_is_asked_for_while_no_wait_is_known(serve: Serve) -> None:
    talk = serve(smtp_url="smtp://127.0.0.1:1", mail_from="help@example.org").talk()
    assert talk.show()["may_leave_email"] is False  # nobody waits
    talk.post("/escalate")
    assert talk.show()["may_leave_email"] is True


def test_who_comes_at_night_is_told_when_somebody_is_there_in_their_language(serve: Serve) -> None:
    service = serve(smtp_url="smtp://127.0.0.1:1", mail_from="help@example.org")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    day = Holiday(date=tomorrow.date(), spans=[Span(start=day_time(9), end=day_time(17))])
    with service.house.database.write() as session:
        hours = Hours(timezone="UTC", weekly={}, holidays=[day])
        keep_desk_settings(session, DeskSettings(hours=hours))
    talk = service.talk(locale="de")
    said = talk.post("/escalate").json()["message"]["text"]
    assert "niemand da" in said
    assert f"{in_language('de').days.split(',')[tomorrow.weekday()]}, 09:00 (UTC)" in said
    assert "E-Mail-Adresse" in said
    told = talk.show()
    assert told["opens_at"] == f"{tomorrow:%Y-%m-%d}T09:00:00.000Z"
    assert (told["handoff"]["expected_wait_s"], told["may_leave_email"]) == (None, True)


def test_an_end_is_rated_once_and_may_be_rated_again_after_it_came_back(talk: Talk) -> None:
    talk.say(RETURN)
    assert talk.show()["ask"] == {"csat": False, "nps": False}
    talk.post("/close")
    assert talk.show()["ask"] == {"csat": True, "nps": False}  # nobody but the bot was there
    talk.post("/rating", {"csat": 2})
    assert talk.show()["ask"] == {"csat": False, "nps": False}
    talk.post("/rating", {"csat": 4})
    assert talk.show()["rating"] == {"csat": 4, "nps": None}
    talk.say("One more thing")
    assert talk.show()["rating"] == {"csat": 4, "nps": None}
    talk.post("/close")
    assert talk.show()["ask"]["csat"]


def test_who_had_a_person_is_asked_now_and_then_whether_they_would_recommend_us(serve: Serve) -> None:
    service = serve()

    def ended(customer: dict[str, Any]) -> Talk:
        talk = service.talk(customer=customer, user_hash=signed(service, customer["id"]))
        handoff = talk.post("/escalate").json()["handoff_id"]
        with service.client(headers=service.agent()) as agent:
            agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
            agent.post(f"/api/handoffs/{handoff}/resolve").raise_for_status()
        return talk

    keep(service, DeskSettings(nps_share=0.0))
    assert ended({"id": "kim"}).show()["ask"] == {"csat": True, "nps": False}
    keep(service, DeskSettings(nps_share=1.0, nps_every_days=0))
    assert ended({"id": "kim"}).show()["ask"]["nps"] is False
    keep(service, DeskSettings(nps_share=1.0, nps_every_days=90))
    first = ended({"id": "kim"})
    assert first.show()["ask"] == {"csat": True, "nps": True}
    first.post("/rating", {"csat": 5})
    assert first.show()["ask"] == {"csat": False, "nps": True}  # it stands below the stars now
    assert ended({"id": "kim"}).show()["ask"]["nps"] is False  # the same customer, the same day
    assert ended({"id": "lee"}).show()["ask"]["nps"] is True
    first.post("/rating", {"nps": 9})
    assert first.show()["ask"] == {"csat": False, "nps": False}
    assert first.show()["rating"] == {"csat": 5, "nps": 9}


def keep(service: Service, settings: DeskSettings) -> None:
    with service.house.database.write() as session:
        keep_desk_settings(session, settings)


def signed(service: Service, customer_id: str) -> str:
    return hmac.new(service.house.secret_key.encode(), customer_id.encode(), hashlib.sha256).hexdigest()


# --- live events ------------------------------------------------------------------------------------------


def test_events_resume_without_loss_or_doubles(talk: Talk) -> None:
    talk.say(RETURN)
    talk.post("/escalate")
    talk.say("Hello?")
    whole = talk.events(0, 5)
    ids = [int(event.id or 0) for event in whole]
    assert ids == sorted(set(ids))
    assert {event.name for event in whole} == {"message", "status"}
    texts = [event.data["text"] for event in whole if event.name == "message"]
    assert texts == [message["text"] for message in talk.show()["messages"]][: len(texts)]
    for at, id in enumerate(ids[:-1]):
        assert [event.id for event in talk.events(id, len(ids) - at - 1)] == [
            event.id for event in whole[at + 1 :]
        ]


def test_events_come_while_they_happen_and_only_to_their_own(service: Service) -> None:
    talk, other = service.talk(), service.talk()
    seen: list[Event] = []
    listening = threading.Event()

    def listen() -> None:
        with (
            service.client() as client,
            client.stream("GET", f"/api/conversations/{talk.id}/events", headers=talk.headers) as response,
        ):
            listening.set()
            for event in events_of(response):
                seen.append(event)
                if event.name == "message" and event.data["role"] == "assistant":
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    listening.wait(5)
    time.sleep(0.1)
    other.say("Which tyre pressure?")
    told = talk.say(RETURN)
    thread.join(5)
    assert not thread.is_alive()
    assert [event.data["text"] for event in seen if event.name == "message"] == [
        RETURN,
        told["message"]["text"],
    ]


@pytest.mark.parametrize("id", ["x", "-1", "1e9", "9" * 30, "٣", "1.5", "", "0x10"])
def test_a_strange_last_event_id_is_no_fault(talk: Talk, id: str) -> None:
    headers = dict(talk.headers)
    with (
        talk.service.client() as client,
        client.stream(
            "GET",
            f"/api/conversations/{talk.id}/events",
            headers=[*headers.items(), ("Last-Event-ID", id.encode())],
        ) as response,
    ):
        assert response.status_code == 200


@pytest.mark.parametrize("id", ["9" * 18, "9" * 30])
def test_a_last_event_id_from_nowhere_hides_nothing_that_comes(talk: Talk, id: str) -> None:
    later = threading.Timer(0.3, lambda: talk.say("hello"))
    later.start()
    assert [event.name for event in talk.events(id, 1)] == ["message"]
    later.join()


# --- hostile input ----------------------------------------------------------------------------------------


def raw(talk: Talk, path: str, body: bytes, **headers: str) -> httpx.Response:
    with talk.service.client() as client:
        return client.post(
            f"/api/conversations/{talk.id}{path}",
            content=body,
            headers=talk.headers | {"Content-Type": "application/json"} | headers,
        )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"5", b'"x"', b"{}", b'{"text": null}', b'{"text": 5}', b'{"text": ["x"]}', b'{"text": {"a": 1}}', b'{"text": "   "}',
     b'{"text": "\\u0000\\u0001"}', b'{"text": "x", "client_id": ""}', b'{"text": "x", "client_id": 5}',
     b'{"text": "x", "client_id": "agent:1"}', b'{"text": "\xff\xfe"}', b"[" * 100_000, b'{"a":' * 5000, b'{"text": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_bad_input_is_a_problem_and_saves_nothing(talk: Talk, body: bytes) -> None:
    answer = raw(talk, "/messages", body)
    assert answer.status_code in {400, 422}
    is_problem(answer, answer.status_code)
    assert talk.show()["messages"] == []


def test_eight_thousand_characters_are_taken_and_one_more_is_not(talk: Talk) -> None:
    assert talk.post("/messages", {"text": "a" * 8000}).status_code == 200
    is_problem(talk.post("/messages", {"text": "a" * 8001}), 422)
    is_problem(talk.post("/escalate", {"note": "a" * 8001}), 422)
    is_problem(talk.post("/messages", {"text": "x", "client_id": "a" * 201}), 422)


def test_half_characters_and_control_characters_do_no_harm(service: Service, talk: Talk) -> None:
    for body in (
        b'{"text": "return \\ud800 a bicycle"}',
        b'{"text": "re\\u0000turn \\u0007it"}',
        '{"text": "🚲 ‮ \u200b"}'.encode(),
    ):
        answer = raw(talk, "/messages", body)
        assert answer.status_code in {200, 422}
    assert all("\x00" not in message["text"] for message in talk.show()["messages"])
    list(talk.stream("\U0001f6b2 return"))


def test_unknown_fields_are_no_fault(talk: Talk) -> None:
    assert (
        talk.post(
            "/messages", {"text": RETURN, "role": "agent", "turn_id": "x", "conversation_id": "y"}
        ).status_code
        == 200
    )
    assert talk.texts("agent") == []


@pytest.mark.parametrize(
    "given",
    [[], 5, {"locale": 5}, {"locale": "x" * 40}, {"locale": "de DE"}, {"locale": "'; --"}, {"page_url": "x" * 2001}, {"customer": "x"},
     {"customer": {"email": "x" * 301}}, {"customer": {"attributes": []}}, {"customer": {"attributes": {str(n): n for n in range(51)}}},
     {"customer": {"attributes": {"x": "y" * 10_001}}}],
)  # fmt: skip
def test_a_conversation_that_cannot_be_is_a_problem(service: Service, given: Any) -> None:
    with service.client() as client:
        is_problem(client.post("/api/conversations", json=given), 422)


@pytest.mark.parametrize(
    "attributes",
    [b'{"x": 1e999}', b'{"x": NaN}', b'{"x": -Infinity}', b'{"x": "\\ud800"}', b'{"\\ud800": 1}', b'{"x": "\\u0000"}', b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}",
     b'{"x": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", b'{"x": ' + b"9" * 400 + b"}", b'{"x": [{"y": ["\\udfff", 1e400]}]}'],
)  # fmt: skip
def test_strange_attributes_never_break_the_agents_packet(service: Service, attributes: bytes) -> None:
    with service.client() as client:
        answer = client.post(
            "/api/conversations",
            content=b'{"customer": {"attributes": ' + attributes + b"}}",
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in {201, 400, 422}, answer.text
        if answer.status_code != 201:
            is_problem(answer, answer.status_code)
            return
        talk = Talk(service, answer.json()["id"], answer.json()["token"])
        handoff = talk.post("/escalate").json()["handoff_id"]
        packet = client.get(f"/api/handoffs/{handoff}", headers=service.agent())
        assert packet.status_code == 200
        assert "\\u0000" not in packet.text


def test_plain_attributes_reach_the_agent_as_they_are(service: Service) -> None:
    given = {"plan": "pro", "seats": 5, "trial": False, "tags": ["a", {"b": None}], "ratio": 0.5}
    talk = service.talk(customer={"attributes": given})
    with service.client(headers=service.agent()) as agent:
        packet = agent.get(f"/api/handoffs/{talk.post('/escalate').json()['handoff_id']}").json()
    assert packet["customer"]["attributes"] == given


def test_a_body_that_is_too_large_is_refused(talk: Talk) -> None:
    is_problem(raw(talk, "/messages", b'{"text": "' + b"a" * 4_100_000 + b'"}'), 413)


def test_a_body_that_does_not_say_how_large_it_is_is_refused_all_the_same(talk: Talk) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(50):
            yield b"a" * 100_000
        yield b'"}'

    headers = talk.headers | {"Content-Type": "application/json"}
    with talk.service.client() as client:
        is_problem(
            client.post(f"/api/conversations/{talk.id}/messages", content=pieces(), headers=headers), 413
        )


def test_a_client_id_of_an_agent_is_not_taken_for_a_customers(service: Service, talk: Talk) -> None:
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=service.agent()) as agent:
        agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        agent.post(
            f"/api/handoffs/{handoff}/reply", json={"text": "Hello", "client_id": "k1"}
        ).raise_for_status()
    is_problem(talk.post("/messages", {"text": "x", "client_id": "agent:k1"}), 422)
    assert talk.say("x", "k1")["action"] == "relay"


# --- customers ---------------------------------------------------------------------------------------------


def test_no_customer_sees_another_even_under_the_same_id(service: Service) -> None:
    first = service.talk(customer={"id": "c-77", "name": "Kim", "email": "kim@example.org"})
    first.say("Kim's secret question about returns")
    second = service.talk(customer={"id": "c-77", "name": "Eve"})
    told = (
        json.dumps(second.show())
        + json.dumps(second.say(RETURN))
        + json.dumps(second.post("/escalate").json())
    )
    assert "kim" not in told.lower()
    with service.client(headers=service.agent()) as agent:
        packet = agent.get(f"/api/handoffs/{second.show()['handoff']['id']}").json()
    assert packet["customer"]["email"] is None
    assert packet["customer"]["proven"] is False


def test_a_customers_locale_is_kept_for_the_agent_and_hinders_no_answer(service: Service) -> None:
    talk = service.talk(locale="de_AT")
    is_turn(talk.say(RETURN), "answer")
    with service.client(headers=service.agent()) as agent:
        handoff = talk.post("/escalate").json()["handoff_id"]
        assert agent.get(f"/api/handoffs/{handoff}").json()["language"] == "de-AT"


# --- limits ----------------------------------------------------------------------------------------------------


def test_messages_are_limited_by_address_and_told_when_to_come_back(serve: Serve) -> None:
    service = serve(rate_limit="3/minute")
    talks = [service.talk() for _ in range(4)]
    for talk in talks[:3]:
        assert talk.post("/messages", {"text": "hello"}).status_code == 200
    answer = talks[3].post("/messages", {"text": "hello"})
    is_problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert talks[3].show()["messages"] == []


def test_input_that_is_invalid_costs_nothing(serve: Serve) -> None:
    talk = serve(rate_limit="2/minute").talk()
    for _ in range(5):
        is_problem(talk.post("/messages", {"text": ""}), 422)
    assert talk.post("/messages", {"text": "hello"}).status_code == 200


def test_a_conversation_is_limited_whatever_address_it_comes_from(serve: Serve) -> None:
    talk = serve(rate_limit="3/minute", trusted_proxies="127.0.0.1").talk()
    codes = [
        talk.post("/messages", {"text": "hello"}, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(5)
    ]
    assert codes == [200, 200, 200, 429, 429]


def test_a_trusted_proxy_speaks_for_its_visitors(serve: Serve) -> None:
    service = serve(rate_limit="2/minute", trusted_proxies="127.0.0.0/8")

    def from_address(forwarded: str) -> int:
        return (
            service.talk()
            .post("/messages", {"text": "hello"}, headers={"X-Forwarded-For": forwarded})
            .status_code
        )

    assert [from_address("198.51.100.1") for _ in range(3)] == [200, 200, 429]
    assert from_address("198.51.100.2") == 200
    # what the visitor wrote in front of the proxy's own entry is not believed
    assert [from_address(f"203.0.113.{n}, 198.51.100.1") for n in range(2)] == [429, 429]
    assert from_address("not an address") == 200


def test_a_strangers_forwarded_address_is_not_believed(serve: Serve) -> None:
    service = serve(rate_limit="2/minute")
    talks = [service.talk() for _ in range(4)]
    codes = [
        talk.post("/messages", {"text": "hello"}, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n, talk in enumerate(talks)
    ]
    assert codes == [200, 200, 429, 429]


def test_creations_have_a_limit_of_their_own(serve: Serve) -> None:
    service = serve(rate_limit="1/minute")
    with service.client() as client:
        codes = [client.post("/api/conversations", json={}).status_code for _ in range(62)]
    assert codes[:60] == [201] * 60
    assert codes[-1] == 429


def test_the_schema_describes_the_door(service: Service) -> None:
    with service.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    assert {f"/api/conversations{path}" for path in ("", "/{conversation_id}", "/{conversation_id}/messages", "/{conversation_id}/events",
            "/{conversation_id}/escalate", "/{conversation_id}/resume", "/{conversation_id}/close", "/{conversation_id}/typing",
            "/{conversation_id}/rating", "/{conversation_id}/messages/{message_id}/feedback")} <= set(paths)  # fmt: skip


def test_the_shipped_server_believes_no_forwarded_address_of_its_own_accord() -> None:
    """uvicorn would believe whatever loopback says."""
    from fastapi import FastAPI

    from bot.serving import _config

    assert _config(FastAPI()).proxy_headers is False


def test_no_answer_may_be_taken_for_another_kind_of_thing(service: Service) -> None:
    with service.client() as client:
        for path in ("/api/search?q=refund", "/api/nothing", "/help", "/static/help/help.css", "/healthz"):
            assert client.get(path).headers["X-Content-Type-Options"] == "nosniff", path
