"""Pieces of bounded size: prose overlaps, tables keep their header, code stays code, and no word is lost."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from help_center.markup import render
from retrieval.cutting import MAX_WORD, OVERLAP, SIZE, count, cut

HEADER = "| Tyre | Pressure |\n| --- | --- |"


def table(rows: int) -> str:
    return "\n".join([HEADER, *(f"| T{n} | {n} bar |" for n in range(rows))])


def test_a_short_section_is_one_piece() -> None:
    text = "Intro.\n\n- one\n  - deeper\n\n```sh\nrun\n```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert cut(f"\n\n{text}\n\n") == [text]
    assert cut(" \n\n ") == []
    assert cut("") == []


# --- tables ------------------------------------------------------------------------------------------------


def test_every_piece_of_a_long_table_begins_with_its_header() -> None:
    pieces = cut(table(300))
    assert len(pieces) > 5
    for piece in pieces:
        assert piece.startswith(HEADER)
        assert piece.count(HEADER) == 1
        assert "<table>" in render(piece)
    rows = [line for piece in pieces for line in piece.split("\n")[2:]]
    assert rows == table(300).split("\n")[2:]  # each once, in order


def test_what_announces_a_table_stands_over_its_beginning_and_what_follows_it_is_kept() -> None:
    before = "Something about tyres that is long enough. " * 15
    pieces = cut(f"{before}\n\nThe pressures are:\n\n{table(100)}\n\nPump more for luggage.")
    first = next(piece for piece in pieces if "| T0 |" in piece)
    assert first.startswith("The pressures are:\n\n| Tyre")
    assert pieces[-1].startswith(HEADER)
    assert pieces[-1].endswith("Pump more for luggage.")


def test_a_short_introduction_is_never_a_piece_of_its_own() -> None:
    assert cut(f"The pressures:\n\n{table(100)}")[0].startswith(f"The pressures:\n\n{HEADER}\n| T0 |")


def test_a_table_with_a_row_that_is_too_long_keeps_its_header_over_the_rest_of_the_row() -> None:
    row = "| T1 | " + " ".join(f"word{n}" for n in range(900)) + " |"
    pieces = cut(f"{HEADER}\n{row}\n| T2 | 5 bar |")
    assert all(piece.startswith(HEADER) for piece in pieces)
    assert all(f"word{n}" in " ".join(pieces) for n in range(900))
    assert "| T2 | 5 bar |" in pieces[-1]


def test_a_header_that_would_fill_every_piece_is_not_repeated() -> None:
    header = "| " + " ".join(f"head{n}" for n in range(150)) + " | b |\n| --- | --- |"
    pieces = cut(header + "\n" + "\n".join(f"| row{n} | {n} |" for n in range(200)))
    assert sum("head149" in piece for piece in pieces) == 1
    assert all(count(piece) <= SIZE for piece in pieces)
    assert len(pieces) < 20


def test_a_table_in_a_list_is_a_table_in_every_piece() -> None:
    inside = "\n".join("      " + line for line in table(100).split("\n"))
    pieces = cut(f"1. First:\n\n   - Then:\n\n{inside}\n\n2. Last.")
    assert len(pieces) > 2
    assert all("<table>" in render(piece) for piece in pieces)


# --- code --------------------------------------------------------------------------------------------------


def test_every_piece_of_long_code_is_opened_as_it_was_and_closed() -> None:
    code = "\n\n".join(f"key{n}: value {n} of a list" for n in range(150))
    pieces = cut(f"Before.\n\n~~~yaml title=x\n{code}\n~~~\n\nAfter.")
    assert len(pieces) > 3
    assert pieces[0].startswith("Before.\n\n~~~yaml title=x\nkey0")
    assert pieces[-1].endswith("\n~~~\n\nAfter.")
    for piece in pieces:
        assert "~~~yaml title=x\n" in piece
        assert piece.count("~~~") == 2
    kept = "\n".join(pieces)
    assert all(line in kept for line in code.split("\n\n"))


def test_code_in_a_list_is_code_when_it_stands_alone() -> None:
    code = "\n".join(f"         echo line {n}" for n in range(200))
    for piece in cut(f"1. One:\n\n   - Two:\n\n     ```sh\n{code}\n     ```\n\n2. Three.")[1:-1]:
        assert render(piece).startswith('<pre><code class="language-sh">')
        assert "```" not in render(piece)


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_code_in_a_quote_and_code_that_nothing_closes(fence: str) -> None:
    code = "\n".join(f"> line {n}" for n in range(200))
    pieces = cut(f"> {fence}\n{code}\n> {fence}\n")
    assert all(piece.split("\n")[0] == piece.split("\n")[-1] == f"> {fence}" for piece in pieces)
    assert cut(f"Run:\n\n{fence}\nopen\n") == [f"Run:\n\n{fence}\nopen\n{fence}"]


def test_marks_inside_code_are_no_fence_and_no_table() -> None:
    code = "````md\n```\n| a |\n| - |\n````"
    assert cut(f"{code}\n\n{'word ' * 250}")[0].startswith(code)


def test_a_fence_of_thousands_of_marks_is_no_code_of_anybodys() -> None:
    assert all(count(piece) <= SIZE for piece in cut("~" * 100_000 + "\ntext"))
    assert "text" in cut("~" * 100_000 + "\ntext")[-1]


# --- prose -------------------------------------------------------------------------------------------------


def test_pieces_of_prose_overlap_by_whole_sentences() -> None:
    pieces = cut(" ".join(f"Sentence {n} says something of its own." for n in range(200)))
    assert len(pieces) > 5
    for before, after in pairwise(pieces):
        repeated = after[: after.index("own.") + 4]
        assert repeated in before
        assert 0 < count(before[before.index(repeated) :]) <= OVERLAP


def test_scripts_without_spaces_are_cut_at_their_sentences() -> None:
    pieces = cut("退货政策说明很长的一句话。" * 400)
    assert all(piece.endswith("。") for piece in pieces)
    assert all(len(piece) <= 2 * SIZE for piece in pieces)
    thai = cut("การคืนสินค้า" * 400)
    assert all(len(piece) <= 2 * SIZE + 2 * MAX_WORD for piece in thai)


def test_a_line_without_a_blank_is_cut_into_few_pieces() -> None:
    pieces = cut("x" * 300_000)
    assert sum(map(len, pieces)) >= 300_000
    assert len(pieces) < 300
    assert all(count(piece) <= SIZE for piece in pieces)


_line = st.text(alphabet="ab1 #`~-*|>[]()!.é退。\t\\", max_size=30)
_words = st.integers(1, 300).map(lambda n: "word " * n)
_fenced = st.tuples(st.sampled_from(["```", "~~~", "> ```", "- ```", "    ```"]), _line, _words)
_blocks = st.one_of(
    _line,
    _words,
    _fenced.map(lambda parts: f"{parts[0]}{parts[1]}\n{parts[2]}\n{parts[0]}"),
    st.integers(0, 120).map(table),
    st.integers(0, 60).map(lambda n: "> " + table(n).replace("\n", "\n> ")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_blocks, max_size=8), st.sampled_from(["\n", "\n\n"]))
@example(["```\n" + "a\n" * 400, table(100)], "\n")
def test_no_word_is_lost_and_no_piece_is_too_long(blocks: list[str], between: str) -> None:
    text = between.join(blocks)
    pieces = cut(text)
    assert all(piece.strip() for piece in pieces)
    assert [count(piece) for piece in pieces if count(piece) > SIZE] == []
    wanted: dict[str, int] = {}
    for word in re.findall(r"[^\W_]+", text):
        wanted[word] = wanted.get(word, 0) + 1
    kept = re.findall(r"[^\W_]+", "\n".join(pieces))
    short = {word: number for word, number in wanted.items() if kept.count(word) < number}
    assert short == {}
