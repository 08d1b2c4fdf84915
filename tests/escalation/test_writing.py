"""The desk where articles are written, over HTTP: drafts, versions, appointments, redirects, who may do what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation.writing import appointments
from help_center import redirects
from help_center.article_tables import ArticleAppointment
from help_center.articles import Article, store
from help_center.database import now
from help_center.desk import AuditEntry
from help_center.drafts import differences
from help_center.people import STRANGER
from help_center.sources.base import SourceArticle
from tests.escalation.conftest import Colleague, House


def begun(
    pen: TestClient, title: str = "Return a bicycle", body: str = "Print the label.", **more: Any
) -> str:
    made = pen.post("/api/writing/articles", json={"title": title, "body": body, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def kept(pen: TestClient, id: str, revision: int = 0, **fields: Any) -> Any:
    return pen.put(f"/api/writing/draft/{id}", json={"revision": revision, **fields})


def published(pen: TestClient, id: str, **seen: Any) -> Any:
    return pen.post(f"/api/writing/publish/{id}", json=seen)


def live(pen: TestClient, **fields: Any) -> str:
    id = begun(pen, **fields)
    assert published(pen, id).status_code == 200
    return id


def article(house: House, id: str) -> Article:
    with house.database.read() as session:
        return session.get_one(Article, id)


def imported(house: House, id: str = "docs/lamp.md", body: str = "Press the button.", **more: Any) -> str:
    with house.database.write() as session:
        return store(session, SourceArticle(id, "Lamp", body, **more), "/articles")


# Drafts


def test_what_readers_see_changes_with_publish_alone(pen: TestClient, house: House) -> None:
    id = live(pen)
    assert article(house, id).status == "published"
    draft = kept(pen, id, body="Print the label and hand the box over.").json()
    assert draft["revision"] == 1
    assert article(house, id).body == "Print the label."
    told = pen.get(f"/api/writing/article/{id}").json()
    assert told["fields"]["body"] == "Print the label and hand the box over."
    assert told["published"]["body"] == "Print the label."
    house.indexed.clear()
    assert published(pen, id, revision=1, version=told["version"]).status_code == 200
    assert article(house, id).body == "Print the label and hand the box over."
    assert house.indexed == [id]
    assert pen.get(f"/api/writing/article/{id}").json()["draft"] is None


def test_two_who_write_at_once_are_told_and_nothing_is_overwritten(pen: TestClient, lead: Colleague) -> None:
    id = live(pen)
    assert kept(pen, id, body="Ada's words.").status_code == 200
    late = pen.put(
        f"/api/writing/draft/{id}", json={"revision": 0, "body": "Lea's words."}, headers=lead.headers
    )
    assert late.status_code == 409
    assert "Ada has changed this draft" in late.json()["detail"]
    told = pen.post(f"/api/writing/compare/{id}?against=draft", json={"body": "Lea's words."}).json()
    pieces = told["differences"][0]["pieces"]
    assert [piece["text"] for piece in pieces if piece["kind"] == "out"] == ["Ada"]
    assert [piece["text"] for piece in pieces if piece["kind"] == "in"] == ["Lea"]
    assert kept(pen, id, revision=1, body="Both.").json()["revision"] == 2
    assert published(pen, id, revision=1).status_code == 409
    assert published(pen, id, revision=2).status_code == 200
    assert kept(pen, id, revision=2, body="Too late.").status_code == 409, "it was published meanwhile"


def test_a_draft_that_was_begun_on_an_older_version_is_not_published_unseen(
    pen: TestClient, house: House
) -> None:
    imported(house)
    id = "docs/lamp.md"
    kept(pen, id, body="Mine.")
    imported(house, body="Turn the knob.")
    told = pen.get(f"/api/writing/article/{id}").json()
    assert told["outdated"]
    assert published(pen, id, revision=1, version=told["version"] - 1).status_code == 409
    assert published(pen, id, revision=1, version=told["version"]).status_code == 200


def test_only_one_of_many_writers_at_once_keeps_a_draft(pen: TestClient) -> None:
    id = live(pen)
    with ThreadPoolExecutor(6) as pool:
        codes = [one.status_code for one in pool.map(lambda n: kept(pen, id, body=f"Text {n}"), range(6))]
    assert sorted(codes) == [200, 409, 409, 409, 409, 409]


def test_what_cannot_be_published_says_what_to_do(pen: TestClient) -> None:
    id = begun(pen, title="Untitled", body="")
    assert "write something first" in published(pen, id).json()["detail"]
    kept(pen, id, body="Words.")
    assert "title" in published(pen, id).json()["detail"]
    other = live(pen, title="Taken")
    kept(pen, id, revision=1, title="Named", slug="taken")
    assert "another article has" in published(pen, id).json()["detail"]
    kept(pen, id, revision=2, slug="Not An Address")
    assert published(pen, id).status_code == 422
    kept(pen, id, revision=3, slug="named-well")
    assert published(pen, id).json()["url"] == "/help/articles/named-well"
    assert published(pen, "no-such").status_code == 404
    assert other


def test_the_address_is_made_of_the_title_until_the_article_was_published(
    pen: TestClient, house: House
) -> None:
    id = begun(pen, title="Untitled", body="Words.")
    assert pen.get(f"/api/writing/article/{id}").json()["address_follows_title"]
    kept(pen, id, title="Oil the chain")
    assert published(pen, id).json()["url"] == "/help/articles/oil-the-chain"
    assert pen.get("/api/writing/redirects").json()["items"] == [], "nobody was ever led to the first one"
    kept(pen, id, title="Oil the chain well")
    assert published(pen, id).json()["url"] == "/help/articles/oil-the-chain"


# Versions


def test_every_publish_is_a_version_with_author_and_time_and_an_earlier_one_comes_back(
    pen: TestClient, house: House
) -> None:
    id = live(pen, body="One.")
    for revision, text in enumerate(["Two.", "Three."]):
        kept(pen, id, body=text)
        assert published(pen, id).status_code == 200, revision
    past = pen.get(f"/api/writing/versions/{id}").json()["items"]
    assert [one["version"] for one in past] == [4, 3, 2, 1]
    assert {one["by"] for one in past} == {"Ada"}
    assert [one["why"] for one in past] == ["published", "published", "published", "begun"]
    one = pen.get(f"/api/writing/versions/{id}?number=3").json()
    assert one["fields"]["body"] == "Two."
    assert one["differences"][0]["pieces"] == [
        {"kind": "out", "text": "One"}, {"kind": "in", "text": "Two"}, {"kind": "same", "text": "."},
    ]  # fmt: skip
    restored = pen.post(f"/api/writing/restore/{id}", json={"version": 2})
    assert restored.json()["version"] == 5
    assert article(house, id).body == "One."
    assert house.indexed[-1] == id
    assert pen.post(f"/api/writing/restore/{id}", json={"version": 99}).status_code == 422


def test_an_import_that_changes_an_article_keeps_what_it_was(pen: TestClient, house: House) -> None:
    assert imported(house) == "added"
    assert imported(house) == "unchanged"
    assert imported(house, body="Turn the knob.") == "updated"
    past = pen.get("/api/writing/versions/docs/lamp.md").json()["items"]
    assert [(one["version"], one["why"], one["by"]) for one in past] == [
        (2, "imported", None),
        (1, "imported", None),
    ]


def test_an_imported_article_says_so_and_once_taken_over_imports_leave_it_alone(
    pen: TestClient, house: House
) -> None:
    imported(house)
    id = "docs/lamp.md"
    assert pen.get(f"/api/writing/article/{id}").json()["imported_from"] == "/articles"
    kept(pen, id, body="Written here.")
    published(pen, id)
    assert imported(house) == "updated", "the next import overwrites what was written here"
    assert pen.post(f"/api/writing/take-over/{id}").json()["imported_from"] is None
    kept(pen, id, body="Written here.")
    published(pen, id)
    assert imported(house, body="From the folder.") == "kept"
    assert article(house, id).body == "Written here."


def test_a_deleted_article_can_be_brought_back(pen: TestClient, house: House) -> None:
    id = live(pen, body="Precious.")
    assert pen.delete(f"/api/writing/article/{id}").status_code == 204
    assert house.indexed[-1] == id
    gone = pen.get("/api/writing/deleted").json()["items"]
    assert [one["id"] for one in gone] == [id]
    back = pen.post(f"/api/writing/bring-back/{id}")
    assert (back.json()["status"], back.json()["fields"]["body"]) == ("draft", "Precious.")
    assert back.json()["version"] == 3
    assert pen.post(f"/api/writing/bring-back/{id}").status_code == 422


# Status


def test_an_article_goes_offline_and_comes_back_with_its_unpublished_changes(
    pen: TestClient, house: House
) -> None:
    id = live(pen)
    kept(pen, id, body="Later.")
    for status in ("draft", "archived", "published"):
        assert pen.post(f"/api/writing/status/{id}", json={"status": status}).json()["status"] == status
    assert article(house, id).body == "Print the label."
    assert pen.get(f"/api/writing/article/{id}").json()["fields"]["body"] == "Later."
    assert house.indexed == [id] * 4


# Appointments


def appointed(pen: TestClient, id: str, **wanted: Any) -> Any:
    return pen.post(f"/api/writing/appointments/{id}", json={"at": "2999-01-01T09:00", **wanted})


def strike(house: House) -> None:
    """What the clock does once the time has come."""
    with house.database.write() as session:
        for one in session.scalars(select(ArticleAppointment).where(ArticleAppointment.done_at.is_(None))):
            one.at = now() - timedelta(seconds=1)
    appointments.keep_due(house.database, house.indexed.extend)


def test_an_appointment_has_a_zone_and_a_time_to_come(pen: TestClient) -> None:
    id = begun(pen)
    made = appointed(pen, id, zone="Europe/Berlin").json()
    assert (made["at"], made["zone"]) == ("2999-01-01T08:00:00.000Z", "Europe/Berlin")
    assert appointed(pen, id, zone="Mars/Olympus").status_code == 422
    assert appointed(pen, id, at="2001-01-01T09:00").status_code == 422
    assert appointed(pen, id, at="2999-02-01T09:00").status_code == 201
    told = pen.get(f"/api/writing/article/{id}").json()["appointments"]
    assert [one["at"] for one in told] == ["2999-02-01T09:00:00.000Z"], (
        "a new one takes the place of the one before"
    )
    assert pen.delete(f"/api/writing/appointment/{told[0]['id']}").status_code == 204
    assert pen.delete(f"/api/writing/appointment/{told[0]['id']}").status_code == 404


def test_what_is_appointed_is_done_once_by_whoever_is_first_and_then_indexed(
    pen: TestClient, house: House
) -> None:
    id = begun(pen)
    appointed(pen, id)
    kept(pen, id, body="As it was written last.")
    appointments.keep_due(house.database, house.indexed.extend)
    assert article(house, id).status == "draft", "its time has not come"
    with house.database.write() as session:
        session.scalars(select(ArticleAppointment)).one().at = now() - timedelta(seconds=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: appointments.keep_due(house.database, house.indexed.extend), range(4)))
    done = article(house, id)
    assert (done.status, done.body, done.version, done.version_by) == (
        "published",
        "As it was written last.",
        2,
        "Ada",
    )
    assert id in house.indexed
    appointed(pen, id, deed="unpublish")
    strike(house)
    assert article(house, id).status == "draft"


def test_an_index_that_is_down_is_told_again_and_a_deed_that_fails_says_why(
    pen: TestClient, house: House
) -> None:
    id = begun(pen)
    appointed(pen, id)

    def down(_ids: object) -> None:
        raise RuntimeError("the store is down")

    with house.database.write() as session:
        session.scalars(select(ArticleAppointment)).one().at = now() - timedelta(seconds=1)
    appointments.keep_due(house.database, down)
    assert article(house, id).version == 2
    appointments.keep_due(house.database, house.indexed.extend)
    appointments.keep_due(house.database, house.indexed.extend)
    assert (article(house, id).version, house.indexed) == (2, [id])
    appointed(pen, id)
    kept(pen, id, body=" ")
    strike(house)
    told = pen.get(f"/api/writing/article/{id}").json()["appointments"]
    assert "write something first" in told[0]["fault"]


# Redirects


def test_an_article_that_moves_is_found_by_every_address_that_it_had(pen: TestClient, house: House) -> None:
    id = live(pen, title="First")
    for slug in ("second", "third", "first-again"):
        kept(pen, id, slug=slug)
        published(pen, id)
    with house.database.read() as session:
        led = {
            slug: redirects.address_now(session, slug, STRANGER) for slug in ("first", "second", "third", "x")
        }
    assert led == dict.fromkeys(("first", "second", "third"), "/help/articles/first-again") | {"x": None}
    kept(pen, id, slug="first")  # back to where it was: no circle
    published(pen, id)
    with house.database.read() as session:
        assert redirects.address_now(session, "first", STRANGER) is None
        assert redirects.address_now(session, "first-again", STRANGER) == "/help/articles/first"
    other = begun(pen, title="Second")
    assert article(house, other).slug != "second", "its readers are led elsewhere"


def test_a_redirect_says_no_more_than_the_article_would(pen: TestClient, house: House) -> None:
    id = live(pen, title="Secret", audience="agents")
    kept(pen, id, slug="hidden")
    published(pen, id)
    with house.database.read() as session:
        assert redirects.address_now(session, "secret", STRANGER) is None


def test_the_readers_of_a_deleted_article_are_led_to_the_one_that_was_chosen(
    pen: TestClient, house: House
) -> None:
    old, heir = live(pen, title="Old"), live(pen, title="Heir")
    kept(pen, old, slug="older")
    published(pen, old)
    assert pen.delete(f"/api/writing/article/{old}?redirect_to={old}").status_code == 422
    assert pen.delete(f"/api/writing/article/{old}?redirect_to={heir}").status_code == 204
    told = {one["slug"]: one["leads_to"] for one in pen.get("/api/writing/redirects").json()["items"]}
    assert told == {"old": "/help/articles/heir", "older": "/help/articles/heir"}
    assert (
        pen.post(
            "/api/writing/redirects", json={"address": "/help/articles/heir", "article_id": heir}
        ).status_code
        == 422
    )
    added = pen.post(
        "/api/writing/redirects",
        json={"address": "https://x.org/help/articles/legacy?a=1", "article_id": heir},
    )
    assert added.json()["slug"] == "legacy"
    assert pen.delete("/api/writing/redirect/legacy").status_code == 204
    assert pen.delete("/api/writing/redirect/legacy").status_code == 404


# The list


def test_the_list_finds_filters_and_counts(pen: TestClient, house: House) -> None:
    for n in range(7):
        live(
            pen,
            title=f"Brake {n}",
            body="Squeeze 100 %",
            section=["Care", "Brakes"],
            locale="de" if n % 2 else "en",
        )
    begun(pen, title="Unfinished")
    imported(house)

    def found(**asked: Any) -> list[str]:
        told = pen.get("/api/writing/articles", params=asked).json()
        return [one["title"] for one in told["items"]]

    first = pen.get("/api/writing/articles", params={"limit": 4}).json()
    rest = pen.get("/api/writing/articles", params={"limit": 100, "cursor": first["next"]}).json()
    assert (first["total"], len(first["items"]), len(rest["items"]), rest["next"]) == (9, 4, 5, None)
    assert first["items"][0]["title"] == "Lamp", "the last changed first"
    assert found(q="squeeze 100 % brake", limit=3, order="title") == ["Brake 0", "Brake 1", "Brake 2"]
    assert found(status="draft") == ["Unfinished"]
    assert len(found(section=["Care", "Brakes"], language="de")) == 3
    assert found(section=["Brakes"]) == []
    kept(pen, "docs/lamp.md", title="Lantern")
    assert found(stale="changes") == ["Lantern"]
    told = pen.get("/api/writing/choices").json()
    assert told["sections"] == [["Care"], ["Care", "Brakes"]]
    assert (told["languages"], told["statuses"]["draft"], told["changes"]) == ({"de": 3, "en": 6}, 1, 1)


# Preview and paste


def test_the_preview_is_what_the_page_shows_and_a_paste_is_cleaned(pen: TestClient) -> None:
    told = pen.post(
        "/api/writing/preview", json={"title": "T", "body": "# T\n\n**b** <script>x</script>", "locale": "ar"}
    ).json()
    assert "<strong>b</strong>" in told["html"]
    assert "<script>" not in told["html"]
    assert told["direction"] == "rtl"
    word = (
        "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style>p.MsoNormal{margin:0}</style></head><body>"
        "<!--[if gte mso 9]><xml><o:p></o:p></xml><![endif]--><p class=MsoNormal style='mso-margin-top-alt:auto'>Press "
        '<b>Return</b><o:p></o:p></p><img src="file:///C:/x.png"><script>alert(1)</script></body></html>'
    )
    pasted = pen.post("/api/writing/paste", json={"html": word}).json()
    assert pasted == {"markdown": "Press **Return**", "pictures": 1}


# Who may do what, and the log


def test_leads_write_and_admins_publish(
    client: TestClient, house: House, admin: Colleague, lead: Colleague
) -> None:
    ben = house.agent("Ben")
    client.headers.update(lead.headers)
    id = begun(client)
    assert kept(client, id, body="Lea's.").status_code == 200
    closed = [
        ("POST", f"publish/{id}"), ("POST", f"status/{id}"), ("POST", f"restore/{id}"), ("DELETE", f"article/{id}"),
        ("POST", f"take-over/{id}"), ("POST", f"appointments/{id}"), ("POST", "redirects"), ("DELETE", "redirect/x"),
    ]  # fmt: skip
    bodies = {
        "status": {"status": "draft"},
        "restore": {"version": 1},
        "appointments": {"at": "2999-01-01T00:00"},
    }
    for method, path in closed:
        body = bodies.get(path.split("/")[0], {"address": "x", "article_id": id})
        assert client.request(method, f"/api/writing/{path}", json=body).status_code == 403, path
    for who, code in ((ben.headers, 403), ({"Authorization": ""}, 401)):
        for path in ("articles", f"article/{id}", f"versions/{id}", "choices", "redirects", "deleted"):
            assert client.get(f"/api/writing/{path}", headers=who).status_code == code, path


def test_every_deed_is_in_the_log(pen: TestClient, house: House) -> None:
    id = live(pen)
    kept(pen, id, slug="moved")
    published(pen, id)
    pen.post(f"/api/writing/restore/{id}", json={"version": 1})
    pen.post(f"/api/writing/status/{id}", json={"status": "archived"})
    pen.delete(f"/api/writing/article/{id}")
    with house.database.read() as session:
        deeds = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == id).order_by(AuditEntry.id)
        ).all()
    assert [one.action.removeprefix("article.") for one in deeds] == [
        "draft", "publish", "publish", "status", "delete",
    ]  # fmt: skip


# Differences


def test_differences_are_word_by_word_and_make_the_new_text_out_of_the_old() -> None:
    old = "Open **My orders**.\n\nPrint the label within 30 days.\nDone.\n"
    new = "Open **My orders**.\n\nPrint the label within 14 days.\nDone.\n\nThank you."
    pieces = differences(old, new)
    assert [(one.kind, one.text) for one in pieces if one.kind != "same"] == [
        ("out", "30"), ("in", "14"), ("in", "\nThank you."),
    ]  # fmt: skip
    assert "".join(one.text for one in pieces if one.kind != "in") == old
    assert "".join(one.text for one in pieces if one.kind != "out") == new
    assert differences("", "x")[0].kind == "in"
    assert differences("x", "x")[0].kind == "same"
