"""Understands what a customer wrote: the question to search for, what it follows up on, and their wishes.

Knows words and the conversation so far; searches nothing and decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.small_talk import chat_kind
from bot.topics import is_abuse, is_sensitive
from bot.wishes import wants_human

SAME_QUESTION = 88  # of 100: rapidfuzz's token_sort_ratio from which two questions are the same one
CHOSEN_FROM = 80  # of 100: rapidfuzz's token_set_ratio from which an answer names a title
LONGEST_QUERY = 2000  # characters that are searched for; the model's window is shorter still
CONTEXT_MESSAGES = 3

_first = re.compile(r"(?:the |number |option )?(?:first|1st|1|one|former)(?: one)?[.!)]*")
_second = re.compile(r"(?:the |number |option )?(?:second|2nd|2|two|latter|last|other)(?: one)?[.!)]*")
_greeting = re.compile(
    r"^\s*(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|dear (?:team|support|all)|greetings)"
    r"(?: (?:there|all|team|everyone|guys|support))?\s*[,!.\-–:]+\s*)+",
    re.IGNORECASE,
)
_thanks = r"(?:many )?thanks(?: (?:in advance|a lot|so much))?|thank you(?: (?:in advance|very much|so much))?|cheers"
# "thanks" at the very end, or with a name behind it in a sentence of its own: "a thanks card" and "with regards to" stay
_sign_off = re.compile(
    rf"(?:(?:^|(?<=\s))(?:{_thanks})|(?:^|[.!?,;\n]\s*|\s+[–-]+\s*)(?:{_thanks}|(?:kind |best )?regards|best wishes)"
    r"\s*[,!.]*(?:\s+\w+){0,2})\s*[.!]*\s*$",
    re.IGNORECASE,
)
# a turn that cannot stand alone points back, continues, or is very short
_points_back = re.compile(
    r"^(?:and|but|so|or|also|then|what about|how about|why not|why\?|which one|what if)\b"
    r"|\b(?:it|its|that|this|those|these|them|they|one|ones|there|he|she|the same|the first|the second|instead)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """One earlier message as the turn sees it. `role`: customer, assistant or agent."""

    role: str
    text: str


@dataclass(frozen=True)
class Question:
    """What the customer wrote, understood. `context` is set where the turn follows up on what was said before."""

    text: str
    query: str
    context: str | None = None
    wants_human: bool = False
    small_talk: str | None = None
    sensitive: bool = False
    abuse: bool = False
    times_asked: int = 1
    chosen: str | None = None  # the title that was chosen of those a question back named


def understand(text: str, history: tuple[Said, ...] = (), choices: tuple[str, ...] = ()) -> Question:
    """`text`: what was written in one breath (several messages joined by line breaks); `history`: oldest first;
    `choices`: the titles that the turn before asked back about."""
    chosen = choice(text, choices)
    if chosen is not None:
        before = [said.text for said in history if said.role == "customer"]
        return Question(
            text=text, query=f"{before[-1] if before else ''} {chosen}".strip()[:LONGEST_QUERY], chosen=chosen
        )
    query = (
        _sign_off.sub(_end, _greeting.sub("", text)).strip()[:LONGEST_QUERY] or text.strip()[:LONGEST_QUERY]
    )
    earlier = [said.text for said in history if said.role == "customer"]
    return Question(
        text=text,
        query=query,
        context=_context(query, history),
        wants_human=wants_human(text),
        small_talk=chat_kind(text),
        sensitive=is_sensitive(text),
        abuse=is_abuse(text),
        times_asked=1 + sum(same_question(query, other) for other in earlier),
    )


def _end(found: re.Match[str]) -> str:
    """The mark that ended the question stays."""
    return found[0][0] if found[0][0] in ".!?" else ""


def choice(text: str, choices: tuple[str, ...]) -> str | None:
    """Which of two titles an answer to a question back means: by its place, or by its words."""
    if not choices:
        return None
    plain = text.strip().lower()
    for title, place in zip(choices, (_first, _second), strict=False):
        if place.fullmatch(plain):
            return title
    if len(plain) < 3:
        return None
    scores = [fuzz.token_set_ratio(plain, title.lower()) for title in choices]
    best = max(range(len(choices)), key=scores.__getitem__)
    rest = max((score for i, score in enumerate(scores) if i != best), default=0)
    return choices[best] if scores[best] >= CHOSEN_FROM and scores[best] > rest else None


def same_question(one: str, other: str) -> bool:
    """Whether two questions are the same, in nearly the same words."""
    if len(one.split()) < 3:
        return one.strip().lower() == other.strip().lower()
    return fuzz.token_sort_ratio(one.lower(), other.lower()) >= SAME_QUESTION


def _context(query: str, history: tuple[Said, ...]) -> str | None:
    """The last questions before this one, when it does not stand alone."""
    before = [said.text for said in history if said.role == "customer" and not chat_kind(said.text)]
    if not before:
        return None
    words = len(query.split())
    if words <= 3 or (words <= 14 and _points_back.search(query)):
        return "\n".join(before[-CONTEXT_MESSAGES:])[-LONGEST_QUERY:]
    return None
