"""AsciiDoc, lightly: headings, code blocks, links and pictures in Markdown. The rest stays as it is: it can be read."""

from __future__ import annotations

import re

from help_center.markup.code import code_blocks

_ASCIIDOC_HEADING = re.compile(r"^(={2,6})[ \t]+(\S.*)$")
_MARKDOWN_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S")
_ASCIIDOC_FENCE = re.compile(r"^(-{4,}|\.{4,})[ \t]*$")
_ASCIIDOC_SOURCE = re.compile(r"^\[source(?:%\w+)?(?:,\s*([\w+#.-]{1,40}))?[^\]\n]*\][ \t]*$")
_ASCIIDOC_DROPPED = re.compile(
    r"^(?::!?[\w-]{1,60}!?:(?:[ \t].*)?|\[\[[^\[\]\n]*\]\]|\[(?:cols|options|width|format|%|\.|#|role)[^\]\n]*\]|={4,}|\|={3,})[ \t]*$"
)
_ASCIIDOC_PICTURE = re.compile(r"\bimage::?([^\s\[\]]{1,500})\[([^\]\n]{0,500})\]")
_ASCIIDOC_LINK = re.compile(
    r"(?:\blink:([^\s\[\]]{1,1000})|\b(https?://[^\s\[\]<>()]{1,1000}))\[([^\]\n]{1,500})\]"
)
_ASCIIDOC_ICON = re.compile(r"\bicon:[\w-]{1,60}\[[^\]\n]{0,200}\][ \t]?")


def asciidoc_to_markdown(text: str) -> str:
    """A text that is AsciiDoc by its headings, with its headings, code blocks, links and pictures in Markdown.
    The rest of AsciiDoc stays as it is: it can be read."""
    if text.count("\n==") + text.startswith("==") < 2:
        return text
    lines = text.split("\n")
    fences = ((first, last) for first, last in code_blocks(text) if "```" in lines[first])
    in_markdown_fence = {n for first, last in fences for n in range(first, last)}
    outside = [line for n, line in enumerate(lines) if n not in in_markdown_fence]
    if any(_MARKDOWN_HEADING.match(line) for line in outside):
        return text
    if sum(1 for line in outside if _ASCIIDOC_HEADING.match(line)) < 2:
        return text
    last = {line.rstrip(): n for n, line in enumerate(lines) if _ASCIIDOC_FENCE.match(line)}
    written: list[str] = []
    fence: str | None = None
    language = ""
    for n, line in enumerate(lines):
        delimiter = _ASCIIDOC_FENCE.match(line)
        if fence is not None:
            closes = delimiter is not None and delimiter[1] == fence
            written.append("```" if closes else line.replace("```", "` ` `"))
            fence = None if closes else fence
        elif n in in_markdown_fence:
            written.append(line)
        elif delimiter is not None and last[delimiter[1]] > n:
            fence = delimiter[1]
            written += ["", "```" + language]
            language = ""
        elif source := _ASCIIDOC_SOURCE.match(line):
            language = source[1] or ""
        elif heading := _ASCIIDOC_HEADING.match(line):
            written += ["", "#" * len(heading[1]) + " " + _asciidoc_line(heading[2]).strip()]
        elif not _ASCIIDOC_DROPPED.match(line):
            written.append(_asciidoc_line(line))
    return "\n".join(written).strip("\n")


def _asciidoc_line(line: str) -> str:
    line = _ASCIIDOC_ICON.sub("", line)
    line = _ASCIIDOC_PICTURE.sub(_asciidoc_picture, line)
    return _ASCIIDOC_LINK.sub(lambda found: f"[{found[3].rstrip('^').strip()}]({found[1] or found[2]})", line)


def _asciidoc_picture(found: re.Match[str]) -> str:
    alternative = found[2].split(",")[0].strip(' "')
    return f"![{alternative}]({found[1]})"
