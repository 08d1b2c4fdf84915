"""Signals that a search gives about itself: how likely is it that what came first is right?

Pure arithmetic on scores and words. The confidence is fitted on these; this file does not know how.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from retrieval.embedders.base import Vectors
from retrieval.lexical import LexicalIndex

LONELY = 0.3  # of a lead, where there is nobody to be ahead of
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
    coverage: float = (
        0.0  # share of the question's telling words (by idf) that the passage, its headings or title hold
    )
    title_coverage: float = 0.0  # the same for title and headings alone
    known: float = 0.0  # share of the telling words that the help center uses at all
    missing_numbers: float = 0.0  # share of the question's numbers that the passage does not hold
    words: float = 0.0  # log of the number of telling words
    dense_z: float = 0.0  # the top's cosine in standard deviations above the other articles', by tens
    lexical_z: float = 0.0  # the same of its BM25
    consensus: float = 0.0  # share of the ten best passages that are the top's
    missing_word: float = (
        0.0  # idf of the most telling word that neither passage nor title holds, by the largest idf
    )
    distinct: float = 0.0  # coverage less the best coverage by any other article's best passage
    pairs: float = (
        0.0  # share of the question's neighbouring word pairs that stand together in passage or title
    )
    fused_lead: float = 0.0  # fused score of the first less the mean of the nine behind it
    fused_third: float = 0.0  # the same, less that of the third
    wordier: float = 0.0  # log of one more than the number with a better BM25
    second_part: float = 0.0  # cosine of the question and the second nearest part of the top's passage
    part_mean: float = 0.0  # mean cosine of its parts
    parts: float = 0.0  # log of one more than their number
    whole: float = 0.0  # cosine of the question and the passage as a whole
    nearest_rival: float = (
        0.0  # best cosine of the part that answers and one that another article would answer with
    )
    rivals: float = 0.0  # their mean
    told_apart: float = (
        0.0  # dense_margin by the distance of the nearest rival: is there more to tell them by?
    )
    spread: float = 0.0  # mean cosine of the articles' best parts with each other
    unknown: float = 0.0  # share of the telling words that the help center never uses
    rarity: float = 0.0  # mean idf of the telling words

    def vector(self) -> list[float]:
        return list(asdict(self).values())


NAMES = tuple(Evidence.__dataclass_fields__)


@dataclass(frozen=True)
class Candidate:
    """One article's best scores in a search, and the words of its best passage: headings and title, and text.

    `parts`: the unit vectors of the passage's parts, shape (n, d); n may be 0."""

    dense: float
    lexical: float
    score: float
    title_tokens: tuple[str, ...]
    text_tokens: tuple[str, ...]
    text: str
    parts: Vectors


def weigh(
    question: str,
    question_tokens: Sequence[str],
    candidates: Sequence[Candidate],
    best_passages: Sequence[bool],
    lexicon: LexicalIndex,
    vector: Vectors,
) -> Evidence:
    """`candidates`: articles, best first. `best_passages`: of the best passages, in order, whether they are the top's.
    `vector`: the question's, shape (d,), of length 1."""
    if not candidates:
        return Evidence()
    top, rest = candidates[0], candidates[1:]
    weights = {token: lexicon.idf(token) for token in question_tokens}
    total = sum(weights.values()) or 1.0
    largest = max(weights.values(), default=1.0) or 1.0
    dense = [c.dense for c in rest]
    lexical = [c.lexical / total for c in rest]
    best_dense, best_lexical = max(dense, default=0.0), max(lexical, default=0.0)
    share = top.lexical / total
    held = {*top.title_tokens, *top.text_tokens}
    covered = _covered(weights, held)
    covered_elsewhere = max((_covered(weights, {*c.title_tokens, *c.text_tokens}) for c in rest), default=0.0)
    numbers = set(_numbers.findall(question))
    scores = [c.score for c in candidates]
    margin = top.dense - best_dense
    near = _nearness(candidates, vector)
    text_pairs = set(pairwise(top.text_tokens)) | set(pairwise(top.title_tokens))
    asked_pairs = list(pairwise(question_tokens))
    return Evidence(
        top_dense=top.dense,
        dense_margin=margin,
        dense_falloff=top.dense - (sum(sorted(dense)[-10:]) / len(dense[:10]) if dense else 0.0),
        lexical_share=min(1.0, share),
        lexical_margin=share - best_lexical,
        fused_margin=top.score - (rest[0].score if rest else 0.0),
        agreement=float(top.lexical > 0 and share >= best_lexical and top.dense >= best_dense),
        coverage=covered / total,
        title_coverage=_covered(weights, set(top.title_tokens)) / total,
        known=sum(w for t, w in weights.items() if lexicon.knows(t)) / total,
        missing_numbers=sum(n not in top.text for n in numbers) / len(numbers) if numbers else 0.0,
        words=math.log1p(len(question_tokens)),
        dense_z=_z(top.dense, dense) / 10,
        lexical_z=_z(share, lexical) / 10,
        consensus=sum(best_passages[:10]) / 10,
        missing_word=max((w for t, w in weights.items() if t not in held), default=0) / largest,
        distinct=(covered - covered_elsewhere) / total,
        pairs=sum(pair in text_pairs for pair in asked_pairs) / len(asked_pairs) if asked_pairs else 0.0,
        fused_lead=scores[0] - _mean(scores[1:10]) if rest else LONELY,
        fused_third=scores[0] - scores[2] if len(scores) > 2 else LONELY,
        wordier=math.log1p(sum(other > share for other in lexical)),
        told_apart=margin / max(0.05, 1 - near["nearest_rival"]),
        unknown=sum(not lexicon.knows(t) for t in weights) / len(weights) if weights else 0.0,
        rarity=_mean(list(weights.values())),
        **near,
    )


def _nearness(candidates: Sequence[Candidate], vector: Vectors) -> dict[str, float]:
    """What the parts' vectors tell: of the question and the top, and of the articles' best parts with each other."""
    mine = candidates[0].parts @ vector
    if not len(mine):
        return dict.fromkeys(_NEARNESS, 0.0)
    best = np.array([c.parts[(c.parts @ vector).argmax()] for c in candidates if len(c.parts)])
    among = best @ best.T
    others = among[0, 1:].tolist()
    pairs = len(best) * (len(best) - 1)
    ordered = sorted(mine.tolist(), reverse=True)
    return {
        "second_part": ordered[min(1, len(ordered) - 1)],
        "part_mean": _mean(ordered),
        "parts": math.log1p(len(ordered)),
        "whole": float(_unit(candidates[0].parts.mean(axis=0)) @ vector),
        "nearest_rival": max([0.0, *others]),
        "rivals": _mean(others),
        "spread": float(among.sum() - among.trace()) / pairs if pairs else 0.0,
    }


_NEARNESS = (
    "second_part", "part_mean", "parts", "whole", "nearest_rival", "rivals", "spread",
)  # fmt: skip


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _covered(weights: dict[str, float], words: set[str]) -> float:
    return sum(weight for token, weight in weights.items() if token in words)


def _z(value: float, others: Sequence[float]) -> float:
    """Standard deviations above the mean of `others`, between -10 and 10; 0 where they do not vary."""
    if len(others) < 3:
        return 0.0
    mean = sum(others) / len(others)
    spread = math.sqrt(sum((other - mean) ** 2 for other in others) / len(others))
    return max(-10.0, min(10.0, (value - mean) / spread)) if spread > 1e-9 else 0.0
