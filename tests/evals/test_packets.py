"""The packets suite: it counts what it says it counts, and our own cases reach their gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.beir import EvalError
from evals.handing_over import handing_over
from evals.run import CASES, GATES
from evals.suites import packets


def file_of(folder: Path, *cases: dict[str, Any]) -> Path:
    file = folder / "packets.jsonl"
    file.write_text("\n".join(json.dumps(case) for case in cases), encoding="utf-8")
    return file


def hand(said: Any) -> dict[str, Any]:
    """A packet that lists the number 4471, and a thing that nobody named."""
    return {
        "facts": [{"kind": "reference", "value": "B-4471"}, {"kind": "product", "value": "Moon"}],
        "question": "Where is my parcel?", "summary": "They said Leeds.", "transcript": [{"text": text} for _, text in said],
    }  # fmt: skip


def test_listed_told_shortly_and_only_in_the_transcript_are_counted_apart(tmp_path: Path) -> None:
    facts = [
        {"kind": "name", "value": "b-4471"},
        {"kind": "product", "value": "Leeds"},
        {"kind": "date", "value": "12 March"},
    ]
    case = {"said": [{"customer": "B-4471 to Leeds on 12 March"}], "facts": facts}
    figures = packets.judge(file_of(tmp_path, case), hand, {}, own=False).figures
    assert figures["recall"] == pytest.approx(1 / 3)
    assert figures["kind right"] == 0
    assert figures["in the packet"] == pytest.approx(2 / 3)
    assert figures["in the transcript"] == 1
    assert figures["precision"] == 0.5


@pytest.mark.parametrize(
    "case",
    [
        {"facts": []},
        {"said": [], "facts": []},
        {"said": [{"agent": "x"}], "facts": []},
        {"said": [{"customer": "x"}], "facts": [{}]},
    ],
)
def test_a_case_that_cannot_be_used_is_named(tmp_path: Path, case: dict[str, Any]) -> None:
    with pytest.raises(EvalError, match="line 1"):
        packets.judge(file_of(tmp_path, case), hand, {}, own=False)


@pytest.mark.slow
def test_our_own_cases_reach_their_gates() -> None:
    with handing_over() as over:
        result = packets.judge(CASES / "packets.jsonl", over, GATES["packets"], own=True)
    assert [f"{gate.name}: {gate.value}" for gate in result.gates if not gate.held] == []
    assert (result.figures["cases"] or 0) + (result.figures["(developed on) cases"] or 0) >= 60
