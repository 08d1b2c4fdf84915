"""Markdown as tokens, within bounds, and whether all of them are safe to store."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from help_center.markup.gate import safe_link, safe_picture

MAX_NESTING = 100  # of Markdown: lists and quotes in each other
MAX_BRACKET_WORK = 40_000_000  # "[" times characters of one paragraph; above it the paragraph is plain text


def _inline_within_bounds(state: StateCore) -> None:
    """markdown-it's inline rule, but a paragraph of nothing but brackets stays text: it would take quadratic time."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if token.children is None:
            token.children = []
        if token.content.count("[") * len(token.content) > MAX_BRACKET_WORK:
            token.children.append(Token("text", "", 0, content=token.content))
        else:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _parser(*, html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.at("inline", _inline_within_bounds)
    # Every address becomes a token, so that the gate alone judges it; unjudged it would stay text that
    # the next reader of the stored Markdown might judge otherwise.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


READER = _parser(html=False)  # what is shown: a tag is text
INSPECTOR = _parser(html=True)  # what was imported: a tag is a tag


def inline_text(children: Sequence[Token] | None, *, line_break: str = " ") -> str:
    parts = []
    for child in children or ():
        if child.type == "image":
            parts.append(inline_text(child.children))
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append(line_break)
        elif child.type == "html_inline":
            parts.append(" " if child.content.lower().startswith("<br") else "")
        else:
            parts.append(child.content)
    return "".join(parts)


def inspect(markdown: str) -> tuple[list[Token], dict[str, object]]:
    env: dict[str, object] = {}
    return INSPECTOR.parse(markdown, env), env


def is_safe(tokens: Sequence[Token], env: dict[str, object]) -> bool:
    references = env.get("references")
    if isinstance(references, dict) and any(
        safe_link(found["href"]) is None for found in references.values()
    ):
        return False
    for token in tokens:
        if token.type in {"html_block", "html_inline"} or token.level >= MAX_NESTING - 1:
            return False
        if (
            token.type == "link_open"
            and token.attrGet("href") != ""
            and safe_link(token.attrGet("href")) is None
        ):
            return False
        if (
            token.type == "image"
            and token.attrGet("src") != ""
            and safe_picture(token.attrGet("src")) is None
        ):
            return False
        if token.children and not is_safe(token.children, {}):
            return False
    return True
