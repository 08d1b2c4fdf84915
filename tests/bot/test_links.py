"""Links in answers: to articles, to the help center's own hosts, or nowhere; whatever Markdown tries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.links import OwnHosts, allowed, tame
from help_center.articles import store
from help_center.database import Database
from help_center.site import Site, keep_site, open_site
from help_center.sources.base import SourceArticle
from tests.conftest import in_proportion

OWN = frozenset({"own.example", "docs.own.example"})
reader = MarkdownIt("commonmark", {"html": True}).enable("table")
reader.validateLink = lambda url: True  # type: ignore[method-assign]


def leads_to(markdown: str) -> list[str]:
    """Every address, picture and piece of raw HTML that a reader of Markdown finds."""
    found = []
    for token in reader.parse(markdown):
        for child in [token, *(token.children or [])]:
            if child.type == "link_open":
                found.append(str(child.attrs["href"]))
            elif child.type == "image":
                found.append(f"picture {child.attrs['src']}")
            elif child.type.startswith("html") and "<br" not in child.content:
                found.append(f"html {child.content}")
    return found


@pytest.mark.parametrize(
    "url",
    ["/help/articles/returns", "/help/search?q=a&b=c", "https://own.example", "https://own.example/a(b)?x=1&y=2#z",
     "http://docs.own.example:8080/", "HTTPS://OWN.EXAMPLE/"],
)  # fmt: skip
def test_these_addresses_may_be_followed(url: str) -> None:
    assert allowed(url, OWN)


@pytest.mark.parametrize(
    "url",
    ["", "/", "/inbox", "//evil.example", "/help", "help/articles/x", "https://evil.example", "https://own.example.evil.example",
     "https://evil.example/own.example", "https://own.example@evil.example", "https://evil.example\\@own.example",
     "https://evil.example\\\\@own.example/", "https://evil.example&bsol;@own.example/", "https://user@own.example/", "javascript:alert(1)",
     "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "mailto:a@own.example", "ftp://own.example/x",
     "/help/\\evil.example", "/help/\t/x", "https://[own.example", "https:own.example", "http:///own.example"],
)  # fmt: skip
def test_these_addresses_may_not(url: str) -> None:
    assert not allowed(url, OWN)


@pytest.mark.parametrize(
    "markdown",
    [
        "See [My orders](/help/articles/returns) [1].",
        'See [it](https://own.example/a "its title") and <https://docs.own.example/x>.',
        "See https://own.example/a?b=1&c=2.",
        "`[a](http://evil.example)` and `<script>` and `https://evil.example`",
        "```html\n<a href='http://evil.example'>![x](y)</a>\n```\nThen go on.",
        "a < b, a <3 b, 1 > 0; array[0](x is not here) [1][2], [Optional] and (this)",
        "| a | b |\n| --- | --- |\n| 1 | **x** |\n",
        "1. One\n2. Two\n\n> quoted\n\n---\n",
        "Line<br>break",
    ],
)  # fmt: skip
def test_harmless_text_stays_as_it_was(markdown: str) -> None:
    if "array[0](" in markdown:  # outside of code that is a link to any reader of Markdown
        assert leads_to(tame(markdown, OWN)) == []
    else:
        assert tame(markdown, OWN) == markdown


def test_a_foreign_link_becomes_its_words() -> None:
    assert tame("Go [to **this** page](https://evil.example/x) now.", OWN) == "Go to **this** page now."
    assert tame("Go [there](https://evil.example/a_(b)) now.", OWN) == "Go there now."


def test_a_picture_becomes_its_description() -> None:
    assert tame("Look: ![the side button](https://own.example/p.png).", OWN) == "Look: the side button."
    assert tame("![a](/help/p.png)![b][c]", OWN) == "ab"
    assert tame("[![logo](x.png)](https://evil.example)", OWN) == "logo"


def test_a_bare_foreign_address_is_shown_and_not_linked() -> None:
    assert (
        tame("See https://evil.example/x. Or www.evil.example!", OWN)
        == "See `https://evil.example/x`. Or `www.evil.example`!"
    )
    assert (
        tame("<https://evil.example> <mailto:a@evil.example>", OWN)
        == "`https://evil.example` `a@evil.example`"
    )


NASTY = [
    "[a](http://evil.example (title))",
    "[a](http://evil.example 'title')",
    "[a](<http://evil.example/a b>)",
    "[a](\n  http://evil.example\n)",
    "[a\\]b](http://evil.example)",
    "[a\\](http://evil.example)",
    "[[a]b](http://evil.example)",
    "[[[a]b]c](http://evil.example)",
    "[a [b](http://evil.example) c](http://evil.example)",
    "![a[b]c](http://evil.example/p.png)",
    "![a![b](c)](http://evil.example/p.png)",
    "wow\\![click](http://evil.example)",
    "[a](javascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](https://evil.example\\\\@own.example)",
    "[a](https://evil.example&bsol;@own.example)",
    "[a](//evil.example)",
    "[a][b]\n\n[b]: http://evil.example",
    "[b]\n\n[b]: <http://evil.example> 'x'",
    "[b]\n\n[b]:\nhttp://evil.example",
    "[b]\n\n[b]:\n\n[b]: x.html",
    "> [b]\n\n> [b]: //evil.example",
    "- [b]\n\n  [b]: evil\n",
    "[1]: http://evil.example\n\nSee [1].",
    "![b]\n\n[b]: p.png",
    "<https://evil.example>",
    "<HTTPS://evil.example>",
    "<javascript:alert(1)>",
    "<a@evil.example>",
    "<script>alert(1)</script>",
    "<a\nhref='http://evil.example'>x</a>",
    "<img src=x onerror=alert(1)>",
    "<!-- x --><b>",
    "<?php ?>",
    "text <div\n\n[a](http://evil.example)",
    "\\`[a](http://evil.example)\\`",
    "``[a](http://evil.example)`",
    "`` ` [a](http://evil.example) ` ` ``[b](http://evil.example)`",
    "```\ncode\n``` x\n[a](http://evil.example)\n```\n[b](http://evil.example)",
    "    ```\n[a](http://evil.example)\n    ```",
    "  ```\n  x\n  ```\n[a](http://evil.example)",
    "~~~\nx\n```\n~~~\n[a](http://evil.example)",
    "- ```\n[a](http://evil.example)\n```\n",
    "| a |\n| - |\n| [a](http://evil.example) |",
    "*[a*](http://evil.example)",
    "[a](http://evil.example)" * 50,
    "\\\\[a](http://evil.example)",
    "\\\\<b>",
]


@pytest.mark.parametrize("markdown", NASTY)
def test_nothing_foreign_survives(markdown: str) -> None:
    assert leads_to(tame(markdown, OWN)) == []


@pytest.mark.parametrize("markdown", NASTY)
def test_nothing_foreign_survives_in_two_halves(markdown: str) -> None:
    """An answer is tamed sentence by sentence: no cut may let a link through."""
    for at in range(len(markdown) + 1 if len(markdown) < 200 else 0):
        first = tame(markdown[:at], OWN)
        assert leads_to(first + tame(markdown[at:], OWN, first)) == []


def test_half_a_link_of_code_and_text_makes_none() -> None:
    first = tame("a ` b. ", OWN)
    assert leads_to(first + tame("`[x](http://evil.example)` c", OWN, first)) == []


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "[",
                "]",
                "(",
                ")",
                "!",
                "`",
                "\\",
                "<",
                ">",
                "a",
                " ",
                "\n",
                ":",
                "http://evil.example",
                "//e.x",
                "b",
                "&",
                '"',
                "```\n",
                "- ",
                "*",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_nothing_foreign_survives_whatever_is_put_together(markdown: str) -> None:
    assert leads_to(tame(markdown, OWN)) == []


def test_taming_twice_changes_nothing_more() -> None:
    for markdown in NASTY:
        once = tame(markdown, OWN)
        assert leads_to(tame(once, OWN)) == []


@pytest.mark.parametrize("piece", ["[a", "![a](", "[a]((", "[\\", "<", "`", "](", "<a ", "[]:"])
def test_a_wall_of_brackets_is_tamed_in_time(piece: str) -> None:
    in_proportion(lambda wall: tame(wall, OWN), piece, (500, 4000, 32_000))


def test_own_hosts_are_those_of_the_articles_own_addresses_and_those_that_the_owner_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.migrate(tmp_path)
    with database.write() as session:
        for id, url in {"a": "https://Docs.Own.example/x", "b": None, "c": "http://own.example:81/"}.items():
            store(session, SourceArticle(id=id, title=id, body="x", url=url), "test")
    site = open_site(database)
    hosts = OwnHosts(database, site)
    assert hosts() == frozenset({"docs.own.example", "own.example"})
    with database.write() as session:
        keep_site(session, Site(own_hosts=["https://shop.own.example"]))
    assert hosts() == frozenset({"docs.own.example", "own.example", "shop.own.example"})
    database.close()
