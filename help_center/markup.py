"""The one place for markup that strangers wrote: HTML into Markdown, Markdown into safe HTML.

Imported HTML and Markdown is cleaned once, before it is stored (`html_to_markdown`, `clean_markdown`);
`render` trusts nothing all the same, and makes safe HTML of any text. Addresses pass one gate, `_address`:
http, https, mailto and relative ones, never a scheme-relative one.

Knows nothing about articles, files or where a text came from, and touches neither disk nor network.
"""

from __future__ import annotations

import hashlib
import html as entities
import re
import string
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import nh3
from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdownify import MarkdownConverter

MAX_SLUG = 80  # characters
MAX_HTML_DEPTH = 1_000  # open elements; of deeper input, which no author wrote, only the text is kept
MAX_TREE_DEPTH = 100  # of what is left after cleaning: markdownify walks it recursively
MAX_NESTING = 100  # of Markdown: lists and quotes in each other
MAX_BRACKET_WORK = 40_000_000  # "[" times characters of one paragraph; above it the paragraph is plain text
MAX_TEMPLATE_TAG = 2_000  # characters from "{{" to "}}"

_PUNCTUATION = re.compile("([" + re.escape(string.punctuation) + "])")
_UNWANTED_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def legible(text: str) -> str:
    """The text without control characters (line feeds and tabs stay) and without lone surrogates, which
    become U+FFFD; lines end in a line feed alone."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED_CONTROL.sub("", text).replace("\ufeff", "")


def shortened(text: str, most: int) -> str:
    """At most so many characters of a text; a cut shows."""
    return text if len(text) <= most else text[: most - 1] + "…"


# --- addresses ---------------------------------------------------------------------------------------------

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_MAILTO = re.compile(r"mailto:[^@,;?\s]+@([^@,;?\s]+)", re.IGNORECASE)


def _address(url: str, *, schemes: frozenset[str], hosts: frozenset[str] | None = None) -> str | None:
    """The address when it may be followed, else None. `hosts`, where given, are the only other hosts allowed."""
    url = url.strip()
    if not url or any(c <= " " or c == "\\" or "\x7f" <= c <= "\x9f" for c in url):
        return None
    scheme = _SCHEME.match(url)
    if scheme is None:
        # A colon before the first slash would be a scheme that some parser reads otherwise than we do.
        relative = not url.startswith("//") and ":" not in re.split(r"[/?#]", url, maxsplit=1)[0]
        return url if relative else None
    if scheme[1].lower() not in schemes:
        return None
    if scheme[1].lower() == "mailto":
        if hosts is None:
            return url
        mail = _MAILTO.fullmatch(url)
        return url if mail and mail[1].lower() in hosts else None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not host or not url[scheme.end() :].startswith("//"):
        return None
    if hosts is not None and (host.lower() not in hosts or "@" in parts.netloc):
        return None
    return url


_LINK_SCHEMES = frozenset({"http", "https", "mailto"})
_PICTURE_SCHEMES = frozenset({"http", "https"})


def _link(url: object, hosts: frozenset[str] | None = None) -> str | None:
    return _address(str(url or ""), schemes=_LINK_SCHEMES, hosts=hosts)


def _picture(url: object) -> str | None:
    return _address(str(url or ""), schemes=_PICTURE_SCHEMES)


# --- callouts ----------------------------------------------------------------------------------------------

# What authors write above a callout, `> [!NOTE]` or `:::note`, and the kind that it is shown as.
CALLOUTS = {
    "note": "note", "info": "note", "tip": "tip", "hint": "tip", "success": "tip", "important": "important",
    "warning": "warning", "attention": "warning", "caution": "caution", "danger": "caution", "error": "caution",
}  # fmt: skip
_CONTAINER = re.compile(r"^ {0,3}(:{3,})[ \t]*([A-Za-z]+)[ \t]*(\[?[^\n]*?\]?)[ \t]*$")
_CONTAINER_END = re.compile(r"^ {0,3}(:{3,})[ \t]*$")
_CALLOUT = re.compile(r"^\[!([A-Za-z]+)\][+-]?[ \t]*")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def _containers_as_quotes(text: str) -> str:
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
    for line in _containers_as_quotes(markdown).split("\n"):
        mark = _MARKED_LINE.match(line)
        if mark is None or mark[2].lower() not in CALLOUTS:
            kept.append(line)
        elif mark[3]:
            kept.append(f"{mark[1]}**{mark[3]}**  ")
    return "\n".join(kept)


def _callout(tokens: Sequence[Token], place: int) -> tuple[str, Token] | None:
    """The kind of the callout that opens here, and the text that begins with its mark; None for a plain quotation."""
    if tokens[place].type != "blockquote_open" or place + 2 >= len(tokens):
        return None
    inline = tokens[place + 2]
    if tokens[place + 1].type != "paragraph_open" or inline.type != "inline":
        return None
    mark = _CALLOUT.match(inline.content)
    kind = CALLOUTS.get(mark[1].lower()) if mark else None
    return (kind, inline) if kind else None


def _without_mark(inline: Token) -> list[Token]:
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


def _name_callouts(tokens: list[Token], names: Mapping[str, str]) -> list[Token]:
    """The same tokens with each callout as a named box."""
    shown: list[Token] = []
    closing: list[bool] = []  # of each open quotation: whether it is a callout
    for place, token in enumerate(tokens):
        if token.type == "blockquote_open":
            found = _callout(tokens, place)
            closing.append(found is not None)
            if found is not None:
                kind, inline = found
                title = _without_mark(inline)
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


# --- Markdown, parsed --------------------------------------------------------------------------------------


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
    # Every address becomes a token, so that `_address` alone judges it; unjudged it would stay text that
    # the next reader of the stored Markdown might judge otherwise.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


_READER = _parser(html=False)  # what is shown: a tag is text
_INSPECTOR = _parser(html=True)  # what was imported: a tag is a tag


def _inline_text(children: Sequence[Token] | None, *, line_break: str = " ") -> str:
    parts = []
    for child in children or ():
        if child.type == "image":
            parts.append(_inline_text(child.children))
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append(line_break)
        elif child.type == "html_inline":
            parts.append(" " if child.content.lower().startswith("<br") else "")
        else:
            parts.append(child.content)
    return "".join(parts)


def plain_text(markdown: str) -> str:
    """The words alone, a block a line and a table row a line, for search and excerpts."""
    lines: list[str] = []
    cells: list[str] | None = None
    tokens = _INSPECTOR.parse(_containers_as_quotes(legible(markdown)))
    for place, token in enumerate(tokens):
        if token.type == "blockquote_open" and (callout := _callout(tokens, place)):
            lines.append(_inline_text(_without_mark(callout[1])).strip())
            continue
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            lines.append(" | ".join(cells))
            cells = None
        elif token.type == "inline":
            text = _inline_text(token.children, line_break="\n").strip()
            if cells is not None:
                cells.append(text)
            elif text:
                lines.append(text)
        elif token.type in {"fence", "code_block"}:
            lines.append(token.content.strip("\n"))
        elif token.type == "html_block":
            lines.append(_words_of_html(token.content))
    return "\n".join(line for line in lines if line.strip())


def headings(markdown: str) -> list[tuple[int, str, str]]:
    """`(level, text, slug)` of every heading that has a text; the slug is the id that `render` gives it."""
    return list(_headings(_READER.parse(_containers_as_quotes(legible(markdown)))))


def sections(markdown: str) -> list[tuple[str, str]]:
    """Every heading that has a text, with the words that stand under it up to the next one."""
    text = _containers_as_quotes(legible(markdown))
    tokens = _READER.parse(text)
    lines = text.split("\n")
    starts = [
        (opening.map[0], opening.map[1], " ".join(_inline_text(inline.children).split()))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.map and opening.level == 0
    ]
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    return [
        (heading, plain_text("\n".join(lines[below:end])))
        for (_, below, heading), end in zip(starts, ends, strict=True)
        if heading
    ]


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    """Also writes each slug on its token."""
    taken: set[str] = set()
    last: dict[str, int] = {}  # the number that a repeated heading got last
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = " ".join(_inline_text(inline.children).split())
        if not text:
            continue
        slug = base = slugify(text)
        while slug in taken:
            last[base] = last.get(base, 1) + 1
            slug = f"{base}-{last[base]}"
        taken.add(slug)
        opening.attrSet("id", slug)
        yield int(opening.tag[1]), text, slug


_FOLDED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}


def slugify(title: str) -> str:
    """A name for addresses, at most 80 characters: lower case, in ASCII where the letters have an ASCII base
    (é, ł), in their own script where not (日本), and a short hash where there is no letter at all."""
    kept = []
    for character in unicodedata.normalize("NFKC", legible(title)).casefold():
        if character in _FOLDED:
            kept.append(_FOLDED[character])
            continue
        base = unicodedata.normalize("NFKD", character)[0]
        if base.isascii() and base.isalnum():
            kept.append(base)
        elif unicodedata.category(character)[0] in "LNM":
            kept.append(character)
        elif character not in "'’ʼ":
            kept.append(" ")
    words = "".join(kept).split()
    slug = "-".join(words)
    if len(slug) > MAX_SLUG:
        cut = slug[: MAX_SLUG + 1].rfind("-")
        slug = slug[: cut if cut > MAX_SLUG // 2 else MAX_SLUG].strip("-")
    if not any(character.isalnum() for character in slug):
        return "a" + hashlib.sha256(title.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return slug


# --- films -------------------------------------------------------------------------------------------------

_FILM_HOSTS = frozenset(
    {
        *("youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com", "player.vimeo.com", "loom.com"),
        *("dailymotion.com", "fast.wistia.net", "wistia.com", "tella.tv", "vidyard.com", "share.vidyard.com"),
    }
)
_FILM_FILE = re.compile(r"\.(?:mp4|m4v|webm|mov|ogv)$", re.IGNORECASE)
_YOUTUBE = re.compile(r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{1,40})(?:\?.*)?")
_EMBEDDED = re.compile(r"<(iframe|video|source)\b([^<>]{0,2000})>", re.IGNORECASE)
_EMBEDDED_FILM = re.compile(r"\bsrc\s*=\s*([\"'])(.*?)\1", re.IGNORECASE)
_EMBEDDED_TITLE = re.compile(r"\btitle\s*=\s*([\"'])(.*?)\1", re.IGNORECASE)


def is_video(url: str) -> bool:
    """Whether an address leads to a film. Films are linked to and never embedded: nobody's player runs on our pages."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower().removeprefix("www.").removeprefix("m.")
    except ValueError:
        return False
    return bool(_FILM_FILE.search(parts.path)) or (host in _FILM_HOSTS and len(parts.path) > 1)


def _films_as_links(html: str) -> str:
    """Embedded films as links to them, before what is embedded is taken out."""

    def link(tag: re.Match[str]) -> str:
        source = _EMBEDDED_FILM.search(tag[2])
        url = entities.unescape(source[2]) if source else ""
        if url.startswith("//"):
            url = f"https:{url}"
        if _link(url) is None or not is_video(url):
            return tag[0]
        url = _YOUTUBE.sub(r"https://www.youtube.com/watch?v=\1", url)
        title = _EMBEDDED_TITLE.search(tag[2])
        words = entities.unescape(title[2]).strip() if title else ""
        shown = entities.escape(words or url, quote=False)
        # a film's own tag goes with its content, so the link stands before it
        return f'<p><a href="{entities.escape(url)}">{shown}</a></p>{"" if tag[1].lower() == "source" else tag[0]}'

    films = _EMBEDDED.sub(link, html)
    # what stood inside of <video> goes with it: a link that was made of its <source> is taken out before it
    return re.sub(
        r"(<video\b[^<>]*>)((?:\s*<p><a href=\"[^\"]*\">[^<>]*</a></p>)+)",
        r"\2\1",
        films,
        flags=re.IGNORECASE,
    )


# --- Markdown into HTML ------------------------------------------------------------------------------------

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
    tokens = _READER.parse(_containers_as_quotes(legible(markdown)), env)
    found = list(_headings(tokens))  # writes the ids
    for token in tokens:
        if token.type in {"th_open", "td_open"}:
            _align(token)
        elif token.type == "inline":
            token.children = _followable(token.children or [], pictures=pictures, hosts=hosts)
    tokens = _name_callouts(tokens, callouts or {})
    return _SHOWN.clean(_READER.renderer.render(tokens, _READER.options, env)), found


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class" and not (value in _OUR_CLASSES or _LANGUAGE_CLASS.fullmatch(value)):
        return None
    return value


_SHOWN = nh3.Cleaner(
    tags=_SHOWN_TAGS,
    attributes=_SHOWN_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    url_schemes=set(_LINK_SCHEMES),
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
            src = _picture(token.attrGet("src"))
            if src is None:
                kept.append(Token("text", "", 0, content=_inline_text(token.children)))
                continue
            if is_video(src):  # a film in the place of a picture: a link to it
                attributes: dict[str, str | int | float] = {"href": src, "class": "video"}
                if _SCHEME.match(src):
                    attributes["rel"] = "nofollow noopener"
                kept += [
                    Token("link_open", "a", 1, attrs=attributes),
                    Token("text", "", 0, content=_inline_text(token.children) or src),
                    Token("link_close", "a", -1),
                ]
                continue
            token.attrSet("loading", "lazy")
        elif token.type == "link_open":
            url = _link(token.attrGet("href"), hosts)
            opened.append(None if url is None else len(kept))
            if url is None:
                continue
            if _SCHEME.match(url):
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


# --- HTML into Markdown ------------------------------------------------------------------------------------

_REMOVED_WITH_CONTENT = {
    *("script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript", "noembed"),
    *("applet", "frameset", "noframes", "title", "audio", "video", "canvas", "select", "textarea"),
}
_BLOCKS = {
    *("p", "div", "section", "article", "main", "aside", "address", "details", "summary", "figure"),
    *(
        "figcaption",
        "blockquote",
        "pre",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ),
    "center",
}
_INLINES = {
    *("strong", "b", "em", "i", "del", "s", "strike", "code", "kbd", "samp", "tt", "a", "img", "span"),
    *("sub", "sup", "q", "br"),
}
_READ_TAGS = {
    *_BLOCKS,
    *_INLINES,
    *("hr", "form", "fieldset", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_RENAMED = {
    **dict.fromkeys(("details", "main", "aside", "address", "center", "fieldset", "dd", "figure"), "div"),
    **{"strike": "del", "tt": "code", "summary": "p", "dt": "p"},
}
_READ = nh3.Cleaner(
    tags=_READ_TAGS,
    clean_content_tags=_REMOVED_WITH_CONTENT,
    attributes={
        **{"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "th": {"colspan"}, "td": {"colspan"}},
        **{tag: {"class"} for tag in ("pre", "code", "div", "span")},
    },
    url_schemes=set(_LINK_SCHEMES),
    link_rel=None,
)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)[^<>]*>")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source|brush:)-?\s*([A-Za-z0-9_+#.-]{1,40})")
# HTML lets these stay open, so they say nothing about depth.
_END_OPTIONAL = {"p", "li", "dt", "dd", "td", "th", "tr", "thead", "tbody", "tfoot", "option"}
_VOID = {
    "br",
    "hr",
    "img",
    "input",
    "meta",
    "link",
    "area",
    "base",
    "col",
    "source",
    "track",
    "wbr",
    "param",
    "embed",
}


def html_to_markdown(html: str) -> str:
    """Markdown of an HTML fragment or page, nothing executable in it.

    Scripts, frames, forms, drawings and the like go with their content, and so do comments and every `on...`
    attribute; links stay where they lead to http(s), mailto or a relative address."""
    html = _unswallowed(_films_as_links(legible(html)))
    if _depth(html) > MAX_HTML_DEPTH:
        return _as_text(_words_of_html(html))
    soup = BeautifulSoup(f"<div>{_READ.clean(html)}</div>", "html.parser")
    if _tree_depth(soup) > MAX_TREE_DEPTH:
        return _as_text(soup.get_text("\n"))
    _simplify(soup)
    writer = _Writer(heading_style="atx", autolinks=False, table_infer_header=True)
    markdown = str(writer.convert_soup(soup))
    markdown = re.sub(r"[ \t]+$", _hard_break_or_nothing, markdown, flags=re.MULTILINE)
    markdown = re.sub(r"\n{3,}", "\n\n", markdown).strip("\n")
    return markdown if _is_safe(*_inspect(markdown)) else _as_text(soup.get_text("\n"))


def _hard_break_or_nothing(spaces: re.Match[str]) -> str:
    after_text = spaces.start() > 0 and spaces.string[spaces.start() - 1] != "\n"
    return "  " if after_text and len(spaces[0]) == 2 else ""


def _unswallowed(html: str) -> str:
    """The HTML without openings that would swallow all the rest: a `<script>` or a comment that nothing closes."""
    comment = html.rfind("-->") + 1
    if "<!--" in html[comment:]:
        html = html[:comment] + html[comment:].replace("<!--", "&lt;!--")
    low = html.lower()
    ends: dict[str, int] = {}

    def judge(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if tag[1] or name not in _REMOVED_WITH_CONTENT | {"form"}:
            return tag[0]
        if name not in ends:
            ends[name] = low.rfind("</" + name)
        if tag.start() < ends[name]:
            return tag[0]
        return entities.escape(tag[0], quote=False) if tag[0] == f"<{tag[2]}>" else ""

    return _TAG.sub(judge, html)


def _depth(html: str) -> int:
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() in _END_OPTIONAL | _VOID or tag[0].endswith("/>"):
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _tree_depth(soup: BeautifulSoup) -> int:
    deepest = 0
    level: list[Tag] = [soup]
    while level:
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        deepest += 1
    return deepest


def _words_of_html(html: str) -> str:
    without_tags = _TAG.sub(" ", html) if _depth(html) > MAX_HTML_DEPTH else _WORDS.clean(html)
    lines = (" ".join(line.split()) for line in entities.unescape(without_tags).split("\n"))
    return "\n".join(line for line in lines if line)


_WORDS = nh3.Cleaner(tags=set(), clean_content_tags=_REMOVED_WITH_CONTENT)


def _as_text(words: str) -> str:
    """Markdown that shows exactly these words: every character that could mean something is escaped."""
    paragraphs = (" ".join(line.split()) for line in words.split("\n"))
    return "\n\n".join(_PUNCTUATION.sub(r"\\\1", line) for line in paragraphs if line)


def _simplify(soup: BeautifulSoup) -> None:
    """Brings the tree to what Markdown can say."""
    for form in soup.find_all("form"):
        # A form is not for reading, but some sites wrap the whole page in one.
        if form.find(["h1", "h2", "main", "article"]):
            form.unwrap()
        else:
            form.decompose()
    for tag in soup.find_all(["dt", "summary"]):
        tag.wrap(soup.new_tag("p")).name = "p"
        tag.name = "strong"
    for tag in soup.find_all(list(_RENAMED)):
        tag.name = _RENAMED[tag.name]
    for link in soup.find_all("a"):
        for block in link.find_all(list(_BLOCKS)):
            block.name = "span"
        url = _link(_absolute(link.get("href")))
        if url is None:
            link.unwrap()
        else:
            link["href"] = _written(url)
    for picture in soup.find_all("img"):
        url = _picture(_absolute(picture.get("src")))
        if url is None:
            picture.decompose()
        else:
            picture["src"] = _written(url)
            alternative = " ".join(str(picture.get("alt") or "").split())
            picture["alt"] = _PUNCTUATION.sub(_escaped_if_active, alternative)
    for listing in soup.find_all("ol"):
        start = str(listing.get("start") or "1")
        number = int(start) if start.isdecimal() and len(start) < 8 else 1
        for item in listing.find_all("li", recursive=False):
            item["value"] = str(number)
            number += 1
    for cell in soup.find_all(["td", "th"]):
        span = str(cell.get("colspan") or "1")
        cell["colspan"] = str(min(int(span), 20)) if span.isdecimal() and len(span) < 5 else "1"
    for head in soup.find_all("thead"):
        if len(head.find_all("tr", limit=2)) > 1:
            head.name = "tbody"
    for table in soup.find_all("table"):
        if table.find("table") or table.find(["pre", "h1", "h2", "h3"]):  # for the looks, not for figures
            for part in table.find_all(["thead", "tbody", "tfoot", "tr", "td", "th", "caption"]):
                if part.find_parent("table") is table:
                    part.name = "div"
            table.name = "div"
    soup.smooth()


def _absolute(url: object) -> str:
    """`//host/path`, which pages use to say "as this page came", names https."""
    text = str(url or "").replace("\n", "").replace("\t", "").strip().replace(" ", "%20")
    return "https:" + text if text.startswith("//") else text


def _written(url: str) -> str:
    """The address as it can stand between the parentheses of a Markdown link."""
    return re.sub(r"[()<>\[\]`*_|\"']", lambda c: c[0] if c[0] in "_'" else f"%{ord(c[0]):02X}", url)


def _escaped_if_active(character: re.Match[str]) -> str:
    return "\\" + character[0] if character[0] in r"\`*_[]<>&!|~" else character[0]


_TEXT_ESCAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\(?=[!-/:-@\[-`{-~\s]|$)"), r"\\\\"),
    (re.compile(r"([`*]|~(?=~)|(?<=~)~)"), r"\\\1"),
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), r"\\_"),
    (re.compile(r"&(?=#?\w{1,32};|$)"), r"\\&"),
    (re.compile(r"<(?=[A-Za-z/!?]|$)"), "&lt;"),
    (re.compile(r"\{(?=[{%]|$)"), r"\\{"),
    (re.compile(r"\](?=[(\[:]|$)"), r"\\]"),
    (re.compile(r"^( {0,3})(#{1,6}(?:\s|$)|[-+](?:[-\s|:]|$)|=+(?:\s|$)|>|~~~)", re.MULTILINE), r"\1\\\2"),
    (re.compile(r"^( {0,3}\d{1,9})([.)](?:\s|$))", re.MULTILINE), r"\1\\\2"),
)


class _Writer(MarkdownConverter):
    """markdownify, made to escape what would read as markup, and only that."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        for pattern, replacement in _TEXT_ESCAPES:
            text = pattern.sub(replacement, text)
        return text

    def process_text(self, el: NavigableString, parent_tags: set[str] | None = None) -> str:
        text = str(super().process_text(el, parent_tags=parent_tags))  # type: ignore[misc]
        following = el.next_sibling
        if text.endswith("!") and isinstance(following, Tag) and following.name == "a":
            return text[:-1] + "\\!"
        return text

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        one_line = re.sub(r"\s*\n\s*", " ", text)
        return str(super().convert_a(el, one_line, parent_tags))  # type: ignore[misc]

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"![{el.get('alt') or ''}]({el['src']})"

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        bullet = f"{el['value']}. " if el.get("value") else "- "
        lines = text.strip().split("\n")
        indented = [lines[0], *(" " * len(bullet) + line if line else "" for line in lines[1:])]
        return bullet + "\n".join(indented) + "\n"

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        cell = re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))
        return f" {cell} |" + " |" * (int(str(el["colspan"])) - 1)

    convert_th = convert_td

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        text = el.get_text().strip("\n")
        if not text.strip():
            return ""
        if "_inline" in parent_tags:
            return str(self.convert_code(el, " ".join(text.split()), set()))
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"\n\n{fence}{_language(el)}\n{text}\n{fence}\n\n"

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        one_line = text.replace("\n", " ")
        return str(super().convert_code(el, one_line, parent_tags))  # type: ignore[misc]

    convert_kbd = convert_code
    convert_samp = convert_code


def _language(pre: Tag) -> str:
    for tag in (pre, *pre.find_all("code", limit=1), *([pre.parent] if pre.parent else [])):
        classes = tag.get("class")
        found = _LANGUAGE.search(" ".join(classes) if isinstance(classes, list) else str(classes or ""))
        if found:
            return found[1]
    return ""


# --- imported Markdown -------------------------------------------------------------------------------------

_HTML_NAMES = frozenset(
    {
        *nh3.ALLOWED_TAGS,
        *_READ_TAGS,
        *_REMOVED_WITH_CONTENT,
        *_VOID,
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
    text = _asciidoc_to_markdown(text)
    text = _without_template_tags(text)
    tokens, env = _inspect(text)
    if any(token.level >= MAX_NESTING - 1 for token in tokens):  # what stands deeper is in no token
        return _as_text(_words_of_html(_unswallowed(_LINE_MARKERS.sub("", text))))
    if not _is_safe(tokens, env):
        for token in tokens:
            _tame(token)
        text = html_to_markdown(_INSPECTOR.renderer.render(tokens, _INSPECTOR.options, env))
    return text.strip("\n").rstrip()


def _inspect(markdown: str) -> tuple[list[Token], dict[str, object]]:
    env: dict[str, object] = {}
    return _INSPECTOR.parse(markdown, env), env


def _is_safe(tokens: Sequence[Token], env: dict[str, object]) -> bool:
    references = env.get("references")
    if isinstance(references, dict) and any(_link(found["href"]) is None for found in references.values()):
        return False
    for token in tokens:
        if token.type in {"html_block", "html_inline"} or token.level >= MAX_NESTING - 1:
            return False
        if token.type == "link_open" and token.attrGet("href") != "" and _link(token.attrGet("href")) is None:
            return False
        if token.type == "image" and token.attrGet("src") != "" and _picture(token.attrGet("src")) is None:
            return False
        if token.children and not _is_safe(token.children, {}):
            return False
    return True


def _tame(token: Token) -> None:
    """Makes words of the tags that HTML does not know."""
    for child in token.children or ():
        _tame(child)
    if token.type in {"html_inline", "html_block"}:
        token.content = _TAG.sub(_word_if_unknown, token.content)


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
    text, code = _put_code_aside(text)
    text = _cut(text, "{{", "}}", _caption)
    text = _cut(text, "{%", "%}", lambda tag: "")
    for pattern in (_ATTRIBUTE_LINE, _ATTRIBUTE_SUFFIX, _HEADING_ID):
        text = pattern.sub("", text)
    text = _EMPTY_LINK.sub(r"\1", text)
    return _put_code_back(text, code)


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


# Control characters are gone by now (`legible`), so these marks cannot be in the text.
_MARK = re.compile("\x00([0-9]+)\x01")


def _put_code_aside(text: str) -> tuple[str, list[str]]:
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
    for first, last in _code_blocks(text):
        prose += lines[at:first]
        finish_prose()
        written.append(aside("\n".join(lines[first:last])))
        at = last
    prose += lines[at:]
    finish_prose()
    return "\n".join(written), code


def _code_blocks(text: str) -> Iterator[tuple[int, int]]:
    """The first line and the line after the last of each fenced or indented block, in order."""
    tokens: list[Token] = []
    _INSPECTOR.block.parse(text, _INSPECTOR, {}, tokens)
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


def _put_code_back(text: str, code: Sequence[str]) -> str:
    return _MARK.sub(lambda mark: code[int(mark[1])], text)


# --- AsciiDoc, lightly -------------------------------------------------------------------------------------

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


def _asciidoc_to_markdown(text: str) -> str:
    """A text that is AsciiDoc by its headings, with its headings, code blocks, links and pictures in Markdown.
    The rest of AsciiDoc stays as it is: it can be read."""
    if text.count("\n==") + text.startswith("==") < 2:
        return text
    lines = text.split("\n")
    fences = ((first, last) for first, last in _code_blocks(text) if "```" in lines[first])
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


# --- where a text leads ------------------------------------------------------------------------------------


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
    for token in _READER.parse(legible(markdown)):
        if token.type != "inline":
            continue
        line = (token.map[0] if token.map else 0) + 1
        opened: list[tuple[str, list[Token]]] = []
        for child in token.children or ():
            if child.type == "link_open":
                opened.append((str(child.attrGet("href") or ""), []))
            elif child.type == "link_close" and opened:
                href, inside = opened.pop()
                found.append(Address("link", href, _inline_text(inside), line))
            elif child.type == "image":
                found.append(
                    Address("picture", str(child.attrGet("src") or ""), _inline_text(child.children), line)
                )
            for _, inside in opened:
                if child.type != "link_open":
                    inside.append(child)
    return found
