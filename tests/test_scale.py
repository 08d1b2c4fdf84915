"""Several processes on one installation: two hosts on PostgreSQL, Chroma and Redis, and workers on one machine."""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Conversation, Installation, Server, eventually, free_port

pytestmark = pytest.mark.services
HOW_TO_RETURN = "How do I return a bicycle?"
Event = tuple[str, dict[str, Any], str | None]  # kind, payload, id


@pytest.fixture(params=["with Redis", "without Redis", "with a Redis that is down"])
def hosts(
    request: pytest.FixtureRequest,
    installations: Callable[..., Installation],
    postgres_url: str,
    chroma_url: str,
) -> list[Installation]:
    """Two data dirs, one PostgreSQL, one Chroma server, and one Redis or none."""
    shared = {"PARLEY_DATABASE_URL": postgres_url, "PARLEY_CHROMA_URL": chroma_url}
    if request.param == "with Redis":
        shared["PARLEY_REDIS_URL"] = request.getfixturevalue("redis_url")
    elif request.param == "with a Redis that is down":
        shared["PARLEY_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    return [installations("north", **shared), installations("south", **shared)]


@pytest.fixture
def pair(hosts: list[Installation], articles_file: Path) -> tuple[Server, Server]:
    north, south = hosts
    north.parley("index", str(articles_file))
    return north.serve(), south.serve()


@contextmanager
def listening(server: Server, path: str, headers: dict[str, str]) -> Iterator[queue.Queue[Event]]:
    """The events of a stream as they come, read by a thread of their own."""
    events: queue.Queue[Event] = queue.Queue()
    begun, leaving = threading.Event(), threading.Event()

    def read() -> None:
        with server.client() as client, client.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200, response.read()
            kind, data, id = "", "", None
            try:
                for line in response.iter_lines():
                    begun.set()
                    if leaving.is_set():
                        return
                    field, _, value = line.partition(": ")
                    if field == "event":
                        kind = value
                    elif field == "data":
                        data = value
                    elif field == "id":
                        id = value
                    elif line == "" and data:
                        events.put((kind, json.loads(data), id))
                        kind, data, id = "", "", None
            except httpx.TransportError:
                return  # the server ended with the test

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert begun.wait(60), "the event stream did not begin"
    yield events
    leaving.set()


def until(
    events: queue.Queue[Event], wanted: Callable[[str, dict[str, Any]], bool], seconds: float = 60
) -> Event:
    end = time.monotonic() + seconds
    seen = []
    while (left := end - time.monotonic()) > 0:
        try:
            event = events.get(timeout=left)
        except queue.Empty:
            break
        seen.append(event[:2])
        if wanted(event[0], event[1]):
            return event
    raise AssertionError(f"the event did not come within {seconds} s; these did: {seen}")


def at(server: Server, conversation: Conversation) -> Conversation:
    """The same conversation, through another server."""
    return Conversation(server, conversation.id, conversation.token)


def found(server: Server, words: str, headers: dict[str, str] | None = None) -> list[str]:
    with server.client() as client:
        told = client.get("/api/search", params={"q": words}, headers=headers).raise_for_status().json()
    return [row["article_id"] for row in told["results"]]


def test_two_hosts_work_as_one(hosts: list[Installation], pair: tuple[Server, Server]) -> None:
    north, south = pair
    here = north.conversation()
    there = at(south, here)
    path = f"/api/conversations/{here.id}/events"
    with listening(south, path, there.headers) as events:
        # a message sent to one is seen live from the other
        turn = here.say(HOW_TO_RETURN)
        assert turn["action"] == "answer", turn
        until(events, lambda kind, data: kind == "message" and data["text"] == HOW_TO_RETURN)
        reply = until(events, lambda kind, data: kind == "message" and data["id"] == turn["message"]["id"])

        # the conversation is the same from both sides, and the token of one is good at the other only for it
        assert there.show() == here.show()
        other = north.conversation()
        with south.client() as client:
            stolen = client.get(f"/api/conversations/{other.id}", headers=here.headers)
        assert stolen.status_code == 403

        # an agent of one host claims on the other, and replies on the first: the customer sees it live
        agent = hosts[0].agent("ada@example.org", role="admin")
        escalated = there.say("I want to talk to a person.")
        assert escalated["action"] == "escalate"
        handoff = escalated["handoff_id"]
        with south.client(headers=agent) as client:
            assert client.post(f"/api/handoffs/{handoff}/claim").status_code == 200
        with listening(north, "/api/inbox/events", agent) as inbox:
            there.say("Are you there?")
            until(inbox, lambda kind, data: kind == "message" and "Are you there?" in json.dumps(data))
        with north.client(headers=agent) as client:
            sent = client.post(f"/api/handoffs/{handoff}/reply", json={"text": "Here I am."})
            assert sent.status_code == 200, sent.text
        came = until(events, lambda kind, data: kind == "message" and data["role"] == "agent")
        assert came[1]["text"] == "Here I am."

    # the stream resumes at the other host where it broke off, without loss and without a second time
    with listening(north, path, here.headers | {"Last-Event-ID": reply[2] or ""}) as again:
        kinds = [again.get(timeout=60)[:2] for _ in range(2)]
    assert kinds[0][1].get("text") == "I want to talk to a person."
    assert reply[1]["id"] not in [data.get("id") for _, data in kinds]


def test_an_article_published_through_one_is_found_by_the_other_when_the_call_has_returned(
    hosts: list[Installation], pair: tuple[Server, Server]
) -> None:
    north, south = pair
    admin = hosts[1].agent(role="admin")
    assert found(south, HOW_TO_RETURN)[0] == "returns"
    for round in range(4):
        one, other = (north, south) if round % 2 else (south, north)
        word = f"quokka{round}"
        article = {
            "title": f"The {word} rack",
            "body": f"Screw the {word} rack onto the frame.",
            "section": ["Parts"],
        }
        with one.client(headers=admin) as client:
            assert client.put(f"/api/articles/{word}", json=article).status_code == 201
            assert found(other, f"{word} rack")[0] == word
            changed = article | {"body": "It was replaced by the wombat rack."}
            assert client.put(f"/api/articles/{word}", json=changed).status_code == 200
            assert found(other, "wombat rack replaced")[0] == word
            for_agents = article | {"audience": "agents"}
            assert client.put(f"/api/articles/{word}", json=for_agents).status_code == 200
            assert word not in found(other, f"{word} rack")
            assert word in found(other, f"{word} rack", admin)
            assert client.delete(f"/api/articles/{word}").status_code == 204
        assert word not in found(other, f"{word} rack", admin)
        with other.client(headers=admin) as client:
            assert client.get(f"/api/articles/{word}").status_code == 404
    # what nobody touched is found as before, from both sides
    assert found(north, HOW_TO_RETURN) == found(south, HOW_TO_RETURN)


def test_the_same_client_id_at_both_hosts_at_once_makes_one_message_and_one_turn(
    pair: tuple[Server, Server],
) -> None:
    north, south = pair
    for _ in range(5):
        here = north.conversation()
        client_id = uuid.uuid4().hex
        with ThreadPoolExecutor(6) as pool:
            sides = [here, at(south, here)] * 3
            turns = list(pool.map(Conversation.say, sides, repeat(HOW_TO_RETURN), repeat(client_id)))
        assert all(turn == turns[0] for turn in turns)
        assert [message["role"] for message in at(south, here).show()["messages"]] == [
            "customer",
            "assistant",
        ]
        assert at(south, here).say(HOW_TO_RETURN, client_id) == turns[0]


@pytest.mark.slow
@pytest.mark.parametrize("hosts", ["with Redis"], indirect=True)
def test_a_host_that_dies_leaves_its_turns_to_the_other(pair: tuple[Server, Server]) -> None:
    north, south = pair
    conversations = [north.conversation() for _ in range(8)]

    def ask(conversation: Conversation) -> bool:
        try:
            conversation.say(HOW_TO_RETURN, "only-once")
        except httpx.TransportError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask, conversation) for conversation in conversations]
        time.sleep(0.15)
        north.kill()
        done = [one.result() for one in asking]
    end = time.monotonic() + 60
    for conversation in conversations:
        there = at(south, conversation)
        while time.monotonic() < end:
            roles = [message["role"] for message in there.show()["messages"]]
            if roles in ([], ["customer", "assistant"]):
                break
            time.sleep(0.2)
        assert roles in ([], ["customer", "assistant"]), f"{roles} (answered before the end: {done})"
        there.say(HOW_TO_RETURN, "only-once")
        assert [message["role"] for message in there.show()["messages"]] == ["customer", "assistant"]


@pytest.mark.slow
def test_two_installations_share_one_chroma_server_and_never_touch_each_other(
    installations: Callable[..., Installation], chroma_url: str, articles_file: Path, tmp_path: Path
) -> None:
    shop, other = (installations(name, PARLEY_CHROMA_URL=chroma_url) for name in ("shop", "other"))
    shop.parley("index", str(articles_file))
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text(json.dumps({"id": "returns", "title": "Tax returns", "body": "File them by May."}))
    other.parley("index", str(elsewhere))
    assert json.loads(shop.parley("index", str(articles_file), "--json").stdout)["passages"] == 0
    results = json.loads(shop.parley("search", "tax returns", "--json").stdout)["results"]
    assert "File them by May" not in json.dumps(results)
    names = {row["name"] for row in httpx.get(
        f"{chroma_url}/api/v2/tenants/default_tenant/databases/default_database/collections", trust_env=False
    ).json()}  # fmt: skip
    counted = [
        sum(name.startswith(start) for name in names) for start in {name.split("-")[0] for name in names}
    ]
    assert len(counted) >= 2, "the installations keep their vectors on the same shelves"


@pytest.mark.slow
def test_workers_on_one_machine_start_a_chroma_server_and_take_it_with_them(
    shop_installation: Installation, articles_file: Path
) -> None:
    server = shop_installation.serve("--workers", "2")
    family = descendants(server.process.pid)
    assert any("chroma" in command for command in family.values()), family
    conversation = server.conversation()
    assert conversation.say(HOW_TO_RETURN)["action"] == "answer"

    # every worker answers, and sees at once what another one publishes
    admin = shop_installation.agent(role="admin")
    for round in range(6):
        word = f"numbat{round}"
        with server.client(headers=admin) as client:
            written = client.put(
                f"/api/articles/{word}", json={"title": f"The {word}", "body": f"About the {word}."}
            )
            assert written.status_code == 201, written.text
        assert [found(server, word)[0] for _ in range(4)] == [word] * 4  # a connection each: either worker

    # the commands beside it work through it
    searched = json.loads(shop_installation.parley("search", "return a bicycle", "--json").stdout)
    assert searched["results"][0]["article_id"] == "returns"
    more = articles_file.with_name("more.jsonl")
    more.write_text(
        json.dumps({"id": "bells", "title": "Fit a bell", "body": "Put the bell on the left of the bar."})
    )
    indexed = json.loads(shop_installation.parley("index", str(more), "--json").stdout)
    assert (indexed["added"], indexed["failed"]) == (1, [])
    assert found(server, "fit a bell")[0] == "bells"

    os.kill(server.process.pid, signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert_gone(family)
    # and the store that the Chroma server wrote is read by the embedded one
    searched = json.loads(shop_installation.parley("search", "fit a bell", "--json").stdout)
    assert searched["results"][0]["article_id"] == "bells"


@pytest.mark.slow
def test_workers_keep_the_rate_limit_together(shop_installation: Installation) -> None:
    shop_installation.env["PARLEY_RATE_LIMIT"] = "6/minute"
    server = shop_installation.serve("--workers", "2")
    conversations = [server.conversation() for _ in range(8)]
    told: list[str] = []

    def both_answer() -> bool:
        """Each counts how often it was asked for its counts: a figure that comes twice is told by two."""
        with server.client() as client:
            lines = client.get("/metrics").text.splitlines()
        told.append(next((line for line in lines if 'route="/metrics"' in line), "never"))
        return len(set(told)) < len(told)

    eventually(both_answer)

    def ask(number: int) -> int:
        """A connection each: either worker."""
        one = conversations[number % 8]
        with server.client(headers=one.headers) as client:
            return client.post(f"/api/conversations/{one.id}/messages", json={"text": "Hello"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(32)))
    assert sorted(statuses) == [200] * 6 + [429] * 26


@pytest.mark.slow
def test_when_the_parent_of_the_workers_is_killed_nothing_of_it_is_left(
    shop_installation: Installation,
) -> None:
    server = shop_installation.serve("--workers", "2")
    family = descendants(server.process.pid)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    assert_gone(family)
    again = shop_installation.serve()  # the data dir is free, and its store is whole
    assert again.conversation().say(HOW_TO_RETURN)["action"] == "answer"


def test_workers_that_cannot_open_their_store_do_not_start(installation: Installation) -> None:
    installation.env["PARLEY_CHROMA_URL"] = f"http://127.0.0.1:{free_port()}"
    done = installation.parley("serve", "--workers", "2", "--port", str(free_port()), check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("parley: the vector store ")
    assert len(done.stderr.splitlines()) == 1


def descendants(pid: int) -> dict[int, str]:
    """Process id -> command, of a process and everything below it."""
    below: dict[int, list[int]] = {}
    commands: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it has ended meanwhile
        below.setdefault(parent, []).append(int(folder.name))
    family, waiting = {}, [pid]
    while waiting:
        one = waiting.pop()
        family[one] = commands.get(one, "")
        waiting += below.get(one, [])
    return family


def assert_gone(family: dict[int, str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    left = family
    while left and time.monotonic() < end:
        left = {pid: command for pid, command in family.items() if _runs(pid, command)}
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"still there after {seconds} s: {left}"


def _runs(pid: int, command: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") == command != ""
    except OSError:
        return False
