"""Our own sentences about the shipped help center: each finds its passage, and the check is judged by kind."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evals.beir import EvalError
from evals.run import CASES, shipped_articles
from evals.suites.sentences import KINDS, Passages, judge, read_cases, to_fit
from retrieval.embedders import Embedder, open_embedder

FILE = CASES / "sentences.jsonl"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder(None)


def test_every_case_finds_its_passage(embedder: Embedder) -> None:
    passages = Passages(shipped_articles(), embedder)
    lost = [case.id for case in read_cases(FILE) if case.passage not in passages.sources]
    assert lost == [], "headings were changed: put the new ones into evals/cases/sentences.jsonl"


def test_the_cases_are_of_every_kind_in_both_halves_and_none_is_there_twice() -> None:
    cases = read_cases(FILE)
    counts = Counter((case.kind, to_fit(case.article)) for case in cases)
    assert all(counts[kind, half] >= 30 for kind in KINDS for half in (True, False))
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.supported == (case.kind in {"copy", "paraphrase"}) for case in cases)
    said = Counter((case.passage, case.sentence) for case in cases)
    assert [key for key, number in said.items() if number > 1] == []


def test_it_judges_by_kind(tmp_path: Path, embedder: Embedder) -> None:
    file = tmp_path / "sentences.jsonl"
    about = {"article": "confidence", "heading": ""}
    rows = [
        {
            "kind": "copy",
            "supported": True,
            "sentence": "A confidence of 0.8 means that about eight in ten such answers are right.",
        },
        {
            "kind": "number",
            "supported": False,
            "sentence": "A confidence of 0.8 means that about six in ten such answers are right.",
        },
    ]
    file.write_text("\n".join(json.dumps({"id": row["kind"]} | about | row) for row in rows))
    assert not to_fit("confidence")
    result = judge(file, shipped_articles(), embedder, {"number caught": 0.9, "true lost": 0.05})
    assert result.figures["copy lost"] == 0
    assert result.figures["number caught"] == 1
    assert all(gate.held for gate in result.gates)
    assert [row["kept"] for row in result.document["rows"]] == [True, False]


def test_a_case_that_cannot_be_used_says_so(tmp_path: Path, embedder: Embedder) -> None:
    file = tmp_path / "sentences.jsonl"
    row = {
        "id": "x",
        "article": "confidence",
        "heading": "gone",
        "sentence": "A.",
        "kind": "copy",
        "supported": True,
    }
    file.write_text(json.dumps(row))
    with pytest.raises(EvalError, match="no section"):
        judge(file, shipped_articles(), embedder, {})
    file.write_text(json.dumps(row | {"kind": "odd"}))
    with pytest.raises(EvalError, match="the kinds are"):
        judge(file, shipped_articles(), embedder, {})
    file.write_text(json.dumps({"id": "x"}))
    with pytest.raises(EvalError, match="is needed"):
        judge(file, shipped_articles(), embedder, {})
