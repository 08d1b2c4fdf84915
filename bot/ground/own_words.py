"""What the passages say in their own words where a model's sentence cannot be shown as it is written.

A sentence in doubt is not lost: the passage's sentence that is nearest to it says the same where it was true, and what is
right where it was not. Knows matches, not from which on one is taken (`bot/ground/check.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ground.clauses import Text, telling
from bot.ground.facts import denial, quantities
from bot.ground.source import Source
from retrieval.planted import planted

WORDS = 0.5  # weight of the shared words beside the cosine
ALIKE = 0.1  # match by which a second sentence is behind at most that is told, too
REPEATED = 0.8  # share of its telling words from which on a sentence only repeats another
SHARED = 0.5  # share of a sentence's telling words that must be there in languages other than READ
READ = frozenset({"en"})  # the embedder's own
ADDS = 0.25  # share of a sentence's telling words that only the passage's next sentence has: it is told, too


@dataclass(frozen=True)
class OwnWords:
    """Markdown from passage `number` (from 1) that may stand alone. `match`: the cosine of its nearest sentence to the one in
    doubt, and WORDS times the share of that one's telling words in it; without vectors the share of its own words in that one
    stands for the cosine."""

    text: str
    number: int
    match: float


def nearest(piece: Text, sources: Sequence[Source], numbers: Sequence[int]) -> OwnWords | None:
    """The best match among the sentences of these passages; None where none may stand alone."""
    own = frozenset[str]().union(*(unit.tokens for unit in piece.units))
    best: OwnWords | None = None
    for number in numbers if own else ():
        cut, shown = sources[number - 1].cut, sources[number - 1].alone
        matches = {at: _match(own, piece, cut, at) for at, text in enumerate(shown) if text}
        if matches and (best is None or max(matches.values()) > best.match):
            best = OwnWords(_told(own, cut, shown, matches), number, max(matches.values()))
    return None if best is None or planted(best.text) else best


def _match(own: frozenset[str], piece: Text, cut: Text, at: int) -> float:
    there = cut.units[at].tokens
    both = len(own & there)
    if piece.language not in READ and both < SHARED * len(own):
        return 0.0
    if piece.unit_vectors is None or cut.unit_vectors is None:
        return WORDS * both / len(own) + both / max(1, len(there))
    return WORDS * both / len(own) + float((piece.unit_vectors @ cut.unit_vectors[at]).mean())


def _told(own: frozenset[str], cut: Text, shown: Sequence[str], matches: dict[int, float]) -> str:
    """The nearest sentence; with one beside it that has much of what it lacks, or else with another that is as near."""
    first, *others = sorted(matches, key=lambda at: (-matches[at], at))
    missing = own - cut.units[first].tokens
    beside = [at for at in others if abs(at - first) == 1]
    second = max(beside, key=lambda at: len(missing & cut.units[at].tokens), default=None)
    if second is None or len(missing & cut.units[second].tokens) < ADDS * len(own):
        second = others[0] if others and matches[first] - matches[others[0]] < ALIKE else None
    if second is None:
        return shown[first]
    one, two = (shown[at] for at in sorted((first, second)))
    return two if two == one or two.startswith(f"{one} ") else f"{one} {two}"


def repeats(text: str, other: str, language: str) -> bool:
    """Whether a sentence says no more than another: nearly all of its telling words, the same numbers, and denied alike."""
    new, told = telling(text, language), telling(other, language)
    return (
        bool(new)
        and len(new & told) >= REPEATED * len(new)
        and {number for number, _ in quantities(text, language)}
        <= {number for number, _ in quantities(other, language)}
        and denial(text, language)[0] == denial(other, language)[0]
    )
