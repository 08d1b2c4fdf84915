"""The conversation as a page of forms: everything that matters works without a script, and no other site can use it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from bot.channels.widget.plain import WORDS, words_of
from tests.bot.conftest import Serve
from tests.bot.support import Service

PATH = "/widget/plain"


class Reader:
    """A browser that runs no script: cookies, forms and links."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.look()

    def look(self) -> str:
        answer = self.client.get(PATH)
        assert answer.status_code == 200
        self.page = answer.text
        return self.page

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, name
        return html.unescape(found[1])

    def send(self, path: str = "", **fields: str) -> httpx.Response:
        given = {"proof": self.field("proof"), "client_id": self.field("client_id")} | fields
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = self.client.post(PATH + path, data=given, headers=headers, follow_redirects=True)
        self.page = answer.text
        return answer


@pytest.fixture
def reader(service: Service) -> Iterator[Reader]:
    with service.client(headers={"Accept-Language": "en"}) as client:
        yield Reader(client)


def test_a_whole_conversation_without_a_script(service: Service, reader: Reader) -> None:
    assert "<script" not in reader.page
    reader.send(text="How do I mend a <b>flat tyre</b>?")
    assert "&lt;b&gt;flat tyre&lt;/b&gt;" in reader.page
    assert "Sources" in reader.page
    assert re.search(r'<ol class="sources">\s*<li><a href="/help/articles/', reader.page)
    reader.send("/person")
    assert "you are next" in reader.page
    agent = service.agent()
    with service.client(headers=agent) as desk:
        (waiting,) = desk.get("/api/handoffs", params={"status": "waiting"}).json()["items"]
        path = f"/api/handoffs/{waiting['id']}"
        desk.post(f"{path}/claim").raise_for_status()
        desk.post(f"{path}/reply", json={"text": "Use **three** levers."}).raise_for_status()
        label = desk.post(f"{path}/files", params={"name": "label.pdf"}, content=b"%PDF-1.4").json()
        reply = desk.post(f"{path}/reply", json={"files": [label["id"]]}).json()
        assert "<strong>three</strong>" in reader.look()
        assert desk.get(path).json()["read"]["customer"]["message_id"] == reply["id"]
    url = re.search(r'href="(/files/[^"]+label\.pdf[^"]*)"', reader.page)
    assert url
    assert reader.client.get(html.unescape(url[1])).content == b"%PDF-1.4"
    reader.send(text="Thank you")
    reader.send("/close")
    assert words_of("en")["ended"] in reader.page
    reader.send("/forget")
    assert "flat tyre" not in reader.page
    assert "parley_plain" not in reader.client.cookies


def test_the_same_form_sent_twice_says_it_once(reader: Reader) -> None:
    reader.send(text="First")
    fields = {"proof": reader.field("proof"), "client_id": reader.field("client_id"), "text": "Hello there"}
    for _ in range(2):
        reader.send(**fields)
    assert reader.page.count(">Hello there<") == 1


def test_what_another_site_or_another_visitor_sends_is_refused(service: Service, reader: Reader) -> None:
    reader.send(text="Hello")
    given = {"proof": reader.field("proof"), "text": "Not mine"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert reader.client.post(PATH, data=given, headers=headers).status_code == 403
    for proof in ("", "x", given["proof"] + "x"):
        assert reader.client.post(PATH, data=given | {"proof": proof}).status_code == 403
    with service.client() as other:
        assert other.post(PATH, data=given).status_code == 403, "a proof is of one conversation"
    assert "Not mine" not in reader.look()
    cookie = reader.client.get(PATH).headers  # nothing sets it anew
    assert "set-cookie" not in cookie


def test_the_cookie_is_out_of_scripts_reach_and_a_forged_one_opens_nothing(service: Service) -> None:
    with service.client() as client:
        proof = re.search(r'name="proof" value="([^"]*)"', client.get(PATH).text)
        assert proof
        answer = client.post(PATH, data={"proof": html.unescape(proof[1]), "text": "Hello"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}#end")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert f"path={PATH}" in cookie
        assert "max-age" not in cookie, "it ends with the browser"
    with service.client(cookies={"parley_plain": "forged"}) as client:
        page = client.get(PATH)
        assert page.headers["cache-control"] == "no-store"
        assert "Hello" not in page.text


def test_behind_a_proxy_with_https_the_cookie_goes_over_https_only(serve: Serve) -> None:
    with serve(trusted_proxies="127.0.0.1").client() as client:
        for spoken in ("https", "http"):
            proof = re.search(r'name="proof" value="([^"]*)"', client.get(PATH).text)
            assert proof
            sent = {"proof": html.unescape(proof[1]), "text": "Hello"}
            answer = client.post(PATH, data=sent, headers={"X-Forwarded-Proto": spoken})
            assert ("; secure" in answer.headers["set-cookie"].lower()) == (spoken == "https")
            client.cookies.clear()


def test_a_fault_is_told_on_the_page_and_what_was_written_stays(reader: Reader) -> None:
    answer = reader.send(text="x" * 8001)
    assert answer.status_code == 422
    assert 'role="alert"' in reader.page
    assert "x" * 8001 in reader.page
    assert reader.send("/email", email="no address").status_code == 422
    assert "no e-mail address" in reader.page


@pytest.mark.parametrize("language", sorted(file.stem for file in WORDS.glob("*.js")))
def test_every_language_has_the_words_of_the_page(service: Service, language: str) -> None:
    with service.client(headers={"Accept-Language": language}) as client:
        reader = Reader(client)
        assert f'lang="{language}"' in reader.page
        reader.send(text="Hello")
        for path in ("/person", "/resume", "/close"):
            assert reader.send(path).status_code == 200
        assert (
            html.escape(words_of(language)["ended"]) in reader.page
            or words_of(language)["ended"] in reader.page
        )
