"""What an edit would win and lose is told before it is published; and what is told is what then happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bot.questions.asking import Asking
from bot.questions.impact import judge
from bot.questions.trial import Trial
from bot.turn import Asked
from help_center.database import now
from tests.bot.shop import Shop, serve
from tests.conftest import ARTICLES

ASKED = (
    "How do I return a bicycle?",
    "When do I get my money back?",
    "Which pressure for 32 mm tyres?",
    "What does error E-417 mean?",
    "How do I store the battery in winter?",
    "What size of helmet do I need?",
    "Can I lease a phone with my bicycle?",  # far from every threshold: an article more moves it a little
)
OPEN = "Can I lease a bicycle?"  # lies on the relevance floor by a hair, until an article answers it
LEASE = "You can lease a bicycle from us for 36 months. Your employer leases it and takes the rate off your wages."


@pytest.fixture(scope="module", autouse=True)
def turned() -> None:
    """Here the relevance floor and the confidence are those that ship."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with ExitStack() as stack:
        shop = serve(stack, tmp_path_factory.mktemp("shop"))
        for text in (*ASKED, OPEN):
            shop.ask(text)
        talk = shop.service.talk()
        talk.say("What does error E-417 mean?")
        talk.say("And how much must it be charged?")
        yield shop


def of(told: dict[str, Any], question: str) -> dict[str, Any]:
    return next(one for one in told["questions"] if one["question"] == question)


def test_an_edit_that_loses_a_question_says_so_first_and_writes_nothing(shop: Shop) -> None:
    told = shop.impact("bike-computer", {"body": "Switch Bluetooth on and hold the button."})
    first = told["questions"][0]
    assert (first["question"], first["verdict"]) == ("What does error E-417 mean?", "lost")
    assert first["times"] == 2  # it was asked in two conversations
    assert (first["now"]["action"], first["now"]["rank"]) == ("answer", 1)
    assert "battery is too low" in first["now"]["sentence"]
    assert first["after"]["action"] != "answer"
    assert told["looked_at"] == told["of"] >= 5
    assert sum(told["counts"].values()) == told["looked_at"]
    assert not told["stopped"]
    assert shop.ask("What does error E-417 mean?")["action"] == "answer"


def test_a_new_article_says_which_open_questions_it_would_win(shop: Shop) -> None:
    told = shop.impact("leasing", {"title": "Lease a bicycle", "body": LEASE})
    won = of(told, OPEN)
    assert won["verdict"] == "won"
    assert (won["now"]["rank"], won["after"]["rank"]) == (None, 1)
    assert won["after"]["article"] == {"id": "leasing", "title": "Lease a bicycle"}
    assert told["counts"]["lost"] == 0


def test_what_is_told_is_what_then_happens(shop: Shop) -> None:
    """Same action and same article for every question looked at, whatever the change."""
    changes: list[tuple[str, dict[str, Any]]] = [
        ("returns", {"body": "Write a letter to the shop."}),
        ("returns", {"title": "Send something back", "body": "You can return a bicycle within 14 days."}),
        ("returns", {"status": "archived"}),
        ("tyre-pressure", {"audience": "agents"}),
        ("draft-helmets", {"body": "Which size of helmet do you need? Measure your head two fingers above the eyebrows."}),
        ("leasing", {"title": "Lease a bicycle", "body": LEASE}),
        ("battery-winter", {"delete": True}),
    ]  # fmt: skip
    differed = 0
    for id, changed in changes:
        told = shop.impact(id, changed)
        before = {text: shop.ask(text) for text in ASKED}
        try:
            if changed.get("delete"):
                shop.delete(id)
            else:
                shop.put(id, **({"status": "published"} | changed))
            looked_at = {one["question"]: one for one in told["questions"]}
            for text in ASKED:
                real = shop.ask(text)
                if text not in looked_at:  # then nothing of it has changed
                    assert (real["action"], first(real)) == (before[text]["action"], first(before[text])), (
                        id,
                        text,
                    )
                    continue
                one = looked_at[text]
                assert one["now"]["action"] == before[text]["action"], (id, text)
                assert one["after"]["action"] == real["action"], (id, text)
                assert one["after"]["confidence"] == pytest.approx(real["confidence"], abs=1e-3), (id, text)
                if real["action"] == "answer":
                    assert one["after"]["article"]["id"] == first(real), (id, text)
                differed += one["verdict"] in {"lost", "won", "other"}
        finally:
            shop.put(id) if any(article["id"] == id for article in ARTICLES) else shop.delete(id)
    assert differed >= 6


def first(turn: dict[str, Any]) -> str | None:
    sources = turn["message"]["sources"]
    return sources[0]["article_id"] if sources and turn["action"] == "answer" else None


def test_golden_questions_are_judged_by_the_articles_that_they_name(shop: Shop) -> None:
    wrong = shop.golden("How do I store the battery in winter?", "returns")
    nobody = shop.golden("Can I lease a bicycle from you?")
    told = shop.impact("leasing", {"title": "Lease a bicycle", "body": LEASE})
    lost = of(told, "Can I lease a bicycle from you?")
    assert (lost["kind"], lost["verdict"]) == ("golden", "lost")
    assert "should not answer" in lost["why"]
    assert told["questions"][0]["id"] == nobody
    told = shop.impact("battery-winter", {"delete": True})
    assert next(one for one in told["questions"] if one["id"] == wrong)["verdict"] != "kept"
    assert told["golden"] >= 1


def test_progress_comes_in_lines(shop: Shop) -> None:
    with (
        shop.service.client() as client,
        client.stream(
            "POST", "/api/articles/returns/impact", json={"body": "Gone."}, timeout=60,
            headers=shop.admin | {"Accept": "application/x-ndjson"},
        ) as answer,
    ):  # fmt: skip
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert [line["done"] for line in lines[:-1]] == sorted(line["done"] for line in lines[:-1])
    assert lines[-2]["done"] == lines[-2]["of"] == lines[-1]["impact"]["looked_at"]


def test_what_cannot_be_compared_is_refused(shop: Shop) -> None:
    assert "title" in shop.impact("nothing-yet", {"body": "x"}, 422)["detail"]
    assert "audience" in shop.impact("returns", {"audience": "friends"}, 422)["detail"]
    shop.impact("nothing-yet", {"delete": True}, 404)
    agent = shop.service.agent()
    with shop.service.client() as client:
        assert client.post("/api/articles/returns/impact", json={}, headers=agent).status_code == 403
        assert client.post("/api/articles/returns/impact", json={}).status_code == 401


def test_a_comparison_hands_nobody_over_and_saves_no_turn(shop: Shop) -> None:
    def rows() -> list[int]:
        with shop.service.house.database.engine.connect() as connection:
            return [
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0
                for table in ("turns", "handoffs", "messages", "conversations", "articles", "passages")
            ]

    before = rows()
    shop.impact("leasing", {"title": "Lease a bicycle", "body": LEASE})
    assert rows() == before


def test_every_verdict() -> None:
    def tried(action: str, article: str | None = "a") -> Trial:
        return Trial(action, 0.5, article, "A", (), "")

    def verdict(now: Trial, after: Trial, expected: frozenset[str] | None = None) -> str:
        return judge(Asking("q", "past", Asked("?"), now_, expected), now, after)[0]

    now_ = now()
    yes, other, no = tried("answer"), tried("answer", "b"), tried("escalate")
    a, nothing = frozenset({"a"}), frozenset[str]()
    assert [verdict(yes, yes), verdict(yes, no), verdict(no, yes), verdict(no, no), verdict(yes, other)] == [
        "kept", "lost", "won", "open", "other",
    ]  # fmt: skip
    assert [verdict(yes, other, a), verdict(other, yes, a), verdict(no, other, a), verdict(other, other, a)] == [
        "lost", "won", "lost", "open",
    ]  # fmt: skip
    assert verdict(other, tried("answer", "c"), a) == "other"
    assert [verdict(no, yes, nothing), verdict(yes, no, nothing), verdict(no, no, nothing)] == [
        "lost",
        "won",
        "kept",
    ]
    assert verdict(yes, other, frozenset({"a", "b"})) == "other"
