"""Callouts, `> [!NOTE]` or `:::note`: one form in the text, and a named box on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markdown_it.token import Token

from help_center.markup.parsing import MAX_NESTING

# What authors write above a callout, `> [!NOTE]` or `:::note`, and the kind that it is shown as.
CALLOUTS = {
    "note": "note", "info": "note", "tip": "tip", "hint": "tip", "success": "tip", "important": "important",
    "warning": "warning", "attention": "warning", "caution": "caution", "danger": "caution", "error": "caution",
}  # fmt: skip
_CONTAINER = re.compile(r"^ {0,3}(:{3,})[ \t]*([A-Za-z]+)[ \t]*(\[?[^\n]*?\]?)[ \t]*$")
_CONTAINER_END = re.compile(r"^ {0,3}(:{3,})[ \t]*$")
_CALLOUT = re.compile(r"^\[!([A-Za-z]+)\][+-]?[ \t]*")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def containers_as_quotes(text: str) -> str:
    """`:::note Title` up to `:::` as `> [!NOTE] Title`: one form is read from here on. Code stays as it is."""
    if ":::" not in text:
        return text
    lines = text.split("\n")
    ends = {n for n, line in enumerate(lines) if _CONTAINER_END.match(line)}
    last_end = max(ends, default=-1)
    written: list[str] = []
    opened: list[int] = []  # how many colons each open container has
    fence = ""
    for n, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            opening = _CONTAINER.match(line)
            if opening and opening[2].lower() in CALLOUTS and last_end > n:
                title = opening[3].strip("[] ")
                if len(opened) < MAX_NESTING // 4:
                    before = "> " * len(opened)
                    written += [before.rstrip(), f"{before}> [!{opening[2].upper()}] {title}".rstrip()]
                    opened.append(len(opening[1]))
                    continue
            elif opened and n in ends:
                opened.pop()
                written.append(("> " * len(opened)).rstrip())
                continue
        written.append(("> " * len(opened) + line).rstrip() if opened else line)
    return "\n".join(written)


_MARKED_LINE = re.compile(r"^((?: {0,3}> ?)+)\[!([A-Za-z]+)\][+-]?[ \t]*(.*)$")


def without_callout_marks(markdown: str) -> str:
    """The text with its callouts as plain quotations: for those who quote from it."""
    if "[!" not in markdown and ":::" not in markdown:
        return markdown
    kept = []
    for line in containers_as_quotes(markdown).split("\n"):
        mark = _MARKED_LINE.match(line)
        if mark is None or mark[2].lower() not in CALLOUTS:
            kept.append(line)
        elif mark[3]:
            kept.append(f"{mark[1]}**{mark[3]}**  ")
    return "\n".join(kept)


def callout_at(tokens: Sequence[Token], place: int) -> tuple[str, Token] | None:
    """The kind of the callout that opens here, and the text that begins with its mark; None for a plain quotation."""
    if tokens[place].type != "blockquote_open" or place + 2 >= len(tokens):
        return None
    inline = tokens[place + 2]
    if tokens[place + 1].type != "paragraph_open" or inline.type != "inline":
        return None
    mark = _CALLOUT.match(inline.content)
    kind = CALLOUTS.get(mark[1].lower()) if mark else None
    return (kind, inline) if kind else None


def without_mark(inline: Token) -> list[Token]:
    """The title of a callout, as far as its author gave one: what stands after the mark. What follows it stays behind."""
    children = inline.children or []
    first = children[0] if children else None
    if first is None or first.type != "text":
        return []
    # the mark may be cut over several text tokens: `[!`, `NOTE`, `]`
    mark = _CALLOUT.match(inline.content)
    left = len(mark[0]) if mark else 0
    while children and children[0].type == "text" and left:
        taken = min(left, len(children[0].content))
        children[0].content = children[0].content[taken:]
        left -= taken
        if children[0].content:
            break
        children.pop(0)
    end = next((i for i, one in enumerate(children) if one.type in {"softbreak", "hardbreak"}), len(children))
    title, inline.children = children[:end], children[end + 1 :]
    return title


def name_callouts(tokens: list[Token], names: Mapping[str, str]) -> list[Token]:
    """The same tokens with each callout as a named box."""
    shown: list[Token] = []
    closing: list[bool] = []  # of each open quotation: whether it is a callout
    for place, token in enumerate(tokens):
        if token.type == "blockquote_open":
            found = callout_at(tokens, place)
            closing.append(found is not None)
            if found is not None:
                kind, inline = found
                title = without_mark(inline)
                token.tag = "div"
                token.attrSet("class", f"callout {kind}")
                token.attrSet("role", "note")
                named = title or [Token("text", "", 0, content=names.get(kind, kind.title()))]
                shown += [token, Token("html_block", "", 0, content='<p class="callout-title">')]
                shown += [
                    Token("inline", "", 0, children=named),
                    Token("html_block", "", 0, content="</p>\n"),
                ]
                continue
        elif token.type == "blockquote_close" and closing and closing.pop():
            token.tag = "div"
        shown.append(token)
    return shown
