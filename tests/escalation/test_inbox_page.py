"""The inbox as an agent has it open all day, in Chromium: by keyboard, by two agents at once, by screen reader, on a phone.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.conftest import ARTICLES, Conversation, Installation, Server, faults, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
SECRET = "a secret of the tests that is long enough"
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 800}


class Desk:
    """A running help center with its agents, and customers who ask for a person."""

    def __init__(
        self, server: Server, api: httpx.Client, browser: Browser, signed_in: dict[str, Any]
    ) -> None:
        self.server = server
        self.api = api
        self.browser = browser
        self.signed_in = signed_in
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def waiting(self, *said: str, name: str | None = None) -> Waiting:
        """A customer whom nobody serves yet; the name is theirs alone, and the site vouches for them."""
        name = name or f"Kim {uuid.uuid4().hex[:6]}"
        proof = hmac.new(SECRET.encode(), name.encode(), hashlib.sha256).hexdigest()
        customer = {"id": name, "name": name, "email": "kim@example.org"}
        conversation = self.server.conversation(customer=customer, user_hash=proof)
        return self.asks_for_a_person(conversation, name, *(said or ("Where is my invoice A-4471?",)))

    def asks_for_a_person(self, conversation: Conversation, name: str, *said: str) -> Waiting:
        for text in said:
            conversation.say(text)
        with self.server.client(headers=conversation.headers) as client:
            client.post(f"/api/conversations/{conversation.id}/escalate", json={}).raise_for_status()
        queue = self.get("/api/handoffs", status="waiting", limit=100)["items"]
        found = [item["id"] for item in queue if item["conversation_id"] == conversation.id]
        assert len(found) == 1, found
        return Waiting(self, conversation, found[0], name)

    def get(self, path: str, **query: Any) -> Any:
        return self.api.get(path, params=query).raise_for_status().json()

    def page(
        self, who: str, size: dict[str, int] = DESKTOP, scheme: str = "light", at: str = "/inbox"
    ) -> Page:
        context = self.browser.new_context(
            viewport=size,
            color_scheme=scheme,
            reduced_motion="reduce",  # axe judges no line while it fades
            storage_state=self.signed_in.get(who),
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(self.server.url + at)
        if who not in self.signed_in:
            page.get_by_label("E-mail").fill(f"{who}@example.org")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            expect(page.locator("[data-live=on]")).to_be_attached()
            self.signed_in[who] = context.storage_state()
        expect(page.locator("[data-live=on]")).to_be_attached()
        return page

    def open(self, who: str, waiting: Waiting, **given: Any) -> Page:
        page = self.page(who, at=f"/inbox?q={waiting.name.split()[-1]}#{waiting.handoff_id}", **given)
        expect(page.locator("[data-title]")).to_have_text(waiting.name)
        return page


class Waiting:
    def __init__(self, desk: Desk, conversation: Conversation, handoff_id: str, name: str) -> None:
        self.desk = desk
        self.conversation = conversation
        self.handoff_id = handoff_id
        self.name = name

    def packet(self) -> Any:
        return self.desk.get(f"/api/handoffs/{self.handoff_id}")

    def from_agents(self) -> list[str]:
        """What the customer got from people."""
        return [one["text"] for one in self.conversation.show()["messages"] if one["role"] == "agent"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    """One server for all tests of this file: every test has customers of its own."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        del os.environ[name]
    installation = Installation(tmp_path_factory.mktemp("inbox"), {"PARLEY_SECRET_KEY": SECRET})
    articles = installation.folder / "bicycles.jsonl"
    articles.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
    installation.parley("index", str(articles))
    headers = installation.agent("robot@example.org", role="admin")
    server = installation.serve()
    with server.client(headers=headers) as api:
        for name, role in (("Ada", "admin"), ("Grace", "agent")):
            agent = {"email": f"{name}@example.org", "name": name, "role": role, "password": PASSWORD}
            api.post("/api/agents", json=agent).raise_for_status()
        api.post("/api/teams", json={"name": "Billing"}).raise_for_status()
        greeting = {
            "shortcut": "hello",
            "title": "Greeting",
            "text": "Hello {{customer.first_name|there}}, this is {{agent.name}}.",
        }
        api.post("/api/canned", json=greeting).raise_for_status()
        yield server, api
    installation.stop()


@pytest.fixture(scope="module")
def signed_in() -> dict[str, Any]:
    """The cookies of who has signed in: a desk signs in once a day, too."""
    return {}


@pytest.fixture
def desk(house: tuple[Server, httpx.Client], browser: Browser, signed_in: dict[str, Any]) -> Iterator[Desk]:
    made = Desk(*house, browser, signed_in)
    yield made
    for context in made.contexts:
        context.close()
    assert made.faults == []


def test_a_conversation_is_served_by_the_keyboard_alone(desk: Desk) -> None:
    kim = desk.waiting()
    page = desk.page("ada", at=f"/inbox?q={kim.name.split()[-1]}")
    keys = page.keyboard
    box = page.locator("[data-inbox=reply]")
    expect(page.locator("[data-inbox=item]")).to_have_count(1)

    keys.press("j")
    expect(page.locator("[data-title]")).to_have_text(kim.name)
    keys.press("c")
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed · you")
    expect(box).to_be_focused()

    # a canned reply by its shortcut, sent, taken back, sent again
    keys.type("/hel")
    expect(page.locator("#completion").get_by_role("option", name="/hello")).to_be_visible()
    keys.press("Enter")
    expect(box).to_have_value(f"Hello {kim.name.split()[0]}, this is Ada.")
    keys.press("Control+Enter")
    expect(page.locator(".message.held")).to_contain_text("this is Ada")
    expect(page.locator("[data-held]")).to_contain_text("Sending in")
    assert kim.from_agents() == []
    keys.press("Escape")
    keys.press("z")
    expect(box).to_have_value(re.compile("this is Ada"))
    expect(box).to_be_focused()
    expect(page.locator(".message.held")).to_have_count(0)
    keys.press("Control+Enter")
    expect(page.locator(".message.held")).to_have_count(1)
    expect(page.locator(".message.held")).to_have_count(0)
    expect(page.locator(".message.agent")).to_have_count(1)
    assert kim.from_agents() == [f"Hello {kim.name.split()[0]}, this is Ada."]

    # an internal note that calls a colleague
    keys.press("Escape")
    keys.press("n")
    keys.type("Do you know this, @gra")
    expect(page.locator("#completion").get_by_role("option", name="Grace")).to_be_visible()
    keys.press("Enter")
    keys.type("?")
    keys.press("Control+Enter")
    expect(page.locator(".message.note")).to_contain_text("Do you know this, @Grace ?")
    expect(page.locator(".composer")).to_have_attribute("data-composer", "reply")

    # label, priority, snooze and back
    keys.press("Escape")
    keys.press("l")
    keys.type("Invoices")
    keys.press("Enter")
    expect(page.locator("[data-marks] [data-inbox=label]")).to_contain_text("invoices")
    keys.press("p")
    keys.press("2")
    expect(page.locator("[data-marks]")).to_contain_text("High")
    keys.press("s")
    keys.press("3")
    expect(page.locator("[data-marks]")).to_contain_text("Snoozed until")
    keys.press("g")
    keys.press("s")
    expect(page.locator("[data-filter=snoozed]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"[data-inbox=item][data-id={kim.handoff_id}]")).to_be_visible()
    keys.press("s")
    keys.press("0")
    expect(page.locator("[data-marks]")).not_to_contain_text("Snoozed until")

    # resolved, with the article that should have been found
    keys.press("e")
    expect(page.get_by_role("dialog", name="What was it?")).to_be_visible()
    keys.press("2")
    choice = page.get_by_role("dialog", name="Which article answers it?")
    expect(choice).to_be_visible()
    keys.type("refund return")
    expect(choice.get_by_role("option").first).to_contain_text("Return a bicycle")
    keys.press("Enter")
    expect(page.locator("[data-subtitle]")).to_contain_text("Resolved")
    assert page.evaluate("document.activeElement.tagName") != "BODY"
    packet = kim.packet()
    assert (packet["outcome"], packet["priority"], packet["labels"]) == (
        "wrong article",
        "high",
        ["invoices"],
    )
    assert kim.conversation.show()["status"] == "closed"

    grace = desk.page("grace", at="/inbox?view=mentions")
    expect(grace.locator(f"[data-inbox=item][data-id={kim.handoff_id}]")).to_be_visible()


def test_two_agents_see_each_other_and_are_warned_before_both_reply(desk: Desk) -> None:
    kim = desk.waiting()
    ada = desk.open("ada", kim)
    grace = desk.open("grace", kim)
    expect(grace.locator("[data-inbox=presence]")).to_have_text("Ada is looking")
    expect(ada.locator("[data-inbox=presence]")).to_have_text("Grace is looking")
    expect(ada.locator("[data-inbox=item] .here")).to_have_text("Grace is looking")

    ada.locator("[data-inbox=reply]").press_sequentially("I will look after")
    expect(grace.locator("[data-inbox=presence]")).to_have_text("Ada is typing a reply")
    grace.locator("[data-inbox=reply]").fill("Hello from Grace")
    grace.locator("[data-inbox=send]").click()
    expect(grace.get_by_role("alert")).to_contain_text("Ada is writing here, too")
    assert kim.packet()["status"] == "waiting"
    grace.locator("[data-inbox=send]").click()
    expect(grace.locator("[data-subtitle]")).to_contain_text("Claimed · you")

    # the other one has lost nothing, and sees who has it
    expect(ada.locator("[data-subtitle]")).to_contain_text("Claimed · Grace")
    expect(ada.locator("[data-inbox=reply]")).to_have_value("I will look after")
    expect(ada.locator("[data-inbox=send]")).to_be_disabled()
    ada.close()
    expect(grace.locator("[data-inbox=presence]")).to_be_empty()


def test_what_was_written_meanwhile_is_read_before_a_reply_goes_out(desk: Desk) -> None:
    kim = desk.waiting()
    page = desk.open("ada", kim)
    page.locator("[data-inbox=claim]").click()
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed · you")
    page.route("**/api/inbox/events", lambda route: route.abort())
    page.reload()  # without its live events
    expect(page.locator("[data-title]")).to_have_text(kim.name)
    expect(page.locator("[data-offline]")).to_contain_text("No connection to the server")
    kim.conversation.say("Forget it, I have found the invoice.")
    box = page.locator("[data-inbox=reply]")
    box.fill("Your invoice is under Orders.")
    page.locator("[data-inbox=send]").click()
    expect(page.get_by_role("alert").filter(has_text="still here")).to_be_visible()
    expect(box).to_have_value("Your invoice is under Orders.")
    expect(page.locator("[data-inbox=transcript]")).to_contain_text("Forget it")
    assert kim.from_agents() == []
    page.locator("[data-inbox=send]").click()
    expect(page.locator(".message.held, .message.agent")).to_contain_text("under Orders")


def test_many_are_done_at_once_and_what_fails_stays_selected(desk: Desk) -> None:
    word = f"Bulk{uuid.uuid4().hex[:6]}"
    waiting = [desk.waiting(name=f"{letter} {word}") for letter in "ABCD"]
    page = desk.page("grace", at=f"/inbox?q={word}&view=all")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(4)
    boxes.first.click()
    boxes.nth(2).click(modifiers=["Shift"])
    bar = page.locator("[data-bulk]")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Label").click()
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    expect(page.locator("[data-inbox=item] .tag")).to_have_count(3)
    expect(bar).to_be_hidden()

    # by keys: select all, claim; one is Ada's and stays
    chosen = page.locator("[data-inbox=item]").first.get_attribute("data-id")
    ada = desk.get("/api/agents")["items"]
    ada_id = next(agent["id"] for agent in ada if agent["name"] == "Ada")
    desk.api.post(f"/api/handoffs/{chosen}/assign", json={"agent_id": ada_id}).raise_for_status()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("select all that")
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("4 selected")
    page.keyboard.press("m")
    page.keyboard.type("claim")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Done with 3, not with 1")
    expect(page.locator("[data-toast]")).to_contain_text("Ada")
    expect(bar).to_contain_text("1 selected")
    mine = [one.handoff_id for one in waiting if one.handoff_id != chosen]
    assert {desk.get(f"/api/handoffs/{id}")["assignee"]["name"] for id in mine} == {"Grace"}


def test_what_was_begun_is_there_after_a_reload_and_on_another_machine(desk: Desk) -> None:
    kim = desk.waiting()
    page = desk.open("ada", kim)
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.ok):
        page.locator("[data-inbox=reply]").fill("Half a reply")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.locator("[data-inbox=reply]").fill("Half a note")
    page.reload()  # at once: before the pause after which drafts are kept
    expect(page.locator("[data-inbox=reply]")).to_have_value("Half a reply")
    page.locator("[data-inbox=note]").click()
    expect(page.locator("[data-inbox=reply]")).to_have_value("Half a note")
    other = desk.open("ada", kim)
    expect(other.locator("[data-inbox=reply]")).to_have_value("Half a reply")
    other.locator("[data-inbox=note]").click()
    expect(other.locator("[data-inbox=reply]")).to_have_value("Half a note")

    # without a connection nothing is lost, and it is said
    page.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_contain_text("What you write is kept")
    page.locator("[data-inbox=reply]").fill("Written on the train")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Your text is still here")
    expect(page.locator("[data-inbox=reply]")).to_have_value("Written on the train")
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.ok):
        page.context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
    assert other.reload() is not None
    other.locator("[data-inbox=note]").click()
    expect(other.locator("[data-inbox=reply]")).to_have_value("Written on the train")


def test_a_lead_takes_over_and_the_other_sees_why_they_cannot_write(desk: Desk) -> None:
    kim = desk.waiting()
    grace = desk.open("grace", kim)
    grace.keyboard.press("c")
    expect(grace.locator("[data-inbox=reply]")).to_be_focused()
    grace.locator("[data-inbox=reply]").fill("I was writing this")
    ada = desk.open("ada", kim)
    expect(ada.locator("[data-inbox=presence]")).to_contain_text("typing")
    ada.locator("[data-inbox=take]").click()
    expect(ada.locator("[data-subtitle]")).to_contain_text("you")
    expect(ada.locator("[data-inbox=take]")).to_be_hidden()
    expect(grace.locator("[data-hint]")).to_have_text("Ada has it. Your text is kept.")
    expect(grace.locator("[data-inbox=reply]")).to_have_value("I was writing this")
    expect(grace.locator("[data-inbox=take]")).to_be_hidden()
    expect(ada.locator("[data-inbox=presence]")).not_to_contain_text("typing")


def test_a_key_is_meant_for_the_conversation_that_is_being_opened(desk: Desk) -> None:
    first, second = desk.waiting(), desk.waiting()
    page = desk.open("ada", first)
    page.route(f"**/api/handoffs/{second.handoff_id}", lambda route: held.append(route))
    held: list[Route] = []
    with page.expect_request(f"**/api/handoffs/{second.handoff_id}"):
        page.evaluate("id => (location.hash = id)", second.handoff_id)
    page.keyboard.press("c")
    held[0].continue_()
    expect(page.locator("[data-title]")).to_have_text(second.name)
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed")
    assert first.packet()["status"] == "waiting"
    assert second.packet()["status"] == "claimed"


def test_text_from_right_to_left_and_tables_are_shown_as_such(desk: Desk) -> None:
    kim = desk.waiting("كيف يمكنني استعادة كلمة المرور؟", "| Size | Bar |\n| --- | --- |\n| 25 mm | 6.5 |")
    page = desk.open("ada", kim)
    paragraph = page.locator(".message.customer p:not(.byline, .moments)").first
    far = paragraph.evaluate(
        "node => { const range = document.createRange(); range.selectNodeContents(node); "
        "return node.getBoundingClientRect().right - range.getClientRects()[0].right }"
    )
    assert far < 2  # the line begins on the right
    expect(page.locator(".message.customer td")).to_have_text(["25 mm", "6.5"])


def test_agents_choose_e_mails_and_a_new_password_themselves(desk: Desk) -> None:
    page = desk.page("grace")
    for wanted in (True, False):
        page.locator("[data-command=you]").click()
        page.keyboard.type("e-mail")
        with page.expect_response("**/api/session/me") as answer:
            page.keyboard.press("Enter")
        assert answer.value.json()["agent"]["notify"]["email"] is wanted
    page.locator("[data-command=you]").click()
    page.keyboard.type("password")
    page.keyboard.press("Enter")
    page.get_by_label("Old password").fill("not this one")
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("The old password is not right")


def test_the_next_one_is_claimed_by_one_key_and_what_they_add_stands_in_the_packet(desk: Desk) -> None:
    kim = desk.waiting("Where is my invoice A-4471?")
    desk.api.post(f"/api/handoffs/{kim.handoff_id}/priority", json={"priority": "urgent"}).raise_for_status()
    page = desk.page("ada")
    # nothing is open: how many wait, and the way to the first of them
    expect(page.locator("[data-nothing-title]")).to_contain_text(
        re.compile(r"\d+ (person waits|people wait)")
    )
    expect(page.locator("[data-inbox=packet]")).to_be_hidden()
    page.keyboard.press("q")
    expect(page.locator("[data-title]")).to_have_text(kim.name)
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed · you")
    expect(page.locator("[data-inbox=reply]")).to_be_focused()
    assert kim.packet()["assignee"]["name"] == "Ada"

    # what the customer adds before the first answer is in the packet that is open, and in the line of the queue
    line = page.locator(f"[data-line={kim.handoff_id}]")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(line).to_contain_text("yours")
    kim.conversation.say("My customer number is 90210-7.")
    expect(page.locator("[data-section='Written since']")).to_contain_text("90210-7")
    expect(page.locator("[data-section=Facts]")).to_contain_text("90210-7")
    expect(line.locator(".question")).to_have_text(
        ["Where is my invoice A-4471?", "My customer number is 90210-7."]
    )
    expect(line).to_contain_text("wants an answer")
    page.keyboard.press("r")
    page.keyboard.type("Found it, thank you.")
    page.keyboard.press("Control+Enter")
    page.locator("[data-action=send-now]").click()
    expect(line.locator(".question").last).to_have_text("You: Found it, thank you.")
    expect(line).not_to_contain_text("wants an answer")
    expect(page.locator("[data-section='Written since']")).to_have_count(0)


def test_many_labels_are_folded_and_can_be_unfolded(desk: Desk) -> None:
    kim = desk.waiting()
    names = [f"label-{letter}-of-the-tests" for letter in "abcdefgh"]
    desk.api.post(
        f"/api/handoffs/{kim.handoff_id}/labels", json={"add": names, "remove": []}
    ).raise_for_status()
    page = desk.open("ada", kim)
    expect(page.locator("[data-marks] [data-inbox=label]")).to_have_count(4)
    expect(page.locator("[data-inbox=item] .tag")).to_have_count(3)
    expect(page.locator("[data-inbox=item]")).to_contain_text("+5")
    page.locator("[data-action=all-labels]").click()
    expect(page.locator("[data-marks] [data-inbox=label]")).to_have_count(8)


def test_who_reads_above_is_told_of_what_comes_below_and_marks_words_by_keys(desk: Desk) -> None:
    kim = desk.waiting(*["Where is my invoice A-4471?\n\n" + "I have waited for it. " * 60] * 3)
    page = desk.open("ada", kim, size={"width": 1280, "height": 600})
    transcript = page.locator("[data-inbox=transcript]")
    newer = page.get_by_role("button", name="New message below")
    transcript.evaluate("node => (node.scrollTop = 0)")
    expect(newer).to_be_hidden()
    kim.conversation.say("It is in the post!")
    expect(newer).to_be_visible()
    assert transcript.evaluate("node => node.scrollTop") < 5  # what is read stays where it is
    newer.click()
    expect(page.locator(".message.customer").last).to_be_in_viewport()
    expect(newer).to_be_hidden()

    box = page.locator("[data-inbox=reply]")
    box.fill("very good")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    expect(box).to_have_value("**very good**")
    page.keyboard.press("Control+b")
    expect(box).to_have_value("very good")
    page.keyboard.press("Control+i")
    expect(box).to_have_value("*very good*")


def test_the_palette_finds_and_does_everything(desk: Desk) -> None:
    kim = desk.waiting()
    page = desk.open("ada", kim)
    box = page.locator("[data-inbox=reply]")
    box.fill("first")
    page.keyboard.press("Control+k")  # from within a text box, too
    palette = page.get_by_role("dialog", name="What do you want to do?")
    # what is about the open one stands first
    expect(palette.get_by_role("option").first).to_contain_text("Claim")
    page.keyboard.type("asgcol")
    expect(palette.get_by_role("option").first).to_contain_text("Assign to a colleague")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(box).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("move to a team")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Team")).to_be_visible()
    page.keyboard.type("bil")
    page.keyboard.press("Enter")
    expect(page.locator("[data-subtitle]")).to_contain_text("Billing")

    # what the keys say is what there is
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    listed = page.locator("dialog.keys dt").all_inner_texts()
    assert len(listed) > 25
    assert len(listed) == len(set(listed))
    page.locator("dialog.keys [name=letters]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_hidden()
    page.keyboard.press("Control+k")  # the way back
    page.keyboard.type("show the keys")
    page.keyboard.press("Enter")
    page.locator("dialog.keys [name=letters]").check()
    assert kim.packet()["status"] == "waiting"


def test_the_packet_gives_a_reply_to_start_from_and_the_help_center_beside_it(desk: Desk) -> None:
    kim = desk.waiting("How do I return a bicycle? My order is B-4471.", "That did not help at all.")
    page = desk.open("ada", kim)
    packet = page.locator("[data-inbox=packet]")
    expect(packet.locator("[data-section=Facts]")).to_contain_text("B-4471")
    packet.get_by_role("button", name="B-4471", exact=True).click()
    expect(page.locator(".message.found")).to_contain_text("My order is B-4471.")

    # quoted with its source
    page.keyboard.press("h")
    expect(page.locator("[data-inbox=articles]")).to_be_focused()
    page.keyboard.type("tyre pressure")
    expect(packet.locator(".found li").first).to_contain_text("Find the right tyre pressure")
    page.keyboard.press("Enter")
    box = page.locator("[data-inbox=reply]")
    expect(box).to_be_focused()
    written = box.input_value()
    assert written.startswith("> ")
    assert f"[Find the right tyre pressure]({desk.server.url}/help/articles/" in written
    page.locator("[data-inbox=preview]").click()
    expect(page.locator("[data-preview] blockquote")).to_be_visible()
    expect(page.locator("[data-preview] a")).to_have_text("Find the right tyre pressure")

    # “this should be an article”
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.keyboard.press("Control+a")
    page.keyboard.type(f"Return without a label {kim.name}")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("under Articles")
    titles = [draft["title"] for draft in desk.get("/api/article-drafts")["items"]]
    assert f"Return without a label {kim.name}" in titles


def test_a_suggested_reply_is_edited_thrown_away_or_sent(desk: Desk) -> None:
    kim = desk.waiting("Can I return a bicycle after 40 days?")
    lee = desk.waiting("Can I return a bicycle after 40 days?")
    assert kim.packet()["suggested_reply"]
    page = desk.open("ada", kim)
    section = page.locator("[data-section='Suggested reply']")
    expect(section).to_be_visible()
    page.keyboard.press("u")
    box = page.locator("[data-inbox=reply]")
    expect(box).to_be_focused()
    assert box.input_value().strip() == kim.packet()["suggested_reply"].strip()
    section.locator("[data-inbox=suggest-throw]").click()
    expect(section).to_have_count(0)
    page.goto(f"{desk.server.url}/inbox?q={lee.name.split()[-1]}#{lee.handoff_id}")
    page.reload()
    expect(page.locator("[data-title]")).to_have_text(lee.name)
    section.locator("[data-inbox=suggest-send]").click()
    expect(page.locator(".message.held")).to_be_visible()
    page.locator("[data-action=send-now]").click()
    expect(page.locator(".message.held")).to_have_count(0)
    assert [text.strip() for text in lee.from_agents()] == [lee.packet()["suggested_reply"].strip()]


def test_who_comes_back_is_known(desk: Desk) -> None:
    name = f"Lee {uuid.uuid4().hex[:6]}"
    desk.waiting("How do I store the battery in winter?", name=name)
    lee = desk.waiting("Where is my parcel 77120?", name=name)
    page = desk.open("ada", lee)
    earlier = page.locator("[data-section=Earlier]")
    expect(earlier.locator("details")).to_have_count(1)
    earlier.locator("summary").click()
    expect(earlier.locator(".was.customer")).to_contain_text("How do I store the battery in winter?")

    page.locator("[data-inbox=claim]").click()
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed · you")
    page.locator("[data-inbox=resolve]").click()
    page.get_by_role("option", name="Answered").click()
    expect(page.locator("[data-subtitle]")).to_contain_text("Resolved")
    again = desk.asks_for_a_person(lee.conversation, name, "It is still not here.")
    assert again.handoff_id != lee.handoff_id
    page = desk.open("ada", again)
    expect(page.locator("[data-marks]")).to_contain_text("Came back")
    expect(page.locator("[data-section=Earlier]")).to_contain_text("It came back.")
    expect(page.locator(f"[data-inbox=item][data-id={again.handoff_id}]")).to_contain_text("came back")


def test_the_queue_changes_by_itself_and_keeps_its_view(desk: Desk) -> None:
    word = f"Live{uuid.uuid4().hex[:6]}"
    page = desk.page("ada", at=f"/inbox?q={word}&view=all")
    expect(page.locator("[data-queue-empty]")).to_contain_text("Nothing matches")
    kim = desk.waiting(name=f"Kim {word}")
    line = page.locator("[data-inbox=item]")
    expect(line).to_have_count(1)
    expect(line.locator("mark").first).to_have_text(word)
    page.locator("#search").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_have_value(word)
    expect(line).to_contain_text("due in")
    expect(page.locator("[data-queue-say]")).to_have_text(
        re.compile(r"\d+ (person waits|people wait)")
    )  # by ear, too
    kim.conversation.say("Hello?")
    expect(page.locator(".row.unread")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-filter=all]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#search")).to_have_value(word)
    expect(line).to_have_count(1)
    line.focus()
    desk.waiting(name=f"Lee {word}")
    expect(line).to_have_count(2)
    assert (
        page.evaluate("document.activeElement.dataset.id") == kim.handoff_id
    )  # the focus stays where it was
    late = "import('/static/inbox/dom.js').then((dom) => dom.target(new Date(Date.now() - 12 * 60000).toISOString()).outerHTML)"
    assert re.search(r'class="chip late".*overdue 12 min', page.evaluate(late))


def test_text_of_strangers_stays_text(desk: Desk) -> None:
    said = (
        "<img src=x onerror=alert(1)> [click](javascript:alert%281%29) **bold**\n\n- one\n- two\n\n> quoted\n\n"
        "```\n<script>alert(2)</script>\n```\n" + ">" * 300 + " deep\n" + "- " * 300 + "deep"
    )
    kim = desk.waiting(said)
    page = desk.open("ada", kim)
    message = page.locator(".message.customer").first
    expect(message).to_contain_text("<img src=x onerror=alert(1)>")
    expect(message.locator("pre")).to_contain_text("<script>alert(2)</script>")
    expect(message.locator("strong")).to_have_text("bold")
    assert message.locator("img, script, a").count() == 0
    assert message.locator("li").count() >= 2


def test_a_notification_comes_only_while_nobody_looks(desk: Desk) -> None:
    kim = desk.waiting()
    page = desk.page("grace")
    page.evaluate(
        """() => {
            document.body.dataset.told = "";
            class Told { constructor(title, options) { document.body.dataset.told += title + ": " + options.body + "\\n"; } close() {} }
            Told.permission = "granted";
            Told.requestPermission = async () => "granted";
            window.Notification = Told;
        }"""
    )
    page.keyboard.press("Control+k")
    page.keyboard.type("away, notif")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Grace")).to_be_visible()
    page.keyboard.type("notifications")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Desktop notifications are on")
    desk.waiting(name="Seen Already")
    expect(page.locator("[data-inbox=item]", has_text="Seen Already")).to_be_visible()
    told = page.locator("body")
    expect(told).to_have_attribute("data-told", "")
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    desk.waiting(name="Nobody Looks")
    grace = next(one["id"] for one in desk.get("/api/agents")["items"] if one["name"] == "Grace")
    desk.api.post(
        f"/api/handoffs/{kim.handoff_id}/note", json={"text": "@Grace look", "mentions": [grace]}
    ).raise_for_status()
    expect(told).to_have_attribute("data-told", re.compile("Nobody Looks"))
    expect(told).to_have_attribute("data-told", re.compile("mentions you"))
    expect(told).not_to_have_attribute("data-told", re.compile("Seen Already"))


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_no_fault_for_screen_readers_in_any_view(desk: Desk, size: dict[str, int], scheme: str) -> None:
    kim = desk.waiting("How do I return a bicycle? Order B-4471.", "That did not help, this is ridiculous!")
    page = desk.page("ada", size, scheme)
    phone = size is PHONE
    _looked_at(page, f"queue-{scheme}")
    page.locator("[data-narrow] summary").click()
    page.get_by_role("checkbox").first.click()
    _looked_at(page, f"queue-selected-{scheme}")
    page.keyboard.press("Escape")
    page.goto(f"{desk.server.url}/inbox?q={kim.name.split()[-1]}#{kim.handoff_id}")
    page.reload()
    expect(page.locator("[data-title]")).to_have_text(kim.name)
    page.locator("[data-inbox=claim]").click()
    expect(page.locator("[data-subtitle]")).to_contain_text("Claimed · you")
    page.locator("[data-inbox=note]").click()
    page.keyboard.type("A note, @")
    expect(page.locator("[data-completion]")).to_be_visible()
    _looked_at(page, f"note-{scheme}")
    page.keyboard.press("Escape")
    page.locator("[data-inbox=note]").click()
    page.locator("[data-inbox=reply]").fill("**Hello**\n\n- one")
    if phone:
        page.locator("[data-command=more]").click()
        page.keyboard.type("preview")
        page.keyboard.press("Enter")
    else:
        page.locator("[data-inbox=preview]").click()
    expect(page.locator("[data-preview]")).to_be_visible()
    _looked_at(page, f"conversation-{scheme}")
    page.locator("[data-inbox=send]").click()
    expect(page.locator("[data-held]")).to_be_visible()
    _looked_at(page, f"held-{scheme}")
    if phone:
        page.locator("[data-action=context]").click()
        expect(page.locator("[data-inbox=packet]")).to_be_visible()
        _looked_at(page, f"packet-{scheme}")
        page.locator("[data-action=back-to-conversation]").click()
    else:
        traces = page.locator("[data-section='Over the turns'] svg")
        expect(traces.first).to_have_attribute(
            "aria-label", re.compile(r"Confidence over \d turns: \d+ %.*the dial asks \d+ %")
        )
        expect(traces.last).to_have_attribute("aria-label", re.compile(r"Mood over \d turns: .*negative"))
    for press, name in (("Control+k", "palette"), ("?", "keys"), ("e", "resolve"), ("w", "article")):
        page.locator("[data-inbox=transcript]").focus()
        page.keyboard.press(press)
        expect(page.locator("dialog[open]")).to_be_visible()
        _looked_at(page, f"{name}-{scheme}")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    if phone:
        page.locator("[data-action=back]").click()
        expect(page.locator("#search")).to_be_visible()
    page.goto(f"{desk.server.url}/insights")
    expect(page.get_by_role("heading", name="Day by day")).to_be_visible()
    _looked_at(page, f"insights-{scheme}")


def test_on_a_phone_what_is_told_covers_no_button_and_not_the_reply(desk: Desk) -> None:
    kim = desk.waiting("How do I return a bicycle? Order B-4471.")
    page = desk.open("ada", kim, size=PHONE)
    page.locator("[data-inbox=claim]").click()
    toast = page.locator("[data-toast].shown")
    expect(toast).to_be_visible()
    assert covered(page) == []
    screenshot(page, "toast-phone")
    # a long line, while the keyboard leaves little room
    page.set_viewport_size({"width": 390, "height": 560})
    page.route(
        "**/reply",
        lambda route: route.fulfill(
            status=503, json={"detail": "The database cannot be reached now, so nothing was sent: try again."}
        ),
    )
    page.locator("[data-inbox=reply]").fill("Hello")
    page.locator("[data-inbox=send]").click()
    expect(toast).to_contain_text("Your text is still here")
    assert covered(page) == []
    page.locator("[data-action=context]").click()
    expect(page.locator("[data-inbox=packet]")).to_be_visible()
    assert "← Conversation" not in covered(page)
    page.locator("[data-action=back-to-conversation]").click()
    page.locator("[data-action=back]").click()
    expect(page.locator("#search")).to_be_visible()
    assert page.evaluate(
        "document.querySelector('[data-toast]').getBoundingClientRect().bottom > innerHeight - 30"
    )


def covered(page: Page) -> list[str]:
    """What there is to press or to write in under the line that is told."""
    found: list[str] = page.evaluate(
        """() => {
          const over = document.querySelector("[data-toast]").getBoundingClientRect();
          return [...document.querySelectorAll("button, select, summary, input, textarea, a")].filter((one) => one.checkVisibility() && !one.closest("[data-inbox=transcript]"))
            .filter((one) => { const box = one.getBoundingClientRect(); return box.height && box.top < over.bottom && box.bottom > over.top && box.left < over.right && box.right > over.left })
            .map((one) => one.textContent.trim() || one.id);
        }"""
    )
    return found


def _looked_at(page: Page, name: str) -> None:
    """No violation, nothing wider than the screen, every control large enough; and a picture of it."""
    assert faults(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    least = 44 if page.viewport_size and page.viewport_size["width"] < 500 else 24
    small = page.evaluate(
        """(least) => [...document.querySelectorAll("button, select, summary, input, textarea")]
            .filter((one) => one.checkVisibility() && !one.matches("[type=checkbox]"))
            .map((one) => [one.textContent.trim().slice(0, 30), one.getBoundingClientRect()])
            .filter(([, box]) => box.height && (box.height < least - 0.5))
            .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)""",
        least,
    )
    assert small == [], name
    screenshot(page, name)
