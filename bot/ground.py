"""Checks that what an answer says is in the passages it was made from. Knows words and numbers, no model.

A sentence holds when its telling words and every one of its numbers, addresses and code words are in the passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from retrieval.lexical import tokens

SUPPORTED_FROM = 0.6  # share of a sentence's telling words that its passages must hold
_citation = re.compile(r"\s*\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]")
_fenced = re.compile(
    r"(?:^|\n)[^\S\n]*(?:```|~~~)[^\n]*\n(.*?)(?:\n?[^\S\n]*(?:```|~~~)[^\S\n]*(?=\n|\Z)|\Z)", re.DOTALL
)
_code = re.compile(r"(^[^\S\n]*(?:```|~~~).*|`[^`]+`)", re.MULTILINE | re.DOTALL)
# code, addresses, dotted names (hosts, files, versions) and numbers are said exactly or not at all
_exact = re.compile(
    r"`[^`]+`|https?://[^\s)>\]]+|[\w.+-]+@[\w-]+\.[\w.]+|"
    r"(?!(?:\w\.)+(?!\w))[^\W\d_][\w-]*(?:\.[\w-]*[^\W\d_][\w-]*)+|\d[\d.,:]*\d|\d"
)
_sentence_end = re.compile(r"(?<=[.!?])(?:\s*\[\d[\d,\s]*\])*\s+|\n+")
_citation_begun = re.compile(r"(?:\[\d[\d,\s]*\]\s*)*(?:\[[\d,\s]*)?\Z")
_list_mark = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)])\s+", re.MULTILINE)


def supported(sentence: str, passages: Iterable[str], language: str) -> bool:
    """Whether `passages` hold what the sentence says. A sentence without telling words holds."""
    text = "\n".join(passages)
    bare = _list_mark.sub("", without_citations(sentence))
    lines = {" ".join(line.split()) for line in text.lower().split("\n")}
    for code in _fenced.findall(bare):
        if any(" ".join(line.split()).lower() not in lines for line in code.split("\n") if line.strip()):
            return False
    if not all(_said(exact, text) for exact in _exact.findall(_fenced.sub("\n", bare))):
        return False
    telling = tokens(bare, language)
    if not telling:
        return True
    there = set(tokens(text, language))
    return sum(token in there for token in telling) / len(telling) >= SUPPORTED_FROM


def says_something(sentence: str, language: str) -> bool:
    """Whether it has a telling word: a rule, a dash or `OK.` alone answers nothing."""
    return bool(tokens(_list_mark.sub("", without_citations(sentence)), language))


def _said(exact: str, text: str) -> bool:
    """Whether the text holds it whole: 3 is not in 30 or 6.3, and `rm -rf /` is not in rm -rf /tmp."""
    exact = exact.strip("`").strip().rstrip(".,:").lower()
    if exact[:1].isdigit() and exact[-1:].isdigit():
        before, after = r"(?<!\d)(?<!\d[.,:])", r"(?![.,:]?\d)"
    else:
        before, after = r"(?<!\w)", r"(?![\w/])" if not exact.endswith("/") else r"(?!\S)"
    return re.search(before + re.escape(exact) + after, text.lower()) is not None


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
