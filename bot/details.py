"""Tells a message that asks from one that only adds to what was asked: a number, a name, when it was, what was tried.

Pure, over text; knows nothing of conversations.
"""

from __future__ import annotations

import re

from escalation.facts import READ_AT_MOST, pieces_of
from retrieval.tokenizing import is_stop_word

ADDS = frozenset({"reference", "email", "phone", "address", "url", "account", "name", "date", "amount", "tried", "version"})  # fmt: skip
# numbers of what only somebody who can look it up can tell of
OF_A_CASE = frozenset({"Order number", "Ticket", "Invoice", "Booking", "Tracking number", "Customer number", "Contract number", "Payment reference", "Reference"})  # fmt: skip
NAMED_BY = 3  # words in front of a number that say what it is: "my order number is"
MOSTLY = 0.6  # of the words that say something

_word = re.compile(r"[^\W_]+(?:['’./@:-][^\W_]+)*")
_clause = re.compile(r"[,;.!?\n]\s")
_yes_or_no = re.compile(
    r"\s*(?:yes|yeah|yep|no|nope|sure|ok(?:ay)?|ja|nein|s[ií]|oui|non|claro|genau)\b\s*[,.!–-]", re.IGNORECASE
)
# a wish, a question or a trouble: whoever says one asks
_asks = re.compile(
    r"[?¿？؟]|\b(?:how|why|what|when|where|which|can(?:'?t|not)?|could|want|would like|i(?:'d| would) like|help|"
    r"not|wo ?n['’]?t|does ?n['’]?t|did ?n['’]?t|do ?n['’]?t|is ?n['’]?t|was ?n['’]?t|has ?n['’]?t|have ?n['’]?t|never|nobody|nothing|without|"
    r"wrong|late|lost|missing|broken|damaged|stuck|crash\w*|fail\w*|declined|cancel\w*|refund|return|money back|stopped|leak\w*|overcharged|charged|twice|again|"
    r"wie|wann|warum|wo|kann|können|möchten?|will|brauchen?|nicht|keine?[nrm]?|falsch\w*|fehlt|kaputt|verloren|defekt|zu spät|"
    r"cómo|cuándo|dónde|puedo|pueden|quiero|quisiera|necesito|nadie|nunca|falta|roto|"
    r"comment|quand|puis-je|pouvez|veux|voudrais|besoin|pas|jamais|manque|cassé|come|quando|posso|vorrei|voglio|non|manca|rotto)\b",
    re.IGNORECASE,
)


def only_details(text: str) -> bool:
    """Whether it asks for nothing: most of what it says are facts about what was asked before."""
    text = text[:READ_AT_MOST]
    pieces = pieces_of(text)
    if any(piece.kind == "error" for piece in pieces):
        return False
    covered = bytearray(len(text))
    for piece in pieces:
        if piece.kind in ADDS:
            start = (
                piece.start if piece.kind in {"tried", "date", "amount"} else _said_from(text, piece.start)
            )
            covered[start : piece.end] = b"\1" * (piece.end - start)
    rest = "".join(" " if hidden else character for character, hidden in zip(text, covered, strict=True))
    if _asks.search(rest):
        return False
    if _yes_or_no.match(text):
        return True
    words = [word for word in _word.finditer(text) if not is_stop_word(word[0].lower(), "en")]
    told = sum(covered[word.start()] for word in words)
    return bool(words) and told >= MOSTLY * len(words)


def of_a_case(text: str) -> bool:
    """Whether it names an order, an invoice, a ticket or the like by its number."""
    return any(
        piece.kind == "reference" and piece.label in OF_A_CASE for piece in pieces_of(text[:READ_AT_MOST])
    )


def _said_from(text: str, start: int) -> int:
    """Where what leads up to a number begins: at most so many words, none of the clause before."""
    begin = max((end.end() for end in _clause.finditer(text, 0, start)), default=0)
    before = list(_word.finditer(text, begin, start))[-NAMED_BY:]
    return before[0].start() if before else start
