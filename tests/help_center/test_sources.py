"""Articles come in from folders and files, and one bad article never stops the others."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from help_center.sources import open_source
from help_center.sources.base import Failure, SourceArticle, SourceError, article_from_record


def put(root: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(root)


def read(spec: str) -> tuple[dict[str, SourceArticle], list[Failure]]:
    found = list(open_source(spec).read())
    articles = {a.id: a for a in found if isinstance(a, SourceArticle)}
    return articles, [f for f in found if isinstance(f, Failure)]


def record(**fields: Any) -> SourceArticle | Failure:
    return article_from_record({"id": "1", "title": "T", "body": "B"} | fields, "line 1")


def article(**fields: Any) -> SourceArticle:
    found = record(**fields)
    assert isinstance(found, SourceArticle), found
    return found


# --- one record --------------------------------------------------------------------------------------------


def test_a_record_with_only_what_is_needed_is_published_and_public() -> None:
    assert record() == SourceArticle(id="1", title="T", body="B")
    assert article().status == "published"
    assert article().audience == "public"


def test_every_field_of_the_article_file_comes_through() -> None:
    assert record(
        id=7,
        title="  A\n title ",
        url="https://a.com/x",
        locale="pt_br",
        section=["A", "B"],
        labels="money",
        audience="Agents",
        status="draft",
        updated_at="2026-03-01T12:00:00+02:00",
        anything="else",
    ) == SourceArticle(
        id="7",
        title="A title",
        body="B",
        url="https://a.com/x",
        locale="pt-BR",
        section=("A", "B"),
        labels=("money",),
        audience="agents",
        status="draft",
        updated_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": None}, "`id` is missing"),
        ({"id": True}, "`id`"),
        ({"id": float("nan")}, "`id`"),
        ({"id": " \x00"}, "`id` is empty"),
        ({"id": "x" * 301}, "300"),
        ({"title": None}, "`title` is missing"),
        ({"title": 5}, "`title` must be text"),
        ({"title": "x" * 501}, "500"),
        ({"body": None}, "`body` (Markdown) or `html`"),
        ({"body": ["x"]}, "`body` must be text"),
        ({"body": "é" * 3_000_001}, "6 MB"),
        ({"section": {"a": 1}}, "`section`"),
        ({"labels": [1]}, "`labels`"),
        ({"labels": ["x"] * 51}, "`labels`"),
        ({"audience": "everyone"}, "public, customers, agents"),
        ({"status": ["draft"]}, "draft, published, archived"),
        ({"locale": "English"}, "pt-BR"),
        ({"updated_at": "yesterday"}, "`updated_at`"),
        ({"updated_at": 5}, "`updated_at`"),
        ({"updated_at": "0001-01-01T00:00:00+23:59"}, "`updated_at`"),
    ],
)
def test_a_bad_record_says_what_is_wrong_with_it(fields: dict[str, Any], named: str) -> None:
    found = record(**fields)
    assert isinstance(found, Failure)
    assert found.where == "line 1"
    assert named in found.reason
    assert "\n" not in found.reason
    assert len(found.reason) < 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [("en_US", "en-US"), ("ZH-hans-cn", "zh-Hans-CN"), ("es-419", "es-419"), ("de", "de"), (None, "en")],
)
def test_a_locale_is_written_as_bcp_47_writes_it(given: str | None, kept: str) -> None:
    assert article(locale=given).locale == kept


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//a.com", "docs/a.md", "https://[", "https://a b", 7]
)
def test_an_address_that_leads_nowhere_safe_is_dropped(url: object) -> None:
    assert article(url=url).url is None


def test_html_is_taken_where_there_is_no_body_and_is_made_safe() -> None:
    assert article(body=None, html="<p>a <b onclick=x>b</b></p><script>c</script>").body == "a **b**"


def test_control_characters_and_lone_surrogates_are_cleaned_away() -> None:
    found = article(id="a\x00b", title="t\x1b\ud800", body="b\x07", section=["s\x00"])
    assert (found.id, found.title, found.body, found.section) == ("ab", "t\ufffd", "b", ("s",))


def test_a_corpus_of_an_evaluation_may_have_no_titles_and_no_texts() -> None:
    assert article_from_record({"_id": 3, "title": "", "text": "Some words"}, "x") == SourceArticle(
        id="3", title="Some words", body="Some words"
    )
    assert isinstance(article_from_record({"_id": "3", "title": "T", "text": ""}, "x"), SourceArticle)
    assert isinstance(article_from_record({"_id": "3", "title": "", "text": ""}, "x"), Failure)


# --- a file of JSON lines ----------------------------------------------------------------------------------


def lines(path: Path, *rows: object) -> str:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


GOOD = {"id": "a", "title": "T", "body": "B"}


def test_bad_lines_fail_by_their_number_and_the_others_come_in(tmp_path: Path) -> None:
    spec = lines(
        tmp_path / "x.jsonl",
        GOOD,
        "",
        '{"id": 1,',
        "[1]",
        "[" * 100_000,
        "9" * 5_000,
        GOOD,
        GOOD | {"id": "b"},
    )
    articles, failures = read(spec)
    assert list(articles) == ["a", "b"]
    assert [f.where for f in failures] == [f"x.jsonl, line {n}" for n in (3, 4, 5, 6, 7)]
    assert "not JSON" in failures[0].reason
    assert "line 1" in failures[-1].reason


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n")
    assert list(read(str(path))[0]) == ["a"]


def test_a_line_separator_inside_a_text_is_no_end_of_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(GOOD | {"body": "a\u2028b\x85c"}, ensure_ascii=False), encoding="utf-8")
    assert read(str(path))[1] == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (b'{"id": "a"}\nnonsense\n', "line 1: `title` is missing"),
        (json.dumps(GOOD).encode() + b'\n{"id": "\xe9"}', "UTF-8"),
        (json.dumps(GOOD).encode("utf-16"), "UTF-8"),
    ],
)
def test_a_file_without_a_good_article_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, named: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        read(str(path))
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_utf_8_is_refused_before_its_first_article(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\xff")
    with pytest.raises(SourceError):
        next(iter(open_source(str(path)).read()))


# --- a folder ----------------------------------------------------------------------------------------------


def test_the_front_matter_says_what_an_article_is(tmp_path: Path) -> None:
    spec = put(
        tmp_path,
        {
            "a.md": "---\nid: x\ntitle: 'T: t'\nsection: [S]\nlabels: [l]\naudience: customers\nlocale: de\n"
            "updated_at: 2026-03-01\nextra: {a: 1}\n---\n# Not the title\n\nText\n"
        },
    )
    assert read(spec)[0]["x"] == SourceArticle(
        id="x",
        title="T: t",
        body="# Not the title\n\nText",
        locale="de",
        section=("S",),
        labels=("l",),
        audience="customers",
        updated_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_the_path_says_what_the_front_matter_leaves_out(tmp_path: Path) -> None:
    articles, failures = read(
        put(
            tmp_path,
            {
                "02.getting-started/_first_steps/log-in.md": "Text",
                "02.getting-started/index.md": "Welcome",
                "top.markdown": "# The *Title*\n\nText\n\n# Another",
            },
        )
    )
    assert failures == []
    deep = articles["02.getting-started/_first_steps/log-in.md"]
    assert (deep.title, deep.section) == ("Log in", ("Getting started", "First steps"))
    assert articles["02.getting-started/index.md"].title == "Getting started"
    assert (articles["top.markdown"].title, articles["top.markdown"].body) == (
        "The Title",
        "Text\n\n# Another",
    )
    assert articles["top.markdown"].section == ()


def test_the_suffix_says_the_language_only_where_it_is_one(tmp_path: Path) -> None:
    names = {
        "pay.md": ("Pay", "en"),
        "pay.es.md": ("Pay", "es"),
        "pay._fr.md": ("Pay", "fr"),
        "pay.pt-BR.md": ("Pay", "pt-BR"),
        "pay_de.md": ("Pay", "de"),
        "set_up_it.md": ("Set up it", "en"),
        "node.js.md": ("Node.js", "en"),
        "it/servers.md": ("Servers", "en"),
        "docs/en/a.md": ("A", "en"),
        "docs/zh-cn/a.md": ("A", "zh-CN"),
    }
    articles, _ = read(put(tmp_path, dict.fromkeys(names, "Text")))
    assert {name: (a.title, a.locale) for name, a in articles.items()} == names
    assert articles["docs/zh-cn/a.md"].section == ("Docs",)
    assert articles["it/servers.md"].section == ("It",)


def test_translations_are_tied_together_by_their_paths_or_by_what_they_say(tmp_path: Path) -> None:
    files = {
        "en/pay.md": "# Pay\n\nx", "de/pay.md": "# Zahlen\n\nx", "en/only.md": "# Only\n\nx",
        "notes/return.md": "# Return\n\nx", "notes/return.es.md": "# Devolver\n\nx",
        "it/plain.md": "---\ntranslation_of: pay\n---\n# Plain\n\nx",
    }  # fmt: skip
    articles, _ = read(put(tmp_path, files))
    assert {id: one.translation_of for id, one in articles.items()} == {
        "en/pay.md": "pay.md", "de/pay.md": "pay.md", "en/only.md": None, "notes/return.md": None,
        "notes/return.es.md": "notes/return.md", "it/plain.md": "pay",
    }  # fmt: skip


def test_what_is_hidden_skipped_or_of_another_kind_stays_out(tmp_path: Path) -> None:
    articles, failures = read(
        put(
            tmp_path,
            {
                "a.md": "Text",
                ".git/b.md": "Text",
                ".c.md": "Text",
                "d.md": "---\nskip: true\n---\nText",
                "e.adoc": "Text",
                "f.rst": "Text",
                "section/_index.md": "---\ntitle: Section\n---\n",
                "gone.html": "<meta http-equiv='Refresh' content='0; url=/x'>Moved",
            },
        )
    )
    assert (list(articles), failures) == (["a.md"], [])


def test_a_draft_of_a_site_generator_is_not_published(tmp_path: Path) -> None:
    articles, _ = read(
        put(
            tmp_path,
            {"a.md": "---\ndraft: true\n---\nx", "b.md": "---\npublished: false\n---\nx", "c.md": "x"},
        )
    )
    assert [a.status for a in articles.values()] == ["draft", "draft", "published"]


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "front_matter",
    [
        "title: [",
        "title: a: b",
        "title: !!python/object/apply:os.system [ls]",
        "x: " + "[" * 5_000,
        "x: " + "y" * 200_000,
        "title: {a: 1}",
        "title: yes",
        "\x01: 1",
        LAUGHS,
    ],
    ids=["open", "colon", "python", "deep", "long", "mapping", "bool", "control", "billion laughs"],
)
def test_bad_front_matter_fails_by_its_file_and_the_others_come_in(tmp_path: Path, front_matter: str) -> None:
    articles, failures = read(
        put(tmp_path, {"a.md": "Text", "bad.md": f"---\n{front_matter}\n---\nText", "c.md": "Text"})
    )
    assert list(articles) == ["a.md", "c.md"]
    assert [f.where for f in failures] == ["bad.md"]
    assert "\n" not in failures[0].reason


def test_a_rule_at_the_top_is_not_front_matter(tmp_path: Path) -> None:
    articles, failures = read(
        put(tmp_path, {"a.md": "---\n\nJust text", "b.md": "Text\n\n---\n\nMore: text: here\n\n---\n"})
    )
    assert failures == []
    assert "Just text" in articles["a.md"].body
    assert "More: text: here" in articles["b.md"].body


def test_files_that_cannot_be_read_fail_alone(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    spec = put(
        root,
        {
            "a.md": "Text",
            "latin.md": "é".encode("latin-1"),
            "large.md": b"x" * 6_200_000,
            "twin.md": "---\nid: a.md\n---\nx",
        },
    )
    put(tmp_path, {"secret.md": "secret"})
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / "dangling.md").symlink_to(root / "nothing.md")
    os.mkfifo(root / "pipe.md")
    articles, failures = read(spec)
    assert list(articles) == ["a.md"]
    assert [f.where for f in failures] == [
        "dangling.md",
        "large.md",
        "latin.md",
        "link.md",
        "pipe.md",
        "twin.md",
    ]


def test_an_html_page_gives_its_content_and_not_its_furniture(tmp_path: Path) -> None:
    page = """<!doctype html><html lang="fr_CA"><head><title>Aide | Boutique</title>
    <meta name="description" content="no"><link rel="canonical" href="https://a.com/aide"></head><body>
    <header>Site</header><nav>Menu</nav><main><header>Par Anne</header><h1>Payer</h1><p>Par <b>carte</b>.</p><script>x()</script></main>
    <footer>Pied</footer></body></html>"""
    articles, failures = read(put(tmp_path, {"a/page.html": page, "b.md": "Text"}))
    assert failures == []
    assert articles["a/page.html"] == SourceArticle(
        id="a/page.html",
        title="Payer",
        body="Par **carte**.",
        url="https://a.com/aide",
        locale="fr-CA",
        section=("A",),
    )
    assert "b.md" in articles


def test_an_html_page_without_a_heading_is_named_by_its_title_or_its_file(tmp_path: Path) -> None:
    articles, _ = read(
        put(
            tmp_path,
            {
                "a.htm": "<title>Refunds</title><p>x",
                "b-c.html": "<p>caf\xe9".encode("latin-1"),
                "d.html": "https://a.com/x",
            },
        )
    )
    assert [a.title for a in articles.values()] == ["Refunds", "B c", "D"]
    assert articles["b-c.html"].body == "café"


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({}, "put .md or .html files in it"),
        ({"a.adoc": "x", "b.txt": "x"}, "put .md or .html files in it"),
        ({"a.md": "---\nx: [\n---\n", "b.md": ""}, "a.md: its front matter"),
    ],
)
def test_a_folder_without_a_good_article_is_refused_as_a_whole(
    tmp_path: Path, files: dict[str, str | bytes], named: str
) -> None:
    with pytest.raises(SourceError, match=r"^[^\n]+$") as refusal:
        read(put(tmp_path, files))
    assert named in str(refusal.value)


# --- what the user typed -----------------------------------------------------------------------------------


def test_a_source_has_the_same_name_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"docs/a.md": "Text", "x.jsonl": json.dumps(GOOD)})
    monkeypatch.chdir(tmp_path)
    assert open_source("docs").name == open_source("./docs/").name == open_source(str(tmp_path / "docs")).name
    assert open_source("x.jsonl").name == str(tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("ftp://example.com/help", "begin with https://"),
        ("missing.jsonl", "does not exist"),
        ("missing", "does not exist"),
        ("table.csv", "kind that is not supported"),
        ("one.md", "give the folder"),
        ("", "no source was named"),
        ("a\0b", "no source was named"),
        ("x" * 5_000, "cannot be read"),
    ],
)
def test_what_is_no_source_is_refused_with_one_line_that_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, named: str
) -> None:
    put(tmp_path, {"table.csv": "a,b", "one.md": "Text"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"^[^\n]+$") as refusal:
        open_source(spec)
    assert named in str(refusal.value)


def test_an_article_may_be_a_title_and_no_text() -> None:
    stub = article_from_record(
        {"id": "all", "title": "All articles", "body": "<script>alert(1)</script>"}, "line 1"
    )
    assert isinstance(stub, SourceArticle)
    assert stub.body == ""
