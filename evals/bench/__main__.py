"""`make bench`: how fast, against baselines in the same run. Prints tables; asserts nothing.

Absolute times vary with the machine and its neighbours: quote the ratios. By default the corpus is made up on the
spot, out of the shipped help center's sentences; `--corpus FILE` takes a BEIR `corpus.jsonl`, `--queries FILE` its
questions, each as often as you like. As many as 10,000 passages are embedded; larger sizes shake these.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.apart import house_apart
from evals.beir import EvalError
from evals.bench import chart, indexing, pages, scale, start
from evals.bench.corpus import articles_of, questions_of
from evals.bench.searching import WARM_UP
from help_center.settings import Settings

SIZES = (1_000, 10_000, 50_000, 200_000)
EMBEDDED = 10_000  # passages, at most


def main(arguments: list[str] | None = None) -> None:
    given = _arguments(arguments)
    try:
        articles = articles_of(given.corpus)
        questions = questions_of(given.queries, articles, WARM_UP + given.questions)
    except EvalError as error:
        sys.exit(f"bench: {error}")
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    told: dict[str, Any] = {"corpus": [str(file) for file in given.corpus], "search": []}
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        with house_apart(settings, (), folder / "var") as house:
            chosen = indexing.enough(articles, min(EMBEDDED, max(given.sizes)))
            runs, cuts = indexing.measured(house, chosen, folder)
            passages = sum(len(cut.rows) for cut in cuts)
            print(
                f"corpus: {len(chosen):,} articles, {passages:,} passages\n\n{indexing.table(runs)}",
                flush=True,
            )
            beside = indexing.measured_beside(house, chosen)
            print(indexing.line(beside), flush=True)
        told |= {"articles": len(chosen), "passages": passages, "beside": asdict(beside)}
        told["indexing"] = [asdict(run) for run in runs]
        if given.runs:
            started = start.measured(folder / "var", given.runs)
            print("\n" + start.line(started), flush=True)
            told["start"] = asdict(started)
        if given.articles:
            shown = pages.measured(folder / "pages", given.articles)
            print("\n" + pages.table(shown, given.articles), flush=True)
            told["pages"] = [asdict(row) for row in shown]
        rows = []
        for row in scale.rows_of(settings, cuts, given.sizes, questions, folder):
            rows.append(row)
            told["search"] = scale.as_json(rows)
            if given.json:
                given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        print("\n" + scale.table(rows))
        if given.chart:
            given.chart.write_text(chart.drawn(rows), encoding="utf-8")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus", type=Path, action="append", default=[], help="a BEIR corpus.jsonl; repeat"
    )
    parser.add_argument("--queries", type=Path, action="append", default=[], help="its queries.jsonl; repeat")
    parser.add_argument(
        "--sizes", type=_sizes, default=list(SIZES), help="passages to search, such as 1000,10000"
    )
    parser.add_argument("--questions", type=_count, default=300, help="asked at each size")
    parser.add_argument("--runs", type=int, default=5, help="starts of a served process; 0 for none")
    parser.add_argument(
        "--articles",
        type=int,
        default=pages.ARTICLES,
        help="of the help center whose pages are asked for; 0 for none",
    )
    parser.add_argument("--json", type=Path, help="write all figures here, too")
    parser.add_argument("--chart", type=Path, help="draw how search grows, as SVG")
    return parser.parse_args(arguments)


def _sizes(text: str) -> list[int]:
    sizes = sorted({int(part.replace("_", "")) for part in text.split(",")})
    if sizes[0] < 1:
        raise ValueError
    return sizes


def _count(text: str) -> int:
    count = int(text)
    if count < 2:
        raise ValueError
    return count


if __name__ == "__main__":
    main()
