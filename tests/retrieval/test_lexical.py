"""The lexical half: BM25 with a base and a delta, snapshots that are whole or not there, words of many languages."""

from __future__ import annotations

import json
import math
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.lexical import Entry, LexicalIndex, tokens
from retrieval.postings import K1, B

EVERYWHERE = frozenset({("public", "en")})
VOCABULARY = [f"w{a}{b}x" for a in "bdfgklmnrt" for b in "aeiou"]


def entry(
    id: str, words: str, audience: str = "public", language: str = "en", article: str | None = None
) -> Entry:
    return Entry(id, article or id, audience, language, words)


def some(count: int, seed: int = 1) -> list[Entry]:
    chance = random.Random(seed)
    weights = [1 / (n + 1) for n in range(len(VOCABULARY))]
    return [
        entry(
            f"p{n}",
            " ".join(chance.choices(VOCABULARY, weights, k=chance.randint(20, 60))),
            article=f"a{n // 2}",
        )
        for n in range(count)
    ]


def by_id(
    index: LexicalIndex, question: list[str], places: frozenset[tuple[str, str]] = EVERYWHERE
) -> dict[str, float]:
    scores = index.scores(question, places)
    assert scores.shape == (len(index.ids),)
    return {id: float(score) for id, score in zip(index.ids, scores, strict=True) if score > 0}


def test_scores_are_bm25_as_written_in_the_paper() -> None:
    entries = some(40)
    index = LexicalIndex.build(entries, 1)
    documents = [tokens(one.words, "en") for one in entries]
    mean = sum(map(len, documents)) / len(documents)
    question = [VOCABULARY[3], VOCABULARY[20]]
    stems = index.question_tokens(" ".join(question), "en")
    expected = {}
    for one, document in zip(entries, documents, strict=True):
        score = 0.0
        for stem in stems:
            count, holding = document.count(stem), sum(stem in other for other in documents)
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            score += idf * count / (count + K1 * (1 - B + B * len(document) / mean))
        if score:
            expected[one.id] = score
    assert by_id(index, stems) == pytest.approx(expected, rel=1e-4)


def test_a_delta_scores_like_a_fresh_build() -> None:
    """The delta uses the base's statistics: with few changes these are nearly those of a fresh build."""
    entries = some(400)
    index = LexicalIndex.build(entries, 1).copy()
    changed = some(430, seed=2)[400:]
    for article in sorted({one.article_id for one in changed}):
        index.replace(article, [one for one in changed if one.article_id == article])
    index.replace("a7", [])
    fresh = LexicalIndex.build([one for one in entries if one.article_id != "a7"] + changed, 2)
    for question in ([VOCABULARY[0]], [VOCABULARY[10], VOCABULARY[30]], VOCABULARY[5:9]):
        stems = fresh.question_tokens(" ".join(question), "en")
        with_delta, built = by_id(index, stems), by_id(fresh, stems)
        assert with_delta.keys() == built.keys()
        assert [with_delta[id] for id in built] == pytest.approx(list(built.values()), rel=0.12, abs=0.02)
        best = sorted(built, key=built.__getitem__, reverse=True)[:10]
        assert len(set(best) & set(sorted(with_delta, key=with_delta.__getitem__, reverse=True)[:10])) >= 8


def test_a_delta_alone_is_searched_too() -> None:
    index = LexicalIndex()
    index.replace("a", [entry("p", "the numbat rack", article="a")])
    assert by_id(index, index.question_tokens("numbat", None)).keys() == {"p"}


def test_a_word_that_only_the_delta_knows_counts_as_rare() -> None:
    index = LexicalIndex.build(some(50), 1)
    assert not index.knows("numbat")
    index.replace("new", [entry("new", f"numbat {VOCABULARY[0]}")])
    scores = by_id(index, ["numbat", VOCABULARY[0]])
    assert max(scores, key=scores.__getitem__) == "new"


def test_words_that_only_the_delta_has_count_by_the_delta() -> None:
    index = LexicalIndex.build(some(50), 1)
    for n in range(20):
        index.replace(f"new{n}", [entry(f"new{n}", "numbat rack" if n else "numbat quokka")])
    assert index.idf("quokka") > index.idf("numbat") > 0
    assert index.idf("numbat") == pytest.approx(math.log(1 + 50.5 / 20.5))
    assert index.knows("quokka")
    index.replace("new0", [])
    assert not index.knows("quokka")
    assert index.copy().idf("numbat") == index.idf("numbat") == pytest.approx(math.log(1 + 51.5 / 19.5))


def test_what_was_replaced_is_gone() -> None:
    index = LexicalIndex.build([entry("old", "red bell", article="a"), entry("other", "red lamp")], 1)
    index.replace("a", [entry("new", "blue bell", article="a")])
    assert by_id(index, ["red"]).keys() == {"other"}
    assert by_id(index, ["bell"]).keys() == {"new"}
    index.replace("a", [])
    assert by_id(index, ["bell"]) == {}
    assert index.changes == 3


def test_compacted_is_as_built_anew(tmp_path: Path) -> None:
    entries = some(200)
    index = LexicalIndex.build(entries, 3).copy()
    changed = [entry(f"new{n}", f"{VOCABULARY[n]} numbat", article=f"a{n}") for n in range(9)]
    for n, one in enumerate(changed):
        index.replace(f"a{n}", [one])
    index.replace("a50", [])
    compacted = index.compacted()
    left = [one for one in entries if one.article_id not in {*(f"a{n}" for n in range(9)), "a50"}]
    built = LexicalIndex.build([*left, *changed], 3)
    assert compacted.changes == 0
    assert compacted.generation == 3
    for question in (["numbat"], VOCABULARY[:4], VOCABULARY[20:30]):
        assert by_id(compacted, question) == pytest.approx(by_id(built, question))
    assert by_id(index, ["numbat"]).keys() == by_id(compacted, ["numbat"]).keys()  # and it is as it was
    assert index.changes > 0
    compacted.save(tmp_path / "snapshot")
    assert sorted(LexicalIndex.load(tmp_path / "snapshot").ids) == sorted(built.ids)  # type: ignore[union-attr]


def test_a_passage_that_stays_is_not_read_again() -> None:
    index = LexicalIndex.build(
        [entry("p0", "red bell", article="a"), entry("p1", "red lamp", article="a")], 1
    )
    index.replace("a", [entry("p1", "red lamp", article="a"), entry("p2", "red lock", article="a")])
    assert by_id(index, ["red"]).keys() == {"p1", "p2"}
    assert index.changes == 2
    index.replace("a", [entry("p1", "red lamp", "agents", article="a")])  # it moves to another place
    assert by_id(index, ["red"]) == {}
    assert by_id(index, ["red"], frozenset({("agents", "en")})).keys() == {"p1"}


def test_a_passage_that_stays_with_other_words_is_read_again(tmp_path: Path) -> None:
    index = LexicalIndex.build(
        [entry("p0", "red bell", article="a"), entry("p1", "red lamp", article="b")], 1
    )
    for words, found in (("red bell ring", {"p0"}), ("red bell ring", {"p0"}), ("red bell", set())):
        index.replace("a", [entry("p0", words, article="a")])
        assert by_id(index, ["ring"]).keys() == found
        assert by_id(index, ["red"]).keys() == {"p0", "p1"}
        assert by_id(index.compacted(), ["ring"]).keys() == found
    changes = index.changes
    index.replace("a", [entry("p0", "Red bell", article="a")])
    index.replace("b", [entry("p1", "red lamp", article="b")])
    assert index.changes == changes


def test_a_snapshot_with_other_words_is_no_snapshot(tmp_path: Path) -> None:
    LexicalIndex.build(some(30), 7).save(tmp_path / "snapshot")
    told = json.loads((tmp_path / "snapshot" / "index.json").read_text())
    del told["words"]  # as it was written before labels were searched
    (tmp_path / "snapshot" / "index.json").write_text(json.dumps(told))
    assert LexicalIndex.load(tmp_path / "snapshot") is None


def test_places_that_are_not_asked_for_score_nothing() -> None:
    index = LexicalIndex.build([entry("open", "price list"), entry("secret", "price list", "agents")], 1)
    index.replace("late", [entry("late", "price list", "agents", article="late")])
    assert by_id(index, ["price"]).keys() == {"open"}
    assert by_id(index, ["price"], frozenset({("agents", "en")})).keys() == {"secret", "late"}
    assert by_id(index, ["price"], frozenset()) == {}


def test_a_copy_leaves_the_original_as_it_was() -> None:
    index = LexicalIndex.build(some(20), 1)
    before = index.scores(VOCABULARY[:3], EVERYWHERE).copy()
    twin = index.copy()
    for n in range(10):
        twin.replace(f"a{n}", [entry(f"new{n}", VOCABULARY[0], article=f"a{n}")])
    assert np.array_equal(index.scores(VOCABULARY[:3], EVERYWHERE), before)
    assert by_id(twin, [VOCABULARY[0]]).keys() == {f"new{n}" for n in range(10)}
    assert index.changes == 0


def test_an_empty_index_finds_nothing() -> None:
    assert len(LexicalIndex().scores(["word"], EVERYWHERE)) == 0
    assert by_id(LexicalIndex.build([entry("p", "!!!")], 1), ["word"]) == {}


# --- snapshots -----------------------------------------------------------------------------------------------


def test_a_snapshot_scores_like_what_was_saved(tmp_path: Path) -> None:
    index = LexicalIndex.build(some(30), 7)
    index.save(tmp_path / "snapshot")
    index.save(tmp_path / "snapshot")
    loaded = LexicalIndex.load(tmp_path / "snapshot")
    assert loaded is not None
    assert loaded.generation == 7
    assert np.allclose(loaded.scores(VOCABULARY[:4], EVERYWHERE), index.scores(VOCABULARY[:4], EVERYWHERE))
    loaded.replace("a0", [])
    assert not {"p0", "p1"} & by_id(loaded, VOCABULARY[:4]).keys()
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["snapshot"]


def test_a_snapshot_that_lost_any_of_its_files_is_no_snapshot(tmp_path: Path) -> None:
    """As a process leaves it that is killed while it removes the old one."""
    LexicalIndex.build(some(30), 7).save(tmp_path / "snapshot")
    files = [file for file in (tmp_path / "snapshot").rglob("*") if file.is_file()]
    assert len(files) > 3
    for file in files:
        content = file.read_bytes()
        file.unlink()
        assert LexicalIndex.load(tmp_path / "snapshot") is None, f"loaded without {file.name}"
        file.write_bytes(content[: len(content) // 2])
        assert LexicalIndex.load(tmp_path / "snapshot") is None, f"loaded with half of {file.name}"
        file.write_bytes(content)
    assert LexicalIndex.load(tmp_path / "snapshot") is not None
    shutil.rmtree(tmp_path / "snapshot" / "postings")
    assert LexicalIndex.load(tmp_path / "snapshot") is None


def test_a_snapshot_of_another_shape_is_no_snapshot(tmp_path: Path) -> None:
    assert LexicalIndex.load(tmp_path / "missing") is None
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "index.json").write_text(json.dumps({"ids": []}))
    assert LexicalIndex.load(tmp_path / "snapshot") is None


# --- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The returns of bicycles", "en", ["return", "bicycl"]),
        ("Ada’s wheel, it's hers", "en", ["ada", "wheel"]),
        ("Error E-417 in v2.5", "en", ["error", "e", "417", "v2", "5"]),
        ("Die Häuser der Städte", "de", ["haus", "stadt"]),
        ("退货政策", "zh", ["退货", "货政", "政策"]),
        ("iPhoneケース", "ja", ["ケー", "ース", "iphone"]),
        ("", "en", []),
    ],
)
def test_words_become_tokens(text: str, language: str, expected: list[str]) -> None:
    assert tokens(text, language)[: len(expected)] == expected


def test_a_question_leaves_out_what_only_asks() -> None:
    index = LexicalIndex.build([entry("p", "return bicycle")], 1)
    assert index.question_tokens("How can we return the bicycle? Which return?", None) == ["return", "bicycl"]


def test_a_question_is_stemmed_as_every_language_of_the_index() -> None:
    index = LexicalIndex.build([entry("en", "houses"), entry("de", "Häuser", language="de")], 1)
    everywhere = frozenset({("public", "en"), ("public", "de")})
    assert by_id(index, index.question_tokens("Häuser", None), everywhere).keys() == {"de"}
    assert by_id(index, index.question_tokens("house", None), everywhere).keys() == {"en"}
    assert by_id(index, index.question_tokens("Haus", "de"), everywhere).keys() == {"de"}


def test_rows_lead_from_passages_to_their_articles_in_the_base_and_after_it() -> None:
    index = LexicalIndex.build([entry(f"p{n}", "numbat", article=f"a{n}") for n in range(3)], 1)
    assert index.rows_of(["p2", "nobody", "p0"]).tolist() == [2, -1, 0]
    changed = index.copy()
    changed.replace("a1", [entry("late", "numbat", article="a1")])
    rows = changed.rows_of(["late", "p2", "nobody"])
    assert rows.tolist() == [3, 2, -1]
    assert changed.articles_at(rows[:2]) == ["a1", "a2"]
    assert changed.passages_of(rows[:2]) == ["late", "p2"]
    assert changed.articles_of(["nobody", "late", "p0"]) == {"late": "a1", "p0": "a0"}
    assert index.rows_of(["late"]).tolist() == [-1]  # the one that it was copied from is as it was
    assert LexicalIndex().rows_of(["p0"]).tolist() == [-1]
    assert index.articles_at(index.rows_of([])) == []
