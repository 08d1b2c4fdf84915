"""HTML into Markdown, with nothing executable in it."""

from __future__ import annotations

import re

import nh3
from bs4 import BeautifulSoup, NavigableString, Tag
from markdownify import MarkdownConverter

from help_center.markup.films import films_as_links
from help_center.markup.gate import LINK_SCHEMES, safe_link, safe_picture
from help_center.markup.parsing import inspect, is_safe
from help_center.markup.tags import MAX_HTML_DEPTH, REMOVED_WITH_CONTENT, depth_of, unswallowed, words_of_html
from help_center.markup.text import PUNCTUATION, as_text, legible

MAX_TREE_DEPTH = 100  # of what is left after cleaning: markdownify walks it recursively
_BLOCKS = {
    *("p", "div", "section", "article", "main", "aside", "address", "details", "summary", "figure"),
    *("figcaption", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "center"),
}
_INLINES = {
    *("strong", "b", "em", "i", "del", "s", "strike", "code", "kbd", "samp", "tt", "a", "img", "span"),
    *("sub", "sup", "q", "br"),
}
READ_TAGS = {
    *_BLOCKS,
    *_INLINES,
    *("hr", "form", "fieldset", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_RENAMED = {
    **dict.fromkeys(("details", "main", "aside", "address", "center", "fieldset", "dd", "figure"), "div"),
    **{"strike": "del", "tt": "code", "summary": "p", "dt": "p"},
}
_READ = nh3.Cleaner(
    tags=READ_TAGS,
    clean_content_tags=REMOVED_WITH_CONTENT,
    attributes={
        **{"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "th": {"colspan"}, "td": {"colspan"}},
        **{tag: {"class"} for tag in ("pre", "code", "div", "span")},
    },
    url_schemes=set(LINK_SCHEMES),
    link_rel=None,
)
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source|brush:)-?\s*([A-Za-z0-9_+#.-]{1,40})")


def html_to_markdown(html: str) -> str:
    """Markdown of an HTML fragment or page, nothing executable in it.

    Scripts, frames, forms, drawings and the like go with their content, and so do comments and every `on...`
    attribute; links stay where they lead to http(s), mailto or a relative address."""
    html = unswallowed(films_as_links(legible(html)))
    if depth_of(html) > MAX_HTML_DEPTH:
        return as_text(words_of_html(html))
    soup = BeautifulSoup(f"<div>{_READ.clean(html)}</div>", "html.parser")
    if _tree_depth(soup) > MAX_TREE_DEPTH:
        return as_text(soup.get_text("\n"))
    _simplify(soup)
    writer = _Writer(heading_style="atx", autolinks=False, table_infer_header=True)
    markdown = str(writer.convert_soup(soup))
    markdown = re.sub(r"[ \t]+$", _hard_break_or_nothing, markdown, flags=re.MULTILINE)
    markdown = re.sub(r"\n{3,}", "\n\n", markdown).strip("\n")
    return markdown if is_safe(*inspect(markdown)) else as_text(soup.get_text("\n"))


def _hard_break_or_nothing(spaces: re.Match[str]) -> str:
    after_text = spaces.start() > 0 and spaces.string[spaces.start() - 1] != "\n"
    return "  " if after_text and len(spaces[0]) == 2 else ""


def _tree_depth(soup: BeautifulSoup) -> int:
    deepest = 0
    level: list[Tag] = [soup]
    while level:
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        deepest += 1
    return deepest


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
        url = safe_link(_absolute(link.get("href")))
        if url is None:
            link.unwrap()
        else:
            link["href"] = _written(url)
    for picture in soup.find_all("img"):
        url = safe_picture(_absolute(picture.get("src")))
        if url is None:
            picture.decompose()
        else:
            picture["src"] = _written(url)
            alternative = " ".join(str(picture.get("alt") or "").split())
            picture["alt"] = PUNCTUATION.sub(_escaped_if_active, alternative)
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
