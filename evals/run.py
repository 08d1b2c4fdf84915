"""Runs suites: on our own cases over the shipped help center, or on a folder that is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.assess import KEPT_AS, NEVER, upper_bound
from bot.house import House
from bot.moods import Feelings, Sentiment
from bot.oneshot import ask_once
from bot.progress import Progress
from bot.reach import Direct, Reach, reached
from bot.turn import remembered
from bot.understand import Said
from evals.apart import fitted_on, half_out, house_apart
from evals.beir import EvalError, LabelledSet, Query, history_of, read_lines, read_set
from evals.calibration import Row, fit, rows_of
from evals.result import Result
from evals.scores import auroc, ece, ece_by_chance
from evals.suites import confidence, decisions, retrieval, searches, sentiment
from help_center.settings import Settings
from help_center.sources import open_source
from help_center.sources.base import SourceArticle

SUITES = ("retrieval", "searches", "confidence", "decisions", "sentiment")
CASES = Path(__file__).parent / "cases"
SHIPPED = Path(__file__).parent.parent / "docs"
# what our own cases must reach: `parley eval` fails below
GATES = {
    "retrieval": {"nDCG@10": 0.78, "R@1": 0.55},
    "searches": {"typo R@1": 0.8, "joined R@1": 0.75, "code R@1": 0.85, "quoted R@1": 0.9},
    "decisions": {"action held": 0.75, "requested_human recall": 0.95, "negative_sentiment recall": 0.8},
    "sentiment": {"negative f1": 0.8, "wants_human recall": 0.9},
}


def run_suites(
    settings: Settings, names: Sequence[str], data: Path | None, run_file: Path | None
) -> list[Result]:
    """Raises EvalError for an unknown suite or data that cannot be used."""
    for name in names:
        if name not in SUITES:
            raise EvalError(f"there is no suite {name!r}: the suites are {', '.join(SUITES)}.")
    chosen = [name for name in SUITES if name in names] if names else _fitting(data)
    results: list[Result] = []
    if "sentiment" in chosen:
        file = (
            data
            if data is not None and data.is_file()
            else (data / "sentiment.jsonl" if data else CASES / "sentiment.jsonl")
        )
        results.append(_sentiment(settings, file, {} if data else GATES["sentiment"]))
    if set(chosen) - {"sentiment"}:
        if data is not None and not data.is_dir():
            raise EvalError(
                f"{data} is no folder: give one with queries.jsonl and qrels.tsv, or cases.jsonl."
            )
        labelled = _labelled(data, chosen)
        with _asked(settings, data, labelled) as reach:
            results += _judge(settings, chosen, data, run_file, labelled, reach)
    return sorted(results, key=lambda result: SUITES.index(result.suite))


def calibrate(settings: Settings, data: Path) -> dict[str, Any]:
    """Fits to the questions of `data` and keeps the fit for this installation."""
    labelled = read_set(data)
    if labelled.corpus is not None:
        gold = {id for query in labelled.queries for id in query.gold}
        unanswered = sum(not query.gold for query in labelled.queries)
        # a set that says itself what is not answered is taken at its word; else half of the gold is taken out
        out = set() if unanswered >= 0.2 * len(labelled.queries) else {id for id in gold if half_out(id)}
        corpus = [article for article in labelled.corpus if article.id not in out]
        how = "" if not out else ", half of the gold articles taken out"
        with house_apart(settings, corpus) as house:
            rows = _rows(labelled, Direct(house), lambda id: id in out)
    else:
        how = ""
        with reached(settings, "calibrate") as reach:
            rows = _rows(labelled, reach, lambda id: False)
    house = House(settings)
    try:
        told_on = f"{len(rows)} questions of {labelled.name}{how}"
        fitted, forecast = fit(
            rows,
            by_group=False,
            fitted_on=told_on,
            fingerprint=house.fingerprint,
        )
        house.database.keep_fact(KEPT_AS, fitted.json())
    finally:
        house.close()
    right = [row.right for row in rows]
    policy = fitted.policy(settings.max_wrong)
    covered = sum(f >= policy.answer_from for f in forecast)
    return {
        "fitted_on": told_on, "questions": len(rows), "ece": ece(forecast, right), "ece_by_chance": ece_by_chance(forecast),
        "auroc": auroc(forecast, right) or 0.0, "dial": settings.max_wrong,
        "answer_from": None if policy.answer_from >= NEVER else policy.answer_from, "coverage": covered / len(rows),
        "risk_coverage": [
            {
                "threshold": p.threshold, "coverage": p.answered / p.asked, "wrong": p.wrong / p.answered,
                "upper_bound": upper_bound(p.wrong, p.answered),
            }
            for p in fitted.table
        ],
    }  # fmt: skip


def _fitting(data: Path | None) -> list[str]:
    """The suites that a folder has data for."""
    if data is None:
        return list(SUITES)
    if data.is_file():
        return ["sentiment"]
    found = ["retrieval", "confidence"] if (data / "queries.jsonl").exists() else []
    found += ["searches"] if (data / "searches.jsonl").exists() else []
    found += ["decisions"] if (data / "cases.jsonl").exists() else []
    found += ["sentiment"] if (data / "sentiment.jsonl").exists() else []
    if not found:
        raise EvalError(
            f"{data} holds no eval data: queries.jsonl with qrels.tsv, cases.jsonl or sentiment.jsonl."
        )
    return found


def _labelled(data: Path | None, chosen: Sequence[str]) -> LabelledSet | None:
    if not {"retrieval", "confidence"} & set(chosen):
        return None
    if data is not None:
        return read_set(data)
    return own_questions()


def own_questions() -> LabelledSet:
    """Our own labelled questions on the shipped help center."""
    queries = tuple(
        Query(
            str(told["id"]),
            told["text"],
            history_of(told.get("history")),
            dict.fromkeys(told["article_ids"], 1),
        )
        for _, told in read_lines(CASES / "questions.jsonl")
    )
    return LabelledSet("our own cases", queries, shipped_articles())


def shipped_articles() -> tuple[SourceArticle, ...]:
    """The shipped help center, which our own cases ask about."""
    return tuple(one for one in open_source(str(SHIPPED)).read() if isinstance(one, SourceArticle))


@contextmanager
def _asked(settings: Settings, data: Path | None, labelled: LabelledSet | None) -> Iterator[Reach]:
    """The index that is asked: apart where the data bring their articles, the live one otherwise."""
    corpus = labelled.corpus if labelled is not None else None
    if corpus is None and data is None:
        corpus = shipped_articles()
    if corpus is None and data is not None and (data / "corpus.jsonl").exists():
        corpus = read_set(data).corpus
    if corpus is not None:
        with house_apart(settings, corpus) as house:
            house.calibrations.use(kept_calibration(settings))
            yield Direct(house)
    else:
        with reached(settings, "eval") as reach:
            yield reach


def kept_calibration(settings: Settings) -> dict[str, Any] | None:
    """What `parley calibrate` keeps for this installation, which is what is judged."""
    house = House(settings)
    try:
        return house.database.fact(KEPT_AS)
    finally:
        house.close()


def _judge(
    settings: Settings,
    chosen: Sequence[str],
    data: Path | None,
    run_file: Path | None,
    labelled: LabelledSet | None,
    reach: Reach,
) -> Iterator[Result]:
    ours = data is None
    if "retrieval" in chosen and labelled is not None:
        with _counted("retrieval", len(labelled.queries)) as count:

            def rank(text: str, depth: int, history: Sequence[Said]) -> list[tuple[str, float]]:
                count()
                return [
                    (row["article_id"], row["score"])
                    for row in reach.ranking(text, depth, history)["results"]
                ]

            yield retrieval.judge(labelled, rank, run_file, GATES["retrieval"] if ours else {})
    if "searches" in chosen:
        file = (data or CASES) / "searches.jsonl"
        with _counted("searches", None) as count:

            def typed(text: str, depth: int) -> list[str]:
                count()
                return [row["article_id"] for row in reach.ranking(text, depth, ())["results"]]

            yield searches.judge(file, typed, GATES["searches"] if ours else {})
    if "confidence" in chosen and labelled is not None:
        with _counted("confidence", len(labelled.queries)) as count:

            def ask(text: str, history: Sequence[Said]) -> dict[str, Any]:
                count()
                return reach.ask(text, history)

            judged = labelled
            if ours:  # the shipped calibration was fitted on the other half
                judged = replace(labelled, queries=tuple(q for q in labelled.queries if not fitted_on(q.id)))
            yield confidence.judge(judged, ask, settings.max_wrong, gate=True)
    if "decisions" in chosen:
        file = data / "cases.jsonl" if data is not None else CASES / "decisions.jsonl"
        with _counted("decisions", None) as count:

            def converse(texts: list[str]) -> dict[str, Any]:
                count()
                return _conversation(reach, texts)

            yield decisions.judge(file, converse, GATES["decisions"] if ours else {})


def _conversation(reach: Reach, texts: list[str]) -> dict[str, Any]:
    """The last Turn, as a customer gets it who writes these: after a handoff every message is passed on."""
    history: list[Said] = []
    earlier: list[str] = []
    turn: dict[str, Any] = {}
    for text in texts:
        if earlier and earlier[-1] in {"escalate", "relay"}:
            turn = {"action": "relay", "message": None, "reasons": [], "confidence": None, "found": []}
        elif isinstance(reach, Direct):
            turn = asyncio.run(ask_once(reach.house.parts, text, history, earlier))
        else:
            turn = reach.ask(text, history)
        earlier.append(remembered(turn["action"], turn["reasons"]))
        history.append(Said("customer", text))
        if turn["message"]:
            history.append(Said("assistant", turn["message"]["text"]))
    return turn


def _sentiment(settings: Settings, file: Path, gates: dict[str, float]) -> Result:
    house = House(settings)
    feelings = Feelings.load()
    with _counted("sentiment", None) as count:

        def read(text: str) -> Sentiment:
            count()
            return feelings.read(text, house.embedder.embed_query(text) if text.strip() else None)

        return sentiment.judge(file, read, gates)


def _rows(labelled: LabelledSet, reach: Reach, is_out: Callable[[str], bool]) -> list[Row]:
    with _counted("asking", len(labelled.queries)) as count:

        def evidence(text: str, history: Sequence[Said]) -> tuple[list[str], dict[str, float]]:
            count()
            told = reach.ranking(text, 10, history)
            return [row["article_id"] for row in told["results"]], told["evidence"]

        return rows_of(labelled, evidence, is_out)


@contextmanager
def _counted(what: str, known: int | None) -> Iterator[Callable[[], None]]:
    done = 0
    with Progress(what, "questions") as progress:

        def count() -> None:
            nonlocal done
            done += 1
            progress(done, known)

        yield count
