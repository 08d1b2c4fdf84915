"""The whole story in a browser: asked, answered, handed over, claimed, replied, resolved, rated.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.conftest import Installation, Server, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Opener = Callable[..., Page]
PASSWORD = "correct horse battery"
DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data dir with the shipped help center and one agent: made once, copied for each test."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        del os.environ[name]
    first = Installation(tmp_path_factory.mktemp("furnished"))
    first.parley("index", str(DOCS))
    ada = ("agent", "add", "ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin")
    first.parley(*ada, stdin=PASSWORD)
    return first.folder / "var"


@pytest.fixture
def server(installation: Installation, furnished: Path) -> Server:
    shutil.copytree(furnished, installation.folder / "var")
    return installation.serve()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_customer_is_answered_and_then_reaches_a_person(
    open_page: Opener, server: Server, width: int
) -> None:
    size = {"width": width, "height": 800}
    customer = open_page(viewport=size)
    agent = open_page(viewport=size, color_scheme="dark" if width == 390 else "light")
    faults = [_faults(customer), _faults(agent)]

    # the customer asks, and gets a cited answer
    customer.goto(server.url)
    customer.locator('[data-parley="launcher"]').click()
    chat = customer.frame_locator("iframe[title=Chat]")
    expect(chat.locator("main")).to_contain_text("assistant")
    expect(chat.locator("main")).to_contain_text("ask for a person")
    _write(chat, "How do I back up the data folder?")
    first = chat.locator(".message.assistant").last
    expect(first.locator('[data-parley="sources"]')).to_contain_text("Back up")
    screenshot(customer, f"answered-{width}")

    # something that is not there: in the end a person
    _write(chat, "Can I pay for the hosted version of Parley with a company credit card?")
    expect(chat.locator(".message.assistant")).to_have_count(3)
    if chat.locator("body").get_attribute("data-status") != "waiting":
        _write(chat, "Which credit cards does the hosted version of Parley accept?")
    expect(chat.locator("body")).to_have_attribute("data-status", "waiting")
    expect(chat.locator('[data-parley="status"]')).to_be_visible()
    screenshot(customer, f"waiting-{width}")

    # the agent signs in, claims, reads the packet and replies
    agent.goto(f"{server.url}/inbox")
    agent.get_by_label("E-mail").fill("ada@example.org")
    agent.get_by_label("Password").fill(PASSWORD)
    agent.get_by_role("button", name=re.compile("sign in", re.I)).click()
    agent.locator('[data-inbox="item"]').first.click()
    expect(agent.locator('[data-inbox="packet"]')).to_contain_text("credit card")
    expect(agent.locator('[data-inbox="transcript"]')).to_contain_text("How do I back up the data folder?")
    screenshot(agent, f"packet-{width}")
    agent.locator('[data-inbox="claim"]').click()
    expect(chat.locator("body")).to_have_attribute("data-status", "agent")
    agent.locator('[data-inbox="reply"]').fill(
        "There is no hosted version: Parley runs **on your own machine**."
    )
    agent.locator('[data-inbox="send"]').click()

    # the customer sees the reply live, answers, and it is still there after a reload
    expect(chat.locator(".message.agent").last).to_contain_text("on your own machine")
    _write(chat, "Thank you, Ada!")
    expect(agent.locator('[data-inbox="transcript"]')).to_contain_text("Thank you, Ada!")
    customer.reload()
    if not customer.locator(
        "iframe[title=Chat]"
    ).is_visible():  # at phone width it does not cover the page again by itself
        customer.locator('[data-parley="launcher"]').click()
    chat = customer.frame_locator("iframe[title=Chat]")
    expect(chat.locator(".message.agent").last).to_contain_text("on your own machine")
    screenshot(customer, f"replied-{width}")
    screenshot(agent, f"conversation-{width}")

    # the agent resolves, the customer rates
    agent.locator('[data-inbox="resolve"]').click()
    confirm = agent.locator('dialog[open] button[type="submit"], dialog[open] [data-inbox="resolve-confirm"]')
    if confirm.count():
        confirm.first.click()
    screenshot(agent, f"resolved-{width}")
    screenshot(customer, f"closed-{width}")
    expect(chat.locator('[data-parley="rate"]')).to_be_visible()
    chat.locator("[name=csat][value='5']").check(force=True)
    send = chat.locator('[data-parley="rate-send"]')
    if send.is_visible():
        send.click()
    screenshot(customer, f"rated-{width}")
    agent.goto(f"{server.url}/insights")
    expect(agent.locator("main")).to_contain_text("CSAT", ignore_case=True)
    expect(agent.locator("main")).to_contain_text("100")
    screenshot(agent, f"insights-{width}")

    for seen in faults:
        assert seen == []


def test_a_morning_of_two_agents_and_five_customers_at_once(
    open_page: Opener, server: Server, installation: Installation
) -> None:
    """Five browsers ask for a person, two agents serve them: nobody is served twice, and every word arrives once."""
    ben = ("agent", "add", "ben@example.org", "--name", "Ben", "--password-stdin")
    installation.parley(*ben, stdin=PASSWORD)
    names = ["Kim", "Lou", "Max", "Nia", "Oz"]
    pages, chats = {}, {}
    for name in names:
        page = open_page(viewport={"width": 900, "height": 760})
        page.goto(server.url)
        page.locator('[data-parley="launcher"]').click()
        chat = page.frame_locator("iframe[title=Chat]")
        _write(chat, f"My order {name}-4471 never came, can I talk to a person?")
        expect(chat.locator("body")).to_have_attribute("data-status", "waiting")
        pages[name], chats[name] = page, chat
    # the last one sees that four are before them, and that by itself it gets less
    last = chats["Oz"].locator('[data-parley="status"]')
    expect(last).to_contain_text("5")
    screenshot(pages["Oz"], "fifth-in-line")

    agents = [_signed_in(open_page, server, who) for who in ("ada", "ben")]
    mine: dict[Page, list[str]] = {agent: [] for agent in agents}
    for turn, name in enumerate(names):
        agent = agents[turn % 2]
        agent.locator('[data-filter="waiting"]').click()
        screenshot(agent, f"queue-{turn}")
        agent.locator('[data-inbox="item"]').filter(has_text=f"{name}-4471").click()
        expect(agent.locator('[data-inbox="transcript"]')).to_contain_text(f"{name}-4471")
        expect(agent.locator('[data-inbox="packet"]')).to_contain_text(f"{name}-4471")
        agent.locator('[data-inbox="claim"]').click()
        expect(chats[name].locator("body")).to_have_attribute("data-status", "agent")
        mine[agent].append(name)
        if turn == 2:
            expect(last).to_contain_text("2")
    # both write at the same time, customers answer in between
    for agent in agents:
        for name in mine[agent]:
            agent.locator('[data-filter="mine"]').click()
            agent.locator('[data-inbox="item"]').filter(has_text=f"{name}-4471").click()
            expect(agent.locator('[data-inbox="transcript"]')).to_contain_text(f"{name}-4471")
            agent.locator('[data-inbox="reply"]').fill(f"Hello {name}, I look for {name}-4471 now.")
            agent.locator('[data-inbox="send"]').click()
            agent.locator('[data-action="send-now"]').click()
    for name in names:
        expect(chats[name].locator(".message.agent")).to_have_count(1)
        expect(chats[name].locator(".message.agent")).to_contain_text(f"I look for {name}-4471")
        _write(chats[name], f"Thank you, says {name}.")
    screenshot(agents[0], "two-agents-ada")
    screenshot(agents[1], "two-agents-ben")
    for agent in agents:
        for name in mine[agent]:
            agent.locator('[data-filter="mine"]').click()
            agent.locator('[data-inbox="item"]').filter(has_text=f"{name}-4471").click()
            expect(agent.locator('[data-inbox="transcript"]')).to_contain_text(f"Thank you, says {name}.")
            agent.locator('[data-inbox="resolve"]').click()
            agent.locator("dialog[open]").get_by_role("option", name=re.compile("no article", re.I)).click()
            expect(chats[name].locator("body")).to_have_attribute("data-status", "closed")
    for name in names:
        own = chats[name].locator(".message.customer")
        expect(own).to_have_count(2)
        expect(chats[name].locator('[data-parley="rate"]')).to_be_visible()
    told = installation.parley("labelled", str(installation.folder / "labelled"), "--json").stdout
    assert '"questions": 5' in told


def test_the_help_center_is_browsed_and_searched(open_page: Opener, server: Server) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    faults = _faults(page)
    page.goto(f"{server.url}/help")
    screenshot(page, "help-home")
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).first.fill("postgres")
    page.keyboard.press("Enter")
    page.wait_for_url("**/help/search?q=postgres*")
    screenshot(page, "help-search")
    page.locator("main a[href^='/help/articles/']").first.click()
    expect(page.locator("h1")).to_be_visible()
    screenshot(page, "help-article")
    assert faults == []


def _signed_in(open_page: Opener, server: Server, who: str) -> Page:
    page = open_page(viewport={"width": 1280, "height": 860})
    page.goto(f"{server.url}/inbox")
    page.get_by_label("E-mail").fill(f"{who}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("sign in", re.I)).click()
    expect(page.locator("[data-live=on]")).to_be_attached()
    return page


def _write(chat: FrameLocator, text: str) -> None:
    chat.locator('[data-parley="input"]').fill(text)
    chat.locator('[data-parley="send"]').click()
    expect(chat.locator(".message.customer").last).to_contain_text(text[:30])


def _faults(page: Page) -> list[str]:
    """Errors on the page's console, as they come; what is not the product's (a refused sign-in) is not there."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text) if message.type == "error" else None)
    return seen
