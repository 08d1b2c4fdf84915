"""Where articles come from. A new kind of source is a file here and one line in SOURCES."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from help_center.sources.base import Source, SourceError
from help_center.sources.fetching import address_of
from help_center.sources.intercom import IntercomExport
from help_center.sources.jsonl import JsonLines
from help_center.sources.markdown import Folder
from help_center.sources.web import Website
from help_center.sources.zendesk import ZendeskAddress, ZendeskExport, read_json

EXPECTED = (
    "give a folder of Markdown or HTML files, a .jsonl file, a Zendesk or Intercom export (.json), or the address of a "
    "help center, a sitemap or a site"
)


def _folder(spec: str) -> Source | None:
    return Folder(Path(spec)) if Path(spec).is_dir() else None


def _json_lines(spec: str) -> Source | None:
    return JsonLines(Path(spec)) if spec.lower().endswith(".jsonl") and Path(spec).is_file() else None


def _export(spec: str) -> Source | None:
    path = Path(spec)
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    told = read_json(path)
    export = ZendeskExport.of(path, told) or IntercomExport.of(path, told)
    if export is None:
        raise SourceError(
            f'{spec} is neither a Zendesk export ({{"articles": [...]}}) nor an Intercom export (articles of GET /articles)'
        )
    return export


def _address(spec: str) -> Source | None:
    address = address_of(spec)
    return None if address is None else ZendeskAddress.of(address) or Website(address)


# Each looks at what the user typed and makes a source of it, or says None: not mine.
SOURCES: tuple[Callable[[str], Source | None], ...] = (
    _folder,
    _json_lines,
    _export,
    _address,
)


def open_source(spec: str) -> Source:
    """The source that `spec` names. Raises SourceError, which says what to give instead."""
    if not spec.strip() or "\0" in spec:
        raise SourceError(f"no source was named: {EXPECTED}")
    if re.match(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]+://", spec, re.IGNORECASE):
        raise SourceError(f"{spec}: addresses begin with https:// or http://; {EXPECTED}")
    try:
        for make in SOURCES:
            source = make(spec)
            if source is not None:
                return source
        exists = Path(spec).exists()
    except OSError as error:
        raise SourceError(f"{spec[:200]} cannot be read ({error.strerror}): {EXPECTED}") from error
    if not exists:
        raise SourceError(f"{spec} does not exist: check the path; {EXPECTED}")
    if Path(spec).suffix.lower() in {".md", ".markdown", ".html", ".htm"}:
        raise SourceError(f"{spec} is one file: give the folder that it is in")
    raise SourceError(f"{spec} is of a kind that is not supported: {EXPECTED}")
