"""Articles come in from addresses and exports: Zendesk Guide, Intercom, sitemaps and sites, over real HTTP."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from help_center.sources import fetching, open_source
from help_center.sources.base import Failure, SourceArticle, SourceError

HTML = "text/html; charset=utf-8"


@dataclass
class Site:
    """A server that answers what `pages` holds: path -> (status, content type, body), or a list of such, one a call."""

    url: str
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def page(self, path: str, body: str | bytes, kind: str = HTML, status: int = 200, **headers: str) -> None:
        self.pages[path] = (status, kind, body.encode() if isinstance(body, str) else body, headers)

    def json(self, path: str, told: Any) -> None:
        self.page(path, json.dumps(told), "application/json")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(fetching.time, "sleep", lambda seconds: None)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            found = made.pages.get(self.path, (404, HTML, b"nothing here", {}))
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
            status, kind, body, headers = found
            self.send_response(status)
            for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def read(spec: str) -> tuple[dict[str, SourceArticle], list[Failure]]:
    found = list(open_source(spec).read())
    failures = [one for one in found if isinstance(one, Failure)]
    return {one.id: one for one in found if isinstance(one, SourceArticle)}, failures


def zendesk(id: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "title": f" Article {id}", "body": f"<p>Body &amp; <b>{id}</b></p><script>x()</script>", "locale": "en-us",
        "source_locale": "en-us", "html_url": f"https://acme.zendesk.com/hc/en-us/articles/{id}", "section_id": 20,
        "user_segment_id": None, "draft": False, "label_names": ["a"], "updated_at": "2026-01-02T03:04:05Z",
    } | more  # fmt: skip


PLACES = {
    "sections": [
        {"id": 20, "name": "Returns", "parent_section_id": 21, "category_id": 30},
        {"id": 21, "name": "Orders", "parent_section_id": None, "category_id": 30},
    ],
    "categories": [{"id": 30, "name": "Shop"}],
}


def test_zendesk_is_read_page_by_page_with_its_sections_and_nothing_restricted_becomes_public(
    site: Site,
) -> None:
    first = "/api/v2/help_center/articles.json?per_page=100&include=sections,categories"
    site.json(
        first,
        PLACES
        | {
            "articles": [zendesk(1), zendesk(2, user_segment_id=9), "no object"],
            "next_page": f"{site.url}/two",
        },
    )
    last = [zendesk(3, draft=True), zendesk(1, locale="de", title="Artikel"), zendesk(4, title=None)]
    site.json("/two", {"articles": last, "next_page": "http://elsewhere.example/three"})
    found, failures = read(f"{site.url}/hc/en-us")
    assert set(found) == {"1", "2", "3", "1-de"}
    assert found["1"].title == "Article 1"
    assert found["1"].body == "Body & **1**"
    assert found["1"].section == ("Shop", "Orders", "Returns")
    assert (found["1"].locale, found["1"].labels, found["1"].audience) == ("en-US", ("a",), "public")
    assert found["1"].updated_at is not None
    assert found["2"].audience == "agents"
    assert found["3"].status == "draft"
    assert (found["1-de"].locale, found["1-de"].translation_of) == ("de", "1")
    assert {failure.where for failure in failures} == {"article 3", "article 4"}
    assert site.asked == [first, "/two"], "the site is not left"


def test_a_zendesk_cursor_is_followed_and_a_busy_server_asked_again(site: Site) -> None:
    first = "/api/v2/help_center/articles.json?per_page=100&include=sections,categories"
    site.json(
        "/more",
        {"articles": [zendesk(2)], "meta": {"has_more": False}, "links": {"next": f"{site.url}/never"}},
    )
    site.json("/ok", {"articles": [zendesk(1)], "meta": {"has_more": True}, "links": {"next": "/more"}})
    site.pages[first] = [(429, HTML, b"", {"Retry-After": "1"}), (503, HTML, b"", {}), site.pages["/ok"]]
    found, _ = read(f"{site.url}/hc")
    assert set(found) == {"1", "2"}
    assert site.asked == [first, first, first, "/more"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("zendesk", PLACES | {"articles": [zendesk(1), zendesk(1, locale="de", title="Artikel")]}),
        (
            "intercom",
            {
                "type": "list",
                "data": [
                    {
                        "type": "article", "id": "1", "title": "Article 1", "body": "<p>Body &amp; <b>1</b></p>",
                        "state": "published", "url": "https://help.acme.example/1", "parent_id": 21, "default_locale": "en",
                        "updated_at": 1767323045,
                        "translated_content": {
                            "type": "article_translated_content",
                            "de": {"type": "article_content", "title": "Artikel", "body": "<p>Text</p>", "state": "draft"},
                            "fr": {"type": "article_content", "title": "", "body": "", "state": "draft"},
                        },
                    }
                ],
                "collections": [{"id": 21, "name": "Orders", "parent_id": 30}, {"id": 30, "name": "Shop", "parent_id": None}],
            },
        ),
    ],
)  # fmt: skip
def test_exports_are_told_apart_by_what_is_in_them(tmp_path: Path, name: str, told: Any) -> None:
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps(told))
    found, failures = read(str(file))
    assert failures == []
    assert set(found) == {"1", "1-de"}
    assert found["1"].body == "Body & **1**"
    assert found["1"].section[:2] == ("Shop", "Orders")
    assert found["1"].updated_at is not None
    assert found["1"].updated_at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert found["1-de"].translation_of == "1"
    assert found["1-de"].status == ("draft" if name == "intercom" else "published")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ('{"a": 1}', "is neither a Zendesk export"),
        ('{"articles": []}', "no article that can be read"),
    ],
)
def test_a_file_that_is_no_export_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "export.json"
    file.write_text(content)
    with pytest.raises(SourceError, match=said) as caught:
        read(str(file))
    assert "\n" not in str(caught.value)


def test_a_sitemap_names_the_pages_and_the_site_is_not_left(site: Site) -> None:
    index = f"<sitemapindex><sitemap><loc>{site.url}/a.xml.gz</loc></sitemap><sitemap><loc>http://other.example/b.xml</loc></sitemap></sitemapindex>"
    site.page("/sitemap.xml", index, "application/xml")
    pages = "".join(
        f"<url><loc>{url}</loc><lastmod>2026-02-03</lastmod></url>"
        for url in (f"{site.url}/help/one", f"{site.url}/help/two#part", f"{site.url}/gone", f"{site.url}/private/x", "http://other.example/x")
    )  # fmt: skip
    site.page(
        "/a.xml.gz",
        gzip.compress(f'<?xml version="1.0"?><urlset>{pages}</urlset>'.encode()),
        "application/gzip",
    )
    site.page("/robots.txt", "User-agent: *\nDisallow: /private/", "text/plain")
    site.page(
        "/help/one", "<html lang='de'><title>x</title><main><h1>Eins</h1><p>Der Text.</p></main></html>"
    )
    site.page("/help/two", "<title>Two</title><meta name='robots' content='noindex'><p>hidden")
    found, failures = read(f"{site.url}/sitemap.xml")
    assert set(found) == {f"{site.url}/help/one"}
    one = found[f"{site.url}/help/one"]
    assert (one.title, one.body, one.locale, one.url) == ("Eins", "Der Text.", "de", one.id)
    assert one.updated_at is not None
    assert [failure.where for failure in failures] == [f"{site.url}/gone"]
    assert "/private/x" not in site.asked


def test_a_site_without_a_sitemap_is_followed_by_its_links_below_the_address(site: Site) -> None:
    links = "<a href='a#x'>a</a><a href='/help/b'>b</a><a href='/shop'>shop</a><a href='http://other.example'>o</a><a href='c.pdf'>c</a>"
    site.page("/help/", f"<title>Home</title><body><h1>Home</h1>{links}</body>")
    site.page(
        "/help/a",
        "<title>A</title><body><h1>A</h1><p>Text of A.</p><a href='/help/'>home</a><a href='d'>d</a></body>",
    )
    site.page(
        "/help/b", "<title>B</title><meta name='robots' content='nofollow'><p>Text of B.<a href='e'>e</a>"
    )
    site.page("/help/d", "", status=302, Location=f"{site.url}/shop")
    site.page("/shop", "<h1>Shop</h1><p>Buy.</p>")
    found, failures = read(f"{site.url}/help/")
    assert {url.removeprefix(site.url) for url in found} == {"/help/", "/help/a", "/help/b"}
    assert failures == []
    assert "/help/e" not in site.asked


def test_what_cannot_be_reached_is_one_line_that_says_what_to_do(site: Site) -> None:
    for spec, said in (
        ("http://127.0.0.1:9/help", "cannot be reached"),
        (f"{site.url}/nothing", "answers 404"),
        (f"{site.url}/hc/en", "answers 404; check the address"),
        ("http://", "is no address"),
        ("https://exa mple.org", "is no address"),
    ):
        with pytest.raises(SourceError, match=said) as caught:
            read(spec)
        assert "\n" not in str(caught.value)
    site.page("/download", b"%PDF", "application/pdf")
    with pytest.raises(SourceError, match="gave no article"):
        read(f"{site.url}/download")
