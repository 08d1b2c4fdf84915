"""Greetings, thanks and farewells, and what is more than that."""

import pytest

from bot.moods import Feelings
from bot.small_talk import chat_kind, displeased
from bot.topics import topics
from tests.conftest import in_proportion


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", "greeting"),
        ("Hellooo!!", "greeting"),
        ("good morning team", "greeting"),
        ("👋 hey there", "greeting"),
        ("Guten Tag", "greeting"),
        ("buenas tardes", "greeting"),
        ("Bonjour", "greeting"),
        ("bom dia", "greeting"),
        ("thx", "thanks"),
        ("thank you so much for your help", "thanks"),
        ("Danke schön!", "thanks"),
        ("merci beaucoup", "thanks"),
        ("Obrigado!", "thanks"),
        ("grazie mille", "thanks"),
        ("dank je wel", "thanks"),
        ("thanks, bye!", "farewell"),
        ("hasta luego", "farewell"),
        ("arrivederci", "farewell"),
        ("tot ziens", "farewell"),
        ("no, that's all, thank you", "farewell"),
        ("u there?", "greeting"),
        ("hi, it's me again", "greeting"),
        ("lol", "murmur"),
        ("Hmm...", "murmur"),
        ("nvm", "murmur"),
        ("never mind, found it", "murmur"),
        ("\U0001f3bb", "murmur"),
        ("...", "murmur"),
        ("!!", "murmur"),
        ("are you a bot?", "about"),
        ("Am I talking to a real person or a bot?", "about"),
        ("who are you", "about"),
        ("What can you do?", "about"),
        ("Sind Sie ein Mensch?", "about"),
        ("¿Eres un robot?", "about"),
        ("Êtes-vous un robot ?", "about"),
    ],
)
def test_small_talk_is_told_by_its_kind(text: str, kind: str) -> None:
    assert chat_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hellooo!!",
        "👋 hey there",
        "thx",
        "thanks, bye!",
        "bye",
        "no, that's all, thank you",
        "ok",
        "got it",
        "👍",
    ],
)
def test_small_talk_is_calm_and_of_no_topic(text: str) -> None:
    assert chat_kind(text) is not None
    assert Feelings.load().read(text).label != "negative"
    assert topics(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "hi, how do I reset my password",
        "thanks, how do I pay?",
        "thanks for nothing",
        "are you a bot company",
        "who are you shipping with",
        "what can you do about my refund",
        "never mind the price, how long does it take",
        "idk how to pay",
        "\U0001f621\U0001f621",
        "\U0001f44e",
        "thanks but it does not work",
        "this is not helpful thanks",
        "yes that's it",
        "hello world program",
        "how are things with my refund",
        "hi, где мой заказ?",
        "lol что делать с заказом",
        "hi 我的订单在哪里",
        "thanks 但是还是不行",
        "ok، أين طلبي",
        "",
        "hi " * 100,
    ],
)
def test_anything_more_is_not_small_talk(text: str) -> None:
    assert chat_kind(text) is None


@pytest.mark.parametrize(
    "text", ["ok", "Thanks a lot, that solved it!", "\U0001f44d", "perfect", "got it", "great, that worked"]
)
def test_an_acknowledgement_is_thanks(text: str) -> None:
    assert chat_kind(text) == "thanks"


@pytest.mark.parametrize("piece", ["hi ", " ", "a ", '"', "ok thanks "])
def test_no_message_takes_long(piece: str) -> None:
    in_proportion(chat_kind, piece)


def test_pictures_of_displeasure_are_no_thanks() -> None:
    assert displeased("\U0001f621\U0001f621\U0001f621")
    assert displeased(" \U0001f44e ")
    assert not displeased("\U0001f44d")
    assert not displeased("my string broke \U0001f62d")
    assert not displeased("")
