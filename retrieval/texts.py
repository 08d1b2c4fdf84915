"""The words of every passage in their order, as numbers: where a phrase stands, and which words there are.

Nothing here is ever changed: `merged` makes new texts of old ones, without what is gone and with what is new. Knows
words and row numbers, not whose they are. Words are folded: accents and capitals make no difference.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.tokenizing import folded

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """`flat[starts[row] : starts[row + 1]]` are the numbers of a row's words. `words`: folded word -> number;
    `written`: of each number, the word as it is mostly written."""

    words: dict[str, int]
    written: list[str]
    flat: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, documents: Iterable[Sequence[str]]) -> Texts:
        """Of documents as `tokenizing.words_of` gives them; row numbers follow their order."""
        writing = Writing()
        for document in documents:
            writing.add(document)
        return writing.done()

    def __len__(self) -> int:
        return len(self.starts) - 1

    def words_at(self, row: int) -> list[str]:
        """The folded words of a row in their order."""
        return [folded(self.written[n]) for n in self.flat[self.starts[row] : self.starts[row + 1]].tolist()]

    def counts(self, rows: NDArray[np.bool_]) -> dict[str, int]:
        """How often each folded word stands in the rows that are wanted, shape (len(self),), where it stands at all."""
        wanted = self.flat if rows.all() else self.flat[np.repeat(rows, np.diff(self.starts))]
        counts = np.bincount(wanted, minlength=len(self.written)).tolist()
        return {word: count for word, count in zip(self.words, counts, strict=True) if count}

    @cached_property
    def forms(self) -> dict[str, str]:
        """Folded words that are mostly written otherwise, as they are written."""
        pairs = zip(self.words, self.written, strict=True)
        return {word: written for word, written in pairs if word != written}

    def holding(self, phrase: Sequence[str], among: Rows | None = None) -> Rows:
        """The rows that hold these folded words one after the other, of those in `among` where it is given."""
        numbers = [self.words.get(word, -1) for word in phrase]
        if not numbers or min(numbers) < 0:
            return np.zeros(0, np.int64)
        if among is None:
            places = np.flatnonzero(self.flat == numbers[0])
        else:
            sizes = self.starts[among + 1] - self.starts[among]
            before = np.cumsum(sizes) - sizes
            all_places = np.arange(int(sizes.sum())) + np.repeat(self.starts[among] - before, sizes)
            places = all_places[self.flat[all_places] == numbers[0]]
        for i, number in enumerate(numbers[1:], 1):
            places = places[places + i < len(self.flat)]
            places = places[self.flat[places + i] == number]
        rows = np.searchsorted(self.starts, places, side="right") - 1
        whole = places + len(phrase) <= self.starts[rows + 1]  # not across the end of a passage
        rows = rows[whole]  # in order, as the places are
        return rows[np.diff(rows, prepend=-1) > 0]

    def merged(self, keep: NDArray[np.bool_], more: Texts) -> Texts:
        """Without the rows that `keep`, shape (len(self),), leaves out; those of `more` come after the others."""
        words, written = dict(self.words), list(self.written)
        number = np.zeros(len(more.written), dtype=np.int32)
        for word, theirs in more.words.items():
            number[theirs] = words.setdefault(word, len(words))
            if number[theirs] == len(written):
                written.append(more.written[theirs])
        sizes = np.diff(self.starts)
        flat = np.concatenate([self.flat[np.repeat(keep, sizes)], number[more.flat]])
        sizes = np.concatenate([sizes[keep], np.diff(more.starts)])
        return Texts(words, written, flat, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "flat.npy", self.flat)
        np.save(folder / "starts.npy", self.starts)
        (folder / "words.json").write_text(json.dumps(self.written, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Texts:
        """What `save` left there; the words stay in the file until they are read. Raises OSError or ValueError."""
        written = json.loads((folder / "words.json").read_text("utf-8"))
        flat, starts = np.load(folder / "flat.npy", mmap_mode="r"), np.load(folder / "starts.npy")
        words = {folded(word): number for number, word in enumerate(written)}
        if len(words) != len(written) or starts[-1] != len(flat):
            raise ValueError(f"the texts in {folder} do not belong together")
        return cls(words, written, flat, starts)


class Writing:
    """Texts as they are made, document after document: the words of 200,000 passages as Python's own would fill gigabytes."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._written: list[str] = []
        self._number: dict[str, int] = {}  # of each word as it is written somewhere
        self._flat, self._sizes = array("i"), array("i")
        self._otherwise: Counter[str] = Counter()  # how often words are written in another way than at first

    def add(self, document: Sequence[str]) -> None:
        self._sizes.append(len(document))
        for word in document:
            number = self._number.get(word)
            if number is None:
                number = self._number[word] = self._words.setdefault(folded(word), len(self._words))
                if number == len(self._written):
                    self._written.append(word)
            if self._written[number] != word:
                self._otherwise[word] += 1
            self._flat.append(number)

    def done(self) -> Texts:
        numbers = np.frombuffer(self._flat, np.int32) if self._flat else np.zeros(0, np.int32)
        counts = np.bincount(numbers, minlength=len(self._words))
        for word, count in self._otherwise.most_common():
            number = self._number[word]
            if 2 * count > counts[number]:
                self._written[number] = word
        starts = np.concatenate([[0], np.cumsum(self._sizes)]).astype(np.int64)
        return Texts(self._words, self._written, numbers, starts)
