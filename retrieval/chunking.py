"""Cuts an article into passages. LangChain's splitters stop here.

An article is cut at its headings first, so that a passage never mixes two sections; a section that is too long
is cut by LangChain's recursive splitter at paragraphs, then lines, then sentences. Code and lists keep their
shape. Knows Markdown, not how passages are stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from langchain_text_splitters import RecursiveCharacterTextSplitter
from markdown_it import MarkdownIt

from retrieval.passages import Passage

VERSION = "chunks-3"  # goes up when the same article gives other passages
WORDS = 200
OVERLAP = 40
MAX_WORD = 60  # characters: a longer "word" (an address, base64) counts as several

_fence = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_markdown = MarkdownIt("commonmark").enable("table")
_splitter = RecursiveCharacterTextSplitter(
    chunk_size=WORDS,
    chunk_overlap=OVERLAP,
    length_function=lambda text: sum(1 + len(word) // MAX_WORD for word in text.split()),
    separators=["\n\n", "\n", r"(?<=[.!?。！？])\s+", " ", ""],
    is_separator_regex=True,
    keep_separator=True,
    strip_whitespace=False,
)


def split(article_id: str, title: str, body: str) -> list[Passage]:
    """The passages of an article's Markdown, in order. An article without text gives none: it is shown and suggested by
    its title, but there is nothing in it to find or to quote."""
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    for headings, text in _sections(body):
        start = -1
        for piece in _splitter.split_text(text):
            start = text.find(piece, start + 1)  # pieces overlap, and come in order
            piece = _fenced(piece.strip("\n").rstrip(), text[:start])
            if piece.strip():
                passages.append(_passage(article_id, title, len(passages), headings, piece, seen))
    return passages


def embedded_text(title: str, passage: Passage) -> str:
    """What is embedded of a passage: the title and its headings in front, because a passage seldom repeats them."""
    return "\n".join([" > ".join((title, *passage.headings)), passage.text])


def _sections(body: str) -> Iterator[tuple[tuple[str, ...], str]]:
    lines = body.split("\n")
    path: list[tuple[int, str]] = []
    start = 0
    tokens = _markdown.parse(body)
    for i, token in enumerate(tokens):
        if token.type != "heading_open" or token.map is None or token.level != 0:
            continue
        text = "\n".join(lines[start : token.map[0]])
        if text.strip():
            yield tuple(heading for _, heading in path), text
        level = int(token.tag[1])
        path = [(lev, heading) for lev, heading in path if lev < level]
        path.append((level, _plain(tokens[i + 1].content)))
        start = token.map[1]
    text = "\n".join(lines[start:])
    if text.strip():
        yield tuple(heading for _, heading in path), text


def _fenced(piece: str, before: str) -> str:
    """The piece with the code fences that the cut took from it, so that code stays code."""
    opening = _open_fence(before.split("\n"))
    if opening and piece.strip():
        piece = f"{opening}\n{piece}"
    left_open = _open_fence(piece.split("\n"))
    return f"{piece}\n{_fence.match(left_open)[1]}" if left_open else piece  # type: ignore[index]


def _open_fence(lines: list[str]) -> str | None:
    """The line that opens the code block which `lines` end in, if they do."""
    opening: str | None = None
    for line in lines:
        found = _fence.match(line)
        if found is None:
            continue
        if opening is None:
            opening = line.strip()
        elif line.strip().startswith(_fence.match(opening)[1]) and not line.strip().strip("`~"):  # type: ignore[index]
            opening = None
    return opening


def _plain(inline: str) -> str:
    parts = _markdown.parseInline(inline)[0].children or []
    return "".join(part.content for part in parts if part.type in {"text", "code_inline"}).strip()[:300]


def _passage(
    article_id: str, title: str, ordinal: int, headings: tuple[str, ...], text: str, seen: dict[str, int]
) -> Passage:
    # The id is the content: an edit leaves the other passages of its article, and their vectors, as they are.
    key = "\x1f".join((article_id, title, *headings, "\x1e", text))
    seen[key] = seen.get(key, 0) + 1
    digest = hashlib.sha256(f"{key}\x1f{seen[key]}".encode("utf-8", "replace")).hexdigest()[:32]
    return Passage(digest, article_id, ordinal, headings, text)
