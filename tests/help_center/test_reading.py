"""In which language a page speaks, how translations stand to each other, who is let in by a signed link, what caches may keep, what an
article's figures say, how much a page weighs."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from help_center import pages as help_pages
from help_center.articles import ArticleFeedback, read_at
from help_center.conversations import Message
from help_center.customer_links import CustomerLinks
from help_center.database import Database
from help_center.figures import Views, heard
from help_center.people import STRANGER
from help_center.reading import negotiated
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits, install_problems
from tests.help_center.test_pages import HelpCenter

pytestmark = pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")
KEY = "a secret of forty characters, for a test"
ENTRANCE = "https://help.example.org"


@pytest.fixture
def views(sqlite_url: str) -> Iterator[Views]:
    database = Database(sqlite_url)
    yield Views(database)
    database.close()


@pytest.fixture
def house(views: Views) -> Iterator[HelpCenter]:
    database = views._database
    app = FastAPI()
    install_problems(app)
    pages = Pages([help_pages.TEMPLATES], {"/static/help": help_pages.STATIC})
    links = CustomerLinks(KEY)
    doorkeeper = Doorkeeper(database, (), links, public_url=ENTRANCE)
    app.include_router(
        help_pages.routes(
            database, doorkeeper, RateLimits("off", None), pages, customers=links, public_url=ENTRANCE, views=views,
            related=lambda article, viewer: ["far", "gone", "secret", "near", article.id],
        )
    )  # fmt: skip
    with TestClient(app) as client:
        yield HelpCenter(database, client)


def attributes(soup: BeautifulSoup, tag_name: str, key: str, /, **given: Any) -> list[str]:
    return [str(tag[key]) for tag in soup.find_all(tag_name, attrs=given)]


# --- languages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en;q=0.5, fr;q=0.9", "fr"), ("ja,ko", "en"),
        ("ja, fr;q=0.1", "fr"), ("de;q=0, fr", "fr"), ("*", "en"), (";;;,,q=", "en"), ("de;q=x", "en"), ("x" * 5000, "en"),
    ],
)  # fmt: skip
def test_the_best_language_that_there_is(header: str, language: str) -> None:
    assert negotiated(header, ["de", "en", "fr"], "en") == language


def test_without_the_default_language_the_first_one_is_spoken() -> None:
    assert negotiated("ja", ["de", "fr"], "en") == "de"
    assert negotiated("ja", [], "en") == "en"


def bicycles(house: HelpCenter) -> None:
    house.write("return", "Return a bicycle", section=["Orders"])
    house.write(
        "return-de", "Ein Fahrrad zurückgeben", section=["Bestellungen"], locale="de", translation_of="return"
    )
    house.write("track", "Track an order", section=["Orders"])


def test_home_speaks_the_readers_language_and_says_what_is_only_in_another(house: HelpCenter) -> None:
    bicycles(house)
    soup = house.page("/help", headers={"Accept-Language": "de-CH, en;q=0.5"})
    assert soup.html
    assert soup.html["lang"] == "de"
    assert [h.get_text() for h in soup.find_all("h2")] == ["Bestellungen", "Nur auf Englisch"]
    titles = [a.get_text() for a in soup.select(".articles a")]
    assert titles == ["Ein Fahrrad zurückgeben", "Track an order"]  # not what is there in German, too
    assert soup.find("script", src="/widget.js")["data-language"] == "de"
    english = house.page("/help", headers={"Accept-Language": "sv"})
    assert [a.get_text() for a in english.select(".articles a")] == ["Return a bicycle", "Track an order"]


def test_an_article_leads_to_its_translations_and_says_where_there_is_none(house: HelpCenter) -> None:
    bicycles(house)
    soup = house.page("/help/articles/ein-fahrrad-zuruckgeben")
    assert attributes(soup, "a", "href", hreflang="en") == ["/help/articles/return-a-bicycle"]
    told = {tag["hreflang"]: tag["href"] for tag in soup.find_all("link", hreflang=True)}
    assert told == {
        "de": f"{ENTRANCE}/help/articles/ein-fahrrad-zuruckgeben",
        "en": f"{ENTRANCE}/help/articles/return-a-bicycle",
        "x-default": f"{ENTRANCE}/help/articles/return-a-bicycle",
    }
    moved = house.client.get("/help/articles/return-a-bicycle?locale=de-AT", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (302, "/help/articles/ein-fahrrad-zuruckgeben")
    shown = house.page("/help/articles/track-an-order?locale=de")
    assert "Diese Seite gibt es nicht auf Deutsch. Sie sehen sie auf Englisch." in shown.get_text()
    assert shown.find("article")["lang"] == "en"
    assert not house.page("/help/articles/track-an-order").find(role="note")
    strange = house.page("/help/articles/track-an-order?locale=tlh")
    assert strange.html
    assert strange.html["lang"] == "en"  # the words around the article are English there


def test_a_hidden_translation_is_named_nowhere(house: HelpCenter) -> None:
    bicycles(house)
    house.write(
        "return-fr",
        "Rendre un vélo",
        locale="fr",
        translation_of="return",
        audience="agents",
        section=["Orders"],
    )
    for url in (
        "/help/articles/return-a-bicycle",
        "/help",
        "/help/sections/orders",
        "/sitemap.xml",
        "/help/feed.atom",
    ):
        text = house.client.get(url).text
        assert "rendre" not in text.lower(), url
        assert 'hreflang="fr"' not in text, url
    shown = house.page("/help/articles/return-a-bicycle", headers=house.token("agent"))
    assert "/help/articles/rendre-un-velo" in attributes(shown, "a", "href")


def test_a_section_is_found_in_each_language_at_one_address(house: HelpCenter) -> None:
    house.write("a", "One", section=["FAQ"])
    house.write("b", "Eins", section=["FAQ"], locale="de")
    assert [a.get_text() for a in house.page("/help/sections/faq").select(".articles a")] == ["One"]
    german = house.page("/help/sections/faq?locale=de")
    assert [a.get_text() for a in german.select(".articles a")] == ["Eins"]
    french = house.page("/help/sections/faq?locale=fr", headers={"Accept-Language": "fr"})
    assert "n’existe pas en français" in french.get_text()


# --- what machines are told --------------------------------------------------------------------------------


def test_the_sitemap_knows_dates_and_translations_and_is_cut_where_it_is_long(
    house: HelpCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    bicycles(house)
    house.write("c", "<Odd> & title", updated_at="2026-03-01T12:00:00Z")
    whole = BeautifulSoup(house.client.get("/sitemap.xml").text, "html.parser")
    places = [loc.get_text() for loc in whole.find_all("loc")]
    assert f"{ENTRANCE}/help" in places
    assert f"{ENTRANCE}/help/articles/return-a-bicycle" in places
    assert len(places) == 5
    assert "2026-03-01T12:00:00.000Z" in [one.get_text() for one in whole.find_all("lastmod")]
    assert len(whole.find_all("xhtml:link")) == 4
    monkeypatch.setattr("help_center.feeds.PER_MAP", 3)
    index = BeautifulSoup(house.client.get("/sitemap.xml").text, "html.parser")
    parts = [loc.get_text().removeprefix(ENTRANCE) for loc in index.find_all("loc")]
    assert parts == ["/sitemap-1.xml", "/sitemap-2.xml"]
    found = [
        loc.get_text()
        for part in parts
        for loc in BeautifulSoup(house.client.get(part).text, "html.parser").find_all("loc")
    ]
    assert sorted(found) == sorted(places)
    assert house.client.get("/sitemap-3.xml").status_code == 404
    assert f"Sitemap: {ENTRANCE}/sitemap.xml" in house.client.get("/robots.txt").text


def test_the_feed_tells_the_newest_first_in_a_language(house: HelpCenter) -> None:
    house.write("a", "Old", "Some <b>words</b> & more", updated_at="2026-01-01")
    house.write("b", "New]]> & shiny", updated_at="2026-02-01")
    house.write("c", "Neu", locale="de", updated_at="2026-03-01")
    feed = BeautifulSoup(house.client.get("/help/feed.atom").text, "html.parser")
    assert [one.get_text() for one in feed.select("entry title")] == ["Neu", "New]]> & shiny", "Old"]
    assert feed.select("entry summary")[2].get_text() == "Some **words** & more".replace("**", "")
    german = BeautifulSoup(house.client.get("/help/feed.atom?locale=de").text, "html.parser")
    assert [one.get_text() for one in german.select("entry title")] == ["Neu"]


def test_questions_and_answers_are_told_as_such_and_nothing_of_it_ends_the_data(house: HelpCenter) -> None:
    body = "## How long </script><script>alert(1)</script>?\n\nTwo *years*.\n\n## And the battery?\n\n500 charges."
    slug = house.write("faq", "Warranty", body, section=["Care"])
    soup = house.page(f"/help/articles/{slug}")
    data = [tag.get_text() for tag in soup.find_all("script", type="application/ld+json")]
    told = {one["@type"]: one for one in map(json.loads, data)}
    assert set(told) == {"Article", "BreadcrumbList", "FAQPage"}
    answers = [one["acceptedAnswer"]["text"] for one in told["FAQPage"]["mainEntity"]]
    assert answers == ["Two years.", "500 charges."]
    assert [step["name"] for step in told["BreadcrumbList"]["itemListElement"]] == [
        "Help",
        "Care",
        "Warranty",
    ]
    assert attributes(soup, "link", "href", rel="canonical") == [f"{ENTRANCE}/help/articles/warranty"]
    assert attributes(soup, "meta", "content", property="og:title") == ["Warranty"]


def test_an_article_that_only_quotes_questions_is_shown(house: HelpCenter) -> None:
    slug = house.write("quoted", "Letters", "> ## How long?\n>\n> A day.\n>\n> ## And then?\n>\n> Nothing.")
    assert "A day." in house.page(f"/help/articles/{slug}").get_text()


def test_what_is_not_for_everybody_is_told_to_no_machine(house: HelpCenter) -> None:
    slug = house.write("secret", "Refund limit", audience="agents")
    soup = house.page(f"/help/articles/{slug}", headers=house.token("agent"))
    assert attributes(soup, "meta", "content", name="robots") == ["noindex"]
    assert not soup.find_all("script", type="application/ld+json")
    assert not soup.find_all("link", rel="canonical")


# --- signed links ------------------------------------------------------------------------------------------


def link(customer: str = "ada", seconds: float = 60, key: str = KEY, **more: str) -> str:
    expires = int(time.time() + seconds)
    proof = hmac.new(key.encode(), f"help:{expires}:{customer}".encode(), hashlib.sha256).hexdigest()
    given = {"customer": customer, "expires": str(expires), "hash": proof} | more
    return "/help/enter?" + "&".join(f"{name}={value}" for name, value in given.items())


def test_a_signed_link_opens_what_is_for_customers_and_leaves_no_proof_behind(house: HelpCenter) -> None:
    slug = house.write("vip", "Prices for members", audience="customers")
    inside = house.write("desk", "For the desk", audience="agents")
    entered = house.client.get(link(to=f"/help/articles/{slug}"), follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, f"/help/articles/{slug}")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" in cookie
    value = entered.headers["set-cookie"].split(";")[0]
    page = house.client.get(f"/help/articles/{slug}", headers={"Cookie": value})
    assert page.status_code == 200
    assert "For customers only" in page.text
    assert page.headers["cache-control"] == "private, no-cache"
    assert house.client.get(f"/help/articles/{inside}", headers={"Cookie": value}).status_code == 404
    assert house.get("/api/articles/vip", headers={"Cookie": value})["audience"] == "customers"
    assert (
        house.client.get(f"/help/articles/{slug}", headers={"Cookie": value[:-2] + "xx"}).status_code == 404
    )


@pytest.mark.parametrize(
    "address",
    [
        link(seconds=-1), link(key="another secret"), link().replace("ada", "eve"), link(seconds=10**8), "/help/enter",
        "/help/enter?customer=ada&expires=9&hash=x", link(customer="x" * 400), link(hash="%ff"), link(expires="1e9"),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_link_that_nobody_vouches_for_opens_nothing(house: HelpCenter, address: str) -> None:
    answer = house.client.get(address, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "does not work any more" in answer.text


@pytest.mark.parametrize(
    "to", ["https://evil.example/help", "//evil.example", "/helpx", "/inbox", "/help\\evil", ""]
)
def test_a_link_leads_only_into_the_help_center(house: HelpCenter, to: str) -> None:
    entered = house.client.get(link(to=to), follow_redirects=False)
    assert entered.headers["location"] == "/help"


# --- caches ------------------------------------------------------------------------------------------------


def test_a_page_is_sent_again_only_when_it_has_changed(house: HelpCenter) -> None:
    slug = house.write("a", "One", "Before.")
    first = house.client.get(f"/help/articles/{slug}")
    assert first.headers["cache-control"] == "public, no-cache"
    assert {"Cookie", "Authorization", "Accept-Language"} <= set(first.headers["vary"].split(", "))
    tag = {"If-None-Match": first.headers["etag"]}
    again = house.client.get(f"/help/articles/{slug}", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert house.client.get(f"/help/articles/{slug}", headers=tag | house.token("agent")).status_code == 200
    house.write("a", "One", "After.")
    assert "After." in house.client.get(f"/help/articles/{slug}", headers=tag).text


# --- figures -----------------------------------------------------------------------------------------------


def test_the_figures_of_an_article(house: HelpCenter, views: Views) -> None:
    slug = house.write("dir/a", "One")
    admin, agent = house.token("admin"), house.token("agent")
    for _ in range(3):
        house.page(f"/help/articles/{slug}")
    house.page(f"/help/articles/{slug}", headers=agent)  # not counted
    views.keep()
    house.page(f"/help/articles/{slug}")
    views.keep()
    for vote in (
        {"helpful": True, "reason": "unclear"},
        {"helpful": False, "reason": "outdated", "comment": "of 2019"},
        {"helpful": False},
    ):
        assert house.client.post("/api/articles/dir/a/feedback", json=vote).status_code == 204
    form = {"helpful": "false", "reason": "outdated", "comment": ""}
    house.client.post(f"/help/articles/{slug}/feedback", data=form)
    house.client.post(f"/help/articles/{slug}/feedback", data=form | {"reason": "<b>"})
    with house.database.write() as session:
        answer = Message(
            role="assistant", sources=[{"article_id": "dir/a"}, {"article_id": "dir/a"}, {"article_id": "x"}]
        )
        heard(session, None, "message", answer)  # type: ignore[arg-type]
        heard(session, None, "message", Message(role="agent", sources=[{"article_id": "dir/a"}]))  # type: ignore[arg-type]
    told = house.get("/api/articles/dir/a/figures", headers=admin)
    comments = told.pop("comments")
    assert told == {
        "article_id": "dir/a", "days": 90, "views": 4, "helpful": 1, "not_helpful": 4,
        "reasons": {"not_found": 0, "unclear": 0, "outdated": 2, "did_not_work": 0}, "citations": 1,
    }  # fmt: skip
    assert [(one["comment"], one["reason"]) for one in comments] == [("of 2019", "outdated")]
    house.get("/api/articles/dir/a/figures", 403, headers=agent)
    house.get("/api/articles/dir/a/figures", 401)
    house.get("/api/articles/nothing/figures", 404, headers=admin)
    bad = house.client.post("/api/articles/dir/a/feedback", json={"helpful": False, "reason": "bored"})
    assert bad.status_code == 422
    with house.database.read() as session:
        assert len(list(session.scalars(select(ArticleFeedback)))) == 5


# --- related, weight, size ---------------------------------------------------------------------------------


def test_related_articles_are_those_that_the_reader_may_see(house: HelpCenter) -> None:
    slug = house.write("a", "One", section=["S"])
    house.write("near", "Near")
    house.write("far", "Far")
    house.write("secret", "Secret", audience="agents")
    soup = house.page(f"/help/articles/{slug}")
    assert [a.get_text() for a in soup.select(".related a")] == ["Far", "Near"]


def test_a_page_with_all_that_it_loads_weighs_less_than_60_kilobytes(house: HelpCenter) -> None:
    body = "\n\n".join(
        f"## Heading {n}\n\n" + f"Words of section {n}, and more of them. " * 40 for n in range(30)
    )
    for n in range(400):
        house.write(f"a{n}", f"How to do the thing number {n}", section=[f"Section {n % 40}"])
    slug = house.write("long", "A long article", body, section=["Section 1"])
    for url in ("/help", "/help/sections/section-1", f"/help/articles/{slug}", "/help/articles/nothing"):
        page = house.client.get(url)
        soup = BeautifulSoup(page.text, "html.parser")
        sheets = [tag["href"] for tag in soup.find_all("link", rel="stylesheet")]
        scripts = [tag["src"] for tag in soup.find_all("script", src=True) if "widget" not in tag["src"]]
        files = [str(one).split("?")[0].rsplit("/", 1)[1] for one in sheets + scripts] + ["help.js"]
        parts = [page.content, *((help_pages.STATIC / name).read_bytes() for name in sorted(set(files)))]
        assert len(sheets) >= 2
        assert sum(len(gzip.compress(part)) for part in parts) < 56_000, (
            url
        )  # the chat's loader has 4 of the 60


def test_pages_of_titles_read_no_bodies(house: HelpCenter) -> None:
    for n in range(20):
        house.write(f"a{n}", f"Title {n}", "A body. " * 100, section=["S"])
    asked: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for url in ("/help", "/help/sections/s", "/sitemap.xml", "/help"):
        house.client.get(url)
    assert asked
    assert not [one for one in asked if "body" in one]
    asked.clear()
    house.client.get("/help")
    assert (
        len([one for one in asked if one.startswith("SELECT")]) <= 4
    )  # what is held is only compared with the database


def test_the_article_that_somebody_reads_is_known_by_its_address_where_they_may_read_it(
    house: HelpCenter,
) -> None:
    house.write("a", "Été")
    house.write("secret", "Secret", audience="agents")
    with house.database.read() as session:
        assert read_at(session, "https://help.example.org/help/articles/ete?locale=fr#x", STRANGER) == "a"
        for address in (
            None,
            "",
            "/help/articles/",
            "/help/articles/secret",
            "/help/articles/%ff%00",
            "/help/search?q=ete",
        ):
            assert read_at(session, address, STRANGER) is None
