"""A customer who waits, as they see it: the place that falls by itself, an address when nobody is there, notifications,
the way back, the ratings. In Chromium; and a thousand who wait at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Route, expect

from escalation import places
from escalation.policies import DeskSettings, Holiday, Hours, Span, keep_desk_settings
from help_center.conversations import Conversation, Handoff, Message
from help_center.database import new_id, now
from help_center.people import ConversationTokens, Customer
from tests.bot.conftest import Serve
from tests.bot.support import Service, Talk, events_of
from tests.conftest import faults

MAIL = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "help@example.org"}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 390, "height": 740})
    yield made
    made.close()


def chat(context: BrowserContext, service: Service) -> tuple[Page, Frame]:
    """The widget on the demo page, open."""
    page = context.new_page()
    page.goto(service.url)
    page.locator('[data-parley="launcher"]').click()
    page.frame_locator("iframe[title=Chat]").locator("#input").wait_for()
    frame = page.frame(url="**/widget/chat*")
    assert frame is not None
    return page, frame


def ask_for_a_person(frame: Frame) -> None:
    frame.locator('[data-parley="person"]').click()
    expect(frame.locator("body")).to_have_attribute("data-status", "waiting")


def agents(service: Service, what: str, **given: Any) -> Any:
    """Does it with the newest open handoff."""
    headers = agents.__dict__.setdefault(service.url, service.agent("admin"))
    with service.client(headers=headers) as client:
        queue = client.get("/api/handoffs?status=waiting").json()["items"]
        queue += client.get("/api/handoffs?status=claimed").json()["items"]
        newest = max(queue, key=lambda item: item["created_at"])["id"]
        client.post(f"/api/handoffs/{newest}/{what}", json=given or None).raise_for_status()


def claim(service: Service, handoff_id: str) -> None:
    with service.client(headers=service.agent()) as agent:
        agent.post(f"/api/handoffs/{handoff_id}/claim").raise_for_status()


def keep(service: Service, **given: Any) -> None:
    with service.house.database.write() as session:
        keep_desk_settings(session, DeskSettings(**given))


def no_violation(page: Page) -> None:
    assert faults(page) == []


@pytest.mark.browser
@pytest.mark.slow
def test_the_place_falls_by_itself_when_somebody_ahead_is_taken(
    serve: Serve, context: BrowserContext
) -> None:
    service = serve()
    ahead = [service.talk().post("/escalate").json()["handoff_id"] for _ in range(4)]
    _page, frame = chat(context, service)
    ask_for_a_person(frame)
    expect(frame.locator("#bar-text")).to_contain_text("number 5 in line")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route("**/api/**", refuse)  # told, not asked for
    for handoff, place in zip(ahead, ("number 4", "number 3", "number 2", "you are next"), strict=True):
        claim(service, handoff)
        expect(frame.locator("#bar-text")).to_contain_text(place)
    assert len(asked) < len(
        ahead
    )  # it may still catch up with its own beginning, which is no asking for each place


@pytest.mark.browser
@pytest.mark.slow
def test_by_keyboard_alone_an_address_is_left_at_night_and_changed(
    serve: Serve, context: BrowserContext
) -> None:
    service = serve(**MAIL)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    day = Holiday(date=tomorrow.date(), spans=[Span(start=day_time(9), end=day_time(17))])
    keep(service, hours=Hours(weekly={}, holidays=[day]))
    page, frame = chat(context, service)
    ask_for_a_person(frame)
    expect(frame.locator("#bar-text")).to_contain_text(f"Nobody is here until {tomorrow:%A}")
    expect(frame.locator(".message.assistant").last).to_contain_text(f"{tomorrow:%A}, 09:00 (UTC)")
    no_violation(page)

    frame.locator("#resume").focus()
    for _ in range(4):  # past the other buttons of the bar
        page.keyboard.press("Tab")
        if frame.evaluate("document.activeElement.id") == "mail-address":
            break
    page.keyboard.type("kim@")
    page.keyboard.press("Enter")
    expect(frame.locator("#mail-problem")).to_contain_text("no e-mail address")
    no_violation(page)
    page.keyboard.type("example.org")
    page.keyboard.press("Enter")
    expect(frame.locator("#mail-set")).to_contain_text("kim@example.org")
    expect(frame.locator("#mail")).to_be_hidden()
    no_violation(page)

    page.keyboard.press("Enter")  # the focus is on the way to change it
    page.keyboard.press("Control+a")
    page.keyboard.type("lee@example.org")
    page.keyboard.press("Enter")
    expect(frame.locator("#mail-set")).to_contain_text("lee@example.org")
    page.reload()
    page.locator('[data-parley="launcher"]').click()
    expect(page.frame_locator("iframe[title=Chat]").locator("#mail-set")).to_contain_text("lee@example.org")


@pytest.mark.browser
@pytest.mark.slow
def test_who_looks_elsewhere_is_notified_when_they_agreed(serve: Serve, browser: Browser) -> None:
    service = serve()
    context = browser.new_context(bypass_csp=True)  # the test looks with functions of its own
    context.add_init_script(
        """window.noted = [];
        let allowed = "default";
        window.Notification = class {
          constructor(title, given) { window.noted.push([title, given.body]); }
          close() {}
          static get permission() { return allowed; }
          static async requestPermission() { return (allowed = "granted"); }
        };
        Object.defineProperty(Document.prototype, "hidden", { get: () => Boolean(top.away) });
        Object.defineProperty(Document.prototype, "visibilityState", { get: () => (top.away ? "hidden" : "visible") });"""
    )
    page, frame = chat(context, service)
    title = page.title()
    ask_for_a_person(frame)
    assert page.evaluate("Notification.permission") == "default"  # nobody was asked unasked
    frame.get_by_role("button", name="Notify me").click()
    expect(frame.locator("#notify-state")).to_contain_text("You will be notified")
    expect(frame.get_by_role("button", name="Notify me")).to_be_hidden()

    agents(service, "claim")
    agents(service, "reply", text="I am **here**, while you look.")
    expect(frame.locator(".message.agent")).to_have_count(1)
    assert page.evaluate("noted") == []  # it is in sight
    page.evaluate("top.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    agents(service, "reply", text="And **now** you look elsewhere.")
    page.wait_for_function("noted.length")
    assert page.evaluate("noted") == [["Ada", "And now you look elsewhere."]]
    page.wait_for_function("document.title.startsWith('(1) ')")
    page.evaluate("top.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("(title) => document.title === title", arg=title)
    context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_who_waits_goes_back_to_the_assistant(serve: Serve, context: BrowserContext) -> None:
    service = serve()
    page, frame = chat(context, service)
    ask_for_a_person(frame)
    no_violation(page)
    frame.get_by_role("button", name="Back to the assistant").click()
    expect(frame.locator("body")).to_have_attribute("data-status", "bot")
    expect(frame.locator("#bar")).to_be_hidden()
    frame.locator("#input").fill("How do I return a bicycle?")
    frame.locator("#input").press("Enter")
    expect(frame.locator(".message.assistant").last).to_contain_text("30 days")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_end_is_rated_recommended_and_rated_anew(serve: Serve, browser: Browser, scheme: Any) -> None:
    service = serve()
    keep(service, nps_share=1.0)
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 740})
    page, frame = chat(context, service)
    ask_for_a_person(frame)
    agents(service, "claim")
    expect(frame.locator("body")).to_have_attribute("data-status", "agent")
    no_violation(page)
    agents(service, "resolve")
    expect(frame.locator("#rating")).to_be_visible()
    expect(frame.locator("#rate-nps")).to_be_hidden()  # one question at a time
    no_violation(page)
    frame.locator("[name=csat][value='4']").focus()
    page.keyboard.press("Space")
    expect(frame.locator("#rate-level")).to_have_text("Satisfied")
    expect(frame.locator("#rate-nps")).to_contain_text("How likely are you to recommend")
    no_violation(page)
    frame.locator("[name=nps][value='9']").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(frame.locator("#thanks")).to_contain_text("Thank you")
    no_violation(page)

    def rated() -> list[Any]:
        with service.house.database.read() as session:
            one = session.query(Conversation).one()
            return [one.csat, one.nps, one.asked_nps]

    assert rated() == [4, 9, True]
    frame.get_by_role("button", name="Change my rating").click()
    expect(frame.locator("[name=csat][value='4']")).to_be_checked()
    expect(frame.locator("#rate-nps")).to_be_hidden()
    frame.locator("[name=csat][value='5']").check(force=True)
    frame.locator('[data-parley="rate-send"]').click()
    expect(frame.locator("#rating")).to_be_hidden()
    assert rated() == [5, 9, True]
    context.close()


@pytest.mark.slow
def test_a_thousand_wait_and_one_claim_is_told_to_all_by_a_few_readings_of_the_queue(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "AT_LEAST_EVERY", 600.0)  # what is told is told because of the claim
    readings: list[Any] = []
    read = places.queue
    monkeypatch.setattr(places, "queue", lambda session: readings.append(session) or read(session))
    service = serve()
    talks = [service.talk() for _ in range(2)]
    first = talks[0].post("/escalate").json()["handoff_id"]
    waiting = _thousand(service)
    told: dict[str, int] = {}
    connected, begun = threading.Barrier(101), threading.Event()
    stop = threading.Event()

    def listen(talk: Talk) -> None:
        with (
            service.client() as client,
            client.stream("GET", f"/api/conversations/{talk.id}/events", headers=talk.headers) as response,
        ):
            first_one = True
            for event in events_of(response):
                if event.name == "status" and "opens_at" in event.data:
                    told[talk.id] = event.data["handoff"]["position"]
                    if first_one:
                        first_one = False
                        connected.wait(120)
                    elif begun.is_set():
                        return
                if stop.is_set():
                    return

    watched = waiting[::10]
    with ThreadPoolExecutor(101) as pool:
        listening = [pool.submit(listen, talk) for talk in watched]
        connected.wait(120)
        before = dict(told)
        begun.set()
        already = len(readings)
        claim(service, first)
        for number in range(20):
            talks[1].say(f"Message {number}")
        for one in listening:
            one.result(120)
        stop.set()
    assert [told[talk.id] for talk in watched] == [before[talk.id] - 1 for talk in watched]
    assert len(readings) - already < 10  # neither one for each who waits, nor one for each message


def _thousand(service: Service) -> list[Talk]:
    """A thousand more conversations in the queue."""
    tokens = ConversationTokens(service.house.secret_key)
    talks, rows = [], []
    for n in range(1000):
        customer = Customer(id=new_id("cust"), attributes={})
        conversation = Conversation(
            id=new_id("conv"), customer_id=customer.id, greeting="Hi", status="waiting"
        )
        rows += [
            customer,
            conversation,
            Message(
                id=new_id("msg"), conversation_id=conversation.id, position=1, role="customer", text="Hi", sources=[]
            ),
            Handoff(
                id=new_id("hand"), conversation_id=conversation.id, status="waiting", priority="normal", rank=2,
                reasons=["requested_human"], created_at=now() + timedelta(milliseconds=n), due_at=now() + timedelta(hours=1),
                question="Hi", summary="", language="en", sources_tried=[], suggested_reply="",
            ),
        ]  # fmt: skip
        talks.append(Talk(service, conversation.id, tokens.make(conversation.id)))
    with service.house.database.write() as session:
        for kind in (Customer, Conversation, Message, Handoff):
            session.add_all([row for row in rows if isinstance(row, kind)])
            session.flush()
    return talks
