"""The report: what it says, what it draws, and that it needs nothing from elsewhere."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bot.assess import default_calibration
from evals.beir import LabelledSet, Query, digest
from evals.report import as_html, as_text, plots, promise
from evals.report.meanings import meaning
from evals.result import Bar, Bars, Cost, Forecast, Gate, Result
from evals.scores import count_bound, reliability
from evals.suites import confidence, decisions

NBSP = "\u00a0"


def forecast(n: int = 400, threshold: float | None = 0.8, dial: float = 0.1) -> Forecast:
    """A true forecast of `n` questions."""
    dice = random.Random(3)
    sure = tuple(dice.random() for _ in range(n))
    right = tuple(dice.random() < confidence for confidence in sure)
    reached = [
        was for confidence, was in zip(sure, right, strict=True) if threshold and confidence >= threshold
    ]
    given = Cost(dial, threshold, n, len(reached), len(reached) - sum(reached))
    costs = (Cost(0.01, None, n, 0, 0), given, Cost(0.2, 0.6, n, 160, 30))
    return Forecast(sure, right, given, costs)


def result(**given: object) -> Result:
    return replace(Result("confidence", {"ece": 0.02, "auroc": 0.9}, {}, forecast=forecast()), **given)  # type: ignore[arg-type]


class Read(HTMLParser):
    """What a browser would load, and whether every element that is opened is closed."""

    VOID = {"meta", "link", "line", "rect", "circle", "path", "br"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.named: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action"}]
        if tag == "svg":
            self.named.append(told.get("role") == "img" and len(told.get("aria-label") or "") > 40)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing() -> None:
    read = Read(as_html([result(), Result("searches", {"typo R@1": 0.5}, {})]))
    assert read.open == []
    assert all(address.startswith("#") or address == "data:," for address in read.addresses)
    assert "script" not in read.counts
    assert "@import" not in as_html([result()])
    assert "url(" not in as_html([result()])


def test_every_picture_has_words_and_a_table_and_every_table_a_caption() -> None:
    read = Read(as_html([result()]))
    assert read.named == [True] * 3
    assert read.counts["details"] >= 3
    assert read.counts["table"] == read.counts["caption"]


def test_the_dial_says_what_it_gives_and_costs() -> None:
    given = Cost(0.1, 0.71, 1000, 310, 20, 0.094)
    told = promise(replace(forecast(), given=given)).replace(NBSP, " ")
    bound = f"{100 * count_bound(20, 310):.1f} %"
    assert told.startswith(
        "At a dial of 10 %, 31 % of the questions are answered; 6.5 % of these answers are wrong"
    )
    assert "the fit promises at most 9.4 % (upper bound, right in 4 of 5 cases)" in told
    assert f"Counted from these 310 answers alone, it could be up to {bound} (90 % confidence)" in told
    assert told in as_text([result(forecast=replace(forecast(), given=given))]).replace(NBSP, " ")


def test_each_dial_is_told_with_the_bound_that_the_fit_promises() -> None:
    costs = (Cost(0.1, 0.71, 1000, 310, 20, 0.0931),)
    page = as_html([result(forecast=replace(forecast(), costs=costs))]).replace(NBSP, " ")
    dials = page.split('aria-label="What each dial costs"')[1].split("</table>")[0]
    assert "9.3 %" in dials
    assert f"{100 * count_bound(20, 310):.1f} %" not in dials


def test_every_gate_of_the_confidence_is_explained() -> None:
    labelled = LabelledSet("own", (Query("1", "a question", (), {"a": 1}), Query("2", "hello")), None)
    told = confidence.judge(labelled, asked, 0.1, True, default_calibration())
    assert [gate.name for gate in told.gates if not meaning(gate.name)] == []
    assert [name for name in told.figures if not meaning(name)] == []


@pytest.mark.parametrize("seen", [False, True])
def test_what_was_judged_is_told_and_whether_the_fit_has_seen_it(seen: bool) -> None:
    labelled = LabelledSet("own", (Query("1", "a question", (), {"a": 1}), Query("2", "hello")), None)
    calibration = replace(default_calibration(), questions=digest(labelled.queries[: 2 if seen else 1]))
    told = dict(confidence.judge(labelled, asked, 0.1, False, calibration).facts)
    assert told["Questions"] == (
        "2 of own, 1 of them with an article that answers. 1 got a confidence; 1 got none (small talk, or a person was "
        "asked for)."
    )
    assert ("Beware" in told) == seen


def asked(text: str, history: object) -> dict[str, Any]:
    """A turn: small talk has no confidence."""
    sure = None if text == "hello" else 0.9
    return {
        "action": "answer" if sure else "chat",
        "confidence": sure,
        "found": ["a"],
        "message": {"sources": []},
    }


def test_where_no_threshold_keeps_the_promise_the_report_says_so() -> None:
    page = as_html([result(forecast=forecast(threshold=None))])
    assert "no threshold keeps the promise" in page
    assert "Nothing is promised" in page
    assert "No threshold keeps that promise." in page  # of the picture
    assert "answers from" not in page.split("<svg")[1].split("</svg>")[0]
    assert page.count("no threshold keeps this promise") == 2  # of the dials: 1 %, and the one in force


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (5, "kept, with 90"),
        (19, "more of them would prove it"),
        (24, "no more than chance explains"),
        (60, "promise is broken"),
    ],
)
def test_a_promise_is_called_kept_or_broken_by_what_chance_explains(wrong: int, words: str) -> None:
    page = as_html([result(forecast=replace(forecast(), given=Cost(0.1, 0.7, 500, 200, wrong)))])
    assert words in page


def test_answers_that_the_dial_allowed_and_the_bot_did_not_give_are_told() -> None:
    whole = forecast()
    acted = replace(whole.given, answered=whole.given.answered - 7)
    assert "7 more questions reach" in as_html([result(forecast=replace(whole, given=acted))])
    assert "more questions reach" not in as_html([result(forecast=whole)])


def test_gates_that_fall_short_stand_at_the_top() -> None:
    gates = (Gate("auroc", 0.7, 0.85), Gate("ece", 0.01, 0.02, at_least=False))
    page = as_html([result(gates=gates)])
    assert "1 of 2 gates falls short." in page
    assert page.index("auroc: 0.700, wanted at least 0.85") < page.index("<main>")
    held = as_html([result(gates=gates[1:])])
    assert "The one gate held." in held
    assert "falls short" not in held


def test_the_curve_counts_from_the_surest_and_ties_go_together() -> None:
    told = Forecast((0.9, 0.5, 0.5, 0.2), (True, False, True, False), Cost(0.1, None, 5, 0, 0))
    assert [(t, c, pytest.approx(w)) for t, c, w, _ in plots.curve(told)] == [
        (0.9, 0.2, 0.0),
        (0.5, 0.6, 1 / 3),
        (0.2, 0.8, 0.5),
    ]
    many = plots.curve(forecast(5000))
    assert len(many) <= plots.MOST_POINTS
    assert many[-1][1] == 1.0
    assert plots.chosen(replace(told, given=Cost(0.1, 0.5, 5, 0, 0))) == (
        0.6,
        pytest.approx(1 / 3),
        count_bound(1, 3),
    )


def test_pictures_stay_inside_their_frame() -> None:
    for told in (
        forecast(),
        forecast(30, 0.99, 0.01),
        forecast(400, None),
        Forecast((), (), Cost(0.1, None, 3, 0, 0)),
    ):
        for picture in (
            plots.reliability_diagram(reliability(told.confidence, told.right), told),
            plots.risk_coverage_curve(told),
            plots.error_strip(0.2, [0.0, 0.1]),
        ):
            height = int(re.findall(r'viewBox="0 0 400 (\d+)"', picture)[0])
            xs = [float(x) for x in re.findall(r' (?:x|x1|x2|cx)="([-\d.]+)"', picture)]
            ys = [float(y) for y in re.findall(r' (?:y|y1|y2|cy)="([-\d.]+)"', picture)]
            path = [float(y) for y in re.findall(r"[ML][\d.]+ ([-\d.]+)", picture)]
            assert all(0 <= x <= 400 for x in xs)
            assert all(0 <= y <= height for y in [*ys, *path])


@pytest.mark.parametrize("top", [0.01, 0.03, 0.05, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0])
def test_ticks_are_handsome_and_end_at_the_top(top: float) -> None:
    ticks = plots._ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] == top
    assert f"{ticks[1]:e}"[0] in "125"


def test_bars_show_their_counts_and_ranges() -> None:
    bars = Bars("Caught by kind", (Bar("numbers", 9, 10), Bar("names", 0, 0)))
    page = as_html([Result("sentences", {}, {}, bars=(bars,))]).replace(NBSP, " ")
    assert "Caught by kind" in page
    assert "9 of 10" in page
    assert "90 %" in page
    assert "0 of 0" in page


def test_a_report_escapes_what_customers_wrote(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(
        json.dumps(
            {"id": "x", "turns": [{"customer": "<script>alert(1)</script>"}], "expect": {"action": "answer"}}
        )
    )
    turn = {"action": "chat", "reasons": [], "message": None}
    told = decisions.judge(file, lambda texts: turn, {"action held": 1.0})
    page = as_html([told], facts=[("Judged on", "<img src=x>")])
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "SHORT action held" in as_text([told])
