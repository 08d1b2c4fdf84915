"""Cuts what a model says into sentences, and reads the passage numbers that they cite. Knows Markdown, no passages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.ground.facts import list_mark

_citation = re.compile(r"\s*\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]")
_code = re.compile(r"(^[^\S\n]*(?:```|~~~).*|`[^`]+`)", re.MULTILINE | re.DOTALL)
_sentence_end = re.compile(r"(?<=[.!?])(?:\s*\[\d[\d,\s]*\])*\s+|\n+")
_citation_begun = re.compile(r"(?:\[\d[\d,\s]*\]\s*)*(?:\[[\d,\s]*)?\Z")


def citations(sentence: str, passages: int) -> list[int]:
    """The passage numbers that a sentence cites, from 1, those that exist, in order. `list[0]` in code is none."""
    told = " ".join(_code.split(sentence)[::2])
    cited = [int(n) for group in _citation.findall(told) for n in group.split(",")]
    return [n for n in dict.fromkeys(cited) if 1 <= n <= passages]


def without_citations(sentence: str) -> str:
    return _outside_code(_citation, "", sentence)


def renumbered(sentence: str, number: Callable[[int], int], passages: int) -> str:
    """The sentence with each citation that exists under its new number; the others are taken out."""

    def one(found: re.Match[str]) -> str:
        new = dict.fromkeys(number(n) for n in citations(found[0], passages))
        return "".join(f" [{n}]" for n in new)

    return _outside_code(_citation, one, sentence)


def cited_anew(sentence: str, numbers: Sequence[int]) -> str:
    """The sentence citing these passages in the place where it cited others."""
    new = "".join(f" [{n}]" for n in numbers)
    first = True

    def one(found: re.Match[str]) -> str:
        nonlocal first
        put, first = (new if first else ""), False
        return put

    return _outside_code(_citation, one, sentence)


def in_the_place_of(sentence: str, words: str, numbers: Sequence[int]) -> str:
    """`words` where the sentence stood in its paragraph or list, citing these passages."""
    lead = sentence[: len(sentence) - len(sentence.lstrip())]
    mark = list_mark.match(sentence.lstrip())
    trail = sentence[len(sentence.rstrip()) :]
    end = len(words) - (words[-1:] in {".", "!"})
    cited = "".join(f" [{n}]" for n in numbers)
    return lead + (mark[0] if mark else "") + words[:end] + cited + words[end:] + trail


def _outside_code(pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str], text: str) -> str:
    parts = _code.split(text)
    return "".join(part if i % 2 else pattern.sub(new, part) for i, part in enumerate(parts))


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
            if _citation_begun.match(self._rest, found.end()):
                return None  # it belongs to the sentence before it
            if re.fullmatch(r"\s*\d{1,2}\.", self._rest[: found.start()]):
                continue  # "1." begins a list item
            return found.end()
        return None
