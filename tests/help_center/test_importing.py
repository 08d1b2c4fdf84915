"""Bringing a source in again: what is the same is passed over, and nothing that changed is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import help_center.tables  # noqa: F401  (fills Base.metadata)
from help_center import articles
from help_center.articles import Article
from help_center.database import Database
from help_center.importing import ImportReport, bring_in
from help_center.sources import base
from help_center.sources.base import SourceArticle


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were cleaned while they were read."""
    texts: list[str] = []
    clean = base.clean_markdown

    def noting(text: str) -> str:
        texts.append(text)
        return clean(text)

    monkeypatch.setattr(base, "clean_markdown", noting)
    return texts


def write(file: Path, *records: dict[str, Any]) -> str:
    file.write_text(
        "\n".join(json.dumps({"title": one["id"].title(), "body": "x", **one}) for one in records)
    )
    return str(file)


def body_of(database: Database, id: str) -> str | None:
    with database.read() as session:
        article = session.get(Article, id)
        return article.body if article else None


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    assert report.failed == []
    return report.added, report.updated, report.unchanged, report.removed


BELL, LAMP = {"id": "bell", "body": "Ring it."}, {"id": "lamp", "body": "Switch it on."}


def test_what_is_the_same_is_not_read_again(database: Database, tmp_path: Path, cleaned: list[str]) -> None:
    source = write(tmp_path / "a.jsonl", BELL, LAMP)
    assert counts(bring_in(database, [source], prune=True)) == (2, 0, 0, 0)
    cleaned.clear()
    assert counts(bring_in(database, [source], prune=True)) == (0, 0, 2, 0)
    assert cleaned == []
    write(tmp_path / "a.jsonl", BELL, LAMP | {"body": "Press the button."})
    assert counts(bring_in(database, [source], prune=True)) == (0, 1, 1, 0)
    assert cleaned == ["Press the button."]
    assert body_of(database, "lamp") == "Press the button."
    write(tmp_path / "a.jsonl", BELL, LAMP)  # back to what it was first
    assert counts(bring_in(database, [source], prune=True)) == (0, 1, 1, 0)
    assert body_of(database, "lamp") == "Switch it on."


@pytest.mark.parametrize(
    "field", [{"title": "Other"}, {"labels": ["new"]}, {"audience": "agents"}, {"status": "draft"}]
)
def test_any_field_that_changes_is_a_change(
    database: Database, tmp_path: Path, field: dict[str, Any]
) -> None:
    source = write(tmp_path / "a.jsonl", BELL)
    bring_in(database, [source], prune=False)
    write(tmp_path / "a.jsonl", BELL | field)
    assert counts(bring_in(database, [source], prune=False)) == (0, 1, 0, 0)
    assert counts(bring_in(database, [source], prune=False)) == (0, 0, 1, 0)


def test_an_article_that_was_edited_here_is_brought_in_again(database: Database, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", BELL, LAMP)
    bring_in(database, [source], prune=False)
    with database.write() as session:
        articles.store(session, SourceArticle("bell", "Bell", "Edited here."), articles.WRITTEN_HERE)
        articles.remove(session, "lamp")
    assert counts(bring_in(database, [source], prune=False)) == (1, 1, 0, 0)
    assert body_of(database, "bell") == "Ring it."
    assert body_of(database, "lamp") == "Switch it on."


def test_an_article_that_another_source_took_over_is_brought_in_again(
    database: Database, tmp_path: Path
) -> None:
    one = write(tmp_path / "a.jsonl", BELL)
    two = write(tmp_path / "b.jsonl", BELL | {"body": "Pull it."})
    bring_in(database, [one], prune=False)
    bring_in(database, [two], prune=False)
    assert counts(bring_in(database, [one], prune=False)) == (0, 1, 0, 0)
    assert body_of(database, "bell") == "Ring it."


def test_pruning_keeps_what_was_passed_over_and_a_removed_one_may_come_back(
    database: Database, tmp_path: Path
) -> None:
    source = write(tmp_path / "a.jsonl", BELL, LAMP)
    bring_in(database, [source], prune=True)
    write(tmp_path / "a.jsonl", BELL)
    assert counts(bring_in(database, [source], prune=True)) == (0, 0, 1, 1)
    write(tmp_path / "a.jsonl", BELL, LAMP)
    assert counts(bring_in(database, [source], prune=True)) == (1, 0, 1, 0)


def test_a_program_that_reads_otherwise_reads_everything_again(
    database: Database, tmp_path: Path, cleaned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "a.jsonl", BELL)
    bring_in(database, [source], prune=False)
    cleaned.clear()
    monkeypatch.setattr(base, "_reader", lambda: "a later one")
    assert counts(bring_in(database, [source], prune=False)) == (0, 0, 1, 0)
    assert cleaned == ["Ring it."]


def test_an_unchanged_file_without_a_title_of_its_own_is_passed_over_too(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ring-the-bell.md").write_text("Ring it.")
    assert counts(bring_in(database, [str(folder)], prune=True)) == (1, 0, 0, 0)
    assert counts(bring_in(database, [str(folder)], prune=True)) == (0, 0, 1, 0)


def test_the_same_id_twice_is_told_though_it_is_known(database: Database, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", BELL, BELL)
    for _ in range(2):
        report = bring_in(database, [source], prune=False)
        assert [failure["where"] for failure in report.failed] == ["a.jsonl, line 2"]


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_translations_end_up_in_one_group_whichever_comes_in_first(
    database: Database, tmp_path: Path, order: str
) -> None:
    told = {
        "a": {"id": "a"},
        "b": {"id": "b", "translation_of": "a"},
        "c": {"id": "c", "translation_of": "b"},
    }
    bring_in(
        database,
        [write(tmp_path / f"{i}{id}.jsonl", told[id]) for i, id in enumerate(order)],
        prune=False,
    )
    with database.read() as session:
        assert {id: session.get_one(Article, id).group for id in "abc"} == {"a": "a", "b": "a", "c": "a"}
