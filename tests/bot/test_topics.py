"""Sensitive topics by their names, by rules and by the message model."""

import pytest

from bot import topics as module
from bot.topics import topics
from tests.conftest import in_proportion


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("you are an idiot", "abuse"),
        ("You will hear from my lawyer", "legal_threat"),
        ("I will sue you", "legal_threat"),
        ("I want to kill myself", "danger"),
        ("the battery caught fire", "danger"),
        ("My account was hacked and someone paid with my card", "payment_fraud"),
        ("there is a charge on my card I never made", "payment_fraud"),
        ("I can see another customer's invoices in my account", "data_incident"),
        ("our customer data has been leaked", "data_incident"),
        ("Ich will nicht mehr leben", "danger"),
    ],
)
def test_a_topic_is_told_by_its_name(text: str, topic: str) -> None:
    assert topics(text) == (topic,)


@pytest.mark.parametrize(
    "text",
    [
        "how do I kill a process", "suicide prevention policy page", "I want to dispute a charge", "chargeback",
        "what is your legal address", "terms of service law", "how do I report fraud", "my battery dies quickly",
        "can other users see my email address?", "how do I export my data", "is it legal to record calls", "",
    ],
)  # fmt: skip
def test_a_question_near_a_topic_is_none(text: str) -> None:
    assert topics(text) == ()


def test_several_topics_come_in_a_fixed_order() -> None:
    assert topics("I will sue you, you thieves") == ("abuse", "legal_threat")


def test_abuse_alone_is_not_sensitive() -> None:
    assert topics("stupid bot") == ("abuse",)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("he is outside my door again and i am alone", "danger"),
        ("there are four orders here i know nothing about", "payment_fraud"),
        ("who is Marlene and why can i read her prescriptions", "data_incident"),
    ],
)
def test_the_message_model_hears_what_the_rules_have_no_words_for(
    text: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert topics(text) == (topic,)
    monkeypatch.setattr(module, "shipped", lambda: None)  # as where its file is missing
    assert topics(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "you are an idiot",
        "f*** you",
        "stupid bot",
        "bunch of crooks",
        "Shut up!",
        "your support team are clowns",
    ],
)
def test_insults_are_abuse(text: str) -> None:
    assert "abuse" in topics(text)


@pytest.mark.parametrize(
    "text",
    [
        "this is fucking ridiculous",
        "what the fuck is wrong with my order",
        "this is useless",
        "I feel stupid but how do I log in",
        "I was an idiot and deleted my account",
        "how do I report a scammer",
        "how do I kill a process",
        "how do I rename my own stupid bot",
    ],
)
def test_frustration_and_swearing_at_things_are_not_abuse(text: str) -> None:
    assert "abuse" not in topics(text)


@pytest.mark.parametrize(
    "piece",
    [" ", "a ", '"', "you are a fucking ", "someone my ", "i can see another "],
)  # fmt: skip
def test_no_message_takes_long(piece: str) -> None:
    in_proportion(topics, piece)
