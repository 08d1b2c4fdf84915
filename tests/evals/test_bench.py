"""The bench at a tiny size: it runs, and says what it was asked."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.bench import chart, indexing
from evals.bench.__main__ import main
from evals.bench.corpus import Cut, articles_of, grown, questions_of, shaken
from evals.bench.scale import Row
from help_center.database import Database
from help_center.sources.base import SourceArticle
from retrieval.stores import open_store
from tests.conftest import ARTICLES
from tests.retrieval.conftest import Library, WordsEmbedder

WORDS = [
    "bell",
    "bolt",
    "brake",
    "cable",
    "chain",
    "crank",
    "fork",
    "frame",
    "hub",
    "lamp",
    "lock",
    "mirror",
    "pedal",
    "pump",
    "rack",
    "rim",
    "saddle",
    "spoke",
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.jsonl"
    published = [one for one in ARTICLES if one.get("status", "published") == "published"]
    records = ({"_id": one["id"], "title": one["title"], "text": one["body"]} for one in published)
    file.write_text("\n".join(map(json.dumps, records)))
    return file


def cuts() -> list[Cut]:
    """Three articles of two passages."""
    found = []
    for number in range(3):
        rows = [
            {
                "id": f"{number}-{part}", "article_id": f"a{number}", "ordinal": part, "headings": ["The lamp"],
                "text": " ".join(WORDS[(number * 5 + part + n) % len(WORDS)] for n in range(30)), "audience": "public",
            }
            for part in range(2)
        ]  # fmt: skip
        vectors = np.eye(6, 40, dtype=np.float32)[2 * number : 2 * number + 2]
        found.append(Cut(SourceArticle(f"a{number}", f"Lamp {number}", "Text."), rows, vectors))
    return found


def test_a_size_beyond_what_was_embedded_is_filled_with_shaken_copies_always_the_same() -> None:
    made = list(grown(cuts(), 15))
    rows = [row for cut in made for row in cut.rows]
    assert len(rows) == 15
    assert len({row["id"] for row in rows}) == 15
    assert [cut.article.id for cut in made][:4] == ["a0", "a1", "a2", "a0~1"]
    assert made[0].rows == cuts()[0].rows
    copy = made[3]
    assert copy.rows[0]["text"] != made[0].rows[0]["text"]
    assert len(copy.rows[0]["text"].split()) == 30
    assert {row["article_id"] for row in copy.rows} == {"a0~1"}
    again = list(grown(cuts(), 15))
    assert [cut.rows for cut in again] == [cut.rows for cut in made]
    assert all(np.array_equal(a.vectors, b.vectors) for a, b in zip(again, made, strict=True))


def test_a_shaken_vector_is_near_its_original_and_of_length_one() -> None:
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(200, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    moved = shaken(vectors, chance)
    assert np.allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-5)
    assert np.allclose((moved * vectors).sum(axis=1), 0.89, atol=0.08)


def test_articles_of_two_files_do_not_get_in_each_others_way(corpus: Path) -> None:
    one, two = articles_of([corpus]), articles_of([corpus, corpus])
    assert len(two) == 2 * len(one) == len({article.id for article in two})
    assert len(questions_of([], one, 3)) == 3
    assert len(set(questions_of([], two, 1000))) == len(one)


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Iterator[Library]:
    """An empty index whose model answers at once."""
    database = Database(sqlite_url)
    yield Library(database, open_store(tmp_path / "chroma", None), WordsEmbedder(), tmp_path)
    database.close()


def test_a_second_run_of_the_index_is_measured_with_its_parts(library: Library, tmp_path: Path) -> None:
    articles = [SourceArticle(f"a{n}", f"The {word}", f"About the {word}.") for n, word in enumerate(WORDS)]
    runs, made = indexing.measured(library, articles, tmp_path)  # type: ignore[arg-type]
    assert [run.passages for run in runs] == [18, 0, 1]
    assert all(run.seconds >= run.read + run.embed + run.store for run in runs)
    assert [cut.article.id for cut in made] == [article.id for article in articles]
    nearest = library.embedder.embed_query("The pump\nAbout the pump.")
    assert np.argmax([cut.vectors[0] @ nearest for cut in made]) == WORDS.index("pump")
    lines = indexing.table(runs).splitlines()
    assert lines[2].startswith("again, nothing changed")
    assert lines[3].startswith("again, 1 in 100 changed")
    assert [len(one) for one in (indexing.enough(articles, 5), indexing.enough(articles, 99))] == [5, 18]


@pytest.mark.slow
def test_the_bench_runs_and_its_tables_have_their_rows(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, drawing = tmp_path / "figures.json", tmp_path / "chart.svg"
    main(
        [
            *(
                "--corpus",
                str(corpus),
                "--sizes",
                "5,60",
                "--questions",
                "4",
                "--runs",
                "0",
                "--articles",
                "20",
            ),
            *("--json", str(figures), "--chart", str(drawing)),
        ]
    )
    printed = capsys.readouterr().out
    assert "again, 1 in 100 changed" in printed
    assert "the same article again" in printed
    assert "plain sentence-transformers loop" in printed
    assert "shaken copies" in printed
    told = json.loads(figures.read_text())
    assert [run["what"] for run in told["indexing"]] == [
        "all of it",
        "again, nothing changed",
        "again, 1 in 100 changed",
    ]
    assert told["beside"]["plain"] > 0
    assert [row["passages"] for row in told["search"]] == [5, 60]
    for row in told["search"]:
        assert row["search_ms"][0] > row["embed_ms"][0] > 0
        assert row["recall"] == 1
        assert row["disk_mb"] > 0
        assert row["put_ms"][0] > 0
    assert ET.fromstring(drawing.read_text()).tag.endswith("svg")  # noqa: S314 (we drew it)


def test_the_chart_draws_every_row_and_holds_one_alone() -> None:
    row = Row(
        passages=1000, articles=300, shaken=0, build_s=1, stored_per_s=1000, lexical_build_s=1, disk_mb=10,
        disk_parts_mb={}, load_s=1, resident_mb=250, embed_ms=(3, 5), search_ms=(9, 14), vectors_ms=(2, 3),
        lexical_ms=(0.5, 1), brute_ms=(0.2, 0.4), recall=1, put_ms=(100, 200), check_s=0.1, questions=300,
    )  # fmt: skip
    larger = replace(row, passages=50_000, search_ms=(90.0, 140.0), resident_mb=0.0)
    for rows in ([row], [row, larger]):
        svg = chart.drawn(rows)
        root = ET.fromstring(svg)  # noqa: S314 (we drew it)
        circles = [one for one in root.iter() if one.tag.endswith("circle")]
        assert len(circles) == sum(5 + 1 + (one.resident_mb > 0) for one in rows)
        assert all(0 < float(one.attrib["cy"]) < chart.HEIGHT for one in circles)
        assert "prefers-color-scheme: dark" in svg
