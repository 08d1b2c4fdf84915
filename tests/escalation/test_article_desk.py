"""The desk beside the pen: links, sections, translations, pictures, import and export, over HTTP."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy.orm import Session

import help_center.tables  # noqa: F401  (fills Base.metadata)
from escalation.writing import outside
from help_center import articles, bundle
from help_center.articles import Article
from help_center.database import Database
from help_center.importing import bring_in
from help_center.links import Text, faults
from help_center.outline import Outline
from help_center.people import STRANGER, Viewer
from tests.escalation.conftest import Colleague, House
from tests.escalation.test_writing import article, begun, kept, live, published


def png(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), color).save(out, "PNG")
    return out.getvalue()


# Links


def found(pen: TestClient, id: str, **fields: Any) -> list[tuple[str, str]]:
    told = pen.post(f"/api/writing/checks/{id}", json=fields).json()
    return [(one["kind"], one["address"]) for one in told["items"]]


def test_links_that_lead_nowhere_are_found_and_good_ones_are_not(pen: TestClient) -> None:
    live(pen, title="Pay", body="## By card\n\nYes.")
    live(pen, title="Prices", body="Secret.", audience="agents")
    begun(pen, title="Later", body="Soon.")
    old = live(pen, title="Old name", body="Moved.")
    kept(pen, old, slug="new-name")
    published(pen, old)
    picture = pen.post("/api/pictures?name=a.png", content=png()).json()["url"]
    good = f"[a](/help/articles/pay) [b](pay#by-card) [c](#here) [d](https://example.org) [e](/help) ![Shown]({picture})"
    id = live(pen, title="Links", body=f"## Here\n\n{good}")
    assert found(pen, id) == []
    bad = (
        "[a](/help/articles/nothing)\n\n[b](later) [c](prices) [d](pay#by-cash) [e](#there) [f](old-name)\n\n"
        "![Gone](/files/file_0/x.png) ![]({0}) [g](notes.md)".replace("{0}", picture)
    )
    assert found(pen, id, body=bad) == [
        ("missing", "/help/articles/nothing"), ("draft", "later"), ("restricted", "prices"), ("anchor", "pay#by-cash"),
        ("anchor", "#there"), ("moved", "old-name"), ("picture", "/files/file_0/x.png"), ("wordless", picture),
        ("missing", "notes.md"),
    ]  # fmt: skip
    lines = pen.post(f"/api/writing/checks/{id}", json={"body": bad}).json()["items"]
    assert [one["line"] for one in lines][:2] == [1, 3]
    assert found(pen, id, body="[c](prices)", audience="agents") == [], "the same readers"
    kept(pen, id, body=bad)
    published(pen, id)
    report = pen.get("/api/writing/links").json()
    assert [(one["id"], len(one["faults"])) for one in report["items"]] == [(id, 9)]
    assert report["next"] is None


def test_links_to_the_own_host_are_links_to_articles(pen: TestClient, house: House) -> None:
    text = Text(
        "a",
        "a",
        "[x](https://help.example.org/help/articles/gone) [y](https://other.example.org/help/articles/gone)",
        "public",
    )
    with house.database.read() as session:
        assert [one.kind for one in faults(session, [text], ["help.example.org"])["a"]] == ["missing"]


class Site(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        status = {"/fine": 200, "/gone": 404, "/moved": 302, "/round": 302, "/headless": 405}.get(
            self.path, 200
        )
        self.send_response(status)
        if status == 302:
            self.send_header("Location", {"/moved": "/fine", "/round": "/round"}[self.path])
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD() if self.path != "/headless" else (self.send_response(200), self.end_headers())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Site.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_other_sites_are_asked_when_wanted_and_private_ones_never(pen: TestClient, site: str) -> None:
    told = outside.reached(
        [f"{site}/{name}" for name in ("fine", "gone", "moved", "round", "headless")], lambda _: None
    )
    assert [bool(fault) for fault in told.values()] == [False, True, False, True, False]
    assert "404" in told[f"{site}/gone"]
    Site.asked.clear()
    body = " ".join(
        f"[x]({url})"
        for url in (
            f"{site}/fine",
            "http://169.254.169.254/latest",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://localhost:1/",
        )
    )
    id = begun(pen, body=body)
    answer = pen.post(f"/api/writing/outside/{id}").json()
    assert len(answer["items"]) == 5
    assert all("not asked" in one["detail"] for one in answer["items"])
    assert Site.asked == []


# Sections


def names(tree: list[dict[str, Any]]) -> list[Any]:
    return [[one["name"], names(one["sections"])] if one["sections"] else one["name"] for one in tree]


def test_sections_are_arranged_renamed_and_moved_and_readers_see_it(pen: TestClient, house: House) -> None:
    for path in (["Care"], ["Orders"], ["Orders", "Returns"], ["Billing"]):
        for n in (1, 2):
            live(pen, title=f"{path[-1]} {n}", body="Words.", section=path)
    outline = Outline(house.database)

    def seen() -> list[str]:
        return [section.name for section in outline.contents(STRANGER).sections]

    assert seen() == ["Billing", "Care", "Orders"]
    assert pen.put("/api/writing/sections/order", json={"names": ["Orders", "Care"]}).status_code == 204
    assert seen() == ["Orders", "Care", "Billing"], "an order holds at once, though no article has changed"
    tree = pen.get("/api/writing/sections").json()
    assert names(tree["sections"]) == [["Orders", ["Returns"]], "Care", "Billing"]
    assert (tree["sections"][0]["articles"], tree["sections"][0]["size"]) == (2, 4)
    ids = [one["id"] for one in pen.get("/api/writing/sections/articles?section=Care").json()["items"]]
    pen.put("/api/writing/sections/articles", json={"section": ["Care"], "ids": ids[::-1]})
    care = next(section for section in outline.contents(STRANGER).sections if section.name == "Care")
    assert [entry.title for entry in care.articles] == ["Care 2", "Care 1"]
    house.indexed.clear()
    moved = pen.post(
        "/api/writing/sections/move", json={"section": ["Orders", "Returns"], "to": ["Care", "Sending back"]}
    )
    assert moved.json()["articles"] == 2
    assert len(house.indexed) == 2
    assert names(pen.get("/api/writing/sections").json()["sections"]) == [
        "Orders",
        ["Care", ["Sending back"]],
        "Billing",
    ]
    one = article(house, house.indexed[0])
    assert (one.section, one.version, one.version_why) == (["Care", "Sending back"], 3, "section")
    into = pen.post(
        "/api/writing/sections/move", json={"section": ["Care"], "to": ["Care", "Sending back", "Care"]}
    )
    assert "into itself" in into.json()["detail"]
    pen.post("/api/writing/sections", json={"section": ["Empty"]})
    assert pen.post("/api/writing/sections", json={"section": ["Empty"]}).status_code == 422
    assert names(pen.get("/api/writing/sections").json()["sections"])[-1] == "Empty"
    assert pen.delete("/api/writing/sections?section=Care").status_code == 422
    assert pen.delete("/api/writing/sections?section=Empty").status_code == 204


# Translations


def test_a_translation_is_begun_marked_and_out_of_date_when_its_original_changes(
    pen: TestClient, house: House
) -> None:
    id = live(pen, title="Return", body="Within 30 days.", section=["Orders"])
    made = pen.post(f"/api/writing/translations/{id}", json={"locale": "de"}).json()
    assert pen.post(f"/api/writing/translations/{id}", json={"locale": "de"}).status_code == 422
    assert pen.post(f"/api/writing/translations/{made['id']}", json={"locale": "fr"}).status_code == 422
    kept(pen, made["id"], title="Zurückgeben", body="Innerhalb von 30 Tagen.")
    assert published(pen, made["id"]).status_code == 200
    german = article(house, made["id"])
    assert (german.group, german.locale, german.section, german.slug) == (id, "de", ["Orders"], "return-de")

    def state() -> str:
        return str(pen.get("/api/writing/translations").json()["items"][0]["translations"][0]["state"])

    assert state() == "current"
    kept(pen, id, body="Within 14 days.")
    published(pen, id)
    assert state() == "old"
    assert [one["id"] for one in pen.get("/api/writing/translations?show=old").json()["items"]] == [id]
    assert [one["id"] for one in pen.get("/api/writing/articles?stale=translation").json()["items"]] == [
        made["id"]
    ]
    beside = pen.get(f"/api/writing/translation/{made['id']}").json()
    assert beside["original"]["body"] == "Within 14 days."
    assert [piece["text"] for piece in beside["changed"][0]["pieces"] if piece["kind"] != "same"] == [
        "30",
        "14",
    ]
    assert pen.post(f"/api/writing/translated/{made['id']}").json()["state"] == "current"
    assert state() == "current"
    missing = pen.get("/api/writing/translations?show=missing&locale=fr").json()["items"]
    assert [one["id"] for one in missing] == [id]
    assert pen.get("/api/writing/translations?show=missing&locale=de").json()["items"] == []
    assert pen.get(f"/api/writing/translation/{id}").status_code == 404


# Pictures


def test_pictures_are_taken_by_what_they_are_and_by_whom_they_come_from(
    pen: TestClient, house: House
) -> None:
    made = pen.post("/api/pictures?name=Shot.png", content=png())
    assert made.status_code == 201
    assert (made.json()["width"], made.json()["height"]) == (8, 6)
    assert pen.post("/api/pictures?name=x.png", content=b"<svg onload=alert(1)>").status_code == 415
    assert pen.post("/api/pictures", content=png(), headers=house.agent("Ben").headers).status_code == 403


# Import and export


def everything(database: Database) -> dict[str, Any]:
    """All that an export holds, but for when it was made."""
    with bundle.export(database) as file, zipfile.ZipFile(file) as zipped:
        held = {
            name: zipped.read(name).decode() for name in zipped.namelist() if name.endswith((".md", ".jsonl"))
        }
        manifest = json.loads(zipped.read("manifest.json"))
        pictures = [name for name in zipped.namelist() if name.startswith("pictures/")]
    for name in list(held):
        if name.startswith("desk/"):
            rows = [json.loads(line) for line in held[name].splitlines()]
            held[name] = json.dumps(sorted(json.dumps(row, sort_keys=True) for row in rows))
    return held | {"articles": manifest["articles"], "pictures": pictures}


def test_a_round_trip_loses_nothing(pen: TestClient, house: House, tmp_path: Path) -> None:
    picture = pen.post("/api/pictures?name=a.png", content=png()).json()["url"]
    odd = f'  indented\n\n---\n\n# A "title": yes\n\n![Shown]({picture})\n\n```\n---\n```\n\nLast. '
    id = live(
        pen, title='A "title": yes --- no', body=odd, section=["Orders / more", "Ünder"], locale="pt-BR"
    )
    kept(pen, id, body="Second.", labels=["a, b", "c"], slug="moved")
    published(pen, id)
    kept(pen, id, body="Not published yet.")
    other = live(pen, title="Other", body="Words.", audience="agents")
    pen.post(f"/api/writing/status/{other}", json={"status": "archived"})
    begun(pen, title="Draft", body="")
    made = pen.post(f"/api/writing/translations/{id}", json={"locale": "ar"}).json()
    pen.put("/api/writing/sections/order", json={"names": ["Orders / more"]})
    pen.put(
        "/api/writing/sections/articles",
        json={"section": ["Orders / more", "Ünder"], "ids": [made["id"], id]},
    )
    pen.post(f"/api/writing/appointments/{id}", json={"at": "2999-01-01T09:00", "zone": "Asia/Tokyo"})
    gone = live(pen, title="Gone", body="Deleted.")
    pen.delete(f"/api/writing/article/{gone}?redirect_to={id}")
    before = everything(house.database)
    answer = pen.get("/api/writing/export")
    assert answer.headers["content-type"] == "application/zip"
    elsewhere = Database(f"sqlite:///{tmp_path / 'other.db'}")
    elsewhere.migrate(tmp_path)
    brought = bundle.read(io.BytesIO(answer.content), "articles.zip")
    made_ready = bundle.ready(elsewhere, brought)
    with elsewhere.write() as session:
        done = bundle.bring_in(session, brought, made_ready, Viewer("a", "Ada", "admin"), prune=False)
    assert (len(done.added), done.failed, done.beside["pictures"]) == (4, [], 1)
    assert everything(elsewhere) == before
    with elsewhere.read() as session:
        again = bundle.plan(session, brought, prune=True)
    assert (again.added, again.changed, again.removed, again.unchanged) == ([], [], [], 4)
    elsewhere.close()
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        zipped.extractall(folder)
    third = Database(f"sqlite:///{tmp_path / 'third.db'}")
    third.migrate(tmp_path)
    report = bring_in(third, [str(folder)], prune=False)
    assert (report.added, report.failed) == (4, [])
    with third.read() as session:
        read = session.get_one(Article, id)
        assert (read.title, read.slug, read.locale, read.section) == (
            'A "title": yes --- no',
            "moved",
            "pt-BR",
            ["Orders / more", "Ünder"],
        )
    third.close()


@pytest.mark.parametrize(
    "front",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 6)),
        "".join(f"a{n}: x\n" for n in range(20_000)),
        "updated_at: 2026-99-99\n",
        "a: " + "[" * 5000 + "\n",
    ],
    ids=["aliases", "long", "no such day", "deep"],
)
def test_front_matter_that_costs_much_to_read_is_refused(front: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("manifest.json", json.dumps({"format": bundle.FORMAT, "version": 1}))
        for name, more in ("bad", front), ("good", ""):
            zipped.writestr(f"articles/{name}.md", f"---\nid: {name}\ntitle: A title\n{more}---\n\nWords.\n")
    out.seek(0)
    brought = bundle.read(out, "articles.zip")
    assert [one.id for one in brought.articles] == ["good"]
    assert [one["where"] for one in brought.failed] == ["articles/bad.md"]


def upload(pen: TestClient, name: str, data: bytes, **more: Any) -> Any:
    return pen.post("/api/writing/import", params={"name": name, **more}, content=data)


def test_nobody_waits_while_an_import_makes_pictures_and_texts_ready(
    pen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is slow is done before the write begins, and only for what is not here yet."""
    writing: list[int] = []
    inside: list[tuple[str, bool]] = []
    write = Database.write

    @contextmanager
    def noted_write(self: Database) -> Iterator[Session]:
        with write(self) as session:
            writing.append(1)
            try:
                yield session
            finally:
                writing.pop()

    def noted(module: Any, name: str) -> None:
        work = getattr(module, name)

        def act(*given: Any) -> Any:
            inside.append((name, bool(writing)))
            return work(*given)

        monkeypatch.setattr(module, name, act)

    monkeypatch.setattr(Database, "write", noted_write)
    noted(bundle, "read_upload")
    for module in (bundle, articles):
        noted(module, "clean_markdown")
    brought = {
        "manifest_dot_json": json.dumps({"format": "parley-articles", "version": 1}).encode(),
        "articles__a_dot_md": b"---\nid: bell\ntitle: Bell\n---\n\nRing it.\n",
        "pictures__file_7__x_dot_png": png(),
        "pictures__file_8__x_dot_png": b"<svg onload=alert(1)>",
    }
    told = upload(pen, "a.zip", zipped(**brought), dry_run=False).json()
    assert (told["counts"]["added"], told["beside"]["pictures"]) == (1, 1)
    assert [one["where"] for one in told["failed"]] == ["pictures/file_8/x.png"]
    assert inside == [("clean_markdown", False), ("read_upload", False), ("read_upload", False)]
    upload(pen, "a.zip", zipped(**brought), dry_run=False)
    assert inside[3:] == [("read_upload", False)]  # of the one that is not here


def test_an_import_says_first_what_it_would_do(pen: TestClient, house: House) -> None:
    id = live(pen, title="Bell", body="Ring it.")
    lines = [
        {"id": id, "title": "Bell", "body": "Pull it."},
        {"id": "new", "title": "New", "body": "Words."},
        {"id": "bad"},
    ]
    file = "\n".join(map(json.dumps, lines)).encode()
    looked = upload(pen, "a.jsonl", file).json()
    assert looked["counts"] == {"added": 1, "changed": 1, "removed": 0, "failed": 1, "unchanged": 0}
    assert looked["changed"][0]["fields"] == ["body"]
    assert article(house, id).body == "Ring it."
    assert upload(pen, "a.jsonl", file, prune=True).json()["counts"]["removed"] == 0, (
        "what failed may be what is missing"
    )
    house.indexed.clear()
    done = upload(pen, "a.jsonl", file, dry_run=False).json()
    assert done["done"]
    assert article(house, id).body == "Pull it."
    assert sorted(house.indexed) == sorted([id, "new"])
    only = json.dumps(lines[1]).encode()
    assert upload(pen, "a.jsonl", only, prune=True).json()["removed"] == [{"id": id, "title": "Bell"}]
    assert upload(pen, "a.jsonl", only, prune=True, dry_run=False).json()["counts"]["removed"] == 1
    markdown = upload(pen, "tyres.md", b"# Find the pressure\n\nIt stands on the tyre.", dry_run=False).json()
    assert markdown["added"][0]["title"] == "Find the pressure"


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


def test_files_that_are_no_articles_are_refused_in_a_line(pen: TestClient, house: House) -> None:
    for name, data in (
        ("a.exe", b"MZ"), ("a.zip", b"no zip"), ("a.jsonl", b""), ("a.zip", zipped(readme_dot_txt=b"x")),
        ("a.zip", zipped(manifest_dot_json=b'{"format": "parley-articles", "version": 99}')),
    ):  # fmt: skip
        answer = upload(pen, name, data, dry_run=False)
        assert answer.status_code == 422, name
        assert "/tmp" not in answer.json()["detail"]
    plain = upload(pen, "a.zip", zipped(guide__bell_dot_md=b"# Bell\n\nRing it."), dry_run=False).json()
    assert plain["counts"]["added"] == 1
    evil = {
        "manifest_dot_json": json.dumps({"format": "parley-articles", "version": 1}).encode(),
        "articles__a_dot_md": b"---\nid: evil\ntitle: Evil\n---\n\n<script>alert(1)</script>[x](javascript:alert(1))\n",
        "desk__drafts_dot_jsonl": b'{"id": "nobody", "fields": {}}\n{"id": "evil", "fields": 3}\n[]',
        "desk__versions_dot_jsonl": b'{"id": "evil", "number": "x"}',
        "desk__appointments_dot_jsonl": b'{"key": "k", "id": "evil", "at": "never"}',
        "pictures__file_9__x_dot_png": b"<svg onload=alert(1)>",
    }
    told = upload(pen, "a.zip", zipped(**evil), dry_run=False)
    assert told.json()["counts"]["added"] == 1
    assert "<script>" not in article(house, "evil").body
    assert pen.get("/files/file_9/x.png").status_code == 404


def test_only_admins_bring_in_and_take_out(client: TestClient, house: House) -> None:
    lead: Colleague = house.agent("Lea", "lead")
    client.headers.update(lead.headers)
    assert client.get("/api/writing/export").status_code == 403
    assert upload(client, "a.jsonl", b"{}").status_code == 403
    assert client.put("/api/writing/sections/order", json={"names": []}).status_code == 403
