"""The help center's pages and the articles over HTTP, through the HTTP client, on a real SQLite."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

import help_center.tables  # noqa: F401
from help_center import articles
from help_center import pages as help_pages
from help_center.articles import Article, ArticleFeedback
from help_center.database import Database
from help_center.people import add_agent, new_api_token
from help_center.sources.base import SourceArticle, article_from_record
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits, install_problems


@dataclass
class HelpCenter:
    database: Database
    client: TestClient

    def write(self, id: str, title: str = "", body: str = "Some words.", **fields: Any) -> str:
        """Stores an article; its slug."""
        given = article_from_record({"id": id, "title": title or id, "body": body, **fields}, id)
        assert isinstance(given, SourceArticle), given
        with self.database.write() as session:
            articles.store(session, given, "test")
            return session.get_one(Article, id).slug

    def token(self, role: str) -> dict[str, str]:
        with self.database.write() as session:
            agent = add_agent(session, f"{role}@example.org", name=None, role=role, password=None)
            return {"Authorization": f"Bearer {new_api_token(session, agent)}"}

    def page(self, url: str, status: int = 200, **options: Any) -> BeautifulSoup:
        answer = self.client.get(url, **options)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        return BeautifulSoup(answer.text, "html.parser")

    def get(self, url: str, status: int = 200, **options: Any) -> Any:
        return told(self.client.get(url, **options), status)

    def votes(self) -> list[tuple[str, bool, str | None]]:
        with self.database.read() as session:
            return [(v.article_id, v.helpful, v.comment) for v in session.scalars(select(ArticleFeedback))]


def told(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "\n" not in answer.json()["detail"]
    return answer.json()


@pytest.fixture
def house(sqlite_url: str) -> Iterator[HelpCenter]:
    database = Database(sqlite_url)
    app = FastAPI()
    install_problems(app)
    pages = Pages([help_pages.TEMPLATES], {"/static/help": help_pages.STATIC})
    app.include_router(
        help_pages.routes(database, Doorkeeper(database, ()), RateLimits("30/minute", None), pages)
    )
    with TestClient(app) as client:
        yield HelpCenter(database, client)
    database.close()


def links(soup: BeautifulSoup) -> list[str]:
    return [str(link["href"]) for link in soup.find_all("a")]


def test_an_empty_help_center_says_how_to_fill_it(house: HelpCenter) -> None:
    assert "parley index FOLDER" in house.page("/help").get_text()


def test_the_home_page_lists_the_sections_with_their_articles(house: HelpCenter) -> None:
    house.write("a", "Return a parcel", section=["Orders"])
    house.write("b", "Track a parcel", section=["Orders", "Delivery"])
    house.write("c", "Say hello")
    soup = house.page("/help")
    assert [h.get_text() for h in soup.find_all("h2")] == ["Orders", "More articles"]
    assert soup.find("a", string="Return a parcel")["href"] == "/help/articles/return-a-parcel"
    assert soup.find("a", string="Track a parcel")
    assert soup.find("a", string="Say hello")
    inside = house.page("/help/sections/orders")
    assert [h.get_text() for h in inside.find_all("h2")] == ["Delivery"]
    assert "Say hello" not in inside.get_text()
    assert house.page("/help/sections/orders/delivery").find("a", string="Track a parcel")


def test_sections_whose_names_make_the_same_address_stay_apart(house: HelpCenter) -> None:
    house.write("a", "Pointers", section=["C"])
    house.write("b", "Templates", section=["C++"])
    urls = [url for url in links(house.page("/help")) if "/sections/" in url]
    pages = [house.page(url).get_text() for url in dict.fromkeys(urls)]
    assert ["Pointers" in page for page in pages] == [True, False]
    assert ["Templates" in page for page in pages] == [False, True]


def test_a_long_section_comes_in_pages(house: HelpCenter) -> None:
    for number in range(1, 106):
        house.write(f"a{number}", f"Step {number}", section=["Steps"])
    first = [link.get_text() for link in house.page("/help/sections/steps").select(".articles a")]
    second = [link.get_text() for link in house.page("/help/sections/steps?page=2").select(".articles a")]
    assert first + second == [f"Step {number}" for number in range(1, 106)]
    for odd in ("0", "-1", "99999999999", "²", "x", ""):
        house.page(f"/help/sections/steps?page={odd}")


def test_an_unknown_section_or_article_gets_the_houses_own_page(house: HelpCenter) -> None:
    for url in (
        "/help/sections/nothing",
        "/help/articles/nothing",
        "/help/articles/%00",
        "/help/articles/%ff",
    ):
        soup = house.page(url, 404)
        assert soup.find("form", role="search")
        assert "/help" in links(soup)


def test_home_offers_each_language_when_there_are_several(house: HelpCenter) -> None:
    house.write("a", "Return a parcel", locale="en", section=["Orders"])
    house.write("b", "Ein Paket zurückgeben", locale="de", section=["Bestellungen"])
    assert "/help?locale=de" in links(house.page("/help"))
    german = house.page("/help?locale=de")
    assert "Nur auf Englisch" in [
        h.get_text() for h in german.find_all("h2")
    ]  # what there is in the site's own language only
    assert german.find("a", string="Ein Paket zurückgeben")["lang"] == "de"
    assert "/help/sections/bestellungen?locale=de" in links(german)


def test_an_article_page_has_its_place_its_contents_and_its_date(house: HelpCenter) -> None:
    body = "Before.\n\n## First\n\nx\n\n### Inside\n\nx\n\n## Second\n\nx"
    house.write("b", "B middle", body, section=["Orders", "Delivery"], updated_at="2026-03-01T12:00:00Z")
    house.write("a", "A before", section=["Orders", "Delivery"])
    house.write("c", "C after", section=["Orders", "Delivery"])
    house.write("d", "B elsewhere", section=["Orders"])
    soup = house.page("/help/articles/b-middle")
    assert [h.get_text() for h in soup.find_all("h1")] == ["B middle"]
    assert soup.title
    assert soup.title.get_text() == "B middle · Parley"
    trail = soup.find("nav", attrs={"aria-label": "Breadcrumb"})
    assert [a["href"] for a in trail.find_all("a")] == [
        "/help",
        "/help/sections/orders",
        "/help/sections/orders/delivery",
    ]
    contents = soup.find("nav", attrs={"aria-label": "On this page"})
    assert [a["href"] for a in contents.find_all("a")] == ["#first", "#inside", "#second"]
    assert all(soup.find(id=slug) for slug in ("first", "inside", "second"))
    assert soup.find("time")["datetime"] == "2026-03-01T12:00:00.000Z"
    assert soup.find("time").get_text() == "Updated 1 March 2026"
    assert soup.find("a", rel="prev")["href"] == "/help/articles/a-before"
    assert soup.find("a", rel="next")["href"] == "/help/articles/c-after"


def test_every_page_has_one_h1_and_its_landmarks(house: HelpCenter) -> None:
    house.write("a", "Title", "# Title\n\nText.\n\n# Another\n\n## Deeper", section=["S"])
    for url in ("/help", "/help/sections/s", "/help/articles/title"):
        soup = house.page(url)
        assert len(soup.find_all("h1")) == 1, url
        assert soup.html
        assert soup.html["lang"] == "en"
        for landmark in ("header", "main", "footer", "nav"):
            assert soup.find(landmark), (url, landmark)
        skip = soup.find("a", class_="skip")
        assert soup.find(id=str(skip["href"])[1:]) is soup.find("main")
    levels = [
        (h.name, h.get_text())
        for h in house.page("/help/articles/title").find("article").find_all(re.compile("h[1-6]"))
    ]
    assert levels == [("h1", "Title"), ("h2", "Another"), ("h3", "Deeper")]


def test_an_article_from_right_to_left_says_so(house: HelpCenter) -> None:
    slug = house.write("a", "إعادة طرد", "نص", locale="ar")
    article = house.page(f"/help/articles/{slug}").find("article")
    assert (article["lang"], article["dir"]) == ("ar", "rtl")


HOSTILE = """
<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>

[click](javascript:alert(1)) [tab](data:text/html,<script>alert(1)</script>) ![x](javascript:alert(1))

![x](https://example.org/a.png "<table> <pre> <script>alert(1)</script>")

# <script>alert(1)</script>

| a | <b onmouseover=alert(1)>b</b> |
|---|---|
| <iframe src=javascript:alert(1)> | 2 |

```html
<script>alert(1)</script><table><pre>
```
"""


def test_hostile_articles_are_shown_and_do_nothing(house: HelpCenter) -> None:
    title = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    slug = house.write("evil", title, HOSTILE, section=[title, "{{ 7 * 7 }}"], labels=[title])
    house.write("evil2", title + " again", HOSTILE, section=[title, "{{ 7 * 7 }}"])
    with house.database.write() as session:
        session.get_one(Article, "evil").body = HOSTILE  # as if it had never been cleaned
    section = next(url for url in links(house.page("/help")) if "/sections/" in url)
    for url in ("/help", section, f"/help/articles/{slug}"):
        soup = house.page(url)
        assert_inert(soup)
        assert title in soup.get_text()
        assert "49" not in soup.get_text()


def assert_inert(soup: BeautifulSoup) -> None:
    for script in soup.find_all("script"):
        if script.get("type") == "application/ld+json":
            json.loads(script.get_text())  # data: nothing runs it
            continue
        assert str(script.get("src", "")).startswith(("/static/", "/widget.js")), script
        assert not script.get_text().strip()
    assert not soup.find_all(["iframe", "object", "embed", "style", "base"])
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on"), tag
            assert name != "style", tag
            assert not str(value).strip().lower().startswith(("javascript:", "data:text", "vbscript:")), tag


def test_every_page_keeps_to_a_strict_policy(house: HelpCenter) -> None:
    slug = house.write("a", "One", HOSTILE)
    for url, status in (("/help", 200), (f"/help/articles/{slug}", 200), ("/help/articles/nothing", 404)):
        answer = house.client.get(url)
        assert answer.status_code == status
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert_inert(BeautifulSoup(answer.text, "html.parser"))


def test_tables_and_code_scroll_inside_themselves(house: HelpCenter) -> None:
    slug = house.write("a", "Wide", "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx\n```")
    article = house.page(f"/help/articles/{slug}").find("article")
    assert article.find("table").parent["tabindex"] == "0"
    assert article.find("pre")["tabindex"] == "0"


HIDDEN = [
    {"status": "draft"},
    {"status": "archived"},
    {"audience": "agents"},
    {"audience": "customers"},
    {"status": "draft", "audience": "agents"},
]


@pytest.mark.parametrize("fields", HIDDEN, ids=lambda f: "-".join(f.values()))
def test_what_is_not_for_strangers_is_invisible_everywhere(house: HelpCenter, fields: dict[str, str]) -> None:
    house.write("a", "A public", section=["Orders"])
    slug = house.write(
        "dir/secret", "Secret refund limit", "It is 500.", section=["Orders", "Internal"], **fields
    )
    assert house.client.get(f"/help/articles/{slug}").status_code == 404
    assert house.client.get("/help/sections/orders/internal").status_code == 404
    for url in ("/help", "/help/sections/orders", "/help/articles/a-public", "/api/articles"):
        text = house.client.get(url).text
        assert "Secret" not in text, url
        assert "Internal" not in text, url
    house.get("/api/articles/dir/secret", 404)
    told(house.client.post("/api/articles/dir/secret/feedback", json={"helpful": True}), 404)
    assert house.client.post(f"/help/articles/{slug}/feedback", data={"helpful": "true"}).status_code == 404
    assert house.votes() == []


def test_agents_see_what_is_for_agents_and_it_says_for_whom(house: HelpCenter) -> None:
    slug = house.write("secret", "Refund limit", audience="agents", section=["Internal"])
    agent = house.token("agent")
    assert "For agents only" in house.page(f"/help/articles/{slug}", headers=agent).get_text()
    assert "Refund limit" in house.page("/help", headers=agent).get_text()
    assert house.get("/api/articles/secret", headers=agent)["audience"] == "agents"
    assert "Refund limit" not in house.page("/help").get_text()  # not even right after an agent has looked


def test_admins_read_drafts_over_the_api_and_agents_do_not(house: HelpCenter) -> None:
    house.write("plan", "Plan", status="draft")
    assert house.get("/api/articles/plan", headers=house.token("admin"))["status"] == "draft"
    house.get("/api/articles/plan", 404, headers=house.token("agent"))


def test_an_article_is_read_by_an_id_with_slashes(house: HelpCenter) -> None:
    house.write(
        "guides/orders/return.md", "Return a parcel", "## How\n\nPrint it.", url="https://old.example.org/1"
    )
    article = house.get("/api/articles/guides/orders/return.md")
    assert article == house.get("/api/articles/guides%2Forders%2Freturn.md")
    assert article["body"] == "## How\n\nPrint it."
    assert article["url"] == "/help/articles/return-a-parcel"
    assert article["original_url"] == "https://old.example.org/1"


@pytest.mark.parametrize("id", ["nothing", "%00", "%ED%A0%80", "a/feedback", "x" * 5000, "%F0%9F%8D%95"])
def test_an_unknown_id_is_a_404_problem(house: HelpCenter, id: str) -> None:
    house.write("a")
    assert house.get(f"/api/articles/{id}", 404)["status"] == 404


def test_the_list_has_no_bodies_and_comes_in_pages_that_miss_nothing(house: HelpCenter) -> None:
    ids = sorted(f"dir/{number} ü{'/' * (number % 2)}x" for number in range(7))
    for id in ids:
        house.write(id)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = house.get("/api/articles", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 3
        assert not any("body" in item for item in page["items"])
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == ids


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000", "limit=x", "cursor=%25%25", "cursor=/w==", "locale=%3Cb%3E"]
)
def test_a_bad_list_query_gets_one_clear_line(house: HelpCenter, query: str) -> None:
    house.get(f"/api/articles?{query}", 422)


def test_the_list_is_narrowed_by_language_region_and_section(house: HelpCenter) -> None:
    house.write("a", locale="en", section=["Orders"])
    house.write("b", locale="en-GB", section=["Orders", "Delivery"])
    house.write("c", locale="de", section=["Bestellungen"])

    def ids(**params: Any) -> str:
        return "".join(item["id"] for item in house.get("/api/articles", params=params)["items"])

    assert ids() == ids(locale="") == "abc"
    assert ids(locale="en") == "ab"
    assert ids(locale="en_gb") == "b"
    assert ids(section="Orders") == "ab"
    assert ids(section=["Orders", "Delivery"]) == "b"
    assert ids(section="Delivery") == ids(section="'") == ""


def test_feedback_over_the_api_is_kept(house: HelpCenter) -> None:
    house.write("dir/a")
    for body in ({"helpful": True}, {"helpful": False, "comment": " Where is\x00 the picture? "}):
        assert house.client.post("/api/articles/dir/a/feedback", json=body).status_code == 204
    assert house.votes() == [("dir/a", True, None), ("dir/a", False, "Where is the picture?")]


def test_no_card_number_is_kept_of_a_comment_at_either_door(house: HelpCenter) -> None:
    slug = house.write("a")
    said = {"helpful": False, "comment": "My card 4242 4242 4242 4242 was refused"}
    assert house.client.post("/api/articles/a/feedback", json=said).status_code == 204
    form = said | {"helpful": "false"}
    assert house.client.post(f"/help/articles/{slug}/feedback", data=form).is_success
    assert house.votes() == [("a", False, "My card •••• 4242 was refused")] * 2


def test_one_address_votes_so_often_and_no_more_at_both_doors_together(house: HelpCenter) -> None:
    slug = house.write("a")
    for _ in range(60):
        assert house.client.post("/api/articles/a/feedback", json={"helpful": True}).status_code == 204
        form = {"helpful": "true"}
        assert (
            house.client.post(
                f"/help/articles/{slug}/feedback", data=form, follow_redirects=False
            ).status_code
            == 303
        )
    told(house.client.post("/api/articles/a/feedback", json={"helpful": True}), 429)
    told(house.client.post(f"/help/articles/{slug}/feedback", data={"helpful": "true"}), 429)
    assert len(house.votes()) == 120


@pytest.mark.parametrize(
    "body", [{}, {"helpful": "perhaps"}, {"helpful": None}, {"helpful": True, "comment": "x" * 2001}, [], "x"]
)
def test_bad_feedback_gets_one_clear_line(house: HelpCenter, body: Any) -> None:
    house.write("a")
    told(house.client.post("/api/articles/a/feedback", json=body), 422)
    assert house.votes() == []


def test_the_vote_works_without_a_script(house: HelpCenter) -> None:
    slug = house.write("a", "日本 article")
    form = house.page(f"/help/articles/{slug}").find("form", method="post")
    answer = house.client.post(
        form["action"], data={"helpful": "false", "comment": "Too short"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert "Thank you" in house.page(answer.headers["location"]).get_text()
    assert house.votes() == [("a", False, "Too short")]
    told(house.client.post(form["action"], data={"comment": "x"}), 422)
    told(house.client.post(form["action"], content=b"&".join(b"a=1" for _ in range(100))), 422)


def test_another_site_cannot_vote_through_a_visitors_browser(house: HelpCenter) -> None:
    slug = house.write("a")
    headers = {"Sec-Fetch-Site": "cross-site"}
    told(house.client.post(f"/help/articles/{slug}/feedback", data={"helpful": "true"}, headers=headers), 403)
    assert house.votes() == []


def test_what_another_process_changes_is_seen_at_once(house: HelpCenter) -> None:
    """Edits, a changed status, a deleted article, and the same articles under new ids."""
    other = HelpCenter(Database(house.database.url), house.client)
    old = other.write("a", "First title", updated_at="2020-01-01")
    assert "First title" in house.page("/help").get_text()
    other.write("a", "Second title", updated_at="2019-01-01")
    assert "Second title" in house.page("/help").get_text()
    other.write("a", "Second title", status="archived", updated_at="2019-01-01")
    assert "Second title" not in house.page("/help").get_text()
    other.write("a", "Second title", updated_at="2019-01-01")
    assert f"/help/articles/{old}" in links(house.page("/help"))
    other.write("moved/a", "Second title", updated_at="2019-01-01")
    with other.database.write() as session:
        articles.remove(session, "a")
    now_at = next(url for url in links(house.page("/help")) if "/articles/" in url)
    house.page(now_at)
    with other.database.write() as session:
        articles.remove(session, "moved/a")
    assert "no articles here yet" in house.page("/help").get_text()
    other.database.close()


@pytest.mark.slow
def test_an_article_page_takes_no_longer_among_500(house: HelpCenter) -> None:
    """Beside the same page alone in its help center, in the same run: how fast the machine is does not matter."""

    def quickest(pages: int) -> float:
        taken = []
        for number in range(60):
            began = time.process_time()
            house.page(f"/help/articles/article-{number % pages}")
            taken.append(time.process_time() - began)
        return sorted(taken)[6]

    body = (
        "Some words of an article, with a [link](https://example.org).\n\n## Heading\n\n- one\n- two\n\n" * 12
    )

    def store(numbers: range) -> None:
        with house.database.write() as session:
            for number in numbers:
                fields = {
                    "id": f"a/{number}",
                    "title": f"Article {number}",
                    "body": body,
                    "section": [f"S{number % 20}", "In"],
                }
                given = article_from_record(fields, "x")
                assert isinstance(given, SourceArticle)
                articles.store(session, given, "test")

    store(range(1))
    alone = quickest(1)
    store(range(1, 500))
    assert quickest(60) < 4 * alone


def test_an_old_address_leads_to_the_new_one_for_those_who_may_read_it(house: HelpCenter) -> None:
    house.write("a", "Return a parcel", slug="return")
    house.write("a", "Return a parcel", slug="send-back")
    house.write("b", "Prices", slug="prices", audience="agents")
    house.write("b", "Prices", slug="price-list", audience="agents")
    answer = house.client.get("/help/articles/return", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/help/articles/send-back")
    assert answer.headers["cache-control"] == "no-cache", "it may move back one day"
    assert house.client.get("/help/articles/prices", follow_redirects=False).status_code == 404
    staff = house.token("agent")
    assert house.client.get("/help/articles/prices", follow_redirects=False, headers=staff).status_code == 301
    house.write("a", "Return a parcel", slug="return")
    assert house.client.get("/help/articles/return", follow_redirects=False).status_code == 200
    assert house.client.get("/help/articles/send-back").url.path == "/help/articles/return"
