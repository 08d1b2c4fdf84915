"""Cuts an article into passages, and a passage into the parts that are compared with a question.

An article is cut at its headings, and `cutting` cuts a section that is too long. Short neighbours share a passage, which
is found better than each alone (docs/log.md); what is shown of it is the one section that answers (`section_at`).
Knows Markdown, not how passages are stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from help_center.markup import without_callout_marks
from retrieval.cutting import SIZE, count, cut
from retrieval.passages import Passage, Section
from retrieval.planted import without_planted

VERSION = "chunks-6"  # goes up when the same article gives other passages or parts
SHORTEST_PART = 25  # characters: a shorter sentence or line goes with the next
MOST_PARTS = 48  # of a passage; neighbours are joined where there are more

_asking = re.compile(r"[?？؟]\W*$")
_boundary = re.compile(r"(?<=[.!?:])\s+|(?<=[。！？])|\n+")
_markdown = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")


def split(article_id: str, title: str, body: str) -> list[Passage]:
    """The passages of an article's Markdown, in order. An article without text gives none: it is shown and suggested by
    its title, but there is nothing in it to find or to quote. What speaks to an assistant (`planted`) is in none."""
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    gathered: list[tuple[tuple[str, ...], str, str]] = []  # headings, heading line, text
    size = 0

    def finish() -> None:
        nonlocal size
        if gathered:
            passages.append(_passage(article_id, title, len(passages), gathered, seen))
        gathered.clear()
        size = 0

    for headings, section in _sections(without_planted(title, without_callout_marks(body))):
        for number, text in enumerate(cut(section)):
            heading = headings[-1] if headings and number == 0 else ""
            more = count(text) + count(heading)
            if size + more > SIZE or number > 0:
                finish()
            gathered.append((headings, heading, text))
            size += more
    finish()
    return passages


def section_at(passage: Passage, position: int) -> Passage:
    """The passage narrowed to the section that the character at `position` of its text, or of that section's heading, is in."""
    section = next((section for section in passage.sections if position < section.end), None)
    if section is None:
        return passage
    return replace(
        passage, headings=section.headings, text=passage.text[section.start : section.end], sections=()
    )


def embedded_text(title: str, passage: Passage) -> str:
    """What is embedded of a passage: the title and its headings in front, because a passage seldom repeats them."""
    return "\n".join([" > ".join((title, *passage.headings)), passage.text])


def question_of(title: str, passage: Passage) -> str | None:
    """The title, where it asks what the passage answers: a question in a title is answered where its article begins."""
    return title if passage.ordinal == 0 and _asking.search(title) else None


def parts(text: str) -> list[tuple[int, int]]:
    """Where a text's parts begin and end: about its sentences and lines, in order, none empty."""
    found: list[tuple[int, int]] = []
    start = 0
    for boundary in _boundary.finditer(text):
        if boundary.start() - start >= SHORTEST_PART:
            found.append((start, boundary.start()))
            start = boundary.end()
    if len(text) - start >= SHORTEST_PART or not found:
        found.append((start, len(text)))
    else:
        found[-1] = (found[-1][0], len(text))
    step = -(-len(found) // MOST_PARTS)
    return [
        (group[0][0], group[-1][1]) for group in (found[i : i + step] for i in range(0, len(found), step))
    ]


def _sections(body: str) -> Iterator[tuple[tuple[str, ...], str]]:
    lines = body.split("\n")
    path: list[tuple[int, str]] = []
    start = 0
    tokens: list[Token] = []
    _markdown.block.parse(
        body, _markdown, {}, tokens
    )  # what stands inside of the lines takes longer, and cuts nothing
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


def _plain(inline: str) -> str:
    parts = _markdown.parseInline(inline[:1000])[0].children or []
    return "".join(part.content for part in parts if part.type in {"text", "code_inline"}).strip()[:300]


def _passage(
    article_id: str,
    title: str,
    ordinal: int,
    gathered: Sequence[tuple[tuple[str, ...], str, str]],
    seen: dict[str, int],
) -> Passage:
    sections: list[Section] = []
    whole = ""
    for headings, heading, text in gathered:
        if whole:
            whole += f"\n\n{heading}\n" if heading else "\n\n"
        sections.append(Section(len(whole), len(whole) + len(text), headings))
        whole += text
    headings = sections[0].headings
    made = Passage("", article_id, ordinal, headings, whole, tuple(sections) if len(sections) > 1 else ())
    # The id is what is compared with a question: an edit leaves the other passages of its article, and their vectors, as they are.
    key = "\x1f".join((article_id, title, *headings, "\x1e", whole, question_of(title, made) or ""))
    seen[key] = seen.get(key, 0) + 1
    digest = hashlib.sha256(f"{key}\x1f{seen[key]}".encode("utf-8", "replace")).hexdigest()[:32]
    return replace(made, id=digest)
