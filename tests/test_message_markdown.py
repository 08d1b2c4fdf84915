"""The Markdown of messages in a browser: one renderer for the chat and the inbox, and what each place makes of links, pictures and headings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

import escalation.inbox
import help_center.pages

pytestmark = pytest.mark.browser
STATIC = {"help": help_center.pages.STATIC, "inbox": escalation.inbox.STATIC}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that has the scripts of both places, in Chromium without any network."""
    page = browser.new_page()

    def answer(route: Route) -> None:
        parts = route.request.url.split("/")[3:]
        if parts[-1].endswith(".js"):
            route.fulfill(
                body=(STATIC[parts[-2]] / Path(parts[-1])).read_text(), content_type="text/javascript"
            )
        else:
            route.fulfill(body="<!doctype html><title>t</title>", content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://site.test/")
    yield page
    page.close()


@pytest.fixture
def render(page: Page) -> Callable[[str], str]:
    """Markdown -> the HTML of the nodes that the chat shows."""
    return lambda text: page.evaluate(
        """async (text) => {
          const { markdown } = await import("/static/help/markdown.js");
          const cite = (n) => n > 2 ? null : Object.assign(document.createElement("sup"), { textContent: n });
          const box = document.createElement("div");
          box.append(markdown(text, { cite }));
          return box.innerHTML;
        }""",
        text,
    )


@pytest.fixture
def inbox(page: Page) -> Callable[..., str]:
    """Markdown -> the HTML of the nodes that the inbox shows; `typed` by a customer."""
    return lambda text, typed=False: page.evaluate(
        """async ([text, typed]) => {
          const { rich } = await import("/static/inbox/rich.js");
          const box = document.createElement("div");
          box.append(rich(text, typed));
          return box.innerHTML;
        }""",
        [text, typed],
    )


def away(address: str, label: str, more: str = "") -> str:
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer{more}">{label}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "plain *a* **b** `c*d*` snake_case_word",
            "<p>plain <em>a</em> <strong>b</strong> <code>c*d*</code> snake_case_word</p>",
        ),
        ("# One\n## Two", "<h2>One</h2><h3>Two</h3>"),
        (
            "- a\n- b\n  - c\n    1. d\n- e",
            "<ul><li>a</li><li>b<ul><li>c<ol><li>d</li></ol></li></ul></li><li>e</li></ul>",
        ),
        ("3) x\n4) y", '<ol start="3"><li>x</li><li>y</li></ol>'),
        (
            "1. Do:\n   ```sh\n   ls\n     x\n   ```\n2. So",
            '<ol><li>Do:<pre tabindex="0"><code>ls\n  x</code></pre></li><li>So</li></ol>',
        ),
        ("```\n<b>not closed", '<pre tabindex="0"><code>&lt;b&gt;not closed</code></pre>'),
        ("> q\n> r\n\nout", "<blockquote><p>q\nr</p></blockquote><p>out</p>"),
        (
            "| a | b |\n|---|:-:|\n| 1 | x \\| y |",
            '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
            "<tbody><tr><td>1</td><td>x | y</td></tr></tbody></table></div>",
        ),
        (
            "[l](/help/a_(b)) https://q.r/s.",
            f"<p>{away('/help/a_(b)', 'l')} {away('https://q.r/s', 'https://q.r/s')}.</p>",
        ),
        ("``a`b`` `` ` `` ``open `c`", "<p><code>a`b</code> <code>`</code> ``open <code>c</code></p>"),
        ("- a\n\n\n  b\n\nc", "<ul><li><p>a</p><p>b</p></li></ul><p>c</p>"),
        (
            "said [1][2], not [9], not `[1]`",
            "<p>said <sup>1</sup><sup>2</sup>, not [9], not <code>[1]</code></p>",
        ),
    ],
)
def test_markdown_keeps_its_shape(render, text: str, html: str) -> None:  # type: ignore[no-untyped-def]
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x)",
            "<p><span>a</span> <span>b</span> <span>c</span></p>",
        ),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("![a *picture*](https://elsewhere.example/p.png)", "<p>a picture</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ],
)
def test_nothing_in_a_message_can_run_or_be_fetched(render, text: str, html: str) -> None:  # type: ignore[no-untyped-def]
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One", '<p class="heading">One</p>'),
        ("two\nlines", "<p>two<br>lines</p>"),
        (
            "![a picture](/p.png) [l](/help)",
            f"<p>{away('http://site.test/p.png', 'a picture', ' nofollow')} {away('http://site.test/help', 'l', ' nofollow')}</p>",
        ),
        (
            "[a](javascript:alert(1)) [b](data:text/html,x) [c](mailto:kim@shop.example) ![d](javascript:alert(1))",
            "<p><span>a</span> <span>b</span> <span>c</span> <span>d</span></p>",
        ),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("said [1] \\*so\\*", "<p>said [1] *so*</p>"),
        (
            "[](https://q.r/s) ![](https://q.r/p.png)",
            f"<p>{away('https://q.r/s', 'https://q.r/s', ' nofollow')} {away('https://q.r/p.png', 'https://q.r/p.png', ' nofollow')}</p>",
        ),
    ],
)
def test_the_inbox_has_links_pictures_and_headings_of_its_own(inbox, text: str, html: str) -> None:  # type: ignore[no-untyped-def]
    assert inbox(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "\\\\server\\*share &amp; my_own_name, 2*3*4 ~~x~~ <br>",
            "<p>\\\\server\\*share &amp;amp; my_own_name, 2*3*4 ~~x~~ &lt;br&gt;</p>",
        ),
        ("**bold** *slanted* `code`", "<p><strong>bold</strong> <em>slanted</em> <code>code</code></p>"),
        ("say\n    deeper", "<p>say<br>    deeper</p>"),
        ("> yours\nmine", "<blockquote><p>yours</p></blockquote><p>mine</p>"),
        ("- one\n- two\nThanks", "<ul><li>one</li><li>two</li></ul><p>Thanks</p>"),
    ],
)
def test_of_what_a_customer_typed_nothing_is_lost_or_put_elsewhere(inbox, text: str, html: str) -> None:  # type: ignore[no-untyped-def]
    assert inbox(text, True) == html


@pytest.mark.parametrize(
    "text",
    [
        "".join("`" * n + "a" for n in range(1, 125)),
        "*x " * 1300 + "`" + " y*" * 1300,
        "- a" + "\n" * 8000 + "  b",
        "http://a" + ")" * 8000,
    ],
    ids=["code", "slanted", "blank lines", "brackets"],
)
def test_no_message_keeps_a_page_busy(page: Page, text: str) -> None:
    took = page.evaluate(
        """async (text) => {
          const { markdown } = await import("/static/help/markdown.js");
          const began = performance.now();
          for (const typed of [true, false]) markdown(text, { typed });
          return performance.now() - began;
        }""",
        text,
    )
    assert took < 1000
