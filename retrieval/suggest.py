"""As-you-type suggestions: titles for what has been typed so far, forgiving of typing errors.

Works on the titles and labels of the viewer's outline, which is compared with the database at every call; the texts are search's
business.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from help_center.articles import audiences_of
from help_center.outline import Entry, Outline
from help_center.people import Viewer
from retrieval.tokenizing import tokens
from retrieval.vocabulary import Words

MAX_WORDS = 12  # of what was typed
ENOUGH = 0.45  # share of what was typed that a title must account for
EMPTY_WORD = 0.15  # weight of "how", "the", "my"
UNKNOWN_WORD = 0.6  # weight of a word that no title holds
IN_A_LABEL = 0.8  # what a word of a label is worth beside the same word in a title

_word = re.compile(r"[^\W_]+")
_cjk = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class _Titles:
    """Titles taken apart. `flat[starts[i] : starts[i + 1]]` are the places in `words` of title i's words, and those of its
    article's labels, which are `worth` less."""

    entries: tuple[Entry, ...]
    folded: list[str]  # the titles, sorted
    order: NDArray[np.intp]  # which title each of `folded` is
    lengths: Scores
    words: list[str]  # of all titles, sorted
    place: dict[str, int]  # of each word in `words`
    near: Words  # the same, to be compared with what is misspelt
    weights: Scores  # of each word: how telling it is
    flat: NDArray[np.int32]
    worth: Scores  # of each in `flat`
    starts: NDArray[np.int32]
    languages: NDArray[np.str_]  # of each title
    beginnings: dict[int, Words]  # of each length that was asked for


class Suggestions:
    """One for all threads; follows what any process changes."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._held: dict[tuple[str, ...], _Titles] = {}
        self._preparing = threading.Lock()

    def find(self, typed: str, viewer: Viewer, limit: int = 8, language: str | None = None) -> list[Entry]:
        """Up to `limit` articles whose titles or labels fit what was typed, best first; those of a `language` before the others."""
        words = _words(typed)[:MAX_WORDS]
        if not words:
            return []
        titles = self._titles(viewer)
        if not titles.entries:
            return []
        scores = _score(titles, words, _folded(typed))
        order = scores + (titles.languages == language) * (scores >= ENOUGH) * 2.0 if language else scores
        best = np.argsort(-order, kind="stable")[:limit]
        return [titles.entries[i] for i in best if scores[i] >= ENOUGH]

    def _titles(self, viewer: Viewer) -> _Titles:
        audiences = audiences_of(viewer)
        entries = self._outline.entries(viewer)
        held = self._held.get(audiences)
        if held is None or held.entries is not entries:
            with self._preparing:
                held = self._held.get(audiences)
                if held is None or held.entries is not entries:
                    held = self._held[audiences] = _taken_apart(entries)
        return held


def _taken_apart(entries: tuple[Entry, ...]) -> _Titles:
    own = [_with_joined(entry.title) or [""] for entry in entries]
    labels = [[word for label in entry.labels for word in _with_joined(label)] for entry in entries]
    titles = [mine + more for mine, more in zip(own, labels, strict=True)]
    words = sorted({word for title in titles for word in title})
    place = {word: i for i, word in enumerate(words)}
    seen = np.zeros(len(words), dtype=np.float32)  # in how many titles each word stands
    for title in titles:
        seen[[place[word] for word in set(title)]] += 1
    weights = np.log(1 + len(entries) / np.maximum(1, seen))
    weights[[i for i, word in enumerate(words) if _is_empty(word)]] *= EMPTY_WORD
    folded = [_folded(entry.title) for entry in entries]
    order = sorted(range(len(folded)), key=folded.__getitem__)
    return _Titles(
        entries=entries,
        folded=[folded[i] for i in order],
        order=np.array(order, dtype=np.intp),
        lengths=np.array([len(title) for title in folded], dtype=np.float32),
        words=words,
        place=place,
        near=Words(dict.fromkeys(words, 1), {}),
        weights=weights.astype(np.float32),
        flat=np.array([place[word] for title in titles for word in title], dtype=np.int32),
        worth=np.array(
            [
                worth
                for mine, more in zip(own, labels, strict=True)
                for worth in [1.0] * len(mine) + [IN_A_LABEL] * len(more)
            ],
            dtype=np.float32,
        ),
        languages=np.array([entry.language for entry in entries]),
        starts=np.cumsum([0, *(len(title) for title in titles[:-1])], dtype=np.int32),
        beginnings={},
    )


def _score(titles: _Titles, typed: list[str], typed_text: str) -> Scores:
    """For each title the share of the typed words, weighed, that it holds; a little more where it begins with them."""
    count = len(titles.entries)
    reached = np.zeros(count, dtype=np.float32)
    total = 0.0
    most = float(np.log(1 + count))
    for i, word in enumerate(typed):
        likeness = _likeness(word, titles, unfinished=i == len(typed) - 1)
        alike = likeness > 0
        weight = float(titles.weights[alike].max()) if alike.any() else most * UNKNOWN_WORD
        if _is_empty(word):
            weight = min(weight, most * EMPTY_WORD)
        total += weight
        reached += weight * np.maximum.reduceat(likeness[titles.flat] * titles.worth, titles.starts)
    scores = reached / max(total, 1e-6)
    begins = np.zeros(count, dtype=bool)
    begins[titles.order[slice(*_range(titles.folded, typed_text))]] = True
    # short titles first among equals: more of them is what was typed
    return (scores + 0.2 * begins - 0.0002 * np.minimum(titles.lengths, 200) * (scores > 0)).astype(
        np.float32
    )


def _likeness(typed: str, titles: _Titles, *, unfinished: bool) -> Scores:
    """How well each word of the titles fits one typed word: 1 the same, 0.95 its beginning, less per typing error."""
    allowed = 0 if not 4 <= len(typed) <= 30 or _cjk.search(typed) else 1 if len(typed) < 8 else 2
    result = np.zeros(len(titles.words), dtype=np.float32)
    if allowed:
        for word, errors in titles.near.near(typed, allowed).items():
            result[titles.place[word]] = 0.9 - 0.15 * errors
        for length in range(len(typed) - 1, len(typed) + 2) if unfinished else ():
            for beginning, errors in _beginnings(titles, length).near(typed, allowed).items():
                part = slice(*_range(titles.words, beginning))
                result[part] = np.maximum(result[part], 0.9 - 0.15 * (errors + 0.25))
    result[slice(*_range(titles.words, typed))] = 0.95 if unfinished or len(typed) >= 4 else 0.7
    for length in range(max(4, len(typed) - 4), len(typed)):  # "installing" for "install"
        if (i := titles.place.get(typed[:length])) is not None:
            result[i] = max(result[i], 0.8)
    if (i := titles.place.get(typed)) is not None:
        result[i] = 1.0
    return result


def _beginnings(titles: _Titles, length: int) -> Words:
    known = titles.beginnings.get(length)
    if known is None:
        known = Words(dict.fromkeys((word[:length] for word in titles.words if len(word) > length), 1), {})
        titles.beginnings[length] = known
    return known


def _range(texts: Sequence[str], start: str) -> tuple[int, int]:
    """From and up to where the sorted texts begin with `start`."""
    return bisect_left(texts, start), bisect_left(texts, start + "\U0010ffff")


def _folded(text: str) -> str:
    """Lower case without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in parts if not unicodedata.combining(c)).split())


def _words(text: str) -> list[str]:
    """Its words, folded; Chinese, Japanese and Korean as pairs of characters, as lexical search has them."""
    found: list[str] = []
    for word in _word.findall(unicodedata.normalize("NFC", _folded(text))):
        if _cjk.search(word):
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.append(word)
    return found


def _with_joined(text: str) -> list[str]:
    """Its words, and short neighbours as one: people write "backup", "login" and "email" for "back up", "log in" and "e-mail"."""
    words = _words(text)
    pairs = ((a, b) for a, b in pairwise(words) if min(len(a), len(b)) <= 4 and 4 <= len(a) + len(b) <= 10)
    return words + [a + b for a, b in pairs if not _cjk.search(a + b)]


def _is_empty(word: str) -> bool:
    return not tokens(word, "en") or word in {"how", "what", "can", "do", "does", "i", "my", "you", "your"}
