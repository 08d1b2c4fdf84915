"""Where links in answers may lead: to articles, to the hosts that the help center names as its own, or nowhere.

Works on Markdown text, outside of code. Pictures never stay: their description does.
"""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

from sqlalchemy import select

from help_center.articles import Article
from help_center.database import Database

REFRESH_SECONDS = 60.0
_code = re.compile(r"(^(?:```|~~~).*?(?:^(?:```|~~~)[^\S\n]*$|\Z)|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_target = r"\(\s*(<[^<>\n]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
_picture = re.compile(r"!\[([^\[\]]*)\](?:" + _target + r"|\[[^\]]*\])")
_link = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]" + _target)
_reference = re.compile(r"^\s{0,3}\[[^\]^]+\]:\s*\S+.*$\n?", re.MULTILINE)
_auto = re.compile(r"<((?:https?://|mailto:)[^>\s]+)>")


def tame(markdown: str, own_hosts: frozenset[str]) -> str:
    """The text with links to strangers turned into their words, and without pictures."""
    parts = _code.split(markdown)
    return "".join(part if i % 2 else _tame(part, own_hosts) for i, part in enumerate(parts))


def _tame(text: str, own_hosts: frozenset[str]) -> str:
    text = _picture.sub(lambda found: found[1], text)
    text = _link.sub(lambda found: found[0] if allowed(found[2].strip("<>"), own_hosts) else found[1], text)
    text = _auto.sub(lambda found: found[0] if allowed(found[1], own_hosts) else found[1], text)
    return _reference.sub("", text)


def allowed(url: str, own_hosts: frozenset[str]) -> bool:
    """Whether an answer may link there."""
    if url.startswith("/help/") and "\\" not in url:
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and (parts.hostname or "") in own_hosts
    except ValueError:
        return False


class OwnHosts:
    """The hosts of the articles' own addresses, read again now and then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hosts: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def __call__(self) -> frozenset[str]:
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            with self._database.read() as session:
                urls = session.scalars(select(Article.original_url).where(Article.original_url.is_not(None)).distinct())
                self._hosts = frozenset(filter(None, (_host(url) for url in urls if url)))
            self._read_at = time.monotonic()
        return self._hosts


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        return None
