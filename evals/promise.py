"""Is the promise kept on help centers that calibrate with half of their questions? `python -m evals.promise DATA`.

DATA is a folder of sets in the BEIR layout. Half of a set's gold articles are left out of its index; the confidence is
fitted to half of its questions and judged on the other half, with as many answerable as not, several times over with
other halves. Figures are means over the halves. What is known of Platt's curves beforehand is, for each set, known from the
others.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.apart import half_out, house_apart
from evals.beir import EvalError, LabelledSet, read_sets
from evals.calibration import Row, fit, heard, rows_of
from evals.fit_confidence import asker
from evals.platt import FLAT, KNOWN, Prior
from evals.scores import BROKEN, auroc, by_chance, ece, ece_by_chance
from help_center.settings import Settings

DIAL = 0.1


@dataclass(frozen=True)
class Half:
    """What one half that was not fitted showed."""

    answerable: float  # AUROC
    right: float  # AUROC
    error: float
    error_by_chance: float
    asked: int
    answered: int
    wrong: int

    @property
    def broken(self) -> bool:
        return self.answered > 0 and by_chance(self.wrong, self.answered, DIAL) < BROKEN


def judge(rows: Sequence[Row], seed: int, prior: Prior) -> Half:
    """`rows` of one set, with their twins: fitted to half of the questions, judged on the other."""
    dice = random.Random(seed)
    inside, outside = halved(rows, dice)
    calibration, _, _ = fit(inside, by_group=False, fitted_on="one half", fingerprint="", prior=prior)
    held = heard([row for row in outside if not row.twin], inside)
    answerable = [row for row in held if row.answerable]
    not_ = [row for row in held if not row.answerable]
    few = min(len(answerable), len(not_))
    held = dice.sample(answerable, few) + dice.sample(not_, few)
    sure = [calibration.of_vector(row.evidence) for row in held]
    right = [row.right for row in held]
    threshold = calibration.threshold(DIAL)
    given = [row for row, one in zip(held, sure, strict=True) if one >= threshold]
    return Half(
        auroc(sure, [row.answerable for row in held]) or 0.0, auroc(sure, right) or 0.0, ece(sure, right),
        ece_by_chance(sure), len(held), len(given), sum(not row.right for row in given),
    )  # fmt: skip


def halved(rows: Sequence[Row], dice: random.Random) -> tuple[list[Row], list[Row]]:
    """(the rows of half of the questions, those of the others)."""
    ids = sorted({row.query_id for row in rows})
    chosen = set(dice.sample(ids, len(ids) // 2))
    inside = [row for row in rows if row.query_id in chosen]
    return inside, [row for row in rows if row.query_id not in chosen]


def mean_curve(rows: Sequence[Row], halves: int) -> tuple[float, float]:
    """(slope, shift) of Platt's curve in the mean of so many halves, nothing being known before."""
    told = []
    for seed in range(halves):
        inside, _ = halved(rows, random.Random(seed))
        made, _, _ = fit(inside, by_group=False, fitted_on="one half", fingerprint="", prior=FLAT)
        told.append((made.slope, made.shift))
    slope, shift = np.mean(told, axis=0)
    return float(slope), float(shift)


def asked(one: LabelledSet, settings: Settings, most: int, keep: Path | None) -> list[Row]:
    """At most `most` of the set's questions, drawn by a fixed seed, of an index without half of the gold articles."""
    out = {id for query in one.queries for id in query.gold if half_out(id)}
    some = random.Random(0).sample(one.queries, min(most, len(one.queries)))
    kept = keep / one.name if keep else None
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    corpus = [article for article in one.corpus or () if article.id not in out]
    with house_apart(settings, corpus, kept) as house:
        chosen = LabelledSet(one.name, tuple(some), one.corpus)
        return rows_of(chosen, asker(house), out.__contains__, len(house.search.lexicon()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--halves", type=int, default=10)
    parser.add_argument("--most", type=int, default=1000, help="questions of one set")
    parser.add_argument("--keep", type=Path, help="keep the indexes in this folder, for the next run")
    given = parser.parse_args()
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    try:
        sets = read_sets(given.data)
    except EvalError as error:
        parser.exit(2, f"{error}\n")
    rows = {one.name: asked(one, settings, given.most, given.keep) for one in sets}
    curves = {name: mean_curve(of, given.halves) for name, of in rows.items()}
    told = Prior.of(list(curves.values())) if len(curves) > 1 else KNOWN
    print(
        f"Platt's curves: slope {told.slope:.2f}, shift {told.shift:.2f}, spread {told.slope_spread:.2f}, {told.shift_spread:.2f}"
    )
    print("set               AUROC answerable, right   error (by chance)   answered   wrong   broken")
    means = []
    for one in sets:
        others = [found for name, found in curves.items() if name != one.name]
        prior = Prior.of(others) if len(others) > 1 else KNOWN
        halves = [judge(rows[one.name], seed, prior) for seed in range(given.halves)]
        answered, wrong = sum(h.answered for h in halves), sum(h.wrong for h in halves)
        figures = [
            np.mean([getattr(h, name) for h in halves])
            for name in ("answerable", "right", "error", "error_by_chance")
        ]
        coverage = answered / sum(h.asked for h in halves)
        means.append((*figures, coverage))
        a, r, e, c = figures
        print(
            f"{one.name:18}{a:.3f}  {r:.3f}            {e:.3f} ({c:.3f})       {coverage:.3f}      "
            f"{wrong / max(1, answered):.3f}   {sum(h.broken for h in halves)} of {len(halves)}",
            flush=True,
        )
    a, r, e, c, coverage = np.mean(means, axis=0)
    print(f"{'mean':18}{a:.3f}  {r:.3f}            {e:.3f} ({c:.3f})       {coverage:.3f}")


if __name__ == "__main__":
    main()
