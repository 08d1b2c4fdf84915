"""Fits the check of sentences (`bot/ground/check.py`) on half of our own cases, by article.

    python -m evals.fit_sentences [--out bot/fitted/sentences.json]

Two logistic models, with and without meaning, over the features of each sentence against its own passage; rows that a rule
decides are left out. The thresholds are the highest that lose at most LOST of the fitting half's true sentences, each read by
a model fitted without its article; sentences that cite a wrong passage are held to a stricter one (MOVED of the false ones,
each against the passages beside its own, may pass). Everything printed comes from the fitting half: `parley eval
sentences` reports the other.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from bot.ground import Check
from bot.ground.check import FEATURES, OF_MEANING
from evals.suites.sentences import Case, Passages, read_cases, to_fit
from help_center.sources import open_source
from help_center.sources.base import SourceArticle
from retrieval.embedders import Embedder, open_embedder
from retrieval.logistic import Logistic

ROOT = Path(__file__).parent.parent
LOST = 0.05  # of the true sentences, at most, counting those that a rule drops
MOVED = 0.05  # of the false sentences, at most, that any one passage which they do not cite would hold
# features that refuse a sentence by themselves, and from which value on at the least
REFUSING = {
    "denied": 0.15,
    "undenied": 0.15,
    "name_swapped": 0.3,
    "number_swapped": 0.3,
    "number_astray": 0.7,
    "replaced": 0.6,
}
WITHOUT_MEANING = {"number_astray": 0.45}  # and these, where closeness does not tell
# true sentences that the threshold of a feature may cost; none where it is not named
LOST_BY = {"denied": 2, "undenied": 1, "number_astray": 4, "name_swapped": 1}
STRENGTH = 0.5  # C of the logistic regression


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.fit_sentences", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "bot/fitted/sentences.json")
    given = parser.parse_args()
    embedder = open_embedder(None)
    articles = [one for one in open_source(str(ROOT / "docs")).read() if isinstance(one, SourceArticle)]
    passages = Passages(articles, embedder)
    cases = [case for case in read_cases(ROOT / "evals/cases/sentences.jsonl") if to_fit(case.article)]
    told: dict[str, Any] = {
        "fitted_on": f"{len(cases)} sentences of our own",
        "features": [*FEATURES, *OF_MEANING],
    }
    for name, meaning in (("with_meaning", embedder), ("words_alone", None)):
        model, thresholds = _fit(cases, passages, meaning)
        told[name] = model.json()
        told |= {f"{key}{'' if meaning else '_words'}": value for key, value in thresholds.items()}
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _fit(
    cases: Sequence[Case], passages: Passages, embedder: Embedder | None
) -> tuple[Logistic, dict[str, Any]]:
    rows: list[tuple[list[float] | None, Case]] = []
    for case in cases:
        check = Check(passages.given(case), "en", embedder)
        found = check.features(case.sentence, [1])
        rows.append((list(found.values()) if found else None, case))
    refuse_from = {}
    for feature, least in (REFUSING | ({} if embedder else WITHOUT_MEANING)).items():
        at = FEATURES.index(feature)
        highest = sorted(values[at] for values, case in rows if values and case.supported)
        refuse_from[feature] = round(max(highest[-1 - LOST_BY.get(feature, 0)] + 0.005, least), 3)

    def denies(values: Sequence[float]) -> bool:
        return any(values[FEATURES.index(feature)] >= value for feature, value in refuse_from.items())

    # false sentences that what they cite does not refute, against the passages that they do not cite
    beside = [
        list(other.values())
        for values, case in rows
        if not case.supported and not (values and denies(values))
        for other in _beside(case, passages, embedder)
    ]
    rows = [(values if values and not denies(values) else None, case) for values, case in rows]
    beside = [values for values in beside if not denies(values)]
    left = [(values, case) for values, case in rows if values is not None]
    x = np.array([values for values, _ in left])
    y = np.array([case.supported for _, case in left])
    groups = [case.article for _, case in left]
    forecast = np.zeros(len(y))
    for train, test in GroupKFold(8).split(x, y, groups):
        mean, scale, regression = _regress(x[train], y[train])
        forecast[test] = regression.predict_proba((x[test] - mean) / scale)[:, 1]
    true = sum(case.supported for case in cases)
    by_rules = true - int(y.sum())
    may_lose = max(0, int(LOST * true) - by_rules)
    keep = float(np.sort(forecast[y])[may_lose]) - 1e-6
    mean, scale, regression = _regress(x, y)
    stray = np.sort(regression.predict_proba((np.array(beside) - mean) / scale)[:, 1])
    allowed = int(MOVED * sum(not case.supported for case in cases))
    move = max(keep, float(stray[-1 - allowed]) + 1e-6)
    thresholds: dict[str, Any] = {"keep_from": keep, "move_from": move, "refuse_from": refuse_from}
    what = "with meaning" if embedder else "words alone"
    print(
        f"{what}: {true} true, {by_rules} lost by rules, AUROC {roc_auc_score(y, forecast):.3f}, {thresholds}"
    )
    held = {id(case): p >= keep for (_, case), p in zip(left, forecast, strict=True)}
    for kind in dict.fromkeys(case.kind for case in cases):
        all_of = [case for case in cases if case.kind == kind]
        dropped = sum(not held.get(id(case), False) for case in all_of)
        ruled = sum(id(case) not in held for case in all_of)
        print(f"  {kind:10} dropped {dropped} of {len(all_of)}, {ruled} by a rule")
    model = Logistic(
        tuple(map(float, regression.coef_[0])), float(regression.intercept_[0]), tuple(map(float, mean)), tuple(map(float, scale)),
    )  # fmt: skip
    names = [*FEATURES, *(OF_MEANING if embedder else ())]
    print("  " + ", ".join(f"{name} {weight:.2f}" for name, weight in zip(names, model.weights, strict=True)))
    return model, thresholds


def _beside(case: Case, passages: Passages, embedder: Embedder | None) -> list[dict[str, float]]:
    check = Check(passages.given(case), "en", embedder)
    found = [check.features(case.sentence, [n]) for n in range(2, len(check.sources) + 1)]
    return [one for one in found if one]


def _regress(x: Any, y: Any) -> tuple[Any, Any, LogisticRegression]:
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    regression = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000)
    return mean, scale, regression.fit((x - mean) / scale, y)


if __name__ == "__main__":
    main()
