"""Where articles come from. A new kind of source is a file here and one line in SOURCES."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from help_center.sources.base import Source, SourceError
from help_center.sources.jsonl import JsonLines
from help_center.sources.markdown import Folder

EXPECTED = "give a folder of Markdown or HTML files, or a .jsonl file"


def _folder(spec: str) -> Source | None:
    return Folder(Path(spec)) if Path(spec).is_dir() else None


def _json_lines(spec: str) -> Source | None:
    return JsonLines(Path(spec)) if spec.lower().endswith(".jsonl") and Path(spec).is_file() else None


# Each looks at what the user typed and makes a source of it, or says None: not mine.
SOURCES: tuple[Callable[[str], Source | None], ...] = (
    _folder,
    _json_lines,
)


def open_source(spec: str) -> Source:
    """The source that `spec` names. Raises SourceError, which says what to give instead."""
    if not spec.strip() or "\0" in spec:
        raise SourceError(f"no source was named: {EXPECTED}")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", spec):
        raise SourceError(f"{spec}: addresses are not supported yet; {EXPECTED}")
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
