"""A site vouches for its signed-in customers; nobody can claim to be one."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from help_center import customer_links
from help_center.conversations import Conversation
from help_center.customer_links import CustomerLinks, proof_of
from help_center.database import now
from help_center.people import proven_id
from tests.bot.conftest import Serve
from tests.bot.support import Service, Talk
from tests.conftest import Installation

KEY = "a secret of forty characters, for a test"
MEMBERS_ONLY = {
    "id": "members", "title": "Members' workshop hours", "audience": "customers",
    "body": "The workshop for members opens on Sundays from 9 to 12 o'clock.",
}  # fmt: skip


@pytest.mark.slow
def test_only_a_proven_customer_is_told_what_is_for_customers(installation: Installation) -> None:
    installation.env |= {"PARLEY_SECRET_KEY": KEY, "PARLEY_MAX_WRONG": "0.999"}
    (installation.folder / "a.jsonl").write_text(json.dumps(MEMBERS_ONLY))
    installation.parley("index", str(installation.folder / "a.jsonl"))
    server = installation.serve()
    question = "When does the members' workshop open on Sundays?"
    good = hmac.new(KEY.encode(), b"ada", hashlib.sha256).hexdigest()

    def told(**given: object) -> str:
        return json.dumps(server.conversation(**given).say(question))

    assert "9 to 12" in told(customer={"id": "ada"}, user_hash=good)
    assert "9 to 12" not in told(customer={"id": "ada"})
    for bad in (
        {"customer": {"id": "bob"}, "user_hash": good},
        {"user_hash": good},
        {"customer": {"id": "ada"}, "user_hash": "ü"},
    ):
        assert "9 to 12" not in told(**bad)
    with server.client() as client:
        page = client.get("/docs")
    assert page.status_code == 200
    assert "/api/conversations/{conversation_id}/messages" in page.text
    assert "https://" not in page.text.replace("https://parley", "")


def proof(id: str) -> dict[str, object]:
    return {
        "customer": {"id": id, "name": "Ada"},
        "user_hash": hmac.new(KEY.encode(), id.encode(), hashlib.sha256).hexdigest(),
    }


@pytest.fixture
def vouching(serve: Serve) -> Service:
    return serve(secret_key=KEY)


def signed_in(service: Service, id: str) -> dict[str, str]:
    with service.client() as client:
        given = {"id": id, "user_hash": proof(id)["user_hash"]}
        token = client.post("/api/customers/session", json=given).raise_for_status().json()["token"]
    return {"Authorization": f"Bearer {token}"}


def listed(service: Service, headers: dict[str, str], **query: object) -> dict[str, Any]:
    with service.client(headers=headers) as client:
        told: dict[str, Any] = (
            client.get("/api/customers/me/conversations", params=query).raise_for_status().json()
        )
    return told


def test_a_proven_customer_finds_earlier_conversations_and_goes_on_with_one(vouching: Service) -> None:
    mine = [vouching.talk(**proof("ada")) for _ in range(3)]
    for number, talk in enumerate(mine[:2]):
        talk.say(f"Question {number}: how do I mend a flat tyre?")
    vouching.talk(**proof("bob")).say("Mine, not Ada's")
    vouching.talk(customer={"id": "ada"}).say("Somebody who says that they are Ada")
    ada = signed_in(vouching, "ada")
    items = listed(vouching, ada)["items"]
    assert [item["id"] for item in items] == [mine[1].id, mine[0].id], "the one without a word is none"
    assert items[0]["first"].startswith("Question 1")
    page = listed(vouching, ada, limit=1)
    assert listed(vouching, ada, limit=1, cursor=page["next"])["items"] == items[1:]
    again = Talk(vouching, items[1]["id"], items[1]["token"])
    again.say("And how long does it take?")
    assert listed(vouching, ada)["items"][0]["id"] == mine[0].id


def test_nobody_without_the_proof_gets_a_list(vouching: Service) -> None:
    talk = vouching.talk(**proof("ada"))
    talk.say("A secret of Ada's")
    with vouching.client() as client:
        for given in (
            {"id": "ada", "user_hash": proof("bob")["user_hash"]},
            {"id": "ada", "user_hash": "ü"},
            {"id": "", "user_hash": proof("")["user_hash"]},
        ):
            assert client.post("/api/customers/session", json=given).status_code == 403
        for headers in ({}, talk.headers, {"Authorization": "Bearer x"}, vouching.agent()):
            answer = client.get("/api/customers/me/conversations", headers=headers)
            assert answer.status_code == 401
    assert "secret" not in str(listed(vouching, signed_in(vouching, "bob")))


def test_no_id_that_a_customer_may_choose_takes_over_another(vouching: Service) -> None:
    """A site that lets its customers choose their ids signs what they like, as a `user_hash` and into its links."""
    vouching.talk(**proof("ada")).say("A secret of Ada's")
    ada, until = proven_id("ada"), int(time.time()) + 3600
    chosen = f"help:{until}:{ada}"
    links = [  # their own link where they are called as Ada's row is; a `user_hash` that is a link's proof
        (ada, proof_of(KEY, ada, until)),
        (ada, str(proof(chosen)["user_hash"])),
    ]
    with vouching.client() as client:
        for customer, hash in links:
            given = {"customer": customer, "expires": until, "hash": hash}
            entered = client.get("/help/enter", params=given, follow_redirects=False)
            cookie = entered.cookies[customer_links.COOKIE]
            stolen = {"Authorization": f"Bearer {cookie}"}
            assert client.get("/api/customers/me/conversations", headers=stolen).status_code == 401
        session = client.post("/api/customers/session", json={"id": chosen, "user_hash": links[1][1]})
        assert session.status_code == 403, "the proof of a link is no user_hash"
        assert "begins with `help:`" in session.json()["detail"], "it is not the key that is wrong"
        assert client.post(
            "/api/customers/session", json={"id": "help", "user_hash": proof("help")["user_hash"]}
        ).is_success
    token = signed_in(vouching, "bob")["Authorization"].removeprefix("Bearer ")
    assert not CustomerLinks(KEY).proves(token)
    refused = vouching.talk(**proof(chosen)).post("/identify", proof(chosen))
    assert refused.status_code == 403
    assert "begins with `help:`" in refused.json()["detail"]


def test_who_signs_in_meanwhile_takes_the_conversation_along(vouching: Service) -> None:
    talk = vouching.talk()
    talk.say("Hello, I have a question")
    assert talk.post("/identify", proof("ada") | {"user_hash": "wrong"}).status_code == 403
    assert listed(vouching, signed_in(vouching, "ada"))["items"] == []
    handoff = talk.post("/escalate", {"contact": {"email": "ada@example.org"}}).json()["handoff_id"]
    for _ in range(2):
        assert talk.post("/identify", proof("ada")).status_code == 204
    assert [one["id"] for one in listed(vouching, signed_in(vouching, "ada"))["items"]] == [talk.id]
    assert talk.post("/identify", proof("bob")).status_code == 409
    with vouching.client(headers=vouching.agent()) as client:
        known = client.get(f"/api/handoffs/{handoff}").json()["customer"]
    assert (known["id"], known["name"], known["email"], known["proven"]) == (
        "ada",
        "Ada",
        "ada@example.org",
        True,
    )


def test_what_a_stranger_left_behind_on_a_shared_computer_stays_theirs(vouching: Service) -> None:
    talk = vouching.talk()
    talk.say("Hello, I have a question")
    with vouching.house.database.write() as session:
        session.get_one(Conversation, talk.id).updated_at = now() - timedelta(hours=2)
    assert talk.post("/identify", proof("ada")).status_code == 409
    assert listed(vouching, signed_in(vouching, "ada"))["items"] == []
