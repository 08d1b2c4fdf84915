"""The index follows the articles: what changed and nothing else, whatever interrupts it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from sqlalchemy import select

from help_center import articles
from help_center.database import Database
from help_center.index_tables import IndexGeneration, PassageRow
from retrieval import indexing
from retrieval.embedders.base import EmbedderError
from retrieval.indexing import IndexReport, pending_of, shelf_of, shelves_of
from retrieval.stores import StoreError, open_store
from tests.retrieval.conftest import Library, WordsEmbedder

SECTIONS = "\n\n".join(  # each too long to share a passage with another
    f"## Part {n}\n\nThe {word} is on page {n}." + " Turn it twice." * 40
    for n, word in enumerate(("saddle", "pedal", "chain"))
)


def rows(library: Library) -> list[PassageRow]:
    with library.database.read() as session:
        return list(session.scalars(select(PassageRow).where(PassageRow.space == library.indexer.space)))


def check_whole(library: Library) -> None:
    """Store and database hold the same passages, nothing is pending."""
    shelves = shelves_of(library.database, library.indexer.space)
    wanted: dict[str, set[str]] = {}
    for row in rows(library):
        wanted.setdefault(shelf_of(shelves, row.audience, row.language), set()).add(row.id)
    held = {shelf: library.store.ids(shelf) for shelf in library.store.shelves() if shelf.startswith(shelves)}
    assert {shelf: ids for shelf, ids in held.items() if ids} == wanted
    assert pending_of(library.database, library.indexer.space)[0] == 0
    assert sorted(library.search.lexicon().ids) != [] or not wanted


def generation(library: Library) -> int:
    with library.database.read() as session:
        return session.scalar(select(IndexGeneration.generation)) or 0


def test_it_takes_in_what_is_published_and_a_second_run_finds_nothing(library: Library) -> None:
    library.write("manual", SECTIONS)
    library.write("draft", "Not yet.", status="draft")
    library.write("old", "No more.", status="archived")
    counted: list[tuple[int, int]] = []
    assert library.indexer.sync(lambda done, known: counted.append((done, known))) == IndexReport(1, 0, 3)
    assert counted[-1] == (3, 3)
    before = generation(library)
    assert library.indexer.sync() == IndexReport(0, 0, 0)
    assert generation(library) == before
    assert {row.article_id for row in rows(library)} == {"manual"}
    check_whole(library)


def test_an_edit_embeds_only_what_changed(library: Library, words: WordsEmbedder) -> None:
    library.publish("manual", SECTIONS)
    words.embedded.clear()
    library.publish("manual", SECTIONS.replace("pedal", "crank"))
    (embedded,) = words.embedded
    assert embedded.startswith("Manual > Part 1\nThe crank is on page 1.")
    check_whole(library)
    words.embedded.clear()
    library.publish("manual", SECTIONS.replace("pedal", "crank"), labels=("new",))  # changes no passage
    assert words.embedded == []
    check_whole(library)


def test_where_one_article_in_a_hundred_changed_only_its_new_passages_are_embedded_and_nothing_is_upserted(
    library: Library, words: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chroma's upsert of ids that exist is ten times slower than deleting and adding them."""

    def never(*_given: Any, **_named: Any) -> None:
        raise AssertionError("the vector store was asked to upsert")

    for slow in ("upsert", "update"):
        monkeypatch.setattr(chromadb.Collection, slow, never)
    sections = [" ".join([part] * 150) for part in ("saddle", "pedal", "chain")]  # too long for one passage
    for n in range(300):
        library.write(f"a{n}", "\n\n".join(f"## Part\n\n{one}" for one in [*sections, f"The number is {n}."]))
    library.indexer.sync()
    assert len(rows(library)) >= 900
    library.found("warm")
    words.embedded.clear()
    for n in range(0, 300, 100):
        library.write(
            f"a{n}", "\n\n".join(f"## Part\n\n{one}" for one in [*sections, f"The number was {n}."])
        )
    assert library.indexer.sync().articles == 3
    assert len(words.embedded) == 3
    assert all("The number was" in text for text in words.embedded)
    assert library.search.lexicon().changes == 6  # as many are gone as are new, the others are as they were
    check_whole(library)


def test_many_articles_leave_together(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH_REMOVED", 4)
    for n in range(10):
        library.write(f"a{n}", f"Article number{n}.", audience="agents" if n % 2 else "public")
    library.indexer.sync()
    with library.database.write() as session:
        for n in range(9):
            articles.remove(session, f"a{n}")
    before = generation(library)
    assert library.indexer.sync() == IndexReport(0, 9, 0)
    assert generation(library) == before + 3
    assert [row.article_id for row in rows(library)] == ["a9"]
    check_whole(library)
    assert library.found("number3") == []


def test_another_audience_or_language_moves_the_passages_to_another_shelf(library: Library) -> None:
    library.publish("manual", SECTIONS)
    for fields in ({"audience": "agents"}, {"locale": "de"}, {}):
        library.publish("manual", SECTIONS, **fields)
        check_whole(library)
        assert {(row.audience, row.language) for row in rows(library)} == {
            (fields.get("audience", "public"), fields.get("locale", "en"))
        }


@pytest.mark.parametrize("how", ["deleted", "draft", "archived"])
def test_what_is_published_no_more_leaves_the_index(library: Library, how: str) -> None:
    library.publish("manual", SECTIONS)
    library.publish("other", "Stays.")
    if how == "deleted":
        library.remove("manual")
    else:
        library.publish("manual", SECTIONS, status=how)
    assert {row.article_id for row in rows(library)} == {"other"}
    check_whole(library)
    library.publish("manual", SECTIONS)
    assert len(rows(library)) == 4
    check_whole(library)


class Fails:
    """A part that fails the nth time one of its methods is called, as a killed process would stop there."""

    def __init__(self, inner: Any, method: str, call: int, after: bool) -> None:
        self._inner, self._method, self._left, self._after = inner, method, call, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def called(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise StoreError("killed before")
            result = found(*given, **named)
            if self._left == 0:
                raise StoreError("killed after")
            return result

        return called


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("method", "call"), [("add", 1), ("add", 2), ("delete", 1), ("delete", 2)])
def test_a_run_that_stops_anywhere_is_finished_by_the_next(
    library: Library, method: str, call: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH_PASSAGES", 4)
    monkeypatch.setattr(indexing, "STRAY_SECONDS", 0)
    for n in range(4):
        library.publish(f"manual-{n}", SECTIONS)
    for n in range(4):
        library.write(f"manual-{n}", SECTIONS.replace("chain", f"belt{n}"))
    library.write("new", "A new one.", audience="customers")
    broken = Library(
        library.database, Fails(library.store, method, call, after), library.embedder, library.folder
    )  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="killed"):
        broken.indexer.sync()
    for row in library.search.find("page of the chain").hits:  # searching meanwhile is safe
        assert row.passage.text
    library.indexer.sync()
    library.indexer.sync()  # sweeps what the broken run left, now that it is old enough
    time.sleep(0.01)
    library.indexer.sync()
    check_whole(library)
    assert len(rows(library)) == 13
    assert "belt2" in library.search.find("belt2").hits[0].passage.text


def test_strays_of_a_batch_that_another_process_is_about_to_commit_are_left_alone(library: Library) -> None:
    library.publish("manual", SECTIONS)
    shelf = shelf_of(shelves_of(library.database, library.indexer.space), "public", "en")
    library.store.add(shelf, ["about-to-be-committed"], library.embedder.embed_query("x")[None])
    library.indexer.sync()
    library.indexer.sync()
    assert "about-to-be-committed" in library.store.ids(shelf)
    library.database.keep_fact(
        f"strays:{library.indexer.space}", {"about-to-be-committed": time.time() - 3600}
    )
    library.indexer.sync()
    check_whole(library)


def test_vectors_that_were_lost_are_made_again(library: Library) -> None:
    library.publish("manual", SECTIONS)
    library.publish("other", "Stays.")
    shelf = shelf_of(shelves_of(library.database, library.indexer.space), "public", "en")
    lost = next(row.id for row in rows(library) if "pedal" in row.text)
    library.store.delete(shelf, [lost])
    report = library.indexer.sync()
    assert report.articles == 1
    check_whole(library)
    library.store.drop(shelf)
    assert library.indexer.sync().articles == 2
    check_whole(library)


def test_another_model_has_an_index_of_its_own(library: Library) -> None:
    library.publish("manual", SECTIONS)
    other = Library(library.database, library.store, WordsEmbedder(64), library.folder)
    assert other.found("the pedal") == []
    assert other.indexer.sync() == IndexReport(1, 0, 3)
    assert other.found("the pedal") == library.found("the pedal") == ["manual"]
    check_whole(library)
    check_whole(other)


def test_another_installation_on_the_same_store_is_left_alone(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "STRAY_SECONDS", 0)
    database = Database(f"sqlite:///{tmp_path / 'other.db'}")
    database.migrate(tmp_path)
    other = Library(database, library.store, library.embedder, tmp_path / "other")
    library.publish("manual", SECTIONS)
    other.publish("manual", "Another manual, of another installation.")
    for one in (library, other) * 2:
        one.indexer.sync()
        time.sleep(0.01)
    check_whole(library)
    check_whole(other)
    assert "installation" not in library.search.find("another manual installation").hits[0].passage.text
    database.close()


def test_a_model_that_fails_leaves_what_was_done(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH_PASSAGES", 1)
    calls = 0
    embed = library.embedder.embed_parts

    def failing(texts: Sequence[str], parts: Any, progress: Any = None) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise EmbedderError("away")
        return embed(texts, parts, progress)

    for n in range(4):
        library.write(f"a{n}", f"Article number{n}.")
    monkeypatch.setattr(library.embedder, "embed_parts", failing)
    with pytest.raises(EmbedderError):
        library.indexer.sync()
    assert len(rows(library)) == 2
    assert library.indexer.sync() == IndexReport(2, 0, 2)
    check_whole(library)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def crowd(request: pytest.FixtureRequest, tmp_path: Path, words: WordsEmbedder) -> Iterator[list[Library]]:
    """Four processes on one index, each with a connection pool and a search of its own."""
    url = request.getfixturevalue(f"{request.param}_url")
    store = open_store(tmp_path / "chroma", None)
    databases = [Database(url) for _ in range(4)]
    yield [Library(database, store, words, tmp_path / str(n)) for n, database in enumerate(databases)]
    for database in databases:
        database.close()


@pytest.mark.slow
def test_writers_and_readers_at_once_see_every_change_when_the_call_has_returned(
    crowd: list[Library],
) -> None:
    """Each writes articles of its own and looks for them from another one's side, sixty times."""
    for n in range(30):
        crowd[0].write(f"base-{n}", f"Base article number{n} on saddles.")
    crowd[0].indexer.sync()
    stop = threading.Event()
    wrong: list[str] = []

    def write(me: int) -> None:
        mine, other = crowd[me], crowd[(me + 1) % 4]
        for round in range(15):
            word = f"zq{me}x{round}k"
            mine.publish(f"{me}-{round}", f"The {word} part.")
            if other.found(word)[:1] != [f"{me}-{round}"]:
                wrong.append(f"{word} was published and not found: {other.found(word)[:3]}")
            if not set(other.search.lexicon().ids) >= {
                row.id for row in rows(mine) if row.article_id == f"{me}-{round}"
            }:
                wrong.append(f"{word} is missing in the lexical half")
            if round % 3 == 0:
                mine.remove(f"{me}-{round}")
                if f"{me}-{round}" in other.found(word):
                    wrong.append(f"{word} was removed and found")

    def rebuild() -> None:
        while not stop.is_set():
            crowd[3].search.rebuild()
            time.sleep(0.05)

    with ThreadPoolExecutor(5) as pool:
        rebuilding = pool.submit(rebuild)
        try:
            for done in [pool.submit(write, me) for me in range(4)]:
                done.result()
        finally:
            stop.set()
        rebuilding.result()
    assert wrong == []
    check_whole(crowd[0])
    fresh = Library(
        Database(crowd[0].database.url), crowd[0].store, crowd[0].embedder, crowd[0].folder / "fresh"
    )
    for library in crowd:  # nobody missed anything, however the changes fell
        lexicon = library.search.lexicon()
        alive = {id for i, id in enumerate(lexicon.ids) if i not in lexicon._dead}
        assert alive == set(fresh.search.lexicon().ids)
    fresh.database.close()


@pytest.mark.slow
def test_the_same_article_written_by_everybody_at_once_ends_as_one_of_the_versions(
    crowd: list[Library],
) -> None:
    def write(me: int) -> None:
        for round in range(8):
            crowd[me].publish("manual", SECTIONS.replace("chain", f"chain{me}x{round}"))

    crowd[0].write("manual", SECTIONS)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, me) for me in range(4)]:
            done.result()
    crowd[0].indexer.sync()
    assert len(rows(crowd[0])) == 3
    for row in rows(crowd[0]):
        assert row.id in crowd[0].store.ids(
            shelf_of(shelves_of(crowd[0].database, row.space), "public", "en")
        )
    assert pending_of(crowd[0].database, crowd[0].indexer.space) == (0, 1, 3)


@pytest.mark.parametrize("meanwhile", ["edited", "deleted"])
def test_what_changes_while_it_is_embedded_is_never_committed_as_it_was(
    library: Library, words: WordsEmbedder, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    embed = words.embed_parts

    def slowly(texts: Sequence[str], parts: Any, progress: Any = None) -> Any:
        monkeypatch.setattr(words, "embed_parts", embed)
        if meanwhile == "edited":
            library.write("manual", "The new text.")
        else:
            with library.database.write() as session:
                articles.remove(session, "manual")
        return embed(texts, parts, progress)

    library.write("manual", "The old text.")
    monkeypatch.setattr(words, "embed_parts", slowly)
    assert library.indexer.sync() == IndexReport(0, 0, 1)
    assert rows(library) == []
    library.indexer.sync()
    assert [row.text for row in rows(library)] == (["The new text."] if meanwhile == "edited" else [])


def test_passages_are_embedded_with_their_title(library: Library, words: WordsEmbedder) -> None:
    library.publish("a", "One.", title="Opening hours")
    assert words.embedded == ["Opening hours\nOne."]
    (row,) = rows(library)
    shelf = shelf_of(shelves_of(library.database, library.indexer.space), "public", "en")
    assert np.isclose(
        library.store.nearest(shelf, words.embed_query("Opening hours\nOne."), 1)[0][1], 1, atol=1e-4
    )
    assert row.text == "One."
