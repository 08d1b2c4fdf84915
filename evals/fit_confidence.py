"""Makes the shipped default calibration and relevance floor: `python -m evals.fit_confidence SET... --out FOLDER`.

Each SET is a folder in the BEIR layout; half of our own questions on the shipped help center are one more, asked of
the whole help center and of one without half of the gold articles; and so are the small help centers of each of five writers, with questions that
they answer and nearly answer (`evals/cases/small_help_centers.jsonl`; two more writers' only judge). The reader says of each
question whether the passage found first answers it. Half of a SET's gold articles are left out of its index; the questions of the
other sets stand in for another domain's. The table of the dial is measured leave-one-set-out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from bot import reading
from bot.house import House
from bot.oneshot import ranking
from bot.reading import answered_here
from bot.understand import Said, understand
from evals.apart import fitted_on, half_out, house_apart
from evals.beir import LabelledSet, Query, read_lines, read_set
from evals.calibration import Ask, Row, Told, fit, fit_relevance, rows_of
from evals.run import CASES, own_questions
from evals.scores import auroc, count_bound, ece, ece_by_chance
from help_center.settings import Settings
from help_center.sources.base import SourceArticle
from retrieval.embedders import open_embedder
from retrieval.evidence import NAMES
from retrieval.indexing import space_of
from retrieval.relevance import Relevance

READ = (*NAMES, *reading.SIGNALS)
PER_SET = 400  # questions of each set, so that none outweighs the others
STRANGERS = 100  # questions of each other set
SMALL = "small help centers by "  # and their writer
JUDGES = tuple(SMALL + writer for writer in "fg")  # of the small ones: not fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument(
        "--apart",
        nargs="*",
        default=[],
        help="names of sets that are judged but not fitted (labels too thin)",
    )
    parser.add_argument(
        "--mixed",
        nargs="*",
        default=[],
        help="names of sets of several domains: their questions are no strangers to the others",
    )
    parser.add_argument("--out", type=Path, required=True, help="for confidence.json and relevance.json")
    parser.add_argument("--rows", type=Path, help="write the rows here, as JSON: for trying other fits")
    parser.add_argument(
        "--from-rows", type=Path, help="fit the rows of an earlier run instead of asking again"
    )
    parser.add_argument("--keep", type=Path, help="keep the indexes here for the next run")
    given = parser.parse_args()
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    space = space_of(open_embedder(None))
    if given.from_rows:
        rows = [Row(**told) for told in json.loads(given.from_rows.read_text()) if told["group"] != "own"]
        rows += _ask_own(settings, [read_set(folder) for folder in given.sets])
    else:
        rows = _ask_all(settings, [read_set(folder) for folder in given.sets], given.keep)
        rows += _ask_small(settings)
    given.apart += JUDGES
    if given.rows:
        given.rows.write_text(json.dumps([asdict(row) for row in rows]))
    fitted = [row for row in rows if row.group not in given.apart]
    names = ", ".join(sorted({row.group for row in fitted}))
    told_on = f"{sum(r.in_domain and not r.twin for r in fitted)} questions of {names}, half of the gold articles taken out"
    calibration, mine, forecast = fit(
        fitted, by_group=True, fitted_on=told_on, fingerprint=f"{space}|extractive"
    )
    for row in rows:
        if row.group in given.apart and row.in_domain and not row.twin:
            mine.append(row)
            forecast.append(calibration.of_vector(row.evidence))
    threshold = calibration.threshold(0.1)
    apart = [row for row in rows if not (_of(row) & set(given.mixed) or row.group.startswith(SMALL))]
    domains = ", ".join(sorted({row.group for row in apart if not row.in_domain}))
    relevance = fit_relevance(
        apart, f"questions of {domains}, asked of their own articles and of each other's"
    )
    print(f"threshold at a dial of 0.10: {threshold:.3f}, relevance floor {relevance.floor:.3f}")
    for name in sorted({row.group for row in mine}):
        _tell(
            name,
            rows,
            [(f, row) for f, row in zip(forecast, mine, strict=True) if row.group == name],
            threshold,
            fit_relevance([row for row in apart if name not in _of(row)], "the other sets"),
        )
    given.out.mkdir(parents=True, exist_ok=True)
    for name, told in (("confidence", calibration.json()), ("relevance", relevance.json())):
        (given.out / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")


def _ask_all(settings: Settings, sets: list[LabelledSet], keep: Path | None) -> list[Row]:
    """Every set's own questions (PER_SET at most), and STRANGERS of each other set, asked of its index."""
    dice = random.Random(0)
    rows: list[Row] = []
    for one in sets:
        gold = {id for query in one.queries for id in query.gold}
        out = {id for id in gold if half_out(id)}
        kept = keep / one.name if keep else None
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        corpus = [article for article in one.corpus or () if article.id not in out]
        with house_apart(settings, corpus, kept) as house:
            ask = _reading(house)
            size = len(house.search.lexicon())
            some = dice.sample(one.queries, min(PER_SET, len(one.queries)))
            mine = rows_of(replace(one, queries=tuple(some)), ask, out.__contains__, size, READ)
            rows += mine
            mine = [row for row in mine if not row.twin]
            for other in sets:
                if other is one:
                    continue
                for query in dice.sample(other.queries, min(STRANGERS, len(other.queries))):
                    _, signals, _ = ask(query.text, (), ())
                    rows.append(
                        Row(
                            one.name,
                            f"{other.name}/{query.id}",
                            tuple(signals[n] for n in READ),
                            False,
                            False,
                            False,
                            size,
                        )
                    )
        right = sum(row.right for row in mine)
        print(
            f"{one.name}: {len(mine)} questions, {sum(r.answerable for r in mine)} answerable, {right} first and right",
            flush=True,
        )
    return rows + _ask_own(settings, sets)


def asker(house: House) -> Ask:
    def ask(text: str, history: Sequence[Said], without: Sequence[str] = ()) -> Told:
        told = ranking(house.search, text, 10, history, without)
        return [result["article_id"] for result in told["results"]], told["evidence"], told["vector"]

    return ask


def _reading(house: House) -> Ask:
    """As `asker`, and what the reader says of the passage found first; where it says nothing, that it is even."""

    def ask(text: str, history: Sequence[Said], without: Sequence[str] = ()) -> Told:
        question = understand(text, tuple(history))
        found = house.search.find(question.query, limit=10, context=question.context, without=without)
        signals = {**asdict(found.evidence), reading.SIGNALS[0]: answered_here(found, question) or 0.0}
        return [hit.article_id for hit in found.hits], signals, []

    return ask


def _ask_small(settings: Settings) -> list[Row]:
    """The questions of every small help center, asked of it: a group for each writer."""
    rows: list[Row] = []
    for writer, small in small_help_centers():
        with house_apart(settings, small.corpus or ()) as house:
            size = len(house.search.lexicon())
            some = replace(small, name=SMALL + writer)
            rows += rows_of(some, _reading(house), lambda _: False, size, READ)
    return rows


def small_help_centers() -> list[tuple[str, LabelledSet]]:
    """(writer, a help center with the questions that it answers and nearly answers); see `bot.reading`."""
    made = []
    for _, told in read_lines(CASES / "small_help_centers.jsonl"):
        corpus = [
            SourceArticle(one["id"], one["title"], f"# {one['title']}\n\n{one['text']}")
            for one in told["articles"]
        ]
        answered = [(one["question"], one["articles"]) for one in told["answered"]]
        asked = [*answered, *((question, ()) for question in told["unanswered"])]
        queries = [
            Query(f"{told['name']}-{number}", text, (), dict.fromkeys(gold, 1))
            for number, (text, gold) in enumerate(asked, 1)
        ]
        made.append((told["writer"], LabelledSet(told["name"], tuple(queries), tuple(corpus))))
    return made


def _ask_own(settings: Settings, strangers: Sequence[LabelledSet]) -> list[Row]:
    """The half of our own questions that is for fitting, answerable and not, and other sets' questions."""
    dice = random.Random(0)
    own = own_questions()
    own = replace(own, name="own", queries=tuple(query for query in own.queries if fitted_on(query.id)))
    out = {id for query in own.queries for id in query.gold if half_out(id)}
    rows: list[Row] = []
    for gone in (set[str](), out):
        with house_apart(
            settings, [article for article in own.corpus or () if article.id not in gone]
        ) as house:
            ask, size = _reading(house), len(house.search.lexicon())
            rows += rows_of(own, ask, gone.__contains__, size, READ)
            for other in [] if gone else strangers:
                for query in dice.sample(other.queries, min(STRANGERS, len(other.queries))):
                    _, signals, _ = ask(query.text, (), ())
                    evidence = tuple(signals[name] for name in READ)
                    rows.append(Row("own", f"{other.name}/{query.id}", evidence, False, False, False, size))
    return rows


def _of(row: Row) -> set[str]:
    """The set whose articles were asked, and the one whose question it is."""
    return {row.group} if row.in_domain else {row.group, row.query_id.split("/")[0]}


def _tell(
    name: str, rows: list[Row], some: list[tuple[float, Row]], threshold: float, relevance: Relevance
) -> None:
    """One line of figures for a set, all outside of its fit."""
    sure, right = [f for f, _ in some], [row.right for _, row in some]
    answered = [row for f, row in some if f >= threshold]
    wrong = sum(not row.right for row in answered)
    inside = [
        relevance.of_vector(r.evidence, r.passages) >= relevance.floor
        for r in rows
        if r.group == name and r.answerable and r.in_domain
    ]
    outside = [
        relevance.of_vector(r.evidence, r.passages) < relevance.floor
        for r in rows
        if r.group == name and not r.in_domain
    ]
    print(
        f"{name}: AUROC right {auroc(sure, right) or 0:.3f}, answerable {auroc(sure, [row.answerable for _, row in some]) or 0:.3f}, "
        f"ECE {ece(sure, right):.3f} (by chance {ece_by_chance(sure):.3f}); dial 0.10: {len(answered)} of {len(some)} answered, "
        f"{wrong} wrong (by the count alone at most {count_bound(wrong, len(answered)):.2f}); floor keeps "
        f"{sum(inside) / max(1, len(inside)):.2f}, "
        f"refuses {sum(outside) / max(1, len(outside)):.2f}"
    )


if __name__ == "__main__":
    main()
