"""Reads a question: what is searched for, by which tokens and how much each counts, and what has to be there exactly.

Typing errors are put right by the help center's own words; words that are written together or apart are found both ways;
the last word of a question that is being typed may be unfinished. Asks the lexical index and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import islice

import numpy as np

from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.lexical import LexicalIndex, Place, Rows
from retrieval.tokenizing import (
    LISTED,
    folded,
    is_stop_word,
    joined,
    normal,
    only_asks,
    parts_of,
    sequence,
    tokens,
    without_spaces,
    written_words,
)
from retrieval.vocabulary import Vocabulary

MAX_CHARACTERS = 4000  # of a question; what follows is left out
MAX_WORDS = 60  # that are looked at for errors, joining and splitting
MAX_UNKNOWN = 8  # words that are compared with the vocabulary
MAX_PHRASES = 5
MAX_LETTERS = 40  # of neighbours taken as one word
RARE, RARE_SHARE = 5, 0.02  # so many passages, or this share of all, hold a code that is what is asked about
FEW_WORDS = 3  # beside a quoted word or a code that is what is asked about

SHORTEST = 4  # letters of a word that may be misspelt
TWO_ERRORS_FROM = 9  # letters of a word that may have two errors
UNFINISHED_FROM = 3  # letters of a word that may be unfinished
COMPLETIONS = 8
SECOND_ERROR, FIRST_LETTER, SWAPPED, SHORT = 3.0, 1.5, 0.7, 2.0  # against the logarithm of a word's frequency
AHEAD = 1.1  # by so much the best correction is ahead of the next where it is the one that is meant

CORRECTED = 0.8  # weight of a word that was put right, against 1 for one that is known
PERHAPS = 0.4  # of one that may be meant
COMPLETED = 0.6  # of one that a word may be the beginning of
OTHER_FORM = 0.7  # of the same written together or apart
CODE = 1.5  # of a code that has to be held exactly

_quoted = re.compile(
    r'"([^\s"](?:[^"\n]{0,200}[^\s"])?)"|“([^“”\n]{1,200})”|„([^„“”\n]{1,200})[“”]|«([^«»\n]{1,200})»|「([^「」\n]{1,200})」'
)
_control = re.compile(r"[\x00-\x1f\x7f]+")
_year = re.compile(r"(?:19|20)\d\d")
_quantity = re.compile(r"\d+(?:[^\W\d_]{1,3}|-[^\W\d_]{3,})")  # "24h", "2nd", "30-day"
_boundary = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_prefixes = (
    "auto",
    "co",
    "de",
    "dis",
    "inter",
    "mis",
    "multi",
    "non",
    "out",
    "over",
    "pre",
    "re",
    "sub",
    "un",
    "under",
)
_contracted = frozenset(
    ("arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent", "hows", "isnt", "lets", "shouldnt",
     "thats", "theres", "theyre", "wasnt", "werent", "whats", "wheres", "wont", "wouldnt", "youre")
)  # fmt: skip
_particles = frozenset(
    ("back", "by", "down", "in", "off", "on", "out", "over", "up")
)  # "log in", but never "in the"
_compounding = frozenset(("da", "de", "fi", "hu", "nb", "nl", "nn", "no", "sv"))
_eliding = frozenset(("ca", "fr", "it"))
_umlauts = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True)
class Wording:
    """A question as search understands it.

    `text`: to embed and to mark in excerpts, typing errors put right. `tokens` and `weights`: how much each counts, 1 for a
    word that is known. `telling`: the question's own tokens, without second guesses. `phrases`: what stood in quotation
    marks, as folded words. `codes`: tokens of codes that a short question is about. `corrected`: the question as it was
    read, where that differs from what was written.
    """

    text: str
    tokens: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    telling: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    corrected: str | None = None

    @property
    def asks_nothing(self) -> bool:
        """Whether there is no word in it."""
        return not any(map(str.isalnum, self.text))

    def quoting(self, lexicon: LexicalIndex, places: frozenset[Place]) -> Rows | None:
        """Rows of the passages that say what the question quotes, all of it or else some; None where none does, or nothing
        is quoted."""
        return _all_or_some([lexicon.saying(phrase, places) for phrase in self.phrases])

    def coded(self, lexicon: LexicalIndex, places: frozenset[Place]) -> list[str]:
        """Passages that hold the codes that the question is about, all of them or else some."""
        rows = _all_or_some([lexicon.holding(code, places) for code in self.codes])
        return [] if rows is None else lexicon.passages_of(rows)


@dataclass
class _Word:
    """One word of a question. `plain`: folded. `instead`: what it is read as; None for as it is written."""

    start: int
    end: int
    raw: str
    plain: str
    empty: bool  # whether it carries no meaning of its own
    skip: bool  # whether it is left as it is
    instead: str | None = None
    certain: bool = False  # whether `instead` is a correction that people are told of
    weight: float = 1.0


@dataclass
class _Reading:
    """What is known while a question is read."""

    lexicon: LexicalIndex
    places: frozenset[Place]
    languages: tuple[str, ...]
    vocabulary: Vocabulary
    more: dict[str, float] = field(default_factory=dict)  # further tokens and their weights
    codes: list[str] = field(default_factory=list)

    def add(self, token: str, weight: float) -> None:
        self.more[token] = max(weight, self.more.get(token, 0.0))

    def add_code(self, token: str) -> None:
        self.add(token, CODE)
        if len(self.lexicon.holding(token, self.places)) <= max(RARE, RARE_SHARE * len(self.lexicon)):
            self.codes.append(token)

    def add_word(self, word: str, weight: float) -> None:
        """A folded word, as it is mostly written."""
        for token in self.tokens(self.vocabulary.written(word)):
            self.add(token, weight)

    def tokens(self, text: str) -> list[str]:
        found = (token for language in self.languages for token in tokens(text, language))
        return list(dict.fromkeys(found))

    def stemmed_like(self, one: str, other: str) -> bool:
        return bool(set(self.tokens(one)) & set(self.tokens(other)))

    def knows(self, text: str) -> bool:
        """Whether some passage holds a token of the text."""
        return any(map(self.lexicon.knows, self.tokens(text)))


def read_question(
    question: str,
    lexicon: LexicalIndex,
    places: frozenset[Place],
    language: str | None = None,
    *,
    unfinished: bool = False,
) -> Wording:
    """`language`: of the searcher, where it is known. `unfinished`: the last word may be the beginning of one."""
    text = _control.sub(" ", question.encode("utf-8", "replace").decode("utf-8"))[:MAX_CHARACTERS].strip()
    languages = {language} & lexicon.languages if language else set()
    reading = _Reading(
        lexicon, places, tuple(sorted(languages or lexicon.languages or {"en"})), lexicon.vocabulary(places)
    )
    words = [_word(*found, reading.languages) for found in islice(written_words(text), MAX_WORDS)]
    for quoted in _quoted.finditer(text):  # meant as it is written
        for word in words:
            word.skip = word.skip or quoted.start() <= word.start < quoted.end()
    goes_on = unfinished and bool(words) and words[-1].end == len(text) and not question[-1:].isspace()
    _read_words(words, reading, unfinished=goes_on, shouted=text.isupper())
    _read_neighbours(words, reading)
    read = _rewritten(text, words, lambda word: word.instead)
    told = _rewritten(text, words, lambda word: word.instead if word.certain else None)
    telling = lexicon.question_tokens(
        _rewritten(text, words, lambda word: _as_tokens(word, reading)), language
    )
    weights = dict.fromkeys(lexicon.question_tokens(read, language), 1.0)
    for word in words:
        if word.instead is not None:
            weights |= {token: word.weight for token in reading.tokens(word.instead) if token in weights}
    for token, weight in reading.more.items():
        weights[token] = max(weight, weights.get(token, 0.0))
    return Wording(
        text=read,
        tokens=tuple(weights),
        weights=tuple(weights.values()),
        telling=tuple(telling),
        phrases=tuple(dict.fromkeys(_phrases(text, reading.languages))),
        codes=tuple(dict.fromkeys(reading.codes)) if _few(words) else (),
        corrected=told if told != text else None,
    )


def _all_or_some(rows: Sequence[Rows]) -> Rows | None:
    """The rows that are in all, in some where none is in all; None where there is none at all."""
    if not rows:
        return None
    found = reduce(np.intersect1d, rows)
    if not len(found):
        found = reduce(np.union1d, rows)
    return found if len(found) else None


def _word(start: int, end: int, raw: str, languages: tuple[str, ...]) -> _Word:
    plain = folded(normal(raw))
    if "'" in plain and (elided := plain.rpartition("'"))[0]:
        plain = elided[0] if elided[2] == "s" else elided[2] if _eliding & set(languages) else plain
    empty = _is_empty(plain, languages)
    return _Word(start, end, raw, plain, empty, empty or plain in _contracted or "'" in plain)


@lru_cache(maxsize=20_000)
def _is_empty(word: str, languages: tuple[str, ...]) -> bool:
    return any(only_asks(word, language) or is_stop_word(word, language) for language in languages)


def _as_tokens(word: _Word, reading: _Reading) -> str | None:
    """What the question's own tokens are taken of: a compound as one where it is known so, else its parts."""
    if word.instead is not None:
        return word.instead
    parts = parts_of(word.raw)
    if len(parts) < 2:
        return None
    whole = joined(normal(word.raw))
    return whole if whole is not None and reading.knows(whole) else " ".join(parts)


def _phrases(text: str, languages: tuple[str, ...]) -> Iterator[str]:
    """What stands in quotation marks. A single word in a longer question is only named, not asked for to the letter."""
    outside = [_word(*found, languages) for found in islice(written_words(_quoted.sub(" ", text)), MAX_WORDS)]
    longer = not _few(outside)
    for found in islice(_quoted.findall(text), MAX_PHRASES):
        phrase = sequence("".join(found))
        if len(phrase) > longer:
            yield " ".join(phrase)


def _few(words: list[_Word]) -> bool:
    """Whether the words are so few that what is named among them is what the question is about."""
    return sum(not word.skip and not is_code(word.raw) for word in words) <= FEW_WORDS


def is_code(word: str) -> bool:
    """Whether a word as it is written is an error code, a version, the name of a setting or the like."""
    if not any(map(str.isdigit, word)):
        return "_" in word
    if word.isdigit():
        return len(word) >= 4 and not _year.fullmatch(word)
    return not _quantity.fullmatch(word)


def _read_words(words: list[_Word], reading: _Reading, *, unfinished: bool, shouted: bool) -> None:
    """Decides for each word that is not known what it is read as."""
    unknown: list[_Word] = []
    strangers = known = 0
    for i, word in enumerate(words):
        if word.skip or without_spaces(word.plain):
            continue
        if is_code(word.raw):
            _read_code(word, reading)
        elif unfinished and i == len(words) - 1 and _complete(word, reading):
            known += 1
        elif _known(word, reading):
            known += len(word.plain) >= SHORTEST
            _read_apart(word, reading)
        elif (apart := _read_apart(word, reading)) or _read_otherwise(word, reading):
            known += 1
            if apart:
                word.instead, word.weight = apart, OTHER_FORM
        elif len(word.plain) >= SHORTEST and (shouted or not any(map(str.isupper, word.raw[1:]))):
            unknown.append(word)
    if len(unknown) > MAX_UNKNOWN:
        return
    guesses = []
    for word in unknown:
        if _inflected(word.plain, _english_words().__contains__):
            known += 1
        elif found := _nearest(word, reading):
            guesses.append((word, found))
        else:
            strangers += 1
    if not guesses or strangers > known + len(guesses) or _foreign(words, reading.languages):
        return
    titled = all(word.skip or word.raw[:1].isupper() for word in words)
    for word, found in guesses:
        named = word.raw[:1].isupper() and word is not words[0] and not (titled or shouted)
        _correct(word, found, reading, named=named)


def _foreign(words: list[_Word], languages: tuple[str, ...]) -> bool:
    """Whether more of the words that every text has are another language's than the help center's."""
    ours = sum(word.empty for word in words)
    rest = [normal(word.raw) for word in words if not word.empty]
    return any(
        sum(is_stop_word(word, other) or only_asks(word, other) for word in rest) > ours
        for other in LISTED - set(languages)
    )


def _known(word: _Word, reading: _Reading) -> bool:
    """Whether the help center has the word, be it with other accents or in another form."""
    if reading.vocabulary.knows(word.plain):
        _write_as_known(word, reading)
        return True
    parts = parts_of(normal(word.raw))
    if len(parts) > 1:
        together = joined(normal(word.raw))
        return (together is not None and reading.vocabulary.knows(folded(together))) or all(
            reading.vocabulary.knows(folded(part)) or len(part) < SHORTEST for part in parts
        )
    if reading.knows(word.plain):
        return "en" not in reading.languages or _inflected(word.plain, reading.vocabulary.knows)
    accented = list(filter(None, map(reading.lexicon.with_accents, reading.tokens(word.raw))))
    for token in accented:
        reading.add(token, 1.0)
    return bool(accented)


def _write_as_known(word: _Word, reading: _Reading) -> None:
    """Other accents than the help center writes count as its own; "penalite" as "pénalité"."""
    written = reading.vocabulary.written(word.plain)
    if written != normal(word.raw).removesuffix("'s"):
        if reading.knows(word.raw):
            reading.add_word(word.plain, 1.0)
        else:
            word.instead = written


def _inflected(word: str, known: Callable[[str], bool]) -> bool:
    """Whether an English word is known, be it with another ending or without its prefix ("resets" for "reset"; but
    "reste" is not "rest", and "resett" nothing)."""
    if known(word):
        return True
    forms = [form for stem in _stems(word) for form in (stem, *_endings(stem, known))]
    forms += [word.removeprefix(prefix) for prefix in _prefixes if len(word) > len(prefix) + 3]
    return any(form != word and len(form) >= 3 and known(form) for form in forms)


def _stems(word: str) -> Iterator[str]:
    """The word, and what it may be a form of."""
    yield word
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    if word.endswith(("ses", "xes", "zes", "hes", "oes")):
        yield word[:-2]
    if word.endswith(("ies", "ied", "ily")):
        yield word[:-3] + "y"
    for ending in ("ed", "er", "ing", "able", "ly"):
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            yield from (stem, stem + "e")
            if stem[-1:] == stem[-2:-1]:
                yield stem[:-1]


def _endings(stem: str, known: Callable[[str], bool]) -> Iterator[str]:
    """The word with further endings."""
    yield from (stem + "ed", stem + "ing")
    if not stem.endswith("s"):
        yield stem + "s"
    if stem.endswith("e") and not known(stem[:-1]):  # "rested" is of "rest"
        yield from (stem + "d", stem[:-1] + "ing")


def _read_code(word: _Word, reading: _Reading) -> None:
    """The whole code counts more than its parts; one that is written apart in the articles is found as well."""
    known = False
    for language in reading.languages:
        whole = tokens(word.raw, language)[-1]
        if reading.lexicon.knows(whole):
            reading.add_code(whole)
            known = True
    apart = _boundary.split(joined(word.plain) or word.plain)
    if not known and len(apart) > 1 and len(reading.lexicon.saying(" ".join(apart), reading.places)):
        reading.add_code(" ".join(apart))


def _complete(word: _Word, reading: _Reading) -> bool:
    """Reads an unfinished word as what it may be the beginning of."""
    if len(word.plain) < UNFINISHED_FROM or reading.vocabulary.knows(word.plain):
        return False
    found = [
        one
        for one in reading.vocabulary.beginning_with(word.plain, COMPLETIONS)
        if reading.lexicon.stands(reading.vocabulary.written(one), reading.places)
    ]
    if not found:
        return False
    for one in found:
        reading.add_word(one, COMPLETED)
    word.instead, word.weight = reading.vocabulary.written(found[0]), COMPLETED
    return True


def _read_apart(word: _Word, reading: _Reading) -> str | None:
    """A word that stands as two in some passage ("login", "log in") counts there as well. Gives the two that stand most."""
    best, most = None, 0
    for i in range(2, len(word.plain) - 1):
        first, second = word.plain[:i], word.plain[i:]
        if reading.vocabulary.knows(first) and reading.vocabulary.knows(second):
            count = len(reading.lexicon.saying(f"{first} {second}", reading.places))
            if count:
                reading.add(f"{first} {second}", OTHER_FORM)
            if count > most:
                best, most = f"{first} {second}", count
    return best


def _read_otherwise(word: _Word, reading: _Reading) -> bool:
    """German with "ue" for "ü" or the other way round, and compounds of two words that are known."""
    if "de" in reading.languages:
        without = word.plain.replace("ue", "u").replace("oe", "o").replace("ae", "a")
        for spelt in (without, folded(normal(word.raw).translate(_umlauts))):
            if spelt != word.plain and reading.vocabulary.knows(spelt):
                word.instead = reading.vocabulary.written(spelt)
                return True
    if _compounding & set(reading.languages):
        for i in range(len(word.plain) - 4, 3, -1):
            first, second = word.plain[:i], word.plain[i:]
            for stem in (first, first.removesuffix("s"), first.removesuffix("n"), first.removesuffix("en")):
                if len(stem) >= 4 and reading.vocabulary.knows(stem) and reading.vocabulary.knows(second):
                    reading.add_word(stem, OTHER_FORM)
                    reading.add_word(second, OTHER_FORM)
                    return True
    return False


def _nearest(word: _Word, reading: _Reading) -> list[tuple[float, str]]:
    """(how likely, folded word) of the known words that a misspelt one may be meant for, the likeliest first."""
    found = []
    typed = word.plain
    accented = typed != normal(word.raw)
    for other, errors in reading.vocabulary.near(typed, 1 if len(typed) < TWO_ERRORS_FROM else 2).items():
        if errors > 1 and (other[0], other[-1]) != (typed[0], typed[-1]):
            continue
        if accented and other == reading.vocabulary.written(other):
            continue
        likely = reading.vocabulary.weight(other) - SECOND_ERROR * (errors - 1)
        likely -= FIRST_LETTER * (other[0] != typed[0]) + SHORT * (len(other) < SHORTEST)
        likely += SWAPPED * (errors == 1 and sorted(other) == sorted(typed))
        found.append((likely, other))
    found.sort(key=lambda one: (-one[0], one[1]))
    return [
        one for one in found[:4] if reading.lexicon.stands(reading.vocabulary.written(one[1]), reading.places)
    ]


def _correct(word: _Word, found: list[tuple[float, str]], reading: _Reading, *, named: bool) -> None:
    """Reads a word as the nearest one where that is plainly meant; where it is not, the nearest ones count a little.

    `named`: it is written as a name.
    """
    nearest = found[0][1]
    best = reading.vocabulary.written(nearest)
    others = [one for one in found[1:] if not reading.stemmed_like(reading.vocabulary.written(one[1]), best)]
    ahead = not others or found[0][0] - others[0][0] >= AHEAD
    swapped = sorted(word.plain) == sorted(nearest)
    plain = swapped or (len(word.plain) > SHORTEST and word.plain[0] == nearest[0])
    if ahead and plain and (not named or "de" in reading.languages):
        word.instead, word.weight, word.certain = best, CORRECTED, True
        return
    for _, one in found[:3]:
        if not _is_empty(one, reading.languages):
            reading.add_word(one, PERHAPS)


def _read_neighbours(words: list[_Word], reading: _Reading) -> None:
    """Neighbours that are known as one word: "log in" as "login", "ORA 00942" as the code."""
    pieces = [
        None if word.skip and word.plain not in _particles else joined(word.plain) or word.plain
        for word in words
    ]
    for size in (2, 3):
        for i in range(len(words) - size + 1):
            some = pieces[i : i + size]
            if None in some:
                continue
            together = "".join(filter(None, some))
            if not SHORTEST <= len(together) <= MAX_LETTERS:
                continue
            if reading.vocabulary.knows(together):
                reading.add_word(together, OTHER_FORM)
            elif is_code(together) and reading.lexicon.knows(together):
                reading.add_code(together)


def _rewritten(text: str, words: list[_Word], instead: Callable[[_Word], str | None]) -> str:
    parts, done = [], 0
    for word in words:
        if (other := instead(word)) is not None:
            parts += [text[done : word.start], other]
            done = word.end
    return "".join([*parts, text[done:]])


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    """Words that are no typing errors though a help center has them not: those that the vocabulary of the bundled model
    holds whole, some 20,000, most of them English."""
    try:
        listed = (bundled_model() / "vocab.txt").read_text(encoding="utf-8").split()
    except OSError:
        return frozenset()
    return frozenset(word for word in listed if word.isalpha() and len(word) >= SHORTEST)
