"""Does search find what people type into a search box: misspelt, written together or apart, codes, quoted?

A case: `{"kind": "typo", "text": "refnd", "article_ids": ["refunds"]}`; a ranking [`invoices`, `refunds`] has R@1 = 0 and
R@5 = 1. Judged by kind, so that one that works well hides no other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evals.beir import EvalError, read_lines
from evals.result import Bar, Bars, Gate, Result

DEPTH = 5
Rank = Callable[[str, int], list[str]]


def judge(file: Path, rank: Rank, gates: dict[str, float]) -> Result:
    """`rank(text, depth)`: article ids, best first. Gates are named by kind ("typo R@1"). Raises EvalError."""
    counts: dict[str, list[int]] = {}  # kind -> cases, right first, right among the first five
    misses = []
    for number, told in read_lines(file):
        kind, text, gold = told.get("kind"), told.get("text"), told.get("article_ids")
        if not isinstance(kind, str) or not isinstance(text, str) or not isinstance(gold, list) or not gold:
            raise EvalError(f"{file}, line {number}: `kind`, `text` and `article_ids` are needed.")
        found = rank(text, DEPTH)
        first, among = found[:1] != [] and found[0] in gold, bool(set(found[:DEPTH]) & set(gold))
        counts[kind] = [
            old + new for old, new in zip(counts.get(kind, [0, 0, 0]), (1, first, among), strict=True)
        ]
        if not first:
            misses.append(
                f"{kind}: “{text}” found {found[0] if found else 'nothing'}, wanted {', '.join(gold)}"
            )
    figures: dict[str, float | None] = {}
    for kind, (cases, at_1, at_5) in counts.items():
        figures |= {f"{kind} R@1": at_1 / cases, f"{kind} R@5": at_5 / cases}
    document = {"kinds": {kind: cases for kind, (cases, _, _) in counts.items()}, **figures}
    held = tuple(Gate(name, figures[name] or 0.0, bound) for name, bound in gates.items() if name in figures)
    first_bars = tuple(Bar(kind, at_1, cases) for kind, (cases, at_1, _) in counts.items())
    bars = (Bars("The right article first, by kind of search", first_bars),)
    return Result("searches", figures, document, held, tuple(misses), bars=bars)
