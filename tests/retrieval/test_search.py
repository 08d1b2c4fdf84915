"""Search: the right article first, nothing that the viewer may not see, and every change known at once."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update

from help_center.database import Database
from help_center.index_tables import PassageRow
from help_center.people import STRANGER, Viewer
from help_center.sources.base import SourceArticle, article_from_record
from retrieval import search as searching
from retrieval.embedders.base import Embedder, Vectors
from tests.conftest import ARTICLES
from tests.retrieval.conftest import Library

CUSTOMER = Viewer(proven_customer=True)
AGENT = Viewer("agent_1", "Ada", "agent")
ADMIN = Viewer("agent_2", "Grace", "admin")
MAY_SEE = {
    "stranger": (STRANGER, {"public"}),
    "customer": (CUSTOMER, {"public", "customers"}),
    "agent": (AGENT, {"public", "customers", "agents"}),
    "admin": (ADMIN, {"public", "customers", "agents"}),
}


@pytest.fixture
def shop(library: Library) -> Library:
    for record in ARTICLES:
        article = article_from_record(record, record["id"])
        assert isinstance(article, SourceArticle)
        fields = {
            "title": article.title,
            "section": article.section,
            "audience": article.audience,
            "status": article.status,
        }
        library.write(article.id, article.body, **fields)
    library.indexer.sync()
    return library


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("how can i send my bike back", "returns"),
        ("when will the refund be in my account", "returns"),
        ("error E-417", "bike-computer"),
        ("how many bar for 32 mm", "tyre-pressure"),
        ("e-bike battery in the cold season", "battery-winter"),
    ],
)
def test_the_right_article_comes_first(
    shop: Library, bundled: Embedder, question: str, expected: str
) -> None:
    real = Library(shop.database, shop.store, bundled, shop.folder / "real")
    real.indexer.sync()
    found = real.search.find(question)
    assert found.hits[0].article_id == expected
    assert len({hit.article_id for hit in found.hits}) == len(found.hits)
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert found.passages[0].article_id == expected


def test_an_article_is_found_by_its_labels_and_no_longer_when_they_are_gone(shop: Library) -> None:
    body = "Open **My rentals** and pick the last day."
    shop.publish("end-rental", body, labels=("cancel", "terminate the contract"))
    found = shop.search.find("how do I cancel")
    assert found.hits[0].article_id == "end-rental"
    assert found.evidence.title_coverage == pytest.approx(1.0)
    assert "cancel" not in found.hits[0].passage.text
    assert "end-rental" in shop.found("terminate")
    assert shop.twin().found("cancel")[0] == "end-rental"
    shop.publish("end-rental", body, labels=("terminate",))
    assert shop.search.find("cancel").evidence.title_coverage == 0
    assert not any(hit.lexical for hit in shop.search.find("cancel").hits)
    shop.publish("end-rental", body, labels=("terminate",), audience="agents")
    assert "end-rental" not in shop.found("terminate")


def test_nothing_asked_nothing_found(shop: Library) -> None:
    for question in ("", "   ", "\n"):
        assert shop.search.find(question).hits == []


@pytest.mark.parametrize(
    "question", ["?", "!!!", "x" * 5000, "\x00", "' OR 1=1 --", "退货", "the of and", "😀"]
)
def test_no_question_breaks_it(shop: Library, question: str) -> None:
    assert len(shop.search.find(question).hits) <= 10


def test_an_empty_help_center_finds_nothing(library: Library) -> None:
    found = library.search.find("anything")
    assert (found.hits, found.passages) == ([], [])


def test_it_gives_as_many_as_are_asked_for(library: Library) -> None:
    for n in range(30):
        library.write(f"a{n}", f"A bell, number {n}.")
    library.indexer.sync()
    for limit in (1, 5, 10, 30):
        assert len(library.search.find("bell", limit=limit).hits) == limit


@pytest.mark.parametrize("question", ["bell", '"a bell"'])
def test_it_gives_as_many_as_are_asked_for_where_articles_are_long(library: Library, question: str) -> None:
    """Each of them alone has more passages than one half proposes at first."""
    for n in range(12):
        body = "\n\n".join(f"## Part {part}\n\nA bell, number {n}. {'ring ' * 150}" for part in range(130))
        library.write(f"a{n}", body)
    library.write("lamp", "A lamp.")
    library.indexer.sync()
    assert len(library.search.lexicon()) > 12 * 100
    few = library.search.find(question, limit=10)
    assert len(library.found(question, limit=12)) == 12
    assert len(library.found(question, limit=50)) == (13 if question == "bell" else 12)
    assert len(library.found(question, limit=50, without=["a3", "lamp"])) == 11
    again = library.search.find(question, limit=10)
    assert (again.hits, again.passages, again.evidence) == (few.hits, few.passages, few.evidence)


def test_what_comes_first_is_the_same_however_many_are_asked_for(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        library.write(f"a{n}", f"A bell, number {n}. {'rings ' * n}")
    library.indexer.sync()
    nearest = library.store.nearest
    # what the store proposes last is best
    monkeypatch.setattr(
        library.store, "nearest", lambda shelf, vector, limit: nearest(shelf, vector, 99)[::-1][:limit]
    )
    monkeypatch.setattr(searching, "DEPTH", 5)
    ten = library.search.find("xylophone bells", limit=10).hits
    for limit in (11, 30, 99):
        hits = library.search.find("xylophone bells", limit=limit).hits
        assert hits[: len(ten)] == ten
        assert len({hit.article_id for hit in hits}) == len(hits) == min(limit, 40)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_only_where_more_are_asked_for_than_a_page_holds_it_looks_deeper(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        library.write(f"a{n}", "\n\n".join(f"## Part {part}\n\n{'A bell. ' * 100}" for part in range(60)))
    library.write("lamp", "A lamp.")
    library.indexer.sync()
    assert 300 < len(library.search.lexicon()) <= 400
    depths: list[int] = []
    nearest = library.store.nearest

    def noted(shelf: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        depths.append(limit)
        return nearest(shelf, vector, limit)

    monkeypatch.setattr(library.store, "nearest", noted)
    for limit, without, taken in (
        (1, [], [100]),
        (10, [], [100]),
        (11, [], [100, 200, 400]),
        (11, ["lamp"], [100]),  # all that are left are there
    ):
        depths.clear()
        library.search.find("bell", limit=limit, without=without)
        assert depths == taken


def test_an_article_that_is_passed_over_is_as_if_it_were_not_there(library: Library) -> None:
    """Not even the code that only it holds brings it back."""
    library.write("lights", LIGHTS)
    library.write("bells", "The bells of L series lights ring with error codes.")
    library.indexer.sync()
    assert library.search.find("L-204 lights").hits[0].article_id == "lights"
    found = library.search.find("L-204 lights", without={"lights"})
    assert {hit.article_id for hit in [*found.hits, *found.passages]} == {"bells"}
    assert not found.certain


# --- sections that share a passage ---------------------------------------------------------------------------

LIGHTS = """The lights work with any dynamo.

## Change the bulb

Unscrew the glass and pull the old bulb out.

## Error codes

L-204 says that a cable is loose. L-305 says that water got in.
"""


@pytest.mark.parametrize(
    ("question", "heading", "text"),
    [
        (
            "unscrew the glass, pull the bulb",
            "Change the bulb",
            "Unscrew the glass and pull the old bulb out.",
        ),
        ("which dynamo do lights work with", "Lights", "The lights work with any dynamo."),
        ("L-305", "Error codes", "L-204 says that a cable is loose. L-305 says that water got in."),
    ],
)
def test_a_hit_of_a_shared_passage_is_the_section_that_answers_under_its_heading(
    library: Library, question: str, heading: str, text: str
) -> None:
    library.publish("lights", LIGHTS, title="Lights")
    library.publish("bell", "Ring the bell.")
    found = library.search.find(question)
    for hit in (found.hits[0], found.passages[0]):
        assert (hit.article_id, hit.heading, hit.passage.text) == ("lights", heading, text)
        assert hit.whole is not None
        assert hit.whole.id == hit.passage.id
        assert [section.headings for section in hit.whole.sections] == [
            (),
            ("Change the bulb",),
            ("Error codes",),
        ]
        assert hit.passage.text in hit.whole.text
    bell = next(hit for hit in found.hits if hit.article_id == "bell")
    assert bell.whole is None


def test_the_words_choose_the_section_where_the_model_sees_no_difference(
    shop: Library, bundled: Embedder
) -> None:
    """The letters of an error code mean nothing to the model."""
    real = Library(shop.database, shop.store, bundled, shop.folder / "real")
    codes = {
        f"Q{n}-{7 * n}": f"reason {word}" for n, word in enumerate(("amber", "birch", "cedar", "dune"), 11)
    }
    body = "\n\n".join(f"## {word}\n\nSeen as {code} on the display." for code, word in codes.items())
    real.write("codes", body, title="Messages")
    real.indexer.sync()
    for code, heading in codes.items():
        hit = real.search.find(code).hits[0]
        assert (hit.article_id, hit.heading) == ("codes", heading)
        assert code in hit.passage.text


# --- what either half proposes -------------------------------------------------------------------------------


def test_a_passage_that_the_words_alone_propose_has_its_exact_closeness(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(12):
        library.write(f"a{n}", "The bell rings. " * (n + 1) + f"Number{n}.")
    library.write("rare", "The numbat sleeps here, far from any bell.", title="Animals")
    library.indexer.sync()
    asked = "the bell that rings, and the numbat"
    exact = {hit.article_id: hit.dense for hit in library.search.find(asked, limit=20).hits}
    assert len(exact) == 13
    monkeypatch.setattr(searching, "DEPTH", 1)  # one for each half: the vector store proposes a bell
    found = {hit.article_id: hit for hit in library.search.find(asked, limit=10).hits}
    assert len(found) == 2
    assert found["rare"].dense == exact["rare"]
    vector = library.embedder.embed_query(asked)
    text = "Animals\nThe numbat sleeps here, far from any bell."
    assert found["rare"].dense == pytest.approx(float(library.embedder.embed_query(text) @ vector), abs=0.01)


def test_a_passage_without_parts_is_as_close_as_the_vector_store_says(library: Library) -> None:
    library.publish("bell", "Ring the bell.")
    library.publish("horn", "Blow the horn.")
    whole = library.embedder.embed_query("Bell\nRing the bell.") @ library.embedder.embed_query("ring a bell")
    with library.database.write() as session:
        session.execute(update(PassageRow).where(PassageRow.article_id == "bell").values(parts=None))
    hits = {hit.article_id: hit for hit in library.twin().search.find("ring a bell").hits}
    assert hits["bell"].dense == pytest.approx(float(whole), abs=1e-3)
    assert hits["bell"].score > hits["horn"].score


def test_scores_do_not_stretch_over_what_was_found(library: Library) -> None:
    """What is far from a question is told by its score, though nothing else is nearer."""
    library.publish("bell", "Ring the bell.")
    library.publish("horn", "Blow the horn.")
    near, far = (library.search.find(text).hits[0].score for text in ("Bell: ring the bell", "zq xq vq wq"))
    assert near > 0.8
    assert far < 0.3


# --- who may see what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", MAY_SEE)
def test_no_viewer_finds_anything_that_is_not_meant_for_them(library: Library, who: str) -> None:
    """Every audience in every status, found by the very words and by what the others hold, alone and as delta."""
    viewer, audiences = MAY_SEE[who]
    for audience, status in itertools.product(
        ("public", "customers", "agents"), ("published", "draft", "archived")
    ):
        word = f"{audience}{status}zq"
        library.write(
            f"{audience}-{status}", f"The {word} price is secret{word}.", audience=audience, status=status
        )
    allowed = {f"{audience}-published" for audience in audiences}

    def look() -> None:
        for question in [
            "price",
            "the secret price",
            *(f"{a}{s}zq" for a in MAY_SEE for s in ("published", "draft")),
        ]:
            for given in (
                {},
                {"locale": "en"},
                {"locale": "de"},
                {"context": "agentspublishedzq customerspublishedzq"},
            ):
                found = library.search.find(question, viewer=viewer, limit=50, **given)
                assert {hit.article_id for hit in found.hits} <= allowed
                assert {hit.article_id for hit in found.passages} <= allowed
        assert set(library.found("price", viewer=viewer)) == allowed

    library.indexer.sync()
    look()
    library.search.rebuild()
    look()
    # what changes hands without being indexed yet is held back by the last look at the articles
    library.write("public-published", "The publicpublishedzq price.", audience="agents")
    library.write(
        "customers-published", "The customerspublishedzq price.", audience="customers", status="draft"
    )
    allowed = {f"{audience}-published" for audience in audiences} - {"customers-published"}
    allowed -= set() if "agents" in audiences else {"public-published"}
    assert set(library.found("price", viewer=viewer)) <= allowed
    library.indexer.sync()
    assert set(library.found("price", viewer=viewer)) == allowed


def test_what_a_viewer_may_not_see_does_not_move_what_they_see(shop: Library) -> None:
    """Scores are over what the viewer may see: a hidden article can not be felt in them."""
    before = [
        (hit.article_id, hit.score, hit.dense, hit.lexical) for hit in shop.search.find("bicycle price").hits
    ]
    for n in range(120):
        shop.write(f"secret-{n}", "bicycle price bicycle price", audience="agents")
    shop.indexer.sync()
    after = [
        (hit.article_id, hit.score, hit.dense, hit.lexical) for hit in shop.search.find("bicycle price").hits
    ]
    assert [row[0] for row in after] == [row[0] for row in before]
    assert [row[2] for row in after] == pytest.approx([row[2] for row in before], abs=1e-4)


# --- languages -----------------------------------------------------------------------------------------------


def test_a_locale_is_preferred_and_nothing_is_lost_without_it(library: Library) -> None:
    library.write("returns-en", "Return the bicycle within 30 days.", locale="en")
    library.write("returns-de", "Das bicycle zurückgeben.", locale="de-AT")
    library.indexer.sync()
    assert library.found("bicycle", locale="de") == ["returns-de"]
    assert library.found("bicycle", locale="de-CH") == ["returns-de"]
    assert set(library.found("bicycle", locale="fr")) == {"returns-en", "returns-de"}
    assert set(library.found("bicycle")) == {"returns-en", "returns-de"}


# --- changes -------------------------------------------------------------------------------------------------


def test_what_is_published_is_found_at_once_and_what_is_not_is_gone_at_once(shop: Library) -> None:
    other = shop.twin(shop.folder / "twin")
    other.found("warm")
    for round in range(5):
        shop.publish("numbat", f"The numbat{round} rack.")
        assert shop.found(f"numbat{round}")[0] == other.found(f"numbat{round}")[0] == "numbat"
        assert f"numbat{round}" in other.search.find(f"numbat{round}").hits[0].passage.text
    shop.publish("numbat", "The numbat rack.", status="draft")
    assert "numbat" not in shop.found("numbat rack") + other.found("numbat rack")
    shop.publish("numbat", "The numbat rack.")
    assert other.found("numbat rack")[0] == "numbat"
    shop.remove("numbat")
    assert "numbat" not in shop.found("numbat rack") + other.found("numbat rack")


def test_a_language_that_is_new_is_searched_at_once(shop: Library) -> None:
    other = shop.twin(shop.folder / "twin")
    other.found("warm")
    shop.publish("rueckgabe", "Räder zurückgeben.", locale="de")
    assert other.found("zurückgeben")[0] == "rueckgabe"


def test_an_index_with_a_delta_scores_like_one_built_anew(library: Library) -> None:
    parts = [
        "bell",
        "brake",
        "chain",
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
        "stem",
        "tube",
        "tyre",
    ]
    for n, (one, two) in enumerate(itertools.islice(itertools.permutations(parts, 2), 200)):
        library.write(
            f"a{n}", f"Fit the {one} next to the {two}. Then tighten the {one}.", title=f"The {one} {n}"
        )
    library.indexer.sync()
    library.found("warm")
    for n in range(0, 200, 20):
        library.publish(f"a{n}", f"The {parts[n % 18]} was replaced by the {parts[(n + 5) % 18]}.")
        library.remove(f"a{n + 1}")
    assert 0 < library.search.lexicon().changes < 60
    fresh = library.twin(library.folder / "fresh")
    assert fresh.search.lexicon().changes == 0
    for question in ("tighten the bell", "replaced by the saddle", "fork next to the hub", "pump"):
        with_delta, built = (
            {hit.article_id: hit for hit in one.search.find(question, limit=50).hits}
            for one in (library, fresh)
        )
        assert len(with_delta) == len(built) == 50
        for id, hit in built.items():
            if id in with_delta:
                assert with_delta[id].dense == pytest.approx(hit.dense, abs=1e-3)
                assert with_delta[id].lexical == pytest.approx(hit.lexical, rel=0.05, abs=0.06)
                assert with_delta[id].score == pytest.approx(hit.score, abs=0.01)
            else:  # one of many alike at the end of the list
                assert hit.score <= min(other.score for other in with_delta.values()) + 0.01
        order = [built[id].score for id in with_delta if id in built]
        assert all(ahead > behind - 0.02 for ahead, behind in itertools.combinations(order, 2))


def test_many_changes_are_folded_into_a_new_base(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "REBUILD_AFTER", 10)
    library.publish("first", "The first.")
    library.found("warm")
    for n in range(14):
        library.publish(f"a{n}", f"Article number{n}.")
        assert library.found(f"number{n}")[0] == f"a{n}"
    end = time.monotonic() + 60
    while library.search.lexicon().changes > 10 and time.monotonic() < end:
        time.sleep(0.02)
    assert library.search.lexicon().changes <= 10
    assert [library.found(f"number{n}")[0] for n in range(14)] == [f"a{n}" for n in range(14)]


def test_more_changes_than_a_delta_holds_are_caught_up_with_at_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "REBUILD_AFTER", 10)
    library.publish("first", "The first.")
    library.found("warm")
    for n in range(35):
        library.write(f"a{n}", f"Article number{n}.")
    library.write("first", "The very first.")
    library.indexer.sync()
    assert library.search.lexicon().changes <= 10
    assert [library.found(f"number{n}")[0] for n in range(35)] == [f"a{n}" for n in range(35)]
    library.search.rebuild()
    built = library.twin(library.folder / "new").search.lexicon()
    assert sorted(library.search.lexicon().ids) == sorted(built.ids)


def test_a_start_uses_the_snapshot_and_catches_up(shop: Library) -> None:
    shop.search.rebuild()
    shop.publish("numbat", "The numbat rack.")
    started = shop.twin()
    assert started.found("numbat")[0] == "numbat"
    assert started.search.lexicon().changes == 1  # the snapshot, and one change
    assert started.found("return a bicycle") == shop.found("return a bicycle")


def test_a_snapshot_that_is_damaged_is_built_again(shop: Library) -> None:
    shop.search.rebuild()
    (index,) = (shop.folder / "lexical").glob("*/index.json")
    index.write_text(index.read_text()[:100])
    assert shop.twin().found("return a bicycle") == shop.found("return a bicycle")
    shutil.rmtree(index.parent / "postings")
    index.write_text(json.dumps({}))
    assert shop.twin().found("return a bicycle") == shop.found("return a bicycle")


def test_a_snapshot_of_another_database_is_never_used(shop: Library, tmp_path: Path) -> None:
    """The database was replaced and the data dir kept: the old snapshot is at a generation that means nothing now."""
    shop.search.rebuild()
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    fresh.migrate(tmp_path)
    other = Library(fresh, shop.store, shop.embedder, shop.folder)
    for n in range(12):
        other.publish(f"b{n}", f"Another help center, article number{n}.", locale="de")
    assert [other.found(f"number{n}")[0] for n in range(12)] == [f"b{n}" for n in range(12)]
    assert set(other.search.lexicon().articles) == {f"b{n}" for n in range(12)}
    fresh.close()


def test_processes_that_keep_snapshots_in_one_folder_do_not_harm_each_other(
    shop: Library, caplog: pytest.LogCaptureFixture
) -> None:
    """As the workers of one machine do."""
    workers = [shop.twin() for _ in range(4)]
    stop = threading.Event()
    wrong: list[object] = []

    def start_again_and_again() -> None:
        while not stop.is_set():
            found = shop.twin().found("return a bicycle")
            if found != expected:
                wrong.append(found)

    expected = shop.found("return a bicycle")
    with ThreadPoolExecutor(5) as pool:
        starting = pool.submit(start_again_and_again)
        for done in [pool.submit(worker.search.rebuild) for worker in workers * 5]:
            done.result()
        stop.set()
        starting.result()
    assert wrong == []
    assert caplog.records == []  # no snapshot could not be kept
    left = sorted(entry.name for entry in (shop.folder / "lexical").iterdir())
    assert len(left) == 2, left  # the snapshot and its lock


def test_searching_while_writing_never_fails(shop: Library) -> None:
    stop = threading.Event()

    def look() -> int:
        count = 0
        while not stop.is_set():
            assert shop.found("return a bicycle")[0] == "returns"
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look) for _ in range(3)]
        for n in range(25):
            shop.publish("numbat", f"The numbat number{n}.")
        stop.set()
        assert all(one.result() > 3 for one in looking)


# --- history -------------------------------------------------------------------------------------------------


def test_what_was_said_before_helps_a_question_that_follows_up_on_it(library: Library) -> None:
    for device in ("lamp", "lock", "pump"):
        library.write(
            f"{device}-battery",
            f"Change the battery of the {device}: open it.",
            title=f"The {device}'s battery",
        )
    library.indexer.sync()
    for device in ("lamp", "lock", "pump"):
        assert (
            library.found("and how is its battery changed?", context=f"I have a {device}")[0]
            == f"{device}-battery"
        )


def test_what_was_said_before_counts_by_its_weight(library: Library) -> None:
    for n, text in enumerate(
        ("The lamp is bright.", "The pump is loud.", "The lamp and the pump.", "A lock.")
    ):
        library.write(f"a{n}", text)
    library.indexer.sync()

    def halves(question: str, **given: str) -> dict[str, tuple[float, float]]:
        return {
            hit.article_id: (hit.dense, hit.lexical) for hit in library.search.find(question, **given).hits
        }

    asked, before = halves("how loud is it"), halves("my lamp")
    both = halves("how loud is it", context="my lamp")
    assert both.keys() == asked.keys() == before.keys()
    weight = searching.CONTEXT_WEIGHT
    for id, told in both.items():
        for half in (0, 1):
            expected = (asked[id][half] + weight * before[id][half]) / (1 + weight)
            assert told[half] == pytest.approx(expected, abs=1e-4)


def test_what_was_said_before_without_a_word_says_nothing(library: Library) -> None:
    library.publish("lamp", "The lamp is bright.")
    alone, after = (library.search.find("a bright lamp", context=said).hits for said in (None, "👍 !!!"))
    assert after == alone


def test_what_was_said_before_helps_to_choose_the_section(library: Library) -> None:
    library.publish("lights", LIGHTS, title="Lights")
    for context, heading in (("change the bulb", "Change the bulb"), ("error codes", "Error codes")):
        assert library.search.find("what does it say then", context=context).hits[0].heading == heading
