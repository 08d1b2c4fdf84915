"""What strangers wrote becomes safe, and stays readable."""

import html as entities
import math
import re
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from help_center.markup import (
    clean_markdown,
    headings,
    html_to_markdown,
    plain_text,
    render,
    sections,
    slugify,
    without_callout_marks,
)
from tests.conftest import in_proportion

SCRIPTED = re.compile(r"^\s*(javascript|vbscript|data|file):", re.IGNORECASE)

NASTY_HTML = [
    "<p>ok</p><script>alert(1)</script>",
    "<p>ok</p><SCRIPT SRC=//evil.com/x.js></SCRIPT>",
    "<p>ok</p><scr<script>ipt>alert(1)</scr</script>ipt>",
    "ok<img src=x onerror=alert(1)>",
    "ok<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "ok<a href='JaVaScRiPt:alert(1)'>x</a>",
    "ok<a href='java&#115;cript:alert(1)'>x</a>",
    "ok<a href='java\tscript:alert(1)'>x</a>",
    "ok<a href=' \n javascript:alert(1)'>x</a>",
    "ok<a href='&#x6A&#x61&#x76&#x61script:alert(1)'>x</a>",
    "ok<a href='vbscript:x'>x</a><a href='data:text/html,<script>alert(1)</script>'>y</a>",
    "ok<svg><a xlink:href='javascript:alert(1)'><text>x</text></a><script>alert(1)</script></svg>",
    "ok<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "ok<iframe src='https://evil.com'></iframe><object data=x></object><embed src=x>",
    "ok<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "ok<template><img src=x onerror=alert(1)></template>",
    "ok<!--><script>alert(1)</script>-->",
    "ok<!-- --!><img src=x onerror=alert(1)> -->",
    "ok<![CDATA[<script>alert(1)</script>]]>",
    "ok<div style='background:url(javascript:alert(1))' onclick=alert(1)>x</div>",
    "ok<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
    "ok<p>&amp;lt;img src=x onerror=alert(1)&amp;gt;</p>",
    "ok<p>[x](javascript:alert(1)) and &lt;javascript:alert(1)&gt;</p>",
    "ok<code>`<b onclick=alert(1)>`</code>",
    "ok<a href='https://a.com/)[x](javascript:alert(1)'>x</a>",
    "ok<img alt='](x)<script>alert(1)</script>' src='https://a.com/x.png'>",
]

NASTY_MARKDOWN = [
    *NASTY_HTML,
    "ok [x](javascript:alert(1)) ![y](javascript:alert(1))",
    "ok [x](JAVA&#83;CRIPT:alert(1))",
    "ok [x](<java\tscript:alert(1)>)",
    "ok [x][y]\n\n[y]: javascript:alert(1)",
    "ok <javascript:alert(1)>",
    "ok [x](data:text/html;base64,PHNjcmlwdD4=)",
    "ok\n\n```\n<b>fine</b>\n\n<script>alert(1)</script>",
    "ok `<b>` <script>alert(1)</script> `",
    "ok\n\n> <script>\n> alert(1)\n> </script>",
    "- ok\n\n  <img src=x onerror=alert(1)>",
    "| ok | <img src=x onerror=alert(1)> |\n|---|---|\n| a | <script>alert(1)</script> |",
    "ok <a href=`x` onclick=alert(1)>`x`</a>",
    "ok {{ x }}<scr{{ y }}ipt>alert(1)</scr{% z %}ipt>",
]


def what_could_run(html: str) -> list[str]:
    """Everything in the HTML that a browser might execute, as a parser of its own sees it."""
    found = []
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        if tag.name in {"script", "style", "iframe", "object", "embed", "svg", "math", "form", "template"}:
            found.append(tag.name)
        found += [name for name in tag.attrs if name.lower().startswith("on") or name.lower() == "style"]
        found += [str(tag[name]) for name in ("href", "src") if SCRIPTED.match(str(tag.get(name, "")))]
    return found


def words(html: str) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


# --- showing -----------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=8), st.sampled_from([*NASTY_MARKDOWN, "](", "<", "`", "\n\n", "![", "\\", "&#"])
        ),
        max_size=8,
    ).map("".join)
)
def test_whatever_is_rendered_nothing_can_run(text: str) -> None:
    assert what_could_run(render(text)) == []
    assert what_could_run(render(text, pictures=False, link_hosts=frozenset({"a.com"}))) == []


def test_the_check_itself_sees_what_could_run() -> None:
    assert what_could_run("<script>1</script><b onclick=x>y</b><a href=' JAVASCRIPT:1'>z</a>") == [
        "script",
        "onclick",
        " JAVASCRIPT:1",
    ]


def test_html_in_markdown_is_shown_as_it_was_typed() -> None:
    assert "&lt;b&gt;" in render("type <b> here")


def test_headings_get_ids_that_differ_and_headings_names_them() -> None:
    text = "# Über uns\n\n## Billing\n\n## Billing-2\n\n## Billing\n\n## 支払い"
    names = headings(text)
    assert names == [
        (1, "Über uns", "uber-uns"),
        (2, "Billing", "billing"),
        (2, "Billing-2", "billing-2"),
        (2, "Billing", "billing-3"),
        (2, "支払い", "支払い"),
    ]
    shown = BeautifulSoup(render(text), "html.parser")
    assert [tag["id"] for tag in shown.find_all(["h1", "h2"])] == [slug for _, _, slug in names]


def test_an_external_link_passes_on_no_reputation_and_an_internal_one_is_plain() -> None:
    assert render("[x](https://a.com)") == '<p><a href="https://a.com" rel="nofollow noopener">x</a></p>\n'
    assert render("[x](/help/articles/y#z)") == '<p><a href="/help/articles/y#z">x</a></p>\n'


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil.com", "//evil.com", "https:evil.com", "https:///evil.com", "http://own.com@evil.com"),
        *(
            "https://own.com.evil.com",
            "https://own.com:x@own.com",
            "https://evil.com#@own.com",
            "ftp://own.com",
        ),
        *("mailto:a@evil.com", "mailto:a@own.com,b@evil.com", "mailto:a@own.com?cc=b@evil.com", "https://[x"),
    ],
)
def test_with_hosts_named_a_link_elsewhere_is_only_its_text(address: str) -> None:
    shown = render(f"[the page]({address}) and <{address}>", link_hosts=frozenset({"own.com"}))
    assert "<a" not in shown
    assert "the page" in shown


@pytest.mark.parametrize(
    "address", ["https://own.com/x", "https://OWN.com", "/help/a", "#b", "c/d", "mailto:a@own.com"]
)
def test_with_hosts_named_our_own_links_stay(address: str) -> None:
    assert f'href="{address}"' in render(f"[x]({address})", link_hosts=frozenset({"Own.com"}))


def test_a_backslash_does_not_lead_to_another_host() -> None:
    link = BeautifulSoup(render("[x](/\\evil.com)"), "html.parser").a
    assert link is None or "\\" not in str(link["href"])


def test_scheme_relative_links_and_pictures_never_show() -> None:
    assert render("[x](//evil.com) ![y](//evil.com/y.png)") == "<p>x y</p>\n"


def test_without_pictures_nothing_of_a_picture_is_left() -> None:
    assert render("a ![alt](https://a.com/x.png) [![alt](x.png)](/y) b", pictures=False) == "<p>a   b</p>\n"
    assert "<img" in render("![alt](https://a.com/x.png)")


def test_tables_code_and_strikethrough_are_shown() -> None:
    shown = render("| a | b |\n|--:|---|\n| 1 | ~~2~~ |\n\n```php\n<?php\n```")
    assert '<td align="right">1</td>' in shown
    assert "<s>2</s>" in shown
    assert '<code class="language-php">&lt;?php\n</code>' in shown


# --- importing ---------------------------------------------------------------------------------------------


def assert_nothing_can_run(markdown: str) -> None:
    """Even for a reader that lets HTML through and judges no address."""
    from markdown_it import MarkdownIt

    trusting = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    trusting.validateLink = lambda url: True  # type: ignore[method-assign]
    html = trusting.render(markdown)
    assert what_could_run(html) == []
    assert "<!--" not in html


@pytest.mark.parametrize("html", NASTY_HTML)
def test_imported_html_can_run_nothing(html: str) -> None:
    markdown = html_to_markdown(html)
    assert "ok" in markdown
    assert_nothing_can_run(markdown)


@pytest.mark.parametrize("text", NASTY_MARKDOWN)
def test_imported_markdown_can_run_nothing(text: str) -> None:
    markdown = clean_markdown(text)
    assert "ok" in markdown
    assert_nothing_can_run(markdown)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*NASTY_MARKDOWN, "\n", "\n\n", "`", "```\n", "<", "- ", "> ", "== a\n"]), max_size=6
    )
)
def test_cleaning_twice_changes_nothing_more(pieces: list[str]) -> None:
    once = clean_markdown("".join(pieces))
    assert clean_markdown(once) == once
    assert_nothing_can_run(once)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='`*_<>&;[]()!#-+=|~\\{}%:.1 2\n"/ab', max_size=16))
def test_the_words_of_a_paragraph_come_through_html_and_back_unchanged(text: str) -> None:
    shown = render(html_to_markdown(f"<p>{entities.escape(text)}</p>"))
    assert " ".join(BeautifulSoup(shown, "html.parser").get_text().split()) == " ".join(text.split())


def test_a_dangerous_address_goes_even_where_no_link_uses_it_yet() -> None:
    assert clean_markdown("ok\n\n[y]: javascript:alert(1)") == "ok"


def test_an_html_article_keeps_its_structure() -> None:
    markdown = html_to_markdown(
        """<h2 onclick="x">Send a <em>parcel</em></h2><ol start="3"><li>Open<ul><li>here<li>there</ul><li>Close</ol>
        <pre class="x"><code class="hljs language-python">a = '```'\nb</code></pre>
        <table><tr><th>Size|kind</th><th>Price</th></tr><tr><td>S<br>M</td><td>1</td></tr></table>
        <p>See <a href="/help/x y">this</a>, <a href="//a.com/z">that</a> <img src="/i.png" alt="a]b"></p>
        <details><summary>More</summary>text</details>"""
    )
    assert markdown == (
        "## Send a *parcel*\n\n3. Open\n   - here\n   - there\n4. Close\n\n"
        "````python\na = '```'\nb\n````\n\n"
        "| Size\\|kind | Price |\n| --- | --- |\n| S M | 1 |\n\n"
        "See [this](/help/x%20y), [that](https://a.com/z) ![a\\]b](/i.png)\n\n**More**\n\ntext"
    )


def test_a_form_goes_but_not_a_page_that_is_wrapped_in_one() -> None:
    assert html_to_markdown("<p>a</p><form>Your name <input></form>") == "a"
    assert html_to_markdown("<form><h1>Refunds</h1><p>How to</p><input></form>") == "# Refunds\n\nHow to"


def test_a_table_for_the_looks_does_not_become_a_table() -> None:
    markdown = html_to_markdown(
        "<table><tr><td><h2>A</h2><p>b</p><table><tr><td>1</td></tr></table></td></tr></table>"
    )
    assert markdown.startswith("## A\n\nb\n\n| 1 |")


def test_an_unclosed_script_does_not_swallow_the_article() -> None:
    assert html_to_markdown("<p>Put the <script> tag first.</p><p>Then save.</p>").endswith("Then save.")
    assert clean_markdown("Put the <script> tag <b>first</b>.\n\nThen save.").endswith("Then save.")
    assert "Then save." in html_to_markdown("<p>a</p><!-- <p>Then save.</p>")


def test_code_is_left_as_it_was_written() -> None:
    code = (
        "# A\n\n`<b>{{ x }}</b>` and ``{% y %} ` ``\n\n```html\n<script>{{ z }}</script>\n```\n\n"
        "- item\n\n  ~~~\n  {{ in a list }} <i>\n  ~~~\n\ntext\n\n    {% indented %} <b>"
    )
    assert clean_markdown(code) == code


def test_markdown_without_html_comes_back_unchanged() -> None:
    text = "Set * a*b snake_case 1) x\n===\n\n* a\n* b\n\n[x](/y 'z') <https://a.com> 2 < 3 & 4 &amp; [r]\n\n[r]: https://a.com"
    assert clean_markdown(text) == text


def test_html_among_markdown_becomes_markdown() -> None:
    text = 'A **b**\n\n<div class="note">\n\nSee `<x>` <a href="/y" onclick="z()">here</a>.<br>Done\n\n</div>\n<!-- old -->\n\n```js\n1 < 2\n```'
    assert clean_markdown(text) == "A **b**\n\nSee `<x>` [here](/y).  \nDone\n\n```js\n1 < 2\n```"


def test_a_placeholder_in_angle_brackets_is_words_and_stays() -> None:
    assert "<your-name>" in plain_text(clean_markdown("Type <your-name> and <b>go</b>."))


def test_tags_of_site_generators_go() -> None:
    text = (
        '## Steps {#steps}\n{: .list}\n\n{% include x.html %}Go to [the `page`]({{< relref "x" >}}) or '
        "[home]({{ site.baseurl }}/y).\n\n{{% notice note %}}\nMind {{ the }} gap\n{{% /notice %}}\n"
        '{{< figure src="a.png" caption="A map" >}}'
    )
    assert " ".join(clean_markdown(text).split()) == (
        "## Steps Go to the `page` or [home](/y). Mind gap A map"
    )


def test_a_stray_brace_takes_nothing_with_it() -> None:
    text = "One {{ brace.\n\nSecond paragraph }} and {% more."
    assert clean_markdown(text) == text


def test_asciidoc_gets_markdown_headings_code_and_links() -> None:
    text = (
        ":toc:\n\n= Not this\n\n== Install\n\nGet link:../a[the file] from https://a.com/x[there].\n\n"
        "[source,bash]\n----\n== no heading {{ x }} <b>\n----\n\n=== Next\n\nimage:a.png[Map, 200]"
    )
    assert clean_markdown(text) == (
        "= Not this\n\n\n## Install\n\nGet [the file](../a) from [there](https://a.com/x).\n\n\n"
        "```bash\n== no heading {{ x }} <b>\n```\n\n\n### Next\n\n![Map](a.png)"
    )


def test_a_line_of_equals_signs_in_markdown_is_left_alone() -> None:
    text = "# Compare\n\n== means equal\n\n=== means identical"
    assert clean_markdown(text) == text


def test_control_characters_and_lone_surrogates_go() -> None:
    assert clean_markdown("a\x00b\x1b[31m\ud800\r\nc\ufeff") == "ab[31m\ufffd\nc"
    render("\ud800\x00").encode("utf-8")


# --- words -------------------------------------------------------------------------------------------------


def test_plain_text_is_the_words_alone() -> None:
    text = "# A *b*\n\nSee [this](https://x.com/secret) &amp; `that`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n\n<div>in html</div>"
    assert plain_text(text) == "A b\nSee this & that.\none\ntwo\na: b;\n1: 2\ncode\nin html"


def test_the_rows_of_a_table_are_read_aloud() -> None:
    prices = "| Plan | Price | Note |\n|---|---|---|\n| Free: | 0 € | |\n| Team | 9 € | By the month. |\n| | 90 € | a year |\n| | | |\n| `Own` |\n"
    text = f"{prices}\nMore:\n\n| a | b |\n|---|---|\n| x<br>y | z |"
    assert plain_text(text).split("\n") == [
        "Plan: Price, Note;", "Free: 0 €;", "Team: 9 €, By the month.", "90 €, a year;", "Own", "More:", "a: b;", "x y: z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("How do I reset my password?", "how-do-i-reset-my-password"),
        ("Où est l’Œuvre? Straße & Łódź", "ou-est-loeuvre-strasse-lodz"),
        ("返金について", "返金について"),
        ("Мой заказ", "мой-заказ"),
        ("हिन्दी सहायता", "हिन्दी-सहायता"),
        ("../../etc/<passwd>", "etc-passwd"),
    ],
)
def test_a_slug_reads_like_its_title(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_slug_is_never_long_or_empty() -> None:
    assert len(slugify("word " * 100)) <= 80
    assert not slugify("word " * 100).endswith("-")
    assert len(slugify("x" * 500)) == 80
    assert slugify("🎉🎉") != slugify("🚀")
    assert slugify("🎉") == slugify("🎉")
    assert re.fullmatch("[a-z0-9]+", slugify("!?"))


# --- endless input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("[", "![", "> ", "- ", "*a ", "[a](", "`", "{{", "{% "),
        *("<", "<a ", "<!--", "<div>", "<b>", "<p><b>", "<ul><li>", "<table><tr><td>", "# a\n", "----\n"),
        pytest.param(
            lambda n: "".join("`" * k + " " for k in range(math.isqrt(2 * n))), id="longer and longer runs"
        ),
        pytest.param(
            lambda n: f"<table><thead>{'<tr><th colspan=1000>a</th></tr>' * (n // 32)}</table>",
            id="wide cells",
        ),
        pytest.param(
            # more cells are missing than any table is given: below that the work is that of the cells
            lambda n: "\n".join(("|a" * (n // 4), "|-" * (n // 4), "|a\n" * (n // 2))),
            id="a table of missing cells",
        ),
    ],
)
def test_endless_input_is_read_in_time(text: str | Callable[[int], str]) -> None:
    for read in (clean_markdown, html_to_markdown, render, plain_text):
        in_proportion(read, text)


def test_text_nested_too_deeply_is_still_text() -> None:
    assert html_to_markdown("<div>" * 500 + "words" + "</div>" * 500) == "words"
    assert "words" in html_to_markdown("<div>" * 50_000 + "words")


@pytest.mark.parametrize("marker", ["> ", ">", "- ", "1. ", "* > "])
def test_lists_and_quotes_nested_too_deeply_are_still_text(marker: str) -> None:
    assert clean_markdown(f"Before.\n\n{marker * 10_000}words\n\nAfter.") == "Before\\.\n\nwords\n\nAfter\\."


def test_lists_nested_too_deeply_by_their_indentation_are_still_text() -> None:
    kept = clean_markdown("\n".join(f"{'  ' * n}- word{n} <script>x()</script>" for n in range(300)))
    assert re.findall(r"word\d+", kept) == [f"word{n}" for n in range(300)]
    assert "x()" not in kept


# --- callouts and films ------------------------------------------------------------------------------------


def test_callouts_are_named_boxes_however_their_authors_write_them() -> None:
    quoted = render("> [!WARNING]\n> Mind the *gap*.\n>\n> Twice.")
    assert quoted == render(":::warning\nMind the *gap*.\n\nTwice.\n:::")
    assert quoted.startswith(
        '<div class="callout warning" role="note">\n<p class="callout-title">Warning</p>\n<p>Mind the <em>gap</em>.</p>'
    )
    german = render("> [!NOTE]\n> x", callouts={"note": "Hinweis"})
    assert '<p class="callout-title">Hinweis</p>' in german
    assert '<p class="callout-title">My <em>title</em></p>' in render("> [!tip] My *title*\n> x")


def test_what_only_looks_like_a_callout_stays_as_it_is() -> None:
    assert "<blockquote>" in render("> see [!NOTE]")
    assert "<blockquote>" in render("> [!NONSENSE]\n> x")
    assert ":::details" in render(":::details\nx\n:::")
    assert ":::note" in render("```\n:::note\nx\n:::\n```")
    assert ":::note" in render(":::note\nnever closed")


def test_callouts_hold_lists_and_code_and_each_other() -> None:
    html = render("::::note\n- a\n\n```\n:::\n```\n:::tip\ninside\n:::\n::::\n\nafter")
    assert html.count('role="note"') == 2
    assert "<li>a</li>" in html
    assert "<code>:::\n</code>" in html
    assert html.endswith("<p>after</p>\n")


def test_a_callout_is_no_way_in_for_markup() -> None:
    html = render('> [!NOTE] <img src=x onerror=alert(1)>\n> <b onclick="x">y</b>')
    assert "<img" not in html
    assert "<b" not in html.replace("<blockquote", "")


def test_the_words_of_a_callout_are_read_without_its_mark() -> None:
    assert plain_text("> [!NOTE] Title\n> words").split("\n") == ["Title", "words"]
    assert without_callout_marks("> [!NOTE]\n> words\n\n`[!NOTE]`") == "> words\n\n`[!NOTE]`"


def test_films_are_links_and_never_embedded() -> None:
    html = '<iframe src="//www.youtube.com/embed/a1?x=1" title="How to"></iframe><video><source src="/v.mp4"></video>'
    assert html_to_markdown(html) == "[How to](https://www.youtube.com/watch?v=a1)\n\n[/v.mp4](/v.mp4)"
    assert html_to_markdown('<iframe src="https://ads.example/x"></iframe>') == ""
    assert html_to_markdown('<iframe src="javascript:alert(1)//youtube.com/a.mp4"></iframe>') == ""
    shown = render("![Tour](https://cdn.example.org/tour.mp4) [on](https://vimeo.com/1) [no](https://a.com/)")
    assert shown.count('class="video"') == 2
    assert "<img" not in shown
    assert "<video" not in shown


def test_sections_are_headings_with_their_words() -> None:
    assert sections("x\n\n## A?\n\nOne **two**.\n\n- three\n\n### B?\n\nFour.") == [
        ("A?", "One two.\nthree"),
        ("B?", "Four."),
    ]


@pytest.mark.parametrize("text", ["", "x", "> ## A?\n>\n> One.\n>\n> ## B?\n>\n> Two."])
def test_a_text_without_headings_of_its_own_has_no_sections(text: str) -> None:
    assert sections(text) == []
