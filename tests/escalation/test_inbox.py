"""The agents' doors over HTTP: who may come in, what they see, and what arrives live."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from escalation import handoff as handoffs
from help_center import live
from help_center.conversations import Handoff, add_message, locked
from help_center.people import Agent, AgentSession
from help_center.web import SESSION_COOKIE


def sign_in(client, colleague, **headers):
    return client.post(
        "/api/session", json={"email": colleague.email, "password": colleague.password}, headers=headers
    )


# Who may come in


def test_a_stranger_sees_nothing_and_can_do_nothing(client, house):
    id = house.waiting()
    gets = (
        "/api/handoffs",
        f"/api/handoffs/{id}",
        "/api/session",
        "/api/agents",
        "/api/inbox/events",
        "/api/insights",
    )
    for path in gets:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
    for verb in ("claim", "release", "assign", "return", "resolve", "reply", "note", "typing"):
        body = {"text": "x", "agent_id": "x", "on": True}
        assert client.post(f"/api/handoffs/{id}/{verb}", json=body).status_code == 401, verb
    assert house.handoff(id).status == "waiting"


def test_a_wrong_token_is_no_token(client, house):
    house.waiting()
    assert client.get("/api/handoffs", headers={"Authorization": "Bearer parley_wrong"}).status_code == 401


def test_an_api_token_opens_the_queue(client, house, ada):
    id = house.waiting()
    items = client.get("/api/handoffs", headers=ada.headers).json()["items"]
    assert [item["id"] for item in items] == [id]


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(client, ada):
    answer = sign_in(client, ada)
    assert answer.status_code == 200
    assert (
        answer.json()["agent"].items() >= {"id": ada.id, "name": "Ada", "role": "agent", "notify": {}}.items()
    )
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(SESSION_COOKIE)
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie  # plain http in this test
    assert client.get("/api/session").json()["agent"]["name"] == "Ada"
    assert client.get("/api/handoffs").status_code == 200


def test_the_cookie_is_secure_where_the_site_is(app, client, ada):
    client.base_url = "https://desk.example"
    assert "secure" in sign_in(client, ada).headers["set-cookie"].lower()


def test_signing_out_ends_the_session_on_the_server(client, house, ada):
    sign_in(client, ada)
    secret = client.cookies[SESSION_COOKIE]
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/session").status_code == 401
    assert client.get("/api/session", cookies={SESSION_COOKIE: secret}).status_code == 401
    with house.database.read() as session:
        assert session.query(AgentSession).count() == 0


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong"), ("nobody@example.org", "correct horse battery"), ("", "")],
)
def test_a_wrong_sign_in_says_one_clear_line_and_not_which_half_was_wrong(client, ada, email, password):
    answer = client.post("/api/session", json={"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "e-mail and password do not belong together: check both and try again."
    assert "set-cookie" not in answer.headers


def test_guessing_passwords_is_slowed_down(client, ada):
    answers = [
        client.post("/api/session", json={"email": "x@example.org", "password": "x"}) for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_another_site_cannot_use_the_agents_cookie(client, house, ada):
    id = house.waiting()
    sign_in(client, ada)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = client.post(f"/api/handoffs/{id}/claim", headers=headers)
        assert answer.status_code == 403
    assert house.handoff(id).status == "waiting"
    assert (
        client.post(f"/api/handoffs/{id}/claim", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    )


def test_another_site_cannot_sign_an_agent_in(client, ada):
    assert sign_in(client, ada, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


# The queue


def ids(client, ada, query=""):
    return [item["id"] for item in client.get(f"/api/handoffs?{query}", headers=ada.headers).json()["items"]]


def test_the_queue_is_in_the_order_of_service_and_filters(client, house, ada, ben):
    first, second = house.waiting(), house.waiting()
    pressing = house.waiting(reasons=["sensitive_topic"])
    assert ids(client, ada, "status=waiting") == [pressing, first, second]
    client.post(f"/api/handoffs/{first}/claim", headers=ada.headers)
    client.post(f"/api/handoffs/{second}/claim", headers=ben.headers)
    assert ids(client, ada, "status=claimed&assignee=me") == [first]
    assert ids(client, ada, f"assignee={ben.id}") == [second]
    assert ids(client, ada, "assignee=none") == [pressing]
    assert ids(client, ada) == [pressing, second, first]  # all: the newest first
    counts = client.get("/api/handoffs", headers=ada.headers).json()["counts"]
    assert counts == {
        "waiting": 1,
        "mine": 1,
        "overdue": 0,
        "snoozed": 0,
        "unassigned": 1,
        "open": 3,
        "mentions": 0,
    }


def test_a_line_tells_what_was_said_last_once_somebody_has_it(client, house, ada, ben):
    waits, held = house.waiting(), house.waiting()
    client.post(f"/api/handoffs/{held}/claim", headers=ada.headers)

    def last(id):
        items = client.get("/api/handoffs?status=open", headers=ben.headers).json()["items"]
        return next(item["last"] for item in items if item["id"] == id)

    assert last(waits) is None
    assert last(held) == {
        "role": "customer",
        "author": None,
        "text": "Where is my invoice?",
    }  # not that Ada joined
    client.post(
        f"/api/handoffs/{held}/reply", json={"text": "Under\n\n" + "Billing " * 40}, headers=ada.headers
    )
    told = last(held)
    assert (told["role"], told["author"]) == ("agent", "Ada")
    assert told["text"].startswith("Under Billing Billing")
    assert len(told["text"]) == 160
    client.post(f"/api/handoffs/{held}/note", json={"text": "Kim is nice"}, headers=ben.headers)
    assert last(held) == told


def test_a_search_shows_where_the_words_were_said(client, house, ada):
    parcel = house.waiting(
        conversation_id=house.conversation(
            "Hello",
            "It is about\nthe parcel of Tuesday, A-4471,\nwhich never came. " + "Really. " * 40,
            "A parcel, I mean",
        ),
        question="Hello",
    )
    asked = house.waiting("Where is my parcel A-4471?")

    def found(q):
        items = client.get("/api/handoffs", params={"q": q}, headers=ada.headers).json()["items"]
        return {item["id"]: item["found"] for item in items}

    told = found("parcel a-4471")
    assert told[asked] is None  # its question says it
    assert told[parcel].startswith(
        "It is about the parcel of Tuesday, A-4471, which never came."
    )  # not the newer one with one word
    assert told[parcel].endswith("…")
    assert len(told[parcel]) < 200
    assert found("100%_") == {}
    assert "found" not in client.get("/api/handoffs", headers=ada.headers).json()["items"][0]


@pytest.mark.parametrize("status", ["waiting", ""])
def test_pages_follow_each_other_without_gap_or_double(client, house, ada, status):
    reasons = [["requested_human"], ["sensitive_topic"], ["negative_sentiment", "sensitive_topic"]]
    all_ids = {house.waiting(reasons=reasons[n % 3]) for n in range(7)}
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"status": status} if status else {}) | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/handoffs", params=query, headers=ada.headers).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == all_ids
    assert seen == ids(client, ada, f"status={status}" if status else "")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "status=lost",
        "cursor=nonsense",
        "cursor=W10=",
        "cursor=WzEsMiwzXQ==",
    ],
)
def test_nonsense_in_the_query_is_refused_with_a_line(client, house, ada, query):
    answer = client.get(f"/api/handoffs?{query}", headers=ada.headers)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_search_finds_every_word_wherever_it_was_said(client, house, ada):
    invoice = house.waiting("Where is my Invoice 100%?", name="Kim Lee")
    other = house.waiting("Another matter", name="Bo_b", summary="Parcel is late.")
    assert ids(client, ada, "q=invoice") == [invoice]
    assert ids(client, ada, "q=kim+invoice") == [invoice]
    assert ids(client, ada, "q=late") == [other]
    assert ids(client, ada, "q=kim+late") == []
    assert ids(client, ada, "q=100%25") == [invoice]
    assert ids(client, ada, "q=%25") == []  # marks alone are nothing that could be found
    assert ids(client, ada, "q=bo_b") == [other]
    with house.database.write() as session:
        conversation = locked(session, house.conversation_of(other).id)
        add_message(session, conversation, "customer", "The order is AX-4711.")
    assert ids(client, ada, "q=ax-4711") == [other]
    assert ids(client, ada, "q=%00") == [other, invoice]  # a control character is nothing to look for


# The steps


def test_the_whole_story_of_a_handoff_over_http(client, house, ada, ben):
    id = house.waiting()
    packet = client.post(f"/api/handoffs/{id}/claim", headers=ada.headers).json()
    assert (packet["status"], packet["assignee"]["name"]) == ("claimed", "Ada")
    refused = client.post(f"/api/handoffs/{id}/claim", headers=ben.headers)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "Ada has this conversation already."
    reply = client.post(
        f"/api/handoffs/{id}/reply", json={"text": "Hello **Kim**"}, headers=ada.headers
    ).json()
    assert (reply["role"], reply["text"], reply["author"]) == ("agent", "Hello **Kim**", "Ada")
    note = client.post(f"/api/handoffs/{id}/note", json={"text": "Seen before"}, headers=ben.headers).json()
    assert (note["text"], note["internal"]) == ("Seen before", True)
    assert (
        client.post(f"/api/handoffs/{id}/typing", json={"on": True}, headers=ada.headers).status_code == 204
    )
    assigned = client.post(
        f"/api/handoffs/{id}/assign", json={"agent_id": ben.id}, headers=ada.headers
    ).json()
    assert assigned["assignee"]["id"] == ben.id
    released = client.post(f"/api/handoffs/{id}/release", headers=ben.headers).json()
    assert (released["status"], released["assignee"]) == ("waiting", None)
    client.post(f"/api/handoffs/{id}/claim", headers=ben.headers)
    done = client.post(
        f"/api/handoffs/{id}/resolve", json={"outcome": "no article"}, headers=ben.headers
    ).json()
    assert (done["status"], done["conversation_status"], done["outcome"]) == (
        "resolved",
        "closed",
        "no article",
    )
    assert "Seen before" not in str(done["transcript"])
    assert done["notes"][0]["text"] == "Seen before"


def test_return_and_resolve_need_no_body(client, house, ada):
    for verb, status in (("return", "bot"), ("resolve", "closed")):
        id = house.waiting()
        client.post(f"/api/handoffs/{id}/claim", headers=ada.headers)
        packet = client.post(f"/api/handoffs/{id}/{verb}", headers=ada.headers).json()
        assert packet["conversation_status"] == status


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "  \n "}, {"text": "x" * 8001}, {"text": 5}, {"text": "\u0000"}]
)
def test_an_empty_or_endless_reply_is_refused_and_nothing_is_kept(client, house, ada, body):
    id = house.waiting()
    client.post(f"/api/handoffs/{id}/claim", headers=ada.headers)
    before = house.said(id)
    for verb in ("reply", "note"):
        assert client.post(f"/api/handoffs/{id}/{verb}", json=body, headers=ada.headers).status_code == 422
    assert house.said(id) == before


def test_what_is_unknown_is_not_found(client, house, ada):
    id = house.waiting()
    for path in ("/api/handoffs/hand_x", "/api/handoffs/%00"):
        assert client.get(path, headers=ada.headers).status_code == 404
    for verb in ("claim", "release", "return", "resolve"):
        assert client.post(f"/api/handoffs/nope/{verb}", headers=ada.headers).status_code == 404
    nobody = client.post(f"/api/handoffs/{id}/assign", json={"agent_id": "agent_x"}, headers=ada.headers)
    assert nobody.status_code == 404


def test_two_agents_claim_over_http_and_one_wins(client, house, ada, ben):
    for _ in range(5):
        claim = f"/api/handoffs/{house.waiting()}/claim"
        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(client.post, claim, headers=who.headers) for who in (ada, ben)]
        answers = [attempt.result() for attempt in tries]
        assert sorted(answer.status_code for answer in answers) == [200, 409]


# Live


class Stream:
    """Reads server-sent events in a thread until it is left."""

    def __init__(self, address, headers, last=None):
        self.events = []
        self._headers = headers | ({"Last-Event-ID": str(last)} if last is not None else {})
        self._address = address
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._client = httpx.Client(timeout=60)

    def __enter__(self):
        self._thread.start()
        self.wait(1)
        return self

    def __exit__(self, *_):
        self._response.close()
        self._client.close()

    def wait(self, n, seconds=60.0):
        until = time.monotonic() + seconds
        while len(self.events) < n and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.events) >= n, f"{len(self.events)} of {n} events: {self.events}"
        return self.events

    def _read(self):
        event = {}
        request = self._client.build_request(
            "GET", self._address + "/api/inbox/events", headers=self._headers
        )
        self._response = self._client.send(request, stream=True)
        try:
            for line in self._response.iter_lines():
                if not line and event:
                    self.events.append((int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}
                elif ": " in line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = value
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass


def test_the_inbox_hears_of_a_new_handoff_a_claim_and_a_message(address, house, ada):
    with Stream(address, ada.headers) as stream:
        assert stream.events[0][1] == "ready"
        id = house.waiting()
        httpx.post(f"{address}/api/handoffs/{id}/claim", headers=ada.headers, timeout=60)
        httpx.post(
            f"{address}/api/handoffs/{id}/reply", json={"text": "Hello."}, headers=ada.headers, timeout=60
        )
        events = stream.wait(4)
    assert [(kind, data.get("status")) for _, kind, data in events[1:]] == [
        ("handoff", "waiting"),
        ("handoff", "claimed"),
        ("message", None),
    ]
    assert events[3][2]["message"]["text"] == "Hello."
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers))


def test_a_last_event_id_from_nowhere_hides_nothing_that_comes(address, house, ada):
    with Stream(address, ada.headers, last="9" * 18) as stream:
        house.waiting()
        (_, kind, data), *_ = stream.wait(2)[1:]
    assert (kind, data["status"]) == ("handoff", "waiting")
    assert stream.events[0][2]["after"] < stream.events[1][0]


def test_a_stream_resumes_after_the_last_event_that_was_seen(address, house, ada):
    with Stream(address, ada.headers) as stream:
        first = house.waiting()
        seen = stream.wait(2)[-1][0]
    second, third = house.waiting(), house.waiting()  # while nobody listens
    with Stream(address, ada.headers, last=seen) as stream:
        missed = [data["id"] for _, kind, data in stream.wait(3) if kind == "handoff"]
    assert missed == [second, third]
    assert first not in missed


def test_a_held_reply_is_told_to_its_author_alone(address, house, ada, ben):
    id = house.waiting()
    httpx.post(f"{address}/api/handoffs/{id}/claim", headers=ada.headers, timeout=60)
    with Stream(address, ada.headers) as mine, Stream(address, ben.headers) as others:
        body = {"text": "You fool.", "undo_s": 30}
        said = httpx.post(
            f"{address}/api/handoffs/{id}/reply", json=body, headers=ada.headers, timeout=60
        ).json()
        httpx.delete(f"{address}/api/handoffs/{id}/held/{said['id']}", headers=ada.headers, timeout=60)
        httpx.post(
            f"{address}/api/handoffs/{id}/note", json={"text": "Sorry."}, headers=ada.headers, timeout=60
        )
        assert [kind for _, kind, _ in mine.wait(4)] == ["ready", "held", "held", "note"]
        assert [kind for _, kind, _ in others.wait(2)] == ["ready", "note"]


def test_a_reply_arrives_without_being_looked_for(monkeypatch, address, house, ada):
    monkeypatch.setattr(live, "POLL_SECONDS", 600.0)
    id = house.waiting()
    httpx.post(f"{address}/api/handoffs/{id}/claim", headers=ada.headers, timeout=60)
    with Stream(address, ada.headers) as stream:
        httpx.post(
            f"{address}/api/handoffs/{id}/reply", json={"text": "Hello."}, headers=ada.headers, timeout=60
        )
        assert stream.wait(2)[1][2]["message"]["text"] == "Hello."


# The page


def test_the_page_asks_strangers_to_sign_in_and_names_the_agent(client, ada):
    page = client.get("/inbox")
    assert page.status_code == 200
    assert 'data-inbox="signin"' in page.text
    assert 'data-inbox="queue"' not in page.text
    sign_in(client, ada)
    page = client.get("/inbox")
    assert 'data-inbox="queue"' in page.text
    assert "Ada" in page.text


def test_the_page_runs_no_inline_script_or_style(client, ada):
    sign_in(client, ada)
    for path in ("/inbox", "/insights"):
        page = client.get(path)
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<style" not in page.text
        assert " style=" not in page.text
        assert " onclick" not in page.text
        assert page.text.count("<script") == page.text.count('<script type="module" src="/static/inbox/')


def test_an_agents_name_cannot_break_out_of_the_page(client, house):
    eve = house.agent("Eve")
    with house.database.write() as session:
        session.get_one(Agent, eve.id).name = "\"><script>alert('x')</script>"
    sign_in(client, eve)
    assert "<script>alert" not in client.get("/inbox").text


def test_a_claim_is_rejected_after_the_customer_went_back_to_the_bot(client, house, ada):
    id = house.waiting()
    with house.database.write() as session:
        handoffs.resume_by_customer(session, locked(session, house.conversation_of(id).id))
    answer = client.post(f"/api/handoffs/{id}/claim", headers=ada.headers)
    assert answer.status_code == 409
    assert "returned" in answer.json()["detail"]
    with house.database.read() as session:
        assert session.get_one(Handoff, id).status == "returned"
