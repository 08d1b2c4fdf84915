"""Fits the wish for a person (`bot/wishes.py`).

    python -m evals.fit_wishes DATA [--out bot/fitted/wishes.json]

Fitted on: wordings of our own, filled in and mistyped by a seeded program (`evals/wish_wordings.py`); that half of our own cases
which `evals.suites.wishes` does not report on; and of each public question set in DATA the half of even SHA-1, nearly all of
them no wishes. Prints the other half, which no fit has seen. `parley eval wishes` judges what was kept.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from bot.wishes import BUCKETS, KIND_OF, Fitted, features, fingerprint, kinds_meant, windows
from evals.suites.wishes import developed_on
from evals.typing_errors import mistyped
from evals.wish_wordings import IN_FULL, OTHERS, WISHES, filled

CASES = Path(__file__).parent / "cases" / "wishes.jsonl"
PUBLIC = {
    "banking77": ("questions/banking77/train.jsonl",),
    "clinc150": tuple(
        f"questions/clinc150/{part}.jsonl" for part in ("train", "val", "oos_train", "oos_val")
    ),
    "bitext": ("questions/bitext_intents/train.jsonl", "questions/bitext_intents/dev.jsonl"),
    "hint3": tuple(f"questions/hint3/sofmattress_{part}.jsonl" for part in ("train", "test")),
    **{
        name: (f"retrieval/{name}/queries.jsonl",)
        for name in ("techqa_sample", "stackfaq", "dtc_faq", "rackspace_faq", "mtrag_un")
    },
}
PROSE = ("retrieval/*/corpus.jsonl", "help_centers/*/articles.jsonl")  # where ordinary words are known from
ORDINARY_FROM, ORDINARY_FILES = 8, 2  # how often, and in how many of them, a word has to occur
MADE = {"en": 36_000}  # wordings filled in, of each sort; of another language:
MADE_OTHERWISE = 3_500
MISTYPED = 0.8  # of the wordings
CASE_VARIANTS = 12  # mistyped variants of each case
PENALTY = 0.3  # scikit-learn's C
PUBLIC_WEIGHT = 2.0  # a real question counts for two made up


@dataclass(frozen=True)
class Example:
    text: str
    wish: bool
    weight: float = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the wish for a person and report held-out figures.")
    parser.add_argument("data", type=Path, help="folder with questions/, retrieval/ and help_centers/")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "bot" / "fitted" / "wishes.json"
    )
    told = parser.parse_args(arguments)
    ordinary = ordinary_words(told.data)
    examples = [*made_up(Random(5)), *own_cases(Random(9)), *public_half(told.data, Random(9))]
    document = fit(examples, ordinary)
    told.out.write_text(json.dumps(document) + "\n", encoding="utf-8")
    report(told.data, Fitted.from_json(told.out.read_text(encoding="utf-8")))
    return 0


def made_up(random: Random) -> Iterator[Example]:
    for language in WISHES:
        count = MADE.get(language, MADE_OTHERWISE)
        wishes = {filled(random.choice(WISHES[language]), random) for _ in range(count)}
        others = {filled(random.choice(OTHERS[language]), random) for _ in range(count)}
        for wish, texts in ((True, wishes - others), (False, others)):
            for text in sorted(texts):
                if not (wish and _asks_for_a_department(text)):
                    yield Example(mistyped(text, random) if random.random() < MISTYPED else text, wish)


def _asks_for_a_department(text: str) -> bool:
    """ "how do I contact customer service" is a question that an article answers."""
    department = re.search(r"\b(?:customer (?:service|support|care)|support team)(?! (?:agent|rep))", text)
    return bool(department and re.search(r"\b(?:how|where|which|who|when)\b", text))


def own_cases(random: Random) -> Iterator[Example]:
    for text in IN_FULL:
        yield from (
            Example(one, True) for one in (text, *(mistyped(text, random) for _ in range(CASE_VARIANTS)))
        )
    with CASES.open(encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            if developed_on(case) and "typed_from" not in case:
                for text in (case["text"], *(mistyped(case["text"], random) for _ in range(CASE_VARIANTS))):
                    yield Example(text, case["wants_human"])


def public_half(data: Path, random: Random) -> Iterator[Example]:
    for name in PUBLIC:
        for row in public_rows(data, name):
            text = row["text"]
            if not even(text) or _unlabelled_wish(name, row):
                continue
            if row.get("wants_human"):
                yield from (Example(text, True) for _ in range(4))
                yield from (Example(mistyped(text, random), True) for _ in range(4))
                continue
            yield Example(text, False, PUBLIC_WEIGHT)
            if random.random() < 0.3:
                yield Example(mistyped(text[:300], random), False)


def _unlabelled_wish(name: str, row: dict[str, str]) -> bool:
    """Rows that may well be wishes though their set has no label for it: neither fitted nor counted as alarms."""
    text = row["text"].lower()
    if row.get("intent") == "contact_customer_service":
        return bool(re.search(r"\b(?:speak|talk|chat)", text))
    return name == "hint3" and bool(re.search(r"\bagent|\bcall\b|contact|represent|talk", text))


def public_rows(data: Path, name: str) -> Iterator[dict[str, str]]:
    for file in PUBLIC[name]:
        with (data / file).open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def even(text: str) -> bool:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()[-1] % 2 == 0


def ordinary_words(data: Path) -> frozenset[str]:
    """Words near one of ours that edited prose and several question sets use: no typing errors. "went" is not "want"."""
    often, spread = Counter[str](), Counter[str]()
    files = [file for pattern in PROSE for file in sorted(data.glob(pattern))]
    files += [data / file for name in ("banking77", "clinc150") for file in PUBLIC[name]]
    for file in files:
        with file.open(encoding="utf-8") as lines:
            words = Counter(re.findall(r"[a-z]{3,}", lines.read().lower()))
        often += words
        spread.update(word for word, count in words.items() if count > 1)
    return frozenset(
        word
        for word, count in often.items()
        if count >= ORDINARY_FROM
        and spread[word] >= ORDINARY_FILES
        and word not in KIND_OF
        and kinds_meant(word)
    )


def fit(examples: Sequence[Example], ordinary: frozenset[str]) -> dict[str, object]:
    """The numbers of `bot.wishes.Fitted`. Of a wish in several windows the last is taken for it: our wordings put it there."""
    rows = []
    for example in examples:
        seen = list(windows(example.text))
        rows += [(words, example) for words in (seen[-1:] if example.wish else seen)]
    found = [features(words, ordinary) for words, _ in rows]
    matrix = sparse.csr_matrix(
        (
            np.ones(sum(map(len, found)), dtype=np.float32),
            np.fromiter((bucket for buckets in found for bucket in buckets), dtype=np.int32),
            np.cumsum([0, *map(len, found)]),
        ),
        shape=(len(rows), BUCKETS),
    )
    labels = np.array([example.wish for _, example in rows])
    weights = np.array([example.weight for _, example in rows])
    model = LogisticRegression(C=PENALTY, max_iter=200, solver="liblinear").fit(
        matrix, labels, sample_weight=weights
    )
    coefficients: NDArray[np.float64] = model.coef_[0]
    scale = 127 / float(np.abs(coefficients).max())
    print(
        f"{len(examples)} texts, {labels.sum()} wishes; {(model.predict(matrix) != labels).mean():.2%} of the fit missed"
    )
    return {
        "fitted_on": "our own wordings, half of our own cases and of banking77, clinc150, bitext_intents, hint3, techqa, stackfaq, "
        "dtc_faq, rackspace_faq, mtrag_un; by evals/fit_wishes.py",
        "words": fingerprint(),
        "bias": round(float(model.intercept_[0]), 4),
        "scale": round(scale, 4),
        "weights": base64.b64encode(np.round(coefficients * scale).astype(np.int8).tobytes()).decode(),
        "ordinary": " ".join(sorted(ordinary)),
    }


def report(data: Path, fitted: Fitted) -> None:
    for name in PUBLIC:
        rows = [row for row in public_rows(data, name) if not even(row["text"])]
        asked = [row["text"] for row in rows if row.get("wants_human")]
        other = [row for row in rows if not row.get("wants_human")]
        sure = [row["text"] for row in other if not _unlabelled_wish(name, row)]
        alarms = [text for text in sure if fitted.wishes(text)]
        doubtful = [
            row["text"] for row in other if _unlabelled_wish(name, row) and fitted.wishes(row["text"])
        ]
        print(f"{name}: alarms {len(alarms)} of {len(sure)} ({len(alarms) / len(sure):.2%}); {len(doubtful)} of "
              f"{len(other) - len(sure)} that may be wishes" + (f"; recall {np.mean([fitted.wishes(t) for t in asked]):.3f} of {len(asked)}"
              if asked else ""))  # fmt: skip
        for text in alarms:
            print(f"    {text[:150]!r}")


if __name__ == "__main__":
    sys.exit(main())
