"""Is the confidence true, and does the dial keep its promise?

A case: asked "do you ship to Mars?", which no article answers, an `answer` is wrong whatever it cites; with a dial of
0.1, at most one in ten answers may be like that. An answer is right when the first of its `sources`, the articles found,
best first, is in the qrels, whatever it cites: what the confidence was fitted to, and what `parley calibrate` judges by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.assess import NEVER, Calibration
from bot.understand import Said
from evals.beir import LabelledSet, digest
from evals.result import Cost, Forecast, Gate, Result
from evals.scores import BROKEN, auroc, by_chance, count_bound, ece, ece_by_chance

Ask = Callable[[str, Sequence[Said]], dict[str, Any]]
SEEN = (
    "these are the questions that the fit was made from, which flatters it: `parley calibrate` tells the figures of "
    "questions that a fit has not seen."
)
DIALS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)  # what each costs is told in the report


def judge(labelled: LabelledSet, ask: Ask, dial: float, gate: bool, calibration: Calibration) -> Result:
    """`ask(text, history)`: the Turn, with `found`. `calibration`: the one that is judged."""
    rows, misses = [], []
    for query in labelled.queries:
        turn = ask(query.text, query.history)
        found = turn["found"]
        right = bool(found) and found[0] in query.gold
        rows.append(
            {
                "id": query.id, "action": turn["action"], "confidence": turn["confidence"], "sources": found,
                "right": right, "answerable": bool(query.gold),
            }
        )  # fmt: skip
        if turn["action"] == "answer" and not right:
            misses.append(
                f"{query.id}: “{query.text[:80]}” answered wrongly from {found[0] if found else 'nothing'}"
            )
    judged = [row for row in rows if row["confidence"] is not None]
    sure, right_ = [row["confidence"] for row in judged], [row["right"] for row in judged]
    answers = [row for row in rows if row["action"] == "answer"]
    wrong = sum(not row["right"] for row in answers)
    figures: dict[str, float | None] = {
        "ece": ece(sure, right_),
        "ece_by_chance": ece_by_chance(sure),
        "auroc": auroc(sure, right_),
        "auroc_answerable": auroc(sure, [row["answerable"] for row in judged]),
        "dial": dial,
        "wrong": wrong / len(answers) if answers else 0.0,
        "wrong_upper_bound": calibration.bound(dial),
        "wrong_count_bound": count_bound(wrong, len(answers)) if answers else None,
        "coverage": len(answers) / len(rows),
    }
    shown = [{key: row[key] for key in ("id", "action", "confidence", "sources", "right")} for row in rows]
    gates = (
        (
            Gate(
                "wrong share of answers, significantly above the dial",
                by_chance(wrong, len(answers), dial),
                BROKEN,
            ),
        )
        if gate
        else ()
    )
    threshold = calibration.threshold(dial)
    given = Cost(
        dial,
        None if threshold >= NEVER else threshold,
        len(rows),
        len(answers),
        wrong,
        calibration.bound(dial),
    )
    answerable = sum(row["answerable"] for row in rows)
    questions = f"{len(rows)} of {labelled.name}, {answerable} of them with an article that answers."
    if len(judged) < len(rows):
        questions += f" {len(judged)} got a confidence; {len(rows) - len(judged)} got none (small talk, or a person was asked for)."
    facts: tuple[tuple[str, str], ...] = (
        ("Questions", questions),
        ("Calibration", f"{'the shipped default' if calibration.is_default else 'fitted for this installation'}: "
         f"{calibration.fitted_on}"),
        ("Its fingerprint", calibration.fingerprint or "none kept"),
    )  # fmt: skip
    if calibration.questions == digest(labelled.queries):
        facts += (("Beware", SEEN),)
    return Result(
        "confidence", figures, {"queries": shown, **figures}, gates, tuple(misses), facts,
        forecast=Forecast(tuple(sure), tuple(right_), given, costs(sure, right_, len(rows), calibration)),
    )  # fmt: skip


def costs(
    sure: Sequence[float], right: Sequence[bool], asked: int, calibration: Calibration
) -> tuple[Cost, ...]:
    """What each of DIALS would have answered of these questions, at the threshold that `calibration` reads for it."""
    return tuple(cost(sure, right, asked, calibration, dial) for dial in DIALS)


def cost(
    sure: Sequence[float], right: Sequence[bool], asked: int, calibration: Calibration, dial: float
) -> Cost:
    """The same of one dial."""
    threshold = calibration.threshold(dial)
    reached = [was for confidence, was in zip(sure, right, strict=True) if confidence >= threshold]
    return Cost(
        dial, None if threshold >= NEVER else threshold, asked, len(reached), len(reached) - sum(reached),
        calibration.bound(dial),
    )  # fmt: skip
