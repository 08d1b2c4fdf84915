"""The whole way through a real server: a customer needs a person, and mail server, webhook and admin learn of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx
import pytest

from escalation.notify.outbox import LEASE
from help_center.database import Database
from tests.conftest import Installation, Server
from tests.escalation.test_notify import later
from tests.escalation.test_notify_doors import Receiver, receiver  # noqa: F401, a fixture
from tests.escalation.test_notify_email import Mailbox, Start, mailbox, plain, start  # noqa: F401, fixtures

pytestmark = pytest.mark.slow


def until(there: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def sign_up(server: Server, headers: dict[str, str], url: str) -> dict[str, str]:
    """The desk wants e-mail, and a program wants events. Gives the webhook."""
    with server.client(headers=headers) as client:
        desk = client.get("/api/desk").raise_for_status().json()
        wanted = {"notifications": desk["notifications"] | {"emails": ["desk@example.org"]}}
        client.put("/api/desk", json=desk | wanted).raise_for_status()
        events = ["handoff.opened", "handoff.resolved", "conversation.closed", "message.created"]
        made = client.post("/api/webhooks", json={"url": url, "events": events}).raise_for_status()
        told: dict[str, str] = made.json()
        return told


def test_what_happens_is_told_and_what_was_not_there_gets_it_after_a_crash(
    installation: Installation,
    receiver: Receiver,  # noqa: F811
    mailbox: Mailbox,  # noqa: F811
    start: Start,  # noqa: F811
) -> None:
    mail = start()
    installation.env = {
        "PARLEY_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "PARLEY_MAIL_FROM": "Support <support@shop.example>",
        "PARLEY_PUBLIC_URL": "https://help.shop.example",
        "PARLEY_LOCAL_WEBHOOKS": "true",
    }
    admin = installation.agent(role="admin")
    server = installation.serve()
    webhook = sign_up(server, admin, receiver.url)

    receiver.release.clear()  # it takes the first event and does not answer: the server dies meanwhile
    conversation = server.conversation(customer={"name": "Kim"})
    turn = conversation.say("I want to talk to a person about my invoice")
    until(receiver.arrived.is_set, "no webhook was called")
    until(lambda: len(mailbox.letters) == 1, "no e-mail came")
    server.kill()
    receiver.release.set()
    [unanswered] = receiver.ids()
    database = Database(f"sqlite:///{installation.folder / 'var' / 'parley.db'}")
    later(database, LEASE)
    database.close()

    server = installation.serve()
    with server.client(headers=admin) as client:
        step = f"/api/handoffs/{turn['handoff_id']}"
        client.post(f"{step}/claim").raise_for_status()
        client.post(f"{step}/note", json={"text": "a secret note"}).raise_for_status()
        client.post(f"{step}/reply", json={"text": "It is under Billing."}).raise_for_status()
        client.post(f"{step}/resolve", json={}).raise_for_status()
        until(lambda: all_done(client), "something is still to be sent")

    told = [json.loads(body) for _, body in receiver.got]
    once = {one["id"]: one for one in told}.values()
    assert receiver.ids().count(unanswered) == 2  # the call that nobody answered came again
    assert len(told) == len(once) + 1
    written = [one["data"]["message"] for one in once if one["event"] == "message.created"]
    assert {one["role"] for one in written} == {"customer", "assistant", "agent", "system"}
    said = [one["text"] for one in written if one["role"] != "system"]
    assert said[0] == "I want to talk to a person about my invoice"
    assert said[-1] == "It is under Billing."
    others = [one["event"] for one in once if one["event"] != "message.created"]
    assert sorted(others) == ["conversation.closed", "handoff.opened", "handoff.resolved"]
    assert "a secret note" not in str(told)
    for headers, body in receiver.got:
        signed = headers["parley-timestamp"].encode() + b"." + body
        mac = hmac.new(webhook["secret"].encode(), signed, hashlib.sha256).hexdigest()
        assert headers["parley-signature"] == f"v1={mac}"
    letter = mailbox.letters[0]
    assert letter["To"] == "desk@example.org"
    assert str(letter["Subject"]).startswith("Kim waits for a person")
    assert f"https://help.shop.example/inbox#{turn['handoff_id']}" in plain(letter)
    # one letter; had the server died before it was marked as sent, it would have come again, with the same id
    assert len({str(one["Message-ID"]) for one in mailbox.letters}) == 1

    checks = json.loads(installation.parley("doctor", "--json", check=False).stdout)["checks"]
    found = {check["name"]: check for check in checks}
    assert found["e-mail"]["ok"]
    assert str(mail.port) in found["e-mail"]["told"]
    assert found["deliveries"]["ok"]


def all_done(client: httpx.Client) -> bool:
    """Nothing waits and nothing has failed."""
    items = client.get("/api/deliveries").raise_for_status().json()["items"]
    return {one["status"] for one in items} == {"sent"}
