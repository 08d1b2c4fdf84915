"""What asks, and what only adds to what was asked."""

from __future__ import annotations

import pytest

from bot.details import only_details
from evals.handing_over import handing_over


@pytest.mark.parametrize(
    "text",
    [
        "bought it in march 2024, serial 335-8841207",
        "yes, £94 went out on 1 October by direct debit",
        "my order number is B-44710",
        "mein Name ist Jörg Petersen, 0171 5558842",
        "I already restarted the router twice, nothing",
    ],
)
def test_a_number_or_what_was_tried_asks_nothing(text: str) -> None:
    assert only_details(text)


@pytest.mark.parametrize(
    "text",
    [
        "parcel 123456 is late",
        "order number 12345 arrived damaged",
        "my order number is B-44710, I want the money back",
        "Firefox 128 crashes on upload",
        "no, it still does not print",
        "where is order B-44710?",
        "How do I return a bicycle?",
        "",
    ],
)
def test_a_trouble_or_a_wish_asks(text: str) -> None:
    assert not only_details(text)


def test_the_packet_opens_with_the_trouble_and_not_with_the_serial_number() -> None:
    with handing_over() as hand:
        packet = hand(
            [("customer", "my Bernina 335 keeps skipping stitches"), ("customer", "serial 335-8841207")]
        )
    assert packet["question"] == "my Bernina 335 keeps skipping stitches"
    assert "They added: “serial 335-8841207”." in packet["summary"]


def test_who_only_gives_a_number_is_asked_about_it() -> None:
    with handing_over() as hand:
        packet = hand([("customer", "my order number is B-44710")])
    assert packet["question"] == "my order number is B-44710"
