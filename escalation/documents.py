"""The documents by which handoffs are found: made of everything that agents may read of one, rewritten when that changes.

`keep_in_step` watches what a transaction writes and rewrites, before it commits, the documents of the conversations that it
changed. `read_older` makes the documents of what was there before there were any, a few at a time. Knows what belongs into
a document; how it is looked for is the business of `finding`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import bindparam, event, func, select, update
from sqlalchemy.orm import Session

from escalation.terms import terms
from help_center.conversations import OPEN_HANDOFF, Conversation, Handoff, Message, Note
from help_center.database import Database
from help_center.desk import AuditEntry, ConversationLabel, Mention
from help_center.document_tables import HandoffDocument
from help_center.masking import hide
from help_center.people import Customer
from help_center.personal_data import IBAN

TOUCHED = "touched conversations"  # where a session collects them
# of one conversation, whose beginning is found: every message of it makes the document anew, and all who write wait for it
MOST_CHARACTERS = 100_000
MOST_MESSAGES = 1000
AT_ONCE = 200  # documents of one transaction of `read_older`
STILL_MISSING = (
    update(HandoffDocument.__table__)  # type: ignore[arg-type]
    .where(HandoffDocument.number == bindparam("at"), HandoffDocument.terms.is_(None))
    .values(terms=bindparam("made"))
)


class Touched(NamedTuple):
    """Everything of a customer, a conversation or a handoff: `kind` is the column of the row below."""

    kind: str
    id: str


# filters that are found like words: no word begins with this sign


def facet(kind: str, value: str | None) -> str:
    return f"={kind}.{quote(value.casefold(), safe='') if value else ''}"


STATUS, ASSIGNEE, TEAM, LABEL, PRIORITY, LANGUAGE, MENTIONED = "s", "a", "t", "l", "p", "g", "m"


# in step with what is written


def keep_in_step(database: Database) -> None:
    """From now on every change of a handoff and its conversation changes its document, in the same transaction."""
    event.listen(database.sessions, "after_flush", _collect)
    database.before_commit.append(_rewrite)


def touch(session: Session, kind: str, id: str) -> None:
    """To be called after statements that change rows without loading them: what is loaded and changed is noticed by itself."""
    session.info.setdefault(TOUCHED, set()).add(Touched(kind, id))


def _collect(session: Session, _flush: Any) -> None:
    for row in [*session.new, *session.dirty, *session.deleted]:
        match row:
            case Message() | ConversationLabel():
                touch(session, "conversation", row.conversation_id)
            case Handoff() | Conversation():
                touch(session, "conversation", row.conversation_id if isinstance(row, Handoff) else row.id)
            case Note() | Mention():
                touch(session, "handoff", row.handoff_id)
            case AuditEntry() if row.subject:  # an agent's deed, whatever statements it was done with
                touch(session, "handoff", row.subject)
            case Customer() if row not in session.new:
                touch(session, "customer", row.id)


def _rewrite(session: Session) -> None:
    session.flush()
    touched: set[Touched] = session.info.pop(TOUCHED, set())
    handoffs = _handoffs(session, touched)
    if not handoffs:
        return
    made = documents(session, handoffs)
    known = select(HandoffDocument.handoff_id).where(HandoffDocument.handoff_id.in_(made))
    old = set(session.scalars(known))
    # in one order, whoever writes: a customer's name stands in the documents of several conversations
    for id in sorted(old):
        here = (HandoffDocument.handoff_id == id) & HandoffDocument.terms.is_distinct_from(made[id])
        session.execute(update(HandoffDocument).where(here).values(terms=made[id]))
    session.add_all(
        HandoffDocument(handoff_id=handoff.id, terms=made[handoff.id])
        for handoff in sorted(handoffs, key=lambda one: (one.created_at, one.id))
        if handoff.id not in old
    )
    session.flush()


def _handoffs(session: Session, touched: Iterable[Touched]) -> list[Handoff]:
    found: dict[str, Handoff] = {}
    for kind, id in touched:
        query = select(Handoff)
        if kind == "customer":
            query = query.join(Conversation).where(Conversation.customer_id == id)
        else:
            query = query.where((Handoff.id if kind == "handoff" else Handoff.conversation_id) == id)
        found |= {handoff.id: handoff for handoff in session.scalars(query)}
    return list(found.values())


# what was there before


def read_older(database: Database, seconds: float = 1.0) -> int:
    """Makes missing documents, the newest first, for about so long; how many it made.

    Reads outside of the write: whatever changes one meanwhile makes its document itself, and that one stays.
    """
    until, made = time.monotonic() + seconds, 0
    while True:
        with database.read() as session:
            unread = HandoffDocument.terms.is_(None)
            columns = select(HandoffDocument.number, HandoffDocument.handoff_id).where(unread)
            rows = session.execute(columns.order_by(HandoffDocument.number.desc()).limit(AT_ONCE)).all()
            if not rows:
                return made
            ids = [row.handoff_id for row in rows]
            texts = documents(session, list(session.scalars(select(Handoff).where(Handoff.id.in_(ids)))))
        with database.write() as session:
            read = [{"at": row.number, "made": texts.get(row.handoff_id, "")} for row in rows]
            session.connection().execute(STILL_MISSING, read)
        made += len(rows)
        if time.monotonic() > until:
            return made


def unread(session: Session) -> int:
    """How many handoffs have no document yet: they are numbered from 1 and read from the newest on."""
    missing = select(func.max(HandoffDocument.number)).where(HandoffDocument.terms.is_(None))
    return session.scalar(missing) or 0


# a document


def documents(session: Session, handoffs: Sequence[Handoff]) -> dict[str, str]:
    """By handoff id: its terms, separated by spaces. A constant number of queries."""
    ids = [handoff.id for handoff in handoffs]
    conversations = list({handoff.conversation_id for handoff in handoffs})
    said = _grouped(
        session.execute(
            select(Message.conversation_id, Message.role, Message.text)
            .where(Message.conversation_id.in_(conversations), Message.position <= MOST_MESSAGES)
            .order_by(Message.conversation_id, Message.position)
        )
    )
    labels = _grouped(
        session.execute(
            select(ConversationLabel.conversation_id, ConversationLabel.label).where(
                ConversationLabel.conversation_id.in_(conversations)
            )
        )
    )
    notes = _grouped(
        session.execute(
            select(Note.handoff_id, Note.author, Note.text)
            .where(Note.handoff_id.in_(ids))
            .order_by(Note.created_at)
        )
    )
    mentioned = _grouped(
        session.execute(select(Mention.handoff_id, Mention.agent_id).where(Mention.handoff_id.in_(ids)))
    )
    people = select(
        Conversation.id, Conversation.contact_email, Customer.name, Customer.email, Customer.external_id
    )
    who = _grouped(session.execute(people.join(Customer).where(Conversation.id.in_(conversations))))
    made = {}
    for handoff in handoffs:
        conversation = handoff.conversation_id
        labelled = [label for (label,) in labels[conversation]]
        named = [agent for (agent,) in mentioned[handoff.id]]
        texts = [handoff.question, handoff.summary, handoff.customer_note, *labelled]
        texts += [text for person in who[conversation] for text in person]
        texts += [text for note in notes[handoff.id] for text in note]
        texts += [
            hide(text, {IBAN}) if role == "customer" else text
            for role, text in _beginning(said[conversation])
        ]
        made[handoff.id] = " ".join([*_facets(handoff, labelled, named), *terms(texts)])
    return made


def _beginning(said: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """(role, text) as far as there is room."""
    room = MOST_CHARACTERS
    for role, text in said:
        if room <= 0:
            return
        room -= len(text)
        yield role, text


def _facets(handoff: Handoff, labels: Iterable[str], mentioned: Iterable[str]) -> list[str]:
    found = [
        facet(STATUS, handoff.status),
        facet(ASSIGNEE, handoff.assignee_id),
        facet(TEAM, handoff.team_id),
        facet(PRIORITY, handoff.priority),
        facet(LANGUAGE, handoff.language),
        *(facet(LABEL, label) for label in labels),
        *(facet(MENTIONED, agent) for agent in mentioned),
    ]
    return [*found, facet(STATUS, "open")] if handoff.status in OPEN_HANDOFF else found


def _grouped(rows: Iterable[Any]) -> defaultdict[str, list[tuple[Any, ...]]]:
    """Rows by their first column."""
    grouped = defaultdict(list)
    for first, *rest in rows:
        grouped[first].append(tuple(rest))
    return grouped
