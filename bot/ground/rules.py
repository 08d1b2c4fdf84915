"""What a sentence must have as its passage has it, whatever the rest is like: quantities, and steps in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bot.ground.clauses import Text
from bot.ground.facts import quantities, said_otherwise

_then = re.compile(r"\b(?:then|finally|afterwards|after that|next|last(?:ly)?|at last)\b", re.IGNORECASE)
_before = re.compile(r"\bbefore\b", re.IGNORECASE)
_after = re.compile(r"\bafter\b(?! that)", re.IGNORECASE)


def other_quantity(said: str, text: str, language: str) -> bool:
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


def nearest_step(said: frozenset[str], text: Text) -> tuple[int, int] | None:
    """(list, place) of the numbered item that shares most words with `said`, at least half of them."""
    best, found = 0.5, None
    for unit, place in text.steps.items():
        share = len(said & text.units[unit].tokens) / (len(said) or 1)
        if share > best:
            best, found = share, (text.lists[unit], place)
    return found


def out_of_order(piece: Text, texts: Sequence[Text]) -> bool:
    """Steps told as first, then, before, after in another order than that of the passage's list."""
    for unit in piece.units:
        clauses = [clause for clause in piece.clauses if clause.at == unit.at]
        if len(clauses) < 2:
            continue
        for text in texts:
            places = [nearest_step(clause.tokens, text) for clause in clauses]
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
