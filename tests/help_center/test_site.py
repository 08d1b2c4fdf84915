"""The owner's site: what may be set, who hears of a change and when, and colours that can be read."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from pydantic import ValidationError
from sqlalchemy import select

from escalation import audit
from help_center import kept, site_door
from help_center import pages as help_pages
from help_center.accent import DARK, LIGHT, READABLE, contrast, normal_color, palette
from help_center.database import Database
from help_center.desk import AuditEntry
from help_center.files import File
from help_center.people import add_agent, new_api_token
from help_center.site import Site, keep_site, open_site
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits, install_problems


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    app = FastAPI()
    install_problems(app)
    site, doorkeeper = open_site(database), Doorkeeper(database, ())
    pages = Pages([help_pages.TEMPLATES], {"/static/help": help_pages.STATIC}, site)
    app.include_router(help_pages.routes(database, doorkeeper, RateLimits("off", None), pages))
    app.include_router(site_door.routes(database, site, doorkeeper, audit.record))
    with TestClient(app) as client:
        yield client


def headers(database: Database, role: str) -> dict[str, str]:
    with database.write() as session:
        agent = add_agent(session, f"{role}@example.org", name=role, role=role, password=None)
        return {"Authorization": f"Bearer {new_api_token(session, agent)}"}


def test_a_change_holds_for_the_next_page_and_stands_in_the_audit_log(
    database: Database, client: TestClient
) -> None:
    admin = headers(database, "admin")
    assert "Parley" in client.get("/help").text
    given = {"name": "Velo &  Co", "accent": "F5C400", "headings": {"en": "What is broken?"}}
    kept = client.put("/api/site", json=given, headers=admin).json()
    assert (kept["name"], kept["accent"]) == ("Velo & Co", "#f5c400")
    page = client.get("/help").text
    assert "Velo &amp; Co" in page
    assert "What is broken?" in page
    sheet = page.split('href="/site.css')[1].split('"')[0]
    told = client.get(f"/site.css{sheet}")
    assert "--brand: #f5c400; --on-brand: #000000" in told.text
    assert "immutable" in told.headers["cache-control"]
    assert client.get("/site.css?v=another").headers["cache-control"] == "no-cache"
    assert client.get("/api/site", headers=admin).json() == kept
    client.put("/api/site", json=kept, headers=admin)  # nothing is different: nothing is logged
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "site.change")).all()
    assert [entry.detail["name"] for entry in entries] == [["Parley", "Velo & Co"]]


def test_only_admins_set_the_site(database: Database, client: TestClient) -> None:
    agent = headers(database, "agent")
    for method, address in (
        ("GET", "/api/site"),
        ("PUT", "/api/site"),
        ("GET", "/api/site/colors?accent=fff"),
    ):
        assert client.request(method, address, json={}).status_code == 401
        assert client.request(method, address, json={}, headers=agent).status_code == 403


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"accent": "blue; } body { display: none"}, "#1a56c4"),
        ({"accent": "#12345"}, "#1a56c4"),
        ({"name": " \x00 "}, "write how your site is called"),
        ({"name": "x" * 81}, "80"),
        ({"languages": ["en", "not a language"]}, "pt-BR"),
        ({"languages": ["de"]}, "add it there"),
        ({"own_hosts": ["javascript:alert(1)"]}, "www.example.org"),
        ({"own_hosts": ["a b"]}, "www.example.org"),
        ({"starters": {"en": ["?"] * 7}}, "6"),
        ({"greetings": {"en": "x" * 1001}}, "1000"),
        ({"logo": "../secret"}, "logo"),
        ({"colour": "#fff"}, "colour"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    database: Database, client: TestClient, given: dict[str, Any], says: str
) -> None:
    answer = client.put("/api/site", json=given, headers=headers(database, "admin"))
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_words_are_taken_in_the_nearest_language() -> None:
    site = Site(
        default_language="de",
        headings={"de": "Hallo", "pt-BR": "Oi"},
        greetings={"de": "Moin", "en": "  "},
        starters={"pt": ["Um?", "", "Um?"]},
    )
    assert site.heading("pt-BR") == "Oi"
    assert site.heading("fr") == "Hallo"
    assert site.heading() == "Hallo"
    assert site.greeting("de-AT") == "Moin"
    assert site.greeting("en") is None  # the bot's own English words say more than German ones
    assert site.greeting() == "Moin"
    assert site.starter_questions("pt-BR") == ["Um?"]
    assert site.starter_questions("en") == []


def test_hosts_are_kept_as_hosts() -> None:
    hosts = Site(own_hosts=["https://Shop.Example/x?y", "www.example.org:8443", "bücher.example"]).own_hosts
    assert hosts == ["shop.example", "www.example.org", "xn--bcher-kva.example"]


def test_every_colour_can_be_read_by_day_and_by_night() -> None:
    dice = random.Random(5)
    colors = [
        "#000000",
        "#ffffff",
        "#ffff00",
        "#0000ff",
        "#777777",
        *(f"#{dice.randrange(2**24):06x}" for _ in range(300)),
    ]
    for color in colors:
        made = palette(color)
        assert contrast(made.brand, made.on_brand) >= READABLE, color
        for shades, surfaces in ((made.light, LIGHT), (made.dark, DARK)):
            for ground in (*surfaces, shades.soft, shades.on):
                assert contrast(shades.accent, ground) >= READABLE, (color, ground)
            assert contrast(shades.strong, shades.on) >= READABLE, color
    assert palette("#0b57d0").light.accent == "#0b57d0"  # what can be read stays as it was given
    assert round(contrast("#000000", "#ffffff"), 1) == 21


def test_a_colour_is_nothing_but_a_colour() -> None:
    assert [normal_color(text) for text in ("#ABC", " a1b2c3 ")] == ["#aabbcc", "#a1b2c3"]
    for text in ("", "#ggg", "red", "#1234", "#fff;}", "٣٣٣"):
        with pytest.raises(ValueError, match="no colour"):
            normal_color(text)


def test_another_process_sees_a_change_once_it_reads_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = open_site(database)
    elsewhere = Database(database.url)  # a second worker: none of its own commits tells it
    there = open_site(elsewhere)
    assert (here().name, there().name) == ("Parley", "Parley")
    with database.write() as session:
        keep_site(session, Site(name="Velo"))
    assert here().name == "Velo"
    monkeypatch.setattr(kept, "SECONDS", 0.0)  # as if that long had passed
    assert there().name == "Velo"
    elsewhere.close()


def test_what_was_read_before_a_change_is_not_believed_after_it(database: Database) -> None:
    class Interrupted:
        """A database that somebody changes between a reader's read and the reader's return."""

        after_commit = database.after_commit
        name = "Velo"

        def fact(self, key: str) -> Any:
            found = database.fact(key)
            if self.name:
                with database.write() as session:
                    keep_site(session, Site(name=self.name))
                self.name = ""
            return found

    site = open_site(Interrupted())  # type: ignore[arg-type]
    assert site().name == "Parley"
    assert site().name == "Velo"


def test_a_write_that_is_undone_changes_nothing(database: Database) -> None:
    site = open_site(database)

    def fails() -> None:
        with database.write() as session:
            keep_site(session, Site(name="Velo"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert site().name == "Parley"


def test_the_site_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        Site().name = "Velo"  # type: ignore[misc]


def test_a_logo_is_a_picture_that_was_uploaded_and_the_old_one_goes(
    database: Database, client: TestClient
) -> None:
    admin = headers(database, "admin")
    first, second = (
        client.post("/api/logo", content=picture(color), headers=admin).json() for color in ("red", "blue")
    )
    assert client.put("/api/site", json={"logo": first["id"]}, headers=admin).status_code == 200
    assert f'<img src="/files/{first["id"]}/logo"' in client.get("/help").text
    with database.read() as session:
        assert {file.id for file in session.scalars(select(File))} == {first["id"]}
    assert client.put("/api/site", json={"logo": second["id"]}, headers=admin).status_code == 422
    assert client.put("/api/site", json={"logo": None}, headers=admin).json()["logo"] is None
    assert client.post("/api/logo", content=b"<svg onload='alert(1)'/>", headers=admin).status_code == 415
    assert client.post("/api/logo", content=picture("red")).status_code == 401


def picture(color: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(data, "PNG")
    return data.getvalue()
