"""The widget as a visitor has it, on a page of another site with a strict policy: in Chromium, a few journeys.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect
from sqlalchemy import select

from bot.channels.widget.language import LANGUAGES
from bot.house import House
from evals.bench.widget import AnotherSite
from help_center.articles import ArticleFeedback
from help_center.conversations import Conversation, Feedback
from help_center.importing import bring_in
from help_center.people import Customer
from tests.bot.conftest import server_of
from tests.bot.support import Service
from tests.conftest import ARTICLES, eventually, faults, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LAUNCHER = '[data-parley="launcher"]'
STUB = """
window.Parley = function () { (Parley.q = Parley.q || []).push(arguments); };
window.seen = [];
for (const name of ["ready", "open", "close", "message", "status", "unread"]) Parley("on", name, (data) => seen.push([name, data]));
Parley("identify", { id: "kim-1", name: "Kim", email: "kim@example.org", attributes: { plan: "pro" } });
Parley("opne");
Parley("update", { colour: "red" });
"""
# how well `text` is read on `ground`, as WCAG counts it
CONTRAST = """([text, ground]) => {
  const light = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const [one, other] = [light(text), light(ground)].sort((a, b) => b - a);
  return (one + .05) / (other + .05);
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[AnotherSite]:
    made = AnotherSite()
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(
    site: AnotherSite, library: House, blank_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One Parley for all journeys, which `site` may embed."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("service")
        made = server_of(
            stack, library, blank_database, folder, allowed_origins=f"{site.origin},{site.neighbour}"
        )
        file = folder / "bicycles.jsonl"
        file.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
        bring_in(made.house.database, [str(file)], prune=False)  # the library's index knows them already
        site.embed(made.url)
        yield made


def chat(page: Page) -> Frame:
    page.frame_locator("iframe").locator("#input").wait_for()
    frame = next(one for one in page.frames if "/widget/chat" in one.url)
    return frame


def focused(page: Page | Frame) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def stored(service: Service, what: Any) -> list[Any]:
    with service.house.database.read() as session:
        return list(session.scalars(select(what)))


def no_violation(page: Page) -> None:
    """Neither on the page around nor in the frame, which axe does not enter by itself."""
    for place in page.frames if page.locator("dialog[open]").count() else [page.main_frame]:
        assert faults(place) == []


def test_by_keyboard_from_a_misspelt_search_to_an_article_an_answer_and_a_word_why_it_did_not_help(
    service: Service, site: AnotherSite, open_page: Callable[..., Page]
) -> None:
    site.embed(service.url)
    page = open_page(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.add_init_script(
        "window.shifted = 0; new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifted += one.value })"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(site.origin)
    launcher = page.locator(LAUNCHER)
    expect(launcher).to_have_attribute("aria-label", "Open chat")
    assert [url for url in asked if service.url in url] == [
        f"{service.url}/widget.js"
    ]  # nothing before it is needed

    launcher.focus()
    page.keyboard.press("Enter")
    frame = chat(page)
    expect(frame.locator("#home")).to_be_visible()
    expect(frame.locator("#popular a")).to_have_count(4)  # what anybody may read
    eventually(lambda: focused(frame) == "input")
    no_violation(page)

    # search as you type, by keyboard
    frame.locator("#query").focus()
    page.keyboard.type("tyre presure")
    expect(frame.locator("#found li").first).to_contain_text("Find the right tyre pressure")
    expect(frame.locator("#found-said")).to_contain_text("found")
    no_violation(page)
    page.keyboard.press("ArrowDown")
    expect(frame.locator("#query")).to_have_attribute("aria-activedescendant", "found-0")
    page.keyboard.press("Enter")
    expect(frame.locator("#reader-title")).to_have_text("Find the right tyre pressure")
    expect(frame.locator("#reader-text td").first).to_have_text("25 mm")
    eventually(lambda: focused(frame) == "reader-title")
    expect(frame.locator("#reader-away")).to_have_attribute(
        "href", "/help/articles/find-the-right-tyre-pressure"
    )
    frame.locator('#reader-helpful [data-helpful="false"]').click()
    assert stored(service, ArticleFeedback) == []  # with its reason, or on leaving
    no_violation(page)
    screenshot(page, "widget-article")
    frame.locator("#back").click()
    expect(frame.locator("#home")).to_be_visible()
    assert [vote.helpful for vote in eventually(lambda: stored(service, ArticleFeedback))] == [False]

    # the search's last line asks the assistant; what comes is said once
    frame.locator("#query").fill("How do I return a bicycle?")
    frame.locator("#found .ask").click()
    answer = frame.locator(".message.assistant").last
    expect(answer.locator('[data-parley="sources"]')).to_contain_text("Return a bicycle")
    words = frame.locator("#voice").inner_text()
    assert words.count("within 30 days") == 1
    assert frame.locator("#log").get_attribute("aria-live") is None
    answer.locator(".copy").click()
    expect(answer.locator('.helpful > [role="status"]')).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()") if page.evaluate("document.hasFocus()") else ""
    assert not copied or f"{service.url}/help/articles/return-a-bicycle" in copied

    # a source opens inside, and the way back leads to the conversation
    answer.locator(".sources a").first.click()
    expect(frame.locator("#reader-title")).to_have_text("Return a bicycle")
    frame.locator("#back").click()
    expect(answer).to_be_visible()

    # why it did not help
    answer.locator('[data-helpful="false"]').click()
    answer.locator('.why [value="outdated"]').check()
    answer.locator(".why textarea").fill("It is 60 days now.")
    no_violation(page)
    answer.locator('.why [type="submit"]').click()
    expect(answer.locator('.helpful > [role="status"]')).to_contain_text("Thank you")
    assert [(one.helpful, one.comment) for one in stored(service, Feedback)] == [
        (False, "Wrong or out of date: It is 60 days now.")
    ]

    # larger and smaller; Escape closes, and the focus goes back to where it was
    box = page.locator("dialog")
    narrow = box.bounding_box()
    frame.locator("#larger").click()
    expect(box).to_have_class("large")
    wide = box.bounding_box()
    assert narrow
    assert wide
    assert wide["width"] > narrow["width"] + 200
    frame.locator("#input").focus()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.parley") == "launcher"
    assert page.evaluate("window.shifted") == 0
    assert told == []  # nothing that the page's policy forbids was tried


def test_the_pages_own_script_opens_it_hears_of_it_and_changes_it(
    service: Service, site: AnotherSite, open_page: Callable[..., Page]
) -> None:
    attributes = 'data-color="#f5c400" data-position="left" data-offset="30 40" data-label="Need help?" data-language="de" data-starters="Wie lange?|Was kostet es?" data-greeting="Moin!"'
    site.embed(service.url, attributes, STUB)
    page = open_page(viewport={"width": 1000, "height": 700})
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.goto(site.origin)
    launcher = page.locator(LAUNCHER)
    expect(launcher).to_have_text("Need help?")
    place = launcher.bounding_box()
    assert place
    assert (place["x"], round(place["y"] + place["height"])) == (30, 660)
    colors = launcher.evaluate(
        "(node) => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
    )
    assert colors[1] == "rgb(245, 196, 0)"
    assert page.evaluate(CONTRAST, colors) > 4.5
    # what was called before the script was there, and what was wrong with it
    eventually(lambda: page.evaluate("seen.length"))
    assert [line for line in told if 'no command "opne"' in line and "open, close, toggle" in line]
    assert [line for line in told if 'no setting "colour"' in line and "color, position" in line]

    page.evaluate('Parley("open", "Wie lange?")')
    frame = chat(page)
    expect(frame.locator("html")).to_have_attribute("lang", "de")
    expect(frame.locator("#input")).to_have_value("Wie lange?")
    expect(frame.locator("#hello")).to_have_text("Moin!")
    expect(frame.locator("#starters button")).to_have_count(2)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for one in ("#send", "#person"):
            colors = frame.locator(one).evaluate(
                "(node) => { const ground = (one) => getComputedStyle(one).backgroundColor; let at = node; while (/rgba.*, 0\\)/.test(ground(at)) && at.parentElement) at = at.parentElement;"
                "return [getComputedStyle(node).color, ground(at)] }"
            )
            assert frame.evaluate(CONTRAST, colors) > 4.5, (scheme, one, colors)
    frame.locator("#starters button").first.click()
    expect(frame.locator(".message.customer > .text")).to_have_text("Wie lange?")
    expect(frame.locator(".message.assistant")).to_have_count(2)  # the greeting and the answer
    eventually(
        lambda: page.evaluate("seen.some(([name, data]) => name === 'message' && data.role === 'assistant')")
    )
    seen = page.evaluate("seen")
    assert [name for name, _ in seen][:2] == ["ready", "open"]
    assert not [
        data for name, data in seen if name == "message" and set(data) != {"id", "role"}
    ]  # who, not what
    customer = next(one for one in stored(service, Customer) if one.name == "Kim")
    assert (customer.email, customer.attributes) == ("kim@example.org", {"plan": "pro"})

    # another language and side while it is open: the conversation is kept
    page.evaluate('Parley("update", { language: "ar", position: "right", color: "#1a56c4" })')
    frame = chat(page)
    expect(frame.locator("html")).to_have_attribute("dir", "rtl")
    expect(frame.locator(".message.customer")).to_have_count(1)
    screenshot(page, "widget-ar-update")

    # a page change that swaps the body, and the script a second time: one chat, and the same
    page.evaluate("document.body.replaceWith(document.createElement('body'))")
    expect(page.locator("parley-chat")).to_have_count(1)
    page.evaluate(
        """(src) => {
          const again = document.createElement("script");
          again.src = trustedTypes.createPolicy("test", { createScriptURL: (url) => url }).createScriptURL(src);
          document.body.append(again);
        }""",
        f"{service.url}/widget.js",
    )
    expect(chat(page).locator(".message.customer")).to_have_count(1)
    expect(page.locator("parley-chat")).to_have_count(1)
    page.evaluate('Parley("toggle")')
    expect(page.locator("dialog")).to_be_hidden()
    page.evaluate('Parley("hide")')
    expect(launcher).to_be_hidden()
    page.evaluate('Parley("show")')
    expect(launcher).to_be_visible()

    # another customer at the same computer sees nothing of the one before
    page.evaluate('Parley("identify", { id: "lou-2" })')
    page.evaluate('Parley("open")')
    frame = chat(page)
    expect(frame.locator("#log .message")).to_have_count(0)
    page.evaluate('Parley("shutdown")')
    expect(page.locator("iframe")).to_have_count(0)
    expect(launcher).to_be_hidden()
    page.evaluate('Parley("open")')
    expect(chat(page).locator("#home")).to_be_visible()


def test_on_a_phone_it_is_all_there_is_and_a_reply_is_shown_on_the_closed_launcher_in_every_tab(
    service: Service, site: AnotherSite, open_page: Callable[..., Page]
) -> None:
    site.embed(service.url)
    phone = {"width": 390, "height": 740}
    page = open_page(
        site.neighbour,
        viewport=phone,
        has_touch=True,
        is_mobile=True,
        color_scheme="dark",
        locale="ar-EG",
        reduced_motion="reduce",
    )
    page.locator(LAUNCHER).tap()
    frame = chat(page)
    assert page.locator("dialog").evaluate("(node) => node.matches(':modal')")
    assert page.locator("dialog").bounding_box() == {"x": 0, "y": 0, **phone}
    expect(frame.locator("html")).to_have_attribute("dir", "rtl")
    eventually(lambda: focused(frame) == "title")  # no keyboard before it is asked for
    no_violation(page)
    small = frame.evaluate(
        """() => [...document.querySelectorAll("button, a, input, textarea, select")].filter((node) => node.checkVisibility({ visibilityProperty: true }))
        .map((node) => [node.id || node.textContent, (node.closest(".cards li") ?? node).getBoundingClientRect()]).filter(([, { width, height }]) => width < 24 || height < 24)"""
    )
    assert small == []  # targets of at least 24 px
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    moving = frame.evaluate("document.getAnimations().length")
    assert moving == 0

    # with the keyboard up the chat is as high as what is left
    page.evaluate(
        "Object.defineProperties(visualViewport, { height: { value: 400, configurable: true }, offsetTop: { value: 30, configurable: true } }); visualViewport.dispatchEvent(new Event('resize'))"
    )
    assert page.locator("dialog").bounding_box() == {"x": 0, "y": 30, "width": 390, "height": 400}
    page.evaluate(
        "delete visualViewport.height; delete visualViewport.offsetTop; visualViewport.dispatchEvent(new Event('resize'))"
    )

    frame.locator("#person").tap()
    expect(frame.locator("body")).to_have_attribute("data-status", "waiting")
    no_violation(page)
    screenshot(page, "widget-waiting-ar-390")

    # a second tab follows; both are closed, and an agent writes
    second = page.context.new_page()
    second.goto(site.neighbour)
    frame.locator("#close").tap()
    expect(page.locator("dialog")).to_be_hidden()
    assert page.evaluate("document.documentElement.style.overflow") == ""
    newest = max(stored(service, Conversation), key=lambda one: one.created_at)
    with service.client(headers=service.agent("admin")) as agent:
        queue = agent.get("/api/handoffs?status=waiting").json()["items"]
        handoff = next(one["id"] for one in queue if one["conversation_id"] == newest.id)
        agent.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        agent.post(
            f"/api/handoffs/{handoff}/reply", json={"text": "Your bicycle **is here**."}
        ).raise_for_status()
    for tab in (page, second):
        tab.bring_to_front()
        expect(tab.locator(f"{LAUNCHER} b")).to_be_visible()
    expect(page.locator("parley-chat [role=status] button").first).to_contain_text("Your bicycle is here.")
    no_violation(page)
    screenshot(page, "widget-preview-390")
    page.bring_to_front()
    page.locator("parley-chat [role=status] button").first.tap()
    expect(chat(page).locator(".message.agent")).to_contain_text("Your bicycle is here.")
    expect(page.locator(f"{LAUNCHER} b")).to_be_hidden()

    # what nobody in particular says stands beside the button without a name
    chat(page).locator("#close").tap()
    expect(page.locator("dialog")).to_be_hidden()
    with service.client(headers=service.agent("admin")) as agent:
        agent.post(f"/api/handoffs/{handoff}/resolve", json={}).raise_for_status()
    expect(page.locator(f"{LAUNCHER} b")).to_be_visible()
    expect(page.locator("parley-chat [role=status] button").first).to_have_text(re.compile(r"^\s*[^\s:]"))


def test_every_language_has_its_plural_forms_and_its_direction_and_fits_a_small_phone(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    for language in LANGUAGES:
        page.goto(f"{service.url}/widget/chat?language={language}")
        expect(page.locator("#home")).to_be_visible()
        assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language
        lacking = page.evaluate(
            """async (language) => {
              const { default: words } = await import(`/static/widget/words/${language}.js`);
              const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort().join();
              return Object.entries(words).filter(([, word]) => typeof word === "object" && Object.keys(word).sort().join() !== forms).map(([key]) => key);
            }""",
            language,
        )
        assert lacking == [], language
        empty = page.evaluate(
            "[...document.querySelectorAll('[data-word]')].filter((node) => !node.textContent.trim()).length"
        )
        assert empty == 0
