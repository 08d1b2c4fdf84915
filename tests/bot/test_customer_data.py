"""A customer's data, out and gone: after a conversation with everything in it, nothing of theirs stands in any table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from escalation.notify.outbox import enqueue
from help_center.articles import Article, as_given, store
from help_center.customer_data import customers_named, erase, published_from, told
from help_center.database import Base
from help_center.drafts import publish
from help_center.people import PeopleError, Viewer
from tests.bot.support import UNSURE, Service

WORD = "zanzibarella"  # in everything that the customer gives


def everything(service: Service) -> dict[str, str]:
    """Every table as text."""
    with service.house.database.read() as session:
        return {
            table.name: "\n".join(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
        }


def holding(service: Service, *words: str) -> set[str]:
    return {name for name, text in everything(service).items() if any(word in text for word in words)}


def talked(service: Service, person: str) -> Any:
    """A conversation that goes through everything: a handoff, a reply, a note, a label, a rating."""
    service.dial.confidence = UNSURE
    given = {
        "id": f"{person}-7",
        "name": person,
        "email": f"{person}@example.org",
        "attributes": {"plan": person},
    }
    talk = service.talk(customer=given, page_url=f"https://shop.example/{person}")
    talk.say(f"My {person} has a broken tyre, what now?")
    talk.post("/escalate", {"note": f"it is urgent, {person}", "contact": {"email": f"me@{person}.example"}})
    handoff = talk.show()["handoff"]["id"]
    with service.client(headers=service.agent()) as agent:
        for step, body in (
            ("claim", None), ("reply", {"text": f"Hello {person}"}), ("note", {"text": f"{person} is nice"}),
            ("labels", {"add": ["vip"]}),
        ):  # fmt: skip
            agent.post(f"/api/handoffs/{handoff}/{step}", json=body).raise_for_status()
        agent.post(f"/api/handoffs/{handoff}/resolve", json={}).raise_for_status()
    talk.post("/rating", {"csat": 2, "comment": f"{person} was late"})
    return talk, handoff


def test_what_is_kept_is_told_whole_and_erased_from_every_table(service: Service) -> None:
    other, _ = talked(service, "morgenstern")
    talk, handoff = talked(service, WORD)
    before = holding(service, WORD)
    assert {"customers", "conversations", "messages", "handoffs", "notes", "events"} <= before
    for name in (f"{WORD}-7", talk.id, f"ME@{WORD.upper()}.example", f"me@{WORD}.example"):
        with service.house.database.read() as session:
            found = customers_named(session, name)
            document = json.dumps([told(session, one) for one in found])
        assert [one.name for one in found] == [WORD], name
    for said in ("broken tyre", f"Hello {WORD}", f"{WORD} is nice", f"{WORD} was late", "vip", '"plan"'):
        assert said in document, said
    assert "morgenstern" not in document

    with service.house.database.write() as session:
        (customer,) = customers_named(session, f"{WORD}-7")
        counts = erase(session, customer)
    assert counts["conversations"] == 1
    assert counts["messages"] >= 4
    assert holding(service, WORD, talk.id, handoff) - {"audit_log"} == set()
    assert WORD not in everything(service)["audit_log"]
    assert talk.post("/messages", {"text": "Hello?"}).status_code in {403, 404}
    assert any("morgenstern" in message["text"] for message in other.show()["messages"])


def test_what_was_thought_of_them_and_sent_out_is_told_too(service: Service) -> None:
    service.dial.confidence = UNSURE
    talk = service.talk(customer={"email": "first@example.org"})
    talk.say("My bicycle has a broken tyre, what now?")
    talk.post("/escalate", {"note": "it is urgent"})
    talk.post("/contact", {"email": "Ada.Byron@example.org"})
    letter = {"text": "an answer on its way"}
    with service.house.database.write() as session:
        for kind, to, event in (
            ("email", "ada@ours.example", "handoff.opened"),
            ("email", "Ada.Byron@example.org", "reply"),
        ):
            enqueue(session, kind, to, event, letter, key=to, conversation_id=talk.id)
    with service.house.database.read() as session:
        (customer,) = customers_named(session, "ada.byron@EXAMPLE.org")
        ((kept,),) = [told(session, customer)["conversations"]]
    (handoff,) = kept["handoffs"]
    assert "broken tyre" in handoff["question"]
    assert handoff["summary"]
    assert handoff["customer_note"] == "it is urgent"
    (turn,) = kept["turns"]
    assert (turn["action"], turn["confidence"], turn["mood"]["label"]) == ("escalate", UNSURE, "neutral")
    assert "broken tyre" in turn["query"]
    assert [(one["to"], one["content"]) for one in kept["deliveries"]] == [
        (None, letter),
        ("Ada.Byron@example.org", letter),
    ]


def begun(service: Service, handoff: str, title: str) -> str:
    with service.client(headers=service.agent()) as agent:
        told = agent.post(f"/api/handoffs/{handoff}/article", json={"title": title})
    return str(told.raise_for_status().json()["article_id"])


def test_a_draft_begun_in_their_conversation_goes_with_its_versions(service: Service) -> None:
    _, handoff = talked(service, "quagga")
    id = begun(service, handoff, "What quagga asked")
    with service.house.database.write() as session:
        article = session.get_one(Article, id)
        store(session, as_given(article, body="quagga again"), article.source, why="draft")
    with service.house.database.write() as session:
        (customer,) = customers_named(session, "quagga-7")
        assert published_from(session, customer) == []
        assert erase(session, customer)["drafts"] == 1
    assert holding(service, "quagga", handoff) - {"audit_log"} == set()


def test_an_article_that_came_of_their_conversation_stays_and_is_named(service: Service) -> None:
    _, handoff = talked(service, "okapi")
    id = begun(service, handoff, "Broken tyres")
    with service.house.database.write() as session:
        publish(session, session.get_one(Article, id), Viewer(name="Ada"))
        (customer,) = customers_named(session, "okapi-7")
        assert published_from(session, customer) == [(id, "Broken tyres")]
        assert erase(session, customer)["drafts"] == 0
    with service.house.database.read() as session:
        assert session.get_one(Article, id).status == "published"


def test_a_name_that_is_nobodys_is_said_and_wildcards_are_letters(service: Service) -> None:
    talked(service, "kestrel")
    with service.house.database.read() as session:
        for name in ("nobody@example.org", "%", "_estrel@example.org", "", "  "):
            with pytest.raises(PeopleError, match="nobody is known"):
                customers_named(session, name)
