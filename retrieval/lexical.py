"""The lexical half of search: BM25 over passages.

A base of posting lists (kept on disk as a snapshot) and a small delta in memory: what changed since. The delta is
scored with the base's statistics, so both are on one scale; words that only the delta has count by it. `compacted`
folds the delta into a new base.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.postings import K1, Postings, norm
from retrieval.roster import Place, Roster
from retrieval.texts import Rows, Texts, Writing
from retrieval.tokenizing import VERSION as TOKENS_VERSION
from retrieval.tokenizing import folded, telling_words, tokens, without_spaces, words_of
from retrieval.vocabulary import Vocabulary, Words

NOWHERE = np.zeros(0, dtype=np.int32)
WORDS = 2  # goes up when the same passage has other words here: older snapshots are built anew
LEAST = 1e-3  # what a passage scores that is asked for and holds none of the tokens


@dataclass(frozen=True)
class Entry:
    """A passage as the lexical index sees it. `words`: what it is found by, as `searched` puts it together."""

    id: str
    article_id: str
    audience: str
    language: str
    words: str


def searched(title: str, labels: Sequence[str], headings: Sequence[str], text: str) -> str:
    """The words that find a passage: the owner's own for its article among them."""
    return "\n\n".join((title, *labels, *headings, text))


@dataclass(frozen=True)
class _New:
    """A passage that came after the base was built, with how often each token stands in it, and its words in order."""

    id: str
    article_id: str
    place: Place
    counts: Counter[str]
    length: int
    words: list[str]  # folded
    forms: dict[str, str]  # those that are written otherwise, as they are written

    @classmethod
    def of(cls, entry: Entry, place: Place) -> _New:
        stems, written = tokens(entry.words, entry.language), words_of(entry.words)
        words = [folded(word) for word in written]
        forms = {plain: word for plain, word in zip(words, written, strict=True) if plain != word}
        return cls(entry.id, entry.article_id, place, Counter(stems), len(stems), words, forms)

    def says(self, phrase: str) -> bool:
        """Whether these folded words, one space between each, stand one after the other."""
        return f" {phrase} " in f" {' '.join(self.words)} "

    def written(self) -> list[str]:
        """The words in order as they are written."""
        return [self.forms.get(word, word) for word in self.words]


@dataclass
class LexicalIndex:
    """Scores every passage for a question. Read by many threads; changed only as a fresh `copy`.

    Rows number the passages: first those of the base, dead or alive, then what is new.
    """

    generation: int = 0
    _postings: Postings = field(default_factory=lambda: Postings.of([]))
    _roster: Roster = field(default_factory=lambda: Roster.of([]))
    _texts: Texts = field(default_factory=lambda: Texts.of([]))
    _delta: list[_New] = field(default_factory=list)
    _delta_frequency: Counter[str] = field(
        default_factory=Counter
    )  # in how many living passages of the delta
    _delta_rows: dict[str, int] = field(default_factory=dict)  # passage id -> its latest row
    _dead: set[int] = field(default_factory=set)
    _base_words: dict[Place, Words] = field(default_factory=dict)  # read when they are asked for
    _masks: dict[frozenset[Place], NDArray[np.bool_]] = field(default_factory=dict)
    _vocabularies: dict[frozenset[Place], Vocabulary] = field(default_factory=dict)
    _saying: dict[str, Rows] = field(default_factory=dict)

    @classmethod
    def build(cls, entries: Iterable[Entry], generation: int) -> LexicalIndex:
        rows: list[tuple[str, str, Place]] = []
        texts = Writing()

        def documents() -> Iterator[list[str]]:
            for entry in entries:
                rows.append((entry.id, entry.article_id, (entry.audience, entry.language)))
                texts.add(words_of(entry.words))
                yield tokens(entry.words, entry.language)

        postings = Postings.of(documents())
        return cls(generation, postings, Roster.of(rows), texts.done())

    def save(self, folder: Path) -> None:
        """Keeps the base as a snapshot, written aside and renamed. Only for an index without a delta."""
        assert not self.changes
        aside = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        self._postings.save(aside / "postings")
        self._roster.save(aside / "roster")
        self._texts.save(aside / "texts")
        (aside / "index.json").write_text(
            json.dumps({"generation": self.generation, "passages": len(self._roster), "words": WORDS})
        )
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex | None:
        """The snapshot in `folder`, or None when there is none that can be read."""
        try:
            told = json.loads((folder / "index.json").read_text())
            if told.get("words") != WORDS:
                return None
            postings, roster = (
                Postings.load(folder / "postings"),
                Roster.load(folder / "roster"),
            )
            texts = Texts.load(folder / "texts")
            if len(postings) == len(roster) == len(texts) == told["passages"]:
                return cls(told["generation"], postings, roster, texts)
        except (OSError, ValueError, KeyError, EOFError):
            pass
        return None

    def replace(self, article_id: str, entries: Iterable[Entry]) -> None:
        """From now on the article's passages are these (none: it is gone). A passage that was there with the same words stays
        as it is."""
        base = len(self._roster)
        old = [row for row in self._roster.rows_of(article_id) if row not in self._dead]
        old += [
            row
            for row, new in enumerate(self._delta, base)
            if new.article_id == article_id and row not in self._dead
        ]
        there = {self._id_and_place(row): row for row in old}
        for entry in entries:
            place = entry.audience, entry.language
            same = there.get((entry.id, place))
            if same is not None and self._words_at(same) == [folded(word) for word in words_of(entry.words)]:
                del there[entry.id, place]
            else:
                self._delta_rows[entry.id] = base + len(self._delta)
                self._delta.append(_New.of(entry, place))
                self._delta_frequency.update(self._delta[-1].counts.keys())
        for row in there.values():
            self._dead.add(row)
            if row >= base:
                self._delta_frequency.subtract(self._delta[row - base].counts.keys())
        for kept in (self._masks, self._vocabularies, self._saying):
            kept.clear()

    def _words_at(self, row: int) -> list[str]:
        """The words of a row in their order, folded."""
        base = len(self._roster)
        return self._delta[row - base].words if row >= base else self._texts.words_at(row)

    def copy(self) -> LexicalIndex:
        """An index that can be changed while this one is read: the base is shared, what came after it is not."""
        return LexicalIndex(
            self.generation,
            self._postings,
            self._roster,
            self._texts,
            list(self._delta),
            Counter(self._delta_frequency),
            dict(self._delta_rows),
            set(self._dead),
            self._base_words,
        )

    def compacted(self) -> LexicalIndex:
        """The same passages as a base alone, as `save` keeps it. Reads no text again."""
        if not self.changes:
            return self
        keep = np.ones(len(self._roster), dtype=np.bool_)
        keep[[row for row in self._dead if row < len(keep)]] = False
        living = [new for row, new in enumerate(self._delta, len(keep)) if row not in self._dead]
        postings = Postings.of(list(new.counts.elements()) for new in living)
        roster = Roster.of((new.id, new.article_id, new.place) for new in living)
        texts = Texts.of(new.written() for new in living)
        return LexicalIndex(
            self.generation,
            self._postings.merged(keep, postings),
            self._roster.merged(keep, roster),
            self._texts.merged(keep, texts),
        )

    def __len__(self) -> int:
        return len(self._roster) + len(self._delta)

    @property
    def ids(self) -> list[str]:
        """The passage id of each row, of dead ones too."""
        return [
            *self._roster.ids_of(np.arange(len(self._roster))),
            *(new.id for new in self._delta),
        ]

    @property
    def articles(self) -> list[str]:
        """The article of each row."""
        names = self._roster.articles
        return [
            *(names[i] for i in self._roster.article),
            *(new.article_id for new in self._delta),
        ]

    @property
    def changes(self) -> int:
        """How much has changed since the base was built: passages added and passages dead."""
        return len(self._delta) + len(self._dead)

    @property
    def languages(self) -> set[str]:
        return {language for _, language in self.places_used}

    @property
    def places_used(self) -> frozenset[Place]:
        """Every (audience, language) that a passage has or had."""
        return frozenset(self._roster.places).union(new.place for new in self._delta)

    def articles_of(self, passage_ids: Sequence[str]) -> dict[str, str]:
        """Passage id -> its article, without those that this index has not seen."""
        rows = self.rows_of(passage_ids)
        known = [id for id, row in zip(passage_ids, rows.tolist(), strict=True) if row >= 0]
        return dict(zip(known, self.articles_at(rows[rows >= 0]), strict=True))

    def rows_of(self, passage_ids: Sequence[str]) -> Rows:
        """The row of each passage; -1 for one that this index has not seen."""
        rows = self._roster.rows_with(passage_ids)
        if self._delta_rows:
            both = zip(passage_ids, rows.tolist(), strict=True)
            rows = np.array([self._delta_rows.get(id, row) for id, row in both], dtype=np.int64)
        return rows

    def articles_at(self, rows: Rows) -> list[str]:
        """The article of each row."""
        base, names = len(self._roster), self._roster.articles
        if not len(rows) or rows.max() < base:
            return [names[number] for number in self._roster.article[rows].tolist()]
        return [
            names[self._roster.article[row]] if row < base else self._delta[row - base].article_id
            for row in rows.tolist()
        ]

    def question_tokens(self, text: str, language: str | None) -> list[str]:
        """The telling tokens of a question, each once, stemmed as each language of the index stems."""
        languages = {language} & self.languages if language else set()
        found: dict[str, None] = {}
        for one in sorted(languages or self.languages or {"en"}):
            found |= dict.fromkeys(tokens(telling_words(text, one), one) or tokens(text, one))
        return list(found)

    def idf(self, token: str) -> float:
        count, size = self._postings.frequency(token), max(1, len(self._roster))
        if count == 0:
            count, size = (
                self._delta_frequency[token],
                max(1, len(self._roster) + len(self._delta)),
            )
        return _idf(count, size)

    def knows(self, token: str) -> bool:
        return self._postings.frequency(token) > 0 or self._delta_frequency[token] > 0

    def with_accents(self, token: str) -> str | None:
        """A known token that is this one but for its accents."""
        plain = folded(token)
        late = (one for one, count in self._delta_frequency.items() if count and not one.isascii())
        return self._postings.accented.get(plain) or next((one for one in late if folded(one) == plain), None)

    def scores(
        self,
        question: Sequence[str],
        places: frozenset[Place],
        weights: Sequence[float] | None = None,
        only: Rows | None = None,
    ) -> NDArray[np.float32]:
        """BM25 of every row; 0 outside `places` and for what is gone. `weights`: of each token, 1 where left out. `only`:
        the rows that are asked for; no other scores, and these at least a little.

        A token of several words ("log in") counts where these stand one after the other.
        """
        base = len(self._roster)
        given = dict(zip(question, weights or [1.0] * len(question), strict=True))
        together = {token: weight for token, weight in given.items() if " " in token}
        worth = {token: given[token] * self.idf(token) for token in given if token not in together}
        scores = np.zeros(base + len(self._delta), dtype=np.float32)
        scores[:base] = self._postings.scores(worth)
        for row, new in enumerate(self._delta, base):
            for token, weight in worth.items():
                if count := new.counts.get(token):
                    below = count + norm(new.length, self._postings.mean_length)
                    scores[row] += weight * count / below
        for phrase, weight in together.items():  # as if once, in a passage of mean length
            rows = self._rows_saying(phrase)
            scores[rows] += weight * _idf(len(rows), len(scores)) / (1 + K1)
        if only is not None:
            asked_for = scores[only] + LEAST
            scores = np.zeros_like(scores)
            scores[only] = asked_for
        if self._dead or not places >= self.places_used:
            scores *= self._mask(places)
        return scores

    def best_rows(self, scores: NDArray[np.float32], depth: int) -> Rows:
        """The `depth` best rows of those that score at all, best first. `scores`: as `scores` gives them."""
        rows = np.argpartition(-scores, depth)[:depth] if depth < len(scores) else np.arange(len(scores))
        rows = rows[scores[rows] > 0]
        best: Rows = rows[np.argsort(-scores[rows], kind="stable")]
        return best

    def best(
        self,
        question: Sequence[str],
        places: frozenset[Place],
        depth: int,
        also: Sequence[str] = (),
        *,
        weights: Sequence[float] | None = None,
        only: Rows | None = None,
    ) -> dict[str, float]:
        """Passage id -> BM25, of the `depth` best passages of those that score at all, best first, and of `also`.

        `only`: the rows that are asked for; no other scores, and these at least a little.
        """
        scores = self.scores(question, places, weights, only)
        rows = self.best_rows(scores, depth)
        found = dict(zip(self.passages_of(rows), scores[rows].tolist(), strict=True))
        for id, row in zip(also, self.rows_of(also).tolist(), strict=True):
            found.setdefault(id, float(scores[row]) if row >= 0 else 0.0)
        return found

    def vocabulary(self, places: frozenset[Place]) -> Vocabulary:
        """The words of these places as they are written."""
        known = self._vocabularies.get(places)
        if known is None:
            for place in places - self._base_words.keys():
                counts = self._texts.counts(self._roster.lies_in({place}))
                self._base_words[place] = Words(counts, self._texts.forms)
            found = [self._base_words[place] for place in places]
            late, forms = Counter[str](), dict[str, str]()
            for row, new in enumerate(self._delta, len(self._roster)):
                if new.place in places and row not in self._dead:
                    late.update(new.words)
                    forms |= new.forms
            known = self._vocabularies[places] = Vocabulary([*found, Words(late, forms)] if late else found)
        return known

    def rows_in(self, places: frozenset[Place]) -> Rows:
        """The rows of the passages of `places`."""
        return np.flatnonzero(self._mask(places))

    def prepare(self) -> None:
        """Reads what the first misspelt or unfinished word would otherwise wait for."""
        words = self.vocabulary(self.places_used)
        words.near("prepare", 1)
        words.beginning_with("prepare", 1)

    def stands(self, word: str, places: frozenset[Place]) -> bool:
        """Whether some passage of `places` that is not gone holds the written word."""
        mask = self._mask(places)
        return any(
            mask[self._rows_with(token)].any()
            for language in {language for _, language in places}
            for token in tokens(word, language)
        )

    def holding(self, token: str, places: frozenset[Place]) -> Rows:
        """The rows of the passages of `places` that hold a token, one of several words too."""
        rows = self._rows_saying(token) if " " in token else self._rows_with(token)
        return rows[self._mask(places)[rows]]

    def saying(self, phrase: str, places: frozenset[Place]) -> Rows:
        """The rows of the passages of `places` in which these folded words, one space between, stand one after the other."""
        rows = self._rows_saying(phrase)
        return rows[self._mask(places)[rows]]

    def passages_of(self, rows: Rows) -> list[str]:
        """The passage ids of rows as `holding` gives them."""
        base = len(self._roster)
        if not len(rows) or rows.max() < base:
            return self._roster.ids_of(rows)
        return [self._id_and_place(row)[0] for row in rows.tolist()]

    def _rows_saying(self, phrase: str) -> Rows:
        """The rows, gone or not, that hold the words one after the other."""
        rows = self._saying.get(phrase)
        if rows is None:
            late = [row for row, new in enumerate(self._delta, len(self._roster)) if new.says(phrase)]
            base = self._texts.holding(phrase.split(" "), self._rows_to_look_at(phrase))
            rows = self._saying[phrase] = np.concatenate([base, np.array(late, dtype=np.int64)])
        return rows

    def _rows_to_look_at(self, phrase: str) -> Rows | None:
        """Rows of the base that may hold a phrase: those with its rarest word. None for all of them."""
        fewest: NDArray[Any] | None = None
        for word in phrase.split(" "):
            if without_spaces(word):  # a single sign, which is no token
                continue
            found = []
            for language in self.languages:
                stems = tokens(self._texts.forms.get(word, word), language, wholes=False)
                if len(stems) != 1:
                    break
                found.append(self._postings.rows_of(stems[0]))
            else:
                rows = found[0] if len(found) == 1 else np.unique(np.concatenate([NOWHERE, *found]))
                if fewest is None or len(rows) < len(fewest):
                    fewest = rows
        few = fewest is not None and 4 * len(fewest) < len(self._roster)
        return fewest.astype(np.int64) if few and fewest is not None else None

    def _rows_with(self, token: str) -> Rows:
        late = [row for row, new in enumerate(self._delta, len(self._roster)) if token in new.counts]
        return np.concatenate([self._postings.rows_of(token), np.array(late, dtype=np.int64)])

    def _mask(self, places: frozenset[Place]) -> NDArray[np.bool_]:
        mask = self._masks.get(places)
        if mask is None:
            late = np.array([new.place in places for new in self._delta], dtype=np.bool_)
            mask = np.concatenate([self._roster.lies_in(places), late])
            mask[list(self._dead)] = False
            self._masks[places] = mask
        return mask

    def _id_and_place(self, row: int) -> tuple[str, Place]:
        base = len(self._roster)
        if row >= base:
            return self._delta[row - base].id, self._delta[row - base].place
        return self._roster.ids[row].decode(), self._roster.places[self._roster.place[row]]


def _idf(count: int, size: int) -> float:
    return math.log(1 + (size - count + 0.5) / (count + 0.5))


__all__ = [
    "TOKENS_VERSION",
    "Entry",
    "LexicalIndex",
    "Place",
    "telling_words",
    "tokens",
]
