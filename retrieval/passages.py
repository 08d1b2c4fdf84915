"""What search deals in: passages of articles, and what was found. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from help_center.sources.base import primary_language


@dataclass(frozen=True)
class Section:
    """Where a section begins and ends in its passage's text, and the headings it stands under (outermost first)."""

    start: int
    end: int
    headings: tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """A piece of an article in its Markdown shape, with the headings it stands under (outermost first).

    `sections`: of a passage that holds several, else empty; `headings` are the first one's then.
    """

    id: str
    article_id: str
    ordinal: int
    headings: tuple[str, ...]
    text: str
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A passage that was found for a question; of several sections, the one that fits it best.

    `whole`: all of the passage, where it holds several sections. `dense`: cosine of the question and the passage's
    nearest part. `lexical`: BM25 of the passage. In a list of articles both are the best of any passage. `score`: the
    two fused, 0..1.
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
    whole: Passage | None = None
    labels: tuple[str, ...] = ()  # the article's: words of the owner's own that find it

    @property
    def article_id(self) -> str:
        return self.passage.article_id

    @property
    def language(self) -> str:
        return primary_language(self.locale)

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
