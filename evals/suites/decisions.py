"""Does the bot do the right thing: answer, chat, offer, or hand over, and for the right reason?

A case: {"id": "d1", "turns": [{"customer": "This is the third time, you are useless"}], "expect": {"action":
"escalate", "reasons": ["negative_sentiment"]}}. `expect` speaks of the last turn; a key left out is not judged.

Each rule has a reason, and each reason its precision and recall. Where a case wants neither a reason nor an action that has
none, what was given is not counted against anything. Half of the cases, by a hash of their ids, are for working on the
rules ("dev"); the other half reports ("report").
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evals.apart import fitted_on
from evals.beir import EvalError, read_lines
from evals.result import Bar, Bars, Gate, Result

WITHOUT_REASON = {"answer", "chat", "relay"}
Converse = Callable[[list[str]], dict[str, Any]]


def judge(file: Path, converse: Converse, gates: dict[str, float]) -> Result:
    """`converse(texts)`: the last Turn of a conversation in which the customer wrote these, one after the other."""
    rows, misses = [], []
    counts: dict[str, list[int]] = {}  # what -> [held, judged]
    confusion: dict[str, list[int]] = {}  # reason -> [true positive, expected, given]
    for number, case in read_lines(file):
        id, texts, expect = _read(case, f"{file}, line {number}")
        turn = converse(texts)
        cited = [source["article_id"] for source in (turn["message"] or {}).get("sources", [])]
        held = {
            "action": turn["action"] == expect.get("action"),
            "reasons": set(expect.get("reasons", ())) <= set(turn["reasons"]),
            "article_ids": bool(set(cited) & set(expect.get("article_ids", ()))),
        }
        judged = {key: value for key, value in held.items() if expect.get(key)}
        for key, value in judged.items():
            row = counts.setdefault(f"{key} held", [0, 0])
            row[0] += value
            row[1] += 1
        part = "dev" if fitted_on(id) else "report"
        row = counts.setdefault(f"action held, {part} half", [0, 0])
        row[0] += held["action"]
        row[1] += bool(expect.get("action"))
        if "reasons" in expect or expect.get("action") in WITHOUT_REASON:
            wanted, told = set(expect.get("reasons", ())), set(turn["reasons"])
            for reason in wanted | told:
                tally = confusion.setdefault(reason, [0, 0, 0])
                tally[0] += reason in wanted and reason in told
                tally[1] += reason in wanted
                tally[2] += reason in told
        if not all(judged.values()):
            failed = ", ".join(key for key, value in judged.items() if not value)
            misses.append(
                f"{id}: “{texts[-1][:80]}” gave {turn['action']} {turn['reasons']} {cited[:2]}, wanted {expect} ({failed})"
            )
        rows.append(
            {"id": id, "part": part, "action": turn["action"], "reasons": turn["reasons"], "held": judged}
        )
    if not rows:
        raise EvalError(f"{file} holds no case.")
    figures: dict[str, float | None] = {key: count[0] / count[1] for key, count in counts.items() if count[1]}
    for reason, (hit, expected, given) in sorted(confusion.items()):
        figures[f"{reason} precision"] = hit / given if given else None
        figures[f"{reason} recall"] = hit / expected if expected else None
    rounded = {key: round(value, 4) if value is not None else None for key, value in figures.items()}
    held_gates = tuple(Gate(name, figures.get(name) or 0.0, bound) for name, bound in gates.items())
    reasons = sorted(confusion.items())
    bars = (
        Bars(
            "Reasons heard, of those expected",
            tuple(Bar(name, hit, n) for name, (hit, n, _) in reasons if n),
        ),
        Bars(
            "Reasons rightly given, of those given",
            tuple(Bar(name, hit, n) for name, (hit, _, n) in reasons if n),
        ),
    )
    document = {"cases": rows, "figures": rounded}
    return Result("decisions", figures, document, held_gates, tuple(misses), bars=bars)


def _read(case: dict[str, Any], where: str) -> tuple[str, list[str], dict[str, Any]]:
    """Its id, what the customer writes, and what is expected. Raises EvalError."""
    id, turns, expect = case.get("id"), case.get("turns"), case.get("expect")
    given = turns if isinstance(turns, list) else []
    texts = [one.get("customer") if isinstance(one, dict) else None for one in given]
    said = [text for text in texts if isinstance(text, str)]
    if id is None or not said or len(said) < len(texts):
        raise EvalError(f'{where}: `id` and `turns`, a list of {{"customer": "..."}}, are needed.')
    if not isinstance(expect, dict):
        raise EvalError(f'{where}: `expect` is needed, an object such as {{"action": "answer"}}.')
    expect = {key: value for key, value in expect.items() if value is not None}
    lists = [expect.get(key, []) for key in ("reasons", "article_ids")]
    words = [expect.get("action", ""), *(word for one in lists if isinstance(one, list) for word in one)]
    if not all(isinstance(one, list) for one in lists) or not all(isinstance(word, str) for word in words):
        raise EvalError(
            f"{where}: in `expect`, `action` is a word, `reasons` and `article_ids` are lists of words."
        )
    return str(id), said, expect
