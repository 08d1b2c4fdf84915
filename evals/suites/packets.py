"""Does the packet hold every fact that the customer gave, so that the agent never asks what was said already?

A case: {"id": "bike-1", "trade": "bicycle shop", "split": "dev", "said": [{"customer": "my order number is B-44710"}], "facts": [{"kind":
"reference", "value": "B-44710"}]}; `said` may hold lines of the `assistant`, too. The finders were written against the cases of the
split `dev` (or mended after a first look at them); those of `held_out` were written afterwards, by hand, and nothing was changed for them. Of a file that is
given every case counts as held out.

`recall`: of the facts given, the share that the packet lists (equal, or within a longer phrase that it lists); `kind right`: and
under the right kind. `in the packet`: that it lists, or that stand in its question or summary. `in the transcript`: that stand
there at least. `precision`: of what it lists, the share that is such a fact.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.beir import EvalError, read_lines
from evals.result import Bar, Bars, Result, judged

# (role, text) of each message -> the packet
Hand = Callable[[Sequence[tuple[str, str]]], dict[str, Any]]
SPLITS = ("dev", "held_out")
MEANINGS = {
    "recall": "Of the facts that customers gave, how many does the packet list?",
    "precision": "Of what the packet lists as a fact, how much is one?",
}


@dataclass(frozen=True)
class _Given:
    kind: str
    value: str


def judge(file: Path, hand: Hand, gates: dict[str, float], *, own: bool) -> Result:
    """`hand`: hands over a conversation, and gives the packet. `own`: the file is our own cases, with its splits.
    Raises EvalError."""
    count: Counter[tuple[str, str]] = Counter()
    by_kind: Counter[tuple[str, bool]] = Counter()
    misses: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, case in read_lines(file):
        said, given = _read(case, f"{file}, line {number}")
        split = str(case.get("split")) if own else "held_out"
        if split not in SPLITS:
            raise EvalError(f"{file}, line {number}: `split` is dev or held_out.")
        packet = hand(said)
        listed = [_Given(fact["kind"], fact["value"]) for fact in packet["facts"]]
        short = f"{packet['question']}\n{packet['summary']}"
        whole = "\n".join(message["text"] for message in packet["transcript"])
        count[split, "cases"] += 1
        for fact in given:
            found = [one for one in listed if _says(one.value, fact.value)]
            count[split, "given"] += 1
            count[split, "listed"] += bool(found)
            count[split, "kind"] += any(one.kind == fact.kind for one in found)
            count[split, "packet"] += bool(found) or _says(short, fact.value)
            count[split, "transcript"] += _says(whole, fact.value)
            if split == "held_out" or not own:
                by_kind[fact.kind, bool(found)] += 1
            if not found:
                misses.append(f"{case.get('id', number)} ({split}): {fact.kind} “{fact.value}” is not listed")
        for one in listed:
            right = any(_says(one.value, fact.value) or _says(fact.value, one.value) for fact in given)
            count[split, "taken"] += 1
            count[split, "right"] += right
            if not right:
                misses.append(f"{case.get('id', number)} ({split}): “{one.value[:80]}” listed as {one.kind}")
        rows.append({"id": case.get("id", number), "listed": [[one.kind, one.value] for one in listed]})
    if not rows:
        raise EvalError(f"{file} holds no case.")
    figures: dict[str, float | None] = {}
    for split, name in (("held_out", ""), ("dev", "(developed on) ")):
        if not count[split, "cases"]:
            continue
        for figure, part, total in (
            ("recall", "listed", "given"),
            ("kind right", "kind", "given"),
            ("in the packet", "packet", "given"),
            ("in the transcript", "transcript", "given"),
            ("precision", "right", "taken"),
        ):
            whole_of = count[split, total]
            figures[name + figure] = count[split, part] / whole_of if whole_of else None
        figures[f"{name}cases"] = float(count[split, "cases"])
        figures[f"{name}facts"] = float(count[split, "given"])
    kinds = sorted({kind for kind, _ in by_kind})
    bars = Bars(
        "Facts listed, by kind",
        tuple(Bar(kind, by_kind[kind, True], by_kind[kind, True] + by_kind[kind, False]) for kind in kinds),
    )
    document = {"rows": rows, "figures": figures}
    return Result(
        "packets", figures, document, judged(gates, figures), tuple(misses), meanings=MEANINGS, bars=(bars,)
    )


def _read(case: dict[str, Any], where: str) -> tuple[list[tuple[str, str]], list[_Given]]:
    try:
        said = [(role, str(text)) for line in case["said"] for role, text in line.items()]
        given = [_Given(str(fact["kind"]), str(fact["value"])) for fact in case["facts"]]
    except (KeyError, TypeError, AttributeError):
        raise EvalError(
            f"{where}: `said` (list of {{customer or assistant: text}}) and `facts` are needed."
        ) from None
    if not said or any(role not in {"customer", "assistant"} for role, _ in said):
        raise EvalError(f"{where}: `said` holds what the customer and the assistant said, at least one line.")
    return said, given


def _says(text: str, value: str) -> bool:
    """Whether the value stands in the text as whole words, whatever the marks between them."""
    return f" {_plain(value)} " in f" {_plain(text)} "


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+|[€$£%•]", text.lower()))
