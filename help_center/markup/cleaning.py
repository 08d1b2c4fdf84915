"""Imported Markdown, cleaned once, before it is stored: no HTML, no links that run anything, no tags of a site generator."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable

import nh3
from markdown_it.token import Token

from help_center.markup.asciidoc import asciidoc_to_markdown
from help_center.markup.code import put_code_aside, put_code_back
from help_center.markup.from_html import READ_TAGS, html_to_markdown
from help_center.markup.parsing import INSPECTOR, MAX_NESTING, inspect, is_safe
from help_center.markup.tags import REMOVED_WITH_CONTENT, TAG, VOID, unswallowed, words_of_html
from help_center.markup.text import as_text, legible

MAX_TEMPLATE_TAG = 2_000  # characters from "{{" to "}}"
_HTML_NAMES = frozenset(
    {
        *nh3.ALLOWED_TAGS,
        *READ_TAGS,
        *REMOVED_WITH_CONTENT,
        *VOID,
        *("html", "head", "body", "header", "footer", "nav", "button", "label", "input", "meter", "progress"),
        *("output", "dialog", "menu", "slot", "font", "big", "marquee", "blink", "basefont", "bgsound"),
        *("legend", "optgroup", "option", "datalist", "picture", "frame", "hgroup", "search", "portal"),
        *("image", "isindex", "listing", "plaintext", "xmp", "path", "g", "defs", "use", "rect", "circle"),
    }
)


def clean_markdown(markdown: str) -> str:
    """Imported Markdown as it is stored: no HTML, no links that run anything, no tags of a site generator.

    Code, fenced or in a line, stays as it was written. A text without any of these comes back unchanged, but
    for control characters and space around it; one with HTML is written anew. `<your-name>` and other tags
    that HTML does not know are words, and stay. Of lists and quotes in each other that are deeper than anybody
    writes them only the words are kept."""
    text = legible(markdown).strip("\n")
    text = asciidoc_to_markdown(text)
    text = _without_template_tags(text)
    tokens, env = inspect(text)
    if any(token.level >= MAX_NESTING - 1 for token in tokens):  # what stands deeper is in no token
        return as_text(words_of_html(unswallowed(_LINE_MARKERS.sub("", text))))
    if not is_safe(tokens, env):
        for token in tokens:
            _tame(token)
        text = html_to_markdown(INSPECTOR.renderer.render(tokens, INSPECTOR.options, env))
    return text.strip("\n").rstrip()


def _tame(token: Token) -> None:
    """Makes words of the tags that HTML does not know."""
    for child in token.children or ():
        _tame(child)
    if token.type in {"html_inline", "html_block"}:
        token.content = TAG.sub(_word_if_unknown, token.content)


def _word_if_unknown(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    bare = tag[0] in {f"<{tag[2]}>", f"</{tag[2]}>"}
    return entities.escape(tag[0], quote=False) if bare and name not in _HTML_NAMES else tag[0]


_LINE_MARKERS = re.compile(r"^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)))+[ \t]*", re.MULTILINE)
_CAPTION = re.compile(r"""\bcaption\s*=\s*["']([^"'<>{}]*)["']""")
_ATTRIBUTE_LINE = re.compile(r"^[ \t]*\{:[^{}\n]*\}[ \t]*$", re.MULTILINE)
_ATTRIBUTE_SUFFIX = re.compile(r"(?<=[)\]*_])\{:[^{}\n]*\}")
_HEADING_ID = re.compile(r"[ \t]\{#[\w:.-]{1,200}\}[ \t]*$", re.MULTILINE)
_EMPTY_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([ \t]*\)")


def _without_template_tags(text: str) -> str:
    """Without Liquid, Hugo and kramdown tags, outside of code. A shortcode's caption is words, and stays."""
    if "{" not in text:
        return text
    text, code = put_code_aside(text)
    text = _cut(text, "{{", "}}", _caption)
    text = _cut(text, "{%", "%}", lambda tag: "")
    for pattern in (_ATTRIBUTE_LINE, _ATTRIBUTE_SUFFIX, _HEADING_ID):
        text = pattern.sub("", text)
    text = _EMPTY_LINK.sub(r"\1", text)
    return put_code_back(text, code)


def _caption(tag: str) -> str:
    caption = _CAPTION.search(tag)
    return caption[1] if caption else ""


def _cut(text: str, opening: str, closing: str, replacement: Callable[[str], str]) -> str:
    kept = []
    done = start = end = 0
    while (start := text.find(opening, start)) >= 0:
        if end < start + len(opening):
            end = text.find(closing, start + len(opening))
            if end < 0:
                break
        if end - start > MAX_TEMPLATE_TAG or "\n\n" in text[start:end]:
            start += len(opening)  # a stray opening
            continue
        kept += [text[done:start], replacement(text[start:end])]
        done = start = end + len(closing)
    return "".join([*kept, text[done:]])
