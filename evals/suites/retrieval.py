"""Does search put the right article first?

A case: the question "can I get my money back?" with gold article `refunds`; a ranking [`invoices`, `refunds`] has
R@1 = 0, MRR@10 = 0.5 and nDCG@10 = 0.63. Questions without a gold article are left out. Metrics by ir-measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import ir_measures
from ir_measures import MRR, R, nDCG

from bot.understand import Said
from evals.beir import LabelledSet
from evals.result import Gate, Result

DEPTH = 100
MEASURES = {"nDCG@10": nDCG @ 10, "R@1": R @ 1, "R@5": R @ 5, "MRR@10": MRR @ 10}
Rank = Callable[[str, int, Sequence[Said]], list[str]]


def judge(labelled: LabelledSet, rank: Rank, run_file: Path | None, gates: dict[str, float]) -> Result:
    """`rank(text, depth, history)`: article ids, best first. Writes a TREC run when asked, whose scores tell the order."""
    run: dict[str, dict[str, float]] = {}
    lines, misses = [], []
    for query in labelled.queries:
        ranked = rank(query.text, DEPTH, query.history)
        # a run is read by score, whatever the rank says: no two may be equal
        run[query.id] = {id: float(len(ranked) - place) for place, id in enumerate(ranked)}
        lines += [
            f"{query.id} Q0 {id} {place} {score:g} parley"
            for place, (id, score) in enumerate(run[query.id].items(), 1)
        ]
        if query.gold and (not ranked or ranked[0] not in query.gold):
            first = ranked[0] if ranked else "nothing"
            misses.append(f"{query.id}: “{query.text[:80]}” found {first}, wanted {', '.join(query.gold)}")
    if run_file is not None:
        run_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    qrels = {query.id: dict(query.gold) for query in labelled.queries if query.gold}
    judged = (
        ir_measures.calc_aggregate(list(MEASURES.values()), qrels, {id: run[id] for id in qrels})
        if qrels
        else {}
    )
    figures = {name: float(judged[measure]) if qrels else None for name, measure in MEASURES.items()}
    document = {"set": labelled.name, "queries": len(labelled.queries), "answerable": len(qrels), **figures}
    held = tuple(Gate(name, figures[name] or 0.0, bound) for name, bound in gates.items() if name in figures)
    return Result("retrieval", figures, document, held, tuple(misses))
