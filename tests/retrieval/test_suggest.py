"""Suggestions while somebody types, on a real SQLite."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

import help_center.tables  # noqa: F401
from help_center import articles
from help_center.articles import Article
from help_center.database import Base, Database
from help_center.outline import Outline
from help_center.people import STRANGER, Viewer
from help_center.sources.base import SourceArticle, article_from_record
from retrieval.suggest import Suggestions
from tests.conftest import grows

TITLES = [
    "Reset your password",
    "Change your e-mail address",
    "Install the app and start it for the first time",
    "Install on Windows",
    "Refunds: how long they take",
    "Sign in with a code",
    "Pin an article",
    "How do I delete my account?",
    "Back up and restore",
    "PDF invoices",
    "Passwörter zurücksetzen",
    "如何重置密码",
]
AGENT = Viewer(agent_id="agent_1", role="agent")
CUSTOMER = Viewer(proven_customer=True)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


def write(database: Database, *titles: str, **fields: Any) -> None:
    with database.write() as session:
        for title in titles:
            given = article_from_record(
                {"id": f"id of {title}", "title": title, "body": "Words."} | fields, title
            )
            assert isinstance(given, SourceArticle)
            articles.store(session, given, "test")


@pytest.fixture
def suggest(database: Database) -> Callable[[str], list[str]]:
    write(database, *TITLES)
    suggestions = Suggestions(Outline(database))
    return lambda typed: [entry.title for entry in suggestions.find(typed, STRANGER)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("res", "Reset your password"),
        ("pass res", "Reset your password"),
        ("PASSWORD", "Reset your password"),
        ("pasword reste", "Reset your password"),
        ("pssword", "Reset your password"),
        ("how can i reset my password", "Reset your password"),
        ("instal", "Install on Windows"),
        ("installing windos", "Install on Windows"),
        ("refnd", "Refunds: how long they take"),
        ("email adress", "Change your e-mail address"),
        ("e-mial", "Change your e-mail address"),
        ("signin", "Sign in with a code"),
        ("bakup", "Back up and restore"),
        ("dlete acount", "How do I delete my account?"),
        ("invioce", "PDF invoices"),
        ("passworter", "Passwörter zurücksetzen"),
        ("passwörter", "Passwörter zurücksetzen"),
        ("密码", "如何重置密码"),
        ("重", "如何重置密码"),
    ],
)
def test_the_right_title_comes_first(suggest: Callable[[str], list[str]], typed: str, first: str) -> None:
    assert suggest(typed)[:1] == [first]


@pytest.mark.parametrize("typed", ["", "   ", "?!", "xyzzy", "colour of the moon", "\x00", "%_'\"", "🍕"])
def test_what_fits_no_title_suggests_nothing(suggest: Callable[[str], list[str]], typed: str) -> None:
    assert suggest(typed) == []


def test_a_short_word_is_taken_as_it_is_written(suggest: Callable[[str], list[str]]) -> None:
    assert suggest("pin") == ["Pin an article"]


def test_the_beginning_of_a_title_comes_before_its_middle(database: Database) -> None:
    write(database, "What a refund is", "Refund a parcel")
    found = Suggestions(Outline(database)).find("refund", STRANGER)
    assert [entry.title for entry in found] == ["Refund a parcel", "What a refund is"]


def test_an_article_is_suggested_by_its_labels_after_titles(database: Database) -> None:
    write(database, "End your rental", labels=["cancel", "give notice", "back up"])
    write(database, "Ways to cancel an order")
    write(database, "Opening hours", "Prices")
    suggestions = Suggestions(Outline(database))

    def titles(typed: str) -> list[str]:
        return [entry.title for entry in suggestions.find(typed, STRANGER)]

    for typed in ("cancel", "canc", "cancle", "how do i cancel"):
        assert titles(typed) == ["Ways to cancel an order", "End your rental"], typed
    assert titles("notice") == titles("backup") == titles("cancel rental")[:1] == ["End your rental"]
    write(database, "End your rental", labels=["stop"])
    assert titles("cancel") == ["Ways to cancel an order"]
    assert titles("stop") == ["End your rental"]


def test_no_more_than_the_limit_and_each_once(database: Database) -> None:
    write(database, *(f"Refund number {number}" for number in range(30)))
    found = Suggestions(Outline(database)).find("refund", STRANGER, 5)
    assert len({entry.id for entry in found}) == len(found) == 5
    assert found[0].url == "/help/articles/refund-number-0"


def test_nobody_is_suggested_what_they_may_not_see(database: Database) -> None:
    write(database, "Refund for everybody")
    write(database, "Refund for customers", audience="customers")
    write(database, "Refund for agents", audience="agents")
    write(database, "Refund drafted", status="draft")
    write(database, "Refund archived", status="archived", audience="agents")
    suggestions = Suggestions(Outline(database))

    def seen_by(viewer: Viewer) -> set[str]:
        return {entry.title.removeprefix("Refund ") for entry in suggestions.find("refund", viewer)}

    for _ in range(2):  # whoever has looked before
        assert seen_by(AGENT) == {"for everybody", "for customers", "for agents"}
        assert seen_by(CUSTOMER) == {"for everybody", "for customers"}
        assert seen_by(STRANGER) == {"for everybody"}


def test_what_another_process_changes_is_suggested_at_once(database: Database) -> None:
    write(database, "First title", id="a", updated_at="2020-01-01")
    suggestions = Suggestions(Outline(database))
    other = Database(database.url)

    def titles(typed: str = "title") -> list[str]:
        return [entry.title for entry in suggestions.find(typed, STRANGER)]

    assert titles() == ["First title"]
    write(other, "Second title", id="a", updated_at="2019-01-01")  # older by its own account
    assert titles() == ["Second title"]
    write(other, "Second title", id="a", status="draft")
    assert titles() == []
    write(other, "Second title", id="a", audience="agents")
    assert titles() == []
    write(other, "Second title", id="a")
    assert titles() == ["Second title"]
    with other.write() as session:
        session.execute(delete(Article))
    assert titles() == []
    other.close()


@pytest.mark.slow
def test_a_suggestion_among_many_titles_costs_no_more_than_their_number(tmp_path: Path) -> None:
    dice = random.Random(1)
    words = ["".join(dice.choices("abcdefghiklmnoprstuvw", k=dice.randint(2, 11))) for _ in range(4000)]
    titles = [" ".join(dice.choices(words, k=7)) for _ in range(2000)]
    typed = [title[1 : dice.randint(10, 40)] for title in titles[:100]]
    suggestions = {}
    for size in (250, 2000):
        database = Database(f"sqlite:///{tmp_path}/{size}.db")
        Base.metadata.create_all(database.engine)
        write(database, *titles[:size])
        suggestions[size] = Suggestions(Outline(database))
        assert suggestions[size].find(typed[0], STRANGER)
    grows(lambda size: [suggestions[size].find(text, STRANGER) for text in typed], (250, 2000), faster=1.5)
