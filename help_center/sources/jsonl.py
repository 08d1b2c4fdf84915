"""Articles from a `.jsonl` file, one JSON object a line. Knows nothing about what an article must have."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from help_center.sources.base import Failure, SeenIds, SourceArticle, SourceError, article_from_record

MAX_LINE = 40_000_000  # bytes: an article of 6 MB with every character escaped, and its other fields


class JsonLines:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path.resolve())

    def read(self) -> Iterator[SourceArticle | Failure]:
        _check_encoding(self.path)
        seen = SeenIds()
        articles = 0
        first_failure: Failure | None = None
        try:
            with self.path.open("rb") as file:
                for number, line in _lines(file):
                    where = f"{self.path.name}, line {number}"
                    found = seen.judge(_read_line(line, where), where)
                    if isinstance(found, Failure):
                        first_failure = first_failure or found
                    else:
                        articles += 1
                    yield found
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if articles:
            return
        if first_failure is None:
            raise SourceError(f"{self.path} is empty: put one article a line in it, as a JSON object")
        raise SourceError(
            f"{self.path} has no article that can be read; {first_failure.where}: {first_failure.reason}"
        )


def _read_line(line: bytes | None, where: str) -> SourceArticle | Failure:
    if line is None:
        return Failure(where, f"it is longer than {MAX_LINE // 1_000_000} MB: split the article")
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        return Failure(where, f"it is not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError):
        return Failure(where, "it is not JSON that can be read: a number too long, or nested too deeply")
    if not isinstance(record, dict):
        return Failure(where, "it is not a JSON object: write one article a line, as {...}")
    return article_from_record(record, where)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Number and content of every line that is not blank; None for one too long to be held in memory."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif line.strip():
            yield number, line


def _check_encoding(path: Path) -> None:
    """Before the first article: a file in another encoding would come in half, with wrong letters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8: save it as UTF-8 and index it again") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read ({error.strerror or error}): check that it is there and yours")
