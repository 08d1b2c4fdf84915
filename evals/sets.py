"""`make eval-sets DATA=FOLDER`: retrieval on every question set of a folder, in one table.

Each sub-folder in the BEIR layout is indexed apart, and every query of it is asked as the bot would ask it. Where queries
have a history, a second row asks the last turn alone. The last columns: of the set's answerable questions, the share
that the relevance floor keeps; of the other sets' questions, asked of this set's index, the share that it refuses
(sets of one domain would tell nothing: `--related A,B` names those that are not asked of each other).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.house import House
from bot.progress import Progress
from bot.understand import Said, understand
from evals.apart import house_apart
from evals.beir import EvalError, LabelledSet, read_sets
from evals.suites import retrieval
from help_center.settings import Settings

STRANGERS = 200  # questions of each other set, chosen by chance
FIGURES = ("nDCG@10", "R@1", "R@5", "MRR@10")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make eval-sets", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of folders in the BEIR layout")
    parser.add_argument("--only", nargs="*", help="names of the sets to judge; all by default")
    parser.add_argument(
        "--related", nargs="*", default=[], help="A,B: sets that are no strangers to each other"
    )
    parser.add_argument("--runs", type=Path, help="write a TREC run for each set into this folder")
    parser.add_argument("--keep", type=Path, help="keep the indexes in this folder, for the next run")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    given = parser.parse_args()
    try:
        print(tell(judge(given)))
    except EvalError as error:
        parser.exit(2, f"{error}\n")


def judge(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Set -> its figures."""
    sets = read_sets(given.folder)
    related = [set(pair.split(",")) for pair in given.related]
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    figures: dict[str, dict[str, Any]] = {}
    for one in sets:
        if given.only and one.name not in given.only:
            continue
        kept = given.keep / one.name if given.keep else None
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        with house_apart(settings, one.corpus or (), kept) as house:
            run_file = given.runs / f"{one.name}.trec" if given.runs else None
            others = [
                other
                for other in sets
                if other is not one and not any({one.name, other.name} <= pair for pair in related)
            ]
            figures |= _of_set(house, one, others, run_file)
        if given.json:
            given.json.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def _of_set(
    house: House, one: LabelledSet, others: Sequence[LabelledSet], run_file: Path | None
) -> dict[str, dict[str, Any]]:
    kept: list[bool] = []
    answerable = {query.text for query in one.queries if query.gold}
    with Progress(one.name, "questions") as progress:

        def rank(text: str, depth: int, history: Sequence[Said]) -> list[str]:
            question = understand(text, tuple(history))
            found = house.search.find(question.query, limit=depth, context=question.context)
            if text in answerable:
                kept.append(found.relevant)
            progress(len(kept), len(answerable))
            return [hit.article_id for hit in found.hits]

        judged = dict(retrieval.judge(one, rank, run_file, {}).document)
    judged["kept"] = sum(kept) / max(1, len(kept))
    judged["refused"] = {other.name: _refused(house, other) for other in others}
    rows = {one.name: judged}
    if any(query.history for query in one.queries):
        alone = replace(one, queries=tuple(replace(query, history=()) for query in one.queries))
        rows[f"{one.name}, last turn alone"] = dict(retrieval.judge(alone, rank, None, {}).document)
    return rows


def _refused(house: House, stranger: LabelledSet) -> float:
    queries = random.Random(0).sample(stranger.queries, min(STRANGERS, len(stranger.queries)))
    return sum(not house.search.find(query.text).relevant for query in queries) / len(queries)


def tell(figures: dict[str, dict[str, Any]]) -> str:
    """The table, with the mean of the sets below it."""
    wide = max(map(len, figures))
    lines = [f"{'set':{wide}}  queries  " + "  ".join(f"{name:>7}" for name in FIGURES) + "    kept  refused"]
    for name, row in figures.items():
        cells = "  ".join(f"{row[figure]:7.3f}" for figure in FIGURES)
        line = f"{name:{wide}}  {row['answerable']:7}  {cells}"
        if "kept" in row:
            refused = list(row["refused"].values())
            mean = f"{sum(refused) / len(refused):.3f} (least {min(refused):.3f})" if refused else "-"
            line += f"   {row['kept']:.3f}  {mean}"
        lines.append(line)
    whole = [row for row in figures.values() if "kept" in row]
    means = "  ".join(f"{sum(row[figure] for row in whole) / len(whole):7.3f}" for figure in FIGURES)
    return "\n".join([*lines, f"{'mean of the sets':{wide}}  {'':7}  {means}"])


if __name__ == "__main__":
    main()
