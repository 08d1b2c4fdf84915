"""What search deals in: passages of articles, and what was found. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Passage:
    """A piece of an article in its Markdown shape, with the headings it stands under (outermost first)."""

    id: str
    article_id: str
    ordinal: int
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Hit:
    """A passage that was found for a question.

    `dense`: cosine of question and passage. `lexical`: BM25 of the passage. Both are None-free: a half that did
    not find the passage gives its floor. `score`: the fused score of the article, 0..1 within this search.
    """

    passage: Passage
    title: str
    slug: str
    section: tuple[str, ...]
    locale: str
    updated_at: datetime
    dense: float
    lexical: float
    score: float

    @property
    def article_id(self) -> str:
        return self.passage.article_id

    @property
    def url(self) -> str:
        return f"/help/articles/{self.slug}"

    @property
    def heading(self) -> str:
        """The passage's own heading; the article's title where it has none."""
        return self.passage.headings[-1] if self.passage.headings else self.title


def citation(hit: Hit, excerpt: str) -> dict[str, Any]:
    """The Source of the contract."""
    return {
        "article_id": hit.article_id,
        "title": hit.title,
        "url": hit.url,
        "heading": hit.heading,
        "excerpt": excerpt,
        "score": round(hit.score, 4),
    }
