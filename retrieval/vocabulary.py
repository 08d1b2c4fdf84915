"""The words of the help center as they are written: which are known, which look alike, which begin so.

Knows words and how often they stand in each place; not passages. Accents and capitals make no difference here: words are
folded, and have a written form where that differs.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from heapq import nlargest

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

LONGEST = 30  # letters; longer words are compared with none
SHORTEST = 3  # letters of a word that may be meant by a misspelt one


class Words:
    """The words of one place. `counts`: folded word -> how often it stands there; `forms`: as it is mostly written, for
    those that are not written as they are folded. Never changed."""

    def __init__(self, counts: Mapping[str, int], forms: Mapping[str, str]) -> None:
        self.counts = counts
        self.forms = forms

    @cached_property
    def _by_beginning(self) -> dict[tuple[str, int], list[str]]:
        """(first letter, length) -> words."""
        found: dict[tuple[str, int], list[str]] = {}
        for word in self.counts:
            if self._is_word(word):
                found.setdefault((word[0], len(word)), []).append(word)
        return found

    @staticmethod
    def _is_word(word: str) -> bool:
        return SHORTEST <= len(word) <= LONGEST and (word.isalpha() or not word.isascii())

    @cached_property
    def _letters(self) -> list[str]:
        """What words begin with."""
        return sorted({first for first, _ in self._by_beginning})

    @cached_property
    def _letters_of_ascii(self) -> list[str]:
        return [letter for letter in self._letters if letter.isascii()]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.counts)

    def near(self, word: str, allowed: int) -> dict[str, int]:
        """Words with at most `allowed` typing errors against a folded word: left out, put in, wrong, or two letters
        swapped (optimal string alignment). Word -> errors. An error in the first letter is the only one."""
        if not 2 <= len(word) <= LONGEST:
            return {}
        letters = self._letters_of_ascii if word.isascii() else self._letters
        otherwise = [first + rest for first in letters for rest in (word, word[1:])]
        otherwise += [word[1:], word[1] + word[0] + word[2:]]
        found = {other: 1 for other in otherwise if other in self.counts and self._is_word(other)}
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            words = self._by_beginning.get((word[0], length))
            if words:
                errors = process.cdist(
                    [word], words, scorer=OSA.distance, score_cutoff=allowed, dtype=np.uint8
                )[0]
                found |= {words[i]: int(errors[i]) for i in np.flatnonzero(errors <= allowed).tolist()}
        found.pop(word, None)
        return found

    def beginning_with(self, start: str) -> list[str]:
        """Words that begin so and go on."""
        first, last = bisect_left(self._sorted, start), bisect_left(self._sorted, start + "\U0010ffff")
        return [word for word in self._sorted[first:last] if word != start]


class Vocabulary:
    """The words of several places together."""

    def __init__(self, places: Sequence[Words]) -> None:
        self._places = places

    def knows(self, word: str) -> bool:
        """Whether a folded word stands somewhere, written in whatever way."""
        return any(word in words.counts for words in self._places)

    def written(self, word: str) -> str:
        """A folded word as it is mostly written."""
        return next((words.forms[word] for words in self._places if word in words.forms), word)

    def count(self, word: str) -> int:
        """How often a folded word stands there."""
        return sum(words.counts.get(word, 0) for words in self._places)

    def weight(self, word: str) -> float:
        """How likely a folded word is meant: the logarithm of its count."""
        return math.log1p(self.count(word))

    def near(self, word: str, allowed: int) -> dict[str, int]:
        """Folded words that look like a folded word, with the number of typing errors."""
        found: dict[str, int] = {}
        for words in self._places:
            found |= words.near(word, allowed)
        return found

    def beginning_with(self, start: str, limit: int) -> list[str]:
        """The most frequent folded words that begin so and go on."""
        found = {word for words in self._places for word in words.beginning_with(start)}
        return nlargest(limit, sorted(found), key=self.count)
