"""Masks personal data before it leaves, and puts it back where its owner reads it.

Knows text only: not who wrote it, nor where it goes. What is personal data is the business of `personal_data`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from help_center.personal_data import CARD, EMAIL, IBAN, KEY, KINDS, PASSWORD, PHONE, finds, plain_digit

NEVER_KEPT = frozenset({CARD, KEY, PASSWORD})  # not even in the database
NOT_FOR_AGENTS = NEVER_KEPT | {IBAN}
REMEMBERED = 4096  # texts that agents read again and again
LONGEST_REMEMBERED = 4000  # characters: longer ones are looked through each time
ROUNDS = 8  # what was taken out may have hidden something beside it; the second look finds it, the third hardly anything


@dataclass(frozen=True)
class Masked:
    """`found`: placeholder -> what its owner may be shown for it: the e-mail address or phone number itself, of a card
    or an account its last four characters."""

    text: str
    found: Mapping[str, str] = field(default_factory=dict)


def mask(text: str, found: Mapping[str, str] | None = None) -> Masked:
    """The text with every find replaced: `[email 1]`, `[card 1]`, ..., `[key]`, `[password]`.

    `found`: from what was masked before in the same prompt; the same address keeps its placeholder.
    """
    known = dict(found or {})
    names = {(_kind_of(name), _same(shown)): name for name, shown in known.items()}
    taken = set(_placeholder.findall(text)) | set(known)
    count = Counter(_kind_of(name) for name in taken)

    def replaced(kind: str, value: str) -> str:
        if kind in {KEY, PASSWORD}:
            return f"[{kind}]"
        shown = value if kind in {EMAIL, PHONE} else _shortened(kind, value)
        if (kind, _same(shown)) not in names:
            while (name := f"[{kind} {count[kind] + 1}]") in taken:
                count[kind] += 1
            taken.add(name)
            names[kind, _same(shown)] = name
            known[name] = shown
        return names[kind, _same(shown)]

    return Masked(_replace(text, KINDS, replaced, short_forms=True), known)


def restore(text: str, found: Mapping[str, str]) -> str:
    """The text with each placeholder as its owner may see it; a placeholder of nobody stays."""
    by_name = {name.lower(): shown for name, shown in found.items()}
    return _placeholder.sub(lambda name: by_name.get(name[0].lower(), name[0]), text)


def without_placeholders(text: str) -> str:
    """The text without the words and numbers of placeholders: they say nothing that could be true or false."""
    return _placeholder.sub("", text)


def hide(text: str, kinds: Iterable[str] = NEVER_KEPT) -> str:
    """The text as it may be kept or shown to others: `•••• 4242`, `GB •••• 5819`, `[key]`, `[password]`; e-mail addresses
    and phone numbers, where they are among `kinds`, as `[email]` and `[phone]`."""
    return _replace(text, tuple(kind for kind in KINDS if kind in set(kinds)), _shortened)


def stored_for_agents(text: str) -> str:
    """What was stored (what is never kept is out of it already) as agents may see it. Remembered: a conversation is
    opened many times."""
    return _for_agents(text) if len(text) <= LONGEST_REMEMBERED else hide(text, NOT_FOR_AGENTS)


@lru_cache(maxsize=REMEMBERED)
def _for_agents(text: str) -> str:
    return hide(text, NOT_FOR_AGENTS)


def _replace(
    text: str, kinds: tuple[str, ...], replaced: Callable[[str, str], str], *, short_forms: bool = False
) -> str:
    for _ in range(ROUNDS):
        if short_forms:
            text = _short.sub(lambda short: replaced(IBAN if short["country"] else CARD, short[0]), text)
        pieces, at = [], 0
        for one in finds(text, kinds):
            pieces += [text[at : one.start], replaced(one.kind, text[one.start : one.end])]
            at = one.end
        if not pieces:
            break
        text = "".join(pieces) + text[at:]
    return text


_placeholder = re.compile(r"\[(?:email|phone|card|iban) \d{1,6}\]", re.IGNORECASE)
_short = re.compile(r"(?:(?P<country>[A-Z]{2}) )?•••• [\dA-Z]{4}")


def _kind_of(placeholder: str) -> str:
    return placeholder.strip("[]").partition(" ")[0].lower()


def _same(value: str) -> str:
    """Two ways of writing one address or number are the same."""
    return value.lower() if "@" in value or "•" in value else re.sub(r"[^\d+]", "", value)


def _shortened(kind: str, value: str) -> str:
    if "•" in value:
        return value
    plain = "".join(plain_digit(character) for character in value if character.isalnum())
    match kind:
        case "card":
            return f"•••• {plain[-4:]}"
        case "iban":
            return f"{plain[:2].upper()} •••• {plain[-4:].upper()}"
    return f"[{kind}]"
