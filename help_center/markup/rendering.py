"""Markdown into safe HTML. Trusts nothing, not even what was cleaned before."""

from __future__ import annotations

import re
from collections.abc import Mapping

import nh3
from markdown_it.token import Token

from help_center.markup.callouts import CALLOUTS, containers_as_quotes, name_callouts
from help_center.markup.films import is_video
from help_center.markup.gate import LINK_SCHEMES, SCHEME, safe_link, safe_picture
from help_center.markup.parsing import READER, inline_text
from help_center.markup.reading import headings_of
from help_center.markup.text import legible

_SHOWN_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td", "div"),
}
_SHOWN_ATTRIBUTES = {
    "a": {"href", "title", "rel", "class"},
    "div": {"class", "role"},
    "p": {"class"},
    "img": {"src", "alt", "title", "loading"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}
_OUR_CLASSES = {"video", "callout-title", *(f"callout {kind}" for kind in CALLOUTS.values())}
_LANGUAGE_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")


def render(
    markdown: str,
    *,
    pictures: bool = True,
    link_hosts: frozenset[str] | None = None,
    callouts: Mapping[str, str] | None = None,
) -> str:
    """Safe HTML of any text.

    `callouts` heads the callouts that have no title of their own, by their kind; English where it is left out.
    Headings get ids (`headings` names them). With `pictures=False` no picture is shown. With `link_hosts`
    only relative links and links to these hosts stay links; the text of the others stays."""
    return render_with_headings(markdown, pictures=pictures, link_hosts=link_hosts, callouts=callouts)[0]


def render_with_headings(
    markdown: str,
    *,
    pictures: bool = True,
    link_hosts: frozenset[str] | None = None,
    callouts: Mapping[str, str] | None = None,
) -> tuple[str, list[tuple[int, str, str]]]:
    """What `render` and `headings` give, read once."""
    hosts = None if link_hosts is None else frozenset(host.lower() for host in link_hosts)
    env: dict[str, object] = {}
    tokens = READER.parse(containers_as_quotes(legible(markdown)), env)
    found = list(headings_of(tokens))  # writes the ids
    for token in tokens:
        if token.type in {"th_open", "td_open"}:
            _align(token)
        elif token.type == "inline":
            token.children = _followable(token.children or [], pictures=pictures, hosts=hosts)
    tokens = name_callouts(tokens, callouts or {})
    return _SHOWN.clean(READER.renderer.render(tokens, READER.options, env)), found


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class" and not (value in _OUR_CLASSES or _LANGUAGE_CLASS.fullmatch(value)):
        return None
    return value


_SHOWN = nh3.Cleaner(
    tags=_SHOWN_TAGS,
    attributes=_SHOWN_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    url_schemes=set(LINK_SCHEMES),
    link_rel=None,
)


def _align(cell: Token) -> None:
    """The alignment as an attribute: a style would need a hole in the content security policy."""
    style = str(cell.attrs.pop("style", ""))
    side = style.removeprefix("text-align:")
    if side in {"left", "center", "right"}:
        cell.attrSet("align", side)


def _followable(children: list[Token], *, pictures: bool, hosts: frozenset[str] | None) -> list[Token]:
    """The same inline tokens without the links and pictures that may not be."""
    kept: list[Token] = []
    opened: list[int | None] = []  # of each open link: where it stands in `kept`, None where it was refused
    for token in children:
        if token.type == "image":
            if not pictures:
                continue
            src = safe_picture(token.attrGet("src"))
            if src is None:
                kept.append(Token("text", "", 0, content=inline_text(token.children)))
                continue
            if is_video(src):  # a film in the place of a picture: a link to it
                attributes: dict[str, str | int | float] = {"href": src, "class": "video"}
                if SCHEME.match(src):
                    attributes["rel"] = "nofollow noopener"
                kept += [
                    Token("link_open", "a", 1, attrs=attributes),
                    Token("text", "", 0, content=inline_text(token.children) or src),
                    Token("link_close", "a", -1),
                ]
                continue
            token.attrSet("loading", "lazy")
        elif token.type == "link_open":
            url = safe_link(token.attrGet("href"), hosts)
            opened.append(None if url is None else len(kept))
            if url is None:
                continue
            if SCHEME.match(url):
                token.attrSet("rel", "nofollow noopener")
            if is_video(url):
                token.attrSet("class", "video")
        elif token.type == "link_close" and opened:
            place = opened.pop()
            if place is None:
                continue
            if place == len(kept) - 1:  # nothing is left to click on
                kept.pop()
                continue
        kept.append(token)
    return kept
