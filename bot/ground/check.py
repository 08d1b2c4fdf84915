"""Holds a sentence against passages: by facts (numbers, names, negations, order), by words and by meaning.

Facts that must be said to the letter are rules. The rest, features of how the sentence lies on the passages' clauses
(`bot/ground/coverage.py`) and words (`bot/ground/alignment.py`), goes into a few small trees that `evals.fit_sentences` grows. One feature is what the
reader (`retrieval/reader.py`) thinks, where the language is one that it reads. Without an embedder, words
and facts decide alone; each of the three has trees of its own. Knows no language model, no articles and no conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from bot.ground import alignment, coverage
from bot.ground.alignment import Laid
from bot.ground.clauses import Text, code_fence, telling
from bot.ground.coverage import OF_MEANING
from bot.ground.deeds import own_deed
from bot.ground.facts import canonical, denial, list_mark, names, not_to_the_letter, quantities, stands_name
from bot.ground.own_words import ALIKE, OwnWords, nearest
from bot.ground.rules import nearest_step, other_quantity, out_of_order
from bot.ground.sentences import without_citations
from bot.ground.source import Source
from bot.ground.trees import Trees
from retrieval.embedders.base import Embedder, EmbedderError, Vectors
from retrieval.reader import LANGUAGES, Read, Reader

FITTED = "fitted/sentences.json"
LONGEST = 2500  # characters: a longer "sentence" is none, unless it is code
# share of a sentence's words from which on a passage speaks of the same, and a wrong fact refutes it
SAME_MATTER = 0.7
CUT = 160  # characters of a sentence that a verdict keeps
READ_AHEAD = 2  # passages, the best first, of those that a model is given: it cites few of them

_FILLER = """ask asked asking question questions great good happy glad help sure certainly thank thanks answer answers here following
follow follows below explain explained let see look know wondering about"""
_link = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")
_wants_yes_or_no = re.compile(
    r"\s*(?:can|could|may|is|are|do|does|did|will|would|should|must|has|have|am)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Verdict:
    """`support`: the probability that the passages hold what the sentence says; None where a rule decided. `passages`:
    what it was held against at last, numbers from 1; where it holds, what it stands on. `instead`: where it does not, what they
    say of the matter in their own words (Markdown), or nothing; `passages` is then where that stands."""

    kept: bool
    reasons: tuple[str, ...] = ()
    passages: tuple[int, ...] = ()
    support: float | None = None
    cited: tuple[int, ...] = ()
    refuted: bool = False  # what it cites says otherwise, and not only something else
    instead: str = ""

    def record(self, sentence: str) -> dict[str, Any]:
        """For the Turn: plain data."""
        text = " ".join(sentence.split())
        told = asdict(self) | {"text": text if len(text) <= CUT else text[:CUT] + "…"}
        return told | {"support": None if self.support is None else round(self.support, 3)}


OF_READING = ("reads",)
# then those OF_MEANING, where there is an embedder, and OF_READING
FEATURES = (*coverage.FEATURES, *alignment.FEATURES)
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
# what may be said in the passages' own words instead; not: code, an address, a deed, what is out of order
DOUBTS = frozenset({"name", "number", "negation", "step", "meaning"})
# what a sentence may be held against a passage with, best first; and against a message in a conversation
WAYS = ("read", "with_meaning", "words_alone", "spoken")


@dataclass(frozen=True)
class Fitted:
    """The trees of one of the WAYS; from which probability on a sentence holds, where it is cited and where only another
    passage than the cited one would hold it; from which match on the passages' own words say what one in doubt was to say, and
    from which on the cited one plainly speaks of the same matter."""

    trees: Trees
    keep_from: float
    move_from: float
    say_from: float
    of_it_from: float

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> dict[str, Fitted]:
        told = json.loads(files("bot").joinpath(FITTED).read_text("utf-8"))
        return {way: cls(Trees.read(told[way].pop("trees")), **told[way]) for way in WAYS}


# (fingerprint of the embedder, word) -> its vector in half precision
_of_words: dict[tuple[str, str], Vectors] = {}
WORDS_KEPT = 20_000  # 15 MB


class Check:
    """The passages of one turn, cut, embedded and read once, by one embedder and reader. Use by one thread at a time."""

    def __init__(
        self,
        sources: Sequence[Source],
        language: str,
        embedder: Embedder | None = None,
        known: str = "",
        reader: Reader | None = None,
        spoken: bool = False,
    ) -> None:
        """`known`: what else may be named, such as the question. `reader`: used where it knows the language. `spoken`: the
        passages are messages, not articles; without a reader."""
        self.sources = sources
        self.language = language
        self._told = "\n".join(source.whole for source in sources)
        self._known = canonical(f"{known}\n{self._told}")
        self._embedder = embedder
        self._spoken = spoken
        self._reader = reader if embedder is not None and language in LANGUAGES else None
        self._last_step: tuple[int, int, int] | None = None  # passage, list, place: of the list item before
        self._reads: dict[int, Read] = {}  # megabytes each: of this turn only

    def prepare(self) -> None:
        """Cuts and embeds every passage, and reads the likeliest, so that the first sentence need not wait for it."""
        for number in range(1, len(self.sources) + 1):
            if self._reader is not None and number <= READ_AHEAD:
                self._reading(number)
            self._embed_source(number)
        self._know([word for source in self.sources for laid in source.laid for word in laid.words])

    def verdict(self, sentence: str, cited: Sequence[int]) -> Verdict:
        """Held against the passages it cites (numbers from 1; none: against each), and when they do not hold it, against
        every other: a true sentence with a wrong number gets the right one. One in doubt comes with what the passages say
        instead."""
        bare = without_citations(sentence)
        said = list_mark.sub("", bare)
        unfit = self._unfit(said, cited)
        if unfit is not None:
            return unfit
        piece = self._cut(said)
        found = self._judge(said, piece, cited) if cited else None
        if found is not None and found.kept:
            return self._in_order(bare, found)
        words, fitted = self._own_words(piece, cited), Fitted.load()[self._way]
        if words is not None and words.match < fitted.say_from:
            words = None
        # then no other passage needs to be looked through
        of_this = words is not None and words.number in cited and words.match >= fitted.of_it_from
        if found is None or not (found.refuted or of_this):
            found = self._elsewhere(said, piece, cited, found)
        if found.kept:
            return self._in_order(bare, found)
        if words is None or found.reasons[0] not in DOUBTS:
            return found
        return replace(found, instead=words.text, passages=(words.number,))

    def own_words(self, sentence: str, cited: Sequence[int]) -> OwnWords | None:
        """What the passages have nearest to a sentence, however far. For fitting."""
        return self._own_words(self._cut(list_mark.sub("", without_citations(sentence))), cited)

    def _own_words(self, piece: Text, cited: Sequence[int]) -> OwnWords | None:
        """Those that it cites come first where they are about as near as any."""
        every = range(1, len(self.sources) + 1)
        for number in every:
            self._embed_source(number)
        best, own = nearest(piece, self.sources, every), nearest(piece, self.sources, cited)
        return own if own is not None and best is not None and own.match >= best.match - ALIKE else best

    def _unfit(self, said: str, cited: Sequence[int]) -> Verdict | None:
        """The verdict on what need not be held against anything."""
        if len(said) > LONGEST and not code_fence.match(said.strip()):
            return Verdict(False, ("too long",), tuple(cited), None, tuple(cited))
        if own_deed(said, self._told, self.language):
            return Verdict(False, ("deed",), tuple(cited), None, tuple(cited))
        if not telling(said, self.language):
            return Verdict(True, (), (), None, tuple(cited))
        return None

    def _elsewhere(self, said: str, piece: Text, cited: Sequence[int], own: Verdict | None) -> Verdict:
        """The best verdict of every other passage, or that of the cited ones where none is better."""
        best = own
        for number in range(1, len(self.sources) + 1):
            if list(cited) == [number]:
                continue
            other = self._judge(said, piece, [number], trust=0.0 if cited else 0.5)
            if best is None or (other.kept, other.support or 0.0) > (best.kept, best.support or 0.0):
                best = other
        best = best or Verdict(False, ("meaning",))
        return replace(best, cited=tuple(cited), refuted=False)

    def features(self, sentence: str, numbers: Sequence[int]) -> dict[str, float] | None:
        """None where a rule says no. For fitting."""
        said = list_mark.sub("", without_citations(sentence))
        piece = self._cut(said)
        return None if self._broken_rule(said, piece, numbers) else self._features(said, piece, numbers)

    def _cut(self, said: str) -> Text:
        piece = Text.cut(_link.sub(r"\1", said), self.language)
        if self._embedder is not None:
            self._embed(piece)
        return piece

    @property
    def _way(self) -> str:
        if self._embedder is None:
            return "words_alone"
        return "spoken" if self._spoken else "with_meaning" if self._reader is None else "read"

    def _embed_source(self, number: int) -> None:
        cut = self.sources[number - 1].cut
        if self._embedder is not None and cut.unit_vectors is None:
            self._embed(cut)

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
            own = telling(said, self.language)
            refuted = rule in {"number", "name", "order"} and len(own & told) >= SAME_MATTER * len(own)
            return Verdict(False, (rule,), tuple(numbers), None, tuple(numbers), refuted)
        context = frozenset[str]().union(
            *(telling(self.sources[n - 1].context, self.language) for n in numbers)
        )
        stated = frozenset[str]().union(*(unit.tokens for unit in piece.units))
        denies = any(denial(clause.text, self.language)[0] == "-" for clause in piece.clauses)
        if stated <= context and not denies and not quantities(said, self.language):
            return Verdict(True, (), tuple(numbers), 1.0, tuple(numbers))  # the heading itself
        values = self._features(said, piece, numbers)
        fitted = Fitted.load()[self._way]
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
        if self.language == "en" and other_quantity(said, text, self.language):
            return "number"
        for name in names(said):
            if not stands_name(name, lower) and not stands_name(name, self._known):
                return "name"
        if out_of_order(piece, [source.cut for source in sources]):
            return "order"
        return None

    def _features(self, said: str, piece: Text, numbers: Sequence[int]) -> dict[str, float]:
        sources = [self.sources[n - 1] for n in numbers]
        if piece.unit_vectors is not None:
            for number in numbers:
                self._embed_source(number)
        said = _link.sub(r"\1", said)  # where it leads is a matter of rules
        values = coverage.features(said, piece, sources, self.language)
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
        if number not in self._reads:
            source = self.sources[number - 1]
            self._reads[number] = self._reader.read(source.text, source.context)
        return self._reads[number]

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
        place = nearest_step(telling(list_mark.sub("", sentence), self.language), source.cut)
        if place is None:
            return verdict
        here = (verdict.passages[0], *place)
        before, begins = self._last_step, mark[1] == "1"
        if before is not None and not begins and before[:2] == here[:2] and here[2] < before[2]:
            return Verdict(False, ("order",), verdict.passages, verdict.support, verdict.cited)
        self._last_step = here
        return verdict


def answers(sentence: str, question: str, language: str) -> bool:
    """Whether it says more than the question did: "You asked how to return a bicycle." does not. Of a question that wants a
    yes or a no, any statement about it does."""
    said = telling(list_mark.sub("", without_citations(sentence)), language)
    if sentence.rstrip().endswith("?"):
        return False
    more = said - telling(question, language) - telling(_FILLER, "en")
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
