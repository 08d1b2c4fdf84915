"""The suite that every vector store passes. A new one is a line in STORES."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval.stores import StoreError, VectorStore, chroma, open_store
from tests.conftest import free_port

Open = Callable[[], VectorStore]
STORES = ["embedded", pytest.param("server", marks=pytest.mark.services)]


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store, each time anew."""
    url = str(request.getfixturevalue("chroma_url")) if request.param == "server" else None
    return lambda: open_store(tmp_path / "chroma", url)


@pytest.fixture
def store(opened: Open) -> VectorStore:
    return opened()


@pytest.fixture
def shelf() -> str:
    """A name that no other test uses: the server is shared."""
    return f"test-{uuid.uuid4().hex[:12]}-public-en"


def directions(count: int, seed: int = 1, size: int = 24) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_what_was_put_on_a_shelf_is_found_nearest_first_by_its_cosine(store: VectorStore, shelf: str) -> None:
    vectors = directions(60)
    store.add(shelf, [f"p{n}" for n in range(60)], vectors)
    question = directions(1, seed=2)[0]
    cosines = vectors @ question
    best = np.argsort(-cosines)[:10]
    found = store.nearest(shelf, question, 10)
    assert [id for id, _ in found] == [f"p{n}" for n in best]
    assert np.allclose([cosine for _, cosine in found], cosines[best], atol=1e-4)
    assert store.nearest(shelf, vectors[7], 1)[0] == ("p7", pytest.approx(1.0, abs=1e-4))


def test_it_gives_no_more_than_there_is(store: VectorStore, shelf: str) -> None:
    store.add(shelf, ["a", "b"], directions(2))
    assert {id for id, _ in store.nearest(shelf, directions(1)[0], 100)} == {"a", "b"}
    assert store.ids(shelf) == {"a", "b"}


def test_a_shelf_that_does_not_exist_is_empty(store: VectorStore, shelf: str) -> None:
    assert store.nearest(shelf, directions(1)[0], 5) == []
    assert store.ids(shelf) == set()
    store.delete(shelf, ["a"])
    store.drop(shelf)
    store.add(shelf, [], np.zeros((0, 0), np.float32))
    assert shelf not in store.shelves()


def test_adding_again_replaces(store: VectorStore, shelf: str) -> None:
    one, two = directions(2)
    store.add(shelf, ["a", "b"], np.stack([one, one]))
    store.add(shelf, ["a", "c"], np.stack([two, one]))
    assert store.ids(shelf) == {"a", "b", "c"}
    assert store.nearest(shelf, two, 1)[0] == ("a", pytest.approx(1.0, abs=1e-4))
    assert {id for id, _ in store.nearest(shelf, one, 2)} == {"b", "c"}


def test_what_is_deleted_is_gone_and_deleting_twice_is_deleting_once(store: VectorStore, shelf: str) -> None:
    vectors = directions(30)
    store.add(shelf, [f"p{n}" for n in range(30)], vectors)
    for _ in range(2):
        store.delete(shelf, [f"p{n}" for n in range(0, 30, 2)] + ["never there"])
        assert store.ids(shelf) == {f"p{n}" for n in range(1, 30, 2)}
        assert "p0" not in [id for id, _ in store.nearest(shelf, vectors[0], 30)]


@pytest.mark.parametrize("kept", [0, 2**30])
def test_a_shelf_in_memory_and_one_in_chroma_give_the_same_after_every_change(
    tmp_path: Path, shelf: str, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(chroma, "SHELF_BYTES", kept)
    store = open_store(tmp_path, None)
    vectors = directions(80)
    there = {f"p{n}": vectors[n] for n in range(40)}
    store.add(shelf, list(there), np.stack(list(there.values())))

    def check() -> None:
        for question in directions(5, seed=9):
            cosines = {id: float(vector @ question) for id, vector in there.items()}
            best = sorted(cosines, key=lambda id: -cosines[id])
            found = store.nearest(shelf, 3 * question, 100)
            assert [id for id, _ in found] == best
            assert [cosine for _, cosine in found] == pytest.approx([cosines[id] for id in best], abs=1e-4)

    check()
    new = {f"p{n}": vectors[n + 10] for n in range(30, 60)}  # some are there already
    store.add(shelf, list(new), 2 * np.stack(list(new.values())))
    there |= new
    check()
    store.delete(shelf, ["p3", "p35", "nobody"])
    del there["p3"], there["p35"]
    check()


def test_small_shelves_are_in_memory_and_what_is_beyond_the_bounds_is_not(
    tmp_path: Path, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path, None)
    assert isinstance(store, chroma.ChromaStore)

    def in_memory(name: str) -> bool:
        assert len(store.nearest(name, directions(1)[0], 1)) == 1
        return store._flats[name] is not None

    one = directions(20)
    monkeypatch.setattr(chroma, "SHELF_BYTES", one.nbytes)
    monkeypatch.setattr(chroma, "KEPT_BYTES", one.nbytes + 1)
    store.add(shelf, [f"p{n}" for n in range(20)], one)
    assert in_memory(shelf)
    store.add(f"{shelf}-two", ["a"], one[:1])
    assert not in_memory(f"{shelf}-two")  # together they are too much
    store.add(shelf, ["more"], one[:1])
    assert not in_memory(shelf)
    store.delete(shelf, ["more"])
    assert in_memory(shelf)
    store.drop(shelf)
    assert store.nearest(shelf, one[0], 5) == []


def test_a_change_that_fails_half_way_is_seen_as_far_as_it_went(
    tmp_path: Path, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma.ChromaStore, "_present", lambda *_: [])
    store = open_store(tmp_path, None)
    assert isinstance(store, chroma.ChromaStore)
    one, two = directions(2)
    store.add(shelf, ["a"], one[None])
    assert [id for id, _ in store.nearest(shelf, two, 5)] == ["a"]
    store._batch = 1
    with pytest.raises(StoreError):
        store.add(shelf, ["b", "c"], [two, None])  # type: ignore[arg-type]
    assert [id for id, _ in store.nearest(shelf, two, 5)] == ["b", "a"]


def test_shelves_are_strangers_to_each_other(store: VectorStore, shelf: str) -> None:
    one, two = directions(2)
    store.add(shelf, ["a"], one[None])
    store.add(f"{shelf}-two", ["a"], two[None])
    assert {shelf, f"{shelf}-two"} <= set(store.shelves())
    assert store.nearest(shelf, two, 5)[0][1] < 0.99
    store.drop(shelf)
    assert shelf not in store.shelves()
    assert store.ids(f"{shelf}-two") == {"a"}
    store.add(shelf, ["b"], one[None])  # comes into being again
    assert store.ids(shelf) == {"b"}


def test_it_is_durable_when_add_returns(opened: Open, shelf: str) -> None:
    opened().add(shelf, ["a", "b"], directions(2))
    again = opened()
    assert again.ids(shelf) == {"a", "b"}
    assert again.nearest(shelf, directions(2)[1], 1)[0][0] == "b"


def test_more_than_one_batch_goes_in_and_out(
    store: VectorStore, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "IDS_AT_ONCE", 2000)
    vectors = directions(5200, size=8)
    names = [f"p{n}" for n in range(5200)]
    store.add(shelf, names, vectors)
    assert store.ids(shelf) == set(names)
    store.delete(shelf, names[:5100])
    assert store.ids(shelf) == set(names[5100:])


@pytest.mark.slow
def test_the_passages_of_an_enormous_article_go_in_and_in_again(tmp_path: Path) -> None:
    store = open_store(tmp_path, None)
    names = [f"p{n}" for n in range(33_000)]  # more than one statement of SQLite may name
    store.add("all", names, directions(33_000, size=4))
    store.add("all", names[:6_000], directions(6_000, size=4))
    assert store.ids("all") == set(names)


def test_readers_and_a_writer_at_once(store: VectorStore, shelf: str) -> None:
    store.add(shelf, ["fixed"], directions(1))

    def look(_: int) -> str:
        return store.nearest(shelf, directions(1)[0], 1)[0][0]

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look, n) for n in range(60)]
        for n in range(10):
            store.add(
                shelf, [f"p{n}-{i}" for i in range(20)], -directions(20, seed=n + 3) * 0.01 - directions(1)
            )
        assert {one.result() for one in looking} == {"fixed"}
    assert len(store.ids(shelf)) == 201


def test_a_store_that_answers_says_so(store: VectorStore) -> None:
    store.check()


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check PARLEY_CHROMA_URL") as refused:
        open_store(tmp_path, f"http://127.0.0.1:{free_port()}")
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_one_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("a file")
    with pytest.raises(StoreError, match="PARLEY_DATA_DIR") as refused:
        open_store(tmp_path / "chroma", None)
    assert "\n" not in str(refused.value)


@pytest.mark.services
def test_another_client_of_the_server_sees_a_change_at_once(
    chroma_url: str, tmp_path: Path, shelf: str
) -> None:
    one, other = (open_store(tmp_path, chroma_url) for _ in range(2))
    vectors = directions(20)
    for n in range(20):
        one.add(shelf, [f"p{n}"], vectors[n : n + 1])
        assert other.nearest(shelf, vectors[n], 1)[0][0] == f"p{n}"
        if n % 2:
            other.delete(shelf, [f"p{n}"])
            assert f"p{n}" not in [id for id, _ in one.nearest(shelf, vectors[n], 30)]
    one.drop(shelf)
    assert other.nearest(shelf, vectors[0], 5) == []
    assert other.ids(shelf) == set()
    other.add(shelf, ["again"], vectors[:1])
    assert one.nearest(shelf, vectors[0], 5)[0][0] == "again"
