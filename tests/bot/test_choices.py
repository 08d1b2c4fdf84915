"""The bot asks back which of two articles is meant: the titles are given to choose from, over HTTP, in a form and as buttons."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from bot.channels.widget.language import LANGUAGES
from bot.channels.widget.plain import words_of
from tests.bot.support import UNSURE, Service, Talk
from tests.bot.test_plain import Reader

KNOWN = "Return a bicycle"
ODD = 'Paid & <b>lost</b>? <img src=x onerror="document.title=1"> **Read** [this](javascript:1)'


@pytest.fixture(autouse=True)
def _asks_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sure, and every question lies between the same two articles."""
    service.dial.confidence = UNSURE
    monkeypatch.setattr("bot.turn.rivals", lambda *_: (KNOWN, ODD))


def asked_back(service: Service, **given: Any) -> Talk:
    talk = service.talk(**given)
    assert talk.say("return")["action"] == "clarify"
    return talk


# --- over HTTP -----------------------------------------------------------------------------------------------


def test_the_message_that_asks_back_has_its_choices_for_good_and_no_other_has_any(service: Service) -> None:
    talk = service.talk()
    turn = talk.say("return")
    assert (turn["action"], turn["message"]["choices"]) == ("clarify", [KNOWN, ODD])
    chosen = talk.say(KNOWN)
    assert chosen["action"] == "offer"
    assert [source["title"] for source in chosen["message"]["sources"]] == [KNOWN]
    given = [message.get("choices") for message in talk.show()["messages"]]
    assert given == [None, [KNOWN, ODD], None, None]
    live = [event.data for event in talk.events(after=0, until=4) if event.name == "message"]
    assert [message.get("choices") for message in live] == given


def test_what_was_chosen_is_chosen_as_if_it_was_typed(service: Service) -> None:
    turn = asked_back(service).say(ODD)
    assert turn["action"] == "offer"
    assert "choices" not in turn["message"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_of_them_calls_a_person_in_every_language_of_the_chat(
    service: Service, language: str
) -> None:
    turn = asked_back(service, locale=language).say(words_of(language)["neither"])
    assert (turn["action"], turn["conversation"]["status"]) == ("escalate", "waiting")
    assert "rule:did_not_help" in turn["reasons"]


# --- without a script ----------------------------------------------------------------------------------------


def buttons(page: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'<button name="text" value="([^"]*)"', page)]


def test_without_a_script_they_are_buttons_of_a_form_until_something_is_said(service: Service) -> None:
    with service.client(headers={"Accept-Language": "en"}) as client:
        reader = Reader(client)
        reader.send(text="return")
        assert buttons(reader.page) == [KNOWN, ODD, "Neither"]
        assert '<div class="choices" role="group" aria-label="Choose an answer">' in reader.page
        assert "<img" not in reader.page
        ids = re.findall(r'name="client_id" value="([^"]*)"', reader.page)
        assert len(set(ids)) == 2, "after a choice, what was typed is another message"
        reader.send(text=KNOWN)
        assert buttons(reader.page) == []
        assert ">Return a bicycle</a>" in reader.page
        reader.send("/forget")
        reader.send(text="return")
        assert buttons(reader.page)
        reader.send("/person")
        assert buttons(reader.page) == []


# --- in the chat ---------------------------------------------------------------------------------------------


def asked_in(page: Page, service: Service, language: str = "en") -> Locator:
    """The choices in the chat, after the bot has asked back."""
    page.goto(f"{service.url}/widget/chat?language={language}")
    page.locator("#input").fill("return")
    page.locator("#send").click()
    expect(page.locator("#choices button")).to_have_count(3)
    return page.locator("#choices")


def no_violation(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/choices-{name}.png")


@pytest.mark.browser
@pytest.mark.slow
def test_by_keyboard_a_choice_is_sent_as_a_message_and_the_buttons_are_gone(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    choices = asked_in(page, service)
    group = page.get_by_role("group", name="Choose an answer")
    expect(group.get_by_role("button")).to_have_text([KNOWN, ODD, "Neither"])
    assert choices.locator("img, b, a").count() == 0, "a title is text"
    no_violation(page)
    picture(page, "1280")

    page.reload()  # the question back is still the last word
    expect(group.get_by_role("button")).to_have_text([KNOWN, ODD, "Neither"])
    expect(page.locator("#log .message").last).to_contain_text("do you mean")
    page.locator("#scroll").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == KNOWN
    page.keyboard.press("Enter")
    expect(choices).to_be_hidden()
    expect(page.locator(".message.customer > .text").last).to_have_text(KNOWN)
    expect(page.locator(".message.assistant").last.locator('[data-parley="sources"]')).to_contain_text(KNOWN)
    expect(choices).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "input"
    page.reload()
    expect(page.locator("#log .message")).to_have_count(4)
    expect(choices).to_be_hidden()


@pytest.mark.browser
@pytest.mark.slow
def test_neither_is_a_choice_and_who_types_instead_or_leaves_sees_none_any_more(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 390, "height": 740}, color_scheme="dark")
    choices = asked_in(page, service)
    no_violation(page)
    picture(page, "390-dark")
    page.locator("#end").click()
    expect(page.locator("body")).to_have_attribute("data-status", "closed")
    expect(choices).to_be_hidden()

    page = open_page(viewport={"width": 390, "height": 740})
    choices = asked_in(page, service)
    picture(page, "390")
    page.locator("#input").fill("hello")
    page.keyboard.press("Enter")
    expect(choices).to_be_hidden()
    expect(page.locator("#log .message")).to_have_count(4)
    expect(choices).to_be_hidden()

    page = open_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    choices = asked_in(page, service)
    picture(page, "1280-dark")
    choices.get_by_text("Neither", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-status", "waiting")
    expect(page.locator("#subtitle")).to_have_text("You are in line")
    expect(choices).to_be_hidden()


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_phone_from_right_to_left_they_stand_where_the_text_begins_and_fit(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 390, "height": 740}, has_touch=True, is_mobile=True, locale="ar-EG")
    choices = asked_in(page, service, "ar")
    no_violation(page)
    picture(page, "390-ar")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [button.bounding_box() for button in choices.locator("button").all()]
    edges = {round(box["x"] + box["width"]) for box in boxes if box}
    assert len(edges) == 1, "they begin at the right"
    assert all(box and box["height"] >= 44 and box["x"] >= 0 for box in boxes)
    choices.get_by_text(words_of("ar")["neither"]).tap()
    expect(page.locator("body")).to_have_attribute("data-status", "waiting")
    expect(choices).to_be_hidden()

    page.goto(f"{service.url}/widget/plain")  # the same without a script
    page.locator("#text").fill("return")
    page.locator(".composer button").tap()
    expect(page.locator(".choices button")).to_have_text([KNOWN, ODD, words_of("ar")["neither"]])
    no_violation(page)
    picture(page, "plain-390-ar")
    page.locator(".choices button").first.tap()
    expect(page.locator(".sources")).to_contain_text(KNOWN)
    expect(page.locator(".choices")).to_have_count(0)
