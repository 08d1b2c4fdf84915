"""What the customer's earlier messages say about this one: whether it was asked before, and how the mood goes.

Knows messages and a way to embed them; searches nothing and decides nothing. The arithmetic is `escalation.trend`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bot.moods import SIGNS, Feelings, mood_signs
from bot.understand import Question, Said, failure, matters, same_question
from escalation.trend import LOOKS_BACK, Moment
from retrieval.embedders.base import Vectors

Embed = Callable[[str], Vectors]
COMPARED = 6  # earlier messages that a question is compared with by meaning
HEATED = ("swearing", "shouting", "strong_marks")


def times_asked(question: Question, history: Sequence[Said], embed: Embed) -> int:
    """How often this was asked, this time included; in the same words or in others."""
    if not question.asks or question.chosen or question.parts:
        return question.times_asked
    return 1 + sum(_repeats(question.query, other, embed) for other in matters(history)[-COMPARED:])


def moments(
    text: str,
    score: float,
    question: Question,
    asked: int,
    history: Sequence[Said],
    turns: int,
    feelings: Feelings,
    embed: Embed,
) -> tuple[Moment, ...]:
    """The last messages, oldest first, this one (`text`, of mood `score`, asked for the `asked`th time) last.

    `turns`: how many turns there were since a person had the conversation: what was written to them, or before, is theirs.
    """
    texts = [said.text for said in history if said.role == "customer"]
    back = min(LOOKS_BACK - 1, turns, len(texts))
    found = []
    for i in range(len(texts) - back, len(texts)):
        said = texts[i]
        repeated = any(_repeats(said, other, embed) for other in texts[max(0, i - COMPARED) : i])
        mood = feelings.read(said).score
        found.append(Moment(mood, i > 0 and failure(said)[0], repeated, _heated(said)))
    return (*found, Moment(score, question.failed, asked > 1, _heated(text)))


def _repeats(one: str, other: str, embed: Embed) -> bool:
    return same_question(one, other, float(np.dot(embed(one), embed(other))))


def _heated(text: str) -> bool:
    signs = dict(zip(SIGNS, mood_signs(text), strict=True))
    return any(signs.get(name, 0.0) > 0 for name in HEATED)
