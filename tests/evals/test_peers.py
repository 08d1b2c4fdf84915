"""The benchmark beside peers, with peers of the tests' own: none has to be installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals.beir import EvalError, LabelledSet, Query
from evals.peers.bench import Peer, chosen, contest, read_sets
from evals.peers.figures import Row, percentile, quality, ratio_table, ratios, table
from evals.peers.process import environment
from evals.peers.worker import distinct
from help_center.sources.base import SourceArticle
from tests.conftest import ARTICLES

# finds articles by the words of their titles; what it indexed is gone from its memory once it is kept
WORDS = """
import json
from evals.peers.worker import given_threads

print("a library says hello")

class Words:
    packages = ("pytest",)

    def __init__(self, folder):
        self.file = folder / "titles.json"
        self.titles = json.loads(self.file.read_text()) if self.file.exists() else None

    def threads(self):
        return given_threads()

    def index(self, articles):
        self.titles = {article.id: article.title.lower().split() for article in articles}

    def keep(self):
        self.file.write_text(json.dumps(self.titles))
        self.titles = None
        return True

    def search(self, question, k):
        words = set(question.lower().split())
        return sorted(self.titles, key=lambda id: -len(words.intersection(self.titles[id])))[:k]

open_peer = Words
"""
FORGETS = """
from words import Words

class Forgets(Words):
    def keep(self):
        return False

open_peer = Forgets
"""
BREAKS = """
from words import Words

class Breaks(Words):
    def search(self, question, k):
        if "winter" in question:
            raise RuntimeError("too cold to search")
        return super().search(question, k)

open_peer = Breaks
"""
QUERIES = [
    Query("1", "how to return a bicycle", gold={"returns": 1}),
    Query("2", "find the right pressure", gold={"tyre-pressure": 1}),
    Query("3", "battery in winter", gold={"battery-winter": 1}),
    Query("4", "return the bike computer to your phone", gold={"returns": 1}),  # the title of another
    Query("5", "do you ship to Norway"),
]


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"words": WORDS, "forgets": FORGETS, "breaks": BREAKS}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def _peer(module: str) -> Peer:
    return Peer(module, module.title(), (sys.executable, "-m", "evals.peers.worker", module))


def _bicycles() -> LabelledSet:
    fields = ("id", "title", "body", "audience", "status")
    corpus = [SourceArticle(**{name: a[name] for name in fields if name in a}) for a in ARTICLES]
    return LabelledSet("bicycles", tuple(QUERIES), tuple(corpus))


def test_a_ranking_is_judged_by_the_place_of_its_first_gold_article() -> None:
    found = [["a", "b"], ["b", "c", "a"], ["x", "y"], [*"uvwxyz", "a"]]
    gold: list[set[str]] = [{"a"}, {"a", "q"}, {"a"}, {"a"}]
    assert quality(found, gold) == {
        "hit_1": 0.25,
        "hit_5": 0.5,
        "mrr_10": pytest.approx((1 + 1 / 3 + 1 / 7) / 4),
    }


def test_percentiles_lie_between_what_was_measured() -> None:
    assert percentile([float(n) for n in range(101)], 95) == 95
    assert percentile([7.0], 50) == 7.0


def test_passages_become_articles_in_the_order_of_their_best_one() -> None:
    passages = ["a", "a", "b", "a", "c", "b", "d"]
    assert distinct(lambda depth: passages[:depth], 3) == ["a", "b", "c"]


def test_more_passages_are_taken_until_there_are_enough_articles() -> None:
    passages = ["long"] * 37 + ["b", "c"]
    depths = []

    def passages_at(depth: int) -> list[str]:
        depths.append(depth)
        return passages[:depth]

    assert distinct(passages_at, 2) == ["long", "b"]
    assert depths == [10, 20, 40]
    assert distinct(passages_at, 9) == ["long", "b", "c"]


def test_a_peer_is_asked_in_a_process_of_its_own_on_the_index_that_it_kept(fakes: Path) -> None:
    (row,) = contest(_bicycles(), chosen(_bicycles(), None), [_peer("words")], threads=1)
    assert row.failed is None
    assert (row.hit_1, row.hit_5, row.mrr_10) == (0.75, 1.0, pytest.approx(0.875))
    assert row.kept
    assert row.threads == 1
    assert row.versions.keys() == {"pytest"}
    assert row.p50_ms is not None
    assert row.start_s is not None
    assert 0 < row.p50_ms / 1000 < row.start_s
    assert row.resident_mb is not None
    assert row.resident_mb > 5


def test_an_index_that_cannot_be_kept_is_asked_where_it_was_made(fakes: Path) -> None:
    (row,) = contest(_bicycles(), QUERIES[:4], [_peer("forgets")], threads=1)
    assert (row.hit_1, row.kept) == (0.75, False)
    assert "not kept" in table([row])


def test_a_peer_that_breaks_says_why_and_the_others_go_on(fakes: Path) -> None:
    missing = Peer("missing", "Missing", (str(fakes / "no-python"),))
    rows = contest(_bicycles(), QUERIES[:4], [_peer("breaks"), missing, _peer("words")], threads=1)
    assert "too cold to search" in str(rows[0].failed)
    assert "no-python" in str(rows[1].failed)
    assert rows[2].hit_1 == 0.75
    assert "too cold to search" in table(rows)


def test_peers_are_given_what_a_stranger_may_see(fakes: Path) -> None:
    """The wholesale prices are for agents, the helmets a draft: a title word finds neither."""
    asked = [Query("1", "wholesale price list", gold={"wholesale-prices": 1})]
    (row,) = contest(_bicycles(), asked, [_peer("words")], threads=1)
    assert row.hit_5 == 0


def test_ratios_are_against_the_baseline_and_the_fastest_other_peer() -> None:
    rows = [
        Row("parley", "Parley", p50_ms=5, index_s=2),
        Row("langchain", "LangChain", p50_ms=20, index_s=10),
        Row("txtai", "txtai", p50_ms=40, index_s=8),
        Row("haystack", "Haystack", failed="it ended"),
    ]
    told = ratios(rows)
    assert told["parley"] == {"p50": 0.25, "index": 0.25}
    assert told["txtai"] == {"p50": 2, "index": 1}
    assert "haystack" not in told
    assert "0.25" in ratio_table([("bicycles", rows)])


def test_the_same_questions_are_drawn_every_time_and_all_have_gold() -> None:
    drawn = chosen(_bicycles(), 2)
    assert drawn == chosen(_bicycles(), 2)
    assert len(drawn) == 2
    assert len(chosen(_bicycles(), 100)) == 4
    assert all(query.gold for query in chosen(_bicycles(), None))


def test_a_peer_gets_no_key_no_setting_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("PARLEY_DATA_DIR", "/somewhere")
    told = environment(3)
    assert not {"OPENAI_API_KEY", "PARLEY_DATA_DIR"} & told.keys()
    assert (told["HF_HUB_OFFLINE"], told["OMP_NUM_THREADS"]) == ("1", "3")


def test_data_that_hold_no_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="holds no set"):
        read_sets(tmp_path)
    folder = tmp_path / "bicycles"
    folder.mkdir()
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "how to return it"}')
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\treturns\t1\n")
    with pytest.raises(EvalError, match=r"no corpus\.jsonl"):
        read_sets(tmp_path)


@pytest.mark.slow
def test_parley_is_measured_on_a_folder_of_sets(tmp_path: Path) -> None:
    folder = tmp_path / "sets" / "bicycles"
    folder.mkdir(parents=True)
    corpus = [{"_id": a["id"], "title": a["title"], "text": a["body"]} for a in ARTICLES[:4]]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    queries = [{"_id": query.id, "text": query.text} for query in QUERIES]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    qrels = [f"{query.id}\t{gold}\t1" for query in QUERIES for gold in query.gold]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *qrels]) + "\n")
    file = tmp_path / "figures.json"
    words = ["--data", str(folder.parent), "--only", "parley", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "evals.peers.bench", *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = json.loads(file.read_text())["sets"]
    (row,) = told["rows"]
    assert (told["questions"], row["kept"], row["threads"]) == (4, True, told["threads"])
    assert row["hit_1"] >= 0.75
    assert row["peak_mb"] > row["resident_mb"] / 2
    assert "Parley" in done.stdout
