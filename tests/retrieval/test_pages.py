"""Search, suggestions and the writing of articles over HTTP: a real SQLite, a real embedded Chroma, the real model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from playwright.sync_api import Page

import help_center.tables  # noqa: F401
from help_center import articles
from help_center import pages as help_pages
from help_center.articles import ArticleFeedback
from help_center.database import Database
from help_center.outline import Outline
from help_center.people import add_agent, new_api_token
from help_center.sources.base import SourceArticle, article_from_record
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits, install_problems
from retrieval import pages as search_pages
from retrieval.embedders import Embedder, open_embedder
from retrieval.embedders.base import EmbedderError, Span, Vectors
from retrieval.indexing import Indexer
from retrieval.search import Search
from retrieval.stores.base import StoreError
from retrieval.stores.chroma import ChromaStore
from retrieval.suggest import Suggestions
from tests.conftest import eventually, faults, in_thread

RETURN = {
    "title": "Return a parcel",
    "body": "## Within 30 days\n\nPrint the return label and bring the parcel to any post office.",
    "section": ["Orders"],
}
PASSWORD = {
    "title": "Reset your password",
    "body": "Choose *Forgot password* on the sign-in page. A link comes by e-mail.",
}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class BrokenStore(ChromaStore):
    """A store that can be unplugged."""

    broken = False

    def add(self, shelf: str, ids: Sequence[str], vectors: Vectors) -> None:
        self._check_plug()
        super().add(shelf, ids, vectors)

    def delete(self, shelf: str, ids: Sequence[str]) -> None:
        self._check_plug()
        super().delete(shelf, ids)

    def nearest(self, shelf: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        self._check_plug()
        return super().nearest(shelf, vector, limit)

    def _check_plug(self) -> None:
        if self.broken:
            raise StoreError("the vector store is unplugged. Plug it in.")


class BrokenEmbedder:
    """The real model, which can be taken away."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.broken = inner, False
        self.fingerprint, self.name = inner.fingerprint, inner.name

    def embed_query(self, text: str) -> Vectors:
        if self.broken:
            raise EmbedderError("the model is away. Bring it back.")
        return self.inner.embed_query(text)

    def embed_passages(self, texts: Sequence[str], progress: Any = None) -> Vectors:
        if self.broken:
            raise EmbedderError("the model is away. Bring it back.")
        return self.inner.embed_passages(texts, progress)

    def embed_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[Span]], progress: Any = None
    ) -> tuple[Vectors, list[Vectors]]:
        if self.broken:
            raise EmbedderError("the model is away. Bring it back.")
        return self.inner.embed_parts(texts, parts, progress)


@dataclass
class House:
    app: FastAPI
    database: Database
    store: BrokenStore
    embedder: BrokenEmbedder
    indexer: Indexer
    client: TestClient
    admin: dict[str, str]
    agent: dict[str, str]

    def put(self, id: str, fields: Any, status: int | None = None) -> Any:
        answer = self.client.put(f"/api/articles/{id}", json=fields, headers=self.admin)
        return (
            told(answer, status) if status else told(answer, answer.status_code if answer.is_success else 201)
        )

    def search(self, q: str, headers: dict[str, str] | None = None, **params: Any) -> list[dict[str, Any]]:
        return told(self.client.get("/api/search", params={"q": q} | params, headers=headers), 200)["results"]

    def found(self, q: str, **more: Any) -> list[str]:
        return [result["article_id"] for result in self.search(q, **more)]

    def suggested(self, q: str, headers: dict[str, str] | None = None) -> list[str]:
        answer = told(self.client.get("/api/suggest", params={"q": q}, headers=headers), 200)
        return [result["article_id"] for result in answer["results"]]

    def page(self, q: str, status: int = 200, headers: dict[str, str] | None = None) -> BeautifulSoup:
        answer = self.client.get("/help/search", params={"q": q}, headers=headers)
        assert answer.status_code == status, answer.text
        return BeautifulSoup(answer.text, "html.parser")


def told(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "\n" not in answer.json()["detail"]
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def model() -> Embedder:
    return open_embedder(None)


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, model: Embedder) -> Iterator[House]:
    database = Database(sqlite_url)
    store, embedder = BrokenStore(tmp_path / "chroma"), BrokenEmbedder(model)
    indexer = Indexer(database, store, embedder)
    search = Search(database, store, embedder, tmp_path / "lexical")
    doorkeeper = Doorkeeper(database, ())
    static = {"/static/help": help_pages.STATIC}
    pages = Pages([help_pages.TEMPLATES, search_pages.TEMPLATES], static)
    app = FastAPI()
    install_problems(app)
    app.include_router(help_pages.routes(database, doorkeeper, RateLimits("off", None), pages))
    app.include_router(
        search_pages.routes(database, search, indexer, Suggestions(Outline(database)), doorkeeper, pages)
    )
    app.mount("/static/help", StaticFiles(directory=help_pages.STATIC))
    tokens = {}
    with database.write() as session:
        for role in ("admin", "agent"):
            person = add_agent(session, f"{role}@example.org", name=None, role=role, password=None)
            tokens[role] = {"Authorization": f"Bearer {new_api_token(session, person)}"}
    with TestClient(app, raise_server_exceptions=False) as client:
        yield House(app, database, store, embedder, indexer, client, tokens["admin"], tokens["agent"])
    database.close()


def test_search_finds_articles_best_first_each_once(house: House) -> None:
    long = "\n\n".join(
        f"## Part {n}\n\nThe return label of parcel number {n} is printed at home." for n in range(9)
    )
    house.put("return", RETURN)
    house.put("long", {"title": "Return labels", "body": long, "section": ["Orders", "Labels"]})
    house.put("password", PASSWORD)
    answer = told(house.client.get("/api/search", params={"q": "  I forgot my password "}), 200)
    assert answer["query"] == "I forgot my password"
    assert answer["took_ms"] >= 0
    best = answer["results"][0]
    assert best["article_id"] == "password"
    assert best["url"] == "/help/articles/reset-your-password"
    assert best["section"] == []
    assert "Forgot password" in best["excerpt"]
    assert "*" not in best["excerpt"]
    results = house.search("print the return label")
    assert sorted(result["article_id"] for result in results) == ["long", "password", "return"]
    scores = [result["score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert next(result for result in results if result["article_id"] == "long")["section"] == [
        "Orders",
        "Labels",
    ]
    assert len(house.search("print the return label", limit=1)) == 1


@pytest.mark.parametrize("q", ["", "   ", "\x00"])
def test_nothing_asked_finds_nothing(house: House, q: str) -> None:
    house.put("return", RETURN)
    assert house.search(q) == []
    assert house.suggested(q) == []
    assert house.page(q).find("form", role="search")


@pytest.mark.parametrize(
    "q", ["🍕", "%", "'; DROP TABLE articles", "\ud800".encode("utf-16", "surrogatepass"), "a" * 1000, "?"]
)
def test_odd_questions_get_an_answer(house: House, q: Any) -> None:
    house.put("return", RETURN)
    house.search(q)
    house.suggested(q)
    house.page(q)


@pytest.mark.parametrize(
    "query", ["", "q=" + "x" * 1001, "q=a&limit=0", "q=a&limit=51", "q=a&limit=x", "q=a&locale=%3Cb%3E"]
)
def test_a_bad_search_gets_one_clear_line(house: House, query: str) -> None:
    told(house.client.get(f"/api/search?{query}"), 422)


@pytest.mark.parametrize("query", ["", "q=" + "x" * 1001, "q=a&limit=0", "q=a&limit=21"])
def test_a_bad_suggest_gets_one_clear_line(house: House, query: str) -> None:
    told(house.client.get(f"/api/suggest?{query}"), 422)


def test_an_empty_help_center_finds_nothing(house: House) -> None:
    assert house.search("anything") == []
    assert "No article fits" in house.page("anything").get_text()


def test_the_language_asked_for_is_preferred(house: House) -> None:
    house.put("en", RETURN)
    house.put("de", {"title": "Ein Paket zurückgeben", "body": "Drucken Sie das Etikett.", "locale": "de"})
    assert house.found("Paket zurückgeben", locale="de-AT") == ["de"]
    assert "en" in house.found("parcel", locale="fr")


def test_a_written_article_is_findable_when_the_call_returns(house: House) -> None:
    written = house.put("guides/return.md", RETURN, 201)
    assert written["id"] == "guides/return.md"
    assert written["url"] == "/help/articles/return-a-parcel"
    assert written["body"] == RETURN["body"]
    assert house.found("post office") == ["guides/return.md"]
    assert house.suggested("retrun") == ["guides/return.md"]
    assert "post office" in house.client.get("/help/articles/return-a-parcel").text
    changed = house.put(
        "guides/return.md", RETURN | {"title": "Send it back", "body": "Call the courier."}, 200
    )
    assert changed["url"] == written["url"]  # addresses do not change
    assert "courier" in house.search("courier")[0]["excerpt"]
    assert house.suggested("send") == ["guides/return.md"]
    assert house.suggested("return") == []
    assert (
        house.put("guides/return.md", RETURN | {"title": "Send it back", "body": "Call the courier."}, 200)
        == changed
    )


def test_html_is_written_as_markdown(house: House) -> None:
    written = house.put("a", {"title": "Hi", "html": f"<h2>Steps</h2><p>One <b>two</b>{HOSTILE}</p>"}, 201)
    assert written["body"].startswith("## Steps")
    assert "script" not in written["body"]


def test_a_deleted_article_is_gone_when_the_call_returns(house: House) -> None:
    house.put("dir/return", RETURN)
    house.put("password", PASSWORD)
    assert house.client.delete("/api/articles/dir/return", headers=house.admin).status_code == 204
    assert "dir/return" not in house.found("return a parcel")
    assert house.suggested("return") == []
    assert house.client.get("/help/articles/return-a-parcel").status_code == 404
    told(house.client.delete("/api/articles/dir/return", headers=house.admin), 404)


@pytest.mark.parametrize(
    "fields",
    [{"status": "draft"}, {"status": "archived"}, {"audience": "agents"}, {"audience": "customers"}],
    ids=lambda fields: next(iter(fields.values())),
)
def test_what_is_hidden_by_an_edit_is_hidden_everywhere_when_the_call_returns(
    house: House, fields: dict[str, str]
) -> None:
    house.put("return", RETURN)
    house.put("password", PASSWORD)
    assert "return" in house.found("parcel")
    house.put("return", RETURN | fields, 200)
    assert "return" not in house.found("return a parcel to the post office")
    assert house.suggested("return") == []
    assert "Return a parcel" not in house.page("return a parcel").get_text()
    assert "Return a parcel" not in house.client.get("/help").text
    for_agents = "audience" in fields
    assert ("return" in house.found("return a parcel", headers=house.agent)) is for_agents
    assert (house.suggested("return", headers=house.agent) == ["return"]) is for_agents
    assert ("Return a parcel" in house.page("return a parcel", headers=house.agent).get_text()) is for_agents


def test_what_was_hidden_in_the_database_alone_does_not_leak_from_the_index(house: House) -> None:
    house.put("return", RETURN)
    given = article_from_record(RETURN | {"id": "return", "audience": "agents"}, "return")
    assert isinstance(given, SourceArticle)
    with house.database.write() as session:
        articles.store(session, given, "elsewhere")  # stored, not indexed yet
    assert "dir/return" not in house.found("return a parcel")
    assert house.suggested("return") == []


def test_only_admins_write_and_delete(house: House) -> None:
    house.put("return", RETURN)
    for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (house.agent, 403)):
        told(house.client.put("/api/articles/return", json=PASSWORD, headers=headers), status)
        told(house.client.put("/api/articles/new", json=PASSWORD, headers=headers), status)
        told(house.client.delete("/api/articles/return", headers=headers), status)
    assert house.client.get("/api/articles/return").json()["title"] == "Return a parcel"
    assert house.client.get("/api/articles/new").status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "title"),
        ({"title": "Hi"}, "body"),
        ({"title": " ", "body": "x"}, "title"),
        ({"title": 7, "body": "x"}, "title"),
        ({"title": "x" * 501, "body": "x"}, "title"),
        ({"title": "Hi", "body": ["x"]}, "body"),
        ({"title": "Hi", "body": "x", "audience": "everyone"}, "audience"),
        ({"title": "Hi", "body": "x", "status": "live"}, "status"),
        ({"title": "Hi", "body": "x", "locale": "<b>"}, "locale"),
        ({"title": "Hi", "body": "x", "section": [1]}, "section"),
        ({"title": "Hi", "body": "x", "updated_at": "yesterday"}, "updated_at"),
        ({"title": "Hi", "body": "x", "id": "another"}, "id"),
        ({"title": "Hi", "body": "x" * 6_000_001}, "6 MB"),
        ([], ""),
        ("x", ""),
        (None, ""),
    ],
)
def test_a_bad_article_gets_one_clear_line_and_changes_nothing(house: House, fields: Any, says: str) -> None:
    assert says in house.put("bad", fields, 422)["detail"]
    assert house.client.get("/api/articles").json()["items"] == []


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b"[" * 20_000, b'{"title": NaN}'])
def test_a_body_that_is_no_json_is_the_callers_mistake(house: House, content: bytes) -> None:
    headers = house.admin | {"Content-Type": "application/json"}
    answer = house.client.put("/api/articles/bad", content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    told(answer, answer.status_code)


@pytest.mark.parametrize("id", ["%20", "%00", "x" * 301])
def test_a_bad_id_gets_one_clear_line(house: House, id: str) -> None:
    assert "id" in house.put(id, RETURN, 422)["detail"]


def test_the_same_id_in_the_body_is_welcome(house: House) -> None:
    assert house.put("a/b", RETURN | {"id": "a/b"}, 201)["id"] == "a/b"
    assert house.put("7", RETURN | {"id": 7}, 201)["id"] == "7"


def test_when_the_index_fails_the_article_is_saved_and_the_answer_says_what_to_do(house: House) -> None:
    house.put("password", PASSWORD)
    for part in (house.store, house.embedder):
        part.broken = True
        problem = house.put(
            "return", RETURN | {"body": f"Bring it to the {type(part).__name__} counter."}, 503
        )
        assert "saved" in problem["detail"]
        assert "parley index" in problem["detail"]
        assert house.client.get("/api/articles/return").status_code == 200
        part.broken = False
    house.indexer.sync()
    assert "return" in house.found("counter")


def test_when_the_index_fails_a_deleted_article_is_gone_all_the_same(house: House) -> None:
    house.put("return", RETURN)
    house.store.broken = True
    told(house.client.delete("/api/articles/return", headers=house.admin), 503)
    house.store.broken = False
    assert "dir/return" not in house.found("return a parcel")
    assert house.suggested("return") == []


def test_search_that_is_down_says_so_and_suggestions_go_on(house: House) -> None:
    house.put("return", RETURN)
    for part in (house.store, house.embedder):
        part.broken = True
        told(house.client.get("/api/search?q=parcel"), 503)
        assert "does not answer" in house.page("parcel", 503).get_text()
        assert house.suggested("parcel") == ["return"]
        part.broken = False
    assert house.found("parcel") == ["return"]


def test_the_search_page_marks_the_words_that_were_searched(house: House) -> None:
    house.put("return", RETURN)
    soup = house.page("Where is the post office?")
    assert [mark.get_text() for mark in soup.find_all("mark")] == ["post", "office"]
    assert soup.select_one(".results a")["href"] == "/help/articles/return-a-parcel"
    assert soup.find("input", attrs={"name": "q"})["value"] == "Where is the post office?"
    assert len(soup.find_all("h1")) == 1


def test_a_misspelt_question_says_what_was_searched_for_instead(house: House) -> None:
    house.put("return", RETURN)
    house.put("password", PASSWORD)
    answer = told(house.client.get("/api/search", params={"q": "retrun a parcle"}), 200)
    assert (answer["query"], answer["corrected"]) == ("retrun a parcle", "return a parcel")
    assert answer["results"][0]["article_id"] == "return"
    soup = house.page("retrun a parcle")
    shown = soup.select_one("p.soft[role=status]").get_text(" ", strip=True)
    assert shown == "Showing results for “ return a parcel ” instead of “ retrun a parcle ”"
    assert {"return", "parcel"} <= {mark.get_text().lower() for mark in soup.find_all("mark")}
    assert soup.find("input", attrs={"name": "q"})["value"] == "retrun a parcle"
    for right in ("return a parcel", '"retrun" a parcel', "retu", "return a parc"):
        assert "corrected" not in told(house.client.get("/api/search", params={"q": right}), 200)
        assert "instead of" not in house.page(right).get_text()


def test_a_misspelt_question_with_markup_in_it_shows_it_as_text(house: House) -> None:
    house.put("return", RETURN)
    soup = house.page("retrun a parcel <b>& label</b>")
    assert "return a parcel <b>& label</b>" in soup.select_one("p.soft[role=status]").get_text()
    assert not soup.select("p.soft[role=status] b")


def test_the_last_word_of_a_question_may_be_unfinished(house: House) -> None:
    house.put("return", RETURN)
    house.put("password", PASSWORD)
    for typed, id in (("how do i retu", "return"), ("forgot passw", "password")):
        assert house.found(typed)[0] == id
        assert house.page(typed).select_one(".results mark")


def test_a_quoted_phrase_is_held_as_it_is(house: House) -> None:
    house.put("return", RETURN)
    house.put("other", {"title": "Office", "body": "The post is in the office. A label to return."})
    assert house.found('"post office"') == ["return"]
    assert "post office" in [mark.get_text() for mark in house.page('"post office"').find_all("mark")]


def test_a_question_that_no_article_fits_says_so_and_suggests_what_to_do(house: House) -> None:
    house.put("return", RETURN)
    house.put("password", PASSWORD)
    soup = house.page("pasword")
    assert "Did you mean" in soup.get_text() or soup.select_one(".results a")["href"].endswith(
        "reset-your-password"
    )
    soup = house.page("who won the world cup in 1998")
    assert "No article fits" in soup.get_text()
    assert "spelling" in soup.get_text()
    assert "/help" in [link["href"] for link in soup.find_all("a")]
    assert not soup.select(".results")


def test_a_question_that_is_too_long_for_the_page_is_shortened(house: House) -> None:
    house.put("return", RETURN)
    soup = house.page("parcel " * 500)
    assert "too long" in soup.get_text()
    assert len(str(soup.find("input", attrs={"name": "q"})["value"])) <= 1000


def test_hostile_titles_texts_and_questions_do_nothing(house: House) -> None:
    house.put(
        "evil",
        {"title": f"Parcel {HOSTILE}", "body": f"`{HOSTILE}` parcel {{{{7*7}}}}", "section": [HOSTILE]},
    )
    for q in (
        f"parcel {HOSTILE}",
        '"><script>alert(1)</script>',
        "script alert onerror",
        "zzz <svg onload=alert(1)>",
    ):
        soup = house.page(q)
        for script in soup.find_all("script"):
            assert str(script["src"]).startswith(("/static/help/", "/widget.js"))
        assert not soup.find_all(["img", "iframe", "style"])
        assert not [
            tag
            for tag in soup.find_all(True)
            for name in tag.attrs
            if name.startswith("on") or name == "style"
        ]
        assert soup.find("input", attrs={"name": "q"})["value"] == q
    assert "<script>" in house.search("parcel")[0]["excerpt"]  # plain text: whoever shows it escapes it
    policy = house.client.get("/help/search?q=parcel").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_of_translations_the_one_in_the_pages_language_is_listed(house: House) -> None:
    house.put("en", {"title": "Return a parcel", "body": "Print the label 4711.", "locale": "en"})
    german = {
        "title": "Ein Paket zurück (return)",
        "body": "Return label 4711.",
        "locale": "de",
        "translation_of": "en",
    }
    house.put("de", german)
    for language, title in (("en", "Return a parcel"), ("de", "Ein Paket zurück (return)")):
        answer = house.client.get(
            "/help/search", params={"q": "return 4711"}, headers={"Accept-Language": language}
        )
        soup = BeautifulSoup(answer.text, "html.parser")
        assert [link.get_text() for link in soup.select(".results a")] == [title]


# --- in the browser ----------------------------------------------------------------------------------------


@pytest.fixture
def site(house: House) -> Iterator[str]:
    house.put(
        "a/return",
        RETURN
        | {"body": RETURN["body"] + "\n\n```\nparley return\n```\n\n|a|b|\n|-|-|\n|" + "x" * 200 + "|2|"},
    )
    house.put("password", PASSWORD)
    house.put("evil", {"title": f"Parcel {HOSTILE}", "body": HOSTILE + " parcel"})
    with in_thread(house.app) as address:
        yield address


Reader = Callable[..., Page]


@pytest.fixture
def reader(open_page: Callable[..., Page]) -> Iterator[Reader]:
    """Opens pages on which nothing may go wrong but the chat widget's absence."""
    wrong: list[str] = []

    def opened(url: str, **options: Any) -> Page:
        page = open_page(**options)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.route("**/widget.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto(url)
        return page

    yield opened
    assert wrong == []


@pytest.mark.browser
def test_search_as_you_type_is_worked_by_the_keyboard(reader: Reader, site: str) -> None:
    page = reader(f"{site}/help")
    field = page.get_by_role("combobox", name="Search the help center")
    field.press_sequentially("retrun parc")
    page.wait_for_selector("[role=option]")
    assert page.get_by_role("option").all_inner_texts()[0] == "Return a parcel"
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    assert page.locator("[aria-selected=true]").get_attribute("id") == field.get_attribute(
        "aria-activedescendant"
    )
    field.press("Escape")
    assert page.get_by_role("listbox").is_hidden()
    assert field.input_value() == "retrun parc"
    field.press("ArrowDown")
    page.wait_for_selector("[role=option]")
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url("**/help/articles/return-a-parcel")
    page.get_by_role("combobox").fill("forgot password")
    page.get_by_role("combobox").press("Enter")
    page.wait_for_url("**/help/search?q=forgot+password")
    page.get_by_role("link", name="Reset your password").click()
    page.wait_for_url("**/help/articles/reset-your-password")


@pytest.mark.browser
def test_a_hostile_title_is_only_text_among_the_suggestions(reader: Reader, site: str) -> None:
    page = reader(f"{site}/help")
    page.get_by_role("combobox").press_sequentially("parcel scr")
    page.wait_for_selector("[role=option]")
    assert f"Parcel {HOSTILE}" in page.get_by_role("option").all_inner_texts()
    assert page.locator("[role=option] *").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_a_reader_votes_with_and_without_scripts(
    reader: Reader, site: str, house: House, scripts: bool
) -> None:
    page = reader(f"{site}/help/articles/return-a-parcel", java_script_enabled=scripts)
    if scripts:
        page.get_by_role("button", name="No", exact=True).click()
    else:
        page.get_by_text("What was the matter?").first.click()
    page.get_by_label("It is hard to understand").check()
    page.get_by_label("Would you like to add something?").fill("No picture")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Thank you").wait_for()
    with house.database.read() as session:
        votes = [(v.article_id, v.helpful, v.reason, v.comment) for v in session.query(ArticleFeedback)]
    assert votes == [("a/return", False, "unclear", "No picture")]


@pytest.mark.browser
def test_a_no_without_a_comment_is_not_lost_when_the_reader_leaves(
    reader: Reader, site: str, house: House
) -> None:
    page = reader(f"{site}/help/articles/return-a-parcel")
    page.get_by_role("button", name="No", exact=True).click()
    page.goto(f"{site}/help")

    def votes() -> list[Any]:
        with house.database.read() as session:
            return [(v.helpful, v.comment) for v in session.query(ArticleFeedback)]

    assert eventually(votes) == [(False, None)]


@pytest.mark.browser
def test_code_is_copied_by_a_button(reader: Reader, site: str) -> None:
    page = reader(f"{site}/help/articles/return-a-parcel", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the code").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "parley return"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(reader: Reader, site: str, scheme: Any) -> None:
    page = reader(f"{site}/help", viewport={"width": 390, "height": 800}, color_scheme=scheme)
    for url in (
        "/help",
        "/help/sections/orders",
        "/help/articles/return-a-parcel",
        "/help/search?q=" + "x" * 300,
    ):
        page.goto(site + url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, url
        small = page.evaluate(
            """[...document.querySelectorAll("button, input, summary, .articles a, nav a")]
            .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.height && box.height < 43.5).map(([html]) => html)"""
        )
        assert small == [], url


GUIDE = """Start here.

> [!NOTE]
> Mind the gap.

## First

{filler}

![The bell, seen from above](/static/help/icon.svg)

![A picture that is gone](/static/help/nothing.png)

## Second

{filler}

## Third

{filler}

[How to pack it](https://www.youtube.com/watch?v=a1)
"""


@pytest.mark.browser
def test_a_guide_is_read_in_comfort(house: House, open_page: Callable[..., Page]) -> None:
    """The section that is being read is marked, pictures are enlarged by keyboard, a broken one says what it showed, a question
    goes to the chat, the language is chosen; by axe without a fault, by day and by night, from right to left, too."""
    filler = "\n\n".join(f"Words {n}." for n in range(30))
    guide = {"title": "A guide", "body": GUIDE.format(filler=filler), "section": ["Guides"]}
    house.put("guide", guide)
    house.put(
        "guide-ar", guide | {"title": "دليل", "locale": "ar", "translation_of": "guide", "section": ["أدلة"]}
    )
    house.put("return", RETURN)
    loader = "window.Parley = (...said) => (window.said = said)"
    with in_thread(house.app) as site:
        page = open_page(viewport={"width": 1280, "height": 800})
        page.route("**/widget.js", lambda route: route.fulfill(body=loader, content_type="text/javascript"))
        page.goto(f"{site}/help/articles/a-guide")
        assert page.get_by_role("note").inner_text().split() == ["Note", "Mind", "the", "gap."]
        page.locator("#second").scroll_into_view_if_needed()
        page.evaluate("document.getElementById('second').scrollIntoView()")
        page.locator(".contents [aria-current]", has_text="Second").wait_for()
        assert page.locator(".contents [aria-current]").count() == 1
        page.locator(".broken", has_text="A picture that is gone").wait_for()
        zoom = page.get_by_role("button", name="Enlarge the picture: The bell, seen from above")
        zoom.press("Enter")
        assert page.get_by_role("dialog").get_by_role("img", name="The bell, seen from above").is_visible()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        assert zoom.evaluate("e => e === document.activeElement")
        page.get_by_label("Your question").fill("And a tandem?")
        page.get_by_role("button", name="Ask", exact=True).click()
        assert page.evaluate("window.said") == ["open", "And a tandem?"]
        assert page.locator("video, iframe").count() == 0
        assert faults(page) == []
        page.locator(".switcher summary").click()
        page.get_by_role("link", name="العربية").click()
        page.get_by_role("heading", level=1, name="دليل").wait_for()
        assert page.locator("html").get_attribute("dir") == "rtl"
        page.emulate_media(color_scheme="dark")
        assert faults(page) == []
        for url in (
            "/help?locale=ar",
            "/help/sections/guides",
            "/help/search?q=zzyzx&locale=de",
            "/help/articles/no",
        ):
            page.goto(site + url)
            assert faults(page) == [], url
