"""One question put to a turn, without effects: what would be done, on the strength of which article.

The same turn as a customer gets, but always quoted from the passages: a language model's price and whims stay out of a
comparison. With one configured, an answer of the passages is one that the model may give.
"""

from __future__ import annotations

import asyncio
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot.house import House
from bot.questions.asking import Asking
from bot.turn import Parts, Sentence, outcome_of
from retrieval.excerpt import excerpt
from retrieval.rehearsal import Remembering
from retrieval.search import Search

SENTENCE = 240  # characters shown of what answers


@dataclass(frozen=True)
class Trial:
    """`article_id`: of the first source of what is said. `found`: articles, best first. `sentence`: what answers, or would
    first be read."""

    action: str
    confidence: float | None
    article_id: str | None
    title: str | None
    found: tuple[str, ...]
    sentence: str

    @property
    def answered(self) -> bool:
        return self.action == "answer"

    def rank(self, article_id: str) -> int | None:
        """From 1; None where the article is not among those found."""
        return self.found.index(article_id) + 1 if article_id in self.found else None

    def right(self, expected: frozenset[str] | None) -> bool:
        """Of a question whose articles are known: answered by one of them first, or left alone where there is none.
        Of any other: answered."""
        if expected is None:
            return self.answered
        return self.answered and self.article_id in expected if expected else not self.answered

    def json(self) -> dict[str, Any]:
        article = {"id": self.article_id, "title": self.title} if self.article_id else None
        told = {"action": self.action, "confidence": self.confidence, "article": article}
        return told | {"sentence": self.sentence}


class Bench:
    """Where questions are tried: one comparison at a time, because customers come first. One per process; keeps the vectors
    of questions, which are asked again and again."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.alone = asyncio.Lock()

    @cached_property
    def embedder(self) -> Remembering:
        return Remembering(self.house.search.embedder)


def parts_with(parts: Parts, search: Search) -> Parts:
    """The parts of a turn over another search, quoting."""
    quoting = copy(parts)
    quoting.search, quoting.llm = search, None
    return quoting


async def trial(parts: Parts, asking: Asking) -> Trial:
    """Raises what a turn raises: StoreError, EmbedderError, RerankerError."""
    said: list[Sentence] = []
    outcome = await outcome_of(asking.asked, parts, said.append)
    query = await asyncio.to_thread(lambda: asking.query)  # understanding a history takes its time
    quoted = (excerpt(one.hits[0].passage.text, query, SENTENCE) for one in said if one.hits)
    sentence = next(filter(None, quoted), "")
    first = next(iter(outcome.sources or outcome.sources_tried), None)
    return Trial(
        outcome.action,
        outcome.confidence,
        first["article_id"] if first else None,
        first["title"] if first else None,
        outcome.found,
        sentence or (excerpt(first["excerpt"], query, SENTENCE) if first else ""),
    )
