"""HTML as a row of tags: how deep they stand, which swallow what follows, and the words without them."""

from __future__ import annotations

import html as entities
import re

import nh3

MAX_HTML_DEPTH = 1_000  # open elements; of deeper input, which no author wrote, only the text is kept
REMOVED_WITH_CONTENT = {
    *("script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript", "noembed"),
    *("applet", "frameset", "noframes", "title", "audio", "video", "canvas", "select", "textarea"),
}
TAG = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)[^<>]*>")
# HTML lets these stay open, so they say nothing about depth.
_END_OPTIONAL = {"p", "li", "dt", "dd", "td", "th", "tr", "thead", "tbody", "tfoot", "option"}
VOID = {
    *("br", "hr", "img", "input", "meta", "link", "area", "base", "col", "source", "track", "wbr", "param"),
    "embed",
}


def unswallowed(html: str) -> str:
    """The HTML without openings that would swallow all the rest: a `<script>` or a comment that nothing closes."""
    comment = html.rfind("-->") + 1
    if "<!--" in html[comment:]:
        html = html[:comment] + html[comment:].replace("<!--", "&lt;!--")
    low = html.lower()
    ends: dict[str, int] = {}

    def judge(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if tag[1] or name not in REMOVED_WITH_CONTENT | {"form"}:
            return tag[0]
        if name not in ends:
            ends[name] = low.rfind("</" + name)
        if tag.start() < ends[name]:
            return tag[0]
        return entities.escape(tag[0], quote=False) if tag[0] == f"<{tag[2]}>" else ""

    return TAG.sub(judge, html)


def depth_of(html: str) -> int:
    depth = deepest = 0
    for tag in TAG.finditer(html):
        if tag[2].lower() in _END_OPTIONAL | VOID or tag[0].endswith("/>"):
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def words_of_html(html: str) -> str:
    without_tags = TAG.sub(" ", html) if depth_of(html) > MAX_HTML_DEPTH else _WORDS.clean(html)
    lines = (" ".join(line.split()) for line in entities.unescape(without_tags).split("\n"))
    return "\n".join(line for line in lines if line)


_WORDS = nh3.Cleaner(tags=set(), clean_content_tags=REMOVED_WITH_CONTENT)
