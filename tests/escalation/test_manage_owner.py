"""What the owner sets and sees at /manage in Chromium: the site, the dial, golden questions, and what an edit would win or lose.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.conftest import ARTICLES, Installation, Server, faults, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
PATIENCE = 30_000
SIZES = ((390, "dark"), (768, "light"), (1280, "light"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The bicycle shop, with an admin and a few questions of customers."""
    installation = Installation(tmp_path_factory.mktemp("owner"))
    file = installation.folder / "bicycles.jsonl"
    file.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
    installation.parley("index", str(file))
    who = ("agent", "add", "ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin")
    installation.parley(*who, stdin=PASSWORD)
    served = installation.serve()
    for text in (
        "How do I return a bicycle?",
        "How do I store the battery in winter?",
        "What does error E-417 mean?",
    ):
        served.conversation().say(text)
    yield served
    installation.stop()


@pytest.fixture(scope="module")
def cookies(server: Server) -> list[dict[str, str]]:
    with server.client() as client:
        mine = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/api/session", json=mine).raise_for_status()
        return [{"name": key, "value": value, "url": server.url} for key, value in client.cookies.items()]


@pytest.fixture
def admin(server: Server, cookies: list[dict[str, str]]) -> Iterator[httpx.Client]:
    with server.client(cookies={one["name"]: one["value"] for one in cookies}) as client:
        yield client


Opener = Callable[..., Page]


@pytest.fixture
def at(open_page: Opener, server: Server, cookies: list[dict[str, str]]) -> Opener:
    def opened(part: str, width: int = 1280, scheme: Any = "light") -> Page:
        page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{server.url}/manage#{part}")
        expect(page.locator("main .body:not([aria-busy])")).to_be_visible(timeout=PATIENCE)
        return page

    return opened


def saved(page: Page) -> None:
    expect(page.locator("[data-toast]")).to_have_class("toast shown", timeout=PATIENCE)


def test_the_site_is_named_coloured_and_greets_at_once(
    at: Opener, admin: httpx.Client, server: Server, tmp_path: Path
) -> None:
    page = at("site")
    page.get_by_label("Name").fill("Velo & Co")
    page.get_by_label("The colour in hexadecimal").fill("#f5c400")
    said = page.locator("[role=status]", has_text="On white")
    expect(said).to_contain_text("too little for words", timeout=PATIENCE)
    expect(said).to_contain_text("black on it")
    looks = page.locator(".look")
    expect(looks.first).to_contain_text("Velo & Co")
    brand = looks.first.evaluate("one => getComputedStyle(one).getPropertyValue('--brand')")
    assert brand == "#f5c400"
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(picture, "PNG")
    page.locator("#logo-file").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.locator("#logo-says")).to_contain_text("Uploaded", timeout=PATIENCE)
    page.get_by_label("Greeting of the chat").fill("Hello from the workshop!")
    page.get_by_label("Starter questions").fill("How do I return a bicycle?\n\nWhich pressure?")
    page.get_by_label("Another language").select_option("de")
    page.get_by_role("button", name="Add words in this language").click()
    german = page.locator("details", has_text="German (de)")
    expect(german.get_by_label("Heading of the help center")).to_be_focused()
    german.get_by_label("Heading of the help center").fill("Was ist kaputt?")
    page.get_by_role("button", name="Save").click()
    saved(page)
    expect(page.locator(".bar .brand")).to_contain_text("Velo & Co")

    kept = admin.get("/api/site").json()
    assert kept["starters"] == {"en": ["How do I return a bicycle?", "Which pressure?"]}
    assert kept["headings"] == {"de": "Was ist kaputt?"}
    home = page.context.new_page()
    home.goto(f"{server.url}/help")
    expect(home.locator(".brand img")).to_be_visible()
    assert (
        home.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--brand').trim()")
        == "#f5c400"
    )
    assert server.conversation().greeting == "Hello from the workshop!"
    assert "#f5c400" in httpx.get(f"{server.url}/widget.js", trust_env=False).text

    page.get_by_label("The colour in hexadecimal").fill("yellow")
    expect(page.get_by_text("is no colour")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("form .error")).to_contain_text("is no colour", timeout=PATIENCE)
    admin.put("/api/site", json={}).raise_for_status()


def test_the_dial_is_turned_by_keyboard_and_says_what_it_costs(
    at: Opener, admin: httpx.Client, server: Server
) -> None:
    page = at("confidence")
    dial = page.get_by_role("slider")
    words = page.locator(".dial-words")
    expect(words).to_contain_text(
        re.compile("about 1\\d\\d are answered. Of these answers at most (9.\\d|10)\u00a0%")
    )
    expect(page.get_by_text("the preset of Parley")).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"measured on 2449 questions of dtc_faq, .* taken out\. It knows"))
    ).to_be_visible()
    expect(page.locator(".card", has_text="In the last four weeks")).to_contain_text("3 questions")
    dial.focus()
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
    expect(dial).to_have_attribute("aria-valuetext", "at most 1\u00a0% of the given answers may be wrong")
    expect(words).to_contain_text("Nothing can be promised here")
    page.keyboard.press("Enter")
    saved(page)
    expect(page.get_by_text("In force: 1\u00a0%, set here")).to_be_visible()
    expect(dial).to_be_focused()
    assert server.conversation().say("How do I return a bicycle?")["action"] != "answer"
    page.get_by_role("button", name="Back to the preset").click()
    expect(page.get_by_text("the preset of Parley")).to_be_visible(timeout=PATIENCE)
    expect(dial).to_be_focused()
    assert server.conversation().say("How do I return a bicycle?")["action"] == "answer"
    assert [one["detail"]["max_wrong"] for one in admin.get("/api/audit?action=dial.change").json()["items"]] == [
        [0.01, None], [None, 0.01],
    ]  # fmt: skip
    log = at("audit").get_by_role("group", name="Audit log")
    expect(log).to_contain_text("May be wrong at most: not set here → 1 %")


def test_every_setting_of_the_dial_keeps_its_promise_in_words_and_says_why_more_is_not_answered(
    at: Opener, admin: httpx.Client
) -> None:
    page = at("confidence")
    dial, words = page.get_by_role("slider"), page.locator(".dial-words")
    steps = admin.get("/api/dial").json()["steps"]
    assert 0 < sum(step["held"] for step in steps) < len(steps)
    for place, step in enumerate(steps):
        dial.fill(str(place))
        text = words.inner_text()
        assert ("likelier wrong than right" in text) is step["held"]
        for told in re.findall(r"at most ([\d.]+)", text):
            assert step["bound"] * 100 - 1e-9 <= float(told) <= step["max_wrong"] * 100 + 1e-9
        for tick in page.locator(".risk text[text-anchor=end]").all_text_contents():
            assert re.fullmatch(r"\d+\u00a0%", tick), (step, tick)


def test_no_confidence_reads_as_certain(at: Opener) -> None:
    page = at("confidence")
    told = page.evaluate(
        """async () => {
          const { sureness } = await import("/static/inbox/words.js");
          return [0.9987, 1, 0.862, 0.004, 0].map(sureness);
        }"""
    )
    assert told == ["99 %", "99 %", "86 %", "1 %", "1 %"]


def test_on_a_phone_what_was_done_is_said_away_from_the_navigation_and_not_on_the_next_page(
    at: Opener,
) -> None:
    page = at("confidence", 390)
    page.get_by_role("button", name="Save").click()
    saved(page)
    toast, links = page.locator("[data-toast]").bounding_box(), page.locator(".parts").bounding_box()
    assert toast is not None
    assert links is not None
    assert toast["y"] > links["y"] + links["height"]
    page.locator(".parts").get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()
    assert page.locator("[data-toast]").get_attribute("class") == "toast"


def test_golden_questions_are_taken_over_run_and_what_broke_is_shown(at: Opener, admin: httpx.Client) -> None:
    page = at("questions")
    page.get_by_role("button", name="Add What does error E-417 mean?").click(timeout=PATIENCE)
    saved(page)
    listed = page.get_by_role("list", name="Golden questions")
    expect(listed.get_by_text("What does error E-417 mean?")).to_be_visible()

    page.get_by_role("button", name="Add a question").click()
    page.get_by_role("dialog").get_by_label("Question").fill("Which pressure for 32 mm tyres?")
    page.get_by_label("Answered by").fill("tyre")
    expect(page.get_by_role("dialog").locator(".choices button").first).to_have_text(
        "Find the right tyre pressure", timeout=PATIENCE
    )
    page.keyboard.press("Enter")
    expect(page.locator(".chosen")).to_contain_text("Find the right tyre pressure")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Change Which pressure for 32 mm tyres?")).to_be_focused(
        timeout=PATIENCE
    )

    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".golden-summary")).to_contain_text("2 of 2 right", timeout=PATIENCE)
    body = next(one for one in ARTICLES if one["id"] == "bike-computer")
    admin.put("/api/articles/bike-computer", json=body | {"body": "Ask a dealer."}).raise_for_status()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".golden-summary")).to_contain_text("1 broke", timeout=PATIENCE)
    expect(listed.get_by_role("listitem")).to_have_count(1)
    expect(listed).to_contain_text("Broke since the run before")
    admin.put("/api/articles/bike-computer", json=body).raise_for_status()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "golden-questions.zip"


def test_a_file_that_cannot_be_read_is_named_as_it_is_written(at: Opener) -> None:
    page = at("questions")
    page.get_by_role("button", name="Import").click()
    for name, text in (("queries", '{"_id": "1", "text": "a"}'), ("qrels", "1 a")):
        file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        page.locator(f"dialog input[name={name}]").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(re.compile("^qrels.tsv, line 1"))


def test_an_edit_shows_what_it_loses_first(at: Opener) -> None:
    page = at("questions")
    draw(page)
    panel = page.locator("[data-impact]")
    expect(panel.locator(".verdict")).to_contain_text("would be lost", timeout=PATIENCE)
    first = panel.locator("details.group").first
    expect(first).to_contain_text("Lost (")
    expect(first).to_contain_text("What does error E-417 mean?")
    expect(first.locator("blockquote").first).to_contain_text("battery is too low")
    assert faults(page) == []
    screenshot(page, "owner-impact", full_page=True)


def draw(page: Page) -> None:
    """The panel as the publish dialog of the article editor has it."""
    page.evaluate(
        """async () => {
          const { impact } = await import("/static/inbox/impact.js");
          const place = document.createElement("section");
          place.className = "card";
          document.querySelector("main .body").replaceChildren(place);
          await impact(place, { id: "bike-computer", title: "Connect the bike computer to your phone" }, { body: "Ask a dealer." });
        }"""
    )


@pytest.mark.parametrize("part", ["site", "confidence", "questions"])
def test_each_part_is_read_by_everybody_at_every_width(at: Opener, part: str) -> None:
    for width, scheme in SIZES:
        page = at(part, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(page) == [], (width, scheme)
        screenshot(page, f"owner-{part}-{width}-{scheme}", full_page=True)
