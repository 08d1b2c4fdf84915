"""Fits the confidence, and the relevance floor, to labelled questions.

A row is a question asked of an index; an answer is right when the article that search puts first is in the qrels. A
twin is the same question asked as if its articles were not there: what finding nothing looks like, from the owner's own
words. Two logistic regressions over `retrieval.evidence` (does the help center answer it; is the first article the one)
are fitted on rows and twins. Within one help center the other labelled questions are heard, too (`bot.precedents`): what
became of the nearest ones. What is reported, Platt's curve and the table from which the dial reads its threshold come
from rows outside the fit, heard by those inside alone: cross-validated within one help center, with what is known of the
curves of others (`evals.platt`), or leave-one-set-out where several are fitted together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from bot import precedents, reading
from bot.assess import Calibration, Point, logit
from bot.precedents import Precedents, units
from bot.understand import Said
from evals.beir import EvalError, LabelledSet, Query
from evals.platt import FLAT, KNOWN, Prior, curve
from evals.scores import risk_coverage
from retrieval.embedders.base import Vectors
from retrieval.evidence import NAMES
from retrieval.logistic import Logistic, sigmoid
from retrieval.relevance import Relevance, chosen

FOLDS = 8
FEWEST = 40  # labelled questions
FEW_UNANSWERED = (
    0.2  # a smaller share of unanswerable questions tells too little: their twins are judged, too
)
BOUND = 0.8  # one-sided level of the promise; of 50 halves judged by the other halves none broke it
ROUNDS = 200  # of the bootstrap
AT_ONCE = 1000  # rows that are held against the labelled questions
ANSWERABLE, FIRST = 0.1, 0.01  # inverse regularisation strengths; signals overlap
FIRST_HEARD = 0.03  # instead of FIRST where labelled questions are heard: these say most of it
# what carries from one help center to another; fitted to one, all signals tell more (docs/log.md has both)
CARRIED = (
    "top_dense", "dense_margin", "dense_falloff", "fused_margin", "dense_z", "coverage", "distinct", "lexical_z",
    "missing_word", "fused_lead", "fused_third", "second_part", "told_apart",
)  # fmt: skip
RELEVANCE_REGULARISATION = 0.3
KEEP_IN_DOMAIN = 0.965  # share of in-domain questions that the relevance floor keeps

Floats = NDArray[np.float64]
Told = tuple[list[str], dict[str, float], Sequence[float]]
Ask = Callable[[str, Sequence[Said], Sequence[str]], Told]


@dataclass(frozen=True)
class Row:
    """One question as it was searched for. `twin`: with its articles passed over.

    `evidence`: in the order of NAMES; where several help centers are fitted together, `bot.reading.SIGNALS` behind.
    `vector`: the question's; `first`: the article found first; `gold`: the articles that answer it, of a twin those that
    were passed over. For `heard`; all empty where nothing is to be heard.
    """

    group: str
    query_id: str
    evidence: tuple[float, ...]
    right: bool
    answerable: bool
    in_domain: bool = True
    passages: int = 0  # of the whole index
    twin: bool = False
    vector: tuple[float, ...] = ()
    first: str = ""
    gold: tuple[str, ...] = ()


def heard(rows: Sequence[Row], asked: Sequence[Row]) -> list[Row]:
    """The rows with what the labelled questions `asked` say of them behind their evidence: `bot.precedents.SIGNALS`.

    None is heard of itself, nor of its twin. A twin hears nothing of questions that its articles answer: what a help center
    does not answer is not in its owner's labels either, as a rule, and labels of answered questions alone would promise too
    much. A row without a vector (a question of no words) hears nothing and is not heard.
    """
    asked = _precedents(asked)
    length = max((len(row.vector) for row in (*rows, *asked)), default=0)
    place = {(row.group, row.query_id): j for j, row in enumerate(asked)}
    by_article = defaultdict(list)
    for j, row in enumerate(asked):
        for id in row.gold:
            by_article[id].append(j)

    def vectors(some: Sequence[Row]) -> Vectors:
        told = np.array([row.vector or (0.0,) * length for row in some], dtype=np.float32)
        return units(told.reshape(len(some), length))

    theirs = vectors(asked).T
    their_answers = np.array([row.answerable for row in asked], dtype=bool)

    def near(some: Sequence[Row]) -> Vectors:
        cosines = vectors(some) @ theirs
        answered = np.tile(their_answers, (len(some), 1))
        same = np.zeros_like(answered)
        for i, row in enumerate(some):
            own = place.get((row.group, row.query_id))
            if own is not None:
                cosines[i, own] = 0.0
            same[i, by_article[row.first]] = True
            if row.twin:
                cosines[i, [j for id in row.gold for j in by_article[id]]] = 0.0
        return precedents.nearest(cosines, answered, same)

    found = [
        signals for start in range(0, len(rows), AT_ONCE) for signals in near(rows[start : start + AT_ONCE])
    ]
    return [
        replace(row, evidence=(*row.evidence, *map(float, signals)))
        for row, signals in zip(rows, found, strict=True)
    ]


def precedents_of(rows: Sequence[Row], space: str, passages: Sequence[str]) -> Precedents | None:
    """What is kept of labelled questions, so that later ones hear of them; None where a server of an older version told no
    vectors. `passages`: the ids of all that is searched."""
    asked = _precedents(rows)
    if not asked:
        return None
    answers = [row.gold if row.answerable else () for row in asked]
    return precedents.made_of([row.vector for row in asked], answers, space, passages)


def _precedents(rows: Sequence[Row]) -> list[Row]:
    """Those that are heard: the questions as they were asked, of very many as many as are kept."""
    asked = [row for row in rows if row.vector and not row.twin]
    return [asked[i] for i in precedents.drawn(len(asked))]


@dataclass(frozen=True)
class _Fit:
    answerable: Logistic
    first: Logistic

    def raw(self, row: Row) -> float:
        return logit(self.answerable.probability(row.evidence) * self.first.probability(row.evidence))


def fit_logistic(
    rows: Sequence[Row],
    label: Callable[[Row], bool],
    signals: Callable[[Row], Sequence[float]],
    regularisation: float,
) -> Logistic:
    """L2-regularised logistic regression on standardised signals. Raises EvalError where one class is missing."""
    x = np.array([signals(row) for row in rows])
    y = np.array([label(row) for row in rows])
    if y.all() or not y.any():
        raise EvalError(
            "all questions have the same label: give questions that the help center answers, and some that it does not."
        )
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=regularisation, max_iter=2000).fit(scaler.transform(x), y, _weights(rows))
    return Logistic(
        tuple(map(float, model.coef_[0])), float(model.intercept_[0]), tuple(map(float, scaler.mean_)),
        tuple(map(float, np.where(scaler.scale_ > 0, scaler.scale_, 1.0))),
    )  # fmt: skip


def can_be_fitted(labelled: LabelledSet) -> None:
    """Before anything is asked. Raises EvalError for too few questions, and where none has an article."""
    _enough(len(labelled.queries))
    if not any(query.gold for query in labelled.queries):
        raise EvalError(
            f"qrels.tsv names no article for any of the {len(labelled.queries)} questions: give for each question that the "
            "help center answers a line with its id, the article's id and 1, with tabs between."
        )


def _enough(questions: int) -> None:
    if questions < FEWEST:
        raise EvalError(f"{questions} labelled questions are too few: give at least {FEWEST}.")


def _weights(rows: Sequence[Row]) -> Floats:
    """Every set counts the same."""
    sizes = Counter(row.group for row in rows)
    return np.array([len(rows) / len(sizes) / sizes[row.group] for row in rows])


def _fit(rows: Sequence[Row], carried: bool) -> _Fit:
    """`carried`: on the signals CARRIED alone, and what stands behind NAMES; the others weigh nothing."""
    answerable = [row for row in rows if row.answerable]
    every = range(len(rows[0].evidence))
    places = [*map(NAMES.index, CARRIED), *every[len(NAMES) :]] if carried else list(every)

    def one(some: Sequence[Row], label: Callable[[Row], bool], regularisation: float) -> Logistic:
        fitted = fit_logistic(some, label, lambda row: [row.evidence[i] for i in places], regularisation)
        return _spread(fitted, places, len(rows[0].evidence))

    if not answerable:
        raise EvalError(
            "too few questions have an article that answers them: give more lines in qrels.tsv, for other questions."
        )
    if not any(row.right for row in answerable):
        raise EvalError(
            f"of {len(answerable)} questions that an article answers, search found that article first for none: see "
            "whether qrels.tsv names the right articles (`parley search QUESTION --json` gives the ids)."
        )
    if all(row.right for row in answerable):
        first = _sure(len(answerable), len(rows[0].evidence))
    else:
        hears = not carried and len(rows[0].evidence) > len(NAMES)
        first = one(answerable, lambda row: row.right, FIRST_HEARD if hears else FIRST)
    return _Fit(one(rows, lambda row: row.answerable, ANSWERABLE), first)


def _spread(fitted: Logistic, places: Sequence[int], signals: int) -> Logistic:
    """The same over all signals: those that are not at `places` weigh nothing."""

    def full(values: Sequence[float], rest: float) -> tuple[float, ...]:
        at = dict(zip(places, values, strict=True))
        return tuple(at.get(i, rest) for i in range(signals))

    return Logistic(full(fitted.weights, 0.0), fitted.bias, full(fitted.mean, 0.0), full(fitted.scale, 1.0))


def _sure(n: int, signals: int) -> Logistic:
    """Where the first article was the right one of n times n: always, as far as that tells (Laplace's rule)."""
    nothing = (0.0,) * signals
    return Logistic(nothing, logit((n + 1) / (n + 2)), nothing, (1.0,) * signals)


def _splits(rows: Sequence[Row], by_group: bool) -> list[tuple[list[int], list[int]]]:
    """(inside, outside) a fit, as places in `rows`; a question and its twin are never on two sides."""
    keys = [row.group if by_group else f"{row.group}\n{row.query_id}" for row in rows]
    names = sorted(set(keys))
    if by_group:
        part = {name: k for k, name in enumerate(names)}
    else:
        folds = KFold(min(FOLDS, len(names)), shuffle=True, random_state=0).split(names)
        part = {names[i]: k for k, (_, held) in enumerate(folds) for i in held}
    of = [part[key] for key in keys]
    return [
        ([i for i, p in enumerate(of) if p != k], [i for i, p in enumerate(of) if p == k])
        for k in sorted(set(of))
    ]


def fit(
    rows: Sequence[Row], *, by_group: bool, fitted_on: str, fingerprint: str, prior: Prior | None = None
) -> tuple[Calibration, list[Row], list[float]]:
    """The calibration, the rows that are judged, and the confidence of each by fits that have not seen it (nor,
    `by_group`, anything of its set).

    Rows that have vectors are heard by each other, unless `by_group`: what became of one help center's questions says
    nothing of another's. Twins are judged only where the questions themselves hold too few that are not answered. Raises
    EvalError for too few questions or one class only.
    """
    mine = [row for row in rows if row.in_domain]
    asked = [row for row in mine if not row.twin]
    _enough(len(asked))
    by_group = by_group and len({row.group for row in mine}) > 1
    prior = prior or (FLAT if by_group else KNOWN)
    few = sum(not row.answerable for row in asked) < FEW_UNANSWERED * len(asked)
    hearing = not by_group and any(row.vector for row in mine)
    raw = np.zeros(len(mine))
    splits = _splits(mine, by_group)
    for inside, outside in splits:
        known, judging = [mine[i] for i in inside], [mine[i] for i in outside]
        if hearing:  # what the outside say is heard by nobody, so that nothing is known of them
            known, judging = heard(known, known), heard(judging, known)
        fitted = _fit(known, by_group)
        raw[outside] = [fitted.raw(row) for row in judging]
    judged = np.array([few or not row.twin for row in mine])
    right = np.array([row.right for row in mine])
    forecast = np.zeros(len(mine))
    for inside, outside in splits:  # Platt's curve, too, by those outside
        held = [i for i in inside if judged[i]]
        slope, shift = curve(raw[held], right[held], _weights([mine[i] for i in held]), prior)
        forecast[outside] = [sigmoid(slope * raw[i] + shift) for i in outside]
    shown = [i for i in range(len(mine)) if judged[i]]
    theirs = [mine[i] for i in shown]
    slope, shift = curve(raw[shown], right[shown], _weights(theirs), prior)
    final = _fit(heard(mine, mine) if hearing else mine, by_group)
    table = _table(raw[shown], right[shown], theirs, by_group, slope, shift, prior)
    behind = len(final.answerable.weights) - len(NAMES)
    more = next(known for known in ((), reading.SIGNALS, precedents.SIGNALS) if len(known) == behind)
    calibration = Calibration(
        final.answerable, final.first, slope, shift, table, fitted_on, fingerprint, False, more=more
    )
    return calibration, theirs, [float(f) for f in forecast[shown]]


def _table(
    raw: Floats,
    right: NDArray[np.bool_],
    rows: Sequence[Row],
    by_group: bool,
    slope: float,
    shift: float,
    prior: Prior,
) -> tuple[Point, ...]:
    points = risk_coverage([float(r) for r in raw], [bool(r) for r in right])
    upper = bounds(raw, right, rows, [threshold for threshold, _, _ in points], by_group, prior)
    return tuple(
        Point(round(sigmoid(slope * threshold + shift), 5), answered, wrong, len(rows), round(max(bound, wrong / answered), 5))
        for (threshold, answered, wrong), bound in zip(points, upper, strict=True)
    )  # fmt: skip


def bounds(
    raw: Floats,
    right: NDArray[np.bool_],
    rows: Sequence[Row],
    thresholds: Sequence[float],
    by_group: bool,
    prior: Prior = FLAT,
) -> list[float]:
    """The upper end of the wrong share above each threshold: the BOUND quantile over bootstrap draws of what Platt's
    curve, fitted to the draw, says of the rows above it (Efron 1979).

    The curve has two numbers to learn from all rows, where a count has only the few above the threshold: fewer labels
    suffice for the same promise. `by_group`: sets are drawn, and rows within them, since help centers differ.
    """
    dice = np.random.default_rng(0)
    weights = _weights(rows)
    groups = [
        np.array([i for i, row in enumerate(rows) if row.group == g]) for g in sorted({r.group for r in rows})
    ]
    risks = []
    for _ in range(ROUNDS):
        drawn = dice.integers(0, len(groups), len(groups)) if by_group else range(len(groups))
        times = np.zeros(len(rows))
        for g in drawn:
            np.add.at(times, dice.choice(groups[g], len(groups[g])), 1)
        slope, shift = curve(raw, right, weights * times, prior)
        wrong = 1 - 1 / (1 + np.exp(-np.clip(slope * raw + shift, -30, 30)))
        risks.append([np.average(wrong[raw >= t], weights=weights[raw >= t]) for t in thresholds])
    return [float(bound) for bound in np.quantile(np.array(risks), BOUND, axis=0)]


def fit_relevance(rows: Sequence[Row], fitted_on: str) -> Relevance:
    """The relevance floor, from rows of which some are other domains' questions (`in_domain` false).

    Only sets that were asked strangers' questions, too, tell what a stranger's question looks like.
    """
    asked = {row.group for row in rows if not row.in_domain}
    both = [
        row for row in rows if row.group in asked and not row.twin and (row.answerable or not row.in_domain)
    ]
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
    ask: Ask,
    is_out: Callable[[str], bool],
    passages: int = 0,
    names: Sequence[str] = NAMES,
) -> list[Row]:
    """Asks every question of an index of `passages`, and those that it answers again without their articles.
    `ask(text, history, without)` -> (article ids best first, signals by name, the question's vector). `names`: of
    the signals that become evidence."""
    rows = []
    for query in labelled.queries:
        gold = {id for id in query.gold if not is_out(id)}

        def row(told: Told, twin: bool, query: Query = query, gold: set[str] = gold) -> Row:
            found, signals, vector = told
            first = found[0] if found else ""
            return Row(
                labelled.name, query.id, tuple(signals[name] for name in names), not twin and first in gold,
                not twin and bool(gold), passages=passages, twin=twin, vector=tuple(vector), first=first,
                gold=tuple(sorted(gold)),
            )  # fmt: skip

        rows.append(row(ask(query.text, query.history, ()), False))
        if gold:
            rows.append(row(ask(query.text, query.history, sorted(gold)), True))
    return rows
