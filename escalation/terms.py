"""Text into the terms by which it is found: without case and accents, in any script, codes and addresses whole.

A word is one term. Of words joined by a mark (A-1234, kim.lee@example.org) each is a term, and so is each neighbouring
pair with its mark: all the pairs of what is looked for must be there, so A-1234 does not find an A here and a 1234 there.
Scripts without spaces give characters and neighbouring pairs of them. The same is done to what is looked for, so nothing
depends on what a database knows of a language; terms hold neither spaces nor quotes, colons or backslashes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

LONGEST = 80  # characters of a term: what follows is not looked at
MOST_TERMS = 20_000  # of one document
MOST_BYTES = 800_000  # of these: PostgreSQL takes a mebibyte, and what it refuses could not be written at all
MOST_ASKED = 16  # terms of one question

_marks = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f\u00ad]")
_letters = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_spaceless = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_word = rf"(?:[^\W_{_spaceless}]+|[\u0900-\u0963\u0966-\u0dff]+)+"  # vowel signs are no letters to `re`
_joined = re.compile(rf"{_word}(?:[-._@+/]{_word})*|[{_spaceless}]+")
_joined_ascii = re.compile(r"[a-z0-9]+(?:[-._@+/][a-z0-9]+)*")
_part = re.compile(rf"{_word}|[-._@+/]")
_is_spaceless = re.compile(rf"[{_spaceless}]")


@dataclass(frozen=True)
class Question:
    """All of `terms` must be there, and a term that begins with `prefix`."""

    terms: tuple[str, ...] = ()
    prefix: str | None = None

    def __bool__(self) -> bool:
        return bool(self.terms or self.prefix)


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _marks.sub("", plain)).translate(_letters)


def terms(texts: Iterable[str | None]) -> list[str]:
    """The terms of texts, each once, in the order in which they come."""
    found: dict[str, None] = {}
    for text in texts:
        for joined in _runs(folded(text or "")):
            if joined.isascii() and joined.isalnum():  # nearly all
                found[joined[:LONGEST]] = None
            elif joined not in found:
                found.update(dict.fromkeys(term[:LONGEST] for term in _indexed(joined)))
        if len(found) > MOST_TERMS:
            break
    kept = list(found)[:MOST_TERMS]
    if len(kept) * LONGEST * 4 <= MOST_BYTES:  # as nearly always
        return kept
    ends = accumulate(len(term.encode()) for term in kept)
    return [term for term, end in zip(kept, ends, strict=True) if end <= MOST_BYTES]


def question(text: str) -> Question:
    """What somebody looks for. The last word may be its beginning only."""
    runs = _runs(folded(text))
    asked = [term[:LONGEST] for joined in runs for term in _asked(joined)]
    if not asked:
        return Question()
    whole = text[-1:].isspace() or _is_spaceless.match(runs[-1])
    if whole:
        return Question(_few(asked))
    return Question(_few(asked[:-1]), asked[-1])


def _runs(text: str) -> list[str]:
    """Words, words joined by marks, and stretches of scripts without spaces."""
    return (_joined_ascii if text.isascii() else _joined).findall(text)


def _few(asked: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(asked))[:MOST_ASKED]


def _indexed(joined: str) -> list[str]:
    if _is_spaceless.match(joined):
        return [*joined, *_pairs(joined)]
    if joined.isalnum():
        return [joined]
    parts = _part.findall(joined)
    return [*parts[::2], *("".join(parts[at : at + 3]) for at in range(0, len(parts) - 2, 2))]


def _asked(joined: str) -> list[str]:
    if _is_spaceless.match(joined):
        return _pairs(joined) or [joined]
    parts = _part.findall(joined)
    return ["".join(parts[at : at + 3]) for at in range(0, len(parts) - 2, 2)] or parts


def _pairs(characters: str) -> list[str]:
    return [characters[at : at + 2] for at in range(len(characters) - 1)]
