"""As-you-type suggestions: titles for what has been typed so far, forgiving of typing errors.

Works on the titles alone, held in memory; the texts are search's business. Whatever is suggested has been read through
`articles.visible` a moment before.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import select

from help_center.articles import Article, audiences_of, visible
from help_center.database import Database
from help_center.outline import Entry, Outline
from help_center.people import Viewer
from retrieval.lexical import tokens

MAX_WORDS = 12  # of what was typed
ENOUGH = 0.45  # share of what was typed that a title must account for
EMPTY_WORD = 0.15  # weight of "how", "the", "my"
UNKNOWN_WORD = 0.6  # weight of a word that no title holds

_word = re.compile(r"[^\W_]+")
_cjk = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class _Titles:
    """Titles taken apart. `flat[starts[i] : starts[i + 1]]` are the places in `words` of title i's words, in order."""

    entries: tuple[Entry, ...]
    folded: list[str]
    words: list[str]
    weights: Scores  # of each word: how telling it is
    flat: NDArray[np.int32]
    starts: NDArray[np.int32]


class Suggestions:
    """One for all threads; follows what any process changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outline = Outline(database)
        self._held: dict[tuple[str, ...], _Titles] = {}
        self._preparing = threading.Lock()

    def find(self, typed: str, viewer: Viewer, limit: int = 8) -> list[Entry]:
        """Up to `limit` articles whose titles fit what was typed, best first."""
        words = _words(typed)[:MAX_WORDS]
        if not words:
            return []
        titles = self._titles(viewer)
        if not titles.entries:
            return []
        scores = _score(titles, words, _folded(typed))
        candidates = [int(i) for i in np.argsort(-scores, kind="stable")[: limit + 5] if scores[i] >= ENOUGH]
        found = [titles.entries[i] for i in candidates]
        query = select(Article.id, Article.slug, Article.title).where(
            Article.id.in_([entry.id for entry in found]), visible(viewer)
        )
        with self._database.read() as session:
            fresh = {id: (slug, title) for id, slug, title in session.execute(query)}
        return [
            Entry(entry.id, *fresh[entry.id], entry.section, entry.locale)
            for entry in found
            if entry.id in fresh
        ][:limit]

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
    place: dict[str, int] = {}
    flat: list[int] = []
    starts: list[int] = []
    seen: list[int] = []  # in how many titles each word stands
    for entry in entries:
        starts.append(len(flat))
        words = _words(entry.title) or [""]
        for word in words + _joined(words):
            if word not in place:
                place[word] = len(place)
                seen.append(0)
            flat.append(place[word])
        for word in {*words, *_joined(words)}:
            seen[place[word]] += 1
    weights = np.log(1 + len(entries) / np.maximum(1, np.array(seen, dtype=np.float32)))
    weights[[i for word, i in place.items() if _is_empty(word)]] *= EMPTY_WORD
    return _Titles(
        entries,
        [_folded(entry.title) for entry in entries],
        list(place),
        weights.astype(np.float32),
        np.array(flat, dtype=np.int32),
        np.array(starts, dtype=np.int32),
    )


def _score(titles: _Titles, typed: list[str], typed_text: str) -> Scores:
    """For each title the share of the typed words, weighed, that it holds; a little more where it begins with them."""
    count = len(titles.entries)
    reached = np.zeros(count, dtype=np.float32)
    total = 0.0
    most = float(np.log(1 + count))
    for i, word in enumerate(typed):
        likeness = _likeness(word, titles.words, unfinished=i == len(typed) - 1)
        alike = likeness > 0
        weight = float(titles.weights[alike].max()) if alike.any() else most * UNKNOWN_WORD
        if _is_empty(word):
            weight = min(weight, most * EMPTY_WORD)
        total += weight
        reached += weight * np.maximum.reduceat(likeness[titles.flat], titles.starts)
    scores = reached / max(total, 1e-6)
    begins = np.fromiter((text.startswith(typed_text) for text in titles.folded), dtype=bool, count=count)
    length = np.fromiter((len(text) for text in titles.folded), dtype=np.float32, count=count)
    # short titles first among equals: more of them is what was typed
    return (scores + 0.2 * begins - 0.0002 * np.minimum(length, 200) * (scores > 0)).astype(np.float32)


def _likeness(typed: str, words: list[str], *, unfinished: bool) -> Scores:
    """How well each word of the titles fits one typed word: 1 the same, 0.95 its beginning, less per typing error."""
    allowed = 0 if len(typed) < 4 or _cjk.search(typed) else 1 if len(typed) < 8 else 2
    result = np.zeros(len(words), dtype=np.float32)
    if allowed:
        errors = _errors(typed, words, allowed)
        if unfinished:
            for cut in (len(typed) - 1, len(typed), len(typed) + 1):
                errors = np.minimum(errors, _errors(typed, [word[:cut] for word in words], allowed) + 0.25)
        result = np.where(errors <= allowed + 0.25, 0.9 - 0.15 * errors, 0).astype(np.float32)
    for i, word in enumerate(words):
        if word == typed:
            result[i] = 1.0
        elif word.startswith(typed):
            result[i] = 0.95 if unfinished or len(typed) >= 4 else 0.7
        elif len(word) >= 4 and typed.startswith(word) and len(typed) - len(word) <= 4:
            result[i] = max(result[i], 0.8)  # "installing" for "install"
    return result


def _errors(typed: str, words: list[str], allowed: int) -> Scores:
    """Typing errors between the typed word and each word: left out, put in, wrong, or two letters swapped."""
    found = process.cdist([typed], words, scorer=OSA.distance, score_cutoff=allowed, dtype=np.uint8)[0]
    return np.where(found > allowed, 99, found).astype(np.float32)


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


def _joined(words: list[str]) -> list[str]:
    """Short neighbours as one word: people write "backup", "login" and "email" for "back up", "log in" and "e-mail"."""
    pairs = ((a, b) for a, b in pairwise(words) if min(len(a), len(b)) <= 4 and 4 <= len(a) + len(b) <= 10)
    return [a + b for a, b in pairs if not _cjk.search(a + b)]


def _is_empty(word: str) -> bool:
    return not tokens(word, "en") or word in {"how", "what", "can", "do", "does", "i", "my", "you", "your"}
