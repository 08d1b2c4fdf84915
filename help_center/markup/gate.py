"""The one gate for addresses: which may be followed or shown. http, https, mailto and relative ones, never a scheme-relative one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_MAILTO = re.compile(r"mailto:[^@,;?\s]+@([^@,;?\s]+)", re.IGNORECASE)


def _address(url: str, *, schemes: frozenset[str], hosts: frozenset[str] | None = None) -> str | None:
    """The address when it may be followed, else None. `hosts`, where given, are the only other hosts allowed."""
    url = url.strip()
    if not url or any(c <= " " or c == "\\" or "\x7f" <= c <= "\x9f" for c in url):
        return None
    scheme = SCHEME.match(url)
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


LINK_SCHEMES = frozenset({"http", "https", "mailto"})
_PICTURE_SCHEMES = frozenset({"http", "https"})


def safe_link(url: object, hosts: frozenset[str] | None = None) -> str | None:
    return _address(str(url or ""), schemes=LINK_SCHEMES, hosts=hosts)


def safe_picture(url: object) -> str | None:
    return _address(str(url or ""), schemes=_PICTURE_SCHEMES)
