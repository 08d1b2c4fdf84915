"""Lays a sentence on a passage word by word, and says where the two disagree.

Each telling word of the sentence is held against each of the passage: the same stem, or near in meaning by the vectors of
the single words. From that: what of the sentence the passage has at all, what stands elsewhere in it than the rest of the
sentence does (a swapped name), which words are said of something that the passage denies (a negation), which opposites
stand in the places of each other. Knows no thresholds: `bot/ground/check.py` has a model fitted on these features.

Cues, opposites and set phrases are those of English; for other languages the cues of negation in `facts.py` are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from bot.ground.facts import NEGATIONS, canonical, in_digits
from retrieval.embedders.base import Vectors
from retrieval.lexical import tokens

Near = Callable[
    [Sequence[str], Sequence[str]], Vectors | None
]  # cosines of single words, (n, m); None without a model

_opposites = """enable/disable enabled/disabled allow/forbid allowed/forbidden allow/refuse allowed/refused accept/refuse
accepted/refused accept/reject accepted/rejected include/exclude included/excluded always/never required/optional
required/voluntary must/optional before/after minimum/maximum earliest/latest valid/invalid visible/hidden possible/impossible
public/private with/without least/most above/below over/under more/fewer more/less online/offline everybody/nobody
everyone/nobody anybody/nobody anyone/nobody everything/nothing all/none every/no both/neither either/neither first/last
faster/slower bigger/smaller larger/smaller largest/smallest increase/decrease raise/lower higher/lower highest/lowest rise/fall
start/stop begin/end open/close open/closed opens/closes on/off add/remove added/removed install/uninstall keep/lose kept/lost
keep/delete kept/deleted stay/change stays/changes same/different same/new known/unknown encrypted/unencrypted
available/unavailable used/unused free/paid cheap/dear cheaper/dearer cheaper/expensive early/late earlier/later up/down in/out
inside/outside within/outside upload/download send/receive sender/recipient buy/sell show/hide shown/hidden lock/unlock
locked/unlocked block/unblock blocked/unblocked read/write connect/disconnect connected/disconnected activate/deactivate
active/inactive paused/running success/failure succeed/fail succeeds/fails oldest/newest old/new older/newer internal/external
front/rear front/back left/right top/bottom outermost/innermost weaker/stronger weak/strong ascending/descending
single/several once/repeatedly manual/automatic manually/automatically automatic/hand refused/honoured ignored/honoured
ignore/honour refunded/charged direct/indirect permitted/forbidden permitted/prohibited prohibited/allowed banned/allowed
mandatory/optional mandatory/voluntary compulsory/optional obligatory/optional needed/unnecessary necessary/unnecessary
masked/unmasked full/empty together/apart together/separately full/partial whole/part day/night weekday/weekend
weekdays/weekends summer/winter buyer/seller yes/no true/false right/wrong correct/wrong correct/incorrect clean/dirty
safe/unsafe temporary/permanent temporarily/permanently forget/remember forgotten/remembered forgotten/kept continue/stop
continues/stops resume/pause approve/reject approved/rejected local/remote lower/upper separate/shared immediate/delayed
immediately/later least-of/most-of also/only only/every only/any only/all"""
_OPPOSITES: dict[str, set[str]] = {}
for _pair in _opposites.split():
    _left, _right = _pair.split("/")
    _OPPOSITES.setdefault(_left, set()).add(_right)
    _OPPOSITES.setdefault(_right, set()).add(_left)

_DENIES = {language: frozenset(words.split()) for language, words in NEGATIONS.items()}
_DENIES["en"] |= {"unless", "impossible"}
# what is said in set phrases, as one word: "no more than three" does not deny
_phrases = [
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"\b(?:no|not) (?:more|longer|later|bigger|larger|higher) than\b", "most-of"),
        (r"\b(?:no|not) (?:less|fewer|earlier|smaller|lower) than\b", "least-of"),
        (r"\bat most\b|\bup to\b|\bmaximum of\b|\bas (?:long|much|many) as\b", "most-of"),
        (r"\bat least\b|\bminimum of\b", "least-of"),
        (r"\bnot only\b|\bor not\b", " "),
        (r"\b(?:nobody|nothing|none|no one) (?:but|except|other than)\b", "only"),
        (
            r"\b(?:do|does|did)(?:n't| not) (?:have|need) to\b|\bneedn't\b|\bneed not\b|\bno need to\b"
            r"|\b(?:is|are)(?:n't| not) (?:required|needed|necessary)\b",
            "optional",
        ),
        (r"\b(?:as well|too|either)\b(?=[.,;:)]|$)", "also"),
        (r"\b(?:only|just|solely|exclusively|nothing else)\b", "only"),
        (r"\bno longer\b", "not"),
        (r"\bno matter\b|\bregardless of\b", "whatever"),
        (
            r"\bno (?:charge|cost)\b|\bcosts? nothing\b|\bpays? nothing\b|\bfree of charge\b"
            r"|\bdo(?:es)?(?:n't| not) (?:cost|pay) anything\b|\bat no (?:cost|charge)\b",
            "free",
        ),
        (r"\b(?:on the one hand|on the other hand|for instance|for example)\b", " "),
    )
]
_word = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|%")
_clause_end = re.compile(
    r"[;:|()]\s*|,\s+|\s+(?=(?:and|or|but|because|since|so|if|unless|when|while|as|which|that|then|before|after|except|otherwise"
    r"|whereas|until|nor)\s)|\s[–—]\s"
)
_small = """a an the of to in on at by for from with and or but if when while as that which who whom whose this these those it its
is are was were be been being am do does did done have has had having will would shall should can could may might must need needs
you your yours we our ours us i my me mine they them their theirs he she his her him there here so then than too also just only
very not no nor yes into onto about over under up down out off again any some such each every all both more most other own same
s t let's you'll you're you've we'll we've they're it's that's there's what where how why even still get gets got getting make
makes made take takes took put puts set go goes use used using want wants like one ones thing things way well per via please note
sure able most-of least-of optional whatever"""
_SMALL = frozenset(_small.split())
_SAME = 0.85  # cosine of single words from which on they are taken for the same; below LIKE they are taken for strangers
_LIKE = 0.45


@dataclass(frozen=True)
class Laid:
    """One text's telling words, with the place of each: its unit, its clause, and whether the clause denies."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    unit: Any  # int array (n,): of each word
    clause: Any  # numbered through the whole text
    denies: Any  # of each clause, 0 or 1
    clause_unit: Any  # of each clause
    said: tuple[frozenset[str], ...]  # all words of each unit, small ones too
    clause_said: tuple[frozenset[str], ...]

    @classmethod
    def out(cls, units: Sequence[str], language: str) -> Laid:
        words: list[str] = []
        stems: list[str] = []
        said: list[frozenset[str]] = []
        clause_said: list[frozenset[str]] = []
        unit: list[int] = []
        clause: list[int] = []
        denies: list[int] = []
        clause_unit: list[int] = []
        for number, text in enumerate(units):
            before, all_of = False, set[str]()
            for piece in _clauses(_plain(text, language), language):
                spoken = tuple(word.lower() for word in _word.findall(piece))
                cues = _DENIES.get(language, _DENIES["en"])
                no = sum(word in cues or word.endswith("n't") for word in spoken) % 2
                if before and spoken and spoken[0] in ("or", "nor"):
                    no = 1
                before = bool(no)
                for word in spoken:
                    for stem in _stems(word, language):
                        words.append(word)
                        stems.append(stem)
                        unit.append(number)
                        clause.append(len(denies))
                denies.append(no)
                clause_unit.append(number)
                clause_said.append(frozenset(spoken))
                all_of |= set(spoken)
            said.append(frozenset(all_of))
        return cls(
            tuple(words), tuple(stems), np.array(unit, int), np.array(clause, int), np.array(denies, int),
            np.array(clause_unit, int), tuple(said), tuple(clause_said),
        )  # fmt: skip


@lru_cache(maxsize=8192)
def _plain(text: str, language: str) -> str:
    text = canonical(text.replace("’", "'"))
    if language == "en":
        text = in_digits(text)
        for pattern, word in _phrases:
            text = pattern.sub(word, text)
    return text


@lru_cache(maxsize=20000)
def _stems(word: str, language: str) -> tuple[str, ...]:
    """None for a word that tells nothing; several where a script has no spaces."""
    if language == "en" and (word in _SMALL or word in _DENIES["en"] or word.endswith("n't")):
        return ()
    if word in _DENIES.get(language, ()):
        return ()
    found = tuple(tokens(word, language, wholes=False))
    if language == "en":
        return found[:1] or (word,)
    return found


def _clauses(text: str, language: str) -> list[str]:
    cuts = [0, *(found.end() for found in _clause_end.finditer(text)), len(text)]
    pieces: list[str] = []
    for left, right in pairwise(cuts):
        piece = text[left:right]
        if not piece.strip():
            continue
        if pieces and not (_tells(piece, language) and _tells(pieces[-1], language)):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _tells(piece: str, language: str) -> bool:
    return any(_stems(word.lower(), language) for word in _word.findall(piece))


FEATURES = (
    "has", "has_least", "has_second", "lacks", "lacks_share", "unit_has", "clause_has_least", "clause_has", "there_least",
    "there_second", "there", "there_lacks", "elsewhere", "swapped_unit", "swapped_clause", "together", "together_least",
    "together_unit", "together_unit_least", "turned", "denied_clause", "denied_word", "odd", "odd_there", "more_denials",
    "antonym", "antonym_clause", "odd_clause", "only_new", "only_lost", "also_where_not", "all_where_not", "optional_new",
    "optional_lost", "other_side", "verbatim", "verbatim_least", "exchanged", "put_in", "verbatim_denied",
)  # fmt: skip


def features(sentence: Laid, passage: Laid, context: Laid, near: Near) -> dict[str, float]:
    """As FEATURES names them, all 0 or more. `context`: titles and headings. `near`: cosines of single words."""
    n, units, clauses = len(sentence.words), len(passage.said), len(passage.denies)
    if not n or not len(passage.words):
        return dict.fromkeys(FEATURES, 0.0)
    raw = _alike(sentence, passage, near)
    same = _soft(raw)
    in_unit, in_clause = np.zeros((n, units)), np.zeros((n, clauses))
    for k in range(len(passage.words)):
        np.maximum(in_unit[:, passage.unit[k]], same[:, k], out=in_unit[:, passage.unit[k]])
        np.maximum(in_clause[:, passage.clause[k]], same[:, k], out=in_clause[:, passage.clause[k]])
    titled = _soft(_alike(sentence, context, near)).max(axis=1) if len(context.words) else np.zeros(n)
    cover = np.maximum(in_unit, 0.7 * titled[:, None]).mean(axis=0)
    cover_of_clauses = cover[passage.clause_unit]
    best = int(cover.argmax())
    groups = [np.flatnonzero(sentence.clause == c) for c in range(len(sentence.denies))]
    groups = [group for group in groups if len(group)]
    signs = [int(sentence.denies[sentence.clause[group[0]]]) for group in groups]
    told = _had(in_unit, titled, groups, cover)
    told |= _swapped(in_unit, in_clause, titled, cover_of_clauses, groups)
    told |= _together(in_unit, in_clause, titled, told.pop("_whole"), groups)
    pairs = [
        (i, int(raw[i][passage.unit == best].argmax()))
        for i in range(n)
        if (passage.unit == best).any() and in_unit[i, best] >= 0.85
    ]
    told["turned"] = sum(a[1] > b[1] for a, b in pairwise(pairs)) / max(1, len(pairs) - 1)
    told |= _denied(sentence, passage, in_unit, in_clause, titled, cover, groups, signs)
    told |= _quantified(sentence, passage, best)
    told |= _verbatim(sentence, passage, raw, in_clause, cover_of_clauses, groups, signs)
    return {name: float(told[name]) for name in FEATURES}


def _alike(one: Laid, other: Laid, near: Near) -> Vectors:
    """(n, m): 1 for the same stem, .9 for the same beginning, else the cosine of the words."""
    cosines = near(one.words, other.words)
    if cosines is None:
        cosines = np.zeros((len(one.words), len(other.words)), np.float32)
    cosines = cosines.copy()
    for i, (word, stem) in enumerate(zip(one.words, one.stems, strict=True)):
        for j, (theirs, their_stem) in enumerate(zip(other.words, other.stems, strict=True)):
            if stem == their_stem or word == theirs:
                cosines[i, j] = 1.0
            elif word.isdigit() or theirs.isdigit():
                cosines[i, j] = 0.0
            elif len(word) > 4 and word[:5] == theirs[:5]:
                cosines[i, j] = 0.9
    return cosines


def _soft(cosines: Any) -> Any:
    grown = 0.2 + 0.8 * (cosines - _LIKE) / (_SAME - _LIKE)
    return np.where(cosines < _LIKE, 0.0, np.minimum(grown, 1.0))


def _had(in_unit: Any, titled: Any, groups: Sequence[Any], cover: Any) -> dict[str, Any]:
    """What of the sentence the passage has: anywhere (`has`), in one unit, and there where each clause lies best."""
    whole = np.maximum(in_unit.max(axis=1), 0.9 * titled)
    there, clause_has = np.zeros(len(whole)), []
    for group in groups:
        at = int(
            (np.maximum(in_unit[group], 0.7 * titled[group][:, None]).mean(axis=0) + 0.3 * cover).argmax()
        )
        there[group] = np.maximum(in_unit[group, at], 0.8 * titled[group])
        clause_has.append(there[group].mean())
    order, near = np.sort(whole), np.sort(there)
    second = min(1, len(order) - 1)
    return {
        "_whole": whole,
        "has": whole.mean(),
        "has_least": order[0],
        "has_second": order[second],
        "lacks": (whole < 0.5).sum(),
        "lacks_share": (whole < 0.5).mean(),
        "unit_has": cover.max(),
        "clause_has_least": min(clause_has),
        "clause_has": np.mean(clause_has),
        "there_least": near[0],
        "there_second": near[second],
        "there": there.mean(),
        "there_lacks": (there < 0.5).sum(),
        "elsewhere": ((there < 0.5) & (whole >= 0.85)).sum(),
    }


def _swapped(
    in_unit: Any, in_clause: Any, titled: Any, cover: Any, groups: Sequence[Any]
) -> dict[str, float]:
    """By how much the rest of the sentence (of the clause) lies better where one of its words is missing than where it is."""
    unit = clause = 0.0
    everything = np.arange(len(titled))
    for word in everything:
        has = in_unit[word] >= 0.6
        rest = everything != word
        if rest.any() and has.any() and not has.all() and titled[word] < 0.9:
            lies = np.maximum(in_unit[rest], 0.5 * titled[rest][:, None]).mean(axis=0)
            unit = max(unit, lies[~has].max() - lies[has].max())
    for group in groups:
        for word in group if len(group) > 1 else ():
            has = in_clause[word] >= 0.6
            if has.any() and not has.all():
                lies = in_clause[group[group != word]].mean(axis=0) + 0.15 * cover
                clause = max(clause, lies[~has].max() - lies[has].max())
    return {"swapped_unit": unit, "swapped_clause": clause}


def _together(
    in_unit: Any, in_clause: Any, titled: Any, whole: Any, groups: Sequence[Any]
) -> dict[str, float]:
    """Whether neighbouring words of the sentence stand in one clause, and in one unit, of the passage."""
    clause, unit = [], []
    wide = np.maximum(in_unit, 0.8 * titled[:, None])
    for group in groups:
        for one, two in pairwise(group):
            if whole[one] >= 0.6 and whole[two] >= 0.6:
                clause.append(np.minimum(in_clause[one], in_clause[two]).max())
                unit.append(np.minimum(wide[one], wide[two]).max())
    return {
        "together": np.mean(clause) if clause else 1.0,
        "together_least": min(clause, default=1.0),
        "together_unit": np.mean(unit) if unit else 1.0,
        "together_unit_least": min(unit, default=1.0),
    }


def _denied(
    sentence: Laid, passage: Laid, in_unit: Any, in_clause: Any, titled: Any, cover: Any, groups: Sequence[Any], signs: Sequence[int]
) -> dict[str, float]:  # fmt: skip
    """Clauses and words that lie better on what says the opposite than on what says the same."""
    best = int(cover.argmax())
    clause = word = antonym_clause = odd_clause = 0.0
    their = passage.denies
    wide = cover[passage.clause_unit]
    for group, sign in zip(groups, signs, strict=True):
        lies = 0.7 * in_clause[group].mean(axis=0) + 0.3 * wide
        agree = their == sign
        if (~agree).any():
            at = int(np.where(agree, -1.0, lies).argmax())
            shared = in_clause[group][:, at].mean()
            clause = max(clause, (lies[at] - lies[agree].max(initial=0.0)) * shared)
        at = int(lies.argmax())
        turned = _antonyms(sentence.clause_said[sentence.clause[group[0]]], passage.clause_said[at])
        antonym_clause = max(antonym_clause, turned * lies[at])
        odd_clause = max(
            odd_clause, ((turned + sign + int(their[at])) % 2) * lies[at] * in_clause[group][:, at].mean()
        )
    everything = np.arange(len(titled))
    for one in everything:
        has = in_clause[one] >= 0.85
        if not has.any():
            continue
        rest = everything != one
        lies = (
            np.maximum(in_unit[rest], 0.5 * titled[rest][:, None]).mean(axis=0)
            if rest.any()
            else np.ones(len(cover))
        )
        agree = their == sentence.denies[sentence.clause[one]]
        lies = lies[passage.clause_unit]
        word = max(word, lies[has & ~agree].max(initial=0.0) - lies[has & agree].max(initial=0.0))
    mine, theirs = int(sentence.denies.sum()), int(their[passage.clause_unit == best].sum())
    odd = float((mine - theirs) % 2)
    all_said = frozenset[str]().union(*sentence.said)
    antonym = max(
        (
            _antonyms(all_said, said) * cover[unit] ** 2 * (1.0 if unit == best else 0.5)
            for unit, said in enumerate(passage.said)
            if cover[unit] >= 0.35
        ),
        default=0.0,
    )
    return {
        "denied_clause": clause,
        "denied_word": word,
        "odd": odd,
        "odd_there": odd * cover[best],
        "more_denials": float(abs(mine - theirs)),
        "antonym": antonym,
        "antonym_clause": antonym_clause,
        "odd_clause": odd_clause,
    }


def _verbatim(
    sentence: Laid, passage: Laid, raw: Any, in_clause: Any, cover: Any, groups: Sequence[Any], signs: Sequence[int]
) -> dict[str, float]:  # fmt: skip
    """Where a clause nearly repeats one of the passage: how much of it stands there word for word in order, and what stands
    in the place of other words (`exchanged`), between them (`put_in`), or turned into its denial."""
    shares, exchanged, put_in, denied = [], 0.0, 0.0, 0.0
    for group, sign in zip(groups, signs, strict=True):
        mine = [sentence.stems[i] for i in group]
        lies = in_clause[group].mean(axis=0) + 0.15 * cover
        best, told = 0.0, (0.0, 0.0, 0.0)
        for at in np.argsort(-lies)[:3]:
            places = np.flatnonzero(passage.clause == at)
            matcher = SequenceMatcher(None, mine, [passage.stems[j] for j in places], autojunk=False)
            steps = matcher.get_opcodes()
            same = sum(end - begin for kind, begin, end, _, _ in steps if kind == "equal") / len(mine)
            if same <= best:
                continue
            swap = new = 0.0
            for kind, begin, end, left, right in steps:
                words = group[begin:end]
                if kind == "replace" and len(words) <= 2:
                    swap = max(swap, *(1 - raw[word][places[left:right]].max() for word in words))
                elif kind in ("delete", "replace") and len(words):
                    new = max(new, *(1 - raw[word].max() for word in words))
            best, told = same, (same * swap, same * new, same * (int(passage.denies[at]) != sign))
        shares.append(best)
        exchanged, put_in, denied = max(exchanged, told[0]), max(put_in, told[1]), max(denied, told[2])
    return {
        "verbatim": float(np.mean(shares)),
        "verbatim_least": min(shares),
        "exchanged": exchanged,
        "put_in": put_in,
        "verbatim_denied": denied,
    }


def _antonyms(one: frozenset[str], other: frozenset[str]) -> int:
    """How many words of the one have their opposite in the other, and not themselves."""
    return sum(
        opposed(word, theirs)
        for word in one - other
        for theirs in other - one
        if word[:1].isalpha() and theirs
    )


@lru_cache(maxsize=100_000)
def opposed(word: str, other: str) -> bool:
    return other in _OPPOSITES.get(word, ()) or any(
        prefix + word == other or prefix + other == word for prefix in ("un", "in", "dis")
    )


def _quantified(sentence: Laid, passage: Laid, best: int) -> dict[str, float]:
    """Only, also, all, optional, before and after, in the sentence and in the unit that it lies on best."""
    mine, theirs = frozenset[str]().union(*sentence.said), passage.said[best]
    narrow = bool(theirs & {"only", "unless", "except"}) or bool(
        passage.denies[passage.clause_unit == best].any()
    )
    wide = {"all", "every", "each", "any", "always", "everybody", "everyone", "everything"}
    return {
        "only_new": float("only" in mine and not narrow),
        "only_lost": float("only" in theirs and "only" not in mine and not sentence.denies.any()),
        "also_where_not": float(bool(mine & {"also", "even"}) and narrow),
        "all_where_not": float(bool(mine & wide) and not theirs & wide and narrow),
        "optional_new": float("optional" in mine and "optional" not in theirs),
        "optional_lost": float("optional" in theirs and "optional" not in mine),
        "other_side": float(
            any(
                one in mine and one not in theirs and two in theirs and two not in mine for one, two in _SIDES
            )
        ),
    }


_SIDES = (("before", "after"), ("after", "before"))
