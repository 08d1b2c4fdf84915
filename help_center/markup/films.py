"""Films: linked to and never embedded. Nobody's player runs on our pages."""

from __future__ import annotations

import html as entities
import re
from urllib.parse import urlsplit

from help_center.markup.gate import safe_link

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


def films_as_links(html: str) -> str:
    """Embedded films as links to them, before what is embedded is taken out."""

    def link(tag: re.Match[str]) -> str:
        source = _EMBEDDED_FILM.search(tag[2])
        url = entities.unescape(source[2]) if source else ""
        if url.startswith("//"):
            url = f"https:{url}"
        if safe_link(url) is None or not is_video(url):
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
