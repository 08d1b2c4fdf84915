"""Golden questions: kept, found among what customers asked, run, brought in and taken out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from bot.questions import golden
from bot.questions.asking import asks_something
from bot.questions.beir import BeirError, Written, read, written
from evals.beir import read_set
from help_center.conversations import Conversation, Handoff, TurnRow
from help_center.desk import AuditEntry
from help_center.golden import GoldenQuestion, GoldenRun
from tests.bot.shop import Shop, serve


@pytest.fixture(scope="module", autouse=True)
def turned() -> None:
    """Here the relevance floor and the confidence are those that ship."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with ExitStack() as stack:
        yield serve(stack, tmp_path_factory.mktemp("golden"))


@pytest.fixture
def shop(made: Shop) -> Shop:
    with made.service.house.database.write() as session:
        for table in (GoldenRun, GoldenQuestion):
            session.execute(delete(table))
    return made


def call(shop: Shop, method: str, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
    with shop.service.client() as client:
        headers = shop.admin | more.pop("headers", {})
        answer = client.request(method, path, json=body, headers=headers, timeout=60, **more)
    assert answer.status_code == status, answer.text
    return answer if status == 204 or "json" not in answer.headers["content-type"] else answer.json()


def add(shop: Shop, text: str, *articles: str, **more: Any) -> str:
    return str(
        call(shop, "POST", "/api/questions", {"text": text, "articles": list(articles)} | more, 201)["id"]
    )


def test_questions_are_kept_changed_and_deleted_and_each_deed_is_logged(shop: Shop) -> None:
    id = add(shop, "How do I return a bicycle?", "returns", note="from the shop floor", locale="en_GB")
    kept = call(shop, "GET", "/api/questions")["items"]
    assert [(one["text"], one["locale"], one["note"], one["last"]) for one in kept] == [
        ("How do I return a bicycle?", "en-GB", "from the shop floor", None)
    ]
    assert kept[0]["articles"] == [{"id": "returns", "title": "Return a bicycle", "status": "published"}]
    again = {"text": "how do i RETURN a bicycle?", "locale": "en-GB"}
    assert "there already" in call(shop, "POST", "/api/questions", again, 409)["detail"]
    changed = call(shop, "PUT", f"/api/questions/{id}", {"text": "Return it?", "articles": ["gone"]})
    assert changed["articles"] == [{"id": "gone", "title": None, "status": None}]
    call(shop, "DELETE", f"/api/questions/{id}", status=204)
    call(shop, "DELETE", f"/api/questions/{id}", status=404)
    with shop.service.house.database.read() as session:
        deeds = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == id)).all()
    assert deeds == ["question.add", "question.change", "question.delete"]


def test_only_admins_see_them(shop: Shop) -> None:
    agent = shop.service.agent()
    doors = [
        ("GET", "/api/questions"), ("POST", "/api/questions"), ("PUT", "/api/questions/x"), ("DELETE", "/api/questions/x"),
        ("GET", "/api/questions/candidates"), ("POST", "/api/questions/import"), ("GET", "/api/questions/export"),
        ("POST", "/api/questions/runs"),
    ]  # fmt: skip
    with shop.service.client() as client:
        for method, path in doors:
            assert client.request(method, path, json={}).status_code == 401, path
            assert client.request(method, path, json={}, headers=agent).status_code == 403, path


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"text": " \x07 "}, "text"),
        ({"text": "x" * 2001}, "2000"),
        ({"text": "?", "locale": "not a language"}, "pt-BR"),
        ({"text": "?", "articles": ["a"] * 21}, "20"),
        ({"text": "?", "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_kept_is_refused(shop: Shop, body: dict[str, Any], says: str) -> None:
    assert says in call(shop, "POST", "/api/questions", body, 422)["detail"]


def test_a_run_says_what_is_right_and_the_next_one_what_broke(shop: Shop) -> None:
    assert "add one" in call(shop, "POST", "/api/questions/runs", status=422)["detail"]
    right = add(shop, "What does error E-417 mean?", "bike-computer")
    wrong = add(shop, "How do I store the battery in winter?", "returns")
    silent = add(shop, "Do you sell mountain huts in Norway?")
    missing = add(shop, "What size of helmet do I need?", "draft-helmets")
    run = call(shop, "POST", "/api/questions/runs")
    assert (run["asked"], run["right"], run["answered"], run["wrong"]) == (4, 2, 2, 1)
    items = {one["id"]: one for one in call(shop, "GET", "/api/questions")["items"]}
    assert {id: (one["last"]["right"], one["last"]["action"] == "answer") for id, one in items.items()} == {
        right: (True, True), wrong: (False, True), silent: (True, False), missing: (False, False),
    }  # fmt: skip
    assert items[wrong]["last"]["title"] == "Store the e-bike battery in winter"
    shop.put("bike-computer", body="Ask a dealer.")
    shop.put("draft-helmets", status="published")
    try:
        with (
            shop.service.client() as client,
            client.stream(
                "POST",
                "/api/questions/runs",
                headers=shop.admin | {"Accept": "application/x-ndjson"},
                timeout=60,
            ) as answer,
        ):
            lines = [json.loads(line) for line in answer.iter_lines()]
    finally:
        for id in ("bike-computer", "draft-helmets"):
            shop.put(id)
    assert [line["done"] for line in lines[:-1]] == [0, 1, 2, 3, 4]
    told = call(shop, "GET", "/api/questions")
    assert [one["id"] for one in told["items"] if one["broke"]] == [right]
    assert (told["broke"], told["mended"]) == (1, 1)
    assert [one["right"] for one in told["runs"]] == [2, 2]
    assert told["runs"][-1]["id"] == lines[-1]["run"]["id"]


def test_past_questions_and_agents_outcomes_are_suggested_until_they_are_golden(shop: Shop) -> None:
    shop.ask("How do I return a bicycle?")
    shop.ask("how do I return a bicycle")
    shop.ask("Can I lease a bicycle? My number is +49 30 901820 and my mail kim@example.org.")
    talk = shop.service.talk()
    talk.say("Which pressure for 32 mm tyres?")
    handoff = talk.post("/escalate").json()["handoff_id"]
    agent = shop.service.agent()
    with shop.service.client() as client:
        client.post(f"/api/handoffs/{handoff}/claim", headers=agent).raise_for_status()
        client.post(
            f"/api/handoffs/{handoff}/resolve", json={"outcome": "no article"}, headers=agent
        ).raise_for_status()
    with shop.service.house.database.read() as session:
        question = session.get_one(Handoff, handoff).question
    found = call(shop, "GET", "/api/questions/candidates")
    by_text = {one["text"]: one for one in found["conversations"]}
    returned = next(one for text, one in by_text.items() if "return a bicycle" in text)
    assert returned["times"] == 2
    assert returned["article"] == {"id": "returns", "title": "Return a bicycle"}
    assert not any("kim@example.org" in text or "901820" in text for text in by_text)
    outcome = next(one for one in found["outcomes"] if one["text"] == question)
    assert outcome["unanswerable"]
    add(shop, returned["text"], "returns", conversation_id=returned["conversation_id"])
    again = call(shop, "GET", "/api/questions/candidates")
    assert not any("return a bicycle" in one["text"] for one in again["conversations"])
    # a customer's words go with their conversation
    with shop.service.house.database.write() as session:
        session.execute(delete(Conversation).where(Conversation.id == returned["conversation_id"]))
    assert call(shop, "GET", "/api/questions")["items"] == []


def test_no_reply_to_a_question_back_and_nothing_that_asks_nothing_is_suggested(shop: Shop) -> None:
    texts = ("1", "The mudguard of the cargo bike, I meant", "Do you repair prams?", "That is no use to me")
    signals: tuple[dict[str, bool], ...] = ({}, {"clarified": True}, {}, {"asks": False})
    for text, said in zip(texts, signals, strict=True):
        talk = shop.service.talk()
        talk.say(text)
        with shop.service.house.database.write() as session:
            turn = session.scalars(select(TurnRow).where(TurnRow.conversation_id == talk.id)).one()
            turn.action, turn.confidence, turn.record = "escalate", 0.3, {"signals": said}
    found = call(shop, "GET", "/api/questions/candidates")["conversations"]
    assert [one["text"] for one in found if one["text"] in texts] == ["Do you repair prams?"]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("1", False),
        ("what?", False),
        ("I don't know", False),
        ("I don’t know", False),
        ("order number 12345", False),
        ("returns", True),
        ("What does error E-417 mean?", True),
        ("I don't know how to return it", True),
        ("返品", True),
    ],
)
def test_whether_a_message_asks_something_by_itself(text: str, asks: bool) -> None:
    assert asks_something(text) is asks


def test_they_go_out_and_come_in_as_a_set_that_the_evals_read(shop: Shop, tmp_path: Path) -> None:
    add(shop, "How do I return a bicycle?", "returns", "tyre-pressure", note="a note", locale="en")
    add(shop, "Do you sell huts?", history=[{"role": "customer", "text": "Hello, about huts."}])
    packed = call(shop, "GET", "/api/questions/export").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path)
        texts = {name.split("/")[1]: archive.read(name).decode() for name in archive.namelist()}
    labelled = read_set(tmp_path / "golden-questions")
    assert [(one.text, set(one.gold)) for one in labelled.queries] == [
        ("How do I return a bicycle?", {"returns", "tyre-pressure"}),
        ("Do you sell huts?", set()),
    ]
    assert labelled.queries[1].history[0].text == "Hello, about huts."
    before = call(shop, "GET", "/api/questions")["items"]
    body = {"queries": texts["queries.jsonl"], "qrels": texts["qrels.tsv"]}
    assert call(shop, "POST", "/api/questions/import", body) == {"added": 0, "unchanged": 2}
    for one in before:
        call(shop, "DELETE", f"/api/questions/{one['id']}", status=204)
    assert call(shop, "POST", "/api/questions/import", body) == {"added": 2, "unchanged": 0}
    after = call(shop, "GET", "/api/questions")["items"]
    assert sorted((one["text"], one["note"], one["locale"], len(one["articles"])) for one in after) == sorted(
        (one["text"], one["note"], one["locale"], len(one["articles"])) for one in before
    )
    bad = call(shop, "POST", "/api/questions/import", {"queries": "{}\nno"}, 422)
    assert "queries.jsonl, line 1" in bad["detail"]


def test_a_broken_line_of_a_set_is_named() -> None:
    one = Written(
        "1", 'A "quoted"\tquestion\nof two lines', ("a", "b"), ({"role": "customer", "text": "x"},), "de", "n"
    )
    assert read(*written([one])) == [one]
    for queries, qrels, says in (
        ("[1]", "", "queries.jsonl, line 1"),
        ('{"_id": 1, "text": "a"}\n\n{"_id": 2}', "", "line 3"),
        ('{"_id": 1, "text": "a"}', "query-id\tcorpus-id\tscore\n1\ta", "qrels.tsv, line 2"),
        ("[" * 100_000, "", "line 1"),
        ('{"_id": 1, "text": "a"}', f"1\t{'a' * 200_000}\t1", "qrels.tsv cannot be read"),
    ):
        with pytest.raises(BeirError, match=says):
            read(queries, qrels)


def test_runs_are_kept_as_long_as_they_are_worth_something(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "RUNS_KEPT", 2)
    add(shop, "Do you sell huts?")
    for _ in range(3):
        call(shop, "POST", "/api/questions/runs")
    with shop.service.house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(GoldenRun)) == 2
