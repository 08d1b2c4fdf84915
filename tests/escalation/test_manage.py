"""The page for leads and admins in Chromium: people, teams, hours, tokens, notifications and the audit log, by keyboard and by axe.

Set SCREENSHOTS=folder to keep pictures of what was seen.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Installation, Server, faults, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
PARTS = ["people", "teams", "hours", "targets", "canned", "notifications", "tokens", "audit"]
ROLES = {"ada": "admin", "lea": "lead", "ben": "agent"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An admin, a lead and an agent; one of each."""
    installation = Installation(tmp_path_factory.mktemp("manage"), {"PARLEY_LOCAL_WEBHOOKS": "true"})
    for name, role in ROLES.items():
        who = ("agent", "add", f"{name}@example.org", "--name", name.title(), "--role", role)
        installation.parley(*who, "--password-stdin", stdin=PASSWORD)
    yield installation.serve()
    installation.stop()


@pytest.fixture(scope="module")
def cookies(server: Server) -> dict[str, list[dict[str, str]]]:
    """Everybody signed in once: signing in is slow on purpose."""
    signed_in = {}
    for name in ROLES:
        with server.client() as client:
            mine = {"email": f"{name}@example.org", "password": PASSWORD}
            client.post("/api/session", json=mine).raise_for_status()
            signed_in[name] = [
                {"name": key, "value": value, "url": server.url} for key, value in client.cookies.items()
            ]
    return signed_in


@pytest.fixture
def admin(server: Server, cookies: dict[str, list[dict[str, str]]]) -> Iterator[httpx.Client]:
    """Ada's own program: what the page did is looked at from here."""
    with server.client(cookies={one["name"]: one["value"] for one in cookies["ada"]}) as client:
        yield client


Opener = Callable[..., Page]


@pytest.fixture
def at(browser: Browser, server: Server, cookies: dict[str, list[dict[str, str]]]) -> Iterator[Opener]:
    """Opens a part of the page; nothing may go wrong on its console."""
    contexts, faults = [], []

    def opened(part: str, who: str | None = "ada", width: int = 1280, scheme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
        contexts.append(context)
        if who:
            context.add_cookies(cookies[who])  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda one: faults.append(one.text) if "Security" in one.text else None)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{server.url}/manage#{part}")
        if who in {"ada", "lea"}:
            expect(page.locator("main .body:not([aria-busy])")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def agents(admin: httpx.Client) -> dict[str, Any]:
    return {one["name"]: one for one in admin.get("/api/agents?all=1").json()["items"]}


# Who sees what


def test_a_stranger_signs_in_here_and_is_here(at: Opener) -> None:
    page = at("teams", who=None)
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Teams")


def test_an_agent_is_told_whom_to_ask_and_has_no_link_here(at: Opener, server: Server) -> None:
    page = at("people", who="ben")
    expect(page.locator("main")).to_contain_text("Ask an admin")
    assert page.locator(".parts").count() == 0
    page.goto(f"{server.url}/insights")
    assert page.get_by_role("link", name="Manage").count() == 0


def test_a_lead_sees_articles_canned_replies_and_the_audit_log_only(at: Opener, server: Server) -> None:
    page = at("people", who="lea")
    assert page.locator(".parts a").all_inner_texts() == ["Articles", "Canned replies", "Audit log"]
    expect(page.get_by_role("heading", level=1)).to_have_text("Articles")
    page.goto(f"{server.url}/insights")
    expect(page.get_by_role("link", name="Manage")).to_be_visible()


# What admins do


def test_an_agent_is_added_changed_and_deactivated_by_keyboard(
    at: Opener, admin: httpx.Client, server: Server
) -> None:
    page = at("people")
    page.get_by_role("button", name="Add an agent").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("noor@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("Noor")
    page.keyboard.press("Tab")
    page.keyboard.type("Lead")
    page.keyboard.press("Tab")
    page.keyboard.type("short")
    page.keyboard.press("Enter")
    assert "Noor" not in agents(admin)  # the browser says what is wrong
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("a first password")
    page.keyboard.press("Enter")
    change = page.get_by_role("button", name="Change Noor")
    expect(change).to_be_focused()
    assert agents(admin)["Noor"]["role"] == "lead"

    page.keyboard.press("Enter")
    page.get_by_label("Languages").fill("en, de-AT")
    page.get_by_label("Open conversations at once").fill("5")
    page.get_by_role("button", name="Save").press("Enter")
    expect(change).to_be_focused()
    noor = agents(admin)["Noor"]
    assert (noor["languages"], noor["capacity"]) == (["en", "de-AT"], 5)
    expect(page.locator(".row", has_text="Noor")).to_contain_text("de-AT")

    page.keyboard.press("Enter")
    page.get_by_role("button", name="Deactivate").press("Enter")
    expect(change).to_have_count(0)
    assert agents(admin)["Noor"]["active"] is False
    page.get_by_label("Show who was deactivated").check()
    expect(page.locator(".row", has_text="Noor")).to_contain_text("Deactivated")


def test_what_the_server_refuses_is_said_in_the_dialog_and_nothing_typed_is_lost(at: Opener) -> None:
    page = at("people")
    page.get_by_role("button", name="Add an agent").click()
    page.get_by_label("E-mail").fill("ben@example.org")
    page.get_by_label("Name").fill("Ben the second")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("is an agent already")
    expect(page.get_by_label("Name")).to_have_value("Ben the second")


def test_a_team_with_members_and_hours_of_its_own(at: Opener, admin: httpx.Client) -> None:
    page = at("teams")
    expect(page.locator("main")).to_contain_text("everybody shares one queue")
    page.get_by_role("button", name="Add a team").click()
    page.get_by_label("Name", exact=True).fill("Billing")
    page.get_by_label("Ben", exact=True).check()
    page.get_by_label("Sections").fill("Orders, Payment")
    page.get_by_label("Office hours of its own").check()
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Change Billing")).to_be_focused()
    (team,) = admin.get("/api/teams").json()["items"]
    assert [one["name"] for one in team["members"]] == ["Ben"]
    assert team["sections"] == ["Orders", "Payment"]
    assert (team["hours"]["timezone"], len(team["hours"]["weekly"]["mon"])) == ("Asia/Tokyo", 1)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("main")).to_contain_text("everybody shares one queue")


def test_office_hours_with_a_break_and_a_day_that_differs(at: Opener, admin: httpx.Client) -> None:
    page = at("hours")
    admin.put("/api/desk", json=admin.get("/api/desk").json() | {"capacity": 11}).raise_for_status()
    page.get_by_label("Somebody is always there").uncheck()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    monday = page.get_by_role("group", name="Monday")
    monday.get_by_label("Monday, until").fill("12:30")
    monday.get_by_role("button", name="Add hours").click()
    expect(monday.get_by_label("Monday, from").last).to_be_focused()
    monday.get_by_label("Monday, from").last.fill("12:00")
    monday.get_by_label("Monday, until").last.fill("17:00")
    page.get_by_role("button", name="Monday's hours").click()
    page.get_by_role("button", name="Add a day").click()
    page.get_by_label("Date").fill("2026-12-24")
    page.get_by_label("What it is").fill("Christmas Eve")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("overlap at 12:00")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        page.get_by_label(f"{day}, from").last.fill("13:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-toast]")).to_contain_text("Saved")
    kept = admin.get("/api/desk").json()
    assert kept["capacity"] == 11  # what was set elsewhere meanwhile stays
    assert kept["hours"]["weekly"]["fri"] == [
        {"start": "09:00:00", "end": "12:30:00"},
        {"start": "13:00:00", "end": "17:00:00"},
    ]
    assert kept["hours"]["weekly"]["sun"] == []
    assert kept["hours"]["holidays"] == [{"date": "2026-12-24", "name": "Christmas Eve", "spans": []}]
    page.reload()
    expect(page.get_by_label("Friday, until").last).to_have_value("17:00")
    expect(page.get_by_label("What it is")).to_have_value("Christmas Eve")


def test_targets_and_routing(at: Opener, admin: httpx.Client) -> None:
    page = at("targets")
    page.get_by_label("Urgent: first response").fill("3")
    page.get_by_label("Who gets a new conversation").select_option("round_robin")
    page.get_by_role("button", name="Add an attribute").click()
    page.get_by_label("Attribute", exact=True).fill("plan")
    page.get_by_label("Value").fill("enterprise")
    page.get_by_label("Ask for the NPS after").fill("35")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-toast]")).to_contain_text("Saved")
    kept = admin.get("/api/desk").json()
    assert (kept["targets"]["urgent"]["first_response"], kept["strategy"]) == (3, "round_robin")
    assert (kept["lifts"], kept["nps_share"]) == (
        [{"attribute": "plan", "value": "enterprise", "priority": "high"}],
        0.35,
    )


def test_a_part_with_something_unsaved_asks_before_it_goes(at: Opener) -> None:
    page = at("targets")
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.get_by_label("Urgent: first response").fill("4")
    page.get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    assert asked == ["Leave without saving what you changed?"]


def test_canned_replies_are_kept(at: Opener) -> None:
    page = at("canned", who="lea")
    expect(page.locator("main")).to_contain_text("No canned replies yet")
    page.get_by_role("button", name="Add a canned reply").click()
    page.get_by_label("Shortcut").fill("refund")
    page.get_by_label("Title").fill("Refund delay")
    page.get_by_label("Text").fill("Hello {{customer.nickname}}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("is no variable")
    page.get_by_label("Text").fill("Hello {{customer.first_name|there}} <b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".row")).to_contain_text("Hello {{customer.first_name|there}} <b>")
    page.get_by_role("button", name="Change Refund delay").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("main")).to_contain_text("No canned replies yet")


def test_a_token_is_shown_once_and_withdrawn(at: Opener, server: Server) -> None:
    page = at("tokens")
    page.get_by_label("What it is for").fill("Nightly report")
    page.get_by_role("button", name="Make a token").click()
    shown = page.get_by_role("textbox", name="API token")
    expect(shown).to_be_visible()
    secret = shown.input_value()
    with server.client(headers={"Authorization": f"Bearer {secret}"}) as program:
        assert program.get("/api/session").json()["agent"]["name"] == "Ada"
        page.get_by_role("button", name="Done").click()
        expect(shown).to_have_count(0)
        assert secret not in page.content()
        page.get_by_role("button", name="Withdraw Nightly report").click()
        expect(page.locator("main")).to_contain_text("No tokens")
        assert program.get("/api/session").status_code == 401


def test_a_webhook_is_added_with_its_secret_and_tried(at: Opener) -> None:
    page = at("notifications")
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("textbox", name="Secret of the webhook")).to_have_value(re.compile("whsec_.+"))
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Test http://127.0.0.1:9/hook").click()
    expect(page.locator(".row [role=status]").first).to_contain_text("It did not arrive: ")
    expect(page.locator("main")).to_contain_text("everything of the last 30 days has arrived")


def test_the_audit_log_is_filtered_and_exported_and_keeps_the_slack_address_to_itself(
    at: Opener, tmp_path: Path
) -> None:
    page = at("notifications")
    page.get_by_label("Slack").fill("https://hooks.example.org/T000/secret")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-toast]")).to_contain_text("Saved")
    page = at("audit", who="lea")
    expect(page.locator("tbody")).to_contain_text("signed in")
    page.get_by_label("Who", exact=True).select_option(label="Ada")
    page.get_by_label("What", exact=True).select_option("desk.change")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody")).not_to_contain_text("signed in")
    expect(page.locator("tbody tr").first).to_contain_text("not set → set")
    assert "T000" not in page.content()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    download.value.save_as(tmp_path / "audit.csv")
    lines = list(csv.DictReader((tmp_path / "audit.csv").open(encoding="utf-8", newline="")))
    assert {(line["actor"], line["action"]) for line in lines} == {("Ada", "desk.change")}


# How it looks and reads


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_part_and_dialog_passes_axe_and_fits(at: Opener, width: int, scheme: str) -> None:
    page = at("people", width=width, scheme=scheme)
    wrong = []

    def look(what: str) -> None:
        wrong.extend(f"{what}: {one}" for one in faults(page))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{what} is wider than the page")
        screenshot(page, f"manage-{what}-{width}", full_page=True)

    for part in PARTS:
        page.locator(f'.parts a[href="#{part}"]').click()
        expect(page.locator(".parts [aria-current=page]")).to_have_attribute("href", f"#{part}")
        expect(page.locator("main .body:not([aria-busy])")).to_be_visible()
        look(part)
        add = page.locator("main [data-key=add]")
        if add.count():
            add.click()
            expect(page.locator("dialog[open]")).to_be_visible()
            look(f"{part}-dialog")
            page.keyboard.press("Escape")
            expect(add).to_be_focused()
    assert wrong == []
