"""Makes the shipped default calibration: `python -m evals.fit_confidence SET... --out FILE [--keep FOLDER]`.

Each SET is a folder in the BEIR layout. Half of its gold articles are left out of its index; the questions of the
other sets stand in for another domain's. The table of the dial is measured leave-one-set-out.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from bot.assess import upper_bound
from bot.oneshot import ranking
from evals.apart import half_out, house_apart
from evals.beir import read_set
from evals.calibration import Row, fit, rows_of
from evals.scores import auroc, ece, ece_by_chance
from help_center.settings import Settings
from retrieval.evidence import NAMES
from retrieval.indexing import space_of

PER_SET = 400  # questions of each set, so that none outweighs the others
STRANGERS = 100  # questions of each other set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", type=Path, help="keep the indexes here for the next run")
    given = parser.parse_args()
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    sets = [read_set(folder) for folder in given.sets]
    dice = random.Random(0)
    rows: list[Row] = []
    space = ""
    for one in sets:
        gold = {id for query in one.queries for id in query.gold}
        out = {id for id in gold if half_out(id)}
        kept = given.keep / one.name if given.keep else None
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        corpus = [article for article in one.corpus or () if article.id not in out]
        with house_apart(settings, corpus, kept) as house:
            space = space_of(house.embedder)

            def ask(text, history, house=house):  # type: ignore[no-untyped-def]
                told = ranking(house.search, text, 10, history)
                return [result["article_id"] for result in told["results"]], told["evidence"]

            mine = rows_of(one, ask, lambda id, out=out: id in out)
            mine = dice.sample(mine, min(PER_SET, len(mine)))
            rows += mine
            for other in sets:
                if other is one:
                    continue
                for query in dice.sample(other.queries, min(STRANGERS, len(other.queries))):
                    _, signals = ask(query.text, ())
                    rows.append(Row(one.name, f"{other.name}/{query.id}", tuple(signals[n] for n in NAMES), False, False, False))
        right = sum(row.right for row in mine)
        print(f"{one.name}: {len(mine)} questions, {sum(r.answerable for r in mine)} answerable, {right} first and right", flush=True)
    names = ", ".join(sorted(one.name for one in sets))
    told_on = f"{sum(r.in_domain for r in rows)} questions of {names}, half of the gold articles taken out"
    calibration, forecast = fit(rows, by_group=True, fitted_on=told_on, fingerprint=f"{space}|extractive")
    mine = [row for row in rows if row.in_domain]
    policy = calibration.policy(0.1)
    print(f"threshold at a dial of 0.10: {policy.answer_from:.3f}, domain floor {policy.in_domain_from:.3f}")
    for name in sorted({row.group for row in mine}):
        some = [(f, row) for f, row in zip(forecast, mine, strict=True) if row.group == name]
        sure, right_ = [f for f, _ in some], [row.right for _, row in some]
        answered = [row for f, row in some if f >= policy.answer_from]
        wrong = sum(not row.right for row in answered)
        domain_kept = [calibration.in_domain.probability(r.evidence) >= policy.in_domain_from for r in rows if r.group == name and r.answerable and r.in_domain]
        strangers = [calibration.in_domain.probability(r.evidence) < policy.in_domain_from for r in rows if r.group == name and not r.in_domain]
        print(
            f"{name}: AUROC right {auroc(sure, right_) or 0:.3f}, answerable {auroc(sure, [row.answerable for _, row in some]) or 0:.3f}, "
            f"ECE {ece(sure, right_):.3f} (by chance {ece_by_chance(sure):.3f}); dial 0.10: {len(answered)} of {len(some)} answered, "
            f"{wrong} wrong (upper bound {upper_bound(wrong, len(answered)):.2f}); floor keeps {sum(domain_kept) / max(1, len(domain_kept)):.2f}, "
            f"refuses {sum(strangers) / max(1, len(strangers)):.2f}"
        )
    given.out.write_text(json.dumps(calibration.json(), indent=1) + "\n")


if __name__ == "__main__":
    main()
