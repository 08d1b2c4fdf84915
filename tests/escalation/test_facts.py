"""What a customer told, found in their messages."""

from __future__ import annotations

import pytest

from escalation.facts import MOST_OF_A_KIND, facts_of
from tests.conftest import in_proportion


def told(*texts: str) -> list[tuple[str, str]]:
    return [
        (fact.kind, fact.value) for fact in facts_of((str(number), text) for number, text in enumerate(texts))
    ]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("my order number is B-4471", ("reference", "B-4471")),
        ("oder nubmer 55123 is late", ("reference", "55123")),
        ("Rechnung 2024/3391 ist falsch", ("reference", "2024/3391")),
        ("mail kim@example.org", ("email", "kim@example.org")),
        ("call me on +44 20 7946 0958", ("phone", "+44 20 7946 0958")),
        ("I'm Ada Byron, hello", ("name", "Ada Byron")),
        ("my name is ada byron and it is late", ("name", "ada byron")),
        ("je m'appelle Claire Dubois", ("name", "Claire Dubois")),
        ("we live at 12 Mill Lane, Leeds LS1 4AB", ("address", "12 Mill Lane, Leeds LS1 4AB")),
        ("it crashes on Windows 11", ("product", "Windows 11")),
        ("I am on the Pro plan", ("product", "Pro plan")),
        ("app version 3.2.1", ("version", "3.2.1")),
        ("it says \"Label could not be created\"", ("error", "Label could not be created")),
        ("it says `connection refused` and stops", ("error", "connection refused")),
        ("it says payment declined when I pay", ("error", "payment declined")),
        ("I get a 502 error", ("error", "502")),
        ("ends with ERR_CONNECTION_REFUSED", ("error", "ERR_CONNECTION_REFUSED")),
        ("I paid 349.00 EUR", ("amount", "349.00 EUR")),
        ("since 12 March nothing works", ("date", "12 March")),
        ("see https://shop.example/cart?x=1.", ("url", "https://shop.example/cart?x=1")),
        ("my card ends in 4242", ("account", "4242")),
        ("I already restarted the router twice, nothing", ("tried", "I already restarted the router twice, nothing")),
        ("changed the fuse? i changed the fuse, same thing", ("tried", "i changed the fuse, same thing")),
        ("Ich habe den Router schon neu gestartet", ("tried", "Ich habe den Router schon neu gestartet")),
        ("Cache geleert hab ich schon", ("tried", "Cache geleert hab ich schon")),
        ("he cambiado la batería", ("tried", "he cambiado la batería")),
        ("im Portal steht „Dokument fehlt“", ("error", "Dokument fehlt")),
        ("Mitgliedsnummer ist 30417", ("reference", "30417")),
        ("pass numbers 0451-7730-12 and 0451-7730-13", ("reference", "0451-7730-13")),
        ("it is valid from Feb 3 to Feb 8", ("date", "Feb 3")),
        ("it is a Fluval 307, quite new", ("product", "Fluval 307")),
    ],
)  # fmt: skip
def test_a_fact_is_found(text: str, fact: tuple[str, str]) -> None:
    assert fact in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I change my password?", "I have 2 questions", "thank you, that helps!", "I want to talk to a person", "What are your opening hours?",
        "This is the worst service ever", "I'm not happy with this", "Guten Tag", "WHY DOES NOBODY ANSWER", "",
    ],
)  # fmt: skip
def test_where_nothing_is_told_nothing_is_found(text: str) -> None:
    assert told(text) == []


def test_a_german_noun_is_no_product() -> None:
    assert told("Ich habe das Auto nicht in der Garage und mein Cache ist leer") == []


def test_who_is_spoken_of_is_not_who_writes() -> None:
    labels = [fact.label for fact in facts_of([("a", "we had an appointment with Dr Malone")])]
    assert labels == ["Person"]


def test_a_number_is_nobody_s_name() -> None:
    assert "name" not in [kind for kind, _ in told("Aktenzeichen KT-2210, ich warte")]


def test_each_fact_is_told_once_where_it_was_said_first() -> None:
    facts = facts_of([("a", "order B-4471"), ("b", "I said order number b-4471!")])
    assert [(fact.value, fact.message_id) for fact in facts] == [("B-4471", "a")]


def test_the_longer_name_stands_for_the_shorter() -> None:
    assert [value for kind, value in told("I'm Ada, hi", "my name is Ada Byron") if kind == "name"] == [
        "Ada Byron"
    ]


def test_a_date_or_an_amount_is_no_order_number() -> None:
    assert "reference" not in [
        kind for kind, _ in told("I ordered 3 items, the order was 20 euros on 12 March 2024")
    ]


def test_a_long_list_of_numbers_does_not_fill_the_packet() -> None:
    listed = [
        value
        for kind, value in told(" ".join(f"#{number}" for number in range(10000, 10100)))
        if kind == "reference"
    ]
    assert len(listed) == MOST_OF_A_KIND


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "a ",
        "Ab ",
        "order number ",
        "A1-",
        'says "x ',
        "I tried ",
        "a_",
        "12 Ab ",
        "error: ",
        "my name is a b ",
        "\n",
        "Kim \n     \n\n",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    in_proportion(lambda text: facts_of([("message", text)]), piece, (500, 4000, 32_000))
