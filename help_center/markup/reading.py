"""What a Markdown text says: its words, its headings and sections, where it leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it.token import Token

from help_center.markup.callouts import callout_at, containers_as_quotes, without_mark
from help_center.markup.parsing import INSPECTOR, READER, inline_text
from help_center.markup.tags import words_of_html
from help_center.markup.text import legible, slugify

_ENDS = ".!?:;,…。！？"


def plain_text(markdown: str) -> str:
    """The words alone, a block a line and a table row a line ("name: one, two;"), for search and excerpts."""
    lines: list[str] = []
    row_ends = False  # the line before is a row of the table that goes on
    cells: list[str] | None = None
    tokens = INSPECTOR.parse(containers_as_quotes(legible(markdown)))
    for place, token in enumerate(tokens):
        if token.type == "blockquote_open" and (callout := callout_at(tokens, place)):
            lines.append(inline_text(without_mark(callout[1])).strip())
            continue
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            if row := _row(cells):
                if row_ends and lines[-1][-1] not in _ENDS:
                    lines[-1] += ";"
                lines.append(row)
                row_ends = True
            cells = None
        elif token.type == "table_close":
            row_ends = False
        elif token.type == "inline":
            text = inline_text(token.children, line_break="\n").strip()
            if cells is not None:
                cells.append(text)
            elif text:
                lines.append(text)
        elif token.type in {"fence", "code_block"}:
            lines.append(token.content.strip("\n"))
        elif token.type == "html_block":
            lines.append(words_of_html(token.content))
    return "\n".join(line for line in lines if line.strip())


def _row(cells: Sequence[str]) -> str:
    """A row as it is read aloud: what it is about, then what is said of it."""
    name, *said = (" ".join(cell.split()) for cell in cells)
    told = ", ".join(cell for cell in said if cell)
    return f"{name.rstrip(':')}: {told}" if name and told else name or told


def headings(markdown: str) -> list[tuple[int, str, str]]:
    """`(level, text, slug)` of every heading that has a text; the slug is the id that `render` gives it."""
    return list(headings_of(READER.parse(containers_as_quotes(legible(markdown)))))


def sections(markdown: str) -> list[tuple[str, str]]:
    """Every heading that has a text, with the words that stand under it up to the next one. Not those within quotes and lists."""
    text = containers_as_quotes(legible(markdown))
    tokens = READER.parse(text)
    lines = text.split("\n")
    starts = [
        (opening.map[0], opening.map[1], " ".join(inline_text(inline.children).split()))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.map and opening.level == 0
    ]
    return [
        (heading, plain_text("\n".join(lines[below:end])))
        for (_, below, heading), (end, _, _) in pairwise([*starts, (len(lines), 0, "")])
        if heading
    ]


def headings_of(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    """Also writes each slug on its token."""
    taken: set[str] = set()
    last: dict[str, int] = {}  # the number that a repeated heading got last
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = " ".join(inline_text(inline.children).split())
        if not text:
            continue
        slug = base = slugify(text)
        while slug in taken:
            last[base] = last.get(base, 1) + 1
            slug = f"{base}-{last[base]}"
        taken.add(slug)
        opening.attrSet("id", slug)
        yield int(opening.tag[1]), text, slug


@dataclass(frozen=True)
class Address:
    """A link or a picture of a text: where it leads, its words, and the line that its paragraph begins in."""

    kind: str  # link, picture
    address: str
    text: str
    line: int


def addresses(markdown: str) -> list[Address]:
    """Every link and picture in the order of the text, whether it may be followed or not."""
    found = []
    for token in READER.parse(legible(markdown)):
        if token.type != "inline":
            continue
        line = (token.map[0] if token.map else 0) + 1
        opened: list[tuple[str, list[Token]]] = []
        for child in token.children or ():
            if child.type == "link_open":
                opened.append((str(child.attrGet("href") or ""), []))
            elif child.type == "link_close" and opened:
                href, inside = opened.pop()
                found.append(Address("link", href, inline_text(inside), line))
            elif child.type == "image":
                found.append(
                    Address("picture", str(child.attrGet("src") or ""), inline_text(child.children), line)
                )
            for _, inside in opened:
                if child.type != "link_open":
                    inside.append(child)
    return found
