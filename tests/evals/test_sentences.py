"""Our own sentences about the shipped help center: each finds its passage, and the check is judged by kind."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from evals.beir import EvalError
from evals.light_edits import light_edits
from evals.reading.examples import written
from evals.run import CASES, shipped_articles, trades
from evals.suites.sentences import KINDS, Passages, _plain, edited, judge, read_cases
from retrieval.embedders import Embedder, open_embedder

FITTED, UNSEEN = CASES / "sentences.jsonl", CASES / "sentences_unseen.jsonl"
ANOTHER = CASES / "sentences_another.jsonl"  # by other hands


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder(None)


@pytest.fixture(scope="module")
def passages(embedder: Embedder) -> Passages:
    return Passages(shipped_articles() + trades(), embedder)


@pytest.mark.parametrize("file", [FITTED, UNSEEN, ANOTHER])
def test_every_case_finds_its_passage(file: Path, passages: Passages) -> None:
    lost = [case.id for case in read_cases(file) if case.passage not in passages.sources]
    assert lost == [], f"headings were changed: put the new ones into {file}"


def test_the_cases_are_of_every_kind_and_no_article_is_in_both_files() -> None:
    fitted, unseen, another = (read_cases(file) for file in (FITTED, UNSEEN, ANOTHER))
    for cases in (fitted, unseen, another):
        counts = Counter(case.kind for case in cases)
        assert all(counts[kind] >= (20 if kind == "other" else 40) for kind in KINDS)
        assert len({case.id for case in cases}) == len(cases)
        assert all(case.supported == (case.kind in {"copy", "paraphrase"}) for case in cases)
        said = Counter((case.passage, case.sentence) for case in cases)
        assert [key for key, number in said.items() if number > 1] == []
    assert not {case.article for case in fitted} & {case.article for case in (*unseen, *another)}
    trades_read = {one.trade for one in written(CASES / "passages.jsonl")}
    assert not trades_read & {case.article for case in (*unseen, *another)}, "the reader was fitted on these"
    assert sum(case.kind == "paraphrase" for case in unseen) >= 75


def test_light_edits_keep_what_is_said(passages: Passages) -> None:
    made = light_edits(
        "Customers press the big button once; the box opens when the light is green.", random.Random(1)
    )
    assert made[1].endswith("green.")
    assert "Customers press the big button once." in made
    assert "The box opens when the light is green." in made
    assert light_edits("| a | table |", random.Random(1)) == []
    some = edited(read_cases(UNSEEN), passages, 50)
    assert len(some) == 50
    assert some == edited(read_cases(UNSEEN), passages, 50)


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
    result = judge(file, shipped_articles(), embedder, {"number caught": 0.9, "true lost": 0.05})
    assert result.figures["copy in doubt"] == 0
    assert result.figures["number caught"] == 1
    assert all(gate.held for gate in result.gates)
    assert [row["kept"] for row in result.document["rows"] if row["kind"] != "edited"] == [True, False]


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


def test_what_a_case_says_should_stand_stands_in_its_passage(passages: Passages) -> None:
    for case in (*read_cases(FITTED), *read_cases(UNSEEN), *read_cases(ANOTHER)):
        there = _plain(passages.sources[case.passage].text)
        assert all(_plain(one) in there for all_of in case.says for one in all_of), case.id
