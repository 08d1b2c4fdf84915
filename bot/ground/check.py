"""Holds a sentence against passages: by facts (numbers, names, negations, order), by words and by meaning.

Facts that must be said to the letter are rules. The rest, features of how the sentence lies on the passages' clauses (here)
and words (`bot/ground/alignment.py`), goes into a few small trees that `evals.fit_sentences` grows. One feature is what the
reader (`retrieval/reader.py`) thinks, where the language is one that it reads. Without an embedder, words
and facts decide alone; each of the three has trees of its own. Knows no language model, no articles and no conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np

from bot.ground import alignment
from bot.ground.alignment import Laid
from bot.ground.deeds import own_deed
from bot.ground.facts import (
    canonical,
    cue_tokens,
    denial,
    is_condition,
    list_mark,
    names,
    not_to_the_letter,
    opposites,
    quantities,
    said_otherwise,
    stands_name,
    without_numbers,
)
from bot.ground.sentences import without_citations
from bot.ground.trees import Trees
from retrieval.embedders.base import Embedder, EmbedderError, Vectors
from retrieval.lexical import tokens
from retrieval.reader import LANGUAGES, Read, Reader

FITTED = "fitted/sentences.json"
LONGEST = 2500  # characters: a longer "sentence" is none, unless it is code
EMBEDDED_AT_A_TIME = 900  # characters of a passage: about what the small model reads at once
SAME_MATTER = (
    0.7  # share of a sentence's words from which on a passage speaks of the same, and a wrong fact refutes it
)
CUT = 160  # characters of a sentence that a verdict keeps

_unit_end = re.compile(r"(?<=[.!?])\s+(?=\S)|\n+")
_FILLER = """ask asked asking question questions great good happy glad help sure certainly thank thanks answer answers here following
follow follows below explain explained let see look know wondering about"""
_wants_yes_or_no = re.compile(
    r"\s*(?:can|could|may|is|are|do|does|did|will|would|should|must|has|have|am)\b", re.IGNORECASE
)
_clause_end = re.compile(
    r"[;:|()]\s*|,\s+|\s+(?=(?:and|or|but|because|since|so|if|unless|when|while|as|which|that|then|before|after)\s)|\s[–—]\s"
)
_denial = re.compile(
    r"\s+(?=(?:(?:do|does|did|is|are|was|were|has|have|had|can|could|may|must|should|will|would|need)\s+not|cannot|never|\w+n't)\s)"
)
_code_fence = re.compile(r"^\s*(?:```|~~~)")
_table_rule = re.compile(r"^[\s|:-]+$")
_then = re.compile(r"\b(?:then|finally|afterwards|after that|next|last(?:ly)?|at last)\b", re.IGNORECASE)
_before = re.compile(r"\bbefore\b", re.IGNORECASE)
_after = re.compile(r"\bafter\b(?! that)", re.IGNORECASE)


@dataclass(frozen=True)
class Clause:
    """A piece of a sentence or of a passage. `at`: the number of the passage's sentence or line that it is in."""

    text: str
    tokens: frozenset[str]
    at: int
    span: tuple[int, int]


@dataclass
class Text:
    """A text cut into units (sentences, list items, rows of a table) and those into clauses; each may have a vector."""

    language: str
    text: str = ""
    units: list[Clause] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    steps: dict[int, int] = field(default_factory=dict)  # unit -> its place in its numbered list
    lists: dict[int, int] = field(default_factory=dict)  # unit -> which list
    unit_vectors: Vectors | None = None
    clause_vectors: Vectors | None = None

    @classmethod
    def cut(cls, markdown: str, language: str) -> Text:
        made = cls(language)
        listing, fenced = 0, False
        for line in markdown.split("\n"):
            if _code_fence.match(line):
                fenced = not fenced
                continue
            if not line.strip() or (_table_rule.match(line) and not fenced):
                listing += not line.strip() and not made.steps
                continue
            mark = re.match(r"\s*(\d{1,2})[.)]\s", line)
            listing += bool(mark and mark[1] == "1")
            shown = line if fenced else list_mark.sub("", line).strip().strip("|").replace("|", " | ")
            for number, unit in enumerate([shown] if fenced else _unit_end.split(shown)):
                if unit.strip():
                    made._add(unit.strip(), fenced)
                    if mark and number == 0:
                        made.steps[len(made.units) - 1] = int(mark[1])
                        made.lists[len(made.units) - 1] = listing
        return made

    def _add(self, unit: str, fenced: bool) -> None:
        start, at = len(self.text), len(self.units)
        self.text += unit + "\n"
        self.units.append(Clause(unit, _telling(unit, self.language), at, (start, start + len(unit))))
        for left, right in [(0, len(unit))] if fenced else _clauses(unit, self.language):
            clause = unit[left:right]
            self.clauses.append(
                Clause(clause, _telling(clause, self.language), at, (start + left, start + right))
            )

    def embed(self, embedder: Embedder) -> None:
        """One run of the model for about every 900 characters. Raises EmbedderError."""
        groups: list[list[int]] = []
        size = EMBEDDED_AT_A_TIME
        for number, unit in enumerate(self.units):
            size += unit.span[1] - unit.span[0]
            if size > EMBEDDED_AT_A_TIME:
                groups.append([])
                size = unit.span[1] - unit.span[0]
            groups[-1].append(number)
        if not groups:
            return
        texts, spans, pieces = [], [], []
        for group in groups:
            start, end = self.units[group[0]].span[0], self.units[group[-1]].span[1]
            inside = [self.units[n] for n in group] + [
                c for c in self.clauses if group[0] <= c.at <= group[-1]
            ]
            order = sorted(range(len(inside)), key=lambda i: inside[i].span)
            texts.append(self.text[start:end])
            spans.append([(inside[i].span[0] - start, inside[i].span[1] - start) for i in order])
            pieces.append([inside[i] for i in order])
        # a lone text is embedded here: a pool of threads costs more than it gains
        vectors = embedder.embed_parts(texts, spans)[1]
        found: dict[tuple[int, int], Any] = {}
        for given, made in zip(pieces, vectors, strict=True):
            if len(given) > 1 and len(made) == 1:  # a model that gives no parts
                made = np.repeat(made, len(given), axis=0)
            found |= {piece.span: vector for piece, vector in zip(given, made, strict=False)}
        none = np.zeros(len(next(iter(found.values()))), np.float32)
        self.unit_vectors = np.stack([found.get(unit.span, none) for unit in self.units])
        self.clause_vectors = np.stack([found.get(clause.span, none) for clause in self.clauses])


@lru_cache(maxsize=8192)
def _telling(text: str, language: str) -> frozenset[str]:
    return frozenset(tokens(text, language)) - cue_tokens(language)


def _clauses(unit: str, language: str) -> list[tuple[int, int]]:
    """Where clauses begin and end; a piece with fewer than two telling words goes with the one before it."""
    cuts = [0, *(found.end() for found in _clause_end.finditer(unit)), len(unit)]
    for second in _denial.finditer(unit):  # "what is not in the list | does not stop": each denies for itself
        begins = max(cut for cut in cuts if cut <= second.end())
        if denial(unit[begins : second.start()], language)[0] == "-":
            cuts = sorted({*cuts, second.end()})
    found: list[tuple[int, int]] = []
    for left, right in pairwise(cuts):
        if not unit[left:right].strip():
            continue
        if found and (_short(unit[left:right], language) or _short(unit[slice(*found[-1])], language)):
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found


def _short(clause: str, language: str) -> bool:
    least = 1 if denial(clause, language)[0] == "-" else 2  # "conversations cannot" stands alone
    return len(_telling(clause, language)) < least


@dataclass(frozen=True)
class Verdict:
    """`support`: the probability that the passages hold what the sentence says; None where a rule decided. `passages`:
    what it was held against at last, numbers from 1; where it holds, what it stands on."""

    kept: bool
    reasons: tuple[str, ...] = ()
    passages: tuple[int, ...] = ()
    support: float | None = None
    cited: tuple[int, ...] = ()
    refuted: bool = False  # what it cites says otherwise, and not only something else

    def record(self, sentence: str) -> dict[str, Any]:
        """For the Turn: plain data."""
        text = " ".join(sentence.split())
        told = asdict(self) | {"text": text if len(text) <= CUT else text[:CUT] + "…"}
        return told | {"support": None if self.support is None else round(self.support, 3)}


OF_CLAUSES = (
    "cover", "cover_unit", "pairs", "worst_cover", "missing", "denied", "undenied", "opposite", "name_swapped", "number_swapped",
    "number_astray", "replaced", "heading",
)  # fmt: skip
OF_MEANING = ("close", "worst_close")
OF_READING = ("reads",)
FEATURES = (
    *OF_CLAUSES,
    *alignment.FEATURES,
)  # then those OF_MEANING, where there is an embedder, and OF_READING
# why a sentence does not hold: what each feature is about, the others being about its meaning
_ABOUT = {
    "name": "name_swapped replaced swapped_unit swapped_clause elsewhere there_least there_second there_lacks together together_least turned",
    "number": "number_swapped number_astray",
    "negation": """denied undenied opposite denied_clause denied_word odd odd_there more_denials antonym antonym_clause odd_clause
        only_new only_lost also_where_not all_where_not optional_new optional_lost other_side""",
    "step": "worst_cover worst_close clause_has_least",
}
_REASONS = {feature: reason for reason, of_it in _ABOUT.items() for feature in of_it.split()}
REFUTES = frozenset({"name", "number", "negation"})


WAYS = (
    "read",
    "with_meaning",
    "words_alone",
)  # what a sentence may be held against a passage with, best first


@dataclass(frozen=True)
class Fitted:
    """The trees of one of the WAYS, and from which probability on a sentence holds, where it is cited
    and where only another passage than the cited one would hold it."""

    trees: Trees
    keep_from: float
    move_from: float

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> dict[str, Fitted]:
        told = json.loads(files("bot").joinpath(FITTED).read_text("utf-8"))
        return {
            way: cls(Trees.read(told[way]["trees"]), told[way]["keep_from"], told[way]["move_from"])
            for way in WAYS
        }


@dataclass
class Source:
    """One passage. `context`: its title and headings, which its sentences leave unsaid."""

    text: str
    language: str
    context: str = ""

    @cached_property
    def cut(self) -> Text:
        return Text.cut(self.text, self.language)

    @cached_property
    def whole(self) -> str:
        return f"{self.context}\n{self.text}"

    @cached_property
    def lower(self) -> str:
        return canonical(self.whole)

    @cached_property
    def tokens(self) -> frozenset[str]:
        return _telling(self.whole, self.language)

    @cached_property
    def laid(self) -> tuple[Laid, Laid]:
        """The text and its title and headings, word by word."""
        units = [unit.text for unit in self.cut.units]
        return Laid.out(units, self.language), Laid.out(self.context.split("\n"), self.language)


_of_words: dict[
    tuple[str, str], Vectors
] = {}  # (fingerprint of the embedder, word) -> its vector in half precision
WORDS_KEPT = 20_000  # 15 MB


class Check:
    """The passages of one turn, cut and embedded once. Use by one thread at a time."""

    def __init__(
        self,
        sources: Sequence[Source],
        language: str,
        embedder: Embedder | None = None,
        known: str = "",
        reader: Reader | None = None,
    ) -> None:
        """`known`: what else may be named, such as the question. `reader`: used where it knows the language."""
        self.sources = sources
        self.language = language
        self._told = "\n".join(source.whole for source in sources)
        self._known = canonical(f"{known}\n{self._told}")
        self._embedder = embedder
        self._embedded: set[int] = set()
        self._reader = reader if embedder is not None and language in LANGUAGES else None
        self._read: dict[int, Read] = {}
        self._last_step: tuple[int, int, int] | None = None  # passage, list, place: of the list item before

    def prepare(self) -> None:
        """Cuts, embeds and reads every passage, so that the first sentence need not wait for it."""
        for number, source in enumerate(self.sources, 1):
            if self._reader is not None:
                self._reading(number)
            if self._embedder is not None and number not in self._embedded:
                self._embed(source.cut)
                self._embedded.add(number)
        self._know([word for source in self.sources for laid in source.laid for word in laid.words])

    def verdict(self, sentence: str, cited: Sequence[int]) -> Verdict:
        """Held against the passages it cites (numbers from 1; none: against each), and when they do not hold it, against
        every other: a true sentence with a wrong number gets the right one."""
        bare = without_citations(sentence)
        said = list_mark.sub("", bare)
        if len(said) > LONGEST and not _code_fence.match(said.strip()):
            return Verdict(False, ("too long",), tuple(cited), None, tuple(cited))
        if own_deed(said, self._told, self.language):
            return Verdict(False, ("deed",), tuple(cited), None, tuple(cited))
        if not _telling(said, self.language):
            return Verdict(True, (), (), None, tuple(cited))
        piece = Text.cut(said, self.language)
        if self._embedder is not None:
            self._embed(piece)
        own = self._judge(said, piece, cited) if cited else None
        if own is not None and own.kept:
            return self._in_order(bare, own)
        if own is not None and own.refuted:
            return own
        best = own
        for number in range(1, len(self.sources) + 1):
            if list(cited) == [number]:
                continue
            other = self._judge(said, piece, [number], trust=0.0 if cited else 0.5)
            if best is None or (other.kept, other.support or 0.0) > (best.kept, best.support or 0.0):
                best = other
        best = best or Verdict(False, ("meaning",))
        best = Verdict(best.kept, best.reasons, best.passages, best.support, tuple(cited))
        return self._in_order(bare, best) if best.kept else best

    def features(self, sentence: str, numbers: Sequence[int]) -> dict[str, float] | None:
        """None where a rule says no. For fitting."""
        said = list_mark.sub("", without_citations(sentence))
        piece = Text.cut(said, self.language)
        if self._embedder is not None:
            self._embed(piece)
        return None if self._broken_rule(said, piece, numbers) else self._features(said, piece, numbers)

    def _embed(self, text: Text) -> None:
        try:
            assert self._embedder is not None
            text.embed(self._embedder)
        except EmbedderError:
            self._embedder = None  # words and facts go on alone

    def _judge(self, said: str, piece: Text, numbers: Sequence[int], trust: float = 1.0) -> Verdict:
        """`trust`: 1 where the sentence cites these passages, 0 where it cites others, between where it cites none."""
        rule = self._broken_rule(said, piece, numbers)
        if rule:
            told = frozenset[str]().union(*(self.sources[n - 1].tokens for n in numbers))
            own = _telling(said, self.language)
            refuted = rule in {"number", "name", "step"} and len(own & told) >= SAME_MATTER * len(own)
            return Verdict(False, (rule,), tuple(numbers), None, tuple(numbers), refuted)
        context = frozenset[str]().union(
            *(_telling(self.sources[n - 1].context, self.language) for n in numbers)
        )
        stated = frozenset[str]().union(*(unit.tokens for unit in piece.units))
        denies = any(denial(clause.text, self.language)[0] == "-" for clause in piece.clauses)
        if stated <= context and not denies and not quantities(said, self.language):
            return Verdict(True, (), tuple(numbers), 1.0, tuple(numbers))  # the heading itself
        values = self._features(said, piece, numbers)
        fitted = Fitted.load()[way_of(values)]
        support = fitted.trees.probability(list(values.values()))
        least = trust * fitted.keep_from + (1 - trust) * fitted.move_from
        sign = denial(said, self.language)[0]
        in_its_words = any(
            stated <= unit.tokens and sign == denial(unit.text, self.language)[0]
            for n in numbers
            for unit in self.sources[n - 1].cut.units
        )
        if support >= least or (trust < 1 and in_its_words):
            return Verdict(True, (), tuple(numbers), support, tuple(numbers))
        why = _weighed(fitted.trees, values)
        refuted = why[0] in REFUTES and values["cover"] >= SAME_MATTER
        return Verdict(False, why, tuple(numbers), support, tuple(numbers), refuted)

    def _broken_rule(self, said: str, piece: Text, numbers: Sequence[int]) -> str | None:
        sources = [self.sources[n - 1] for n in numbers]
        text = "\n".join(source.whole for source in sources)
        if reason := not_to_the_letter(said, text):
            return reason
        lower = "\n".join(source.lower for source in sources)
        if self.language == "en" and _other_quantity(said, text, self.language):
            return "number"
        for name in names(said):
            if not stands_name(name, lower) and not stands_name(name, self._known):
                return "name"
        if _out_of_order(piece, [source.cut for source in sources]):
            return "step"
        return None

    def _features(self, said: str, piece: Text, numbers: Sequence[int]) -> dict[str, float]:
        sources = [self.sources[n - 1] for n in numbers]
        if piece.unit_vectors is not None:
            for number, source in zip(numbers, sources, strict=True):
                if number not in self._embedded and self._embedder is not None:
                    self._embed(source.cut)
                    self._embedded.add(number)
        values = _features(said, piece, sources, self.language)
        mine = Laid.out([unit.text for unit in piece.units], self.language)
        if len(sources) == 1:
            passage, context = sources[0].laid
        else:
            passage = Laid.out([u.text for source in sources for u in source.cut.units], self.language)
            context = Laid.out(
                [line for source in sources for line in source.context.split("\n")], self.language
            )
        meaning = {name: values.pop(name) for name in OF_MEANING if name in values}
        values |= alignment.features(mine, passage, context, self._near) | meaning
        if self._reader is not None and meaning:
            values["reads"] = max(self._reader.says(self._reading(number), said) for number in numbers)
        return values

    def _reading(self, number: int) -> Read:
        assert self._reader is not None
        if number not in self._read:
            source = self.sources[number - 1]
            self._read[number] = self._reader.read(source.text, source.context)
        return self._read[number]

    def _near(self, one: Sequence[str], other: Sequence[str]) -> Vectors | None:
        """The cosines of single words, (n, m)."""
        known = self._know([*one, *other])
        if not known:
            return None
        mine, theirs = (
            np.stack([known[word] for word in words]).astype(np.float32) for words in (one, other)
        )
        cosines: Vectors = mine @ theirs.T
        return cosines

    def _know(self, words: Sequence[str]) -> dict[str, Vectors]:
        """The vector of each word, none without an embedder. New ones in one call, since some embedders are far away."""
        if self._embedder is None:
            return {}
        name = self._embedder.fingerprint
        known = {word: _of_words.get((name, word)) for word in words}
        new = [word for word, vector in known.items() if vector is None]
        try:
            vectors = self._embedder.embed_passages(new) if new else ()
        except EmbedderError:
            self._embedder = None  # words and facts go on alone
            return {}
        if len(_of_words) > WORDS_KEPT:
            _of_words.clear()
        for word, vector in zip(new, vectors, strict=True):
            known[word] = _of_words[name, word] = vector.astype(np.float16)
        return {word: vector for word, vector in known.items() if vector is not None}

    def _in_order(self, sentence: str, verdict: Verdict) -> Verdict:
        """A numbered item that stands before the one that was said before it, in one list, is out of order."""
        mark = re.match(r"\s*(\d{1,2})[.)]\s", sentence)
        if not mark or len(verdict.passages) != 1:
            return verdict
        source = self.sources[verdict.passages[0] - 1]
        place = _nearest_step(_telling(list_mark.sub("", sentence), self.language), source.cut)
        if place is None:
            return verdict
        here = (verdict.passages[0], *place)
        before, begins = self._last_step, mark[1] == "1"
        if before is not None and not begins and before[:2] == here[:2] and here[2] < before[2]:
            return Verdict(False, ("step",), verdict.passages, verdict.support, verdict.cited)
        self._last_step = here
        return verdict


def way_of(values: dict[str, float]) -> str:
    """Which of the WAYS the features belong to."""
    return "read" if "reads" in values else "with_meaning" if "close" in values else "words_alone"


def answers(sentence: str, question: str, language: str) -> bool:
    """Whether it says more than the question did: "You asked how to return a bicycle." does not. Of a question that wants a
    yes or a no, any statement about it does."""
    said = _telling(list_mark.sub("", without_citations(sentence)), language)
    if sentence.rstrip().endswith("?"):
        return False
    more = said - _telling(question, language) - _telling(_FILLER, "en")
    return bool(more) or bool(said and _wants_yes_or_no.match(question))


def _weighed(model: Trees, values: dict[str, float]) -> tuple[str, ...]:
    """What spoke against it most, first; two at most."""
    names = list(values)
    against: dict[str, float] = {}
    for feature, pull in model.pulls(list(values.values())).items():
        reason = _REASONS.get(names[feature], "meaning")
        against[reason] = against.get(reason, 0.0) - pull
    order = sorted(against, key=lambda reason: -against[reason])
    return tuple(r for r in order[:2] if against[r] >= max(0.0, against[order[0]] / 2)) or ("meaning",)


def _other_quantity(said: str, text: str, language: str) -> bool:
    """A number word that is not there at all, or a number that counts what only other numbers count there."""
    there = quantities(text, language)
    numbers = {number for number, _ in there}
    counts: dict[str, set[str]] = {}
    for number, counted in there:
        counts.setdefault(counted, set()).add(number)
    loose = set(re.findall(r"\b(?:a|an|one|single|every|each|per|once|exactly one)\b", text.lower()))
    for number, counted in quantities(said, language):
        if said_otherwise(number, said, text):
            continue
        if number in {"0", "1"}:
            if (
                counted
                and counted in counts
                and number not in counts[counted]
                and not loose
                and "1" not in numbers
            ):
                return True
            continue
        if number not in numbers:
            if number == "2" and re.search(r"\b(?:both|twice|second|two)\b", text.lower()):
                continue
            if number == str(1 + len(re.findall(r",? (?:and|or) |, ", said.partition(":")[2]))):
                continue  # "four states: a, b, c or d" counts what it names
            return True
        if counted and counted in counts and number not in counts[counted]:
            return True
    return False


def _nearest_step(said: frozenset[str], text: Text) -> tuple[int, int] | None:
    """(list, place) of the numbered item that shares most words with `said`, at least half of them."""
    best, found = 0.5, None
    for unit, place in text.steps.items():
        share = len(said & text.units[unit].tokens) / (len(said) or 1)
        if share > best:
            best, found = share, (text.lists[unit], place)
    return found


def _out_of_order(piece: Text, texts: Sequence[Text]) -> bool:
    """Steps told as first, then, before, after in another order than that of the passage's list."""
    for unit in piece.units:
        clauses = [clause for clause in piece.clauses if clause.at == unit.at]
        if len(clauses) < 2:
            continue
        for text in texts:
            places = [_nearest_step(clause.tokens, text) for clause in clauses]
            for (first, one), (second, two) in pairwise(zip(clauses, places, strict=True)):
                if one is None or two is None or one[0] != two[0] or one[1] == two[1]:
                    continue
                falls = one[1] > two[1]
                turned = bool(_after.match(second.text.strip())) or bool(_before.match(first.text.strip()))
                told = _then.search(unit.text) or re.search(r"\bfirst\b", unit.text, re.IGNORECASE)
                if (falls and not turned and (told or _before.match(second.text.strip()))) or (
                    not falls and turned
                ):
                    return True
    return False


def _features(said: str, piece: Text, sources: Sequence[Source], language: str) -> dict[str, float]:
    """How the sentence lies on the passages, as FEATURES name it; those OF_MEANING too where both have vectors."""
    context = frozenset[str]().union(*(_telling(source.context, language) for source in sources))
    units = [unit for source in sources for unit in source.cut.units]
    clauses = [clause for source in sources for clause in source.cut.clauses]
    bodies = [source.cut for source in sources]
    everything = frozenset[str]().union(*(source.tokens for source in sources))
    own = frozenset[str]().union(*(unit.tokens for unit in piece.units))
    meaning = (
        piece.unit_vectors is not None and all(b.unit_vectors is not None for b in bodies) and bool(units)
    )

    def share(of: frozenset[str], among: frozenset[str]) -> float:
        return len(of & among) / len(of) if of else 1.0

    cover = share(own, everything)
    unit_cover = [share(own, unit.tokens | context) for unit in units] or [0.0]
    words = tokens(said, language, wholes=False)
    pairs = set(pairwise(words))
    there: set[tuple[str, str]] = set()
    for unit in units:
        row = _row(unit.text, language)
        there |= set(pairwise(row))
    clause_close = unit_close = None
    if meaning:
        assert piece.clause_vectors is not None
        assert piece.unit_vectors is not None
        passage_units = np.concatenate([b.unit_vectors for b in bodies if b.unit_vectors is not None])
        passage_clauses = np.concatenate([b.clause_vectors for b in bodies if b.clause_vectors is not None])
        clause_close = piece.clause_vectors @ passage_clauses.T
        unit_close = piece.unit_vectors @ passage_units.T
    denied = undenied = 0.0
    worst_cover = worst_close = 1.0
    said_signs, their_signs = _signs(piece.clauses, language), _signs(clauses, language)
    for number, clause in enumerate(piece.clauses):
        if not clause.tokens:
            continue
        lies = np.array([share(clause.tokens, other.tokens) for other in clauses] or [0.0])
        if clause_close is not None:
            lies = 0.5 * lies + 0.5 * np.maximum(clause_close[number], 0)
            nearest = max(
                float(clause_close[number].max()),
                float((piece.clause_vectors[number] @ passage_units.T).max()),  # type: ignore[index]
            )
            worst_close = min(worst_close, nearest)
        worst_cover = min(worst_cover, share(clause.tokens, everything))
        sign, denies = said_signs[number], denial(clause.text, language)[1]
        signs = [
            "+" if theirs == "~" and denial(other.text, language)[2] & clause.tokens else theirs
            for theirs, other in zip(their_signs, clauses, strict=True)
        ]
        if sign == "-":
            if len(denies) >= 2:  # what is denied, and not what it is said of, is looked for
                scope = np.array([share(denies, other.tokens) for other in clauses] or [0.0])
                lies = np.maximum(lies, 0.3 * lies + 0.7 * scope)
            strength = 0.4 if is_condition(clause.text) else 1.0
            with_it = max(
                _best(lies, [s == "-" for s in signs]), 0.8 * _best(lies, [s == "~" for s in signs])
            )
            denied = max(
                denied, strength * _gainsaid(clause.tokens, clauses, lies, [s == "+" for s in signs], with_it)
            )
        else:
            with_it = _best(lies, [s != "-" for s in signs])
            strength = 1.0 if sign == "+" else 0.5
            undenied = max(
                undenied,
                strength * _gainsaid(clause.tokens, clauses, lies, [s == "-" for s in signs], with_it),
            )
    best_unit = units[int(np.argmax(unit_cover))] if units else None
    values = {
        "cover": cover,
        "cover_unit": max(unit_cover),
        "pairs": len(pairs & there) / len(pairs) if pairs else 1.0,
        "worst_cover": worst_cover,
        "missing": float(min(4, len(own - everything))),
        "denied": max(0.0, denied),
        "undenied": max(0.0, undenied),
        "opposite": float(best_unit is not None and opposites(said, best_unit.text)),
        "name_swapped": _swapped(names(said), own, units, sources, _unit_names, stands_name, language),
        "number_swapped": _swapped(
            {n for n, _ in quantities(said, language)}, own, units, sources,
            lambda unit: {n for n, _ in quantities(unit, language)}, _has_number, language,
        ),
        "number_astray": max(
            (_astray(clause, units, context, language) for clause in piece.clauses), default=0.0
        ),
        "replaced": _replaced(said, units, unit_cover, language),
        "heading": share(own, context),
    }  # fmt: skip
    if unit_close is not None:
        values["close"] = float(unit_close.max(axis=1).mean())
        values["worst_close"] = worst_close
    return values


def _has_number(number: str, text: str) -> bool:
    return number in {found for found, _ in quantities(text, "en")}


@lru_cache(maxsize=4096)
def _row(text: str, language: str) -> tuple[str, ...]:
    return tuple(tokens(text, language, wholes=False))


@lru_cache(maxsize=4096)
def _unit_names(text: str) -> set[str]:
    return names(text)


def _best(values: Any, which: list[bool]) -> float:
    return max((float(value) for value, yes in zip(values, which, strict=True) if yes), default=0.0)


def _signs(clauses: Sequence[Clause], language: str) -> list[str]:
    """`denial` of each; what "or" joins to a denied clause is denied with it."""
    signs: list[str] = []
    for number, clause in enumerate(clauses):
        sign = denial(clause.text, language)[0]
        joined = (
            number > 0 and clauses[number - 1].at == clause.at and clause.text.startswith(("or ", "nor "))
        )
        signs.append("-" if joined and signs[-1] == "-" else sign)
    return signs


def _gainsaid(
    own: frozenset[str], clauses: Sequence[Clause], lies: Any, which: list[bool], with_it: float
) -> float:
    """By how much a clause lies better on one of those that say otherwise than on any that says the same, times the words
    that the two share: what is said in other words is not held to be denied."""
    return max(
        (
            (float(at) - with_it) * len(own & clause.tokens) / len(own)
            for at, clause, yes in zip(lies, clauses, which, strict=True)
            if yes and own and at > with_it
        ),
        default=0.0,
    )


def _swapped(
    stated: set[str],
    own: frozenset[str],
    units: Sequence[Clause],
    sources: Sequence[Source],
    of_unit: Any,
    stands: Any,
    language: str,
) -> float:
    """By how much the rest of the sentence lies better on a unit that has another fact in the place of one stated."""
    worst = 0.0
    context = "\n".join(source.context for source in sources).lower()
    for fact in stated:
        rest = own - _telling(fact, language)
        if not rest:
            continue
        agree = against = 0.0
        for unit in units:
            lies = len(rest & unit.tokens) / len(rest)
            lower = canonical(unit.text)
            if stands(fact, lower):
                agree = max(agree, lies)
            elif of_unit(unit.text) - stated:
                against = max(against, lies)
        if agree or not stands(
            fact, context
        ):  # what only the heading names holds for every sentence under it
            worst = max(worst, against - agree)
    return worst


def _astray(clause: Clause, units: Sequence[Clause], context: frozenset[str], language: str) -> float:
    """How much of a clause is missing in the units that have its numbers, at the worst of them."""
    worst = 0.0
    for number in {number for number, _ in quantities(clause.text, language)} - {"1"}:
        rest = _telling(without_numbers(clause.text), language)
        lies = [
            len(rest & (unit.tokens | context)) / len(rest)
            for unit in units
            if len(rest) > 1 and number in {found for found, _ in quantities(unit.text, language)}
        ]
        worst = max([worst, 1 - max(lies)]) if lies else worst
    return worst


def _replaced(said: str, units: Sequence[Clause], unit_cover: Sequence[float], language: str) -> float:
    """The share of the sentence that stands word for word in a unit that has another word where it has one of its own."""
    row = [token for token in _row(said, language) if token not in cue_tokens(language)]
    worst = 0.0
    for at in sorted(range(len(units)), key=lambda i: -unit_cover[i])[:3]:
        other = [token for token in _row(units[at].text, language) if token not in cue_tokens(language)]
        steps = SequenceMatcher(None, row, other, autojunk=False).get_opcodes()
        same = sum(end - start for kind, start, end, _, _ in steps if kind == "equal")
        if same == len(row):
            return 0.0
        for kind, start, end, begins, ends in steps:
            own, theirs = row[start:end], other[begins:ends]
            if kind == "replace" and len(own) == 1 and len(theirs) <= 2 and own[0] not in other:
                worst = max(worst, same / len(row))
    return worst


__all__ = ["WAYS", "Check", "Fitted", "Source", "Verdict", "answers"]
