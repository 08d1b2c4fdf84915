"""The piece of a passage that says why it was found, and the searched words marked in it.

Pure functions over text. A word matches when it has the stem of a searched word, a code as a whole, and what was quoted
where it stands word for word. Of a question that search has read, what it was read as counts; a searched word that
occurs nowhere matches the words that look like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape
from rapidfuzz import fuzz

from help_center.markup import plain_text
from retrieval.tokenizing import (
    folded,
    normal,
    parts_at,
    parts_of,
    pieces_at,
    tokens,
    without_spaces,
    written_words,
)
from retrieval.wording import Wording

LENGTH = 220
ALIKE = 80  # of 100, for words of at least five letters
MAX_QUERY = 1000  # characters looked at
MAX_TEXT = 20_000  # characters looked at

_sentence = re.compile(r"(?:(?<=[.!?;])\s|(?<=[。！？])|\n)")

Span = tuple[int, int, str]  # start, end, the searched token that it matches


def excerpt(passage: str, query: str | Wording, length: int = LENGTH, language: str = "en") -> str:
    """Plain text of at most `length` characters out of a passage's Markdown: where most of the searched words stand,
    the beginning where none does. Cut between words, with an ellipsis where text is left out."""
    lines = (" ".join(line.split()) for line in plain_text(passage).split("\n"))
    text = "\n".join(line for line in lines if line)[:MAX_TEXT]
    if len(text) <= length:
        return text.replace("\n", " ")
    room = length - 4  # for an ellipsis and a space on both sides
    start = _start(text, _matches(text, query, language), room)
    end = start + room
    if end >= len(text):
        end = len(text)
    elif not text[end].isspace():
        space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = space if space > start + room // 2 else end  # a text without spaces is cut anywhere
    words = text[start:end].strip().replace("\n", " ")
    return ("… " if start else "") + words + (" …" if end < len(text) else "")


def marked(excerpt: str, query: str | Wording, language: str = "en") -> Markup:
    """The excerpt as HTML, everything in it escaped, the searched words in <mark>."""
    html = Markup("")
    done = 0
    for start, end, _ in _matches(excerpt, query, language):
        if start < done:
            continue
        html += (
            escape(excerpt[done:start]) + Markup("<mark>") + escape(excerpt[start:end]) + Markup("</mark>")
        )
        done = end
    html += escape(excerpt[done:])
    return html.replace(Markup("</mark><mark>"), Markup(""))  # of Chinese and Japanese pairs


def _start(text: str, matches: list[Span], room: int) -> int:
    """Where the excerpt begins: the window with the most different searched words, at a sentence's start if one is near."""
    if not matches:
        return 0
    best, best_worth = 0, (0, 0)
    for i, (begin, _, _) in enumerate(matches):
        inside = [
            token for start, end, token in matches[i : i + 60] if start >= begin and end <= begin + room
        ]
        worth = (len(set(inside)), len(inside))
        if worth > best_worth:
            best, best_worth = begin, worth
    last = max((end for start, end, _ in matches if start >= best and end <= best + room), default=best)
    earliest = max(0, last - room)  # as far back as the window can go without losing a match
    if earliest == 0:
        return 0
    latest = max(
        earliest, min(best, len(text) - room)
    )  # further on, the excerpt would be shorter than it may be
    breaks = [found.end() for found in _sentence.finditer(text, earliest, latest)]
    if breaks:
        return breaks[-1]
    space = text.find(" ", max(earliest, latest - room // 4), latest)
    return space + 1 if space >= 0 else latest


def _matches(text: str, query: str | Wording, language: str) -> list[Span]:
    """Where the searched words stand, the longer of two that begin together first."""
    text = text[:MAX_TEXT]
    wanted, phrases = _wanted(query, language)
    if not wanted and not phrases:
        return []
    spans = list(_tokens_at(text, language))
    there = {token for _, _, token in spans}
    stands_for = {token: token for token in wanted & there}
    for missing in wanted - there:
        if len(missing) >= 5 and not without_spaces(missing):
            for token in there:
                if len(token) >= 4 and token not in stands_for and fuzz.ratio(missing, token) >= ALIKE:
                    stands_for[token] = missing
    found = [(start, end, stands_for[token]) for start, end, token in spans if token in stands_for]
    return sorted([*found, *_phrases_at(text, phrases)], key=lambda span: (span[0], -span[1]))


def _wanted(query: str | Wording, language: str) -> tuple[set[str], list[str]]:
    """The searched tokens, and what is searched as several words one after the other."""
    if isinstance(query, Wording):
        several = [token for token in query.tokens if " " in token]
        return set(query.tokens) - set(several), [*several, *query.phrases]
    query = query[:MAX_QUERY]
    return set(tokens(query, language)) or {word.lower() for _, _, word in parts_at(query)}, []


def _phrases_at(text: str, phrases: Sequence[str]) -> Iterator[Span]:
    if not phrases:
        return
    words = [(start, end, folded(normal(word))) for start, end, word in parts_at(text)]
    for phrase in phrases:
        wanted = phrase.split(" ")
        for i in range(len(words) - len(wanted) + 1):
            if all(words[i + k][2] == word for k, word in enumerate(wanted)):
                yield words[i][0], words[i + len(wanted) - 1][1], phrase


def _tokens_at(text: str, language: str) -> Iterator[Span]:
    known: dict[str, list[str]] = {}

    def token_of(word: str) -> list[str]:
        if word not in known:
            known[word] = tokens(word, language) or [normal(word)]
        return known[word]

    for start, end, word in written_words(text):
        if without_spaces(word):
            for first, last in pieces_at(text, start, end):
                yield first, last, normal(text[first:last])
        elif len(parts_of(word)) > 1:
            yield start, end, token_of(word)[-1]
            for first, last, part in parts_at(word):
                yield start + first, start + last, token_of(part)[0]
        else:
            yield start, end, token_of(word)[0]


__all__ = ["excerpt", "marked"]
