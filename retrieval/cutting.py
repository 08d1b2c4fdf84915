"""Cuts the Markdown text of one section into pieces of bounded size. LangChain's splitter stops here.

Prose is cut at paragraphs, then lines, sentences and words, with an overlap. A code block or a table stays whole where
it fits. One that is too long is cut between its lines, and every piece of it is a code block or a table again: a row
without its header would mean nothing. Knows nothing of articles, headings or passages. Time grows with the length of
the text, and not faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from textwrap import dedent

from langchain_text_splitters import RecursiveCharacterTextSplitter
from markdown_it import MarkdownIt
from markdown_it.token import Token

SIZE = 210  # of a piece, at most, as `count` has it: nearly all pieces fit the 256 tokens that a small model reads
OVERLAP = 24  # of the piece before that is said again, at most
MAX_WORD = 60  # characters: a longer "word" (base64, a hash) is no word to a model, and may be cut
LETTERS = 7  # of a word that count as one token; a sign counts as one, too
MAX_OPENING = 20  # tokens of a code block's opening line that are repeated; of a longer one only the fence

_kinds = {"fence": "code", "table_open": "table"}
_fence = re.compile(r"(.*?)(`{3,}|~{3,})")
_sentence = r"(?<=[.!?])\s+|(?<=[。！？])"
_unspaced = re.compile(  # scripts written without spaces: Thai to Tibetan, Burmese, Khmer, kana, Chinese characters
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_word = re.compile(r"[^\W_]+|[^\w\s]|_")
_foreign = re.compile(r"[^\x00-\u024f]")
_one_space = re.compile(r"\A (?=\S)")
_markdown = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")


@dataclass(frozen=True)
class _Block:
    """Lines that follow each other, line feeds included: the blocks joined are the text."""

    kind: str  # prose, code, table
    text: str


def cut(text: str) -> list[str]:
    """The pieces of a section's Markdown, in order; each counts at most SIZE, and none is blank.

    No word is lost. A piece of prose repeats up to OVERLAP words of the one before it, the later pieces of a table repeat
    its header, those of a code block its opening line, and what follows a sentence that announces it repeats that.
    """
    pieces: list[str] = []
    ends_in_prose = False
    for block in _blocks(text):
        last = pieces[-1] if pieces else ""
        used = count(last)
        lead = ""
        if used <= OVERLAP:
            lead = last
        elif ends_in_prose and block.kind != "prose":
            lead = _announcement(last)
        parts = _parts(block, SIZE - count(lead))
        fits = bool(pieces) and used + count(parts[0]) <= SIZE  # always where the lead is all that there is
        if fits:
            pieces[-1] = last + parts.pop(0)
        if block.kind != "prose":  # outside of its list four spaces would make other code of it
            parts = [dedent(part) for part in parts]
        if lead and not fits:
            parts[0] = f"{lead}\n\n{parts[0]}"
        pieces += parts
        ends_in_prose = block.kind == "prose"
    tidy = (_one_space.sub("", piece.strip("\n").rstrip()) for piece in pieces)
    return [piece for piece in tidy if piece]


def count(text: str) -> int:
    """About how many tokens a model of word pieces reads; of other alphabets, two letters are one."""
    tokens = sum(
        1 + (len(word) - 1) // (LETTERS if len(word) <= MAX_WORD else MAX_WORD)
        for word in _word.findall(text)
    )
    if text.isascii():
        return tokens
    return tokens + -(-len(_foreign.findall(text)) // 2) + -(-len(_unspaced.findall(text)) // 2)


def _blocks(text: str) -> Iterator[_Block]:
    """Code blocks and tables, wherever they stand (in lists and quotes, too), and the prose between them."""
    tokens: list[Token] = []
    _markdown.block.parse(text, _markdown, {}, tokens)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    done = 0
    for token in tokens:
        if token.type not in _kinds or token.map is None or token.map[0] < done:
            continue
        first, end = token.map
        marks = _fence.match(lines[first])
        if token.type == "fence" and (marks is None or count(marks[0]) > MAX_OPENING):
            continue  # thousands of tildes, or of quotes in each other: no author's code
        if first > done:
            yield _Block("prose", "".join(lines[done:first]))
        yield _Block(_kinds[token.type], "".join(lines[first:end]))
        done = end
    if done < len(lines):
        yield _Block("prose", "".join(lines[done:]))


def _parts(block: _Block, room: int) -> list[str]:
    """The block in at least one part; each counts at most `room`."""
    if block.kind == "code":
        return _code(block.text, room)
    if count(block.text) <= room:
        return [block.text]
    return _table(block.text, room) if block.kind == "table" else _split(block.text, room, OVERLAP)


def _code(text: str, room: int) -> list[str]:
    """Each part opens as the whole does, and is closed."""
    opening, _, inside = text.partition("\n")
    marks = _fence.match(opening)
    assert marks is not None, "markdown-it's fences begin with their marks"
    before, fence = marks[1], marks[2]
    closing = re.sub(r"[^>\s]", " ", before) + fence  # a list's marker stands before the first line only
    lines = inside.rstrip().split("\n")
    last = lines[-1].strip(" \t>")
    if last.startswith(fence) and not last.strip(fence[0]):
        lines.pop()
    inside = "\n".join(lines)
    if count(opening) + count(inside) + count(closing) <= room:
        return [f"{opening}\n{inside}\n{closing}\n"]
    if count(opening) > MAX_OPENING:
        inside = f"{opening}\n{inside}"
        opening = before + fence
    pieces = (piece.strip("\n") for piece in _split(inside, room - count(opening) - count(closing), OVERLAP))
    return [f"{opening}\n{piece}\n{closing}\n" for piece in pieces if piece.strip()]


def _table(text: str, room: int) -> list[str]:
    """Each part has the header, unless that alone fills half of the room."""
    lines = text.rstrip("\n").split("\n")
    header, rows = lines[:2], lines[2:]
    words = count("\n".join(header))
    if words > room // 2:
        header, rows, words = [], lines, 0
    left = room - words
    parts: list[list[str]] = [[]]
    for row in rows:
        for piece in [row] if count(row) <= room - words else _split(row, room - words, 0):
            if count(piece) > left and parts[-1]:
                parts.append([])
                left = room - words
            parts[-1].append(piece)
            left -= count(piece)
    return ["\n".join([*header, *part]) + "\n" for part in parts]


def _announcement(piece: str) -> str:
    """The last paragraph of a piece, its last line or its last sentence: the first of these that may be repeated."""
    for boundary in (r"\n[ \t]*\n", r"\n", _sentence):
        last = re.split(boundary, piece.rstrip())[-1]
        if count(last) <= OVERLAP:
            return last
    return ""


def _split(text: str, words: int, overlap: int) -> list[str]:
    return _splitter(words, overlap).split_text(text)


@lru_cache(maxsize=256)
def _splitter(words: int, overlap: int) -> RecursiveCharacterTextSplitter:
    return RecursiveCharacterTextSplitter(
        chunk_size=words,
        chunk_overlap=overlap,
        length_function=count,
        separators=[r"\n\n", r"\n", _sentence, " ", rf".{{{MAX_WORD}}}"],
        is_separator_regex=True,
        keep_separator=True,
        strip_whitespace=False,
    )
