"""Fits the confidence to labelled questions.

A row is a question asked of an index that lacks half of its gold articles: an answer is right when the article that
search puts first is in the qrels. A logistic regression over `retrieval.evidence` gives the confidence; what is
reported, and the table from which the dial reads its threshold, comes from questions outside the fit: cross-validated
within one help center, or leave-one-set-out where several sets are fitted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from bot.assess import Calibration, Point, judged
from bot.understand import Said
from evals.beir import EvalError, LabelledSet
from evals.scores import risk_coverage
from retrieval.evidence import NAMES
from retrieval.logistic import Logistic
from retrieval.relevance import Relevance, chosen

FOLDS = 5
REGULARISATION = (
    0.05  # inverse strength: signals overlap, and sets differ more than a fit of one of them knows
)
FEWEST = 40  # labelled questions
RELEVANCE_REGULARISATION = 0.3  # there are fewer signals, and thousands of rows
KEEP_IN_DOMAIN = 0.965  # share of in-domain questions that the relevance floor keeps


@dataclass(frozen=True)
class Row:
    """One question as it was searched for."""

    group: str
    query_id: str
    evidence: tuple[float, ...]
    right: bool
    answerable: bool
    in_domain: bool = True
    passages: int = 0  # of the whole index


def fit_logistic(
    rows: Sequence[Row],
    label: Callable[[Row], bool],
    signals: Callable[[Row], Sequence[float]] = lambda row: judged(row.evidence),
    regularisation: float = REGULARISATION,
) -> Logistic:
    """L2-regularised logistic regression on standardised signals. Raises EvalError where one class is missing."""
    x = np.array([signals(row) for row in rows])
    y = np.array([label(row) for row in rows])
    if y.all() or not y.any():
        raise EvalError(
            "all questions have the same label: give questions that the help center answers, and some that it does not."
        )
    scaler = StandardScaler().fit(x)
    sizes = Counter(row.group for row in rows)
    weights = [len(rows) / len(sizes) / sizes[row.group] for row in rows]  # every set counts the same
    model = LogisticRegression(C=regularisation, max_iter=2000).fit(scaler.transform(x), y, weights)
    return Logistic(
        tuple(map(float, model.coef_[0])), float(model.intercept_[0]), tuple(map(float, scaler.mean_)),
        tuple(map(float, np.where(scaler.scale_ > 0, scaler.scale_, 1.0))),
    )  # fmt: skip


def out_of_fit(rows: Sequence[Row], by_group: bool) -> list[float]:
    """Each row's confidence by a fit that has not seen it (nor, `by_group`, anything of its set)."""
    forecast = [0.0] * len(rows)
    groups = sorted({row.group for row in rows})
    if by_group and len(groups) > 1:
        splits = [
            ([i for i, r in enumerate(rows) if r.group != g], [i for i, r in enumerate(rows) if r.group == g])
            for g in groups
        ]
    else:
        ids = sorted({(row.group, row.query_id) for row in rows})
        place = {id: k for k, id in enumerate(ids)}
        fold = np.empty(len(ids), int)
        for k, (_, held) in enumerate(KFold(FOLDS, shuffle=True, random_state=0).split(ids)):
            fold[held] = k
        of = [int(fold[place[(r.group, r.query_id)]]) for r in rows]
        splits = [
            ([i for i, f in enumerate(of) if f != k], [i for i, f in enumerate(of) if f == k])
            for k in range(FOLDS)
        ]
    for inside, outside in splits:
        fitted = fit_logistic([rows[i] for i in inside], lambda row: row.right)
        for i in outside:
            forecast[i] = fitted.probability(judged(rows[i].evidence))
    return forecast


def fit(
    rows: Sequence[Row],
    *,
    by_group: bool,
    fitted_on: str,
    fingerprint: str,
) -> tuple[Calibration, list[float]]:
    """The calibration, and the out-of-fit confidence of every in-domain row.

    Raises EvalError for too few questions or one class only.
    """
    mine = [row for row in rows if row.in_domain]
    if len(mine) < FEWEST:
        raise EvalError(f"{len(mine)} labelled questions are too few: give at least {FEWEST}.")
    forecast = out_of_fit(mine, by_group)
    table = tuple(
        Point(round(threshold, 5), answered, wrong, len(mine))
        for threshold, answered, wrong in risk_coverage(forecast, [row.right for row in mine])
    )
    answerable = fit_logistic(mine, lambda row: row.right)
    return Calibration(answerable, table, fitted_on, fingerprint, False), forecast


def fit_relevance(rows: Sequence[Row], fitted_on: str) -> Relevance:
    """The relevance floor, from rows of which some are other domains' questions (`in_domain` false).

    Only sets that were asked strangers' questions, too, tell what a stranger's question looks like.
    """
    asked = {row.group for row in rows if not row.in_domain}
    both = [row for row in rows if row.group in asked and (row.answerable or not row.in_domain)]
    model = fit_logistic(
        both,
        lambda row: row.in_domain,
        lambda row: chosen(row.evidence, row.passages),
        RELEVANCE_REGULARISATION,
    )
    unbound = Relevance(model, 0.0, fitted_on)
    kept = sorted(unbound.of_vector(row.evidence, row.passages) for row in both if row.in_domain)
    return Relevance(model, round(kept[int(len(kept) * (1 - KEEP_IN_DOMAIN))], 5), fitted_on)


def rows_of(
    labelled: LabelledSet,
    evidence: Callable[[str, Sequence[Said]], tuple[list[str], dict[str, float]]],
    is_out: Callable[[str], bool],
    passages: int = 0,
) -> list[Row]:
    """Asks every question of an index of `passages`. `evidence(text, history)` -> (article ids best first, signals by name)."""
    rows = []
    for query in labelled.queries:
        found, signals = evidence(query.text, query.history)
        gold = {id for id in query.gold if not is_out(id)}
        rows.append(
            Row(
                labelled.name, query.id, tuple(signals[name] for name in NAMES),
                bool(found) and found[0] in gold, bool(gold), passages=passages,
            )
        )  # fmt: skip
    return rows
