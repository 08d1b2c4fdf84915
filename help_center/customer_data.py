"""A customer's data, out or gone: what the law in many places lets them ask for.

Knows every place where something of a customer's is kept; does not check that whoever asks is that customer: whoever runs the
installation does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Text, cast, delete, func, or_, select
from sqlalchemy.orm import Session

from help_center.article_tables import ArticleVersion
from help_center.articles import Article
from help_center.conversations import (
    Conversation,
    Feedback,
    Handoff,
    Message,
    Note,
    TurnRow,
    customer_json,
    message_json,
    messages_of,
    topic,
)
from help_center.database import iso
from help_center.desk import ConversationLabel, Delivery
from help_center.drafts import BEGUN_IN_THE_INBOX, begun_for
from help_center.files import File
from help_center.live import INBOX, Event
from help_center.people import Customer, PeopleError

AT_ONCE = 50  # ids in one condition
TO_CUSTOMERS = {"reply", "transcript"}  # deliveries; where others went is not the customer's


def customers_named(session: Session, name: str) -> list[Customer]:
    """The customers of an id (ours or the site's), an e-mail address or a conversation's id. Raises PeopleError for none.

    Several stand under one address where they wrote from several browsers."""
    name = name.strip()
    wrote = select(Conversation.customer_id).where(
        or_(Conversation.id == name, func.lower(Conversation.contact_email) == func.lower(name))
    )
    known = or_(
        Customer.id == name,
        Customer.external_id == name,
        Customer.email.ilike(_literally(name), escape="\\"),
        Customer.id.in_(wrote),
    )
    found = list(session.scalars(select(Customer).where(known).order_by(Customer.created_at, Customer.id)))
    if not name or not found:
        raise PeopleError(
            f"nobody is known as {name!r}: give the customer's id, their e-mail address or a conversation's id."
        )
    return found


def told(session: Session, customer: Customer) -> dict[str, Any]:
    """All that is kept of a customer, as JSON; agents' internal notes too, which speak of them."""
    return {
        "customer": customer_json(customer) | {"parley_id": customer.id, "since": iso(customer.created_at)},
        "conversations": [
            _conversation_json(session, one) for one in _conversations(session, customer)
        ],
    }  # fmt: skip


def published_from(session: Session, customer: Customer) -> list[tuple[str, str]]:
    """(id, title) of the articles that their conversations began and somebody has published since: `erase` leaves these."""
    found: list[tuple[str, str]] = []
    for some in _parts(_handoffs(session, [one.id for one in _conversations(session, customer)])):
        begun = Article.id.in_([begun_for(id) for id in some]) & (Article.source != BEGUN_IN_THE_INBOX)
        found += session.execute(select(Article.id, Article.title).where(begun).order_by(Article.id)).tuples()
    return found


def erase(session: Session, customer: Customer) -> dict[str, int]:
    """Removes a customer with every conversation and what hangs on it. Counts of conversations, messages, files and drafts
    of articles: those that began in their conversations and were never published go, with all their versions."""
    ids = [one.id for one in _conversations(session, customer)]
    handoffs = _handoffs(session, ids)
    counts = {"conversations": len(ids), "messages": 0, "files": 0, "drafts": 0}
    stay = {id for id, _ in published_from(session, customer)}
    for some in _parts([id for id in map(begun_for, handoffs) if id not in stay]):
        counts["drafts"] += len(session.scalars(select(Article.id).where(Article.id.in_(some))).all())
        session.execute(delete(Article).where(Article.id.in_(some)))
        session.execute(delete(ArticleVersion).where(ArticleVersion.article_id.in_(some)))
    for some in _parts(ids):
        counts["messages"] += len(
            session.scalars(select(Message.id).where(Message.conversation_id.in_(some))).all()
        )
        counts["files"] += len(session.scalars(select(File.id).where(File.conversation_id.in_(some))).all())
        session.execute(delete(Event).where(Event.topic.in_([topic(id) for id in some])))
    for some in _parts([*ids, *handoffs]):  # the inbox's events of the last days name them
        said = cast(Event.payload, Text)
        session.execute(
            delete(Event).where(
                Event.topic == INBOX, or_(*(said.contains(id, autoescape=True) for id in some))
            )
        )
    for some in _parts(ids):
        session.execute(delete(Conversation).where(Conversation.id.in_(some)))  # the rest goes with them
    session.delete(customer)
    session.flush()
    return counts


def _handoffs(session: Session, conversations: Sequence[str]) -> list[str]:
    return [
        id
        for some in _parts(conversations)
        for id in session.scalars(select(Handoff.id).where(Handoff.conversation_id.in_(some)))
    ]


def _conversations(session: Session, customer: Customer) -> list[Conversation]:
    query = select(Conversation).where(Conversation.customer_id == customer.id)
    return list(session.scalars(query.order_by(Conversation.created_at, Conversation.id)))


def _conversation_json(session: Session, one: Conversation) -> dict[str, Any]:
    handoffs = select(Handoff).where(Handoff.conversation_id == one.id)
    turns = select(TurnRow).where(TurnRow.conversation_id == one.id)
    deliveries = select(Delivery).where(Delivery.conversation_id == one.id)
    notes = select(Note).join(Handoff, Handoff.id == Note.handoff_id).where(Handoff.conversation_id == one.id)
    feedback = (
        select(Feedback)
        .join(Message, Message.id == Feedback.message_id)
        .where(Message.conversation_id == one.id)
    )
    labels = select(ConversationLabel.label).where(ConversationLabel.conversation_id == one.id)
    files = select(File).where(File.conversation_id == one.id)
    return {
        "id": one.id,
        "status": one.status,
        "created_at": iso(one.created_at),
        "locale": one.locale,
        "page_url": one.page_url,
        "contact_email": one.contact_email,
        "rating": {"csat": one.csat, "nps": one.nps, "comment": one.rating_comment},
        "messages": [message_json(message) for message in messages_of(session, one.id)],
        "feedback": [
            {"message_id": said.message_id, "helpful": said.helpful, "comment": said.comment}
            for said in session.scalars(feedback)
        ],
        "handoffs": [
            {
                "id": handoff.id, "status": handoff.status, "priority": handoff.priority, "reasons": handoff.reasons,
                "created_at": iso(handoff.created_at), "ended_at": iso(handoff.ended_at), "outcome": handoff.outcome,
                "question": handoff.question, "summary": handoff.summary, "customer_note": handoff.customer_note,
                "suggested_reply": handoff.suggested_reply,
            }
            for handoff in session.scalars(handoffs.order_by(Handoff.created_at, Handoff.id))
        ],
        "turns": [
            {
                "id": turn.id, "created_at": iso(turn.created_at), "action": turn.action, "reasons": turn.reasons,
                "confidence": turn.confidence, "mood": {"label": turn.sentiment_label, "score": turn.sentiment_score},
                "query": (turn.record or {}).get("query"),
            }
            for turn in session.scalars(turns.order_by(TurnRow.created_at, TurnRow.id))
        ],
        "deliveries": [
            {
                "id": row.id, "kind": row.kind, "event": row.event, "status": row.status,
                "to": row.target if row.event in TO_CUSTOMERS else None, "content": row.payload,
                "created_at": iso(row.created_at), "done_at": iso(row.done_at),
            }
            for row in session.scalars(deliveries.order_by(Delivery.created_at, Delivery.id))
        ],
        "notes": [{"text": note.text, "created_at": iso(note.created_at)} for note in session.scalars(notes)],
        "labels": list(session.scalars(labels)),
        "files": [
            {"id": file.id, "name": file.name, "content_type": file.content_type, "size": file.size, "sha256": file.sha256}
            for file in session.scalars(files)
        ],
    }  # fmt: skip


def _literally(text: str) -> str:
    """Text as LIKE takes it word for word."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        yield some
