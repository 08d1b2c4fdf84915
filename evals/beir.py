"""Labelled questions in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`. Knows files only."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.logs import complain
from bot.questions.beir import Written, history_of, written
from bot.understand import Said
from escalation.labelled import LabelledQuestion
from help_center.faults import Mendable
from help_center.sources.base import Failure, SourceArticle, SourceError
from help_center.sources.jsonl import JsonLines

SHOWN = 5  # of ids that are not there
NAMED = 3  # of documents that cannot be used


class EvalError(Mendable):
    """Eval data that cannot be used. One line that says what to do."""


@dataclass(frozen=True)
class Query:
    """`gold`: article id -> relevance above 0; empty where the help center does not answer."""

    id: str
    text: str
    history: tuple[Said, ...] = ()
    gold: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledSet:
    """`corpus` is None where the live index is meant. `strays`: ids in the qrels that no question has."""

    name: str
    queries: tuple[Query, ...]
    corpus: tuple[SourceArticle, ...] | None
    strays: tuple[str, ...] = ()


def read_set(folder: Path) -> LabelledSet:
    """Raises EvalError naming the file and line of whatever is wrong."""
    if not folder.is_dir():
        raise EvalError(
            f"{folder} is no folder: give one with queries.jsonl and qrels.tsv (and corpus.jsonl)."
        )
    asked = []
    for number, told in read_lines(folder / "queries.jsonl"):
        id, text = told.get("_id", told.get("id")), told.get("text")
        if id is None or not isinstance(text, str) or not text.strip():
            raise EvalError(f"{folder / 'queries.jsonl'}, line {number}: `_id` and `text` are needed.")
        asked.append(Query(str(id), text, history_of(told.get("history"))))
    if not asked:
        raise EvalError(f"{folder / 'queries.jsonl'} holds no question.")
    ids = {query.id for query in asked}
    gold = _gold(folder / "qrels.tsv", ids)
    queries = tuple(replace(query, gold=gold.get(query.id, {})) for query in asked)
    strays = tuple(id for id in gold if id not in ids)
    return LabelledSet(folder.resolve().name, queries, _corpus(folder / "corpus.jsonl"), strays)


def unknown_ids(labelled: LabelledSet, articles: Collection[str]) -> str | None:
    """What the qrels name that is not there, in one line that says what to do; None where all is.

    `articles`: the ids of those that are asked.
    """
    if labelled.strays:
        return (
            f"qrels.tsv names questions that queries.jsonl does not hold: {_first_of(labelled.strays)}. "
            "Mend their ids, or take these lines out."
        )
    gone = [
        id
        for id in dict.fromkeys(id for query in labelled.queries for id in query.gold)
        if id not in articles
    ]
    if not gone:
        return None
    if labelled.corpus is not None:
        where = "are not in corpus.jsonl"
    elif articles:
        where = "are not in the index, or not for everybody to see (`parley search QUESTION --json` gives the ids)"
    else:
        where = "are not there, for the index is empty (`parley index SOURCE` fills it)"
    return (
        f"qrels.tsv names articles that {where}: {_first_of(gone)}. Mend their ids if they are mistyped: a question that only "
        "they answer counts as one that no article answers."
    )


def digest(queries: Sequence[Query]) -> str:
    """Of the questions' words, in any order: it tells whether two sets ask the same."""
    texts = "\n".join(sorted(query.text for query in queries))
    return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _first_of(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


def read_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a .jsonl file."""
    try:
        with open(file, encoding="utf-8-sig") as opened:
            for number, line in enumerate(opened, 1):
                if not line.strip():
                    continue
                try:
                    told = json.loads(line)
                except ValueError as error:
                    raise EvalError(f"{file}, line {number} is not JSON: {error}.") from None
                except RecursionError:
                    raise EvalError(f"{file}, line {number} is nested too deeply: mend it.") from None
                if not isinstance(told, dict):
                    raise EvalError(f"{file}, line {number} is not a JSON object.")
                yield number, told
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError | UnicodeDecodeError) -> EvalError:
    if isinstance(error, UnicodeDecodeError):
        return EvalError(f"{file} is not UTF-8: save it as UTF-8 and try again.")
    return EvalError(f"{file} cannot be read ({error.strerror or error}): check that it is there and yours.")


def _gold(file: Path, questions: Collection[str]) -> dict[str, dict[str, int]]:
    """Question id -> its articles with their relevance. The header may be missing: a first line that can be read is a row."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.reader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    except csv.Error as error:
        raise EvalError(
            f"{file} cannot be read ({error}): give query-id, corpus-id and score on each line, with tabs between."
        ) from None
    gold: dict[str, dict[str, int]] = {}
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        try:
            query, article, score = row[0], row[1], int(float(row[2]))
        except (IndexError, ValueError, OverflowError):
            if number == 1 and row[0] not in questions:  # the header
                continue
            raise EvalError(
                f"{file}, line {number}: give query-id, corpus-id and score, with tabs between."
            ) from None
        if score > 0:
            gold.setdefault(query, {})[article] = score
    return gold


def _corpus(file: Path) -> tuple[SourceArticle, ...] | None:
    """Documents that cannot be used are named on stderr, and left out as `parley index` leaves them out. Raises EvalError
    where none is good."""
    if not file.exists():
        return None
    try:
        found = list(JsonLines(file).read())
    except SourceError as error:
        raise EvalError(f"{error}.") from None
    bad = [f"{one.where}: {one.reason}" for one in found if isinstance(one, Failure)]
    if bad:
        more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        left_out = f"{len(bad)} of {len(found)} documents are left out"
        complain(f"{file}: {left_out}: {'; '.join(bad[:NAMED])}{more}.")
    return tuple(one for one in found if isinstance(one, SourceArticle))


def write_labelled(folder: Path, questions: Sequence[LabelledQuestion]) -> None:
    """`queries.jsonl` and `qrels.tsv`, without articles: the live index is meant. Raises EvalError for a folder in use."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise EvalError(f"{folder} is not empty: give a new folder, nothing is written over.")
        rows = (
            Written(one.id, one.text, (one.article_id,) if one.article_id else (), one.history)
            for one in questions
        )
        queries, qrels = written(rows)
        (folder / "queries.jsonl").write_text(queries, "utf-8", newline="")
        (folder / "qrels.tsv").write_text(qrels, "utf-8", newline="")
    except OSError as error:
        raise EvalError(f"{folder} cannot be written: {error.strerror}.") from error


def read_sets(folder: Path) -> list[LabelledSet]:
    """The sets of a folder of folders, each with its articles. Raises EvalError where there is none."""
    found = sorted(one for one in folder.glob("*") if (one / "queries.jsonl").exists())
    if not found:
        raise EvalError(f"{folder} holds no question set: give a folder of folders with queries.jsonl.")
    sets = [read_set(one) for one in found]
    for one in sets:
        if one.corpus is None:
            raise EvalError(f"{one.name} has no corpus.jsonl: its articles are needed.")
    return sets
