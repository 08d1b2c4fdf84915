"""A rehearsed change: what search would find is what it finds once the change is made, and nothing is written before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from sqlalchemy import select

from help_center import articles
from help_center.articles import Article
from help_center.database import Database
from help_center.index_tables import IndexGeneration, PassageRow
from help_center.people import STRANGER, Viewer
from help_center.sources.base import SourceArticle, article_from_record
from retrieval.embedders.base import Embedder
from retrieval.rehearsal import Change, Rehearsal, Remembering
from retrieval.search import Found
from retrieval.stores import open_store
from tests.conftest import ARTICLES
from tests.retrieval.conftest import Library

QUESTIONS = (
    "how do I return a bicycle",
    "when do I get my money back",
    "which pressure for 32 mm tyres",
    "E-417",
    "what does error E-417 mean on the bike computer",
    "battery in winter",
    "how big is my head",
    "can I lease a bicycle",
    "leasing by my employer",
    '"hold the side button"',
    "tire presure",
    "where is my parcel",
    "what is the wage",
)
LEASE = SourceArticle(
    id="leasing",
    title="Lease a bicycle",
    body="Your employer leases the bicycle and takes the rate off your wages.\n\n## Give a leased bicycle back\n\nAfter 36 "
    "months bring it back to the shop.",
    section=("Orders",),
)


def given(id: str, **changed: Any) -> SourceArticle:
    record = next(one for one in ARTICLES if one["id"] == id)
    article = article_from_record(record, id)
    assert isinstance(article, SourceArticle)
    return replace(article, **changed)


CHANGES = {
    "a word less": Change("returns", given("returns", body="You can return a bicycle within 14 days.\n\n## When you get your money back\n\nThe refund reaches your account within 5 working days after the bicycle has arrived in our warehouse.")),
    "another title": Change("returns", given("returns", title="Send a parcel back")),
    "labelled": Change("returns", given("returns", labels=("wage", "presure"))),
    "emptied": Change("bike-computer", given("bike-computer", body="Ask a dealer.")),
    "for agents only": Change("bike-computer", given("bike-computer", audience="agents")),
    "in another language": Change("tyre-pressure", given("tyre-pressure", locale="de")),
    "a draft published": Change("draft-helmets", given("draft-helmets", status="published")),
    "archived": Change("returns", given("returns", status="archived")),
    "deleted": Change("battery-winter", None),
    "new": Change("leasing", LEASE),
    "long": Change("leasing", replace(LEASE, body="\n\n".join(f"## Rate {i}\n\n{LEASE.body} The {i}th rate is {i * 17} euros. " + "We write a letter. " * i for i in range(20)))),
    "nothing": Change("returns", given("returns")),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, bundled: Embedder) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("rehearsal")
    database = Database(f"sqlite:///{folder / 'parley.db'}")
    database.migrate(folder)
    library = Library(database, open_store(folder / "chroma", None), bundled, folder)
    fill(library)
    yield library
    database.close()


def fill(library: Library) -> None:
    with library.database.write() as session:
        for record in ARTICLES:
            articles.store(session, given(record["id"]), "test")
    library.indexer.sync()


def make(library: Library, change: Change) -> None:
    """The change as a PUT or DELETE makes it."""
    with library.database.write() as session:
        if change.article is None:
            articles.remove(session, change.article_id)
        else:
            articles.store(session, change.article, "test")
    library.indexer.sync(only=change.article_id)


def told(found: Found) -> tuple[Any, list[float]]:
    """What was found, and all numbers of it."""
    scored = ("dense", "lexical", "score")
    hits = [asdict(hit) for hit in (*found.hits, *found.passages)]
    words = [
        {name: value for name, value in hit.items() if name not in {*scored, "updated_at"}} for hit in hits
    ]
    numbers = [hit[name] for hit in hits for name in scored]
    numbers += [*asdict(found.evidence).values(), found.relevance]
    return (len(found.hits), words, found.certain, found.wording), numbers


def same(one: Found, other: Found) -> bool:
    (words, numbers), (theirs, their_numbers) = told(one), told(other)
    return words == theirs and numbers == pytest.approx(their_numbers, abs=1e-4)


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_rehearsed_is_what_happens(shop: Library, name: str) -> None:
    change = CHANGES[name]
    viewers = (STRANGER, Viewer("agent_1", "Ada", "agent"))
    rehearsal = Rehearsal(shop.search, change)
    rehearsed = {(q, v): rehearsal.find(q, viewer=v) for q in QUESTIONS for v in viewers}
    locale = {q: rehearsal.find(q, locale="de") for q in QUESTIONS}
    before = {q: shop.search.find(q) for q in QUESTIONS}
    try:
        make(shop, change)
        for (question, viewer), found in rehearsed.items():
            assert same(found, shop.search.find(question, viewer=viewer)), question
        for question, found in locale.items():
            assert same(found, shop.search.find(question, locale="de")), question
        differs = [q for q in QUESTIONS if not same(before[q], shop.search.find(q))]
        assert bool(differs) == (name != "nothing")
    finally:
        with shop.database.write() as session:
            articles.remove(session, change.article_id)
        fill(shop)
        shop.indexer.sync(only=change.article_id)


def test_a_rehearsal_writes_nothing(shop: Library) -> None:
    def state() -> Any:
        with shop.database.read() as session:
            rows = session.scalars(select(PassageRow.id).order_by(PassageRow.id)).all()
            generation = session.scalars(select(IndexGeneration.generation)).all()
            titles = session.scalars(select(Article.title).order_by(Article.id)).all()
        return rows, generation, titles, {s: shop.store.ids(s) for s in shop.store.shelves()}

    before, found = state(), told(shop.search.find("how do I return a bicycle"))
    for change in CHANGES.values():
        Rehearsal(shop.search, change).find("how do I return a bicycle")
    assert state() == before
    assert told(shop.search.find("how do I return a bicycle")) == found
    with pytest.raises(PermissionError):
        Rehearsal(shop.search, CHANGES["new"])._store.delete("a", ["b"])


def test_who_may_see_the_article_is_asked_again_of_every_hit(shop: Library) -> None:
    rehearsal = Rehearsal(shop.search, CHANGES["for agents only"])
    ids = list(rehearsal._mine)
    assert rehearsal._rows(ids, STRANGER) == {}
    assert set(rehearsal._rows(ids, Viewer("agent_1", "Ada", "agent"))) == set(ids)


def test_it_stands_on_the_index_as_it_was_made(library: Library) -> None:
    """Both sides of a comparison see the same articles, whatever is published meanwhile."""
    library.publish("bells", "The bell rings.")
    now = Rehearsal(library.search)
    library.publish("lamps", "The lamp shines and rings a bell.")
    assert [hit.article_id for hit in now.find("bell").hits] == ["bells"]
    assert set(library.found("bell")) == {"bells", "lamps"}


def test_a_question_is_embedded_once_for_both_sides(library: Library) -> None:
    library.publish("bells", "The bell rings.")
    asked: list[str] = []

    class Counting(type(library.embedder)):  # type: ignore[misc]
        def embed_query(self, text: str) -> Any:
            asked.append(text)
            return super().embed_query(text)

    remembering = Remembering(Counting())
    sides = (
        Rehearsal(library.search, None, remembering),
        Rehearsal(library.search, Change("bells", None), remembering),
    )
    for side in sides:
        side.find("where is the bell")
    assert [text for text in asked if "bell" in text and text != "bells"] == ["where is the bell"]
