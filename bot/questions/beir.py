"""Questions in the BEIR layout, as text: `queries.jsonl` and `qrels.tsv`. What `parley eval` and `parley calibrate` read.

Knows the layout; where the text comes from and where it goes is the business of the callers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.understand import Said

HEADER = "query-id\tcorpus-id\tscore\n"


class BeirError(ValueError):
    """A line that cannot be used. One line that names it and says what to do."""


@dataclass(frozen=True)
class Written:
    """One question. `articles`: ids of those that answer it; none: the help center should not."""

    id: str
    text: str
    articles: tuple[str, ...] = ()
    history: tuple[dict[str, str], ...] = ()
    locale: str | None = None
    note: str = ""


def written(questions: Iterable[Written]) -> tuple[str, str]:
    """The contents of `queries.jsonl` and `qrels.tsv`."""
    queries, qrels = [], [HEADER]
    for one in questions:
        row: dict[str, Any] = {"_id": one.id, "text": one.text, "history": list(one.history)}
        row |= {name: value for name, value in (("locale", one.locale), ("note", one.note)) if value}
        queries.append(json.dumps(row, ensure_ascii=False) + "\n")
        qrels += [f"{one.id}\t{article}\t1\n" for article in one.articles]
    return "".join(queries), "".join(qrels)


def read(queries: str, qrels: str) -> list[Written]:
    """Raises BeirError. Rows of `qrels` for unknown questions are ignored."""
    gold: dict[str, list[str]] = {}
    table = io.StringIO(qrels.removeprefix("\ufeff"))
    try:
        rows = list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        raise BeirError(
            f"qrels.tsv cannot be read ({error}): give query-id, corpus-id and score on each line."
        ) from None
    for number, row in enumerate(rows, 1):
        if not row or (number == 1 and row[0] == "query-id"):
            continue
        try:
            if float(row[2]) > 0:
                gold.setdefault(row[0], []).append(row[1])
        except (IndexError, ValueError):
            raise BeirError(
                f"qrels.tsv, line {number}: give query-id, corpus-id and score, with tabs between."
            ) from None
    found = []
    for number, line in enumerate(queries.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise BeirError(f"queries.jsonl, line {number} is not a JSON object.")
        id, text = told.get("_id", told.get("id")), told.get("text")
        if id is None or not isinstance(text, str) or not text.strip():
            raise BeirError(f"queries.jsonl, line {number}: `_id` and `text` are needed.")
        history = tuple({"role": said.role, "text": said.text} for said in history_of(told.get("history")))
        articles = tuple(dict.fromkeys(gold.get(str(id), ())))
        locale, note = told.get("locale"), told.get("note")
        found.append(
            Written(
                str(id), text.strip(), articles, history,
                locale if isinstance(locale, str) else None, note if isinstance(note, str) else "",
            )
        )  # fmt: skip
    return found


def history_of(told: Any) -> tuple[Said, ...]:
    """`history`: dicts with role and text, or strings (customer and assistant in turn, the customer first)."""
    said = []
    for i, one in enumerate(told if isinstance(told, list) else []):
        if isinstance(one, dict):
            role = "customer" if str(one.get("role", "")).lower() in {"customer", "user"} else "assistant"
            said.append(Said(role, str(one.get("text", ""))))
        else:
            said.append(Said("customer" if i % 2 == 0 else "assistant", str(one)))
    return tuple(said)
