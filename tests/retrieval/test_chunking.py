"""Passages: cut at headings, code and lists in their shape, ids that stay as long as the content does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import WORDS, embedded_text, split

ARTICLE = """Before the first heading.

# Setup

Install it:

```python
# this is no heading
def main():
    if True:

        return 0
```

## On Linux

- one
  - one point one
- two
    1. deep

| Tyre | Pressure |
| --- | --- |
| 25 mm | 6.5 bar |

# Use `it` **well**

Done.
"""


def texts(body: str) -> list[str]:
    return [passage.text for passage in split("a", "Title", body)]


def test_a_passage_never_mixes_two_sections_and_knows_its_headings() -> None:
    passages = split("a", "Title", ARTICLE)
    assert [passage.headings for passage in passages] == [
        (),
        ("Setup",),
        ("Setup", "On Linux"),
        ("Use it well",),
    ]
    assert [passage.ordinal for passage in passages] == [0, 1, 2, 3]
    assert passages[0].text == "Before the first heading."


def test_code_lists_and_tables_keep_their_shape() -> None:
    _, setup, linux, _ = texts(ARTICLE)
    assert "```python\n# this is no heading\ndef main():\n    if True:\n\n        return 0\n```" in setup
    assert "- one\n  - one point one\n- two\n    1. deep" in linux
    assert "| Tyre | Pressure |\n| --- | --- |\n| 25 mm | 6.5 bar |" in linux


def test_the_first_line_of_a_passage_keeps_its_indentation() -> None:
    body = "Intro.\n\n" + "\n".join(f"    indented line {n} of the code block" for n in range(150))
    for text in texts(body):
        lines = [line for line in text.split("\n") if "indented" in line]
        assert all(line.startswith("    indented") for line in lines), lines[:2]


def test_a_long_section_is_cut_with_an_overlap_and_nothing_is_lost() -> None:
    sentences = [f"Sentence number {n} says something of its own." for n in range(200)]
    pieces = texts("# Long\n\n" + " ".join(sentences))
    assert len(pieces) > 5
    assert all(len(piece.split()) <= WORDS for piece in pieces)
    joined = "\n".join(pieces)
    assert all(sentence in joined for sentence in sentences)
    assert sum(len(piece.split()) for piece in pieces) > len(" ".join(sentences).split())  # they overlap


def test_a_line_without_any_blank_is_cut() -> None:
    line = "x" * 300_000
    pieces = texts(line)
    assert max(map(len, pieces)) <= 60 * WORDS + 60
    assert sum(map(len, pieces)) >= len(line)
    chinese = "退货政策说明。" * 3000
    assert max(map(len, texts(chinese))) <= 60 * WORDS + 60


def test_an_article_without_text_holds_nothing_to_find() -> None:
    assert split("a", "All articles", " \n") == []


def test_what_is_embedded_begins_with_title_and_headings() -> None:
    passage = split("a", "Title", ARTICLE)[2]
    assert embedded_text("Title", passage).startswith("Title > Setup > On Linux\n- one")


def test_ids_stay_and_an_edit_changes_only_its_own_passage() -> None:
    before = {passage.headings: passage.id for passage in split("a", "Title", ARTICLE)}
    assert before == {passage.headings: passage.id for passage in split("a", "Title", ARTICLE)}
    after = {
        passage.headings: passage.id for passage in split("a", "Title", ARTICLE.replace("- two", "- three"))
    }
    assert {headings for headings in before if before[headings] != after[headings]} == {("Setup", "On Linux")}
    moved = {passage.headings: passage.id for passage in split("a", "Title", "First.\n\n# New\n\n" + ARTICLE)}
    assert moved[("Use it well",)] == before[("Use it well",)]


def test_ids_belong_to_one_article_and_one_title() -> None:
    ids = {
        split("a", "Title", "Text.")[0].id,
        split("b", "Title", "Text.")[0].id,
        split("a", "Other", "Text.")[0].id,
    }
    assert len(ids) == 3
    # what looks alike when it is put together is not alike
    assert split("a", "T", "# H\n\nx")[0].id != split("a", "T", "H\n\nx")[0].id


def test_the_same_text_twice_in_an_article_has_two_ids() -> None:
    passages = split("a", "Title", "# Note\n\nSee above.\n\n# Note\n\nSee above.")
    assert len(passages) == 2
    assert passages[0].id != passages[1].id


@pytest.mark.parametrize(
    "body", ["> # quoted\n\ntext", "- # in a list\n\ntext", "<h1>html</h1>\n\ntext", "    # code\n\ntext"]
)
def test_only_a_heading_of_the_article_itself_cuts(body: str) -> None:
    assert len(split("a", "Title", body)) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab #\n`-*|>[]()!.é退\\\t1", max_size=400))
def test_no_word_is_ever_lost(body: str) -> None:
    passages = split("a", "Title", body)
    assert len({passage.id for passage in passages}) == len(passages)
    kept = " ".join(" ".join((*passage.headings, passage.text)) for passage in passages)
    for word in re.findall(r"[ab1é退]+", body):
        assert word in kept or _in_a_heading_without_text(word, body)


def _in_a_heading_without_text(word: str, body: str) -> bool:
    """A heading with nothing under it before the next one has no passage to stand over."""
    return (
        any(word in line for line in body.split("\n") if "#" in line or set(line.strip()) <= set("-="))
        or "-" in body
    )


def test_a_long_piece_of_code_is_code_in_every_passage() -> None:
    code = "\n".join(f"key{number}: value number {number} of a long list" for number in range(150))
    passages = split("a", "Title", f"Before.\n\n```yaml\n{code}\n```\n\nAfter it all.")
    with_code = [passage.text for passage in passages if "key" in passage.text]
    assert len(with_code) > 2
    for text in with_code:
        assert text.startswith("```yaml\n")
        assert text.endswith("\n```")
        assert text.count("```") == 2
    assert "```" not in passages[-1].text
