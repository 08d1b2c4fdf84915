"""The nearest part of a passage: cosines out of a byte a number, read once and kept within bounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from help_center.index_tables import PassageRow
from retrieval import closeness
from retrieval.chunking import embedded_text, parts, split
from retrieval.closeness import TITLE_LENGTH, Closeness, packed
from retrieval.embedders.base import Vectors
from tests.retrieval.conftest import Library

LONG = "\n\n".join(
    f"## Part {n}\n\nThe {word} is on page {n}." + " Turn it twice." * 40
    for n, word in enumerate(("saddle", "pedal", "chain"))
)


def unit_vectors(count: int, dimensions: int, seed: int = 7) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def unpacked(told: bytes, dimensions: int) -> Vectors:
    records = np.frombuffer(told, dtype=[("scale", "<f4"), ("values", "i1", (dimensions,))])
    vectors: Vectors = records["values"].astype(np.float32) * records["scale"][:, None]
    return vectors


@pytest.fixture
def manual(library: Library) -> Library:
    library.publish("manual", LONG)
    return library


def passage_ids(library: Library, article_id: str = "manual") -> list[str]:
    with library.database.engine.connect() as connection:
        query = PassageRow.__table__.select().where(PassageRow.article_id == article_id)
        return [row.id for row in connection.execute(query.order_by(PassageRow.ordinal))]


def count_reads(library: Library, run: Callable[[], Any]) -> int:
    """How often `run` reads passages."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if PassageRow.__tablename__ in statement:
            sent.append(statement)

    event.listen(library.database.engine, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(library.database.engine, "before_cursor_execute", note)
    return len(sent)


# --- packing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [4, 384, 1536])
def test_cosines_of_packed_vectors_are_within_a_hundredth_of_the_exact_ones(dimensions: int) -> None:
    vectors, questions = unit_vectors(200, dimensions), unit_vectors(20, dimensions, seed=8)
    told = packed(vectors)
    assert len(told) == 200 * (dimensions + 4)
    assert np.abs(questions @ unpacked(told, dimensions).T - questions @ vectors.T).max() < 0.01


def test_one_large_number_among_small_ones_is_kept() -> None:
    vectors = np.full((1, 384), 1e-4, dtype=np.float32)
    vectors[0, 5] = np.sqrt(1 - np.sum(vectors[0, 1:] ** 2))
    assert np.abs(unpacked(packed(vectors), 384) - vectors).max() < 0.01


def test_a_vector_of_zeros_stays_one() -> None:
    assert not unpacked(packed(np.zeros((2, 8), np.float32)), 8).any()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8).filter(lambda row: any(map(abs, row))))
def test_any_unit_vector_comes_back(row: list[float]) -> None:
    vector = np.array([row], dtype=np.float64)
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    assert np.abs(unpacked(packed(vector), 8) - vector).max() <= 0.5 / 127 + 1e-6


# --- what the database holds ---------------------------------------------------------------------------------


def test_it_is_the_cosine_of_the_nearest_part(manual: Library) -> None:
    asked = ["where is the pedal", "the chain is on page 2", "zq"]
    questions = np.stack([manual.embedder.embed_query(text) for text in asked])
    passages = split("manual", "Manual", LONG)
    ids = passage_ids(manual)
    assert ids == [passage.id for passage in passages]
    found = Closeness(manual.database, manual.search.space)(questions, ids)
    assert found.shape == (3, 3)
    for i, passage in enumerate(passages):
        text = embedded_text("Manual", passage)
        _, (exact,) = manual.embedder.embed_parts([text], [parts(text)])
        assert found[:, i] == pytest.approx((exact @ questions.T).max(axis=0), abs=0.01)


RETURNS = "\n\n".join(
    f"## {word}\n\n" + f"The {word} goes to the shed. " * 40 for word in ("Saddle", "Pedal")
)


@pytest.mark.parametrize(
    ("title", "asks"),
    [
        ("Can I give a bicycle back?", True),
        ("Kann ich es zurückgeben ?»", True),
        ("返品できますか？", True),
        ("Giving a bicycle back", False),
    ],
)
def test_a_title_that_is_a_question_is_one_more_part_where_the_article_begins(
    library: Library, title: str, asks: bool
) -> None:
    library.publish("returns", RETURNS, title=title)
    alone = library.embedder.embed_passages([title])[0]
    texts = [embedded_text(title, passage) for passage in split("returns", title, RETURNS)]
    assert len(texts) > 1
    of_all = Closeness(library.database, library.search.space)
    first, *rest = of_all.parts(passage_ids(library, "returns"), len(alone))
    assert len(first) == len(parts(texts[0])) + asks
    assert (float(first[-1] @ alone) == pytest.approx(TITLE_LENGTH, abs=0.01)) == asks
    assert list(map(len, rest)) == [len(parts(text)) for text in texts[1:]]


def test_where_an_article_begins_anew_its_title_moves_to_the_new_beginning(library: Library) -> None:
    title = "Can I give a bicycle back?"
    longer = "## Bell\n\n" + "The bell goes to the shed. " * 40 + f"\n\n{RETURNS}"
    library.publish("returns", RETURNS, title=title)
    before = passage_ids(library, "returns")
    library.publish("returns", longer, title=title)
    after = passage_ids(library, "returns")
    assert set(after) & set(before) == set(before[1:])
    found = Closeness(library.database, library.search.space).parts(
        after, len(library.embedder.embed_query(title))
    )
    texts = [embedded_text(title, passage) for passage in split("returns", title, longer)]
    assert list(map(len, found)) == [len(parts(text)) + (i == 0) for i, text in enumerate(texts)]


def test_each_part_has_its_own_cosine_in_their_order(manual: Library) -> None:
    question = manual.embedder.embed_query("The pedal is on page 1.")
    of_all = Closeness(manual.database, manual.search.space)
    id = passage_ids(manual)[1]
    cosines = of_all.of_parts(question, id)
    text = embedded_text("Manual", split("manual", "Manual", LONG)[1])
    assert len(cosines) == len(parts(text))
    start, end = parts(text)[int(np.argmax(cosines))]
    assert "The pedal is on page 1." in text[start:end]
    assert of_all(question[None], [id])[0, 0] == pytest.approx(cosines.max(), abs=1e-5)


def test_a_passage_that_is_not_there_or_has_no_parts_has_no_closeness(manual: Library) -> None:
    question = manual.embedder.embed_query("the pedal")
    first, second, third = passage_ids(manual)
    with manual.database.write() as session:
        session.execute(update(PassageRow).where(PassageRow.id == second).values(parts=None))
        session.execute(update(PassageRow).where(PassageRow.id == third).values(parts=b""))
    of_all = Closeness(manual.database, manual.search.space)
    found = of_all(question[None], [first, "nobody", second, third, first])
    assert np.isnan(found).tolist() == [[False, True, True, True, False]]
    assert found[0, 0] == found[0, 4]
    assert np.isnan(of_all(question[None], ["nobody"])).all()
    assert of_all(question[None], []).shape == (1, 0)
    assert of_all.of_parts(question, second).shape == (0,)


def test_another_index_has_parts_of_its_own(manual: Library) -> None:
    question = manual.embedder.embed_query("the pedal")
    assert np.isnan(Closeness(manual.database, "another")(question[None], passage_ids(manual))).all()


# --- what is kept --------------------------------------------------------------------------------------------


def test_what_was_read_is_not_read_again(manual: Library) -> None:
    of_all = Closeness(manual.database, manual.search.space)
    question, ids = manual.embedder.embed_query("the pedal"), passage_ids(manual)
    assert count_reads(manual, lambda: of_all(question[None], ids[:2])) == 1
    assert count_reads(manual, lambda: of_all(question[None], ids[:2])) == 0
    assert count_reads(manual, lambda: of_all.of_parts(question, ids[0])) == 0
    assert count_reads(manual, lambda: of_all(question[None], ids)) == 1


def test_parts_that_come_later_are_found(library: Library) -> None:
    of_all = Closeness(library.database, library.search.space)
    question = library.embedder.embed_query("the pedal")
    (passage,) = split("later", "Later", "The pedal.")
    assert np.isnan(of_all(question[None], [passage.id])).all()
    library.publish("later", "The pedal.")
    assert not np.isnan(of_all(question[None], [passage.id])).any()


def test_no_more_is_kept_than_the_limit_and_what_was_not_asked_for_goes_first(
    manual: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = passage_ids(manual)
    question = manual.embedder.embed_query("the pedal")[None]
    of_all = Closeness(manual.database, manual.search.space)
    exact = of_all(question, ids)
    with manual.database.engine.connect() as connection:
        sizes = [len(row.parts) for row in connection.execute(PassageRow.__table__.select())]
    monkeypatch.setattr(closeness, "CACHE_BYTES", sum(sizes) - 1)
    of_all = Closeness(manual.database, manual.search.space)

    def reads(of: Sequence[str]) -> int:
        return count_reads(manual, lambda: of_all(question, of))

    assert reads(ids[:2]) == 1
    assert reads(ids[:1]) == 0  # asked for again: the second is now the one that waited longest
    assert reads(ids[2:]) == 1
    assert [reads([id]) for id in (ids[0], ids[2], ids[1])] == [0, 0, 1]
    assert of_all(question, ids).tolist() == exact.tolist()  # together they are more than may be kept
    monkeypatch.setattr(closeness, "CACHE_BYTES", 0)
    assert of_all(question, ids).tolist() == exact.tolist()
    assert reads(ids) == reads(ids) == 1


def test_threads_may_share_it(manual: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closeness, "CACHE_BYTES", 1)  # so that every call changes what is kept
    of_all = Closeness(manual.database, manual.search.space)
    ids = passage_ids(manual)
    question = manual.embedder.embed_query("the pedal")[None]
    expected = of_all(question, ids).tolist()
    start = threading.Barrier(4)

    def ask() -> bool:
        start.wait()
        return all(of_all(question, ids).tolist() == expected for _ in range(25))

    with ThreadPoolExecutor(4) as pool:
        assert all(done.result() for done in [pool.submit(ask) for _ in range(4)])
