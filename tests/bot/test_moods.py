"""The mood by words alone and by a vector. No model is loaded."""

import json
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from bot.moods import BUCKETS, DIMENSIONS, SIGNS, Feelings, mood_signs, wording_buckets
from retrieval.embedders.sentence_transformers import BUNDLED_SHA256
from tests.conftest import in_proportion


@pytest.fixture(scope="module")
def feelings() -> Feelings:
    return Feelings.load()


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
    vectors = np.eye(DIMENSIONS, dtype=np.float32)[:20]
    assert len({feelings.read("the flight to Oslo", vector).score for vector in vectors}) > 10
    with pytest.raises(ValueError, match="384"):
        feelings.read("the flight to Oslo", np.zeros(3, dtype=np.float32))


@pytest.mark.parametrize("dimensions", [DIMENSIONS, 1024])
def test_vectors_of_another_model_are_passed_over_whatever_their_length(dimensions: int) -> None:
    stranger = Feelings.load("0123456789abcdef-int8-3-int8")
    vectors = np.eye(dimensions, dtype=np.float32)[:50]
    for text in ("the flight to Oslo", "still waiting", "I hate this!!"):
        assert {stranger.read(text, vector) for vector in vectors} == {stranger.read(text)}


def test_vectors_of_the_bundled_model_are_read_whatever_its_arithmetic() -> None:
    trusted, stranger = Feelings.load(f"{BUNDLED_SHA256[:16]}-torch"), Feelings.load("other")
    vector = np.eye(DIMENSIONS, dtype=np.float32)[0]
    assert trusted.read("still waiting", vector) == Feelings.load().read("still waiting", vector)
    assert trusted.read("still waiting", vector) != stranger.read("still waiting", vector)


def test_wording_is_words_and_pairs_each_once() -> None:
    assert len(wording_buckets("no no no")) == 2  # "no", "no no"
    assert wording_buckets("Not good") == wording_buckets("not GOOD") != wording_buckets("good not")
    assert wording_buckets("") == []
    assert all(0 <= bucket < BUCKETS for bucket in wording_buckets("a b c d e f g !"))


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


@pytest.mark.parametrize("piece", ["a the ", "you are a fucking ", "x", "!? "])
def test_no_message_takes_long(feelings: Feelings, piece: str) -> None:
    in_proportion(feelings.read, piece)
