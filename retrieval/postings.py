"""Posting lists in arrays: how often each word stands in which document. BM25 is computed on them, not kept in them.

Nothing here is ever changed: `merged` makes new lists of old ones, without what is gone and with what is new, and
reads no text again. Knows words and row numbers, not whose they are.

BM25 in Lucene's variant: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"; Kamphuis et al. 2020,
"Which BM25 do you mean?".
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.tokenizing import folded

K1, B = 0.6, 0.75  # a word said twice in a passage is hardly more telling than one said once: docs/log.md
MOST = 255  # times a word is counted in one document: BM25 has long been flat there

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Postings:
    """`rows[starts[w] : starts[w + 1]]` are the documents that hold word number w, `counts` how often.

    `lengths`: words of each document. `norms`: what its length adds below BM25's fraction line.
    """

    words: dict[str, int]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.int32]
    mean_length: float = field(init=False)
    norms: Scores = field(init=False)

    def __post_init__(self) -> None:
        mean = max(1.0, float(self.lengths.mean())) if len(self.lengths) else 1.0
        object.__setattr__(self, "mean_length", mean)
        object.__setattr__(self, "norms", norm(self.lengths, mean).astype(np.float32))

    @classmethod
    def of(cls, documents: Iterable[Sequence[str]]) -> Postings:
        """Of documents as lists of words; row numbers follow their order."""
        words: dict[str, int] = {}
        held, counts = array("i"), array("B")  # document after document
        lengths, kinds = array("i"), array("i")
        for document in documents:
            counted = Counter(document)
            held.extend([words.setdefault(word, len(words)) for word in counted])
            counts.extend([min(count, MOST) for count in counted.values()])
            lengths.append(len(document))
            kinds.append(len(counted))
        numbers = np.frombuffer(held, np.int32) if held else np.zeros(0, np.int32)
        order = np.argsort(numbers, kind="stable")
        rows = np.repeat(np.arange(len(kinds), dtype=np.int32), np.array(kinds, dtype=np.int64))
        return cls(
            words,
            np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(words)))]).astype(np.int64),
            rows[order],
            np.array(counts, dtype=np.uint8)[order],
            np.array(lengths, dtype=np.int32),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def frequency(self, word: str) -> int:
        """How many documents hold the word."""
        number = self.words.get(word)
        return 0 if number is None else int(self.starts[number + 1] - self.starts[number])

    @cached_property
    def accented(self) -> dict[str, str]:
        """The words with accents, by what they are without."""
        return {folded(word): word for word in self.words if not word.isascii()}

    def rows_of(self, word: str) -> NDArray[np.int32]:
        """The documents that hold the word."""
        number = self.words.get(word)
        return self.rows[:0] if number is None else self.rows[self.starts[number] : self.starts[number + 1]]

    def scores(self, weights: Mapping[str, float]) -> Scores:
        """BM25 of every document, shape (len(self),): each word counts by its weight, which is its idf as a rule."""
        scores = np.zeros(len(self), dtype=np.float32)
        for word, weight in weights.items():
            number = self.words.get(word)
            if number is None:
                continue
            part = slice(self.starts[number], self.starts[number + 1])
            rows, counts = self.rows[part], self.counts[part].astype(np.float32)
            scores[rows] += np.float32(weight) * counts / (counts + self.norms[rows])
        return scores

    def merged(self, keep: NDArray[np.bool_], more: Postings) -> Postings:
        """Without the documents that `keep`, shape (len(self),), leaves out; those of `more` come after the others."""
        new_row = np.cumsum(keep, dtype=np.int32) - 1
        kept = keep[self.rows]
        rows, counts = new_row[self.rows[kept]], self.counts[kept]
        ends = np.concatenate([[0], np.cumsum(kept)])[self.starts[1:]]
        words = dict(self.words)
        number = np.array([words.setdefault(word, len(words)) for word in more.words], dtype=np.int64)
        ends = np.concatenate([ends, np.full(len(words) - len(ends), len(rows), dtype=np.int64)])
        # the lists of `more`, in the order of our numbers, each to the end of ours
        by_number = np.argsort(number)
        sizes = np.diff(more.starts)[by_number]
        taken = _ranges(more.starts[:-1][by_number], sizes)
        where = np.repeat(ends[number[by_number]], sizes)
        added = np.zeros(len(words), dtype=np.int64)
        added[number] = np.diff(more.starts)
        return Postings(
            words,
            np.concatenate([[0], ends + np.cumsum(added)]).astype(np.int64),
            np.insert(rows, where, more.rows[taken] + np.int32(keep.sum())),
            np.insert(counts, where, more.counts[taken]),
            np.concatenate([self.lengths[keep], more.lengths]),
        )

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        (folder / "words.json").write_text(json.dumps(list(self.words), ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Postings:
        """What `save` left there; the long lists stay in the file until they are read. Raises OSError or ValueError."""
        words = json.loads((folder / "words.json").read_text("utf-8"))
        read = {name: np.load(folder / f"{name}.npy", mmap_mode=mode) for name, mode in _ARRAYS.items()}
        found = cls({word: number for number, word in enumerate(words)}, **read)
        if not len(found.words) == len(found.starts) - 1 or not found.starts[-1] == len(found.rows) == len(
            found.counts
        ):
            raise ValueError(f"the posting lists in {folder} do not belong together")
        return found


_ARRAYS: dict[str, Literal["r"] | None] = {"starts": None, "rows": "r", "counts": "r", "lengths": None}


def norm(length: int | NDArray[np.int32], mean_length: float) -> Any:
    """What a document's length, or each of them, adds below BM25's fraction line."""
    return K1 * (1 - B + B * length / mean_length)


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers starts[0], starts[0] + 1, ... sizes[0] of them, then those from starts[1], and so on."""
    before = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(starts - before, sizes)
