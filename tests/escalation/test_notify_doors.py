"""Webhooks and Slack against a real server: what arrives, what is refused, who sends it, and the admins' doors."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation.notify import posting, routes
from escalation.notify.base import Parcel, Undelivered
from escalation.notify.outbox import LEASE, Outbox, enqueue
from escalation.notify.posting import fault_of, post, refusal
from escalation.notify.slack import Slack, message
from escalation.notify.webhook import Webhooks
from escalation.policies import DeskSettings, Notifications, keep_desk_settings
from help_center.database import Database, iso, now
from help_center.desk import AuditEntry, Delivery, Webhook
from help_center.web import Doorkeeper, install_problems
from tests.escalation.conftest import Colleague, House
from tests.escalation.test_notify import deliveries, later, send_all
from tests.escalation.test_notify_email import certificate

SECRET = "whsec_for_a_test"


@dataclass
class Receiver:
    """A server that answers as the script says, then with 200. `held`: it waits for `release` before each answer."""

    url: str = ""
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.release.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.arrived.set()
            receiver.release.wait(30)
            status, headers = receiver.script.pop(0) if receiver.script else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    yield receiver
    receiver.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def hook(database: Database, url: str, *, active: bool = True) -> str:
    with database.write() as session:
        session.add(Webhook(id="hook_1", url=url, secret=SECRET, events=["handoff.opened"], active=active))
    return "hook_1"


def put(database: Database, *keys: str) -> None:
    with database.write() as session:
        for key in keys:
            enqueue(session, "webhook", "hook_1", "handoff.opened", {"question": f"Wo? {key}"}, key=key)


def outbox_of(database: Database) -> Outbox:
    transports = {"webhook": Webhooks(database, local=True)}
    return Outbox(database, transports, dice=lambda: 0.5, rest_seconds=0)


# What arrives


def test_a_webhook_that_fails_twice_gets_it_at_the_third_try_signed_each_time(
    database: Database, receiver: Receiver
) -> None:
    receiver.script = [(503, {}), (500, {})]
    hook(database, receiver.url)
    put(database, "1")
    outbox = outbox_of(database)
    for wait_s in (0, 10, 30):
        later(database, timedelta(seconds=wait_s))
        send_all(outbox)
    [row] = deliveries(database)
    assert (row.status, row.attempts) == ("sent", 3)
    assert receiver.ids() == [row.id] * 3
    for headers, body in receiver.got:
        told = json.loads(body)
        assert told == {
            "id": row.id,
            "event": "handoff.opened",
            "created_at": iso(row.created_at),
            "data": {"question": "Wo? 1"},
        }
        assert (headers["parley-event"], headers["parley-delivery"]) == ("handoff.opened", row.id)
        assert headers["content-type"] == "application/json"
        assert abs(int(headers["parley-timestamp"]) - time.time()) < 60
        signed = headers["parley-timestamp"].encode() + b"." + body
        assert (
            headers["parley-signature"]
            == "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        )


@pytest.mark.parametrize(
    ("status", "headers", "permanent", "wait_s"),
    [
        (400, {}, True, None),
        (404, {}, True, None),
        (410, {}, True, None),
        (408, {}, False, None),
        (429, {"Retry-After": "120"}, False, 120),
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, False, None),
        (500, {}, False, None),
        (301, {"Location": "https://elsewhere.example"}, True, None),
        (302, {}, True, None),
    ],
)
def test_an_answer_says_whether_trying_again_helps(
    receiver: Receiver, status: int, headers: dict[str, str], permanent: bool, wait_s: float | None
) -> None:
    receiver.script = [(status, headers)]
    with pytest.raises(Undelivered, match=str(status)) as raised:
        post(receiver.url, b"{}", {}, local=True)
    assert (raised.value.permanent, raised.value.wait_s) == (permanent, wait_s)
    assert len(receiver.got) == 1  # a redirect is not followed


def test_a_receiver_that_does_not_answer_is_left_in_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    receiver.release.clear()
    with pytest.raises(Undelivered, match="no answer") as raised:
        post(receiver.url, b"{}", {}, local=True)
    assert not raised.value.permanent
    assert not receiver.release.is_set(), "it still has not answered"


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("elsewhere.example", False)])
def test_the_certificate_must_be_of_the_name_although_the_connection_goes_to_the_checked_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    public, context = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    posting.certificates.cache_clear()
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(str(self.headers["host"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}/"
        if trusted:
            post(url, b"{}", {}, local=True)
        else:
            with pytest.raises(Undelivered, match="certificate") as raised:
                post(url, b"{}", {}, local=True)
            assert not raised.value.permanent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        posting.certificates.cache_clear()
    assert got == ([f"localhost:{server.server_port}"] if trusted else [])


def test_nobody_listening_may_pass_and_a_name_that_is_not_found_too(receiver: Receiver) -> None:
    for url in ("http://127.0.0.1:9/", "http://nobody.invalid/"):
        with pytest.raises(Undelivered) as raised:
            post(url, b"{}", {}, local=True)
        assert not raised.value.permanent


@pytest.mark.parametrize("gone", ["deleted", "off"])
def test_nothing_is_sent_to_a_webhook_that_was_deleted_or_switched_off(
    database: Database, receiver: Receiver, gone: str
) -> None:
    if gone == "off":
        hook(database, receiver.url, active=False)
    put(database, "1")
    send_all(outbox_of(database))
    assert deliveries(database)[0].status == "failed"
    assert receiver.got == []


# What is refused

REFUSED = [
    "169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
ALLOWED = ["10.0.0.5", "192.168.1.9", "172.16.0.1", "93.184.215.14", "2606:2800:21f::1", "fd12::5"]


@pytest.mark.parametrize("address", [*REFUSED, *LOOPBACK, *ALLOWED])
def test_metadata_and_link_local_are_refused_and_this_machine_unless_a_setting_allows_it(
    address: str,
) -> None:
    found = ipaddress.ip_address(address)
    assert (refusal(found, local=False) is None) == (address in ALLOWED)
    assert (refusal(found, local=True) is None) == (address in ALLOWED + LOOPBACK)


@pytest.mark.parametrize(
    "url", ["http://localhost:{port}/", "http://127.0.0.1:{port}/", "http://2130706433:{port}/"]
)
def test_a_name_for_this_machine_is_refused_when_it_is_sent(receiver: Receiver, url: str) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    with pytest.raises(Undelivered, match="this machine") as raised:
        post(url.format(port=port), b"{}", {}, local=False)
    assert raised.value.permanent
    assert receiver.got == []


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "example.org", "https://", "http://user:pw@example.org/", "http://example.org:x/",
     "file:///etc/passwd", "http://169.254.169.254/latest", "http://[fe80::1]/", "http://127.0.0.1/", "gopher://a"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_when_it_is_set(url: str) -> None:
    assert fault_of(url, local=False)
    assert fault_of("https://example.org:8443/hook?a=1", local=False) is None


# Slack


def test_slack_gets_plain_text_that_can_neither_mention_nor_link(
    database: Database, receiver: Receiver
) -> None:
    with database.write() as session:
        settings = DeskSettings(notifications=Notifications(slack_url=receiver.url))
        keep_desk_settings(session, settings)
    payload = {
        "headline": "Kim <!channel> waits for a person",
        "quote": "Buy <https://evil.example|here> & now",
        "about": ["Priority: urgent"],
        "handoff_id": "hand_1",
    }
    slack = Slack(database, public_url="https://help.example.org", local=True)
    slack.send(Parcel("dlv_1", "slack", "handoff.opened", payload, now()))
    told = json.loads(receiver.got[0][1])
    assert told["text"] == (
        "Kim &lt;!channel&gt; waits for a person: Buy &lt;https://evil.example|here&gt; &amp; now"
    )
    marked_up = [
        block["text"]["text"] for block in told["blocks"] if block.get("text", {}).get("type") == "mrkdwn"
    ]
    assert marked_up == ["<https://help.example.org/inbox#hand_1|Open it in the inbox>"]
    assert "mrkdwn" not in json.dumps(message(payload, None))
    long = message(payload | {"quote": "x" * 9000}, None)
    assert max(len(block["text"]["text"]) for block in long["blocks"][:2]) <= 3000


def test_slack_without_an_address_any_more_is_given_up(database: Database) -> None:
    with pytest.raises(Undelivered) as raised:
        Slack(database, public_url=None, local=True).send(Parcel("dlv_1", "slack", "x", {}, now()))
    assert raised.value.permanent


# Several processes

WORKER = """
import sys, time
from concurrent.futures import wait
import help_center.tables
from escalation.notify.outbox import Outbox
from escalation.notify.webhook import Webhooks
from help_center.database import Database
database = Database(sys.argv[1])
outbox = Outbox(database, {"webhook": Webhooks(database, local=True)}, rest_seconds=0)
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + 60
while time.monotonic() < end:
    begun = outbox.send_due()
    if not begun:
        break
    wait(begun)
"""


@pytest.fixture
def worker(database: Database) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a process that sends what is due once it is told to."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, database.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.slow
def test_two_processes_send_each_delivery_once(
    database: Database, receiver: Receiver, worker: Callable[[], subprocess.Popen[str]]
) -> None:
    hook(database, receiver.url)
    put(database, *(str(n) for n in range(80)))
    both = [worker(), worker()]
    for process in both:
        go(process)
    for process in both:
        assert process.wait(30) == 0
    assert sorted(receiver.ids()) == sorted(row.id for row in deliveries(database))
    assert {row.status for row in deliveries(database)} == {"sent"}


@pytest.mark.slow
def test_a_process_killed_while_it_sends_loses_nothing(
    database: Database, receiver: Receiver, worker: Callable[[], subprocess.Popen[str]]
) -> None:
    hook(database, receiver.url)
    put(database, "1", "2")
    receiver.release.clear()
    killed = worker()
    go(killed)
    assert receiver.arrived.wait(20)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(10)
    receiver.release.set()
    first, second = deliveries(database)
    assert (first.status, first.attempts, second.attempts) == ("pending", 1, 0)
    later(database, LEASE)
    after = worker()
    go(after)
    assert after.wait(30) == 0
    assert {row.status for row in deliveries(database)} == {"sent"}
    assert receiver.ids() == [first.id, first.id, second.id]  # at least once, and told apart by the id


# The admins' doors


@pytest.fixture
def admin(house: House) -> Colleague:
    return house.agent("Root", "admin")


@pytest.fixture
def doors(house: House) -> Iterator[TestClient]:
    app = FastAPI()
    install_problems(app)
    webhooks = Webhooks(house.database, local=True)
    app.include_router(
        routes.routes(house.database, Doorkeeper(house.database, ()), webhooks, local_webhooks=True)
    )
    with TestClient(app) as client:
        yield client


def test_only_admins_see_and_change_webhooks_and_deliveries(house: House, doors: TestClient) -> None:
    lead = house.agent("Lea", "lead")
    new = {"url": "https://example.org/", "events": ["handoff.opened"]}
    for method, path, body in [
        ("GET", "/api/webhooks", None),
        ("POST", "/api/webhooks", new),
        ("PUT", "/api/webhooks/hook_1", {"active": False}),
        ("DELETE", "/api/webhooks/hook_1", None),
        ("POST", "/api/webhooks/hook_1/test", None),
        ("GET", "/api/deliveries", None),
        ("POST", "/api/deliveries/dlv_1/retry", None),
    ]:
        assert doors.request(method, path, json=body).status_code == 401
        assert doors.request(method, path, json=body, headers=lead.headers).status_code == 403


def test_a_webhook_is_made_tested_changed_and_deleted_and_its_secret_is_shown_once(
    house: House, doors: TestClient, admin: Colleague, receiver: Receiver
) -> None:
    doors.headers.update(admin.headers)
    new = {"url": receiver.url, "events": ["handoff.opened", "handoff.opened", "message.created"]}
    made = doors.post("/api/webhooks", json=new)
    assert made.status_code == 201
    webhook = made.json()
    assert webhook["events"] == ["handoff.opened", "message.created"]
    path = f"/api/webhooks/{webhook['id']}"

    assert doors.post(f"{path}/test").json() == {"delivered": True, "error": None}
    headers, body = receiver.got[0]
    signed = headers["parley-timestamp"].encode() + b"." + body
    mac = hmac.new(webhook["secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert (headers["parley-event"], headers["parley-signature"]) == ("ping", f"v1={mac}")
    receiver.script = [(404, {})]
    failed = doors.post(f"{path}/test").json()
    assert failed == {"delivered": False, "error": "it answered 404 Not Found"}

    changed = doors.put(path, json={"active": False, "new_secret": True}).json()
    assert changed["active"] is False
    assert changed["url"] == receiver.url
    assert changed["secret"] != webhook["secret"]
    again = doors.put(path, json={"events": ["handoff.opened"]}).json()
    assert again["events"] == ["handoff.opened"]
    assert "secret" not in again
    listed = doors.get("/api/webhooks")
    assert webhook["secret"] not in listed.text
    assert changed["secret"] not in listed.text
    assert [row["id"] for row in listed.json()["items"]] == [webhook["id"]]

    with house.database.write() as session:
        enqueue(session, "webhook", webhook["id"], "handoff.opened", {}, key="1")
    assert doors.delete(path).status_code == 204
    assert doors.get("/api/webhooks").json()["items"] == []
    assert deliveries(house.database) == []
    assert doors.delete(path).status_code == 404
    with house.database.read() as session:
        log = [(row.action, row.actor) for row in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
        text = str([row.detail for row in session.scalars(select(AuditEntry))])
    deeds = ["add", "test", "test", "change", "change", "delete"]
    assert log == [(f"webhook.{deed}", "Root") for deed in deeds]
    assert webhook["secret"] not in text
    assert changed["secret"] not in text


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://example.org", "events": ["handoff.opened"]},
        {"url": "http://169.254.169.254/", "events": ["handoff.opened"]},
        {"url": "https://example.org", "events": []},
        {"url": "https://example.org", "events": ["note.created"]},
        {"url": "https://example.org", "events": ["handoff.opened"], "secret": "mine"},
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_one_clear_line(
    doors: TestClient, admin: Colleague, body: dict[str, Any]
) -> None:
    answer = doors.post("/api/webhooks", json=body, headers=admin.headers)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["detail"]
    assert doors.get("/api/webhooks", headers=admin.headers).json()["items"] == []


def test_failed_deliveries_are_listed_and_sent_again(
    house: House, doors: TestClient, admin: Colleague, receiver: Receiver
) -> None:
    doors.headers.update(admin.headers)
    hook(house.database, receiver.url)
    put(house.database, "1", "2", "3")
    receiver.script = [(200, {}), (404, {}), (503, {})]
    outbox = outbox_of(house.database)
    send_all(outbox)
    listed = doors.get("/api/deliveries").json()["items"]
    assert sorted(row["status"] for row in listed) == ["failed", "pending", "sent"]
    [failed] = doors.get("/api/deliveries", params={"status": "failed"}).json()["items"]
    assert failed["to"] == receiver.url
    assert failed["error"] == "it answered 404 Not Found"
    [told] = doors.get("/api/webhooks").json()["items"]
    assert (told["pending"], told["failed"]) == (1, 1)

    retried = doors.post(f"/api/deliveries/{failed['id']}/retry").json()
    assert (retried["status"], retried["attempts"]) == ("pending", 0)
    send_all(outbox)
    assert doors.get("/api/deliveries", params={"status": "failed"}).json()["items"] == []
    assert receiver.ids().count(failed["id"]) == 2
    assert doors.post(f"/api/deliveries/{failed['id']}/retry").status_code == 409
    assert doors.post("/api/deliveries/dlv_none/retry").status_code == 404
    with house.database.read() as session:
        deeds = session.scalars(select(AuditEntry.action)).all()
    assert deeds == ["delivery.retry"]


def test_what_is_being_sent_for_the_second_time_is_not_sent_again_by_hand(
    house: House, doors: TestClient, admin: Colleague, receiver: Receiver
) -> None:
    hook(house.database, receiver.url)
    put(house.database, "1")
    receiver.script = [(503, {})]
    outbox = outbox_of(house.database)
    send_all(outbox)
    [row] = deliveries(house.database)
    retry = f"/api/deliveries/{row.id}/retry"
    assert row.error is not None
    assert doors.post(retry, headers=admin.headers).status_code == 200  # it waits: nobody has it

    leased = outbox._lease(("webhook", "hook_1"))
    assert leased is not None
    busy = doors.post(retry, headers=admin.headers)
    assert (busy.status_code, "just now" in busy.json()["detail"]) == (409, True)
    outbox._mark(*leased, status="sent", payload={}, error=None, done_at=now())
    send_all(outbox)
    assert len(receiver.got) == 1  # the first try; the second one's mark has been kept
    assert deliveries(house.database)[0].status == "sent"


def test_the_list_of_deliveries_goes_page_by_page(house: House, doors: TestClient, admin: Colleague) -> None:
    put(house.database, *(str(n) for n in range(5)))
    seen: list[str] = []
    cursor = None
    while True:
        page = doors.get(
            "/api/deliveries",
            params={"limit": 2} | ({"cursor": cursor} if cursor else {}),
            headers=admin.headers,
        ).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    with house.database.read() as session:
        assert seen == list(session.scalars(select(Delivery.id).order_by(Delivery.id.desc())))
    assert len(seen) == 5
