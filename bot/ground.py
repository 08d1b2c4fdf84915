"""Checks that what an answer says is in the passages it was made from. Knows words and numbers, no model.

A sentence holds when its telling words and every one of its numbers, addresses and code words are in the passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from retrieval.lexical import tokens

SUPPORTED_FROM = 0.6  # share of a sentence's telling words that its passages must hold
_citation = re.compile(r"\s*\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]")
_exact = re.compile(r"`[^`]+`|https?://[^\s)>\]]+|[\w.+-]+@[\w-]+\.[\w.]+|\d[\d.,:]*\d|\d")
_sentence_end = re.compile(r"(?<=[.!?])(?:\s*\[\d[\d,\s]*\])*\s+|\n+")
_list_mark = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)])\s+", re.MULTILINE)


def supported(sentence: str, passages: Iterable[str], language: str) -> bool:
    """Whether `passages` hold what the sentence says. A sentence without telling words holds."""
    text = "\n".join(passages)
    bare = _list_mark.sub("", without_citations(sentence))
    for exact in _exact.findall(bare):
        if exact.strip("`").rstrip(".,:").lower() not in text.lower():
            return False
    telling = tokens(bare, language)
    if not telling:
        return True
    there = set(tokens(text, language))
    return sum(token in there for token in telling) / len(telling) >= SUPPORTED_FROM


def citations(sentence: str, passages: int) -> list[int]:
    """The passage numbers that a sentence cites, from 1, those that exist, in order."""
    cited = [int(n) for group in _citation.findall(sentence) for n in group.split(",")]
    return [n for n in dict.fromkeys(cited) if 1 <= n <= passages]


def without_citations(sentence: str) -> str:
    return _citation.sub("", sentence)


def renumbered(sentence: str, number: Callable[[int], int], passages: int) -> str:
    """The sentence with each citation that exists under its new number; the others are taken out."""

    def one(found: re.Match[str]) -> str:
        new = dict.fromkeys(number(n) for n in citations(found[0], passages))
        return "".join(f" [{n}]" for n in new)

    return _citation.sub(one, sentence)


class Sentences:
    """Cuts a stream of text into sentences as they end; a code fence is one. Joined, they are the text again."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, piece: str) -> list[str]:
        self._rest += piece
        done = []
        while (end := self._end()) is not None:
            done.append(self._rest[:end])
            self._rest = self._rest[end:]
        return done

    def finish(self) -> list[str]:
        rest, self._rest = self._rest, ""
        return [rest] if rest.strip() else []

    def _end(self) -> int | None:
        fence = re.match(r"\s*(```|~~~)", self._rest)
        if fence:
            close = re.search(r"\n\s*" + fence[1] + r"[^\S\n]*\n+", self._rest[fence.end() :])
            return fence.end() + close.end() if close else None
        for found in _sentence_end.finditer(self._rest):
            if found.end() == len(self._rest):
                return None  # more white space, or a citation, may follow
            if re.fullmatch(r"\s*\d{1,2}\.", self._rest[: found.start()]):
                continue  # "1." begins a list item
            return found.end()
        return None
