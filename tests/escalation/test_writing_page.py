"""The desk where articles are written, in Chromium: one article from its first word to its redirect, two editors at once, sections
by drag and by keyboard, a translation beside its original; by keyboard, by axe and in every width.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Installation, Server, faults, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
PATIENCE = 30_000  # milliseconds: the machine may be busy
ARABIC = "افتح **طلباتي** واختر **إرجاع**.\n\n## متى أستعيد نقودي\n\nخلال 5 أيام عمل."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    installation = Installation(tmp_path_factory.mktemp("writing"))
    for name, role in (("ada", "admin"), ("lea", "lead")):
        who = ("agent", "add", f"{name}@example.org", "--name", name.title(), "--role", role)
        installation.parley(*who, "--password-stdin", stdin=PASSWORD)
    yield installation.serve()
    installation.stop()


@pytest.fixture(scope="module")
def cookies(server: Server) -> dict[str, list[dict[str, str]]]:
    signed_in = {}
    for name in ("ada", "lea"):
        with server.client() as client:
            mine = {"email": f"{name}@example.org", "password": PASSWORD}
            client.post("/api/session", json=mine).raise_for_status()
            signed_in[name] = [
                {"name": key, "value": value, "url": server.url} for key, value in client.cookies.items()
            ]
    return signed_in


@pytest.fixture
def admin(server: Server, cookies: dict[str, list[dict[str, str]]]) -> Iterator[httpx.Client]:
    with server.client(cookies={one["name"]: one["value"] for one in cookies["ada"]}) as client:
        yield client


Opener = Callable[..., Page]


@pytest.fixture
def at(browser: Browser, server: Server, cookies: dict[str, list[dict[str, str]]]) -> Iterator[Opener]:
    """Opens a page of the desk; nothing may go wrong on its console."""
    contexts, errors = [], []

    def opened(part: str, who: str = "ada", width: int = 1280, scheme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
        contexts.append(context)
        context.add_cookies(cookies[who])  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda one: errors.append(one.text) if "Security" in one.text else None)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{server.url}/manage#{part}")
        expect(page.locator("main > .body:not([aria-busy])")).to_be_visible(timeout=PATIENCE)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def made(admin: httpx.Client, title: str, body: str, **more: Any) -> str:
    id = (
        admin.post("/api/writing/articles", json={"title": title, "body": body, **more})
        .raise_for_status()
        .json()["id"]
    )
    admin.post(f"/api/writing/publish/{id}").raise_for_status()
    return str(id)


def kept(page: Page) -> None:
    expect(page.locator(".saved")).to_contain_text("Kept at", timeout=PATIENCE)


def preview(page: Page) -> Any:
    return page.frame_locator("iframe[title=Preview]").locator("article")


def paste(page: Page, html: str, plain: str) -> None:
    """What the browser does when somebody pastes: no test may read the machine's own clipboard."""
    page.locator("textarea.text").evaluate(
        """(area, {html, plain}) => {
            const data = new DataTransfer();
            data.setData("text/html", html);
            data.setData("text/plain", plain);
            area.focus();
            area.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        {"html": html, "plain": plain},
    )


def test_an_article_from_its_first_word_to_its_old_address(
    at: Opener, server: Server, admin: httpx.Client
) -> None:
    page = at("articles")
    page.get_by_role("button", name="New article").click()
    title, area = (
        page.get_by_role("textbox", name="Title"),
        page.get_by_role("textbox", name="Text, in Markdown"),
    )
    expect(title).to_be_focused()
    title.fill("Return a bicycle")
    area.click()
    page.keyboard.type("Within ")
    page.keyboard.press("Control+b")
    page.keyboard.type("30 days")
    assert area.input_value() == "Within **30 days**"
    page.keyboard.press("Control+z")
    assert "30 days" not in area.input_value(), "the browser's own undo takes it back"
    area.fill("Within **30 days**.\n\n- Print the label")
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("Hand it over")
    assert area.input_value().endswith("- Print the label\n- Hand it over")
    expect(preview(page).locator("strong")).to_have_text("30 days")
    expect(preview(page).locator("li")).to_have_count(2)
    word = "<p class=MsoNormal style='mso-x:y'>\nSee <b>My orders</b><o:p></o:p></p><table><tr><th>Tyre</th></tr><tr><td>25 mm</td></tr></table>"
    page.keyboard.press("Control+End")
    paste(page, word, "See My orders")
    expect(preview(page).locator("td")).to_have_text("25 mm")
    assert "mso" not in area.input_value().lower()
    expect(preview(page).locator("li")).to_have_count(2)
    expect(preview(page).locator("li + li")).to_have_text("Hand it over")
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "PNG")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Picture", exact=True).click()
    chooser.value.set_files({"name": "label.png", "mimeType": "image/png", "buffer": out.getvalue()})
    page.get_by_label("What does the picture show?").fill("The label")
    page.get_by_role("button", name="Put it in").click()
    expect(preview(page).get_by_role("img", name="The label")).to_be_visible()
    page.locator(".about > summary").click()
    page.get_by_label("Section").fill("Orders › Returns")
    kept(page)
    screenshot(page, "editor")
    assert admin.get("/api/search?q=return a bicycle").json()["results"] == [], (
        "nobody finds it before it is published"
    )
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-impact]")).to_be_visible(timeout=PATIENCE)
    expect(dialog.get_by_text("Every link leads somewhere")).to_be_visible()
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator("[data-toast]")).to_contain_text("Published", timeout=PATIENCE)
    found = admin.get("/api/search?q=return a bicycle").json()["results"]
    assert [one["section"] for one in found] == [["Orders", "Returns"]], (
        "search knows it when the button comes back"
    )
    page.get_by_label("Address").fill("send-it-back")
    kept(page)
    page.get_by_role("button", name="Publish …").click()
    with page.expect_response("**/api/writing/publish/**"):
        dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".about .address")).to_have_text("/help/articles/send-it-back")
    answer = page.goto(f"{server.url}/help/articles/return-a-bicycle")
    assert answer is not None
    assert page.url == f"{server.url}/help/articles/send-it-back"
    page.goto(f"{server.url}/manage#articles/redirects")
    expect(page.get_by_role("list", name="Redirects")).to_contain_text("/help/articles/return-a-bicycle")
    screenshot(page, "redirects")


def test_versions_differ_word_by_word_and_an_earlier_one_comes_back(at: Opener, admin: httpx.Client) -> None:
    id = made(admin, "Tyre pressure", "Pump it to 5 bar.")
    admin.put(f"/api/writing/draft/{id}", json={"revision": 0, "body": "Pump it to 6 bar."})
    admin.post(f"/api/writing/publish/{id}")
    page = at(f"articles/edit/{id}")
    page.locator("details.extras > summary").click()
    page.get_by_role("button", name="Versions (3)").click()
    dialog = page.get_by_role("dialog", name="Versions")
    expect(dialog.locator("del")).to_contain_text("5")
    expect(dialog.locator("ins")).to_contain_text("6")
    screenshot(page, "versions")
    assert faults(page) == []
    dialog.locator("[data-version='2']").click()
    dialog.get_by_role("button", name="Restore version 2").click()
    expect(page.get_by_role("textbox", name="Text, in Markdown")).to_have_value("Pump it to 5 bar.")
    assert admin.get(f"/api/articles/{id}").json()["body"] == "Pump it to 5 bar."


def test_two_editors_at_once_are_shown_what_differs_and_choose(at: Opener, admin: httpx.Client) -> None:
    id = made(admin, "Bells", "Ring the bell twice.")
    ada, lea = at(f"articles/edit/{id}"), at(f"articles/edit/{id}", who="lea")
    expect(lea.get_by_role("button", name="Check …")).to_be_visible()
    ada.get_by_role("textbox", name="Text, in Markdown").fill("Ring the bell three times.")
    kept(ada)
    lea.get_by_role("textbox", name="Text, in Markdown").fill("Ring the bell once.")
    dialog = lea.get_by_role("dialog", name="Ada has changed this article, too")
    expect(dialog.locator("del").first).to_contain_text("three")
    screenshot(lea, "conflict")
    assert faults(lea) == []
    dialog.get_by_role("button", name="Keep mine").click()
    kept(lea)
    assert admin.get(f"/api/writing/article/{id}").json()["fields"]["body"] == "Ring the bell once."
    ada.get_by_role("textbox", name="Text, in Markdown").fill("Ring the bell four times.")
    ada.get_by_role("dialog").get_by_role("button", name="Take theirs").click()
    expect(ada.get_by_role("textbox", name="Text, in Markdown")).to_have_value("Ring the bell once.")


def test_what_is_not_kept_is_kept_before_the_page_is_left(at: Opener, admin: httpx.Client) -> None:
    id = made(admin, "Lamps", "Press the button.")
    page = at(f"articles/edit/{id}")
    page.get_by_role("textbox", name="Text, in Markdown").fill("Turn the knob.")
    page.get_by_role("link", name="All articles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Articles")
    expect(page.get_by_role("list", name="Articles").get_by_text("Unpublished changes").first).to_be_visible()
    assert admin.get(f"/api/writing/article/{id}").json()["fields"]["body"] == "Turn the knob."
    page.get_by_label("Search").fill("lamps knob")
    expect(page.get_by_role("status").filter(has_text="0 articles")).to_be_visible()
    page.get_by_label("Search").fill("lamps button")
    expect(page.get_by_role("status").filter(has_text="1 article")).to_be_visible()


def test_sections_are_put_in_order_by_drag_and_by_keyboard(at: Opener, admin: httpx.Client) -> None:
    for name in ("Alpha", "Beta", "Gamma"):
        made(admin, f"About {name}", "Words.", section=["Order", name])
    page = at("articles/sections")
    inner = page.get_by_role("list", name="Sections in Order", exact=True)
    expect(inner.locator("> li")).to_have_count(3)

    def order() -> list[str]:
        tree = admin.get("/api/writing/sections").json()["sections"]
        return [one["name"] for one in next(one for one in tree if one["name"] == "Order")["sections"]]

    inner.get_by_role("button", name="Move Gamma: Alt with the arrow keys").focus()
    with page.expect_response("**/api/writing/sections/order"):
        page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-toast]")).to_contain_text("Gamma is number 2 of 3")
    expect(inner.get_by_role("button", name="Move Gamma: Alt with the arrow keys")).to_be_focused()
    assert order() == ["Alpha", "Gamma", "Beta"]
    handle = inner.get_by_role("button", name="Move Alpha: Alt with the arrow keys").bounding_box()
    last = inner.locator("> li").last.bounding_box()
    assert handle
    assert last
    with page.expect_response("**/api/writing/sections/order"):
        page.mouse.move(handle["x"] + 10, handle["y"] + 10)
        page.mouse.down()
        page.mouse.move(handle["x"] + 10, last["y"] + last["height"] - 4, steps=12)
        page.mouse.up()
    assert order() == ["Gamma", "Beta", "Alpha"]
    inner.get_by_role("button", name="Rename Gamma").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Delta")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(inner.locator("> li").first).to_contain_text("Delta")
    assert order() == ["Delta", "Beta", "Alpha"]


def test_a_translation_is_written_beside_its_original(at: Opener, admin: httpx.Client) -> None:
    id = made(admin, "Return a helmet", "Open **My orders**.")
    page = at("articles/translations")
    page.get_by_role("button", name="Translate Return a helmet").click()
    page.get_by_role("dialog").get_by_label("Into").fill("ar")
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    page.get_by_role("textbox", name="Title in Arabic").fill("إرجاع خوذة")
    area = page.get_by_role("textbox", name="Text in Arabic, in Markdown")
    area.fill(ARABIC)
    kept(page)
    assert area.evaluate("area => getComputedStyle(area).direction") == "rtl"
    admin.put(f"/api/writing/draft/{id}", json={"revision": 0, "body": "Open **My orders** first."})
    admin.post(f"/api/writing/publish/{id}").raise_for_status()
    page.reload()
    expect(page.locator(".changes ins")).to_contain_text("first")
    screenshot(page, "side_by_side")
    assert faults(page) == []
    page.get_by_role("button", name="Mark as up to date").click()
    expect(page.locator(".editor-bar").get_by_text("Up to date", exact=True)).to_be_visible()
    page.get_by_role("button", name="Go on to publish").click()
    expect(preview(page)).to_have_attribute("dir", "rtl")
    screenshot(page, "arabic")


def test_what_a_file_would_do_is_said_before_it_is_done(at: Opener, admin: httpx.Client) -> None:
    page = at("articles/exchange")
    page.get_by_label("File", exact=True).set_input_files(
        {
            "name": "more.jsonl",
            "mimeType": "text/plain",
            "buffer": b'{"id": "m1", "title": "From a file", "body": "Words."}',
        }
    )
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator(".count.added")).to_have_text("1 added")
    assert admin.get("/api/articles/m1").status_code == 404
    screenshot(page, "import")
    assert faults(page) == []
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_role("heading", name="What was done")).to_be_visible(timeout=PATIENCE)
    assert admin.get("/api/articles/m1").status_code == 200


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (768, "light"), (1280, "dark"), (390, "light")])
def test_every_page_passes_axe_and_fits(at: Opener, admin: httpx.Client, width: int, scheme: str) -> None:
    id = made(
        admin,
        f"Wide table {width} {scheme}",
        "| A | B |\n| --- | --- |\n| " + "word " * 30 + "| x |\n\n[a](/help/articles/none)",
    )
    found = {}
    page = at("articles", width=width, scheme=scheme)
    pages = (
        "articles",
        f"articles/edit/{id}",
        "articles/sections",
        "articles/translations",
        "articles/links",
        "articles/redirects",
        "articles/exchange",
    )
    for part in pages:
        page.goto(page.url.split("#")[0] + f"#{part}")
        expect(page.locator("main > .body:not([aria-busy]) > *").first).to_be_visible()
        if "edit" in part:
            expect(page.locator(".glance[data-drawn]")).to_be_attached()
        elif part.endswith("links"):
            expect(page.get_by_role("button", name="Look again")).to_be_enabled()
        else:
            page.wait_for_load_state("networkidle")
        screenshot(page, f"{part.split('/')[1] if '/' in part else 'list'}_{width}_{scheme}")
        found[part] = faults(page)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wider > 0:
            found[part].append(f"{wider} pixels too wide")
        if "edit" in part and width < 1024:
            page.get_by_role("tab", name="Preview").click()
            expect(page.locator("iframe[title=Preview]")).to_be_visible()
            screenshot(page, f"preview_{width}_{scheme}")
            page.get_by_role("button", name="Publish …").click()
            expect(page.get_by_role("dialog").locator("[data-impact]")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_role("dialog").get_by_text("No such article")).to_be_visible()
            screenshot(page, f"publish_{width}_{scheme}")
            found["publish"] = faults(page)
            page.keyboard.press("Escape")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
