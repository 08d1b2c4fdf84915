"""The lexical half of search: BM25 over passages, by bm25s.

A base that was built once (kept on disk as a snapshot) and a small delta in memory: what changed since. The
delta is scored with the base's statistics, so both are on one scale; words that only the delta has count by it. Knows words and passage ids, not articles.

BM25 in Lucene's variant: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"; Kamphuis et al. 2020,
"Which BM25 do you mean?".
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer
from bm25s import stopwords
from numpy.typing import NDArray

K1, B = 1.5, 0.75
TOKENS_VERSION = "tokens-1"  # goes up when the same text gives other tokens
logging.getLogger("bm25s").setLevel(logging.WARNING)

_word = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_cjk = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_languages = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
# words that carry no meaning of their own in a question to a help center
_asking = frozenset(
    [
        "how",
        "what",
        "when",
        "where",
        "why",
        "who",
        "which",
        "whose",
        "can",
        "could",
        "would",
        "should",
        "shall",
        "may",
        "might",
        "must",
        "do",
        "does",
        "did",
        "done",
        "please",
        "help",
        "need",
        "want",
        "way",
        "like",
        "know",
        "get",
        "got",
        "have",
        "has",
        "had",
        "having",
        "am",
        "are",
        "is",
        "was",
        "were",
        "be",
        "been",
        "being",
        "i",
        "me",
        "my",
        "mine",
        "myself",
        "we",
        "us",
        "our",
        "ours",
        "you",
        "your",
        "yours",
        "he",
        "him",
        "his",
        "she",
        "her",
        "it",
        "its",
        "they",
        "them",
        "their",
        "theirs",
        "someone",
        "anyone",
        "there",
        "here",
        "just",
        "also",
        "any",
        "some",
        "about",
    ]
)


@dataclass(frozen=True)
class Entry:
    """A passage as the lexical index sees it. `words`: title, headings and text in one string."""

    id: str
    article_id: str
    audience: str
    language: str
    words: str


@dataclass
class LexicalIndex:
    """Scores every passage for a question. Read by many threads; changed only as a fresh `copy`."""

    ids: list[str] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)  # (audience, language) of each passage
    generation: int = 0
    _base: bm25s.BM25 | None = None
    _base_size: int = 0
    _document_frequency: dict[str, int] = field(default_factory=dict)
    _mean_length: float = 1.0
    _delta: list[Counter[str]] = field(default_factory=list)
    _delta_frequency: Counter[str] = field(
        default_factory=Counter
    )  # in how many living passages of the delta
    _dead: set[int] = field(default_factory=set)
    _by_article: dict[str, list[int]] = field(default_factory=dict)
    _masks: dict[frozenset[tuple[str, str]], NDArray[np.float32]] = field(default_factory=dict)
    _article_of: dict[str, str] = field(default_factory=dict)
    _places_used: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def build(cls, entries: Iterable[Entry], generation: int) -> LexicalIndex:
        index = cls(generation=generation)
        documents = []
        frequency: Counter[str] = Counter()
        for entry in entries:
            words = tokens(entry.words, entry.language)
            index._append(entry)
            documents.append(words)
            frequency.update(set(words))
        index._base_size = len(documents)
        index._document_frequency = dict(frequency)
        index._mean_length = max(1.0, sum(map(len, documents)) / max(1, len(documents)))
        if frequency:
            index._base = bm25s.BM25(k1=K1, b=B, method="lucene")
            index._base.index(documents, show_progress=False)
        return index

    def save(self, folder: Path) -> None:
        """Keeps the base as a snapshot, written aside and renamed. Only for an index without a delta."""
        assert not self._delta
        assert not self._dead
        aside = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        if self._base is not None:
            self._base.save(str(aside / "bm25"), show_progress=False)
        told = {
            "ids": self.ids, "articles": self.articles, "places": self.places, "generation": self.generation,
            "document_frequency": self._document_frequency, "mean_length": self._mean_length,
            "base": self._base is not None,
        }  # fmt: skip
        (aside / "index.json").write_text(json.dumps(told))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex | None:
        """The snapshot in `folder`, or None when there is none that can be read."""
        try:
            told = json.loads((folder / "index.json").read_text())
            index = cls(
                told["ids"], told["articles"], [(a, b) for a, b in told["places"]], told["generation"]
            )
            if told["base"]:
                index._base = bm25s.BM25.load(str(folder / "bm25"), show_progress=False)
        except (OSError, ValueError, KeyError, EOFError):
            return None
        index._base_size = len(index.ids)
        index._document_frequency = told["document_frequency"]
        index._mean_length = told["mean_length"]
        index._article_of = dict(zip(index.ids, index.articles, strict=True))
        index._places_used = set(index.places)
        for i, article in enumerate(index.articles):
            index._by_article.setdefault(article, []).append(i)
        return index

    def replace(self, article_id: str, entries: Iterable[Entry]) -> None:
        """From now on the article's passages are these (none: it is gone)."""
        old = self._by_article.pop(article_id, [])
        self._dead.update(old)
        for row in old:
            if row >= self._base_size:
                self._delta_frequency.subtract(self._delta[row - self._base_size].keys())
        for entry in entries:
            self._append(entry)
            self._delta.append(Counter(tokens(entry.words, entry.language)))
            self._delta_frequency.update(self._delta[-1].keys())
        self._masks.clear()

    def copy(self) -> LexicalIndex:
        """An index that can be changed while this one is read: the base is shared, the lists are not."""
        twin = LexicalIndex(list(self.ids), list(self.articles), list(self.places), self.generation)
        twin._base, twin._base_size = self._base, self._base_size
        twin._document_frequency, twin._mean_length = self._document_frequency, self._mean_length
        twin._delta, twin._dead = list(self._delta), set(self._dead)
        twin._delta_frequency = Counter(self._delta_frequency)
        twin._article_of, twin._places_used = dict(self._article_of), set(self._places_used)
        twin._by_article = {article: list(rows) for article, rows in self._by_article.items()}
        return twin

    @property
    def changes(self) -> int:
        """How much has changed since the base was built: passages added and passages dead."""
        return len(self._delta) + len(self._dead)

    @property
    def languages(self) -> set[str]:
        return {language for _, language in self._places_used}

    @property
    def places_used(self) -> frozenset[tuple[str, str]]:
        """Every (audience, language) that a passage has or had."""
        return frozenset(self._places_used)

    def article_of(self, passage_id: str) -> str | None:
        """The article of a passage; None for one that this index has not seen."""
        return self._article_of.get(passage_id)

    def question_tokens(self, text: str, language: str | None) -> list[str]:
        """The telling tokens of a question, each once, stemmed as each language of the index stems."""
        languages = {language} & self.languages if language else set()
        found: dict[str, None] = {}
        telling = telling_words(text)
        for one in sorted(languages or self.languages or {"en"}):
            found |= dict.fromkeys(tokens(telling, one) or tokens(text, one))
        return list(found)

    def idf(self, token: str) -> float:
        count, size = self._document_frequency.get(token, 0), max(1, self._base_size)
        if count == 0:
            count, size = self._delta_frequency[token], max(1, self._base_size + len(self._delta))
        return math.log(1 + (size - count + 0.5) / (count + 0.5))

    def knows(self, token: str) -> bool:
        return token in self._document_frequency or self._delta_frequency[token] > 0

    def scores(self, question: Sequence[str], places: frozenset[tuple[str, str]]) -> NDArray[np.float32]:
        """BM25 of every passage, shape (len(ids),); 0 outside `places` and for what is gone."""
        scores = np.zeros(len(self.ids), dtype=np.float32)
        known = [token for token in question if token in self._document_frequency]
        if self._base is not None and known:
            scores[: self._base_size] = self._base.get_scores(known)
        for i, counts in enumerate(self._delta):
            length = sum(counts.values())
            for token in question:
                if count := counts.get(token):
                    norm = K1 * (1 - B + B * length / self._mean_length)
                    scores[self._base_size + i] += self.idf(token) * count / (count + norm)
        return scores * self._mask(places)

    def _mask(self, places: frozenset[tuple[str, str]]) -> NDArray[np.float32]:
        mask = self._masks.get(places)
        if mask is None or len(mask) != len(self.ids):
            mask = np.array([place in places for place in self.places], dtype=np.float32)
            mask[list(self._dead)] = 0
            self._masks[places] = mask
        return mask

    def _append(self, entry: Entry) -> None:
        self._by_article.setdefault(entry.article_id, []).append(len(self.ids))
        self.ids.append(entry.id)
        self.articles.append(entry.article_id)
        self.places.append((entry.audience, entry.language))
        self._article_of[entry.id] = entry.article_id
        self._places_used.add((entry.audience, entry.language))


def telling_words(question: str) -> str:
    """A question without the words that only ask."""
    return _word.sub(lambda word: "" if word[0].lower() in _asking else word[0], question)


def tokens(text: str, language: str) -> list[str]:
    """Lower-case stems without stop words; runs of Chinese, Japanese and Korean as pairs of characters."""
    text = text.lower()
    stop, stem = _words_of(language)
    found: list[str] = []
    for word in _word.findall(text):
        if _cjk.search(word):
            for run in _cjk.findall(word):
                found.extend(run[i : i + 2] for i in range(max(1, len(run) - 1)))
            word = _cjk.sub("", word)
            if not word:
                continue
        word = word.replace("’", "'").removesuffix("'s")
        if word not in stop:
            found.append(word)
    return stem(found) if stem else found


@lru_cache(maxsize=64)
def _words_of(language: str) -> tuple[frozenset[str], Any]:
    name = _languages.get(language)
    listed = "EN" if language == "en" else (name or "").upper()
    stop = getattr(stopwords, f"STOPWORDS_{listed}", ())
    return frozenset(stop), _Stem(name) if name else None


class _Stem:
    """A Snowball stemmer; PyStemmer's objects are not for several threads, so each thread has its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._local = threading.local()

    def __call__(self, words: list[str]) -> list[str]:
        stemmer = getattr(self._local, "stemmer", None)
        if stemmer is None:
            stemmer = self._local.stemmer = Stemmer.Stemmer(self._name)
        return stemmer.stemWords(words)
