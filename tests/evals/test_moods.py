"""Fitting the mood and judging it by language, without a model or data of others."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np

from bot.moods import SIGNS, Feelings, Sentiment, mood_signs
from evals.fit_feelings import LABELS, Rows, network, odds, with_limits, wording
from evals.made_moods import calm_posts, calm_problems
from evals.suites import sentiment


def test_each_language_is_told_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "moods.jsonl"
    rows = [
        {"text": "Frechheit", "label": "negative", "language": "de"},
        {"text": "Wo ist mein Paket?", "label": "neutral", "language": "de"},
        {"text": "une honte", "label": "negative", "language": "fr"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    read = {"Frechheit": "negative", "Wo ist mein Paket?": "negative", "une honte": "neutral"}
    result = sentiment.judge(file, lambda text: Sentiment(read[text], 0.0), {})  # type: ignore[arg-type]
    assert result.figures["de negative recall"] == 1.0
    assert result.figures["de negative false alarms"] == 1.0
    assert result.figures["fr negative recall"] == 0.0


def test_made_problems_are_distinct_the_same_each_time_and_calm() -> None:
    made = calm_problems(300)
    assert len(set(made)) == 300
    assert made == calm_problems(300) != calm_problems(300, seed=1)
    words_alone = Feelings.from_json(
        files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8")
    )
    for feelings in (words_alone, Feelings.load()):
        upset = [text for text in calm_problems(300, seed=77) if feelings.read(text).label == "negative"]
        assert len(upset) <= 6, upset


def test_a_made_post_is_several_texts_whole() -> None:
    pieces = ["one", "two", "three"]
    for post in calm_posts(pieces, 20):
        assert 3 <= len(post.split()) <= 8
        assert set(post.split()) <= set(pieces)


def test_what_is_fitted_is_what_the_product_reads() -> None:
    few = [
        "I hate this",
        "where is my order",
        "thanks, lovely",
        "useless, all of it",
        "how do I pay",
        "great work",
    ]
    texts = few * 1000
    labels = np.array([0, 1, 2, 0, 1, 2] * 1000)
    signs = np.array([mood_signs(text) for text in texts], dtype=np.float32)
    everything = np.ones(len(texts), dtype=bool)
    kinds = np.array(["made"] * len(texts))
    rows = Rows(
        texts, signs, wording(texts), labels, np.ones(len(texts), np.float32), kinds, kinds, ~everything
    )
    arrays = network(rows, everything)
    kept = with_limits(arrays, (0.5, 0.5))
    file = {"fitted_on": "", "signs": list(SIGNS), "words_alone": kept}
    feelings = Feelings.from_json(json.dumps(file))
    told = [LABELS[i] for i in odds(arrays, rows, everything)[: len(few)].argmax(axis=1)]
    assert [feelings.read(text).label for text in few] == told == [LABELS[i] for i in labels[: len(few)]]
