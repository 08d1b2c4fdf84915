"""The suites that read single messages: wishes and topics. A scripted reader stands in for the bot."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from bot.topics import TOPICS
from evals.beir import EvalError
from evals.run import CASES
from evals.suites import topics, wishes
from evals.typing_errors import mistyped


def written(file: Path, rows: list[dict[str, object]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_wishes_are_counted_by_language_and_with_typing_errors(tmp_path: Path) -> None:
    file = written(
        tmp_path / "wishes.jsonl",
        [
            {"text": "agent", "wants_human": True},
            {"text": "agnet", "wants_human": True, "typed_from": "agent"},
            {"text": "price?", "wants_human": False},
            {"text": "agente", "wants_human": True, "language": "es"},
        ],
    )
    result = wishes.judge(
        file,
        lambda text: text in {"agent", "price?"},
        halves=False,
        gates={"en recall": 1.0, "en false alarms": 0.5},
    )
    assert result.figures == {
        "en recall": 1.0,
        "en mistyped recall": 0.0,
        "en false alarms": 1.0,
        "es recall": 0.0,
    }
    assert [gate.held for gate in result.gates] == [True, False]
    assert len(result.misses) == 3
    assert [row["wants_human"] for row in result.document["rows"]] == [True, False, True, False]


def test_the_half_that_was_developed_on_is_told_apart(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"wish {n}", "wants_human": True} for n in range(40)]
    file = written(tmp_path / "wishes.jsonl", rows)
    result = wishes.judge(file, lambda text: not wishes.developed_on({"text": text}), halves=True, gates={})
    assert result.figures == {"en recall": 1.0, "(developed on) en recall": 0.0}
    assert not result.misses


def test_a_mistyped_case_is_in_the_half_of_its_wording() -> None:
    cases = [json.loads(line) for line in (CASES / "wishes.jsonl").read_text(encoding="utf-8").splitlines()]
    halves = {case["text"]: wishes.developed_on(case) for case in cases}
    typed = [case for case in cases if "typed_from" in case]
    assert sum(case["wants_human"] for case in typed) >= 300
    assert all(halves[case["text"]] == halves[case["typed_from"]] for case in typed)


def test_what_was_mistyped_by_hand_is_never_fitted(tmp_path: Path) -> None:
    cases = [json.loads(line) for line in (CASES / "wishes.jsonl").read_text(encoding="utf-8").splitlines()]
    by_hand = [case for case in cases if "by_hand" in case]
    assert sum(case["wants_human"] for case in by_hand) >= 300
    assert not any(wishes.developed_on(case) for case in by_hand)
    fitted = {case["text"] for case in cases if wishes.developed_on(case)}
    assert not fitted & {case["text"] for case in by_hand}
    file = written(tmp_path / "wishes.jsonl", [{"text": "agetn", "wants_human": True, "by_hand": True}])
    result = wishes.judge(file, lambda text: True, halves=True, gates={})
    assert result.figures == {"en mistyped by hand recall": 1.0}


def test_each_language_has_wishes_and_near_misses() -> None:
    cases = [json.loads(line) for line in (CASES / "wishes.jsonl").read_text(encoding="utf-8").splitlines()]
    counts = Counter((case["language"], case["wants_human"]) for case in cases)
    assert {language for language, _ in counts} == {"en", "de", "es", "fr", "pt", "it", "nl"}
    assert min(counts.values()) >= 23


def test_topics_are_counted_by_name_and_near_misses_apart(tmp_path: Path) -> None:
    file = written(
        tmp_path / "topics.jsonl",
        [
            {"text": "I will sue", "topic": "legal_threat", "meant": True},
            {"text": "legal page", "topic": "legal_threat", "meant": False},
            {"text": "old case", "topic": "abuse", "meant": True, "developed_on": True},
        ],
    )
    result = topics.judge(file, lambda text: ("legal_threat",), {"all recall": 0.9, "all false alarms": 0.5})
    assert result.figures["all recall"] == 1.0
    assert result.figures["all false alarms"] == 1.0
    assert result.figures["(developed on) abuse recall"] == 0.0
    assert result.figures["precision"] == 0.5
    assert [gate.held for gate in result.gates] == [True, False]


def test_each_topic_has_cases_that_were_written_after_the_rules() -> None:
    cases = [json.loads(line) for line in (CASES / "topics.jsonl").read_text(encoding="utf-8").splitlines()]
    counts = Counter((case["topic"], case["meant"]) for case in cases)
    fresh = Counter((case["topic"], case["meant"]) for case in cases if not case["developed_on"])
    assert set(counts) == {(topic, meant) for topic in TOPICS for meant in (True, False)}
    assert min(counts.values()) >= 25
    assert min(fresh.values()) >= 10


def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="line 1: `text` and `wants_human`"):
        wishes.judge(
            written(tmp_path / "a.jsonl", [{"text": "hi"}]), lambda text: True, halves=False, gates={}
        )
    with pytest.raises(EvalError, match="line 1: `text`, `topic`"):
        topics.judge(
            written(tmp_path / "b.jsonl", [{"text": "hi", "topic": "weather", "meant": True}]),
            lambda text: (),
            {},
        )


def test_typing_errors_change_the_text_a_little_and_the_same_seed_makes_the_same() -> None:
    text = "Could I please speak with one of your colleagues?"
    assert mistyped(text, Random(1)) == mistyped(text, Random(1)) != text
    assert all(abs(len(mistyped(text, Random(seed))) - len(text)) <= 3 for seed in range(50))
    assert mistyped("?", Random(1)) == "?"
