"""How a sentence lies on the clauses of passages, as numbers: what they cover of it, and what they say otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from bot.ground.clauses import Clause, Text, telling
from bot.ground.facts import (
    canonical,
    cue_tokens,
    denial,
    is_condition,
    names,
    opposites,
    quantities,
    stands_name,
    without_numbers,
)
from bot.ground.source import Source
from retrieval.lexical import tokens

FEATURES = (
    "cover", "cover_unit", "pairs", "worst_cover", "missing", "denied", "undenied", "opposite", "name_swapped", "number_swapped",
    "number_astray", "replaced", "heading",
)  # fmt: skip
OF_MEANING = ("close", "worst_close")


def features(said: str, piece: Text, sources: Sequence[Source], language: str) -> dict[str, float]:
    """How the sentence lies on the passages, as FEATURES name it; those OF_MEANING too where both have vectors."""
    context = frozenset[str]().union(*(telling(source.context, language) for source in sources))
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
        rest = own - telling(fact, language)
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
        rest = telling(without_numbers(clause.text), language)
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
