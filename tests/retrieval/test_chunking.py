"""Passages: cut at headings, code and lists in their shape, ids that stay as long as the content does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import embedded_text, parts, section_at, split
from retrieval.cutting import MAX_WORD, SIZE, count
from retrieval.passages import Passage

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


def by_section(passage: Passage) -> list[Passage]:
    return [section_at(passage, section.end - 1) for section in passage.sections] or [passage]


def test_short_sections_share_a_passage_that_knows_each_of_them() -> None:
    passages = split("a", "Title", ARTICLE)
    assert len(passages) == 1
    sections = by_section(passages[0])
    assert [section.headings for section in sections] == [
        (),
        ("Setup",),
        ("Setup", "On Linux"),
        ("Use it well",),
    ]
    assert sections[0].text == "Before the first heading."
    assert sections[3].text == "Done."
    assert "\n\nUse it well\nDone." in passages[0].text
    assert all(section.id == passages[0].id and section.sections == () for section in sections)


def test_a_heading_belongs_to_the_section_under_it() -> None:
    passage = split("a", "Title", ARTICLE)[0]
    assert section_at(passage, passage.text.index("Use it well")).headings == ("Use it well",)
    assert section_at(passage, 0).headings == ()
    assert section_at(passage, len(passage.text) + 5) == passage


def test_sections_that_do_not_fit_together_are_passages_of_their_own() -> None:
    body = "\n\n".join(f"# Part {n}\n\n" + f"Sentence of part {n}. " * 14 for n in range(6))
    passages = split("a", "Title", body)
    assert 2 <= len(passages) < 6
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    assert all(count(passage.text) <= SIZE for passage in passages)
    found = [section.headings for passage in passages for section in by_section(passage)]
    assert found == [(f"Part {n}",) for n in range(6)]


def test_code_lists_and_tables_keep_their_shape() -> None:
    _, setup, linux, _ = (section.text for section in by_section(split("a", "Title", ARTICLE)[0]))
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
    assert all(count(piece) <= SIZE for piece in pieces)
    joined = "\n".join(pieces)
    assert all(sentence in joined for sentence in sentences)
    assert sum(len(piece.split()) for piece in pieces) > len(" ".join(sentences).split())  # they overlap


def test_a_line_without_any_blank_is_cut() -> None:
    line = "x" * 300_000
    pieces = texts(line)
    assert max(map(len, pieces)) <= MAX_WORD * SIZE
    assert sum(map(len, pieces)) >= len(line)
    chinese = "退货政策说明。" * 3000
    assert max(map(len, texts(chinese))) <= MAX_WORD * SIZE


def test_an_article_without_text_holds_nothing_to_find() -> None:
    assert split("a", "All articles", " \n") == []


def test_what_is_embedded_begins_with_title_and_headings() -> None:
    passage = by_section(split("a", "Title", ARTICLE)[0])[2]
    assert embedded_text("Title", passage).startswith("Title > Setup > On Linux\n- one")


def test_ids_stay_and_an_edit_changes_only_its_own_passage() -> None:
    body = "\n\n".join(f"# Part {n}\n\n" + f"Sentence of part {n}. " * 30 for n in range(4))

    def ids(body: str) -> dict[tuple[str, ...], str]:
        return {passage.headings: passage.id for passage in split("a", "Title", body)}

    before = ids(body)
    assert list(before) == [(f"Part {n}",) for n in range(4)]
    assert before == ids(body)
    after = ids(body.replace("part 2", "part two"))
    assert {headings for headings in before if before[headings] != after[headings]} == {("Part 2",)}
    moved = ids("First.\n\n" + "Long enough to stand alone. " * 40 + "\n\n# New\n\nMore.\n\n" + body)
    assert before.items() <= moved.items()


def test_an_edit_in_a_shared_passage_changes_it_and_no_other() -> None:
    long = "\n\n# Long\n\n" + "Too long to share. " * 40
    before = split("a", "Title", ARTICLE + long)
    after = split("a", "Title", ARTICLE.replace("- two", "- three") + long)
    assert [len(passage.sections) for passage in before] == [4, 0]
    assert before[0].id != after[0].id
    assert before[1].id == after[1].id


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
    note = "# Note\n\n" + "See above. " * 60
    passages = split("a", "Title", f"{note}\n\n{note}")
    assert len(passages) == 2
    assert passages[0].text == passages[1].text
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
        assert text.count("```") == 2
        assert "```yaml\nkey" in text
        code_alone = text.partition("```yaml\n")[2].partition("\n```")[0]
        assert all(line.startswith("key") for line in code_alone.split("\n"))
    assert with_code[0].startswith("Before.")
    assert passages[-1].text.endswith("\n```\n\nAfter it all.")
    assert all(f"key{number}: value" in "".join(with_code) for number in range(150))


def test_parts_are_sentences_and_lines_in_order_and_cover_the_text() -> None:
    text = "Title > Getting money back\nYou can return a bicycle. Bring it to a shop! Short. Then wait for five whole days.\n- a list item that is long enough"
    spans = parts(text)
    assert [text[start:end] for start, end in spans] == [
        "Title > Getting money back",
        "You can return a bicycle.",
        "Bring it to a shop! Short.",
        "Then wait for five whole days.",
        "- a list item that is long enough",
    ]
    assert parts("x") == [(0, 1)]


def test_a_passage_of_many_lines_has_a_bounded_number_of_parts() -> None:
    text = "\n".join(f"line number {n} of a very long listing" for n in range(500))
    spans = parts(text)
    assert len(spans) <= 48
    assert (spans[0][0], spans[-1][1]) == (0, len(text))
