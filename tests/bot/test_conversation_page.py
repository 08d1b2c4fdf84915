"""A conversation as its customer has it in the chat, in Chromium: files, what was read, what is kept, and whose it is.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect

from bot.house import House
from help_center.people import add_agent
from tests.bot.conftest import server_of
from tests.bot.support import Service
from tests.bot.test_lost_network import say, talk_of
from tests.conftest import eventually, faults, screenshot
from tests.help_center.test_files import photograph, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEY = "a secret of forty characters, for a test"
Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def service(
    library: House, blank_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("conversations")
        yield server_of(stack, library, blank_database, folder, secret_key=KEY)


def test_files_go_both_ways_and_each_side_sees_what_the_other_has_read(
    open_page: Opener, service: Service
) -> None:
    page = open_page(f"{service.url}/widget/chat", locale="en", viewport={"width": 390, "height": 800})
    page.locator("#file").set_input_files(
        [
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photograph()},
            {"name": "page.html", "mimeType": "text/html", "buffer": b"<!doctype html><script>1</script>"},
        ]
    )
    expect(page.locator("#notice")).to_contain_text("page.html: files of this kind are not taken")
    expect(page.locator("#tray li")).to_have_count(1)
    page.locator("#input").evaluate(
        """(field, bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        list(picture()),
    )
    expect(page.locator("#tray li")).to_have_count(2)
    expect(page.locator("#tray")).to_contain_text("pasted.png")
    page.get_by_role("button", name="Remove pasted.png").click()
    expect(page.locator("#tray li")).to_have_count(1)
    page.locator("#send").click()
    expect(page.locator(".customer img")).to_have_attribute("alt", "photo.jpg")
    expect(page.locator(".assistant .text").last).to_contain_text("I can't open files")
    assert (
        page.locator(".customer img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 30
    )
    page.locator("#person").click()
    say(page, "It looks like this")
    receipt = page.locator("[data-parley=receipt]")
    expect(receipt).to_have_text("Delivered")
    talk = talk_of(page, service)
    with service.client(headers=service.agent()) as desk:
        items = desk.get("/api/handoffs", params={"status": "waiting", "limit": 100}).json()["items"]
        handoff = next(item["id"] for item in items if item["conversation_id"] == talk.id)
        path = f"/api/handoffs/{handoff}"
        last = desk.get(path).json()["transcript"][-1]["id"]
        desk.post(f"{path}/read", json={"message_id": last}).raise_for_status()
        expect(receipt).to_have_text("Read")
        desk.post(f"{path}/claim").raise_for_status()
        label = desk.post(f"{path}/files", params={"name": "label.pdf"}, content=b"%PDF-1.4").json()
        reply = desk.post(f"{path}/reply", json={"files": [label["id"]]}).json()
        with page.expect_download() as saved:
            page.locator(".agent .files a").click()
        assert saved.value.suggested_filename == "label.pdf"

        def seen() -> Any:
            return desk.get(path).json()["read"]["customer"]

        assert eventually(lambda: seen() and seen()["message_id"] == reply["id"])
        # what comes in while another thing is looked at is not read
        page.locator("#find").click()
        more = desk.post(f"{path}/reply", json={"text": "Did that help?"}).json()
        expect(page.locator("#log .agent")).to_have_count(2)
        assert seen()["message_id"] == reply["id"]
        page.locator("#back").click()
        assert eventually(lambda: seen()["message_id"] == more["id"])
    screenshot(page, "chat-files")
    page.locator("#keep").click()
    expect(page.locator("#keep-menu")).to_be_visible()
    screenshot(page, "chat-keep")
    assert faults(page) == []
    with page.expect_download() as saved:
        page.locator("[data-choice=keep_text]").click()
    text = Path(saved.value.path()).read_text("utf-8")
    assert "It looks like this" in text
    assert "label.pdf" in text
    assert faults(page) == []


def test_the_agent_sends_files_and_sees_what_was_seen(open_page: Opener, service: Service) -> None:
    talk = service.talk(customer={"name": "Kim"})
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.house.database.write() as session:
        add_agent(session, "grace@example.org", name="Grace", role="agent", password="a long password")
    page = open_page(f"{service.url}/inbox#{handoff}", viewport={"width": 1280, "height": 860})
    page.get_by_label("E-mail").fill("grace@example.org")
    page.get_by_label("Password").fill("a long password")
    page.keyboard.press("Enter")
    expect(page.locator("[data-title]")).to_have_text("Kim")
    assert eventually(lambda: talk.show()["read"]["agent"])
    page.locator("[data-file-field]").set_input_files(
        [
            {"name": "label.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"},
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photograph()},
        ]
    )
    tray = page.locator("[data-files] li")
    expect(tray).to_have_count(2)
    expect(page.locator("[data-files]")).not_to_contain_text("%")
    page.locator("[data-inbox=reply]").fill("Here it is.")
    page.locator("[data-inbox=send]").click()  # claims, and can be taken back
    expect(page.locator("[data-held]")).to_be_visible()
    expect(tray).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(tray).to_have_count(2)
    expect(page.locator("[data-inbox=reply]")).to_have_value("Here it is.")
    page.locator("[data-inbox=send]").click()
    page.locator("[data-action=send-now]").click()
    expect(page.locator(".message.agent .files li")).to_have_count(2)
    receipt = page.locator("[data-inbox=receipt]")
    expect(receipt).to_have_text("Delivered")
    shown = eventually(lambda: [one for one in talk.show()["messages"] if one["files"]])
    assert [file["name"] for file in shown[-1]["files"]] == ["label.pdf", "photo.jpg"]
    talk.post("/read", {"message_id": shown[-1]["id"]})
    expect(receipt).to_contain_text("Seen")
    screenshot(page, "inbox-files")
    assert faults(page) == []


def proof(id: str) -> dict[str, str]:
    return {
        "id": id,
        "name": id.title(),
        "user_hash": hmac.new(KEY.encode(), id.encode(), hashlib.sha256).hexdigest(),
    }


def chat_of(page: Page) -> FrameLocator:
    return page.frame_locator("parley-chat iframe")


def opened(page: Page, service: Service, who: str | None) -> FrameLocator:
    """The chat on the demo page, opened by a site that vouches for `who`."""
    page.goto(service.url)
    page.wait_for_function("window.Parley && Parley.my")
    if who:
        page.evaluate("who => Parley('identify', who)", proof(who))
    page.evaluate("Parley('open')")
    chat = chat_of(page)
    expect(chat.locator("#send")).to_be_enabled()  # its script is there
    return chat


def test_a_signed_in_customer_finds_earlier_conversations_on_another_device_and_leaves_nothing_behind(
    open_page: Opener, service: Service
) -> None:
    first = open_page(locale="en")
    chat = opened(first, service, "ada")
    chat.locator("#input").fill("How do I return a bicycle?")
    chat.locator("#input").press("Enter")
    expect(chat.locator("#log .assistant .sources")).to_be_visible()

    second = open_page(locale="en")
    chat = opened(second, service, "ada")
    earlier = chat.locator("#history button")
    expect(earlier.first).to_contain_text("How do I return a bicycle?")
    screenshot(second, "chat-history")
    earlier.first.click()
    expect(chat.locator("#log .customer")).to_contain_text("How do I return a bicycle?")
    chat.locator("#input").fill("Thank you")
    chat.locator("#input").press("Enter")
    expect(chat.locator("#log .assistant")).to_have_count(2)

    # a page that does not say who is there shows nothing of them, and a stranger finds nothing
    chat = opened(second, service, None)
    expect(chat.locator("#query")).to_be_visible()
    expect(chat.locator("#log .customer")).to_have_count(0)
    stranger = opened(open_page(locale="en"), service, "bob")
    expect(stranger.locator("#query")).to_be_visible()
    expect(stranger.locator("#history")).to_be_hidden()

    # they come back, begin another one, and sign out
    chat = opened(second, service, "ada")
    expect(chat.locator("#log .customer")).to_have_count(2)
    chat.locator("#find").click()
    chat.locator("#begin").click()
    expect(chat.locator("#log .customer")).to_have_count(0)
    second.evaluate("Parley('shutdown')")
    expect(second.locator("parley-chat iframe")).to_have_count(0)
    chat = opened(second, service, None)
    expect(chat.locator("#query")).to_be_visible()
    assert "How do I return" not in second.frames[-1].evaluate("JSON.stringify(localStorage)")
    assert "token" not in second.frames[-1].evaluate("JSON.stringify(localStorage)")


def test_a_conversation_that_began_before_the_sign_in_is_taken_along(
    open_page: Opener, service: Service
) -> None:
    page = open_page(locale="en")
    chat = opened(page, service, None)
    chat.locator("#input").fill("How do I return a bicycle?")
    chat.locator("#input").press("Enter")
    expect(chat.locator("#log .assistant .sources")).to_be_visible()
    page.evaluate("who => Parley('identify', who)", proof("carol"))
    elsewhere = opened(open_page(locale="en"), service, "carol")
    expect(elsewhere.locator("#history button").first).to_contain_text("How do I return a bicycle?")
    expect(chat.locator("#log .customer")).to_have_count(1)


def test_the_page_without_scripts_has_no_faults(open_page: Opener, service: Service) -> None:
    page = open_page(f"{service.url}/widget/plain", locale="ar", viewport={"width": 390, "height": 800})
    page.locator("#text").fill("How do I return a bicycle?")
    page.locator(".composer button").click()
    expect(page.locator(".sources a")).to_contain_text("Return a bicycle")
    page.locator("form[action$=person] button").click()
    expect(page.locator(".bar")).to_be_visible()
    screenshot(page, "plain-ar")
    assert faults(page) == []


def test_what_was_seen_while_the_conversation_was_fetched_stays_seen(
    open_page: Opener, service: Service
) -> None:
    """The answer that is on its way was made before the customer looked."""
    talk = service.talk(customer={"name": "Kim"})
    handoff = talk.post("/escalate").json()["handoff_id"]
    ada = service.agent()
    with service.client() as client:
        client.post(f"/api/handoffs/{handoff}/claim", headers=ada).raise_for_status()
        client.post(f"/api/handoffs/{handoff}/reply", json={"text": "Here."}, headers=ada).raise_for_status()
    with service.house.database.write() as session:
        add_agent(session, "hedy@example.org", name="Hedy", role="agent", password="a long password")
    page = open_page(f"{service.url}/inbox#{handoff}", viewport={"width": 1280, "height": 860})
    page.get_by_label("E-mail").fill("hedy@example.org")
    page.get_by_label("Password").fill("a long password")
    page.keyboard.press("Enter")
    receipt = page.locator("[data-inbox=receipt]")
    expect(receipt).to_have_text("Delivered")
    late: list[str] = []

    def answer_late(route: Route) -> None:
        if late or route.request.method != "GET":
            route.continue_()
            return
        response = route.fetch()
        late.append("held")
        shown = talk.show()["messages"]
        talk.post("/read", {"message_id": shown[-1]["id"]}).raise_for_status()
        page.wait_for_timeout(700)  # the event of it arrives first
        route.fulfill(response=response)

    page.route(f"**/api/handoffs/{handoff}", answer_late)
    assert talk.say("One thing more")["action"] == "relay"  # the packet is fetched again
    expect(receipt).to_contain_text("Seen")
    page.wait_for_timeout(1000)
    expect(receipt).to_contain_text("Seen")
    assert late == ["held"]
