"""Where the words of a search were said: for each conversation that was found, the piece of its newest message that has most
of them. For the eye only: what is found, and in which order, is the business of `finding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from escalation.seen import agents_json
from escalation.terms import folded
from help_center.conversations import Handoff, Message

MOST_WORDS = 4  # the longest ones: they say most
MOST_MESSAGES = 400  # of one page
BEFORE = 20  # characters before the word: it must be in sight where a line is cut
LONGEST = 160


def excerpts(session: Session, handoffs: Sequence[Handoff], q: str) -> dict[str, str]:
    """By handoff id; none where the question has all words already or no message has one. One query, however many."""
    words = sorted({folded(word) for word in q.split() if len(word) > 1}, key=len, reverse=True)[:MOST_WORDS]
    sought = [one for one in handoffs if not _has_all(one.question, words)]
    if not words or not sought:
        return {}
    said = select(Message).where(
        Message.conversation_id.in_({one.conversation_id for one in sought}),
        Message.role != "system",
        or_(*(Message.text.icontains(word, autoescape=True) for word in words)),
    )
    best: dict[str, tuple[int, int, dict[str, Any]]] = {}
    for message in session.scalars(said.order_by(Message.created_at.desc()).limit(MOST_MESSAGES)):
        shown = agents_json(message)
        hits = sum(word in folded(shown["text"]) for word in words)
        rank = (hits, message.position)
        if hits and rank > best.get(message.conversation_id, (0, 0, {}))[:2]:
            best[message.conversation_id] = (*rank, shown)
    return {
        one.id: excerpt(best[one.conversation_id][2]["text"], words)
        for one in sought
        if one.conversation_id in best
    }


def excerpt(text: str, words: Sequence[str]) -> str:
    """The text around the first of the words in it, on one line."""
    text = " ".join(text.split())
    plain = text.casefold()
    found = [place for word in words if (place := plain.find(word)) >= 0]
    start = max(0, min(found, default=0) - BEFORE)
    end = min(len(text), start + LONGEST)
    if start:
        start = text.find(" ", start, start + BEFORE) + 1 or start
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def _has_all(text: str, words: Sequence[str]) -> bool:
    plain = folded(text)
    return all(word in plain for word in words)
