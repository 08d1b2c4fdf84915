"""The agents' tools: labels, canned replies, drafts, presence, mentions, article drafts, many at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from escalation.desk_tools.canned import fill
from escalation.desk_tools.presence import sweep
from help_center.articles import Article
from help_center.database import now
from help_center.desk import AuditEntry, Draft, Mention, Presence
from help_center.people import Customer


def post(client, agent, path, body=None, status=200):
    answer = client.post(path, json=body if body is not None else {}, headers=agent.headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def get(client, agent, path):
    answer = client.get(path, headers=agent.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def audit(house, action):
    with house.database.read() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(row.actor, row.subject, row.detail) for row in rows]


@pytest.fixture
def lea(house):
    return house.agent("Lea", role="lead")


# Labels


def test_labels_are_put_on_and_taken_off_and_counted(client, house, ada):
    first, second = house.waiting(), house.waiting()
    packet = post(client, ada, f"/api/handoffs/{first}/labels", {"add": ["Refund", " late   parcel "]})
    assert packet["labels"] == ["late parcel", "refund"]
    post(client, ada, f"/api/handoffs/{second}/labels", {"add": ["refund"]})
    assert get(client, ada, "/api/labels")["items"] == [
        {"label": "refund", "count": 2},
        {"label": "late parcel", "count": 1},
    ]
    packet = post(client, ada, f"/api/handoffs/{first}/labels", {"add": ["vip"], "remove": ["refund"]})
    assert packet["labels"] == ["late parcel", "vip"]
    lines = {item["id"]: item["labels"] for item in get(client, ada, "/api/handoffs")["items"]}
    assert lines == {first: ["late parcel", "vip"], second: ["refund"]}


def test_the_same_labels_again_change_nothing_and_tell_nobody(client, house, ada):
    id = house.waiting()
    post(client, ada, f"/api/handoffs/{id}/labels", {"add": ["refund"]})
    told = len(house.events("inbox"))
    post(client, ada, f"/api/handoffs/{id}/labels", {"add": ["refund"], "remove": ["never there"]})
    assert len(house.events("inbox")) == told
    assert len(audit(house, "handoff.label")) == 1


def test_a_label_needs_letters_and_a_conversation_carries_twenty(client, house, ada):
    id = house.waiting()
    post(client, ada, f"/api/handoffs/{id}/labels", {"add": ["  "]}, status=422)
    post(client, ada, f"/api/handoffs/{id}/labels", {"add": [f"label {n}" for n in range(20)]})
    problem = post(client, ada, f"/api/handoffs/{id}/labels", {"add": ["one more"]}, status=422)
    assert "at most 20" in problem["detail"]
    post(client, ada, "/api/handoffs/hand_none/labels", {"add": ["x"]}, status=404)


# Canned replies

REPLY = {
    "shortcut": "/Refund-Delay",
    "title": "Refund takes longer",
    "text": "Hello {{customer.first_name|there}}, {{agent.name}} here.",
}


def test_leads_keep_canned_replies_and_agents_use_them(client, house, ada, lea):
    assert client.post("/api/canned", json=REPLY, headers=ada.headers).status_code == 403
    made = post(client, lea, "/api/canned", REPLY, status=201)
    assert made["shortcut"] == "refund-delay"
    kim, nobody = house.waiting(name="Kim Lee"), house.waiting(name=None)
    use = f"canned/{made['id']}"
    assert post(client, ada, f"/api/handoffs/{kim}/{use}") == {"text": "Hello Kim, Ada here."}
    assert post(client, ada, f"/api/handoffs/{nobody}/{use}") == {"text": "Hello there, Ada here."}
    assert get(client, ada, "/api/canned?q=longer refund")["items"][0]["used"] == 2
    assert get(client, ada, "/api/canned?q=parcel")["items"] == []


def test_two_canned_replies_never_share_a_shortcut(client, lea):
    made = post(client, lea, "/api/canned", REPLY, status=201)
    problem = post(client, lea, "/api/canned", REPLY | {"shortcut": "REFUND-delay"}, status=409)
    assert "choose another" in problem["detail"]
    other = post(client, lea, "/api/canned", REPLY | {"shortcut": "other"}, status=201)
    path = f"/api/canned/{other['id']}"
    assert client.put(path, json=REPLY, headers=lea.headers).status_code == 409
    assert (
        client.put(path, json=REPLY | {"shortcut": "other", "text": "New."}, headers=lea.headers).json()[
            "text"
        ]
        == "New."
    )
    assert client.delete(path, headers=lea.headers).status_code == 204
    assert [item["id"] for item in get(client, lea, "/api/canned")["items"]] == [made["id"]]


def test_an_unknown_variable_is_refused_before_a_customer_sees_it(client, lea):
    problem = post(client, lea, "/api/canned", REPLY | {"text": "Hi {{customer.shoe_size}}"}, status=422)
    assert "customer.shoe_size" in problem["detail"]
    assert "customer.name" in problem["detail"]


def test_a_customers_name_is_never_read_for_variables():
    assert (
        fill("Hi {{customer.name}}", {"customer.name": "{{agent.name}}", "agent.name": "Ada"})
        == "Hi {{agent.name}}"
    )


# Drafts


def test_a_draft_comes_back_to_its_agent_and_to_nobody_else(client, house, ada, ben):
    id = house.waiting()
    path = f"/api/handoffs/{id}/draft"
    body = {"mode": "reply", "text": "Dear Kim, I"}
    assert client.put(path, json=body, headers=ada.headers).status_code == 204
    client.put(path, json={"mode": "note", "text": "ask Ben"}, headers=ada.headers)
    assert get(client, ada, path) == {"reply": "Dear Kim, I", "note": "ask Ben"}
    assert get(client, ben, path) == {"reply": "", "note": ""}
    assert client.put(path, json=body | {"text": " "}, headers=ada.headers).status_code == 204
    assert get(client, ada, path) == {"reply": "", "note": "ask Ben"}
    assert client.delete(path, headers=ada.headers).status_code == 204
    with house.database.read() as session:
        assert session.query(Draft).count() == 0


def test_a_draft_that_two_windows_save_at_once_is_kept(client, house, ada):
    def save(id, number):
        body = {"mode": "reply", "text": f"window {number}"}
        return client.put(f"/api/handoffs/{id}/draft", json=body, headers=ada.headers).status_code

    with ThreadPoolExecutor(4) as windows:
        for id in [house.waiting() for _ in range(10)]:
            assert set(windows.map(save, [id] * 4, range(4))) == {204}


def test_a_draft_of_nothing_is_refused(client, ada):
    assert (
        client.put("/api/handoffs/hand_none/draft", json={"text": "x"}, headers=ada.headers).status_code
        == 404
    )


# Presence


def test_agents_see_who_is_looking_and_who_is_writing(client, house, ada, ben):
    id = house.waiting()
    path = f"/api/handoffs/{id}/presence"
    assert post(client, ada, path, {"state": "looking"})["items"] == []
    assert post(client, ben, path, {"state": "typing"})["items"] == [
        {"id": ada.id, "name": "Ada", "typing": False}
    ]
    assert post(client, ada, path, {"state": "looking"})["items"] == [
        {"id": ben.id, "name": "Ben", "typing": True}
    ]
    told = [payload["agents"] for kind, payload in house.events("inbox") if kind == "presence"]
    assert [[one["name"] for one in agents] for agents in told] == [
        ["Ada"],
        ["Ada", "Ben"],
    ]  # a renewal is no news
    post(client, ben, path, {"state": "gone"})
    assert post(client, ada, path, {"state": "looking"})["items"] == []


def test_who_falls_silent_is_gone_after_a_while(client, house, ada):
    id = house.waiting()
    post(client, ada, f"/api/handoffs/{id}/presence", {"state": "looking"})
    sweep(house.database)
    with house.database.read() as session:
        assert session.query(Presence).count() == 1
    with house.database.write() as session:
        session.execute(update(Presence).values(until=now() - timedelta(seconds=1)))
    sweep(house.database)
    with house.database.read() as session:
        assert session.query(Presence).count() == 0
    kind, payload = house.events("inbox")[-1]
    assert (kind, payload) == ("presence", {"handoff_id": id, "agents": []})


# Mentions


def test_a_colleague_named_in_a_note_is_told_and_finds_it(client, house, ada, ben):
    id = house.waiting()
    note = post(client, ada, f"/api/handoffs/{id}/note", {"text": "@Ben please look", "mentions": [ben.id]})
    assert note["internal"]
    told = [payload for kind, payload in house.events("inbox") if kind == "mention"]
    assert told == [{"handoff_id": id, "agent_id": ben.id, "by": "Ada"}]
    assert [item["id"] for item in get(client, ben, "/api/handoffs?view=mentions")["items"]] == [id]
    assert get(client, ada, "/api/handoffs?view=mentions")["items"] == []
    post(client, ben, f"/api/handoffs/{id}/seen", status=204)
    with house.database.read() as session:
        assert session.scalars(select(Mention)).one().seen_at is not None
    assert get(client, ben, "/api/handoffs")["counts"]["mentions"] == 0


def test_a_note_that_names_nobody_we_know_is_not_kept(client, house, ada):
    id = house.waiting()
    post(client, ada, f"/api/handoffs/{id}/note", {"text": "@X", "mentions": ["agent_none"]}, status=404)
    assert get(client, ada, f"/api/handoffs/{id}")["notes"] == []


# Article drafts


def test_a_conversation_starts_a_draft_that_only_agents_know_of(client, house, ada):
    id = house.waiting("How do I merge two accounts?")
    post(client, ada, f"/api/handoffs/{id}/claim")
    post(client, ada, f"/api/handoffs/{id}/reply", {"text": "Open Settings and choose Merge."})
    begun = post(client, ada, f"/api/handoffs/{id}/article", status=201)
    assert begun["title"] == "How do I merge two accounts?"
    again = post(client, ada, f"/api/handoffs/{id}/article", {"title": "Other"}, status=201)
    assert again == begun  # one draft for one handoff, and nobody's work is written over
    with house.database.read() as session:
        article = session.scalars(select(Article)).one()
        assert (article.status, article.audience, article.source) == ("draft", "agents", "inbox")
        assert article.body == "Open Settings and choose Merge."
    assert [item["handoff_id"] for item in get(client, ada, "/api/article-drafts")["items"]] == [id]
    assert audit(house, "article.draft") == [("Ada", f"inbox/{id}", {"handoff_id": id})]


# Many at once


def test_many_are_claimed_at_once_and_what_fails_says_why(client, house, ada, ben):
    first, second, third = (house.waiting() for _ in range(3))
    post(client, ben, f"/api/handoffs/{second}/claim")
    done = post(
        client, ada, "/api/handoffs/bulk", {"ids": [first, second, third, first, "hand_x"], "step": "claim"}
    )
    assert done["done"] == [first, third]
    assert {one["id"] for one in done["failed"]} == {second, "hand_x"}
    assert "Ben has this conversation" in done["failed"][0]["detail"]
    assert house.handoff(second).assignee_id == ben.id


def test_every_step_works_on_many(client, house, ada, ben, lea):
    ids = [house.waiting(name=f"Kim {n}") for n in range(3)]

    def many(agent, step, **given):
        done = post(client, agent, "/api/handoffs/bulk", {"ids": ids, "step": step, **given})
        assert done == {"done": ids, "failed": []}, step
        return [get(client, agent, f"/api/handoffs/{id}") for id in ids]

    assert all(packet["labels"] == ["spam"] for packet in many(ada, "label", label="Spam"))
    assert all(packet["labels"] == [] for packet in many(ada, "unlabel", label="spam"))
    assert all(packet["priority"] == "urgent" for packet in many(ada, "priority", priority="urgent"))
    assert all(packet["assignee"]["name"] == "Ben" for packet in many(lea, "assign", agent_id=ben.id))
    until = (now() + timedelta(hours=1)).isoformat()
    assert all(packet["snoozed_until"] for packet in many(ben, "snooze", until=until))
    assert not any(packet["snoozed_until"] for packet in many(ben, "snooze", until=None))
    assert all(packet["status"] == "waiting" for packet in many(ben, "release"))
    many(ada, "claim")
    assert all(packet["outcome"] == "no article" for packet in many(ada, "resolve", outcome="no article"))


def test_a_step_on_many_without_what_it_needs_is_refused_as_a_whole(client, house, ada):
    id = house.waiting()
    problem = post(client, ada, "/api/handoffs/bulk", {"ids": [id], "step": "assign"}, status=422)
    assert problem["detail"].startswith("agent_id")
    post(client, ada, "/api/handoffs/bulk", {"ids": [], "step": "claim"}, status=422)
    post(client, ada, "/api/handoffs/bulk", {"ids": ["x"] * 101, "step": "claim"}, status=422)
    post(client, ada, "/api/handoffs/bulk", {"ids": [id], "step": "explode"}, status=422)


def test_the_desks_doors_are_shut_to_strangers_and_customers(client, house):
    id = house.waiting()
    with house.database.read() as session:
        assert session.query(Customer).count() == 1
    for method, path in (
        ("POST", "/api/handoffs/bulk"), ("POST", f"/api/handoffs/{id}/labels"), ("GET", "/api/labels"), ("GET", "/api/canned"),
        ("POST", "/api/canned"), ("POST", f"/api/handoffs/{id}/canned/x"), ("GET", f"/api/handoffs/{id}/draft"),
        ("PUT", f"/api/handoffs/{id}/draft"), ("POST", f"/api/handoffs/{id}/presence"), ("POST", f"/api/handoffs/{id}/seen"),
        ("POST", f"/api/handoffs/{id}/article"), ("GET", "/api/article-drafts"),
    ):  # fmt: skip
        assert client.request(method, path, json={}).status_code == 401, path
