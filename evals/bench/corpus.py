"""What the bench indexes: real articles, or made-up ones, and as many more like them as a size asks for.

Knows articles, passages and their vectors, not how they are kept. More passages than were embedded are shaken copies:
the vector moved a little and brought to length 1 again, every other word of the text swapped for one that is about as
frequent, so that the lengths of the posting lists, and with them the work of BM25, stay those of real text.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.beir import read_lines
from evals.run import shipped_articles
from help_center.markup import plain_text
from help_center.sources.base import Failure, SourceArticle, article_from_record
from retrieval.embedders.base import Vectors

MADE_UP = 600  # articles
NOISE = (
    0.5  # length of what is added to a vector of length 1: the copy's cosine with its original is about .89
)
SWAPPED = 0.5  # share of the words that are swapped
NEARBY = 0.2  # how far in the order of frequency: from rank r to between 0.8 r and 1.2 r

_word = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Cut:
    """An article with its passages, as rows of the database. `vectors`: shape (len(rows), d), each of length 1."""

    article: SourceArticle
    rows: list[dict[str, Any]]
    vectors: Vectors


def articles_of(files: Sequence[Path]) -> list[SourceArticle]:
    """The articles of BEIR `corpus.jsonl` files in a random order, always the same; made-up ones without a file."""
    if not files:
        return made_up()
    found: list[SourceArticle] = []
    for number, file in enumerate(files):
        read = (article_from_record(told, f"line {line}") for line, told in read_lines(file))
        found += [
            SourceArticle(f"{number}-{one.id}", one.title, one.body)
            for one in read
            if not isinstance(one, Failure)
        ]
    random.Random(0).shuffle(found)
    return found


def made_up() -> list[SourceArticle]:
    """Articles out of the shipped help center's own sentences, shuffled: as many as a middling help center has."""
    dice = random.Random(0)
    sentences = [
        s.strip() for a in shipped_articles() for s in plain_text(a.body).split(". ") if len(s.split()) > 5
    ]
    made = []
    for number in range(MADE_UP):
        parts = [
            f"## {dice.choice(sentences)[:60]}\n\n" + ". ".join(dice.sample(sentences, 12)) for _ in range(4)
        ]
        made.append(SourceArticle(f"made-{number}", dice.choice(sentences)[:80], "\n\n".join(parts)))
    return made


def questions_of(files: Sequence[Path], articles: Sequence[SourceArticle], count: int) -> list[str]:
    """`count` questions, or all there are: of `queries.jsonl` files, else made of the articles' titles."""
    dice = random.Random(1)
    asked = list(dict.fromkeys(str(told["text"]) for file in files for _, told in read_lines(file)))
    if not asked:
        titles = [" ".join(article.title.split()[:8]).lower() for article in articles]
        asked = list(dict.fromkeys(f"How do I {title}?" for title in titles))
    return dice.sample(asked, min(count, len(asked)))


def grown(cuts: Sequence[Cut], size: int) -> Iterator[Cut]:
    """Articles of `size` passages in all, the last one cut off there: the given ones, then shaken copies of them."""
    left = size
    shake = _Shake(cuts)
    for copy in range(size):
        for number, cut in enumerate(cuts):
            if left <= 0:
                return
            one = cut if copy == 0 else shake(cut, number, copy)
            yield Cut(one.article, one.rows[:left], one.vectors[:left])
            left -= len(cut.rows)


class _Shake:
    """Makes copies of articles. The same copy of the same article is always the same."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        seen = Counter(word for cut in cuts for row in cut.rows for word in _word.findall(row["text"]))
        self._words = [word for word, _ in seen.most_common()]
        self._rank = {word: rank for rank, word in enumerate(self._words)}

    def __call__(self, cut: Cut, number: int, copy: int) -> Cut:
        chance = np.random.default_rng((number, copy))
        id = f"{cut.article.id}~{copy}"
        rows = [
            row
            | {
                "id": hashlib.sha256(f"{row['id']}~{copy}".encode()).hexdigest()[:32],
                "article_id": id,
                "headings": [self._text(heading, chance) for heading in row["headings"]],
                "text": self._text(row["text"], chance),
            }
            for row in cut.rows
        ]
        title = self._text(cut.article.title, chance)
        body = "\n\n".join(row["text"] for row in rows)
        return Cut(SourceArticle(id, title, body), rows, shaken(cut.vectors, chance))

    def _text(self, text: str, chance: np.random.Generator) -> str:
        words = _word.findall(text)
        if not words:
            return text
        ranks = np.array([self._rank.get(word, -1) for word in words])
        moved = np.rint(ranks * chance.uniform(1 - NEARBY, 1 + NEARBY, len(ranks))).astype(int)
        swap = (chance.random(len(ranks)) < SWAPPED) & (ranks >= 0)
        moved = np.where(swap, np.minimum(moved, len(self._words) - 1), ranks)
        new = (self._words[rank] if rank >= 0 else word for rank, word in zip(moved, words, strict=True))
        return _word.sub(lambda _: next(new), text)


def shaken(vectors: Vectors, chance: np.random.Generator) -> Vectors:
    """Each row moved by NOISE in a random direction, of length 1 again."""
    noise: NDArray[np.float32] = chance.standard_normal(vectors.shape, dtype=np.float32)
    moved = vectors + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    result: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return result
