"""Where links in answers may lead: to articles, to the hosts that the help center names as its own, or nowhere.

Works on Markdown text, outside of code. Pictures never stay: their description does. Raw HTML is shown, not obeyed.
A regular expression does the work so that the text stays as it was written; a Markdown parser has the last word.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from sqlalchemy import select

from help_center.articles import Article
from help_center.database import Database
from help_center.site import Site

REFRESH_SECONDS = 60.0
_code = re.compile(
    r"(^[ \t>]*(?:`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t>]*(?:`{3,}|~{3,})[^\S\n]*$|\Z)|`[^`\n]+`)",
    re.MULTILINE | re.DOTALL,
)
_label = r"\[(?:\\.|[^\[\]\\]|\[(?:\\.|[^\[\]\\])*\])*\]"
_target = (
    r"\(\s*(?:<[^<>\n]*>|(?:\\.|[^()\s\\]|\((?:\\.|[^()\s\\])*\))*)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)
_marks = re.compile(
    r"(?P<escaped>\\[!-/:-@\[-`{-~])"
    rf"|!(?P<picture>{_label})(?:{_target}|\[[^\]]*\])"
    rf"|(?P<link>{_label})(?P<target>{_target})"
    r"|^[ ]{0,3}\[[^\]^]+\]:\s*(?P<definition><?(?:[a-z][a-z\d+.-]*:|/)\S*.*$\n?)"
    r"|<(?P<auto>(?:https?://|mailto:)[^<>\s]+)>"
    r"|(?P<line><br\s*/?>)"
    r"|(?P<tag><(?=[a-z/!?]))"
    r"|(?<!\w)(?P<bare>(?:https?://|www\.)[^\s<>\"`|]*[^\s<>\"`|.,;:!?'*_()\[\]])"
    r"|(?P<half>!(?=\[)|\](?=\()|^(?:[ \t>*+-]|\d{1,9}[.)])*\[(?:\\.|[^\[\]\\])*\](?=:))",
    re.MULTILINE | re.IGNORECASE,
)
_address = re.compile(r"\(\s*(<[^<>\n]*>|\S*?)(?:\s.*)?\)\Z", re.DOTALL)
_bare = re.compile(r"(?:https?://|www\.)[^\s<>\"`]+", re.IGNORECASE)
_punctuation = re.compile(r"([!-/:-@\[-`{-~])")
_parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("text_join")
_parser.validateLink = lambda url: True  # type: ignore[method-assign]
_parser.normalizeLink = lambda url: url  # type: ignore[method-assign]


def tame(markdown: str, own_hosts: frozenset[str], before: str = "") -> str:
    """The text with links to strangers turned into their words, and without pictures.

    `before`: what stands in front of it, tamed already; the two together lead astray no more than each alone.
    """
    parts = _code.split(markdown)
    text = "".join(part if i % 2 else _tame(part, own_hosts) for i, part in enumerate(parts))
    if not _astray(before + text, own_hosts):
        return text
    text = _punctuation.sub(r"\\\1", re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text))
    return "" if _astray(before + text, own_hosts) else text


def allowed(url: str, own_hosts: frozenset[str]) -> bool:
    """Whether an answer may link there."""
    url = html.unescape(url)
    if re.search(r"[\\\x00-\x20\x7f]", url):  # what browsers read in ways of their own
        return False
    if url.startswith("/help/"):
        return True
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and (parts.hostname or "") in own_hosts
        return known and re.fullmatch(r"[\w.-]+(?::\d+)?", parts.netloc) is not None
    except ValueError:
        return False


def _tame(text: str, own_hosts: frozenset[str]) -> str:
    def one(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "picture":
                return _tame(found["picture"][1:-1], own_hosts)
            case "target":
                words = _tame(found["link"][1:-1], own_hosts)
                address = _address.match(found["target"])
                good = address is not None and allowed(address[1].strip("<>"), own_hosts)
                return f"[{words}]{found['target']}" if good else words
            case "definition":
                return ""
            case "auto" | "bare" as kind:
                url = found[kind]
                full = url if "://" in url else f"https://{url}"
                return found[0] if allowed(full, own_hosts) else f"`{url.removeprefix('mailto:')}`"
            case "tag":
                return "\\<"
            case "half":
                return f"{found[0]}\\"
        return found[0]

    return _marks.sub(one, text)


def _astray(markdown: str, own_hosts: frozenset[str]) -> bool:
    """Whether a reader of Markdown would find a picture, raw HTML or a foreign link in it."""

    def bad(token: Token) -> bool:
        match token.type:
            case "image":
                return True
            case "html_block" | "html_inline":
                return not re.fullmatch(r"\s*(?:<br\s*/?>\s*)+", token.content, re.IGNORECASE)
            case "link_open":
                return not allowed(str(token.attrs.get("href", "")), own_hosts)
            case "text":
                return any(
                    not allowed(re.sub(r"^www\.", "https://www.", url), own_hosts)
                    for url in _bare.findall(token.content)
                )
        return any(bad(child) for child in token.children or ())

    return any(bad(token) for token in _parser.parse(markdown))


class OwnHosts:
    """The hosts that the owner has named, as they are now, and those of the articles' own addresses, read again now and
    then."""

    def __init__(self, database: Database, site: Callable[[], Site] = Site) -> None:
        self._database = database
        self._site = site
        self._hosts: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def __call__(self) -> frozenset[str]:
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            with self._database.read() as session:
                urls = session.scalars(
                    select(Article.original_url).where(Article.original_url.is_not(None)).distinct()
                )
                self._hosts = frozenset(filter(None, (_host(url) for url in urls if url)))
            self._read_at = time.monotonic()
        return self._hosts.union(self._site().own_hosts)


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        return None
