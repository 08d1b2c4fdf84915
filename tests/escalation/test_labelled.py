"""Agents' outcomes become labelled questions, and `parley calibrate` can read them."""

import pytest

from escalation import handoff as handoffs
from escalation.labelled import labelled
from evals.beir import EvalError, read_set, write_labelled
from help_center.articles import store
from help_center.sources.base import SourceArticle


def source(article_id):
    return {"article_id": article_id, "title": "T", "url": "/", "heading": "", "excerpt": "", "score": 1.0}


@pytest.fixture
def resolved(house, ada):
    """Resolves a fresh handoff about a question with this outcome."""

    def work(question, outcome, *, tried=(), article_id=None):
        id = house.waiting(question, sources_tried=[source(one) for one in tried])
        with house.database.write() as session:
            handoffs.claim(session, id, ada.viewer)
        with house.database.write() as session:
            handoffs.resolve(session, id, ada.viewer, outcome, article_id)
        return id

    return work


@pytest.fixture(autouse=True)
def articles(house):
    with house.database.write() as session:
        for id in ("invoices", "refunds"):
            store(session, SourceArticle(id, id.title(), "Text."), "api")
        store(session, SourceArticle("old", "Old", "Text.", status="archived"), "api")


def test_each_outcome_says_what_it_says_and_no_more(house, resolved, tmp_path):
    right = resolved("Where is my invoice?", "the bot was right", tried=["invoices", "refunds"])
    named = resolved(
        "When do I get my money back?", "wrong article", tried=["invoices"], article_id="refunds"
    )
    none = resolved("Do you ship to the moon?", "no article", tried=["invoices"])
    resolved("Is it right?", "the bot was right")
    resolved("What else?", "wrong article", tried=["invoices"])
    resolved("Hello?", "not a question", tried=["invoices"])
    resolved("Old?", "the bot was right", tried=["old"])
    with house.database.read() as session:
        told = labelled(session)
    assert [(one.id, one.text, one.article_id) for one in told.questions] == [
        (right, "Where is my invoice?", "invoices"),
        (named, "When do I get my money back?", "refunds"),
        (none, "Do you ship to the moon?", None),
    ]
    assert told.left_out == {
        "the bot was right, and had found no article": 1,
        "wrong article, and nobody named the right one": 1,
        "its article is not published any more": 1,
    }
    write_labelled(tmp_path / "set", told.questions)
    read = read_set(tmp_path / "set")
    assert {query.id: query.gold for query in read.queries} == {
        right: {"invoices": 1},
        named: {"refunds": 1},
        none: {},
    }
    assert read.corpus is None
    with pytest.raises(EvalError, match="not empty"):
        write_labelled(tmp_path / "set", told.questions)


def test_what_was_said_before_comes_with_the_question_and_card_numbers_do_not(house, ada, resolved):
    conversation = house.conversation("My IBAN is DE89370400440532013000", "Where is my refund?")
    id = house.hand_over(conversation, question="Where is my refund?")
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
    with house.database.write() as session:
        handoffs.resolve(session, id, ada.viewer, "no article")
    with house.database.read() as session:
        (one,) = labelled(session).questions
    assert [said["role"] for said in one.history] == ["customer"]
    assert "370400440532013000" not in one.history[0]["text"]
