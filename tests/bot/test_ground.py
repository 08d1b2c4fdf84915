"""A sentence is held against its passages: numbers, addresses and code to the letter, words for the most part."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ground import Sentences, citations, renumbered, supported, without_citations

PASSAGE = """You can return a bicycle within 30 days. Charge it to 40 % first, at most 6.5 bar, between 10:30 and 12:00.
Write to info@shop.example or see https://shop.example/help/a. Edit velo.conf and run `velo-update --device CX-20`.
E.g. hold the side button for three seconds. Version v1.2.3 costs 1,299.00 euros.

```bash
velo-update --device CX-20 --channel stable
rm -rf /tmp/velo
```
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return a bicycle within 30 days.",
        "You can return the bicycle within 30 days [1].",
        "1. Charge it to 40% first.",
        "At most 6.5 bar, between 10:30 and 12:00.",
        "Write to info@shop.example.",
        "See https://shop.example/help/a.",
        "See [help](https://shop.example/help/a).",
        "Run `velo-update --device CX-20`.",
        "Run `velo-update`.",
        "Edit velo.conf, e.g. the version.",
        "Version v1.2.3 costs 1,299.00 euros.",
        "```bash\nvelo-update --device CX-20 --channel stable\n```\n",
        "```\n  rm -rf /tmp/velo\n```",
        "| --- | --- |",
        "",
    ],
)
def test_what_the_passage_says_holds(sentence: str) -> None:
    assert supported(sentence, [PASSAGE], "en")


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return a bicycle within 3 days.",
        "You can return a bicycle within 0 days.",
        "You can return a bicycle within 300 days.",
        "You can return a bicycle within 60 days.",
        "At most 6 bar.",
        "At most 5 bar.",
        "At most 6.50 bar.",
        "Between 10:00 and 12:00.",
        "Write to info@shop.exam.",
        "Write to fo@shop.example.",
        "See https://shop.example/help/b.",
        "See https://shop.example/help.",
        "See https://shop.example.",
        "See shop.evil/help.",
        "Edit evil.conf.",
        "Edit velo.config.",
        "Version v1.2 costs 1,299.00 euros.",
        "It costs 299.00 euros.",
        "It costs 1 euro.",
        "Run `velo-update --device CX-2`.",
        "Run `rm -rf /`.",
        "Run `rm -rf /tmp`.",
        "Run `velo-update --force`.",
        "```bash\nvelo-update --device CX-20 --channel stable\nvelo-update --device --channel\n```\n",
        "```bash\nvelo-update --device CX-20",
        "Bananas are yellow and grow in the tropics.",
        "The king of France rides a bicycle daily to his palace.",
    ],
)
def test_what_the_passage_does_not_say_does_not_hold(sentence: str) -> None:
    assert not supported(sentence, [PASSAGE], "en")


def test_passages_are_held_together_where_several_are_cited() -> None:
    both = "Return a bicycle within 30 days, charged to 60 %."
    assert supported(both, ["Return a bicycle within 30 days.", "Charged to 60 %."], "en")
    assert not supported(both, ["Return a bicycle within 30 days."], "en")


def test_citations_that_exist_are_read_once_and_in_order() -> None:
    assert citations("A [3]. B [1, 2][3] [9] [0].", 4) == [3, 1, 2]
    assert citations("Nothing [here].", 4) == []


def test_an_index_in_code_is_no_citation() -> None:
    assert citations("Use `list[1]` and `x[2]` [3].", 4) == [3]
    assert renumbered("Use `list[1]` [3].", lambda n: n + 4, 4) == "Use `list[1]` [7]."
    assert renumbered("```\nlist[1] = 0\n```\n", lambda n: n + 4, 4) == "```\nlist[1] = 0\n```\n"
    assert without_citations("Use `list[1]` [3].") == "Use `list[1]`."


def test_renumbering_takes_out_what_does_not_exist_and_what_is_double() -> None:
    assert renumbered("A [2][5]. B [1, 2].", lambda n: {1: 7, 2: 7}[n], 3) == "A [7]. B [7]."


def cut(text: str, sizes: list[int]) -> list[str]:
    cutter, found, at = Sentences(), [], 0
    for size in sizes:
        found += cutter.feed(text[at : at + size])
        at += size
    return found + cutter.feed(text[at:]) + cutter.finish()


TEXT = """It works. Really! [1] Does it? Yes.[2]
1. First open it, e.g. here.
2. Then close it.

```python
a = 1. + 2.

print(a)
```
| a | b |
| - | - |
The end"""


def test_sentences_are_cut_where_they_end_and_code_is_one() -> None:
    found = cut(TEXT, [])
    assert "".join(found) == TEXT
    assert found[:2] == ["It works. ", "Really! [1] "]
    assert "1. First open it, e.g. " in found
    assert any(sentence.startswith("```python") and sentence.rstrip().endswith("```") for sentence in found)


def test_it_does_not_matter_how_the_stream_is_cut() -> None:
    dice = random.Random(1)
    whole = cut(TEXT, [])
    for _ in range(200):
        assert cut(TEXT, [dice.randint(1, 9) for _ in range(40)]) == whole
    assert cut(TEXT, [1] * len(TEXT)) == whole


@given(st.text(alphabet="ab.!? \n`~[]12-", max_size=80), st.lists(st.integers(1, 7), max_size=30))
def test_nothing_but_white_space_at_the_end_is_ever_lost(text: str, sizes: list[int]) -> None:
    assert "".join(cut(text, sizes)).rstrip() == text.rstrip()


def test_code_without_an_end_waits_for_the_end_of_the_stream() -> None:
    cutter = Sentences()
    assert cutter.feed("```\none. two.\n\nthree\n") == []
    assert cutter.finish() == ["```\none. two.\n\nthree\n"]
