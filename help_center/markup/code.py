"""Code in a Markdown text, put aside while something else is done to the words around it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from markdown_it.token import Token

from help_center.markup.parsing import INSPECTOR

# Control characters are gone by now (`legible`), so these marks cannot be in the text.
_MARK = re.compile("\x00([0-9]+)\x01")


def put_code_aside(text: str) -> tuple[str, list[str]]:
    """The text with a mark in the place of each piece of code, and the pieces."""
    code: list[str] = []

    def aside(piece: str) -> str:
        code.append(piece)
        return f"\x00{len(code) - 1}\x01"

    lines = text.split("\n")
    written: list[str] = []
    prose: list[str] = []

    def finish_prose() -> None:
        if prose:
            written.append(_code_spans_aside("\n".join(prose), aside))
            prose.clear()

    at = 0
    for first, last in code_blocks(text):
        prose += lines[at:first]
        finish_prose()
        written.append(aside("\n".join(lines[first:last])))
        at = last
    prose += lines[at:]
    finish_prose()
    return "\n".join(written), code


def code_blocks(text: str) -> Iterator[tuple[int, int]]:
    """The first line and the line after the last of each fenced or indented block, in order."""
    tokens: list[Token] = []
    INSPECTOR.block.parse(text, INSPECTOR, {}, tokens)
    reached = 0
    for token in tokens:
        code = token.type in {"fence", "code_block"}
        if token.type == "html_block" and token.content.lstrip().lower().startswith("<pre"):
            code = True
        if code and token.map and token.map[0] >= reached:
            reached = token.map[1]
            yield token.map[0], token.map[1]


def _code_spans_aside(text: str, aside: Callable[[str], str]) -> str:
    """CommonMark's code spans: a run of backticks up to the next run of the same length in the paragraph."""
    runs = [(run.start(), run.end()) for run in re.finditer("`+", text)]
    breaks = [found.start() for found in re.finditer(r"\n[ \t]*\n", text)]
    starts: dict[int, list[int]] = {}
    for start, end in runs:
        starts.setdefault(end - start, []).append(start)
    kept = []
    done = 0
    for start, end in runs:
        if start < done:
            continue
        same = starts[end - start]
        place = bisect_right(same, start)
        if place == len(same):
            continue
        close = same[place]
        if bisect_right(breaks, start) != bisect_right(breaks, close):
            continue
        kept += [text[done:start], aside(text[start : close + end - start])]
        done = close + end - start
    return "".join([*kept, text[done:]])


def put_code_back(text: str, code: Sequence[str]) -> str:
    return _MARK.sub(lambda mark: code[int(mark[1])], text)
