"""Fits the half of `bot/topics.py` that reads embeddings.

    python -m evals.fit_topics DATA [--out bot/fitted/topics.json]

A multinomial logistic regression over the message's all-MiniLM-L6-v2 embedding: our own developed cases against as many near
misses and questions of public sets, those of even SHA-1. The rows of others that may well be of a topic (a stolen card) are left
out by the words below. Prints what the other half raises; `parley eval topics` judges our own cases.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from sklearn.linear_model import LogisticRegression

from bot.topics import TOPICS
from evals.fit_wishes import PUBLIC, even, public_rows
from retrieval.embedders import open_embedder

CASES = Path(__file__).parent / "cases" / "topics.jsonl"
OF_EACH = 3000  # questions of each public set, at most
MAY_BE_MEANT = (
    "stol",
    "steal",
    "fraud",
    "hack",
    "compromis",
    "recogni",
    "make",
    "made",
    "scam",
    "auth",
    "someone else",
)
PENALTY = 30.0  # scikit-learn's C
LIKELY_FROM = 0.4  # of the chances of all topics together


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the topics that are read from embeddings.")
    parser.add_argument("data", type=Path, help="folder with questions/ and retrieval/")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "bot" / "fitted" / "topics.json"
    )
    told = parser.parse_args(arguments)
    embedder = open_embedder(None)
    with CASES.open(encoding="utf-8") as lines:
        cases = [case for case in map(json.loads, lines) if case["developed_on"]]
    texts = [case["text"] for case in cases]
    labels = [case["topic"] if case["meant"] else "" for case in cases]
    other: list[str] = []
    for name in PUBLIC:
        rows = [row["text"][:1000] for row in public_rows(told.data, name) if "W" not in row.get("tags", "")]
        Random(3).shuffle(rows)
        other += [text for text in rows[:OF_EACH] if not any(word in text.lower() for word in MAY_BE_MEANT)]
    fitted_on = [text for text in other if even(text)]
    vectors = np.array([embedder.embed_query(text) for text in texts + fitted_on])
    model = LogisticRegression(C=PENALTY, max_iter=1000).fit(
        vectors, np.array(labels + [""] * len(fitted_on))
    )
    none = list(model.classes_).index("")
    order = [list(model.classes_).index(topic) for topic in TOPICS]
    document = {
        "fitted_on": f"our own cases and {len(fitted_on)} questions of {', '.join(PUBLIC)}; embedding all-MiniLM-L6-v2; "
        "by evals/fit_topics.py",
        "topics": TOPICS,
        "likely_from": LIKELY_FROM,
        "bias": np.round(model.intercept_[order] - model.intercept_[none], 4).tolist(),
        "weights": np.round(model.coef_[order] - model.coef_[none], 4).tolist(),
    }
    told.out.write_text(json.dumps(document) + "\n", encoding="utf-8")
    judged = [text for text in other if not even(text)]
    chances = 1 - model.predict_proba(np.array([embedder.embed_query(text) for text in judged]))[:, none]
    alarms = [text for text, chance in zip(judged, chances, strict=True) if chance >= LIKELY_FROM]
    print(f"alarms on {len(alarms)} of {len(judged)} public questions that were not fitted")
    for text in alarms:
        print(f"    {text[:150]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
