"""One HTML page as a record. Knows nothing about files: `markdown.py` walks the folder."""

from __future__ import annotations

import re
import warnings
from typing import Any

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag
from bs4.dammit import EncodingDetector

from help_center.sources.base import normal_locale

_FURNITURE = ["nav", "header", "footer", "script", "style", "noscript", "template"]


def decoded(page: bytes) -> str | None:
    """The page's text: UTF-8 where it is, else what the page declares, which browsers take for windows-1252
    where it declares nothing; None when that does not fit."""
    try:
        return page.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = EncodingDetector.find_declared_encoding(page, is_html=True) or "windows-1252"
    try:
        return page.decode(declared)
    except (UnicodeDecodeError, LookupError):
        return None


def page_record(html: str) -> dict[str, Any] | None:
    """The fields that the page tells: title, url, locale, html. None for a page that only sends you elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)  # a page of one line, say
        soup = BeautifulSoup(html, "html.parser")
    if soup.find("meta", attrs={"http-equiv": re.compile("^refresh$", re.IGNORECASE)}):
        return None
    record: dict[str, Any] = {}
    root = soup.find("html")
    language = normal_locale(str(root.get("lang") or "")) if root else None
    if language:
        record["locale"] = language
    canonical = soup.select_one('link[rel~="canonical"]')
    if canonical and canonical.get("href"):
        record["url"] = str(canonical["href"])
    content = _content(soup)
    # The first heading is the article's own; a page's <title> often ends in the site's name.
    heading = content.find("h1")
    title = soup.find("title")
    words = heading.get_text(" ") if heading else ""
    if words.strip() and heading:
        heading.decompose()
    elif title:
        words = title.get_text(" ")
    if words.strip():
        record["title"] = words
    for part in content.find_all(_FURNITURE):
        part.decompose()
    record["html"] = content.decode_contents()
    return record


def _content(soup: BeautifulSoup) -> Tag:
    main = soup.select_one("main, [role=main]")
    if main:
        return main
    articles = soup.find_all("article", limit=2)
    if len(articles) == 1:
        return articles[0]
    return soup.find("body") or soup
