"""The chat on a bad line, in Chromium: nothing is lost, nothing is said twice, and what goes on is told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.house import House
from tests.bot.cable import cable
from tests.bot.conftest import Serve, server_of
from tests.bot.support import Service, StringModel, Talk
from tests.conftest import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RETURN = "How do I return a bicycle?"
GOOD = ["You can return a bicycle within 30 days. ", "Print the label."]
Opener = Callable[..., Page]


def say(page: Page, text: str) -> None:
    expect(page.locator("#send")).to_be_enabled()  # its script is there
    page.locator("#input").fill(text)
    page.locator("#input").press("Enter")


def talk_of(page: Page, service: Service) -> Talk:
    """The conversation that the browser has, straight from the server."""

    def kept() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(page.evaluate("JSON.stringify(localStorage)"))
        return next((json.loads(value) for key, value in found.items() if key.startswith("parley:")), {})

    memory = eventually(lambda: kept().get("token") and kept())
    return Talk(service, memory["id"], memory["token"])


def test_what_is_written_without_a_network_waits_and_is_sent_once(open_page: Opener, serve: Serve) -> None:
    service = serve()
    page = open_page(f"{service.url}/widget/chat", locale="en")
    say(page, "Hello")
    expect(page.locator(".assistant")).to_have_count(2)  # the greeting, and the answer
    page.context.set_offline(True)
    say(page, RETURN)
    waiting = page.locator(".customer.pending .state")
    expect(waiting).to_contain_text("You are offline. This is sent as soon as the connection is back.")
    page.locator("#file").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"a note"}
    )
    expect(page.locator("#notice")).to_contain_text("You are offline")
    page.context.set_offline(False)
    expect(page.locator(".customer.pending")).to_have_count(0)
    expect(page.locator(".assistant .sources").last).to_contain_text("Return a bicycle")
    expect(page.locator("#tray")).to_contain_text("kB")
    page.context.set_offline(True)
    page.locator("#file").set_input_files({"name": "b.txt", "mimeType": "text/plain", "buffer": b"b"})
    expect(page.locator("#tray .bad")).to_contain_text("not uploaded")
    page.context.set_offline(False)
    expect(page.locator("#tray li")).to_have_count(2)
    expect(page.locator("#tray .bad")).to_have_count(0)
    expect(page.locator("#tray li").last).to_contain_text("kB")
    page.locator("#send").click()
    expect(page.locator(".customer .files li")).to_have_count(2)
    talk = talk_of(page, service)
    eventually(lambda: len(talk.texts("assistant")) == 3)
    assert talk.texts("customer") == ["Hello", RETURN, ""]


def test_a_line_that_breaks_in_the_middle_of_an_answer(open_page: Opener, serve: Serve) -> None:
    go = threading.Event()
    service = serve(llm=StringModel([GOOD[0], "Print ", go, "the label."]))
    with cable(service.url) as line:
        page = open_page(f"{line.url}/widget/chat", locale="en")
        say(page, RETURN)
        shown = page.locator("#draft")
        expect(shown).to_contain_text("within 30 days")
        talk = talk_of(page, service)
        line.pull()
        expect(page.locator(".customer .state")).to_contain_text("Connection lost. Trying again")
        expect(shown).to_contain_text("within 30 days")  # what was shown stays
        go.set()
        eventually(lambda: talk.texts("assistant"))
        line.mend()
        expect(page.locator("#log .assistant .text")).to_contain_text("Print the label")
        expect(page.locator(".customer .state")).to_be_hidden()
        expect(shown).to_be_hidden()
        expect(page.locator("#log .assistant")).to_have_count(1)
    assert (len(talk.texts("customer")), len(talk.texts("assistant"))) == (1, 1)


def test_a_server_that_starts_again_in_the_middle_of_an_answer(
    open_page: Opener, library: House, blank_database: Path, tmp_path: Path
) -> None:
    with ExitStack() as first, ExitStack() as second:
        model = StringModel([GOOD[0], "Print ", threading.Event()])
        service = server_of(first, library, blank_database, tmp_path / "var", llm=model)
        line = second.enter_context(cable(service.url))
        page = open_page(f"{line.url}/widget/chat", locale="en")
        say(page, RETURN)
        expect(page.locator("#draft")).to_contain_text("within 30 days")
        line.pull()
        first.close()
        again = server_of(second, library, blank_database, tmp_path / "var", llm=StringModel(GOOD))
        line.target = again.url
        line.mend()
        expect(page.locator("#log .assistant .text")).to_contain_text("within 30 days", timeout=60_000)
        expect(page.locator(".customer .state")).to_be_hidden()
        talk = talk_of(page, again)
        assert (len(talk.texts("customer")), len(talk.texts("assistant"))) == (1, 1)
        (text,) = talk.texts("assistant")
        assert text.startswith(GOOD[0].strip()), "what was shown stands, and is continued"


def test_a_laptop_that_slept_shows_what_came_meanwhile(open_page: Opener, serve: Serve) -> None:
    service = serve()
    agent = service.agent()
    with cable(service.url) as line, service.client(headers=agent) as desk:
        page = open_page(locale="en")
        page.clock.install()
        page.goto(f"{line.url}/widget/chat")
        say(page, "Hello")
        expect(page.locator("#log .assistant")).to_have_count(1)
        talk = talk_of(page, service)
        page.locator("#person").click()
        expect(page.locator("#bar")).to_be_visible()
        handoff = desk.get("/api/handoffs", params={"status": "waiting"}).json()["items"][0]["id"]
        desk.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        expect(page.locator("#subtitle")).to_contain_text("Ada is with you")
        line.hold()  # the lid is closed
        desk.post(f"/api/handoffs/{handoff}/reply", json={"text": "Are you still there?"}).raise_for_status()
        line.mend()  # another network, and the old connections are dead without a word

        def shown() -> bool:
            page.clock.fast_forward("01:00")  # connections that were idle are dead, too: each is tried once
            return page.locator("#log .agent").count() == 1

        eventually(shown)
        expect(page.locator("#log .agent")).to_contain_text("Are you still there?")
        assert len(talk.texts("agent")) == 1


def test_a_second_tab_shows_the_same_conversation(open_page: Opener, serve: Serve) -> None:
    service = serve()
    first = open_page(f"{service.url}/widget/chat", locale="en")
    second = first.context.new_page()
    second.goto(f"{service.url}/widget/chat")
    expect(second.locator("#query")).to_be_visible()
    first.bring_to_front()
    say(first, RETURN)
    expect(first.locator("#log .assistant .sources")).to_be_visible()
    second.bring_to_front()
    expect(second.locator("#log .customer")).to_have_text([re.compile("return a bicycle")])
    expect(second.locator("#log .assistant .sources")).to_be_visible()
    say(second, "Hello")
    expect(second.locator("#log .customer")).to_have_count(2)
    first.bring_to_front()
    expect(first.locator("#log .customer")).to_have_count(2)
    assert len(talk_of(first, service).texts("customer")) == 2
