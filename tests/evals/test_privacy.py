"""The privacy suite: what is caught, what is left, and what is masked for nothing, counted on data of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.beir import EvalError
from evals.run import CASES, GATES
from evals.suites import privacy
from help_center.personal_data import EMAIL, PASSWORD, PHONE, Find, finds


def write(file: Path, *rows: object) -> Path:
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_recall_precision_and_false_alarms_are_counted_apart(tmp_path: Path) -> None:
    file = write(
        tmp_path / "cases.jsonl",
        {"text": "pw: sesame7", "private": {"password": ["sesame7"]}},
        {"text": "pw is sesame7", "private": {"password": ["sesame7"]}},
        {"text": "ada@example.org", "private": {"email": ["ada@example.org"]}},
        {"text": "error 4471", "private": {}},
        {"text": "hello", "private": {}},
    )
    found = {
        "pw: sesame7": [Find(4, 11, PASSWORD)],
        "pw is sesame7": [Find(6, 10, PASSWORD)],  # a part only: it is not hidden
        "ada@example.org": [Find(0, 15, EMAIL)],
        "error 4471": [Find(6, 10, PHONE)],
    }
    result = privacy.judge(file, lambda text: found.get(text, []), {"recall": 0.9, "false alarms": 0.4})
    assert result.figures["password recall"] == 0.5
    assert result.figures["password precision"] == 1.0
    assert result.figures["recall"] == pytest.approx(2 / 3)
    assert result.figures["precision"] == 0.75
    assert result.figures["false alarms"] == 0.5
    assert [gate.held for gate in result.gates] == [False, False]
    assert len(result.misses) == 2


def test_the_spans_of_others_are_read_and_what_is_not_looked_for_is_told(tmp_path: Path) -> None:
    spans = [
        {"start": 0, "end": 3, "type": "PERSON"},
        {"start": 4, "end": 19, "type": "EMAIL_ADDRESS"},
        {"start": 20, "end": 31, "type": "US_SSN"},
    ]
    file = write(tmp_path / "data.jsonl", {"text": "Ada ada@example.org 123-45-6789", "spans": spans})
    result = privacy.judge(file, lambda text: [Find(4, 19, EMAIL), Find(20, 31, PHONE)], {})
    assert result.figures["email recall"] == 1.0
    assert result.figures["precision"] == 0.5
    assert result.figures["precision, other private data counted as right"] == 1.0
    assert result.figures["PERSON, not looked for: masked"] == 0.0
    assert result.figures["false alarms"] is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"private": {}}, "line 1: `text`"),
        ({"text": "x"}, "line 1: give `private`"),
        ({"text": "x", "private": {"name": ["x"]}}, "lists by kind"),
        ({"text": "x", "private": {"key": ["y"]}}, "is not in the text"),
        ({"text": "x", "spans": [{"start": 0}]}, "a span needs"),
    ],
)
def test_cases_that_cannot_be_used_say_where(tmp_path: Path, row: object, told: str) -> None:
    with pytest.raises(EvalError, match=told):
        privacy.judge(write(tmp_path / "cases.jsonl", row), finds, {})


def test_our_own_cases_hold_their_gates() -> None:
    result = privacy.judge(CASES / "privacy.jsonl", finds, GATES["privacy"])
    assert [gate.name for gate in result.gates if not gate.held] == []
    assert len(result.document["rows"]) > 200
