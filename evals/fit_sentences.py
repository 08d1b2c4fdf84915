"""Fits the check of sentences (`bot/ground/check.py`) on our own cases.

    python -m evals.fit_sentences [--out bot/fitted/sentences.json]

A sum of small trees for each of `bot.ground.WAYS`, over the features of each sentence against its own passage; rows that a
rule decides are left out. Sentences that a program edits lightly, or turns round, are fitted, too: see `evals/light_edits.py` and
`evals/turned_round.py`.
A model writes as none of our writers does, so the threshold is one for a stranger: of each writer beside the first, by trees fitted
without any of that writer's sentences, CAUGHT of the changed numbers, of the swapped names and of the denials lie below it, unless that doubted more
than DOUBTED of the true ones. (Without the reader, and of conversations: by trees fitted without the article, CAUGHT_OF_ONE.) A sentence that cites a wrong
passage is held to a stricter one (MOVED of the false ones, each against the three passages nearest to its own, may pass). One in doubt is said in
the passages' own words from the match on that at most ASTRAY of the sentences true of another article reach, and from that on which OF_ANOTHER of them reach no
other passage is looked through. The shares printed are cross-validated by article; `parley eval sentences` reports others.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from bot.ground import Check
from bot.ground.check import FEATURES, OF_READING, WAYS
from bot.ground.coverage import OF_MEANING
from bot.ground.trees import Node, Trees
from evals.run import CASES, shipped_articles, trades
from evals.suites.sentences import Case, Passages, Remembering, edited, read_cases
from evals.turned_round import turned_round
from retrieval.embedders import Embedder, open_embedder
from retrieval.reader import Reader, shipped

ROOT = Path(__file__).parent.parent
CAUGHT = (
    0.90  # of the sentences of each kind in HARD by each writer, at least, counting those that a rule drops
)
CAUGHT_OF_ONE = 0.92
HARD = ("number", "name", "negation")
DOUBTED = 0.45  # of the written true sentences, at most
DOUBTED_OF_ONE = 0.35
ASTRAY = 0.15  # of the sentences of another article, at most, that bring in the passages' own words
OF_ANOTHER = 0.05
MOVED = 0.05  # of the false sentences, at most, that any one passage which they do not cite would hold
by_another_hand = re.compile(r"-([a-z])-\d+$")  # at the end of a case's id: its writer
FEWEST = 30  # false sentences of each kind in HARD of a writer, at least, by whom a threshold is set
EDITED, TURNED = "edited", "turned"  # by a program: lightly, and still true; round, and false
WEIGHTS = {EDITED: 0.5, TURNED: 0.3}  # beside a written sentence
MOST_EDITED = 600


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.fit_sentences", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "bot/fitted/sentences.json")
    given = parser.parse_args()
    embedder = open_embedder(None)
    passages = Passages(shipped_articles() + trades(), embedder)
    cases = read_cases(CASES / "sentences.jsonl")
    told: dict[str, Any] = {
        "fitted_on": f"{len(cases)} sentences of our own and {MOST_EDITED} lightly edited ones, and true ones turned round",
        "features": [*FEATURES, *OF_MEANING, *OF_READING],
    }
    for way in WAYS:
        some = cases
        if way == "spoken":  # what other hands wrote of articles makes it worse there: `evals.summaries`
            some = [case for case in cases if not by_another_hand.search(case.id)]
        some = [*some, *edited(some, passages, MOST_EDITED)]
        if way == "read":  # words and vectors alone cannot weigh them: what is true gets lost
            some += _turned(some)
        meaning = None if way == "words_alone" else embedder
        reader = Remembering(shipped()) if way == "read" else None
        print(way)
        trees, thresholds = _fit(some, passages, meaning, reader)
        told[way] = {"trees": trees.json(), **thresholds}
    given.out.write_text(json.dumps(told) + "\n", encoding="utf-8")


def _fit(
    cases: Sequence[Case], passages: Passages, embedder: Embedder | None, reader: Reader | None
) -> tuple[Trees, dict[str, float]]:
    rows: list[list[float] | None] = []
    beside: list[list[float]] = []
    for case in cases:
        check = Check(passages.given(case), "en", embedder, reader=reader)
        found = check.features(case.sentence, [1])
        rows.append(list(found.values()) if found else None)
        if not case.supported:
            others = (check.features(case.sentence, [n]) for n in (2, 3, 4))
            beside += [list(other.values()) for other in others if other]
    left = [(values, case) for values, case in zip(rows, cases, strict=True) if values is not None]
    x = np.array([values for values, _ in left])
    y = np.array([case.supported for _, case in left])
    weight = np.array([WEIGHTS.get(case.kind, 1.0) for _, case in left])
    forecast = np.zeros(len(y))
    for train, test in GroupKFold(8).split(x, y, [case.article for _, case in left]):
        model = _grow(x[train], y[train], weight[train])
        forecast[test] = model.predict_proba(x[test])[:, 1]
    support = {id(case): float(p) for (_, case), p in zip(left, forecast, strict=True)}
    strange: dict[int, float] = {}  # as support, by trees that know no sentence of the writer's
    # without the reader a threshold for strangers would leave out what is said in the passage's very words
    writers = np.array([_writer(case) if reader is not None else "" for _, case in left])
    for writer in sorted({*writers} - {""}):
        rest = writers != writer
        model = _grow(x[rest], y[rest], weight[rest])
        for (values, case), known in zip(left, rest, strict=True):
            if not known:
                strange[id(case)] = float(model.predict_proba(np.array([values]))[0, 1])
    model = _grow(x, y, weight)
    trees = _read(model)
    assert abs(trees.probability(x[0]) - model.predict_proba(x[:1])[0, 1]) < 1e-3
    stray = np.sort(model.predict_proba(np.array(beside))[:, 1])
    move = float(stray[-1 - int(MOVED * sum(not case.supported for case in cases))]) + 1e-6

    def below(share: float, some: Sequence[Case], told: Mapping[int, float], *kinds: str) -> float:
        """The probability under which that share of the sentences of these kinds lie."""
        return float(np.quantile([told.get(id(case), -1.0) for case in some if case.kind in kinds], share))

    of_writers = [[case for case in cases if _writer(case) == name] for name in sorted({*writers} - {""})]
    many = [of for of in of_writers if all(sum(c.kind == kind for c in of) >= FEWEST for kind in HARD)]
    if many:
        keep = max(below(CAUGHT, of, strange, kind) for of in many for kind in HARD)
        most = [case for of in many for case in of]
        keep = min(keep, below(DOUBTED, most, strange, "copy", "paraphrase"))
    else:
        keep = max(below(CAUGHT_OF_ONE, cases, support, kind) for kind in HARD)
        keep = min(keep, below(DOUBTED_OF_ONE, cases, support, "copy", "paraphrase"))
    move = max(keep, move)
    print(f"AUROC {roc_auc_score(y, forecast):.3f}, keep from {keep:.4f}, move from {move:.4f}")
    for kind in dict.fromkeys(case.kind for case in cases):
        all_of = [case for case in cases if case.kind == kind]
        dropped = sum(support.get(id(case), -1.0) < keep for case in all_of)
        ruled = sum(id(case) not in support for case in all_of)
        print(
            f"  {kind:10} dropped {dropped} of {len(all_of)} ({dropped / len(all_of):.3f}), {ruled} by a rule"
        )
    matches = [_match(case, passages, embedder) for case in cases if case.kind == "other"]
    say, of_it = (float(np.quantile(matches, 1 - share)) + 1e-6 for share in (ASTRAY, OF_ANOTHER))
    print(f"  in own words from a match of {say:.3f}, of this matter from {of_it:.3f}")
    return trees, {"keep_from": keep, "move_from": move, "say_from": say, "of_it_from": of_it}


def _turned(cases: Sequence[Case]) -> list[Case]:
    """What is true in these turned round; the same every time."""
    dice = random.Random(5)
    made = [
        (case, turned_round(case.sentence, dice)) for case in cases if case.kind in ("copy", "paraphrase")
    ]
    return [
        replace(case, kind=TURNED, sentence=sentence, supported=False, says=())
        for case, sentence in made
        if sentence
    ]


def _writer(case: Case) -> str:
    """Empty for the first."""
    found = by_another_hand.search(case.id)
    return found[1] if found else ""


def _match(case: Case, passages: Passages, embedder: Embedder | None) -> float:
    check = Check(passages.given(case), "en", embedder)
    words = check.own_words(case.sentence, [1])
    return words.match if words else 0.0


def _grow(x: Any, y: Any, weight: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=250,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=10,
        l2_regularization=2.0,
        max_features=0.3,
        early_stopping=False,
        random_state=0,
    ).fit(x, y, sample_weight=weight)


def _read(model: Any) -> Trees:
    """The trees as plain numbers; no feature is ever missing."""

    def tree(nodes: Any) -> tuple[Node, ...]:
        return tuple(
            (
                -1 if node["is_leaf"] else int(node["feature_idx"]),
                0.0 if node["is_leaf"] else float(f"{node['num_threshold']:.9g}"),
                int(node["left"]),
                int(node["right"]),
                round(float(node["value"]), 5),
            )
            for node in nodes
        )

    return Trees(
        float(model._baseline_prediction[0, 0]), tuple(tree(one[0].nodes) for one in model._predictors)
    )


if __name__ == "__main__":
    main()
