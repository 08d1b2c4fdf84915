"""The mood by the message model and by words alone."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from bot import message_model
from bot.message_model import spelled
from bot.moods import BUCKETS, SIGNS, Feelings, mood_signs, wording_buckets
from bot.topics import topics
from tests.conftest import in_proportion


def fitted() -> str:
    return files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["message model", "words alone"])
def feelings(request: pytest.FixtureRequest) -> Feelings:
    return Feelings.load() if request.param == "message model" else Feelings.from_json(fitted())


def sign(text: str, name: str) -> float:
    return float(mood_signs(text)[SIGNS.index(name)])


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
def test_an_upset_customer_is_heard(feelings: Feelings, text: str) -> None:
    mood = feelings.read(text)
    assert mood.label == "negative"
    assert mood.score < 0


@pytest.mark.parametrize("text", ["hours", "timeout", "seconds?", "denied", "stuck", "left inconsistent"])
def test_a_word_or_two_name_a_thing(feelings: Feelings, text: str) -> None:
    assert feelings.read(text).label == "neutral"


@pytest.mark.parametrize(
    "text", ["ridiculous", "total garbage", "not happy", "annoyed", "unhelpful", "stupid bot"]
)
def test_unless_one_of_them_tells_a_mood(text: str) -> None:
    assert Feelings.load().read(text).label == "negative"


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


@pytest.mark.parametrize(
    "text",
    ["where is my order", "I hate this!!", "great, thank you", "why?", "hm", "wow, great, broken again"],
)
def test_the_score_never_contradicts_the_label(feelings: Feelings, text: str) -> None:
    mood = feelings.read(text)
    assert -1 <= mood.score <= 1
    assert mood.label != "negative" or mood.score <= -0.1
    assert mood.label != "positive" or mood.score >= 0.1
    assert mood.label != "neutral" or abs(mood.score) < 0.5


def test_the_message_model_hears_what_no_word_says() -> None:
    text = "How hard can it be to send one email?"
    assert Feelings.load().read(text).label == "negative"
    assert Feelings.from_json(fitted()).read(text).label == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "Wo ist mein Paket?", "¿Dónde está mi pedido?", "Où est ma commande ?", "荷物はどこですか",
        "Hvor er min pakke? Jeg har ventet i to uger", "mi pedido no llega", "du Arschloch",
    ],
)  # fmt: skip
def test_another_language_is_read_by_its_words_alone(text: str) -> None:
    assert Feelings.load().read(text) == Feelings.from_json(fitted()).read(text)


CALM = "I moved house in May and would like the newspaper to come to the new address from the first of next month on. "


@pytest.mark.parametrize("upset", ["I am sick of you people, this is a disgrace!", "useless😡"])
def test_upset_is_heard_at_the_end_of_a_long_message_too(upset: str) -> None:
    feelings = Feelings.load()
    for times in (1, 3, 4, 5, 20):
        assert feelings.read(CALM * times).label == "neutral", times
        assert feelings.read(CALM * times + upset).label == "negative", times
        assert feelings.read(upset + " " + CALM * times).label == "negative", times


def test_emoji_and_capitals_are_spelled_for_tokens_that_know_neither() -> None:
    assert spelled("useless😡") == "useless :( "
    assert spelled("thanks👍 🚀now") == "thanks :)   now"
    assert spelled("WHY DOES NOBODY ANSWER ME").endswith("!!!")
    assert spelled("IBM HTTP Server") == "IBM HTTP Server"


def test_without_the_model_words_alone_decide_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("messages.json", "feelings.json"):
        (tmp_path / "fitted").mkdir(exist_ok=True)
        (tmp_path / "fitted" / name).write_bytes(files("bot").joinpath("fitted", name).read_bytes())
    (tmp_path / "fitted" / "messages.onnx").write_bytes(b"torn")
    monkeypatch.setattr(message_model, "files", lambda package: tmp_path)
    message_model._shipped.cache_clear()
    try:
        assert message_model.shipped() is None
        assert "by words alone" in caplog.text
        assert topics("I will sue you") == ("legal_threat",)
        assert Feelings.load().read("This is ridiculous, I'm fed up with you!!").label == "negative"
    finally:
        message_model._shipped.cache_clear()


def test_wording_is_words_and_pairs_each_once() -> None:
    assert len(wording_buckets("no no no")) == 2  # "no", "no no"
    assert wording_buckets("Not good") == wording_buckets("not GOOD") != wording_buckets("good not")
    assert wording_buckets("") == []
    assert all(0 <= bucket < BUCKETS for bucket in wording_buckets("a b c d e f g !"))


def test_a_fitted_file_of_other_signs_is_refused_and_says_what_to_do() -> None:
    text = fitted()
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


@pytest.mark.parametrize("piece", ["a the ", "you are a fucking ", "x", "!? "])
def test_no_message_takes_long(feelings: Feelings, piece: str) -> None:
    in_proportion(feelings.read, piece)
