"""The widget's promises that need no conversation: its size, its policy, its hooks."""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

import help_center
from bot.channels.widget.language import LANGUAGES
from bot.channels.widget.routes import HERE, STATIC, TEMPLATES, routes
from bot.words import IN
from help_center.templating import Pages
from help_center.web import install_problems

HELP_STATIC = Path(help_center.__file__).parent / "static"
HOOKS = (
    "send",
    "input",
    "log",
    "person",
    "status",
    "sources",
    "rate",
    "helpful",
    "end",
    "search",
    "home",
    "choices",
    "article",
    "copy",
)


def site(*allowed_origins: str) -> TestClient:
    static = {"/static/widget": STATIC, "/static/help": HELP_STATIC}
    app = FastAPI()
    install_problems(app)
    app.include_router(routes(Pages([TEMPLATES], static), allowed_origins))
    for prefix, folder in static.items():
        app.mount(prefix, StaticFiles(directory=folder))
    return TestClient(app)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""  # text inside script and style
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"}:
            self.inline += data.strip()

    def addresses(self) -> list[str]:
        """What the page loads by itself."""
        return [
            address
            for tag, attrs in self.tags
            if tag in {"script", "link", "img"} and (address := attrs.get("src") or attrs.get("href"))
        ]


def test_the_loader_is_at_most_four_kilobytes() -> None:
    response = site().get("/widget.js")
    assert response.headers["content-type"].startswith("text/javascript")
    assert len(gzip.compress(response.content)) <= 4096


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chat_with_all_that_it_loads_is_at_most_forty_kilobytes(language: str) -> None:
    """The frame and what is around it on the page, in one language."""
    client = site()
    waiting, seen, total = [f"/widget/chat?language={language}", "/widget/panel.js"], set(), 0
    while waiting:
        address = waiting.pop()
        path = address.partition("?")[0]
        if path in seen:
            continue
        seen.add(path)
        response = client.get(address)
        assert response.status_code == 200, address
        total += len(gzip.compress(response.content))
        if path.endswith(".js"):
            waiting += [urljoin(path, name) for name in re.findall(r'from "(\.\.?/[^"]+)"', response.text)]
        elif path.endswith("/chat"):
            waiting += Tags(response.text).addresses()
    assert "/static/help/markdown.js" in seen
    assert [path for path in seen if "/words/" in path] == [f"/static/widget/words/{language}.js"]
    assert total <= 40_000


def test_the_chat_preloads_exactly_the_modules_that_it_begins_with() -> None:
    links = [attrs for tag, attrs in Tags(site().get("/widget/chat").text).tags if tag == "link"]
    preloaded = {attrs["href"] for attrs in links if attrs.get("rel") == "modulepreload"}
    waiting, begun = ["/static/widget/chat.js"], set()
    while waiting:
        path = waiting.pop()
        begun.add(path)
        found = re.findall(r'from "(\.\.?/[^"]+)"', site().get(path).text)
        waiting += [one for name in found if (one := urljoin(path, name)) not in begun]
    begun.add("/static/widget/words/en.js")
    assert preloaded == begun - {"/static/widget/chat.js"}
    later = {
        "helpful",
        "reader",
        "rating",
        "waiting",
    }  # what most conversations do without comes when it is needed
    assert not {f"/static/widget/{name}.js" for name in later} & begun
    asking = (STATIC / "chat.js").read_text() + (STATIC / "log.js").read_text()
    assert all(f'import("./{name}.js")' in asking for name in later)


@pytest.mark.parametrize("address", ["/", "/widget/chat"])
def test_pages_hold_nothing_inline_that_their_policy_forbids(address: str) -> None:
    response = site().get(address)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    page = Tags(response.text)
    assert page.inline == ""
    assert "style" not in {tag for tag, _ in page.tags}
    for tag, attrs in page.tags:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag
    assert all(loaded.startswith("/") and not loaded.startswith("//") for loaded in page.addresses())


def test_scripts_never_make_html_of_text_and_never_post_to_any_origin() -> None:
    for script in (*HERE.glob("*.js"), *STATIC.rglob("*.js"), HELP_STATIC / "markdown.js"):
        text = script.read_text()
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text
        ), script
        assert not re.search(r"postMessage\([^;]*\"\*\"", text), script
        assert "cssText" not in text, script
        assert 'setAttribute("style"' not in text, script


def test_only_the_sites_that_were_named_may_frame_the_chat() -> None:
    def ancestors(*origins: str) -> str:
        policy = site(*origins).get("/widget/chat").headers["content-security-policy"]
        return policy.rpartition("frame-ancestors ")[2]

    assert ancestors() == "'self'"
    assert (
        ancestors("https://shop.example", "http://localhost:3000")
        == "'self' https://shop.example http://localhost:3000"
    )
    assert ancestors("*") == "*"
    demo = site("https://shop.example").get("/").headers["content-security-policy"]
    assert demo.endswith("frame-ancestors 'self'")


def test_the_loader_is_not_sent_again_when_it_has_not_changed() -> None:
    client = site()
    first = client.get("/widget.js")
    assert "max-age" in first.headers["cache-control"]
    again = client.get("/widget.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    panel = re.search(r'"(/widget/panel\.js\?v=\w+)"', first.text)
    assert panel
    assert "immutable" in client.get(panel[1]).headers["cache-control"]
    assert client.get("/widget/panel.js?v=old").headers["cache-control"] == "no-cache"


def test_a_site_chooses_a_colour_and_gets_shades_that_can_be_read() -> None:
    client = site()
    page = client.get("/widget/chat?color=f5c400").text
    assert 'href="/widget/colors.css?color=f5c400"' in page
    assert "--brand: #f5c400; --on-brand: #000000" in client.get("/widget/colors.css?color=f5c400").text
    assert "/widget/colors.css" not in client.get("/widget/chat?color=red;}").text
    assert client.get("/widget/colors.css?color=red").status_code == 422


def test_the_hooks_that_tests_and_owners_hold_on_to_are_there() -> None:
    page = site().get("/widget/chat").text
    assert [hook for hook in HOOKS if f'data-parley="{hook}"' not in page] == []
    assert 'dataset.parley = "launcher"' in site().get("/widget.js").text


def words(language: str) -> dict[str, str | dict[str, str]]:
    """The words of one language, as its modules have them."""
    found: dict[str, str | dict[str, str]] = {}
    for file in (STATIC / "words" / f"{language}.js", STATIC / "words" / "more" / f"{language}.js"):
        text = file.read_text("utf-8").partition("export default ")[2].strip()
        named = re.sub(r"([{,]\s*)(\w+):", r'\1"\2":', re.sub(r",(\s*})", r"\1", text.removesuffix(";")))
        found |= json.loads(named)
    return found


def blanks(word: str | dict[str, str]) -> set[str]:
    """What is filled in. One, two or none may be written out as a word."""
    forms = word.values() if isinstance(word, dict) else [word]
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def test_every_word_that_is_said_is_there_in_english_and_none_that_is_not() -> None:
    asked = set(re.findall(r'data-word(?:-label|-hint)?="(\w+)"', (TEMPLATES / "chat.html").read_text()))
    scripts = "\n".join(script.read_text() for script in STATIC.glob("*.js"))
    asked |= set(re.findall(r'\bsay\("(\w+)"', scripts))
    assert asked - set(words("en")) == set()
    built = re.compile(r"^(level_\d|place|later|subtitle|placeholder)")  # put together from parts
    plain = (TEMPLATES / "plain.html").read_text() + (HERE / "plain.py").read_text()
    named = {
        key
        for key in words("en")
        if f'"{key}"' in scripts or built.match(key) or re.search(rf"\b{key}\b", plain)
    }
    assert set(words("en")) - asked - named == set()


def test_the_chat_speaks_the_languages_of_the_bot() -> None:
    assert set(LANGUAGES) == set(IN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there_in_every_language_with_its_plural_forms(language: str) -> None:
    english, own = words("en"), words(language)
    assert list(own) == list(english)
    forms = {form for word in own.values() if isinstance(word, dict) for form in word}
    for key, word in own.items():
        assert blanks(word) == blanks(english[key]), key
        assert isinstance(word, dict) == isinstance(english[key], dict), key
        if isinstance(word, dict):
            assert set(word) == forms, key
            assert all(word.values()), key
        assert word, key
    # the bot names the button by the words on it
    assert str(own["person"]) in IN[language].person_offered


def test_the_site_then_the_browser_chooses_the_language_and_only_that_one_is_loaded() -> None:
    def asked(query: str = "", **headers: str) -> str:
        page = site().get(f"/widget/chat{query}", headers=headers).text
        assert len(re.findall(r"words/\w+\.js", page)) == 1
        language = re.search(r"words/(\w+)\.js", page)
        assert language
        assert f'<html lang="{language[1]}"' in page
        return language[1]

    assert asked() == "en"
    assert asked(**{"Accept-Language": "tlh,de-CH;q=0.9,en;q=0.8"}) == "de"
    assert asked(**{"Accept-Language": "en;q=0.4,ar-EG;q=0.9,x;q=much"}) == "ar"
    assert asked("?language=pt-BR", **{"Accept-Language": "de"}) == "pt"
    assert asked("?language=../../etc", **{"Accept-Language": "ja"}) == "ja"
    assert 'dir="rtl"' in site().get("/widget/chat?language=ar").text
