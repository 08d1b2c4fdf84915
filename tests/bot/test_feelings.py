"""The mood by words alone and by a vector, the wish for a person, small talk and abuse. No model is
loaded."""

import json
import subprocess
import sys
import time
from importlib.resources import files

import numpy as np
import pytest

from bot.moods import DIMENSIONS, SIGNS, Feelings, mood_signs
from bot.small_talk import chat_kind
from bot.topics import is_abuse
from bot.wishes import wants_human


@pytest.fixture(scope="module")
def feelings() -> Feelings:
    return Feelings.load()


def sign(text: str, name: str) -> float:
    return float(mood_signs(text)[SIGNS.index(name)])


# --- mood
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "payment failed with error 500",
        "My parcel has not arrived yet.",
        "I was charged twice for the same order",
        "How do I cancel my account?",
        "I can't log in",
        "",
        "?!",
    ],
)
def test_a_problem_is_not_a_mood(feelings: Feelings, text: str) -> None:
    assert feelings.read(text).label == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous, I'm fed up with you!!",
        "Your support is useless. This is the third time I ask and nobody answers.",
        "I am so frustrated, worst service ever",
        "I'm furious. Cancel my account, I'm done with you.",
    ],
)
def test_an_upset_customer_is_heard_by_words_alone(feelings: Feelings, text: str) -> None:
    mood = feelings.read(text)
    assert mood.label == "negative"
    assert mood.score < 0


def test_thanks_and_praise_are_positive(feelings: Feelings) -> None:
    mood = feelings.read("Thank you so much, you are awesome!")
    assert mood.label == "positive"
    assert mood.score > 0


def test_hollow_thanks_are_no_thanks(feelings: Feelings) -> None:
    assert sign("thanks for nothing", "thanks") == 0
    assert feelings.read("Thanks for nothing, what a joke of a company").label == "negative"


def test_names_in_capitals_are_not_shouting_and_code_is_not_read() -> None:
    assert sign("Configure SSL in IBM HTTP Server", "shouting") == 0
    assert sign("WHY DOES NOBODY ANSWER ME", "shouting") == 1
    assert sign("It prints `damn useless` and stops", "swearing") == 0


def test_the_score_never_contradicts_the_label(feelings: Feelings) -> None:
    random = np.random.default_rng(0)
    for text in ("where is my order", "I hate this!!", "great, thank you", "why?"):
        for vector in random.normal(size=(50, DIMENSIONS)).astype(np.float32):
            mood = feelings.read(text, vector / np.linalg.norm(vector))
            assert -1 <= mood.score <= 1
            assert mood.label != "negative" or mood.score <= -0.1
            assert mood.label != "positive" or mood.score >= 0.1
            assert mood.label != "neutral" or abs(mood.score) < 0.5


def test_the_vector_counts_and_has_to_be_of_the_right_shape(feelings: Feelings) -> None:
    fitted = json.loads(files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8"))
    negative, neutral, _ = np.array(fitted["with_meaning"]["meaning"])
    gloomy = (negative - neutral) / np.linalg.norm(negative - neutral)
    text = "the flight to Oslo"
    assert (
        feelings.read(text, gloomy.astype(np.float32)).score
        < feelings.read(text, -gloomy.astype(np.float32)).score
    )
    with pytest.raises(ValueError, match="384"):
        feelings.read(text, np.zeros(3, dtype=np.float32))


def test_a_fitted_file_of_other_signs_is_refused_and_says_what_to_do() -> None:
    text = files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8")
    assert "airline_tweets" in Feelings.from_json(text).fitted_on
    with pytest.raises(ValueError, match="fit_feelings"):
        Feelings.from_json(json.dumps({**json.loads(text), "signs": ["moon phase"]}))


def test_serving_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, bot.moods as f; f.Feelings.load().read('hi'); "
        "print('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- the wish for a person
# -----------------------------------------------------------------------------------


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


# --- small talk
# ----------------------------------------------------------------------------------------------


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
    ],
)
def test_small_talk_is_told_by_its_kind(text: str, kind: str) -> None:
    assert chat_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "hi, how do I reset my password",
        "thanks, how do I pay?",
        "thanks for nothing",
        "thanks but it does not work",
        "this is not helpful thanks",
        "yes that's it",
        "hello world program",
        "how are things with my refund",
        "",
        "hi " * 100,
    ],
)
def test_anything_more_is_not_small_talk(text: str) -> None:
    assert chat_kind(text) is None


# --- abuse
# ---------------------------------------------------------------------------------------------------


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
    assert is_abuse(text)


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
    ],
)
def test_frustration_and_swearing_at_things_are_not_abuse(text: str) -> None:
    assert not is_abuse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a the " * 2000,
        "talk to " * 2000,
        "you are a fucking " * 800,
        "get me " * 2000,
        "hi " * 50,
        "x" * 50_000,
    ],
)
def test_no_message_takes_long(feelings: Feelings, text: str) -> None:
    start = time.perf_counter()
    wants_human(text), chat_kind(text), is_abuse(text), feelings.read(text)
    assert time.perf_counter() - start < 0.5


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
    "text", ["ok", "Thanks a lot, that solved it!", "\U0001f44d", "perfect", "got it", "great, that worked"]
)
def test_an_acknowledgement_is_thanks(text: str) -> None:
    assert chat_kind(text) == "thanks"
