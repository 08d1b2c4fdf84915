"""Does the passage that search puts first answer the question? Asked of the reader (`retrieval.reader`), for the confidence.

Scores and words tell the right subject from the wrong one; a question whose subject is there and whose answer is not looks to
them like any other. Knows one search and one question, not how the signal is weighed (`bot.assess`).
"""

from __future__ import annotations

import logging
from functools import lru_cache

from bot.understand import Question
from retrieval.reader import LANGUAGES, Read, Reader, ReaderError, shipped
from retrieval.search import Found

SIGNALS = ("answered_here",)  # the log-odds
KEPT = 16  # passages that were read: 2 MB each; many ask about the same few

log = logging.getLogger(__name__)


def reader() -> Reader | None:
    """None where it cannot be loaded: all else goes on without it."""
    try:
        return shipped()
    except ReaderError as error:
        log.warning("goes on without the reader: %s", error)
        return None


def answered_here(found: Found, question: Question) -> float | None:
    """The better of the section that fits best and all of its passage. None where there is nothing to read, or nobody who knows
    the language."""
    first = found.hits[0] if found.hits else None
    if first is None or first.language not in LANGUAGES or question.language not in (None, *LANGUAGES):
        return None
    reads = reader()
    if reads is None:
        return None
    read = [_read(reads, first.passage.text, "\n".join((first.title, *first.section)))]
    if first.whole is not None:
        read.append(_read(reads, first.whole.text, first.title))
    return max(reads.answers(passage, question.query) for passage in read)


@lru_cache(maxsize=KEPT)
def _read(reads: Reader, text: str, context: str) -> Read:
    return reads.read(text, context)
