"""What the reader is fitted on: passages, each with sentences that it holds or does not hold, and questions that it answers or not.

Two kinds: those of `evals/cases/passages.jsonl`, written for this, and those that `made` draws from any help center's
articles: their own sentences, lightly edited ones, and the same with a number, a name or a negation changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.ground.clauses import Text
from evals.beir import EvalError, read_lines
from evals.light_edits import light_edits
from help_center.sources.base import SourceArticle
from retrieval.chunking import section_at, split

FALSE = ("number", "name", "negation", "step", "other")


@dataclass(frozen=True)
class Claim:
    """`task`: `says` for a sentence, `answers` for a question. `kind`: what it is, `weight`: how much it counts."""

    text: str
    task: str
    holds: bool
    kind: str
    weight: float = 1.0


@dataclass(frozen=True)
class Example:
    """A passage with what is held against it. `context`: its title and headings."""

    id: str
    trade: str
    context: str
    text: str
    claims: tuple[Claim, ...] = field(default=())


def written(file: Path) -> list[Example]:
    """Raises EvalError for a line that cannot be used."""
    found = []
    for number, told in read_lines(file):
        try:
            claims = [Claim(text, "says", True, "true") for text in told["true"]]
            claims += [Claim(text, "says", False, kind) for kind in FALSE for text in told[kind]]
            claims += [Claim(text, "answers", True, "question") for text in told["questions"]]
            claims += [Claim(text, "answers", False, "near") for text in told["near"]]
            context = "\n".join(part for part in (told["title"], told["heading"]) if part)
            found.append(Example(told["id"], told["trade"], context, told["passage"], tuple(claims)))
        except KeyError as missing:
            raise EvalError(f"{file}, line {number}: {missing} is needed.") from None
    return found


def crossed(
    examples: Sequence[Example], embed: Callable[[list[str]], object], seed: int = 0
) -> list[Example]:
    """The examples with questions and sentences of others: those of the nearest passages, and some of any. `embed`: texts ->
    unit vectors (n, d)."""
    import numpy as np

    dice = random.Random(seed)
    vectors = np.asarray(embed([f"{one.context}\n{one.text}" for one in examples]))
    near = vectors @ vectors.T
    made = []
    for i, example in enumerate(examples):
        others = [examples[k] for k in near[i].argsort()[::-1][1:4]] + dice.sample(list(examples), 2)
        claims = list(example.claims)
        for other in others:
            if other is example:
                continue
            for task, kind in (("says", "other"), ("answers", "near")):
                true = [claim.text for claim in other.claims if claim.task == task and claim.holds]
                if true:  # some were written without questions
                    claims.append(Claim(dice.choice(true), task, False, f"{kind}, crossed"))
        made.append(replace(example, claims=tuple(claims)))
    return made


_negatable = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|may|does|do|has|have)\b(?! not\b|n't)",
    re.IGNORECASE,
)
_negated = (
    (re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|may|does|do|has|have) not\b"), r"\1"),
    (re.compile(r"\bcannot\b"), "can"),
    (re.compile(r"\b(is|are|was|were|could|would|should|does|do|has|have)n['’]t\b"), r"\1"),
    (re.compile(r"\bcan['’]t\b"), "can"),
    (re.compile(r"\bnever\b"), "always"),
    (re.compile(r"\bonly "), ""),
    (re.compile(r"\bwithout\b"), "with"),
)
_opposites = """enabled/disabled enable/disable allow/prevent allows/prevents allowed/forbidden include/exclude includes/excludes always/never
required/optional before/after accept/refuse minimum/maximum earliest/latest valid/invalid visible/hidden possible/impossible
public/private with/without least/most above/below more/fewer more/less online/offline everyone/nobody first/last faster/slower
increase/decrease larger/smaller start/stop on/off add/remove adds/removes show/hide shows/hides open/close opens/closes all/none
many/few free/paid manually/automatically old/new same/different inside/outside left/right top/bottom upload/download import/export
send/receive lock/unlock connected/disconnected active/inactive safe/unsafe easy/difficult available/unavailable"""
OPPOSITES = [tuple(pair.split("/")) for pair in _opposites.split()]
OPPOSITES += [(second, first) for first, second in OPPOSITES]
_number = re.compile(r"(?<![\w.])\d{1,4}(?![\w.]*\w)")
_counts = "one two three four five six seven eight nine ten twelve twenty thirty"
_number_words = _counts.split()
_number_word = re.compile(rf"\b({'|'.join(_number_words)})\b", re.IGNORECASE)
_content = re.compile(r"[A-Za-z][a-z]{3,}")
_said_everywhere = """this that these those with from have been will would should could must they them their there here what when where which while
your yours into onto over under about after before also only just more most some many much such each every other than then very
does done make made using used uses user users like need needs want wants following example note able same different because"""
_common = frozenset(_said_everywhere.split())


def negated(sentence: str, dice: random.Random) -> str | None:
    """The sentence with the opposite meaning, or None where no rule of ours turns it."""
    ways: list[Callable[[], str]] = []
    for pattern, instead in _negated:
        if pattern.search(sentence):
            ways += [lambda p=pattern, i=instead: p.sub(i, sentence, count=1)] * 3  # type: ignore[misc]
    for word, other in OPPOSITES:
        if re.search(rf"\b{word}\b", sentence):
            ways += [lambda w=word, o=other: re.sub(rf"\b{w}\b", o, sentence, count=1)] * 2  # type: ignore[misc]
    places = list(_negatable.finditer(sentence))
    if places:
        place = dice.choice(places)
        ways.append(lambda: f"{sentence[: place.end()]} not{sentence[place.end() :]}")
    if not ways and re.match(r"[A-Z][a-z]+ (?:the|a|an|your|on)\b", sentence):
        ways.append(lambda: f"Do not {sentence[0].lower()}{sentence[1:]}")
    return dice.choice(ways)() if ways else None


def renumbered(sentence: str, dice: random.Random) -> str | None:
    found = [*_number.finditer(sentence), *_number_word.finditer(sentence)]
    if not found:
        return None
    one = dice.choice(found)
    if one[0].isdigit():
        value = int(one[0])
        other = str(
            dice.choice(
                [
                    v
                    for v in (value + 1, value + 2, value * 2, value + 10, max(0, value - 1), value // 2)
                    if v != value
                ]
            )
        )
    else:
        other = dice.choice([word for word in _number_words if word != one[0].lower()])
    return sentence[: one.start()] + other + sentence[one.end() :]


class Kin:
    """Words of a help center that could stand in each other's place: near in meaning, not the same.

    Nearness is that of the embedding model's vectors of single words: synonyms lie above .8, strangers below .3 (docs/log.md).
    """

    def __init__(self, words: Sequence[str], vectors: object) -> None:
        import numpy as np

        self._at = {word: i for i, word in enumerate(words)}
        self._words = words
        self._vectors = np.asarray(vectors)

    def of(self, word: str, dice: random.Random) -> str | None:
        at = self._at.get(word)
        if at is None:
            return None
        close = self._vectors @ self._vectors[at]
        stem = word[:5]
        kin = [
            self._words[i]
            for i in close.argsort()[::-1][:40]
            if 0.3 <= close[i] <= 0.72 and self._words[i][:5] != stem and self._words[i][-2:] == word[-2:]
        ]
        kin = kin or [
            self._words[i]
            for i in close.argsort()[::-1][:25]
            if 0.3 <= close[i] <= 0.72 and self._words[i][:5] != stem
        ]
        return dice.choice(kin[:12]) if kin else None


def renamed(sentence: str, kin: Kin, dice: random.Random) -> str | None:
    words = [one for one in _content.finditer(sentence) if one[0].lower() not in _common]
    dice.shuffle(words)
    for one in words:
        other = kin.of(one[0].lower(), dice)
        if other:
            other = other.capitalize() if one[0][0].isupper() else other
            return sentence[: one.start()] + other + sentence[one.end() :]
    return None


def turned(sentence: str, dice: random.Random) -> str | None:
    """Two words of the sentence in each other's place: who does what to whom."""
    words = [one for one in _content.finditer(sentence) if one[0].lower() not in _common]
    if len(words) < 4:
        return None
    first, second = sorted(dice.sample(words, 2), key=lambda one: one.start())
    if first[0].lower() == second[0].lower() or second.start() - first.end() < 3:
        return None
    return f"{sentence[: first.start()]}{second[0]}{sentence[first.end() : second.start()]}{first[0]}{sentence[second.end() :]}"


def made(
    articles: Sequence[SourceArticle], embed: Callable[[list[str]], object], most: int, seed: int = 0
) -> list[Example]:
    """At most `most` examples drawn from the articles' passages. `embed`: words -> their vectors (n, d)."""
    dice = random.Random(seed)
    passages = list(_sections(articles))
    words = sorted(
        {one[0].lower() for _, _, text, _ in passages for one in _content.finditer(text)} - _common
    )
    counts: dict[str, int] = {}
    for _, _, text, _ in passages:
        for word in {one[0].lower() for one in _content.finditer(text)}:
            counts[word] = counts.get(word, 0) + 1
    words = [word for word in words if counts[word] >= 4]
    kin = Kin(words, embed(words))
    units = {
        id: [" ".join(unit.text.split()) for unit in Text.cut(text, "en").units]
        for id, _, text, _ in passages
    }
    units = {id: [unit for unit in found if _is_prose(unit)] for id, found in units.items()}
    chosen = [one for one in passages if len(units[one[0]]) >= 2 and 20 <= len(one[2].split()) <= 160]
    dice.shuffle(chosen)
    by_article: dict[str, list[str]] = {}
    for id, article, _, _ in passages:
        by_article.setdefault(article, []).append(id)
    headings = {
        id: heads[-1] for id, _, _, heads in passages if len(heads) > 1 and len(heads[-1].split()) >= 2
    }
    found = []
    for id, article, text, heads in chosen[:most]:
        claims: list[Claim] = []
        lines = dice.sample(units[id], min(4, len(units[id])))
        for line in lines:
            edits = light_edits(line, dice)
            true = dice.choice([line, *edits]) if edits else line
            claims.append(Claim(true, "says", True, "true"))
            ways = [
                ("number", renumbered(true, dice)), ("negation", negated(true, dice)), ("name", renamed(true, kin, dice)),
                ("name", turned(true, dice)),
            ]  # fmt: skip
            some = [(kind, text) for kind, text in ways if text and text != true]
            claims += [
                Claim(text, "says", False, kind) for kind, text in dice.sample(some, min(2, len(some)))
            ]
        siblings = [
            line for other in by_article[article] if other != id for line in units[other] if line not in text
        ]
        others = dice.sample(siblings, min(1, len(siblings)))
        others.append(dice.choice(units[dice.choice(chosen)[0]]))
        claims += [Claim(line, "says", False, "other") for line in others if line not in text]
        heads_shown = heads
        if id in headings:
            heads_shown = heads[:-1]
            claims.append(Claim(headings[id], "answers", True, "question", 0.5))
            near = [
                headings[other]
                for other in by_article[article]
                if other in headings and headings[other] != headings[id]
            ]
            claims += [
                Claim(one, "answers", False, "near", 0.5) for one in dice.sample(near, min(1, len(near)))
            ]
            claims.append(Claim(dice.choice(list(headings.values())), "answers", False, "near", 0.5))
        found.append(Example(id, article, "\n".join(heads_shown), text, tuple(claims)))
    return found


def _sections(articles: Sequence[SourceArticle]) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """(id, article, text, title and headings) of every section that passages of English articles hold."""
    for article in articles:
        if not article.locale.startswith("en"):
            continue
        for passage in split(article.id, article.title, article.body):
            parts = [section_at(passage, one.start) for one in passage.sections] or [passage]
            for number, part in enumerate(parts):
                text = _link.sub(r"\1", part.text)
                yield (
                    f"{article.id}/{passage.ordinal}/{number}",
                    article.id,
                    text,
                    (article.title, *part.headings),
                )


_link = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|<[^>\n]*>")
_small = "the a an to of in is are be and or for with on you your this that it can if not by from as"
_stop = frozenset(_small.split())


def _is_prose(unit: str) -> bool:
    words = unit.split()
    return (
        5 <= len(words) <= 40
        and unit.isascii()
        and unit[0].isupper()
        and unit[-1] in ".!"
        and not re.search(r"[|{}<>\[\]=\\]|::|//", unit)
        and sum(word.lower() in _stop for word in words) >= 2
    )
