"""What is told of a peer: quality of its rankings, percentiles, and the tables. Knows no process and no file.

A case: found [`invoices`, `refunds`] where `refunds` is gold: hit@1 0, hit@5 1, MRR@10 0.5.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

BASELINE = "langchain"  # whose p50 the others are set against
OURS = "parley"


@dataclass(frozen=True)
class Row:
    """One peer on one set. Milliseconds per question; MB of 1,000,000 bytes; every figure is None where it failed."""

    peer: str
    title: str
    failed: str | None = None  # why, in one line
    hit_1: float | None = None
    hit_5: float | None = None
    mrr_10: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    index_s: float | None = None  # from articles in memory to searchable
    start_s: float | None = None  # from the start of a process to its first answer
    kept: bool = (
        True  # False: the index could not be kept, `start_s` is without one: imports, model, first answer
    )
    resident_mb: float | None = None  # when all questions are answered
    peak_mb: float | None = None  # of the process that indexed
    threads: int | None = None  # as the peer tells
    versions: dict[str, str] = field(default_factory=dict)


def quality(found: Sequence[Sequence[str]], gold: Sequence[Collection[str]]) -> dict[str, float]:
    """hit@1, hit@5 and MRR@10 of rankings of article ids, best first. `gold`: the right ids of each question."""
    ranks = [
        next((place for place, id in enumerate(ids, 1) if id in right), None)
        for ids, right in zip(found, gold, strict=True)
    ]
    n = len(ranks)
    return {
        "hit_1": sum(rank == 1 for rank in ranks) / n,
        "hit_5": sum(rank is not None and rank <= 5 for rank in ranks) / n,
        "mrr_10": sum(1 / rank for rank in ranks if rank is not None and rank <= 10) / n,
    }


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def table(rows: Sequence[Row]) -> str:
    """The figures of one set, a line for each peer."""
    lines = [
        f"{'':20} {'hit@1':>6} {'hit@5':>6} {'MRR@10':>6} {'p50 ms':>8} {'p95 ms':>8} {'index s':>8} {'start s':>8}"
        f" {'resident MB':>12} {'peak MB':>8} {'threads':>8}"
    ]
    for row in rows:
        if row.failed:
            lines.append(f"{row.title:20} failed: {row.failed}")
            continue
        start = _number(row.start_s, 8, 2) + ("" if row.kept else " (not kept: without an index)")
        lines.append(
            f"{row.title:20} {_number(row.hit_1, 6, 3)} {_number(row.hit_5, 6, 3)} {_number(row.mrr_10, 6, 3)}"
            f" {_number(row.p50_ms, 8, 1)} {_number(row.p95_ms, 8, 1)} {_number(row.index_s, 8, 1)} {start}"
            f" {_number(row.resident_mb, 12, 0)} {_number(row.peak_mb, 8, 0)} {row.threads or '-':>8}"
        )
    return "\n".join(lines)


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Of each peer: its p50 over the baseline's, and its indexing time over that of the fastest peer but Parley."""
    p50 = next((row.p50_ms for row in rows if row.peer == BASELINE), None)
    fastest = min((row.index_s for row in rows if row.index_s and row.peer != OURS), default=None)
    return {
        row.peer: {"p50": _over(row.p50_ms, p50), "index": _over(row.index_s, fastest)}
        for row in rows
        if not row.failed
    }


def ratio_table(sets: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """A line for each peer, two columns for each set. Below 1 is faster than what it is set against."""
    titles = {row.peer: row.title for _, rows in sets for row in rows}
    width = max(16, *(len(name) for name, _ in sets))
    lines = [
        f"{'ratios':20} " + " ".join(f"{name:>{width}}" for name, _ in sets),
        f"{'':20} " + " ".join(f"{'p50':>{width - 8}} {'index':>7}" for _ in sets),
    ]
    by_set = [ratios(rows) for _, rows in sets]
    for peer, title in titles.items():
        cells = []
        for of_set in by_set:
            told = of_set.get(peer, {})
            cells.append(f"{_number(told.get('p50'), width - 8, 2)} {_number(told.get('index'), 7, 2)}")
        lines.append(f"{title:20} " + " ".join(cells))
    base = titles.get(BASELINE, BASELINE)
    lines.append(f"p50: over that of {base}; index: seconds over the fastest peer's, Parley left aside")
    return "\n".join(lines)


def _over(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width},.{digits}f}"
