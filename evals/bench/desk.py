"""Makes a desk with a long past: closed conversations over three years, open ones of the last two days.

Knows rows, not how they are found. Words follow Zipf's law in two languages that share none: the commonest word of the
one and the commonest of the other are each in very many conversations and never in the same, which is the hard case for
a search by all words, newest first. The same size and seed give the same desk.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, text

from bot.progress import Progress
from escalation.targets import OVERDUE_RANK
from evals.run import shipped_articles
from help_center.conversations import Conversation, Handoff, Message, Note, TurnRow
from help_center.database import Base, Database
from help_center.desk import ConversationLabel, Mention, Team, TeamMember
from help_center.markup import plain_text
from help_center.people import Agent, Customer

WORDS = 20_000  # of each language
ZIPF = 1.05  # frequency of the word of rank r: (r + 2.7) ** -ZIPF
SECOND = 0.25  # share of the conversations in the second language
CHUNK = 5_000  # conversations made and stored at once
AGENTS, TEAMS, LABELS = 20, 3, 30
YEARS = timedelta(days=3 * 365)
RECENT = timedelta(days=2)
SECOND_HEAD = [
    "und",
    "die",
    "der",
    "ich",
    "nicht",
    "das",
    "ist",
    "zu",
    "es",
    "ein",
    "mit",
    "auf",
    "für",
    "wir",
    "sie",
    "von",
    "haben",
    "eine",
    "bei",
    "noch",
    "wenn",
    "oder",
    "aber",
    "kann",
    "mir",
    "meine",
    "bitte",
    "rechnung",
    "konto",
    "müssen",
    "über",
    "zurück",
    "größe",
    "straße",
    "schon",
    "wieder",
    "seit",
    "gestern",
]
SYLLABLES = [
    "ba",
    "be",
    "bo",
    "da",
    "de",
    "di",
    "do",
    "fa",
    "fe",
    "ga",
    "go",
    "ka",
    "ke",
    "ki",
    "ko",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "me",
    "mi",
    "mo",
    "na",
    "ne",
    "no",
    "pa",
    "pe",
    "po",
    "ra",
    "re",
    "ri",
    "ro",
    "sa",
    "se",
    "si",
    "so",
    "ta",
    "te",
    "ti",
    "to",
    "va",
    "ve",
    "vo",
    "za",
]
NAMES = [
    "Kim",
    "Ada",
    "Lee",
    "Noor",
    "Bo",
    "Ines",
    "Tom",
    "Yuki",
    "Omar",
    "Eva",
    "Sven",
    "Lucía",
    "Zoë",
    "Ben",
    "Mia",
    "Ali",
]
FAMILIES = [
    "Kowalski",
    "Larsen",
    "Okafor",
    "Müller",
    "Tanaka",
    "Rossi",
    "Novák",
    "Smith",
    "García",
    "Silva",
    "Dubois",
    "Jansen",
    "Haddad",
    "Kim",
    "Berg",
]
REASONS = ("requested_human", "low_confidence", "negative_sentiment", "sensitive_topic")


@dataclass(frozen=True)
class Size:
    open: int
    closed: int


@dataclass(frozen=True)
class Vocabulary:
    """The words of both languages, the second after the first, and how probable each rank is up to it."""

    words: list[str]
    cumulated: NDArray[np.float64]

    def at(self, rank: int, second: bool = False) -> str:
        """The word of a rank: 0 is the commonest."""
        return self.words[rank + (WORDS if second else 0)]


def vocabulary() -> Vocabulary:
    dice = random.Random(0)
    seen = Counter(
        word
        for article in shipped_articles()
        for word in re.findall(r"[a-z]{2,}", plain_text(article.body).lower())
    )
    first = _filled([word for word, _ in seen.most_common()], dice, "")
    second = _filled(SECOND_HEAD, dice, "ö", avoid=set(first))
    weights = (np.arange(WORDS) + 2.7) ** -ZIPF
    return Vocabulary([*first, *second], np.cumsum(weights / weights.sum()))


def _filled(head: Sequence[str], dice: random.Random, mark: str, avoid: set[str] | None = None) -> list[str]:
    """`head`, then made-up words, all of them different."""
    words = dict.fromkeys(word for word in head if not avoid or word not in avoid)
    while len(words) < WORDS:
        word = "".join(dice.choices(SYLLABLES, k=dice.randint(2, 5))) + mark
        if not avoid or word not in avoid:
            words[word] = None
    return list(words)[:WORDS]


def furnish(database: Database, size: Size, now: datetime, *, progress: Progress | None = None) -> None:
    """Stores agents, teams, customers, conversations with their messages, turns, handoffs, notes and labels."""
    agents = _people(database, now)
    made = vocabulary()
    rows = _conversations(size, made, agents, now)
    done = 0
    while some := list(itertools.islice(rows, CHUNK)):
        _store(database, some)
        done += len(some)
        if progress:
            progress(done, size.open + size.closed)
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


Rows = dict[type[Base], list[dict[str, Any]]]


def _people(database: Database, now: datetime) -> list[str]:
    agents = [f"agent_{n:04}" for n in range(AGENTS)]
    with database.write() as session:
        for n, id in enumerate(agents):
            name = f"{NAMES[n % len(NAMES)]} {FAMILIES[n % len(FAMILIES)]}"
            session.add(
                Agent(id=id, email=f"agent{n}@example.org", name=name, role="agent", created_at=now - YEARS)
            )
        session.flush()
        for n in range(TEAMS):
            session.add(Team(id=f"team_{n}", name=f"Team {n}", created_at=now - YEARS))
            session.flush()
            session.add_all(TeamMember(team_id=f"team_{n}", agent_id=id) for id in agents[n::TEAMS])
    return agents


def _conversations(size: Size, made: Vocabulary, agents: list[str], now: datetime) -> Iterator[Rows]:
    chance, dice = np.random.default_rng(0), random.Random(0)
    total = size.closed + size.open
    for start in range(0, total, CHUNK):
        count = min(CHUNK, total - start)
        said = _said(made, chance, count)
        for offset, (second, messages) in enumerate(said):
            number = start + offset
            is_open = number >= size.closed
            if is_open:
                when = now - RECENT * (1 - (number - size.closed) / size.open)
            else:
                when = now - RECENT - YEARS * (1 - number / size.closed)
            yield _one(number, when, is_open, second, messages, agents, dice)


def _said(made: Vocabulary, chance: np.random.Generator, count: int) -> Iterator[tuple[bool, list[str]]]:
    """Of each conversation: whether it is in the second language, and its 4 to 8 messages of 10 to 40 words."""
    second = chance.random(count) < SECOND
    messages = chance.integers(4, 9, count)
    lengths = chance.integers(10, 41, int(messages.sum()))
    ranks = np.searchsorted(made.cumulated, chance.random(int(lengths.sum())))
    ends = np.cumsum(lengths)
    upto = np.concatenate([[0], ends])[np.concatenate([[0], np.cumsum(messages)])]
    per_conversation = np.diff(upto)
    ranks = np.minimum(ranks, WORDS - 1) + np.repeat(second, per_conversation) * WORDS
    words = [made.words[rank] for rank in ranks.tolist()]
    at, position = 0, 0
    for number in range(count):
        texts = []
        for length in lengths[position : position + messages[number]].tolist():
            texts.append(" ".join(words[at : at + length]).capitalize() + ".")
            at += length
        position += int(messages[number])
        yield bool(second[number]), texts


def _one(number: int, when: datetime, is_open: bool, second: bool, texts: list[str], agents: list[str], dice: random.Random) -> Rows:  # fmt: skip
    def id(prefix: str, more: int = 0) -> str:  # sorts by time, as `new_id` makes them
        return f"{prefix}_{int(when.timestamp() * 62.5):09x}{number:08x}{more:04x}{'0' * 8}"

    name, family = dice.choice(NAMES), dice.choice(FAMILIES)
    customer, conversation, handoff, turn = id("cust"), id("conv"), id("hand"), id("turn")
    if dice.random() < 0.5:
        texts[0] += f" My order is A-{number:07}."
    claimed = not is_open or dice.random() < 0.1
    agent = dice.choice(agents) if claimed else None
    status = ("claimed" if claimed else "waiting") if is_open else ("resolved" if dice.random() < 0.85 else "returned")  # fmt: skip
    rank = dice.choices((2, 1, 0), (80, 15, 5))[0]
    priority = ("urgent", "high", "normal")[rank]
    if is_open:
        rank = OVERDUE_RANK  # its target has passed, and somebody was told
    times = [when + timedelta(seconds=20 * n) for n in range(len(texts))]
    opened = times[1] + timedelta(seconds=1)
    last = times[-1] + timedelta(seconds=30)
    rows: Rows = {
        Customer: [{
            "id": customer, "external_id": f"u{number}", "name": f"{name} {family}",
            "email": f"{name}.{family}{number % 100_000}@mail.example".lower(), "attributes": {"plan": "pro"}, "created_at": when,
        }],
        Conversation: [{
            "id": conversation, "status": "closed" if not is_open else "agent" if claimed else "waiting", "channel": "widget",
            "locale": "de" if second else "en", "page_url": "https://shop.example/account", "customer_id": customer, "proven": False,
            "greeting": "Hello.", "created_at": when, "updated_at": last, "closed_at": None if is_open else last, "reopened": 0,
            "csat": dice.choice((None, 3, 4, 5)) if not is_open else None, "asked_nps": False,
        }],
        Message: [{
            "id": id("msg", n), "conversation_id": conversation, "position": n + 1,
            "role": ("customer", "assistant")[n % 2] if n < 3 else ("agent", "customer")[n % 2], "text": said,
            "author": None, "agent_id": None, "client_id": None, "turn_id": turn if n == 1 else None, "sources": [], "created_at": times[n],
        } for n, said in enumerate(texts)],
        TurnRow: [{
            "id": turn, "conversation_id": conversation, "status": "done", "version": 1, "shown": True, "shown_text": "", "attempts": 1,
            "created_at": times[0], "finished_at": times[1], "action": "escalate", "confidence": 0.31, "sentiment_label": "neutral",
            "sentiment_score": 0.0, "reasons": ["low_confidence"], "message_id": id("msg", 1), "handoff_id": handoff,
            "result": {"action": "escalate", "confidence": 0.31}, "record": {"question": texts[0][:200], "stages": {"search": 9.1}},
        }],
        Handoff: [{
            "id": handoff, "conversation_id": conversation, "status": status, "priority": priority, "rank": rank,
            "reasons": [dice.choice(REASONS)], "created_at": opened, "due_at": opened + timedelta(minutes=30),
            "resolve_due_at": opened + timedelta(days=1), "assignee_id": agent, "claimed_at": opened + timedelta(minutes=5) if claimed else None,
            "assigned_at": opened + timedelta(minutes=5) if claimed else None, "first_reply_at": None if is_open else opened + timedelta(minutes=9),
            "ended_at": None if is_open else last, "outcome": None if is_open else "answered", "question": texts[0][:300], "summary": texts[2][:300],
            "language": "de" if second else "en", "sources_tried": [], "suggested_reply": "", "summary_by": "extract",
            "overdue_told_at": opened + RECENT * 2 if is_open else None, "team_id": f"team_{dice.randrange(TEAMS)}" if dice.random() < 0.6 else None, "last_customer_at": last,
            "snoozed_until": opened + timedelta(days=30) if is_open and dice.random() < 0.05 else None,
        }],
    }  # fmt: skip
    if dice.random() < 0.05:
        writer, note = dice.choice(agents), id("note")
        rows[Note] = [{"id": note, "handoff_id": handoff, "agent_id": writer, "author": "A colleague", "text": f"Called back about {family}.", "created_at": last}]  # fmt: skip
        if dice.random() < 0.2:
            rows[Mention] = [{"note_id": note, "agent_id": dice.choice(agents), "handoff_id": handoff, "created_at": last, "seen_at": None if is_open else last}]  # fmt: skip
    if dice.random() < 0.2:
        label = f"label {min(int(dice.paretovariate(0.7)), LABELS)}"
        rows[ConversationLabel] = [{"conversation_id": conversation, "label": label}]
    return rows


STORED = (Customer, Conversation, Message, TurnRow, Handoff, Note, Mention, ConversationLabel)


def _store(database: Database, some: list[Rows]) -> None:
    with database.engine.execution_options(parley_write=True).begin() as connection:
        for model in STORED:
            rows = [row for one in some for row in one.get(model, ())]
            if rows and database.is_postgres:
                _copy(connection, model, rows)
            elif rows:
                connection.execute(insert(model), rows)


def _copy(connection: Any, model: type[Base], rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    into = f"COPY {model.__tablename__} ({', '.join(names)}) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row([_as_text(value) for value in row.values()])


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value
