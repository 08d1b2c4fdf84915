"""Suites and calibration: on data of the tests' own, and as a user runs them."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import ir_measures
import pytest
import typer

from bot.assess import KEPT_AS, Calibration, Point, default_calibration
from bot.house import Calibrations, House
from bot.moods import Sentiment
from bot.turn import Asked, outcome_of
from evals import commands, run
from evals.beir import EvalError, read_set, unknown_ids
from evals.calibration import Row
from evals.result import Result
from evals.suites import confidence, decisions, retrieval, searches, sentiment
from help_center.articles import store
from help_center.settings import Settings
from help_center.sources.base import SourceArticle
from tests.conftest import ARTICLES, Installation

KNOWN = {
    "returns": ["How do I return a bicycle?", "Can I send my bike back?", "When do I get my money back after a return?"],
    "tyre-pressure": ["What pressure do 32 mm tyres need?", "How hard should I pump my tyres?", "tyre pressure with luggage"],
    "bike-computer": ["How do I pair the bike computer with my phone?", "What does error E-417 mean?", "update the computer's firmware"],
    "battery-winter": ["How do I store the battery in winter?", "Where to keep my e-bike battery when it is cold?", "battery storage charge level"],
}  # fmt: skip
UNKNOWN = [
    "Do you repair broken frames?",
    "Is there a student discount?",
    "Which locks are the safest?",
    "Do you ship to Norway?",
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A set in the BEIR layout: twelve questions with an article, and as many without, twice in other words."""
    folder = tmp_path / "bicycles"
    folder.mkdir()
    corpus = [{"_id": a["id"], "title": a["title"], "text": a["body"]} for a in ARTICLES[:4]]
    queries, qrels = [], ["query-id\tcorpus-id\tscore"]
    for article, questions in KNOWN.items():
        for number, question in enumerate(questions):
            for form, text in enumerate((question, f"Hello, {question.lower()} Thanks!")):
                queries.append({"_id": f"{article}-{number}-{form}", "text": text})
                qrels.append(f"{article}-{number}-{form}\t{article}\t1")
    for number, question in enumerate(UNKNOWN * 6):
        queries.append({"_id": f"unknown-{number}", "text": f"{question} {'please ' * (number // 4)}"})
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels.tsv").write_text("\n".join(qrels) + "\n")
    return folder


def test_a_set_is_read_with_its_gold_and_history(labelled: Path) -> None:
    with open(labelled / "queries.jsonl", "a") as file:
        file.write(
            "\n"
            + json.dumps(
                {"_id": "f", "text": "and then?", "history": ["How do I return it?", "Print the label."]}
            )
        )
    found = read_set(labelled)
    assert len(found.queries) == 49
    assert found.queries[0].gold == {"returns": 1}
    assert [(said.role, said.text) for said in found.queries[-1].history] == [
        ("customer", "How do I return it?"),
        ("assistant", "Print the label."),
    ]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("queries.jsonl", '{"_id": "1"}', "line 1: `_id` and `text`"),
        ("queries.jsonl", "{", "line 1 is not JSON"),
        ("queries.jsonl", "", "holds no question"),
        ("queries.jsonl", "[" * 100_000, "line 1 is nested too deeply"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1 a 1\n", "line 2"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ta\tinf\n", "line 2: give query-id"),
        ("qrels.tsv", f"q1\t{'a' * 200_000}\t1\n", "cannot be read (field larger than"),
        ("corpus.jsonl", '{"title": "x"}', "line 1"),
        ("corpus.jsonl", "[" * 100_000, "line 1"),
    ],
)
def test_data_that_cannot_be_used_say_where(labelled: Path, file: str, text: str, told: str) -> None:
    (labelled / file).write_text(text)
    with pytest.raises(EvalError) as error:
        read_set(labelled)
    assert told in str(error.value)
    assert file in str(error.value)


def test_a_zero_byte_in_the_qrels_is_a_part_of_an_id(labelled: Path) -> None:
    with open(labelled / "qrels.tsv", "a") as file:
        file.write("returns-0-0\tre\0turns\t1\n")
    assert "re\0turns" in read_set(labelled).queries[0].gold


def test_documents_that_cannot_be_used_are_named_and_the_others_are_read(
    labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [json.loads(line) for line in (labelled / "corpus.jsonl").read_text().splitlines()]
    empty = [{"_id": f"empty-{n}", "title": "", "text": ""} for n in range(3)]
    again = {"_id": "returns", "title": "Returns", "text": "Something else."}
    lines = [*map(json.dumps, [*empty, *known, again]), "no JSON"]
    (labelled / "corpus.jsonl").write_text("\n".join(lines))
    corpus = read_set(labelled).corpus
    assert corpus is not None
    assert [article.id for article in corpus] == [one["_id"] for one in known]
    assert "Something else." not in corpus[0].body
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"parley: {labelled / 'corpus.jsonl'}: 5 of 9 documents are left out: ")
    assert "line 1: `title` is empty; corpus.jsonl, line 2" in told
    assert told.endswith("; and 2 more.")
    (labelled / "corpus.jsonl").write_text("\n".join(map(json.dumps, [*known, again])))
    read_set(labelled)
    assert "its id 'returns' is taken by corpus.jsonl, line 1" in capsys.readouterr().err
    (labelled / "corpus.jsonl").write_text("\n".join(map(json.dumps, empty)))
    with pytest.raises(EvalError, match=r"no article that can be read; corpus\.jsonl, line 1"):
        read_set(labelled)


@pytest.mark.parametrize(
    "header", ["query-id\tcorpus-id\tscore\n", "", "\ufeffquery-id\tcorpus-id\tscore\n", "a title\n"]
)
def test_qrels_are_read_whole_with_their_header_or_without(labelled: Path, header: str) -> None:
    whole = read_set(labelled)
    _, rows = (labelled / "qrels.tsv").read_text().split("\n", 1)
    (labelled / "qrels.tsv").write_text(header + rows)
    assert read_set(labelled).queries == whole.queries


def test_a_broken_first_line_that_names_a_question_is_no_header(labelled: Path) -> None:
    (labelled / "qrels.tsv").write_text("returns-0-0\treturns\nreturns-0-1\treturns\t1\n")
    with pytest.raises(EvalError, match="line 1: give query-id"):
        read_set(labelled)


def test_ids_that_are_not_there_are_named(labelled: Path) -> None:
    with_corpus = read_set(labelled)
    live = replace(with_corpus, corpus=None)
    assert unknown_ids(live, set(KNOWN)) is None
    told = unknown_ids(live, {"returns", "battery-winter"})
    assert told is not None
    assert "not in the index" in told
    assert ": tyre-pressure, bike-computer. Mend" in told
    assert "not in corpus.jsonl: returns" in str(unknown_ids(with_corpus, set(KNOWN) - {"returns"}))
    assert "parley index" in str(unknown_ids(live, set()))
    with open(labelled / "qrels.tsv", "a") as file:
        file.writelines(f"nobody-{n}\treturns\t1\n" for n in range(7))
    told = unknown_ids(read_set(labelled), set(KNOWN))
    assert told is not None
    assert "queries.jsonl does not hold: nobody-0, nobody-1" in told
    assert "and 2 more" in told


def test_ids_that_are_not_there_are_told_before_anything_is_asked_and_refused_where_none_is(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(run, "can_be_fitted", lambda labelled: asked.append(labelled) or stop())
    (tmp_path / "kept").mkdir()
    settings = Settings(_env_file=None, data_dir=tmp_path / "kept")  # type: ignore[call-arg]
    qrels = (labelled / "qrels.tsv").read_text()
    (labelled / "qrels.tsv").write_text(qrels.replace("\treturns\t", "\tretruns\t"))
    with pytest.raises(Stopped):
        run.calibrate(settings, read_set(labelled))
    assert "not in corpus.jsonl: retruns. Mend" in capsys.readouterr().err
    (mended,) = asked
    assert {query.id for query in mended.queries if not query.gold} >= {"returns-0-0", "returns-0-1"}
    assert any(query.gold for query in mended.queries)
    monkeypatch.undo()
    monkeypatch.setattr(run, "_rows", lambda *_: pytest.fail("asked"))
    (labelled / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n")
    with pytest.raises(EvalError, match="names no article"):
        run.calibrate(settings, read_set(labelled))
    (labelled / "corpus.jsonl").unlink()
    (labelled / "qrels.tsv").write_text(qrels)
    with pytest.raises(EvalError, match="the index is empty"):
        run.calibrate(settings, read_set(labelled))
    with pytest.raises(EvalError, match="the index is empty"):
        run.run_suites(settings, ["retrieval"], labelled, None)


class Stopped(Exception):
    pass


def stop() -> None:
    raise Stopped


def fitted_to(
    folder: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch, bound: float, wrong: int
) -> tuple[dict[str, Any], Calibration]:
    """What `parley calibrate` tells of a fit that answers 40 of 100 questions, and what is kept of it."""
    (folder / "var").mkdir()
    settings = Settings(_env_file=None, data_dir=folder / "var")  # type: ignore[call-arg]
    made = replace(default_calibration(), is_default=False, table=(Point(0.8, 40, 2, 100, bound),))
    rows = [
        Row("one", f"returns-{i % 3}-0", (0.0,), i >= wrong, True, vector=(1.0, 0.0), gold=("returns",))
        for i in range(100)
    ]
    monkeypatch.setattr(run, "_rows", lambda *_: rows)
    monkeypatch.setattr(run, "fit", lambda *_, **__: (made, rows, [0.9] * 40 + [0.1] * 60))
    told = run.calibrate(settings, read_set(labelled))
    assert dict(told.facts).get("Beware") == told.document["warning"]
    return told.document, run.kept_calibration(settings)


@pytest.mark.parametrize(
    ("bound", "wrong", "stays", "warning"),
    [
        (0.08, 2, True, None),
        (0.08, 20, False, "not kept: at the dial of 0.1, 20 of 40 answers were wrong"),
        (0.2, 2, True, "the lowest dial at which some are is 0.2."),
        (0.6, 2, True, "promises nothing: at no dial up to 0.5"),
    ],
)
def test_a_fit_is_kept_only_when_honest_and_one_that_answers_nothing_says_so(
    tmp_path: Path,
    labelled: Path,
    monkeypatch: pytest.MonkeyPatch,
    bound: float,
    wrong: int,
    stays: bool,
    warning: str | None,
) -> None:
    told, kept = fitted_to(tmp_path, labelled, monkeypatch, bound, wrong)
    assert told["kept"] == stays == (not kept.is_default)
    assert (kept.precedents is not None) == stays
    assert (told["warning"] is None) if warning is None else (warning in told["warning"])


def test_a_fit_on_other_articles_than_the_index_holds_says_so(
    tmp_path: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Calibrations, "_gone", lambda *_: True)
    told, in_force = fitted_to(tmp_path, labelled, monkeypatch, 0.08, 2)
    assert told["kept"]
    assert in_force.is_default
    assert told["warning"].startswith("kept, but not in force: your index holds other articles")


def test_a_fit_that_is_not_kept_is_told_with_status_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    refused = Result("calibration", {}, {"kept": False, "warning": "not kept: so it is."})
    monkeypatch.setattr(run, "calibrate", lambda settings, labelled: refused)
    with pytest.raises(typer.Exit) as ended:
        commands.calibrate(labelled, as_json=True)
    assert ended.value.exit_code == 1
    told = capsys.readouterr()
    assert told.err == "parley: not kept: so it is.\n"
    assert json.loads(told.out) == refused.document


def test_a_reset_goes_back_to_the_shipped_default(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    house = House(settings)
    house.database.keep_fact(KEPT_AS, default_calibration().json() | {"fitted_on": "a test"})
    house.close()
    told = run.reset(settings)
    assert (told["had"], told["default"], told["fitted_on"]) == (True, True, default_calibration().fitted_on)
    assert told["answer_from"] == default_calibration().threshold(0.1)
    assert run.kept_calibration(settings).is_default
    assert not run.reset(settings)["had"]


def test_a_ranking_is_judged_by_its_order(labelled: Path, tmp_path: Path) -> None:
    data = read_set(labelled)

    def right_article_second(text: str, depth: int, history: object) -> list[str]:
        gold = next(query.gold for query in data.queries if query.text == text)
        return ["something-else", *gold]

    result = retrieval.judge(data, right_article_second, tmp_path / "run.txt", {"R@1": 0.5})
    assert result.figures["R@1"] == 0.0
    assert result.figures["MRR@10"] == pytest.approx(0.5)
    assert result.figures["nDCG@10"] == pytest.approx(0.6309, abs=1e-4)
    assert [gate.held for gate in result.gates] == [False]
    assert (tmp_path / "run.txt").read_text().splitlines()[:2] == [
        "returns-0-0 Q0 something-else 1 2 parley",
        "returns-0-0 Q0 returns 2 1 parley",
    ]


def test_a_run_that_is_read_again_keeps_its_order(labelled: Path, tmp_path: Path) -> None:
    """Programs read a run by its scores, and put those that are equal in an order of their own."""
    data = read_set(labelled)
    order = [f"z{9 - n // 10}{9 - n % 10}" for n in range(100)]
    retrieval.judge(data, lambda text, depth, history: order, tmp_path / "run.txt", {})
    read = [
        row for row in ir_measures.read_trec_run(str(tmp_path / "run.txt")) if row.query_id == "returns-0-0"
    ]
    assert [row.doc_id for row in sorted(read, key=lambda row: (-row.score, row.doc_id))] == order


def an_answer(shown: list[str], found: list[str]) -> dict[str, Any]:
    sources = [{"article_id": id} for id in shown]
    return {"action": "answer", "confidence": 0.8, "message": {"sources": sources}, "found": found}


@pytest.mark.parametrize(
    ("shown", "found", "right"),
    [
        (["returns"], ["tyre-pressure", "returns"], False),
        (["tyre-pressure"], ["returns", "tyre-pressure"], True),
        ([], [], False),
    ],
)
def test_an_answer_is_right_by_the_first_of_the_sources_that_are_told(
    labelled: Path, shown: list[str], found: list[str], right: bool
) -> None:
    data = read_set(labelled)
    asked = replace(data, queries=data.queries[:1])
    result = confidence.judge(
        asked, lambda text, history: an_answer(shown, found), 0.1, False, default_calibration()
    )
    (row,) = result.document["queries"]
    assert (row["sources"], row["right"]) == (found, right)
    assert result.figures["wrong"] == (0.0 if right else 1.0)


def test_a_decision_is_judged_only_by_what_is_expected(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    cases = [
        {
            "id": "a",
            "turns": [{"customer": "agent"}],
            "expect": {"action": "escalate", "reasons": ["requested_human"]},
        },
        {"id": "b", "turns": [{"customer": "hi"}], "expect": {}},
        {"id": "c", "turns": [{"customer": "x"}], "expect": {"article_ids": ["returns"]}},
    ]
    file.write_text("\n".join(map(json.dumps, cases)))
    turn = {"action": "escalate", "reasons": ["requested_human"], "message": {"sources": []}}
    result = decisions.judge(file, lambda texts: turn, {})
    assert result.figures["action held"] == 1.0
    assert result.figures["article_ids held"] == 0.0
    assert result.figures["requested_human recall"] == 1.0
    assert [(bar.name, bar.hits, bar.n) for bar in result.bars[1].rows] == [("requested_human", 1, 1)]
    assert len(result.misses) == 1


@pytest.mark.parametrize(
    "case",
    [
        {"turns": []},
        {"turns": ["hi"]},
        {"turns": [{"customer": "hi"}, {}]},
        {"turns": {"customer": "hi"}},
        {"id": None},
        {"expect": "answer"},
        {"expect": None},
        {"expect": [["action", "answer"]]},
        {"expect": {"action": ["answer"]}},
        {"expect": {"reasons": "low_confidence"}},
        {"expect": {"article_ids": [{"id": "returns"}]}},
    ],
)
def test_a_case_that_cannot_be_judged_is_named(tmp_path: Path, case: dict[str, Any]) -> None:
    file = tmp_path / "cases.jsonl"
    good = {"id": "a", "turns": [{"customer": "hi"}], "expect": {"action": "chat", "reasons": None}}
    file.write_text("\n".join(map(json.dumps, [good, good | case])))
    turn = {"action": "chat", "reasons": [], "message": None}
    with pytest.raises(EvalError, match=r"cases.jsonl, line 2: .*`(id|expect)`"):
        decisions.judge(file, lambda texts: turn, {})


def test_moods_and_wishes_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "moods.jsonl"
    rows = [
        {"text": "useless", "label": "negative"},
        {"text": "error 500", "label": "neutral", "wants_human": False},
        {"text": "agent please", "wants_human": True},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    result = sentiment.judge(file, lambda text: Sentiment("negative", -1.0), {})
    assert result.figures["negative precision"] == 0.5
    assert result.figures["negative recall"] == 1.0
    assert result.figures["wants_human recall"] == 1.0
    assert [row["label"] for row in result.document["rows"]] == ["negative"] * 3


@pytest.mark.slow
def test_calibrating_keeps_a_fit_that_the_judge_then_uses(installation: Installation, labelled: Path) -> None:
    page = installation.folder / "fitted.html"
    done = installation.parley("calibrate", "--data", str(labelled), "--report", str(page), "--json")
    told = json.loads(done.stdout)
    assert "Calibration report" in page.read_text()
    assert told["questions"] == 48
    assert told["auroc"] > 0.7
    assert re.fullmatch(r"\d+ questions of “\w+”(, asked again without their articles)?", told["fitted_on"])
    checks = json.loads(installation.parley("doctor", "--json").stdout)["checks"]
    assert "fitted for this installation" in next(c["told"] for c in checks if c["name"] == "confidence")
    judged = json.loads(
        installation.parley("eval", "confidence", "--data", str(labelled), "--json", check=False).stdout
    )
    assert {"queries", "ece", "auroc", "dial", "wrong", "coverage"} <= judged.keys()
    row = judged["queries"][0]
    assert row.keys() == {"id", "action", "confidence", "sources", "right"}
    assert row["sources"][0] == "returns"
    assert "the shipped default is in force" in installation.parley("calibrate", "--reset").stdout
    checks = json.loads(installation.parley("doctor", "--json").stdout)["checks"]
    assert "the shipped default" in next(c["told"] for c in checks if c["name"] == "confidence")
    for words in ((), ("--reset", "--data", str(labelled))):
        refused = installation.parley("calibrate", *words, check=False)
        assert refused.returncode == 2
        assert "--reset" in refused.stderr


@pytest.mark.slow
def test_what_nothing_answered_before_is_heard_until_something_new_answers(
    tmp_path: Path, labelled: Path
) -> None:
    """The labelled set on a live index: a question like one that nothing answers is less sure, as long as the passage that
    search puts first says what it said."""
    (labelled / "corpus.jsonl").unlink()
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    house = House(settings)
    articles = [SourceArticle(id=one["id"], title=one["title"], body=one["body"]) for one in ARTICLES[:4]]

    def index(*changed: SourceArticle) -> None:
        with house.database.write() as session:
            for article in changed:
                store(session, article, "test")
        house.indexer.sync()

    def ask(question: str) -> tuple[str, float, dict[str, float]]:
        told = asyncio.run(outcome_of(Asked(question), house.parts))
        return told.found[0], told.confidence or 0.0, told.record["precedents"]

    try:
        index(*articles)
        house.close()
        run.calibrate(settings, read_set(labelled))
        house = House(settings)
        _, known, said = ask("How hard should I pump up my tyres?")
        assert said["asked_same"] > 0.9 > said["asked_unanswered"]
        found, unknown, said = ask("Could you repair my broken frame?")
        assert said["asked_unanswered"] > 0.8 > said["asked_answered"]
        fitted = house.calibrations()
        silent = replace(fitted, precedents=None)
        house.calibrations.use(silent)
        _, surer, said = ask("Could you repair my broken frame?")
        assert (unknown < surer, said) == (True, {})
        assert known > ask("How hard should I pump up my tyres?")[1]
        house.calibrations.use(fitted)
        others = [one for one in articles if one.id != found]
        index(*(replace(one, body=f"{one.body}\n\nWe are there from nine to five.") for one in others))
        assert ask("Could you repair my broken frame?")[2]  # what was found stands as it stood
        index(SourceArticle(id="frames", title="We repair broken frames", body="We repair broken frames."))
        found, surer, said = ask("Could you repair my broken frame?")
        assert (found, surer > unknown, said) == ("frames", True, {})
    finally:
        house.close()


@pytest.mark.slow
def test_a_run_file_is_written_and_the_metrics_are_told(
    installation: Installation, labelled: Path, tmp_path: Path
) -> None:
    file = tmp_path / "run.trec"
    told = json.loads(
        installation.parley("eval", "retrieval", "--data", str(labelled), "--run", str(file), "--json").stdout
    )
    assert told["R@1"] > 0.8
    assert told["answerable"] == 24
    first = file.read_text().splitlines()[0].split()
    assert (first[0], first[1], first[3], first[5]) == ("returns-0-0", "Q0", "1", "parley")


def test_a_file_that_is_not_there_is_named_as_it_was_given(installation: Installation) -> None:
    done = installation.parley("eval", "sentiment", "--data", "nofile.jsonl", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "parley: nofile.jsonl cannot be read (No such file or directory): check that it is there and yours.\n"
    )


def test_data_that_are_broken_end_a_command_with_one_line_and_status_2(
    installation: Installation, tmp_path: Path
) -> None:
    for suite, name, text in (
        ("decisions", "cases.jsonl", '{"id": 1, "turns": [], "expect": {}}'),
        ("sentiment", "sentiment.jsonl", "[" * 100_000),
    ):
        (tmp_path / name).write_text(text)
        done = installation.parley("eval", suite, "--data", str(tmp_path), check=False)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert f"{name}, line 1" in done.stderr


@pytest.mark.slow
def test_decisions_are_the_same_through_a_running_server(
    shop_installation: Installation, tmp_path: Path
) -> None:
    """There, too, a second miss is known for one, and what was asked back."""
    cases = [
        {"id": texts[-1], "turns": [{"customer": text} for text in texts], "expect": {"action": "escalate"}}
        for texts in (["bicycle", "bicycle"], ["bicycle pressure store", "both"])
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    words = ("eval", "decisions", "--data", str(tmp_path), "--json")
    alone = json.loads(shop_installation.parley(*words).stdout)["cases"]
    assert [row["held"] for row in alone] == [{"action": True}] * 2
    shop_installation.serve()
    assert json.loads(shop_installation.parley(*words).stdout)["cases"] == alone


def test_an_unknown_suite_is_refused(installation: Installation) -> None:
    done = installation.parley("eval", "speling", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("parley: there is no suite 'speling'")


def test_searches_are_judged_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "searches.jsonl"
    rows = [
        {"kind": "typo", "text": "refnd", "article_ids": ["refunds"]},
        {"kind": "typo", "text": "inovice", "article_ids": ["invoices"]},
        {"kind": "code", "text": "E-417", "article_ids": ["pump"]},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    ranked = {"refnd": ["refunds"], "inovice": ["refunds", "invoices"], "E-417": []}
    result = searches.judge(file, lambda text, depth: ranked[text], {"typo R@1": 0.6, "code R@1": 0.0})
    assert [(bar.name, bar.hits, bar.n) for bar in result.bars[0].rows] == [("typo", 1, 2), ("code", 0, 1)]
    assert result.figures == {"typo R@1": 0.5, "typo R@5": 1.0, "code R@1": 0.0, "code R@5": 0.0}
    assert [gate.held for gate in result.gates] == [False, True]
    assert len(result.misses) == 2
    file.write_text(json.dumps({"kind": "typo", "text": "refnd"}))
    with pytest.raises(EvalError, match="line 1"):
        searches.judge(file, lambda text, depth: [], {})
