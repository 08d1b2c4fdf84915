"""The questions that there are: golden ones, and distinct ones of past conversations.

Reads the database; asks nobody. A past question stands in its conversation (its history is the context it is understood
in), but earlier misses are not held against it: what is tried is the help center, not a customer's patience.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.details import only_details
from bot.languages import spoken
from bot.turn import Asked
from bot.understand import Said, understand
from help_center.conversations import Conversation, Message, TurnRow
from help_center.golden import GoldenQuestion
from help_center.people import Viewer
from retrieval.embedders.base import Vectors
from retrieval.tokenizing import telling_words, tokens

LOOKED_BACK = 600  # turns of the bot, newest first
HISTORY = 10  # messages before a question that it may follow up on
NEAR_THE_TOP = 3  # places of a search that count as found
SAME = 0.9  # cosine from which two past questions are one: above `bot.understand.SAME_MEANING`, a lost one must not hide
_negated = re.compile(r"\b\w+n['’]t\b", re.IGNORECASE)  # "don't" tells nothing
JUDGED = ("answer", "offer", "clarify", "escalate")


@dataclass(frozen=True)
class Asking:
    """`expected`: ids of the articles that answer it, empty where none should; None: nobody has said. `met`: articles that
    answered it, or stood near the top, when it was asked. `answered`: it was. `first`: the article that is said to answer it.
    `times`: how many questions are one in it. `reply`: it answers a question that the bot asked back, or says that an answer
    did not help, and nothing else."""

    id: str
    kind: str  # golden, past
    asked: Asked
    at: datetime
    expected: frozenset[str] | None = None
    met: frozenset[str] = frozenset()
    answered: bool = False
    conversation_id: str | None = None
    first: str | None = None
    times: int = 1
    reply: bool = False

    @property
    def query(self) -> str:
        """What search is asked."""
        return understand(self.asked.text, self.asked.history).query


def golden(session: Session, limit: int = 1000) -> list[Asking]:
    """The golden questions, newest first."""
    rows = session.scalars(
        select(GoldenQuestion).order_by(GoldenQuestion.created_at.desc(), GoldenQuestion.id).limit(limit)
    )
    return [of_golden(row) for row in rows]


def of_golden(row: GoldenQuestion) -> Asking:
    history = tuple(Said(str(one.get("role")), str(one.get("text"))) for one in row.history)
    asked = Asked(row.text, history, locale=row.locale)
    return Asking(row.id, "golden", asked, row.created_at, frozenset(row.articles))


def past(session: Session, limit: int = LOOKED_BACK) -> list[Asking]:
    """Questions of past conversations that were judged by what search found, newest first. Not yet distinct."""
    query = (
        select(TurnRow, Conversation.locale, Conversation.proven)
        .join(Conversation, Conversation.id == TurnRow.conversation_id)
        .where(TurnRow.status == "done", TurnRow.action.in_(JUDGED), TurnRow.confidence.is_not(None))
        .order_by(TurnRow.created_at.desc(), TurnRow.id.desc())
        .limit(limit)
    )
    rows = [row for row in session.execute(query).tuples() if _asks(_signals(row[0]))]
    said = _said(session, {turn.conversation_id for turn, _, _ in rows})
    found = []
    for turn, locale, proven in rows:
        messages = said[turn.conversation_id]
        mine = [m for m in messages if m.turn_id == turn.id and m.role == "customer"]
        if not mine:
            continue
        before = [m for m in messages if m.position < mine[0].position and m.role != "system"][-HISTORY:]
        asked = Asked(
            "\n".join(m.text for m in mine),
            tuple(Said(m.role, m.text) for m in before),
            locale=locale,
            viewer=Viewer(proven_customer=proven),
        )
        cited = [source["article_id"] for source in _sources(turn)] if turn.action == "answer" else []
        near = [one["article_id"] for one in (turn.record or {}).get("found", ())[:NEAR_THE_TOP]]
        found.append(
            Asking(
                turn.id, "past", asked, turn.created_at, None, frozenset((*cited, *near)), turn.action == "answer",
                turn.conversation_id, cited[0] if cited else None, reply=_replies(_signals(turn)),
            )
        )  # fmt: skip
    return found


def distinct(askings: Sequence[Asking], embed: Callable[[str], Vectors]) -> tuple[list[Asking], Vectors]:
    """Each question once, the first of those that are alike, with how often in `times`; and their vectors, shape (n, d).
    A golden one stays as it is: what its owner wrote twice is asked twice."""
    kept: list[Asking] = []
    vectors = np.zeros((0, 0), dtype=np.float32)
    for one in askings:
        vector = embed(one.query)
        if not len(vectors):
            vectors = np.empty((len(askings), len(vector)), dtype=np.float32)
        closeness = vectors[: len(kept)] @ vector
        if one.kind == "past" and closeness.max(initial=0.0) >= SAME:
            like = int(closeness.argmax())
            kept[like] = replace(kept[like], times=kept[like].times + 1, met=kept[like].met | one.met)
            continue
        vectors[len(kept)] = vector
        kept.append(one)
    return kept, vectors[: len(kept)]


def asks_something(text: str) -> bool:
    """Whether a message asks by itself: not "1", "what?" or "I don't know"."""
    language = spoken(text) or "en"
    words = tokens(telling_words(_negated.sub("", text), language), language)
    return any(word.isalpha() for word in words) and not only_details(text)


def _asks(signals: dict[str, Any]) -> bool:
    """Whether the turn was about what articles say: not a wish for a person, and no topic that goes to one anyway."""
    return not (signals.get("wants_human") or signals.get("small_talk") or signals.get("topics"))


def _replies(signals: dict[str, Any]) -> bool:
    return bool(signals.get("clarified")) or signals.get("asks") is False


def _signals(turn: TurnRow) -> dict[str, Any]:
    return (turn.record or {}).get("signals", {})


def _sources(turn: TurnRow) -> list[dict[str, Any]]:
    return ((turn.result or {}).get("message") or {}).get("sources") or []


def _said(session: Session, conversations: Iterable[str]) -> dict[str, Sequence[Message]]:
    query = select(Message).where(Message.conversation_id.in_(conversations)).order_by(Message.position)
    said: dict[str, list[Message]] = defaultdict(list)
    for message in session.scalars(query):
        said[message.conversation_id].append(message)
    return dict(said)
