"""Who sees what, on every door: articles of every audience and status are full of words that stand nowhere else, and
each of these words is shown exactly to those who may read its article.

Every address of the app is walked by a tour below, or named in SHOWS_NO_ARTICLE with the reason. A new address without
either fails `test_every_address_is_walked_or_said_to_show_no_article`: decide, and write a tour for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from help_center.database import Database
from help_center.owner import HEADER
from help_center.people import add_agent, new_api_token
from help_center.settings import Settings
from help_center.sources.base import AUDIENCES, STATUSES
from tests.conftest import Installation, Server, eventually, fresh_postgres

KEY = "a secret of forty characters, for a test"
PASSWORD = "a long password"
KINDS = ("title", "heading", "body", "label", "section")

SHOWS_NO_ARTICLE = {
    "POST /api/session": "signs in",
    "DELETE /api/session": "signs out",
    "GET /api/session": "who is signed in",
    "PUT /api/session/me": "gives back what the agent set",
    "GET /api/agents": "names of agents",
    "POST /api/agents": "gives back what the admin wrote",
    "PUT /api/agents/{id}": "gives back what the admin wrote",
    "GET /api/agents/{id}/tokens": "names and ends of tokens, to their agent and admins",
    "POST /api/agents/{id}/tokens": "a new token, once",
    "DELETE /api/tokens/{id}": "answers nothing",
    "GET /api/teams": "names of teams and agents",
    "POST /api/teams": "gives back what the admin wrote",
    "PUT /api/teams/{id}": "gives back what the admin wrote",
    "DELETE /api/teams/{id}": "answers nothing",
    "GET /api/desk": "settings, to admins",
    "GET /api/questions": "titles of articles, to admins, who read all of them",
    "POST /api/questions": "gives back what the admin wrote",
    "PUT /api/questions/{id}": "gives back what the admin wrote",
    "DELETE /api/questions/{id}": "answers nothing",
    "GET /api/questions/candidates": "titles of articles, to admins, who read all of them",
    "POST /api/questions/import": "counts",
    "GET /api/questions/export": "ids of articles, to admins",
    "POST /api/questions/runs": "counts",
    "GET /api/dial": "figures, to admins",
    "PUT /api/dial": "figures, to admins",
    "GET /api/site": "settings, to admins",
    "PUT /api/site": "gives back what the admin wrote",
    "POST /api/logo": "the address of the logo",
    "GET /api/site/colors": "colours",
    "GET /site.css": "colours",
    "PUT /api/desk": "gives back what the admin wrote",
    "GET /api/audit": "who did what; of an article its id, to leads",
    "GET /api/audit.csv": "who did what; of an article its id, to leads",
    "POST /api/conversations": "a greeting",
    "POST /api/conversations/{conversation_id}/files": "gives back what the customer sent",
    "POST /api/handoffs/{id}/files": "gives back what the agent sent",
    "GET /files/{id}/{name:path}": "what people sent to each other, and pictures by an address that cannot be guessed",
    "POST /widget/plain": "the way back to the page",
    "POST /widget/plain/person": "the way back to the page",
    "POST /widget/plain/resume": "the way back to the page",
    "POST /widget/plain/close": "the way back to the page",
    "POST /widget/plain/email": "the way back to the page",
    "POST /widget/plain/forget": "the way back to the page",
    "POST /api/customers/session": "a token",
    "GET /api/customers/me/conversations": "what the customer wrote first in each of their conversations",
    "GET /api/conversations/{conversation_id}/transcript": "what this customer was shown before",
    "POST /api/conversations/{conversation_id}/transcript": "an address",
    "POST /api/conversations/{conversation_id}/identify": "answers nothing",
    "POST /api/conversations/{conversation_id}/resume": "answers nothing",
    "POST /api/conversations/{conversation_id}/close": "answers nothing",
    "POST /api/conversations/{conversation_id}/contact": "answers nothing",
    "POST /api/conversations/{conversation_id}/typing": "answers nothing",
    "POST /api/conversations/{conversation_id}/read": "answers nothing",
    "POST /api/handoffs/{id}/read": "answers nothing",
    "POST /api/conversations/{conversation_id}/rating": "answers nothing",
    "POST /api/conversations/{conversation_id}/messages/{message_id}/feedback": "answers nothing",
    "POST /api/handoffs/{id}/reply": "gives back what the agent wrote",
    "POST /api/handoffs/{id}/note": "gives back what the agent wrote",
    "DELETE /api/handoffs/{id}/held/{message_id}": "gives back what the agent wrote",
    "POST /api/handoffs/{id}/held/{message_id}/send": "gives back what the agent wrote",
    "POST /api/handoffs/{id}/typing": "answers nothing",
    "GET /api/handoffs/{id}/earlier/{conversation_id}": "what the same customer was shown before, to agents",
    "GET /api/webhooks": "addresses, to admins",
    "POST /api/webhooks": "gives back what the admin wrote",
    "PUT /api/webhooks/{id}": "gives back what the admin wrote",
    "DELETE /api/webhooks/{id}": "answers nothing",
    "POST /api/webhooks/{id}/test": "whether it arrived",
    "GET /api/deliveries": "receivers and states, no contents, to admins",
    "POST /api/deliveries/{id}/retry": "a receiver and a state, to admins",
    "POST /api/handoffs/bulk": "ids and reasons, to agents",
    "GET /api/labels": "words of agents, to agents",
    "GET /api/canned": "what leads wrote, to agents",
    "POST /api/canned": "gives back what the lead wrote",
    "PUT /api/canned/{id}": "gives back what the lead wrote",
    "DELETE /api/canned/{id}": "answers nothing",
    "POST /api/handoffs/{id}/canned/{canned_id}": "what leads wrote, with the customer's name",
    "GET /api/handoffs/{id}/draft": "gives back what the agent wrote",
    "PUT /api/handoffs/{id}/draft": "answers nothing",
    "DELETE /api/handoffs/{id}/draft": "answers nothing",
    "POST /api/handoffs/{id}/presence": "names of agents",
    "POST /api/handoffs/{id}/seen": "answers nothing",
    "POST /api/handoffs/{id}/article": "gives back what agents wrote",
    "GET /api/article-drafts": "what agents began in the inbox, to agents; nothing of an import",
    "POST /api/writing/articles": "gives back what the lead wrote",
    "PUT /api/writing/draft/{id:path}": "counts and a name, to leads",
    "DELETE /api/writing/draft/{id:path}": "answers nothing",
    "POST /api/writing/publish/{id:path}": "the article, to the admin who publishes it",
    "POST /api/writing/status/{id:path}": "the article, to the admin who changes it",
    "POST /api/writing/restore/{id:path}": "the article, to the admin who restores it",
    "POST /api/writing/take-over/{id:path}": "the article, to the admin who takes it over",
    "POST /api/writing/bring-back/{id:path}": "the article, to the admin who brings it back",
    "DELETE /api/writing/article/{id:path}": "answers nothing",
    "POST /api/writing/appointments/{id:path}": "a time, to admins",
    "DELETE /api/writing/appointment/{id}": "answers nothing",
    "POST /api/writing/redirects": "what the admin chose",
    "DELETE /api/writing/redirect/{slug}": "answers nothing",
    "POST /api/writing/preview": "gives back what the lead wrote",
    "POST /api/writing/paste": "gives back what the lead pasted",
    "POST /api/writing/checks/{id:path}": "addresses that the lead wrote",
    "POST /api/writing/outside/{id:path}": "addresses that the lead wrote",
    "PUT /api/writing/sections/order": "answers nothing",
    "PUT /api/writing/sections/articles": "answers nothing",
    "POST /api/writing/sections": "gives back what the admin wrote",
    "POST /api/writing/sections/move": "gives back what the admin wrote",
    "DELETE /api/writing/sections": "answers nothing",
    "GET /api/writing/translation/{id:path}": "a translation and its original, to leads",
    "POST /api/writing/translations/{id:path}": "what the lead begins",
    "POST /api/writing/translated/{id:path}": "a version and a name, to leads",
    "GET /api/writing/export": "everything, to admins",
    "POST /api/writing/import": "what the admin brings in",
    "POST /api/pictures": "the address of what the lead sent",
    "POST /api/owner/sync": "counts; open to whoever can read the data dir",
}


# --- the articles ------------------------------------------------------------------------------------------


@cache
def secret(name: str) -> str:
    """A word that stands nowhere else, the same at every run."""
    dice = random.Random(name)
    return "z" + "".join(dice.choice("bdfgkmprtv") + dice.choice("aou") for _ in range(5)) + "x"


def misspelt(word: str) -> str:
    """The word with one typing error."""
    return word[:5] + ("s" if word[5] != "s" else "l") + word[6:]


@dataclass(frozen=True)
class Written:
    """An article, and its secret words by where they stand."""

    id: str
    audience: str = "public"
    status: str = "published"
    locale: str = "en"

    @property
    def words(self) -> dict[str, str]:
        return {kind: secret(f"{self.id} {kind}") for kind in KINDS}

    @property
    def slug(self) -> str:
        return f"velocipede-{self.words['title']}"

    @property
    def fields(self) -> dict[str, Any]:
        words = self.words
        return {
            "id": self.id, "audience": self.audience, "status": self.status, "locale": self.locale,
            "title": f"Velocipede {words['title']}", "labels": [words["label"]], "section": [f"Area {words['section']}"],
            "body": f"## How to oil the {words['heading']}\n\nEvery velocipede has a {words['body']}. Oil the {words['body']} on "
            "every Sunday before you ride.",
        }  # fmt: skip


ARTICLES = [
    Written(f"{audience} {status} {locale}", audience, status, locale)
    for audience in AUDIENCES
    for status in STATUSES
    for locale in ("en", "de")
    if locale == "en" or status == "published"  # what is not published is shown in no language
]
MOVING = "a moving article"  # beside them: it changes its audience and status


# --- the viewers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Viewer:
    """Somebody at the doors. `sees`: the audiences whose published articles they are shown."""

    name: str
    sees: frozenset[str]
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    cookies: dict[str, str] = field(default_factory=dict, hash=False)
    reads_all: bool = False  # drafts and archived articles, too, by their id

    def may_see(self, article: Written) -> bool:
        return article.status == "published" and article.audience in self.sees


@dataclass
class World:
    """A served help center, and everybody who comes to its doors.

    `whole`: everybody comes, and asks for every article. Else one comes for each audience and asks for the English articles:
    the doors ask another kind of database the same, and who somebody is they find out before they ask it.
    """

    installation: Installation
    server: Server
    database_url: str
    whole: bool

    @property
    def articles(self) -> list[Written]:
        """Those that are asked for one by one; lists and searches show all the others, too."""
        return [article for article in ARTICLES if self.whole or article.locale == "en"]

    @cached_property
    def people(self) -> list[Viewer]:
        """Who comes to the pages and to the search. A conversation's token proves nothing there."""
        public, everything = frozenset(["public"]), frozenset(AUDIENCES)
        tokens = self.tokens
        with self.server.client() as client:
            mine = {"email": "agent@example.org", "password": PASSWORD}
            signed_in = client.post("/api/session", json=mine).raise_for_status()
        proven = self.server.conversation(**self.proven)
        people = [
            Viewer("a stranger", public),
            Viewer("a proven customer", public, headers=proven.headers),
            Viewer(
                "a customer with a signed link", frozenset(["public", "customers"]), cookies=self.signed_in()
            ),
            Viewer("somebody with a link that ended", public, cookies=self.signed_in(seconds=-60)),
            Viewer("somebody with another's link", public, cookies=self.signed_in(said="eve")),
            Viewer("an agent with a token", everything, headers=tokens["agent"]),
            Viewer("an agent with a cookie", everything, cookies=dict(signed_in.cookies)),
            Viewer("an admin", everything, headers=tokens["admin"], reads_all=True),
        ]
        different = {(person.sees, person.reads_all): person for person in reversed(people)}
        return people if self.whole else [person for person in people if person in different.values()]

    @property
    def customers(self) -> list[tuple[Viewer, dict[str, Any]]]:
        """Who talks to the bot, and what their site says of them."""
        public, both = frozenset(["public"]), frozenset(["public", "customers"])
        forged = self.proven | {"customer": {"id": "eve"}}
        different = [(Viewer("a stranger", public), {}), (Viewer("a proven customer", both), self.proven)]
        return (
            [*different, (Viewer("somebody with another's proof", public), forged)]
            if self.whole
            else different
        )

    @property
    def proven(self) -> dict[str, Any]:
        proof = hmac.new(KEY.encode(), b"ada", hashlib.sha256).hexdigest()
        return {"customer": {"id": "ada"}, "user_hash": proof}

    def signed_in(self, seconds: int = 600, said: str = "ada") -> dict[str, str]:
        """The cookies that a signed link gives. `said`: who the link says that it is for, Ada's signature below it."""
        expires = int(time.time()) + seconds
        proof = hmac.new(KEY.encode(), f"help:{expires}:ada".encode(), hashlib.sha256).hexdigest()
        with self.server.client() as client:
            entered = client.get(
                "/help/enter", params={"customer": said, "expires": str(expires), "hash": proof}
            )
        return dict(entered.cookies)

    @cached_property
    def tokens(self) -> dict[str, dict[str, str]]:
        database = Database(self.database_url)
        with database.write() as session:
            made = {
                role: new_api_token(
                    session,
                    add_agent(session, f"{role}@example.org", name=None, role=role, password=PASSWORD),
                )
                for role in ("agent", "admin")
            }
        database.close()
        return {role: {"Authorization": f"Bearer {token}"} for role, token in made.items()}

    def client(self, viewer: Viewer) -> httpx.Client:
        return self.server.client(headers=viewer.headers, cookies=viewer.cookies)

    def put(self, article: Written) -> None:
        with self.server.client(headers=self.tokens["admin"]) as client:
            client.put(f"/api/articles/{article.id}", json=article.fields).raise_for_status()

    def delete(self, article: Written) -> None:
        with self.server.client(headers=self.tokens["admin"]) as client:
            client.delete(f"/api/articles/{article.id}").raise_for_status()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if request.param == "postgres":
        with fresh_postgres() as url:
            yield from served(tmp_path_factory.mktemp("postgres"), url)
    else:
        yield from served(tmp_path_factory.mktemp("sqlite"), None)


def served(folder: Path, database_url: str | None) -> Iterator[World]:
    env = {"PARLEY_SECRET_KEY": KEY, "PARLEY_MAX_WRONG": "0.999"}  # everything that is found is answered
    installation = Installation(folder, env | ({"PARLEY_DATABASE_URL": database_url} if database_url else {}))
    file = folder / "articles.jsonl"
    file.write_text("\n".join(json.dumps(article.fields) for article in [*ARTICLES, Written(MOVING)]))
    installation.parley("index", str(file))
    server = installation.serve()
    try:
        url = database_url or f"sqlite:///{folder / 'var' / 'parley.db'}"
        yield World(installation, server, url, whole=database_url is None)
    finally:
        installation.stop()


# --- the tours ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sight:
    """What one viewer was shown at one door.

    `must`: the kinds of words that stand there of every article of `of` that the viewer may see; `asked`: words that
    the viewer wrote, who therefore sees them again.
    """

    door: str
    viewer: Viewer
    text: str
    must: tuple[str, ...] = ()
    of: tuple[Written, ...] = tuple(ARTICLES)
    asked: frozenset[str] = frozenset()

    def faults(self) -> Iterator[str]:
        text = self.text.lower()
        for article in ARTICLES:
            shown = {kind for kind, word in article.words.items() if word in text and word not in self.asked}
            by_id = self.viewer.reads_all and self.door in READ_WHOLE
            if self.viewer.may_see(article) or by_id:
                missing = set(self.must) - shown if article in self.of else set()
                if missing:
                    yield f"{self.door} hides {sorted(missing)} of the article {article.id!r} from {self.viewer.name}"
            elif shown:
                yield f"{self.door} shows {sorted(shown)} of the article {article.id!r} to {self.viewer.name}"


READ_WHOLE = {
    "GET /api/articles/{id:path}"
}  # doors that show drafts and archived articles to who writes them
Tour = Callable[[World], Iterable[Sight]]
TOURS: dict[str, Tour] = {}
DOORS: set[str] = set()


def tour(*doors: str) -> Callable[[Tour], Tour]:
    """Says which doors a tour walks through."""

    def kept(walk: Tour) -> Tour:
        TOURS[walk.__name__] = walk
        DOORS.update(doors)
        return walk

    return kept


def expect(answer: httpx.Response, status: int, viewer: Viewer) -> None:
    asked = f"{answer.request.method} {answer.request.url.path}"
    assert answer.status_code == status, (
        f"{asked} answers {viewer.name} with {answer.status_code}, not {status}"
    )


def everything(response: httpx.Response) -> str:
    return f"{response.text}\n{dict(response.headers)}"


@tour("GET /api/search", "GET /api/suggest", "GET /help/search", "command search")
def searching(world: World) -> Iterator[Sight]:
    doors = {
        "/api/search": ("title", "body", "section"),
        "/api/suggest": ("title",),
        "/help/search": ("title", "body"),
    }
    for viewer in world.people:
        with world.client(viewer) as client:
            for door, must in doors.items():
                limit = {"/api/search": "50", "/api/suggest": "20"}.get(door)
                given = {"limit": limit} if limit else {}
                yield Sight(
                    f"GET {door}",
                    viewer,
                    everything(client.get(door, params={"q": "velocipede"} | given)),
                    must,
                )
                for article, kind in guesses(world):
                    answer = client.get(door, params={"q": misspelt(article.words[kind])})
                    must = () if door == "/api/suggest" and kind != "title" else (kind,)
                    yield Sight(f"GET {door}", viewer, everything(answer), must, (article,))
                begun = [
                    client.get(door, params={"q": article.words["title"][:6]}) for article in world.articles
                ]
                yield Sight(f"GET {door}", viewer, "\n".join(map(everything, begun)))
    stranger = world.people[0]
    hidden = next(article for article in ARTICLES if not stranger.may_see(article))
    for q, must in (("velocipede", ("title", "body")), (misspelt(hidden.words["body"]), ())):
        done = world.installation.parley("search", q, "--limit", "50", "--json")
        yield Sight("command search", stranger, done.stdout + done.stderr, must)


def guesses(world: World) -> Iterator[tuple[Written, str]]:
    """Whose words somebody who nearly knows them gets wrong, and which."""
    for article in world.articles:
        for kind in ("title", "body") if article.locale == "en" else ("heading",):
            yield article, kind


@tour(
    "GET /help",
    "GET /help/sections/{path:path}",
    "GET /help/articles/{slug}",
    "POST /help/articles/{slug}/feedback",
    "GET /widget/articles/{slug}",
)
def reading(world: World) -> Iterator[Sight]:
    for viewer in world.people:
        with world.client(viewer) as client:
            english = tuple(article for article in ARTICLES if article.locale == "en")
            home = client.get("/help")  # in the language that the reader would like, or that the site speaks
            yield Sight("GET /help", viewer, everything(home), ("title", "section"), english)
            for locale in ("en", "de"):
                of = tuple(article for article in ARTICLES if article.locale == locale)
                page = client.get("/help", params={"locale": locale})
                yield Sight("GET /help", viewer, everything(page), ("title", "section"), of)
            for article in world.articles:
                page = client.get(f"/help/articles/{article.slug}")
                expect(page, 200 if viewer.may_see(article) else 404, viewer)
                must = ("title", "heading", "body", "section")
                yield Sight("GET /help/articles/{slug}", viewer, everything(page), must, (article,))
                inside = client.get(f"/widget/articles/{article.slug}")
                expect(inside, 200 if viewer.may_see(article) else 404, viewer)
                must = ("title", "heading", "body")
                yield Sight("GET /widget/articles/{slug}", viewer, everything(inside), must, (article,))
                page = client.get(f"/help/sections/area-{article.words['section']}")
                expect(page, 200 if viewer.may_see(article) else 404, viewer)
                door = "GET /help/sections/{path:path}"
                yield Sight(door, viewer, everything(page), ("title", "section"), (article,))
                voted = client.post(f"/help/articles/{article.slug}/feedback", data={"helpful": "true"})
                expect(voted, 303 if viewer.may_see(article) else 404, viewer)
                yield Sight("POST /help/articles/{slug}/feedback", viewer, everything(voted))


@tour(
    "GET /help/enter",
    "GET /robots.txt",
    "GET /sitemap.xml",
    "GET /sitemap-{number}.xml",
    "GET /help/feed.atom",
)
def as_machines(world: World) -> Iterator[Sight]:
    """Whoever asks: what machines are told is for everybody."""
    doors = {
        "/help/enter": (), "/robots.txt": (), "/sitemap.xml": ("title",), "/sitemap-{number}.xml": ("title",),
        "/help/feed.atom": ("title", "body"),
    }  # fmt: skip
    for viewer in world.people:
        everybody = Viewer(f"{viewer.name}, as everybody", frozenset(["public"]))
        with world.client(viewer) as client:
            for door, must in doors.items():
                answer = client.get(door.replace("{number}", "1"))
                expect(answer, 403 if door == "/help/enter" else 200, viewer)
                yield Sight(f"GET {door}", everybody, everything(answer), must)


@tour(
    "GET /api/articles", "GET /api/articles/{id:path}", "GET /api/articles/{id:path}/figures",
    "POST /api/articles/{id:path}/feedback",
    "PUT /api/articles/{id:path}", "DELETE /api/articles/{id:path}", "POST /api/articles/{id:path}/impact",
)  # fmt: skip
def over_http(world: World) -> Iterator[Sight]:
    for viewer in world.people:
        with world.client(viewer) as client:
            listed = client.get("/api/articles", params={"limit": "200"})
            yield Sight("GET /api/articles", viewer, everything(listed), ("title", "section", "label"))
            pages, cursor = "", None
            while True:  # the cursors say where a page ends: they too may only name what may be seen
                page = client.get(
                    "/api/articles", params={"limit": "1"} | ({"cursor": cursor} if cursor else {})
                )
                pages += everything(page)
                cursor = page.json()["next"]
                if cursor is None:
                    break
            yield Sight("GET /api/articles", viewer, pages, ("title", "section", "label"))
            for article in world.articles:
                address = f"/api/articles/{article.id}"
                inside = client.get("/api/articles", params={"section": f"Area {article.words['section']}"})
                assert len(inside.json()["items"]) == viewer.may_see(article)
                read = client.get(address)
                expect(read, 200 if viewer.may_see(article) or viewer.reads_all else 404, viewer)
                yield Sight("GET /api/articles/{id:path}", viewer, everything(read), KINDS, (article,))
                voted = client.post(f"{address}/feedback", json={"helpful": True})
                expect(voted, 204 if viewer.may_see(article) else 404, viewer)
                yield Sight("POST /api/articles/{id:path}/feedback", viewer, everything(voted))
                figures = client.get(f"{address}/figures")
                refused = 403 if "an agent" in viewer.name else 401
                expect(figures, 200 if viewer.reads_all else refused, viewer)
                yield Sight("GET /api/articles/{id:path}/figures", viewer, everything(figures))
            if not viewer.reads_all:
                for article in world.articles:
                    for method in ("PUT", "DELETE"):
                        refused = client.request(method, f"/api/articles/{article.id}", json=None)
                        assert refused.status_code in {401, 403}
                        yield Sight(f"{method} /api/articles/{{id:path}}", viewer, everything(refused))
                    refused = client.post(f"/api/articles/{article.id}/impact", json={})
                    assert refused.status_code in {401, 403}
                    yield Sight("POST /api/articles/{id:path}/impact", viewer, everything(refused))


AT_THE_DESK = {
    f"{method} /api/writing/{path}"
    for method, path in (
        ("GET", "articles"), ("GET", "choices"), ("GET", "deleted"), ("GET", "redirects"), ("GET", "article/{id:path}"),
        ("GET", "versions/{id:path}"), ("POST", "compare/{id:path}"), ("GET", "sections"), ("GET", "sections/articles"),
        ("GET", "translations"), ("GET", "links"),
    )
}  # fmt: skip
READ_WHOLE |= AT_THE_DESK


@tour(*AT_THE_DESK)
def at_the_desk(world: World) -> Iterator[Sight]:
    """Who writes articles sees them all; nobody else sees one of them there."""
    for viewer in world.people:
        with world.client(viewer) as client:
            for door in sorted(AT_THE_DESK):
                method, path = door.split(" ")
                for article in world.articles if "{id" in path else world.articles[:1]:
                    address = path.replace("{id:path}", article.id)
                    answer = client.request(
                        method, address, json={"body": "New."} if method == "POST" else None
                    )
                    expect(
                        answer, 200 if viewer.reads_all else 403 if "agent" in viewer.name else 401, viewer
                    )
                    yield Sight(door, viewer, everything(answer))


@tour(
    "POST /api/conversations/{conversation_id}/messages", "GET /api/conversations/{conversation_id}",
    "GET /api/conversations/{conversation_id}/events", "POST /api/conversations/{conversation_id}/escalate",
    *(f"POST /api/handoffs/{{id}}/{step}" for step in ("claim", "release", "assign", "snooze", "priority", "team", "labels", "return", "resolve")),
    "GET /api/handoffs", "GET /api/handoffs/{id}", "GET /api/inbox/events", "command ask", "POST /api/owner/ask",
    "POST /api/owner/ranking",
)  # fmt: skip
def talking(world: World) -> Iterator[Sight]:
    with ThreadPoolExecutor(4) as pool:
        talks = [
            pool.submit(lambda *given: list(talk(*given)), world, viewer, given, article)
            for viewer, given in world.customers
            for article in world.articles
            if article.locale == "en"
        ]
        for one in talks:
            yield from one.result()
    agent = Viewer("an agent with a token", frozenset(AUDIENCES), headers=world.tokens["agent"])
    with world.client(agent) as client:
        for status in ("waiting", "claimed", "returned", "resolved"):
            queue = client.get("/api/handoffs", params={"status": status, "limit": "100"})
            yield Sight("GET /api/handoffs", agent, everything(queue))
        yield Sight("GET /api/inbox/events", agent, events(client, "/api/inbox/events"))
    yield from from_the_command_line(world)


@tour("GET /widget/plain")
def talking_without_scripts(world: World) -> Iterator[Sight]:
    stranger = world.people[0]
    for article in world.articles:
        if article.locale != "en":
            continue
        asked = frozenset([article.words["title"]])
        with world.server.client(follow_redirects=True) as client:
            proof = re.search(r'name="proof" value="([^"]*)"', client.get("/widget/plain").text)
            assert proof
            text = f"How do I oil {article.words['title']}, the velocipede {article.words['title']}?"
            page = client.post("/widget/plain", data={"proof": proof[1], "text": text})
        yield Sight("GET /widget/plain", stranger, everything(page), ("heading", "body"), (article,), asked)


def talk(world: World, viewer: Viewer, given: dict[str, Any], article: Written) -> Iterator[Sight]:
    """One conversation about one article: with its words misspelt, with its title as it is, and with a person at last."""
    words = article.words
    door = "POST /api/conversations/{conversation_id}/messages"
    conversation = world.server.conversation(**given)
    begun = f"/api/conversations/{conversation.id}"
    with world.server.client(headers=conversation.headers) as client:
        for kind in KINDS:
            said = client.post(f"{begun}/messages", json={"text": f"Where is the {misspelt(words[kind])}?"})
            yield Sight(door, viewer, everything(said))
        asked = frozenset([words["title"]])
        question = {"text": f"How do I oil {words['title']}, the velocipede {words['title']}?"}
        conversation = world.server.conversation(**given)
        begun = f"/api/conversations/{conversation.id}"
        client.headers.update(conversation.headers)
        said = client.post(f"{begun}/messages", json=question)
        yield Sight(door, viewer, everything(said), ("heading", "body"), (article,), asked)
        streamed = client.post(
            f"{begun}/messages",
            json={"text": f"And what is the {misspelt(words['body'])}?"},
            headers={"Accept": "text/event-stream"},
        )
        yield Sight(door, viewer, everything(streamed), asked=asked)
        called = client.post(f"{begun}/escalate")
        yield Sight(
            "POST /api/conversations/{conversation_id}/escalate", viewer, everything(called), asked=asked
        )
        yield Sight(
            "GET /api/conversations/{conversation_id}",
            viewer,
            everything(client.get(begun)),
            ("body",),
            (article,),
            asked,
        )
        last = client.get(begun).json()["messages"][-1]["id"]
        yield Sight(
            "GET /api/conversations/{conversation_id}/events", viewer, events(client, f"{begun}/events", last), ("body",),
            (article,), asked,
        )  # fmt: skip
        handoff = f"/api/handoffs/{client.get(begun).json()['handoff']['id']}"
    # what an agent is given to answer with is for the customer: it holds nothing that the customer may not see. Of one whom the
    # site vouched for it names the earlier conversations, too, with the questions as they were asked
    if "user_hash" in given:
        asked = frozenset(one.words["title"] for one in ARTICLES if one.locale == "en")
    with world.server.client(headers=world.tokens["agent"]) as client:
        yield Sight(
            "GET /api/handoffs/{id}", viewer, everything(client.get(handoff)), ("body",), (article,), asked
        )
        me = client.get("/api/session").json()["agent"]["id"]
        said = {
            "assign": {"agent_id": me}, "priority": {"priority": "high"}, "team": {"team_id": None}, "snooze": {"until": None},
            "labels": {"add": ["seen"]},
        }  # fmt: skip
        for step in ("claim", "release", "assign", "priority", "team", "labels", "snooze", "return"):
            packet = client.post(f"{handoff}/{step}", json=said.get(step))
            assert packet.status_code == 200, packet.text
            yield Sight(
                f"POST /api/handoffs/{{id}}/{step}", viewer, everything(packet), ("body",), (article,), asked
            )
    with world.server.client(headers=conversation.headers) as client:
        again = client.post(f"{begun}/escalate").json()["handoff_id"]
    with world.server.client(headers=world.tokens["agent"]) as client:
        client.post(f"/api/handoffs/{again}/claim").raise_for_status()
        packet = client.post(f"/api/handoffs/{again}/resolve")
        yield Sight(
            "POST /api/handoffs/{id}/resolve", viewer, everything(packet), ("body",), (article,), asked
        )


def events(client: httpx.Client, path: str, last: str = "") -> str:
    """Everything that has happened so far, as the stream tells it to somebody who missed all of it: with `last`."""

    def heard() -> str:
        told = ""
        quiet = httpx.Timeout(60, read=0.5)
        with (
            contextlib.suppress(httpx.ReadTimeout),
            client.stream("GET", path, headers={"Last-Event-ID": "0"}, timeout=quiet) as stream,
        ):
            assert stream.status_code == 200
            for text in stream.iter_text():
                told += text
        return told if last in told else ""

    return str(eventually(heard))


def from_the_command_line(world: World) -> Iterator[Sight]:
    """As `parley ask` gets it: a stranger, whoever sits at the keyboard."""
    stranger = Viewer("somebody at the command line", frozenset(["public"]))
    hidden = next(
        article for article in ARTICLES if article.audience == "customers" and article.status == "published"
    )
    done = world.installation.parley("ask", f"How do I oil the {misspelt(hidden.words['body'])}?", "--json")
    yield Sight("command ask", stranger, done.stdout + done.stderr)
    lock = json.loads((world.installation.folder / "var" / "owner.lock").read_text())
    with world.server.client(headers={HEADER: lock["secret"]}) as client:
        for article in world.articles:
            asked = frozenset([article.words["title"]])
            query = {"query": f"How do I oil the velocipede {article.words['title']}?"}
            for door, must in (("ask", ("body",)), ("ranking", ("body", "section"))):
                answer = client.post(f"/api/owner/{door}", json=query).raise_for_status()
                yield Sight(f"POST /api/owner/{door}", stranger, everything(answer), must, (article,), asked)


@tour("GET /v1/models", "GET /v1/models/{name}", "POST /v1/chat/completions")
def with_an_openai_client(world: World) -> Iterator[Sight]:
    """`parley` answers everybody from what is public; `parley-agent` a token's owner from what they may read."""
    for viewer in world.people:
        as_stranger = replace(viewer, sees=frozenset(["public"]))
        with world.client(viewer) as client:
            for address in ("/v1/models", "/v1/models/parley"):
                door = "GET /v1/models" + ("/{name}" if address.count("/") == 3 else "")
                yield Sight(door, viewer, everything(client.get(address)))
            for article in world.articles:
                if article.locale != "en":
                    continue
                question = f"How do I oil {article.words['title']}, the velocipede {article.words['title']}?"
                asked = frozenset([article.words["title"]])
                for model, seer in (("parley", as_stranger), ("parley-agent", viewer)):
                    body = {"model": model, "messages": [{"role": "user", "content": question}]}
                    answer = client.post("/v1/chat/completions", json=body)
                    agent = "agents" in viewer.sees
                    expect(answer, 200 if agent else 401, viewer)
                    must = ("body",) if agent else ()
                    yield Sight(
                        "POST /v1/chat/completions", seer, everything(answer), must, (article,), asked
                    )


@tour("POST /mcp")
def with_the_model_context_protocol(world: World) -> Iterator[Sight]:
    accept = {"Accept": "application/json, text/event-stream"}
    for someone in world.people:
        if not someone.cookies and someone.name == "a proven customer":
            continue  # a conversation's token opens nothing here, and is told so
        viewer = replace(someone, sees=frozenset(["public"])) if someone.cookies else someone

        def call(client: httpx.Client, tool: str, **arguments: Any) -> str:
            params = {"name": tool, "arguments": arguments}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            return everything(client.post("/mcp", json=body, headers=accept).raise_for_status())

        with world.client(someone) as client:
            found = call(client, "search_help_center", query="velocipede", limit=20)
            yield Sight("POST /mcp", viewer, found, ("title", "body", "section"))
            for article in world.articles:
                for name in (article.id, article.slug, f"/help/articles/{article.slug}"):
                    read = call(client, "read_article", article=name)
                    yield Sight("POST /mcp", viewer, read, ("title", "body", "label"), (article,))
                if article.locale == "en":
                    question = (
                        f"How do I oil {article.words['title']}, the velocipede {article.words['title']}?"
                    )
                    asked = frozenset([article.words["title"]])
                    told = call(client, "ask", question=question)
                    yield Sight("POST /mcp", viewer, told, ("body",), (article,), asked)


PLAIN = [  # addresses without parameters that are the same for everybody, or show figures
    "GET /", "GET /widget.js", "GET /widget/chat", "GET /widget/panel.js", "GET /widget/colors.css", "GET /docs", "GET /openapi.json", "GET /metrics", "GET /healthz",
    "GET /readyz", "GET /favicon.ico", "GET /inbox", "GET /insights", "GET /api/insights",
    "GET /manage", "GET /manage/preview",
]  # fmt: skip


@tour(*PLAIN)
def looking_around(world: World) -> Iterator[Sight]:
    for viewer in world.people:
        with world.client(viewer) as client:
            for door in PLAIN:
                yield Sight(door, viewer, everything(client.get(door.removeprefix("GET "))))
            for unknown in (
                "/help/articles/nothing",
                "/help/sections/nothing",
                "/api/articles/nothing",
                "/nothing",
            ):
                answer = client.get(unknown)
                expect(answer, 404, viewer)
                yield Sight("an address that leads nowhere", viewer, everything(answer))


# --- the tests ---------------------------------------------------------------------------------------------


def addresses(app: FastAPI) -> set[str]:
    """`METHOD /path` of everything that the app answers; the program's own files are left out."""
    found = set()
    for route in app.routes:
        inside = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        for one in inside:
            methods = set(getattr(one, "methods", None) or ())
            if not methods and not str(getattr(one, "path", "")).startswith("/static/"):
                methods = {"MOUNTED"}
            found |= {f"{method} {one.path}" for method in methods - {"HEAD"}}
    return found


def test_every_address_is_walked_or_said_to_show_no_article(tmp_path: Path) -> None:
    from bot.app import create_app
    from bot.house import House

    house = House(Settings(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]
    try:
        there = addresses(create_app(house))
    finally:
        house.close()
    assert len(there) > 40
    decided = {door for door in DOORS if not door.startswith("command ")} | SHOWS_NO_ARTICLE.keys()
    assert sorted(there - decided) == [], (
        "a new address: who may see which articles there? Write a tour for it"
    )
    assert sorted(decided - there) == [], "these addresses are gone"


@pytest.mark.slow
def test_a_word_is_shown_exactly_to_those_who_may_read_its_article(world: World) -> None:
    faults: dict[str, None] = {}
    walked = set()
    for walk in TOURS.values():
        for sight in walk(world):
            walked.add(sight.door)
            faults |= dict.fromkeys(sight.faults())
    assert list(faults) == []
    assert DOORS - walked == set(), "said to be walked, and was not"


STEPS = [
    Written(MOVING),
    Written(MOVING, audience="agents"),
    Written(MOVING, audience="customers"),
    Written(MOVING, locale="de"),
    Written(MOVING, status="draft"),
    Written(MOVING, audience="customers"),
    Written(MOVING, audience="customers", status="archived"),
    Written(MOVING, audience="agents"),
    None,
    Written(MOVING),
    None,
]


def test_a_change_closes_and_opens_every_door_at_once(world: World) -> None:
    for article in STEPS:
        if article is None:
            world.delete(Written(MOVING))
        else:
            world.put(article)
        assert shown_at(world, article) == {}, f"after it became {article}"


@pytest.mark.slow
def test_indexing_a_folder_again_closes_and_opens_every_door(world: World, tmp_path: Path) -> None:
    file = tmp_path / "moving.jsonl"
    for article in (Written(MOVING), Written(MOVING, audience="agents"), Written(MOVING, status="draft")):
        file.write_text(json.dumps(article.fields))
        world.installation.parley("index", str(file))
        assert shown_at(world, article) == {}, f"after it became {article}"
    file.write_text(json.dumps({"id": "other", "title": "Other", "body": "Other."}))
    world.installation.parley("index", str(file), "--prune")
    assert shown_at(world, None) == {}


def shown_at(world: World, article: Written | None) -> dict[str, list[str]]:
    """Doors that show the moving article to whom they should not, or hide it from whom they should show it."""
    one = article or Written(MOVING)
    words = one.words
    wrong: dict[str, list[str]] = {}

    def judge(door: str, viewer: Viewer, text: str, word: str) -> None:
        if (word in text.lower()) != (article is not None and viewer.may_see(article)):
            wrong.setdefault(door, []).append(viewer.name)

    for viewer in world.people:
        with world.client(viewer) as client:
            found = client.get(
                "/api/search", params={"q": f"oil the {misspelt(words['body'])}", "limit": "50"}
            )
            judge("search", viewer, found.text, words["body"])
            judge(
                "suggest",
                viewer,
                client.get("/api/suggest", params={"q": words["title"][:7]}).text,
                words["title"],
            )
            searched = client.get("/help/search", params={"q": f"velocipede {misspelt(words['title'])}"})
            judge("search page", viewer, searched.text, words["title"])
            home = client.get("/help", params={"locale": one.locale})
            judge("contents", viewer, home.text, words["title"])
            judge("page", viewer, client.get(f"/help/articles/{one.slug}").text, words["body"])
            judge(
                "section", viewer, client.get(f"/help/sections/area-{words['section']}").text, words["title"]
            )
            listed = client.get("/api/articles", params={"section": f"Area {words['section']}"})
            judge("articles", viewer, listed.text, words["title"])
            everybody = Viewer(viewer.name, frozenset(["public"]))
            judge("sitemap", everybody, client.get("/sitemap.xml").text, words["title"])
            judge("feed", everybody, client.get("/help/feed.atom").text, words["body"])
            if not viewer.reads_all:
                judge("article", viewer, client.get(f"/api/articles/{MOVING}").text, words["body"])
    for viewer, given in world.customers:
        told = world.server.conversation(**given).say(
            f"How do I oil {words['title']}, the velocipede {words['title']}?"
        )
        judge("bot", viewer, json.dumps(told), words["body"])
    return wrong
