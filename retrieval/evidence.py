"""Signals that a search gives about itself: how likely is it that what came first is right?

Pure arithmetic on scores and words. The confidence is fitted on these; this file does not know how.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from retrieval.lexical import LexicalIndex

_numbers = re.compile(r"\d[\d.,:]*\d|\d")


@dataclass(frozen=True)
class Evidence:
    """All without unit, most between 0 and 1. `top` is the article that search puts first."""

    top_dense: float = 0.0  # cosine of question and best passage of the top
    dense_margin: float = 0.0  # that, less the best cosine of any other article
    dense_falloff: float = 0.0  # that, less the mean of the ten best other articles
    lexical_share: float = 0.0  # BM25 of the top by the most that these words could score
    lexical_margin: float = 0.0  # the same, less that of the best other article
    fused_margin: float = 0.0  # fused score of the first less that of the second
    agreement: float = 0.0  # 1 when both halves put the same article first
    coverage: float = 0.0  # share of the question's telling words (by idf) that the passage, its headings or title hold
    title_coverage: float = 0.0  # the same for title and headings alone
    known: float = 0.0  # share of the telling words that the help center uses at all
    missing_numbers: float = 0.0  # share of the question's numbers that the passage does not hold
    words: float = 0.0  # log of the number of telling words

    def vector(self) -> list[float]:
        return list(asdict(self).values())


NAMES = tuple(Evidence.__dataclass_fields__)


@dataclass(frozen=True)
class Candidate:
    """One article's best scores in a search."""

    dense: float
    lexical: float
    score: float


def weigh(
    question: str,
    question_tokens: Sequence[str],
    candidates: Sequence[Candidate],
    passage_tokens: set[str],
    title_tokens: set[str],
    passage_text: str,
    lexicon: LexicalIndex,
) -> Evidence:
    """`candidates`: best first; the tokens and text are those of the first one's passage, headings and title."""
    if not candidates:
        return Evidence()
    top, rest = candidates[0], candidates[1:]
    weights = {token: lexicon.idf(token) for token in question_tokens}
    total = sum(weights.values()) or 1.0
    others = sorted((c.dense for c in rest), reverse=True)
    best_other_lexical = max((c.lexical for c in rest), default=0.0)
    numbers = set(_numbers.findall(question))
    return Evidence(
        top_dense=top.dense,
        dense_margin=top.dense - (others[0] if others else 0.0),
        dense_falloff=top.dense - (sum(others[:10]) / len(others[:10]) if others else 0.0),
        lexical_share=min(1.0, top.lexical / total),
        lexical_margin=(top.lexical - best_other_lexical) / total,
        fused_margin=top.score - (rest[0].score if rest else 0.0),
        agreement=float(top.lexical > 0 and top.lexical >= best_other_lexical and top.dense >= (others[0] if others else 0)),
        coverage=sum(w for t, w in weights.items() if t in passage_tokens or t in title_tokens) / total,
        title_coverage=sum(w for t, w in weights.items() if t in title_tokens) / total,
        known=sum(w for t, w in weights.items() if lexicon.knows(t)) / total,
        missing_numbers=sum(n not in passage_text for n in numbers) / len(numbers) if numbers else 0.0,
        words=math.log1p(len(question_tokens)),
    )
