"""The wish for a person: heard in any wording, with typing errors and in seven languages, and told from questions about people."""

import json
import re
from dataclasses import replace
from importlib.resources import files

import pytest

from bot.languages import LANGUAGES
from bot.prose import READ_AT_MOST
from bot.wish_words import KINDS
from bot.wishes import BUCKETS, Fitted, kinds_of, wants_human, windows
from bot.words import in_language
from tests.conftest import in_proportion


@pytest.mark.parametrize("text", [
    "agent pls", "can I talk to someone real", "operator", "tlak to a humen", "HUMAN!!!",
    "real person please", "I want to speak to a representative", "connect me with support",
    "put me through to someone", "I need to speak with customer service", "can someone call me",
    "I don't want to talk to a bot", "no more bots", "you're useless, get me a person",
    "how do I speak with a person?", "could you escalate this to a human", "speak to rep", "reprsentative",
    "i wanna tlak to soemone", "is there a human I can talk to?", "I'm tired of talking to a machine",
    "please call me back", "How do I reset it? Never mind, give me an agent.",
    "howcan I talkto a human agent", "I want to talk to a fucking assistant",
    "Ich möchte mit einem Menschen sprechen", "Mitarbeiter bitte",
    "Bitte verbinden Sie mich mit einem Kundenberater", "quiero hablar con una persona", "agente por favor",
    "páseme con un operador", "je veux parler à un conseiller", "Puis-je parler à quelqu'un ?",
    "passez-moi un humain s'il vous plaît", "quero falar com um atendente", "quero um humano",
    "vorrei parlare con un operatore", "operatore", "ik wil met een medewerker spreken",
    "kan ik iemand spreken?", "medewerker graag",
])  # fmt: skip
def test_a_person_is_asked_for(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize("text", [
    "what about order RX-77-2, i want a human, mail tom@berg.example",
    "order 77 missing, get me a person, tom@berg.example",
    "bike is broken since the 4th of may - connect me with an agent - customer no 12345",
    "human please, order ZZ-1234-9", "agent pls, order 4431", "order 4431 agent please", "talk to a person about order 1234",
    "speak to someone re order RX-99213-B", "talk to agent ref 99123", "please connect me to an agent, my customer number is 44812",
])  # fmt: skip
def test_a_plain_wish_is_heard_whatever_stands_around_it(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize("text", [
    "That is not right, because I need ticket for one person.", "No necesito un agente, solo el precio",
    "I tried twice, after speaking with someone, then was put on hold", "6 hours, no agent, should I keep waiting",
    "what are you, a bot or human", "how do i contact an agent about order 5512", "is a person handling order 1234",
    "i need a cab for 1 person", "the agent for order 5512 was rude",
])  # fmt: skip
def test_a_clause_about_people_is_no_wish(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize("text", ["lol", "LOL", "tbh", "plz", "asap", "hey there, quick q: do u ship 2 NL? thx", "is my flight on time? Pls", "hi, its me again. it still hasnt come", "thanks, me too"])  # fmt: skip
def test_politeness_alone_asks_for_nobody(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_bot_tells_people_to_write_is_a_wish(language: str) -> None:
    own = in_language(language)
    for text in (own.nothing_relevant, own.look_up):
        quoted = re.findall(r"[“„«「‘\"]([^”“»」’\"]+)[”“»」’\"]", text)
        assert quoted == re.findall(r"[“„«「‘\"]([^”“»」’\"]+)[”“»」’\"]", own.nothing_relevant) != []
    assert all(wants_human(text) for text in quoted)


@pytest.mark.parametrize("text", [
    "أريد التحدث مع شخص حقيقي من فضلك", "Хочу поговорить с живым человеком", "соедините меня с оператором",
    "Chcę porozmawiać z człowiekiem", "担当者と話したいです", "转人工", "我想和真人说话", "ok 转人工", "Hi, хочу поговорить с оператором",
])  # fmt: skip
def test_a_person_is_asked_for_where_the_fitted_words_end(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize("text", [
    "لا أريد التحدث مع شخص", "كيف يمكنني استعادة كلمة المرور؟", "как добавить оператора?", "jak dodać konsultanta?",
    "オペレーターを追加するには?", "人工智能怎么用", "如何添加客服?",
])  # fmt: skip
def test_other_questions_are_none_there_either(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize("text", [
    "", "how do I add an agent?", "what is a human-readable format", "user agent string",
    "contact sales page layout", "how do I contact the seller?", "what are your agents' opening hours",
    "am I talking to a real person?", "are you a bot or a person", "how do I invite someone to my team",
    "I don't want to talk to an agent", "how do customers reach an agent in the widget",
    "how do I contact customer service?", "someone used my card",
    "I was talking to an agent yesterday about my refund", "can I cancel without talking to someone",
    "How do I set up the monitoring agent?", "how do I transfer a ticket to another agent", "call me Mary",
    "change the contact person for my account", "send money to someone", "the call operator in PHP",
    "does anyone else have this problem?", "how to install live chat on my website", "can I get support?",
    "Wie füge ich einen Mitarbeiter hinzu?", "¿Cómo agrego un agente?", "comment ajouter un agent",
])  # fmt: skip
def test_a_question_about_people_is_no_wish_for_one(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "I want a person", "get me someone", "I want someone to help me", "I demand a human", "I would rather deal with a person",
        "person", "customer service", "can someone help me please", "I need a real person",
    ],
)  # fmt: skip
def test_a_person_may_be_asked_for_without_more_words(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "don't connect me to a human, just tell me how to index articles",
        "I do not want to talk to an agent, only the price",
    ],
)
def test_who_declines_a_person_asks_for_none(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "It has been three weeks now and the parcel with the two lamps has still not come, so please just let me talk to somebody",
        "The export fails with error 500.\n" * 300 + "Please get me a real person.",
        "Thanks for the article, it did not help. Agent please.",
    ],
)
def test_a_wish_is_heard_inside_a_long_message(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("tlak to a humen", ["^", "TALK", "TO", "A", "HUMAN", "$"]),
        ("talktoan agennt", ["^", "TALK", "TO", "A", "AGENT", "$"]),
        ("aaagent", ["^", "AGENT", "$"]),
        ("hmn pls", ["^", "HUMAN", "PLS", "$"]),
        ("represenatative", ["^", "AGENT", "$"]),
        ("cna frobnicate gizmo 12", ["^", "CAN", "_", "#", "$"]),
        ("went", ["^", "_", "$"]),
    ],
)
def test_words_are_known_by_their_kind_with_typing_errors_and_glued(text: str, kinds: list[str]) -> None:
    assert kinds_of(tuple(text.split()), frozenset({"went"})) == kinds


def test_a_word_is_of_one_kind_only() -> None:
    words = [word for words in KINDS.values() for word in words.split()]
    assert len(words) == len(set(words))


def test_numbers_fitted_on_other_words_are_refused_and_say_what_to_do() -> None:
    told = json.loads(files("bot").joinpath("fitted", "wishes.json").read_text(encoding="utf-8"))
    assert len(Fitted.from_json(json.dumps(told)).weights) == BUCKETS
    with pytest.raises(ValueError, match="fit_wishes"):
        Fitted.from_json(json.dumps({**told, "words": told["words"] + 1}))


def test_the_more_is_read_the_surer_a_wish_has_to_be() -> None:
    told = files("bot").joinpath("fitted", "wishes.json").read_text(encoding="utf-8")
    sure = replace(Fitted.from_json(told), weights=[0] * BUCKETS, bias=0.1)
    assert sure.wishes("one window")
    assert not sure.wishes("one. two. three. four. five.")


def test_of_a_very_long_message_the_beginning_and_the_end_are_read() -> None:
    read = [word for words in windows("start " + "word " * READ_AT_MOST + "end") for word in words]
    assert read[0] == "start"
    assert read[-1] == "end"
    assert len(read) < READ_AT_MOST


@pytest.mark.parametrize(
    "piece",
    [" ", "a ", '"', ".", "`", "\n", "x", "talk to "],
)  # fmt: skip
def test_no_message_takes_long(piece: str) -> None:
    in_proportion(wants_human, piece)


@pytest.mark.parametrize(
    "text", ["gracias", "thanks", "merci beaucoup", "hello there", "is anyone there", "bye for now"]
)
def test_small_talk_asks_for_nobody(text: str) -> None:
    assert not wants_human(text)
