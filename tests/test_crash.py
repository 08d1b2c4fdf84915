"""Processes that are killed at bad moments: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.house import House
from help_center.articles import Article
from help_center.index_tables import PassageRow
from help_center.settings import load_settings
from retrieval.chunking import embedded_text
from retrieval.indexing import pending_of, shelf_of, shelves_of
from retrieval.lexical import tokens
from retrieval.passages import Passage
from tests.conftest import Conversation, Installation, Server

pytestmark = pytest.mark.slow
ARTICLES = 120
THINGS = [
    "bell",
    "brake",
    "chain",
    "fork",
    "frame",
    "hub",
    "lamp",
    "lock",
    "mirror",
    "pedal",
    "pump",
    "rack",
    "rim",
    "saddle",
    "spoke",
    "stem",
    "tube",
    "tyre",
    "valve",
    "wheel",
]


@pytest.fixture(scope="module")
def many_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many articles, each with a word of its own."""
    chance = random.Random(7)
    file = tmp_path_factory.mktemp("corpus") / "many.jsonl"
    with open(file, "w", encoding="utf-8") as opened:
        for number in range(ARTICLES):
            part, other = chance.sample(THINGS, 2)
            words = " ".join(
                chance.choices(THINGS, k=205)
            )  # too long to share a passage with another section
            body = f"Model {word_of(number)} fits every {part}.\n\n## Mounting\n\n{words}.\n\n## Care\n\nKeep the {other} clean."
            article = {"id": f"a{number}", "title": f"The {part} {word_of(number)}", "body": body}
            opened.write(json.dumps(article) + "\n")
    return file


def word_of(number: int) -> str:
    """A word that no other article has, and that no stemmer folds into another's."""
    return "".join("bdfgklmnrt"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:04d}") + "x"


def check_the_index(installation: Installation) -> None:
    """Every article findable, and the store holds exactly the passages that the database knows."""
    house = House(load_settings(data_dir=installation.folder / "var"))
    try:
        space = house.indexer.space
        with house.database.read() as session:
            rows = session.scalars(select(PassageRow).where(PassageRow.space == space)).all()
        wanted: dict[str, set[str]] = {}
        for row in rows:
            shelf = shelf_of(shelves_of(house.database, space), row.audience, row.language)
            wanted.setdefault(shelf, set()).add(row.id)
        held = {shelf: house.store.ids(shelf) for shelf in house.store.shelves()}
        assert {shelf: ids for shelf, ids in held.items() if ids} == wanted
        assert len({row.id for row in rows}) == len(rows)
        assert pending_of(house.database, space) == (0, ARTICLES, len(rows))
        assert sorted(row.article_id for row in rows if row.ordinal == 0) == sorted(
            f"a{n}" for n in range(ARTICLES)
        )
        lexicon = house.search.lexicon()
        assert sorted(lexicon.ids) == sorted(row.id for row in rows)
        for number in range(0, ARTICLES, 7):
            # how deep is no business of ours: the articles are much alike
            hits = house.search.find(f"model {word_of(number)}", limit=200).hits
            assert f"a{number}" in [hit.article_id for hit in hits]
            best = lexicon.best(tokens(word_of(number), "en"), lexicon.places_used, 1)
            assert set(lexicon.articles_of(list(best)).values()) == {f"a{number}"}
        with house.database.read() as session:
            titles = dict(session.execute(select(Article.id, Article.title)).tuples().all())
        assert all(row.parts for row in rows)
        for row in rows[::40]:  # each vector is the one of its passage
            passage = Passage(row.id, row.article_id, row.ordinal, tuple(row.headings), row.text)
            vector = house.embedder.embed_query(embedded_text(titles[row.article_id], passage))
            shelf = shelf_of(shelves_of(house.database, space), row.audience, row.language)
            assert (
                dict(house.store.nearest(shelf, vector, 20))[row.id] > 0.97
            )  # int8: the batch changes a little
    finally:
        house.close()


@pytest.mark.parametrize("at", [("articles", 1), ("passages", 1), ("passages", 80), ("snapshot", 0)])
def test_an_index_killed_at_any_moment_is_finished_by_the_next_run(
    installation: Installation, many_articles: Path, at: tuple[str, int]
) -> None:
    what, count = at
    process = installation.start("index", str(many_articles))
    if what == "snapshot":
        wait_until(lambda: (installation.folder / "var" / "lexical").exists(), process)
    else:
        wait_until(lambda: rows_in(installation, what) >= count, process)
        time.sleep(random.Random(count).uniform(0, 0.6))
    assert process.poll() is None, "it had ended before it was killed: make the corpus bigger"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    second = json.loads(installation.parley("index", str(many_articles), "--json").stdout)
    assert second["failed"] == []
    assert second["added"] + second["unchanged"] == ARTICLES
    check_the_index(installation)
    third = json.loads(installation.parley("index", str(many_articles), "--json").stdout)
    assert (third["added"], third["updated"], third["unchanged"], third["passages"]) == (0, 0, ARTICLES, 0)


def test_an_index_killed_again_and_again_gets_on(installation: Installation, many_articles: Path) -> None:
    chance = random.Random(11)
    for _ in range(5):
        process = installation.start("index", str(many_articles))
        time.sleep(chance.uniform(0.3, 2.5))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    installation.parley("index", str(many_articles))
    check_the_index(installation)


def rows_in(installation: Installation, table: str) -> int:
    file = installation.folder / "var" / "parley.db"
    if not file.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not made yet


def wait_until(there, process, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not there() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


QUESTIONS = (
    "How do I return a bicycle?",
    "Which pressure is right for a 32 mm tyre?",
    "How do I connect the bike computer to my phone?",
    "How warm may the battery be in winter?",
)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5])
def test_a_server_killed_during_turns_answers_every_saved_message_once_after_the_restart(
    shop_installation: Installation, seconds: float
) -> None:
    server = shop_installation.serve()
    conversations = [server.conversation() for _ in range(12)]
    sent: dict[str, list[tuple[str, str, dict | None]]] = {one.id: [] for one in conversations}

    def ask_on_and_on(conversation: Conversation) -> None:
        for round in range(100):
            client_id, text = uuid.uuid4().hex, QUESTIONS[round % len(QUESTIONS)]
            try:
                turn = conversation.say(text, client_id)
            except httpx.TransportError:
                sent[conversation.id].append((client_id, text, None))
                return
            sent[conversation.id].append((client_id, text, turn))

    with ThreadPoolExecutor(12) as pool:
        asking = [pool.submit(ask_on_and_on, conversation) for conversation in conversations]
        time.sleep(seconds)
        server.kill()
        for one in asking:
            one.result()
    assert any(said[-1][2] is None for said in sent.values()), "nothing was in flight"

    again = shop_installation.serve()
    end = time.monotonic() + 60
    unanswered = [Conversation(again, one.id, one.token) for one in conversations]
    while unanswered and time.monotonic() < end:
        unanswered = [one for one in unanswered if not answered(one)]
        time.sleep(0.2)
    assert not unanswered, [
        [(m["role"], m["text"][:40]) for m in one.show()["messages"]] for one in unanswered
    ]

    for conversation in (Conversation(again, one.id, one.token) for one in conversations):
        before = conversation.show()["messages"]
        client_ids = [message["client_id"] for message in before if message["role"] == "customer"]
        assert len(client_ids) == len(set(client_ids))
        acknowledged = [client_id for client_id, _, turn in sent[conversation.id] if turn is not None]
        assert set(acknowledged) <= set(client_ids), "an acknowledged message is missing"
        for client_id, text, turn in sent[conversation.id]:
            repeated = conversation.say(text, client_id)
            if turn is not None:
                assert repeated == turn, "the same client_id gives another Turn"
            assert conversation.say(text, client_id) == repeated
        after = conversation.show()["messages"]
        lost = [client_id for client_id, _, turn in sent[conversation.id] if client_id not in client_ids]
        assert len(lost) <= 1  # at most the one in flight had not been saved: it is taken now
        assert len(after) == len(before) + 2 * len(lost)
        assert [message["role"] for message in after] == ["customer", "assistant"] * (len(after) // 2)


def answered(conversation: Conversation) -> bool:
    messages = conversation.show()["messages"]
    return not messages or messages[-1]["role"] != "customer"


def test_a_server_killed_after_an_answer_was_shown_never_takes_it_back(
    shop_installation: Installation,
) -> None:
    for _ in range(2):
        server = shop_installation.serve()
        conversation = server.conversation()
        shown = ""
        url = f"/api/conversations/{conversation.id}/messages"
        headers = conversation.headers | {"Accept": "text/event-stream"}
        body = {"text": QUESTIONS[0], "client_id": "shown"}
        with server.client() as client, client.stream("POST", url, json=body, headers=headers) as response:
            for line in response.iter_lines():
                if line.startswith("data:") and "text" in json.loads(line[5:]):
                    shown = json.loads(line[5:])["text"]
                    server.kill()
                    break
        assert shown
        again = shop_installation.serve()
        turn = Conversation(again, conversation.id, conversation.token).say(QUESTIONS[0], "shown")
        assert turn["message"]["text"].startswith(shown)
        roles = [
            message["role"]
            for message in Conversation(again, conversation.id, conversation.token).show()["messages"]
        ]
        assert roles == ["customer", "assistant"]
        again.kill()


@pytest.mark.parametrize("path", ["conversation", "inbox"])
def test_a_server_stops_within_seconds_while_an_event_stream_is_open(
    installation: Installation, articles_file: Path, path: str
) -> None:
    server = installation.serve()
    conversation = server.conversation()
    url = f"/api/conversations/{conversation.id}/events" if path == "conversation" else "/api/inbox/events"
    headers = conversation.headers if path == "conversation" else installation.agent()
    with server.client() as client, client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200
        next(response.iter_lines())
        stop(server)
    again = installation.serve()  # the data dir was given back
    assert Conversation(again, conversation.id, conversation.token).show()["status"] == "bot"


def test_a_server_that_is_stopped_finishes_what_it_began(shop_installation: Installation) -> None:
    server = shop_installation.serve()
    conversations = [server.conversation() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(conversation.say, QUESTIONS[0], "one") for conversation in conversations]
        time.sleep(0.1)
        stop(server)
        turns = [one.result() for one in asked if one.exception() is None]
    again = shop_installation.serve()
    for conversation in conversations:
        turn = Conversation(again, conversation.id, conversation.token).say(QUESTIONS[0], "one")
        assert turn["action"] == "answer", turn
        assert not turns or turn in turns or len(turns) < len(conversations)


STEPS = (
    "claim",
    "reply",
    "held",
    "snooze",
    "note",
    "release",
    "claim",
    "held",
)  # and then "return" or "resolve"


@pytest.mark.parametrize("after", [5, 60, 160])
def test_a_server_killed_during_the_steps_of_agents_leaves_nothing_half_done(
    installation: Installation, after: int
) -> None:
    """Each step is there with its message, its events and its deed, or not at all; what was held is sent once."""
    agents = [installation.agent() for _ in range(2)]
    server = installation.serve()
    conversations = [server.conversation() for _ in range(8)]
    acknowledged: dict[str, list[tuple[str, str]]] = {one.id: [] for one in conversations}

    def a_day(number: int) -> None:
        """One conversation is handed over, worked on and comes back, again and again, until the power goes out."""
        one, agent = conversations[number], agents[number % len(agents)]
        with contextlib.suppress(httpx.TransportError), server.client() as client:
            for round in range(1000):
                told = client.post(f"/api/conversations/{one.id}/escalate", json={}, headers=one.headers)
                handoff = f"/api/handoffs/{told.json()['handoff_id']}"
                for step in (*STEPS, "return" if round % 2 else "resolve"):
                    text = f"{step} {len(acknowledged[one.id])}"
                    said = {"text": text, "client_id": text}
                    body = {
                        "reply": said, "note": said, "held": said | {"undo_s": 0.3},
                        "snooze": {"until": "2999-01-01T00:00:00Z"},
                    }.get(step, {})  # fmt: skip
                    path = "reply" if step == "held" else step
                    client.post(f"{handoff}/{path}", json=body, headers=agent).raise_for_status()
                    acknowledged[one.id].append((step, text))

    with ThreadPoolExecutor(len(conversations)) as pool:
        days = [pool.submit(a_day, number) for number in range(len(conversations))]
        wait_until(lambda: sum(map(len, acknowledged.values())) >= after, server.process)
        time.sleep(random.Random(after).uniform(0, 0.1))
        server.kill()
        for day in days:
            day.result()
    assert sum(map(len, acknowledged.values())) >= after

    again = installation.serve()
    tables = sqlite3.connect(installation.folder / "var" / "parley.db", timeout=30)
    tables.row_factory = sqlite3.Row
    end = time.monotonic() + 60
    while tables.execute("SELECT count(*) FROM held_replies").fetchone()[0] and time.monotonic() < end:
        time.sleep(0.1)
    for one in conversations:
        check_the_desk(tables, one.id, acknowledged[one.id])
    client = again.client()
    for number, one in enumerate(conversations):  # and each goes on from where it stands
        told = client.post(f"/api/conversations/{one.id}/escalate", json={}, headers=one.headers).json()
        path = f"/api/handoffs/{told['handoff_id']}"
        client.post(f"{path}/claim", headers=agents[number % len(agents)])
        assert client.post(f"{path}/resolve", headers=agents[number % len(agents)]).is_success
        assert Conversation(again, one.id, one.token).show()["status"] == "closed"
    client.close()
    tables.close()


def check_the_desk(tables: sqlite3.Connection, id: str, acknowledged: list[tuple[str, str]]) -> None:
    """What the tables hold of one conversation agrees, and nothing that was acknowledged is missing."""

    def rows(query: str, *given: str) -> list[sqlite3.Row]:
        return tables.execute(query, given or (id,)).fetchall()

    handoffs = rows("SELECT * FROM handoffs WHERE conversation_id = ? ORDER BY created_at")
    messages = rows("SELECT * FROM messages WHERE conversation_id = ? ORDER BY position")
    events = rows("SELECT kind, payload FROM events WHERE topic = ? ORDER BY id", f"conversation:{id}")
    told = [json.loads(event["payload"]) for event in events if event["kind"] == "message"]
    statuses = [json.loads(event["payload"]) for event in events if event["kind"] == "status"]
    (conversation,) = rows("SELECT status, reopened FROM conversations WHERE id = ?")
    open = [row for row in handoffs if row["status"] in {"waiting", "claimed"}]
    follows = {"waiting": "waiting", "claimed": "agent", "returned": "bot", "resolved": "closed"}
    assert len(open) <= 1
    assert not handoffs or conversation["status"] == follows[handoffs[-1]["status"]]
    assert [message["id"] for message in told] == [row["id"] for row in messages]
    assert not statuses or statuses[-1]["status"] == conversation["status"]

    turns = rows("SELECT handoff_id, message_id FROM turns WHERE conversation_id = ? AND action = 'escalate'")
    said = {row["id"] for row in messages}
    assert {turn["handoff_id"] for turn in turns} == {row["id"] for row in handoffs}
    assert all(turn["message_id"] in said for turn in turns)

    of_mine = "(SELECT id FROM handoffs WHERE conversation_id = ?)"
    deeds = [row["action"] for row in rows(f"SELECT action FROM audit_log WHERE subject IN {of_mine}")]
    moving = ("claim", "release", "return", "resolve")
    moves = sum(deeds.count(f"handoff.{step}") for step in moving)
    assert sum(row["role"] == "system" for row in messages) == moves
    assert len(statuses) == moves + len(handoffs) + conversation["reopened"], "one event for each step"
    assert sum(row["role"] == "agent" for row in messages) == deeds.count("handoff.reply")
    texts = [row["text"] for row in messages]
    notes = [row["text"] for row in rows(f"SELECT text FROM notes WHERE handoff_id IN {of_mine}")]
    assert len(set(notes)) == len(notes) == deeds.count("handoff.note")
    drafts = [row["text"] for row in rows(f"SELECT text FROM drafts WHERE handoff_id IN {of_mine}")]
    for step, text in acknowledged:
        if step in {"reply", "held"}:
            assert (texts + drafts).count(text) == 1, f"{text} is not there once"
        elif step == "note":
            assert notes.count(text) == 1
    taken = [step for step, _ in acknowledged]
    for step in (*moving, "snooze"):
        assert deeds.count(f"handoff.{step}") >= taken.count(step), "an acknowledged step is missing"
    assert moves <= sum(taken.count(step) for step in moving) + 1, "more than the one that was in flight"


def stop(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    assert server.process.returncode in {0, -signal.SIGTERM}
