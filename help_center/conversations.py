"""Conversations and what belongs to them: messages, turns, handoffs, notes, feedback.

Knows how they are stored and how they are shown to the outside; does not know what the bot answers
or when a person takes over. Whoever changes a conversation locks its row first (`locked`): changes of one
conversation happen one after the other, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.database import Base, iso, new_id, now
from help_center.live import publish
from help_center.people import Customer

BOT, WAITING, AGENT, CLOSED = "bot", "waiting", "agent", "closed"  # statuses of a conversation
OPEN_HANDOFF = ("waiting", "claimed")
# the same for partial indexes: in this form SQLite walks them in order, for a list of statuses it would look them up and sort
NOT_ENDED = "status <> 'resolved' AND status <> 'returned'"
MAX_MESSAGE_CHARACTERS = 8000

# Called inside the transaction with (session, conversation, "message", the message) and (session, conversation, "status",
# the new status). A listener is a plain function that keeps nothing of its own: all it needs, it reads through the
# session. So the list may be one for the whole process, and two apps on two databases stay apart.
listeners: list[Callable[[Session, Conversation, str, Any], None]] = []


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(20), default=BOT, index=True)
    channel: Mapped[str] = mapped_column(String(20), default="api")
    locale: Mapped[str | None] = mapped_column(String(35))
    page_url: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    proven: Mapped[bool] = mapped_column(default=False)
    greeting: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]
    reopened: Mapped[int] = mapped_column(default=0)
    csat: Mapped[int | None]
    nps: Mapped[int | None]
    rating_comment: Mapped[str | None] = mapped_column(Text)
    rated_at: Mapped[datetime | None]
    contact_email: Mapped[str | None] = mapped_column(String(320))  # agents' replies go here, too
    asked_nps: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # the widget shows the NPS question here
    # how far each side has read: positions of messages
    customer_read: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    customer_read_at: Mapped[datetime | None]
    agent_read: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    agent_read_at: Mapped[datetime | None]


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_messages_conversation_position", "conversation_id", "position", unique=True),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(300))
    agent_id: Mapped[str | None] = mapped_column(String(64))
    client_id: Mapped[str | None] = mapped_column(String(200))
    turn_id: Mapped[str | None] = mapped_column(String(64), index=True)
    sources: Mapped[list[Any]]
    files: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # as `files.file_json` tells them
    choices: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # the titles that a question back names, to answer with
    created_at: Mapped[datetime] = mapped_column(default=now)


class TurnRow(Base):
    """One turn of the bot: a leased row. `result` is the Turn of the contract once it is done."""

    __tablename__ = "turns"
    __table_args__ = (Index("ix_turns_conversation_status", "conversation_id", "status"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(20), index=True)  # pending, running, done
    version: Mapped[int] = mapped_column(default=0)  # goes up with each message that joins
    shown: Mapped[bool] = mapped_column(default=False)  # something of it was shown: nothing joins any more
    shown_text: Mapped[str] = mapped_column(Text, default="")
    worker: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    finished_at: Mapped[datetime | None]
    action: Mapped[str | None] = mapped_column(String(20))
    confidence: Mapped[float | None]
    sentiment_label: Mapped[str | None] = mapped_column(String(20))
    sentiment_score: Mapped[float | None]
    reasons: Mapped[list[Any]]
    message_id: Mapped[str | None] = mapped_column(String(64))
    handoff_id: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[dict[str, Any] | None]
    record: Mapped[dict[str, Any] | None]  # what the inbox explains and the evals replay


class Handoff(Base):
    __tablename__ = "handoffs"
    __table_args__ = (
        # one open handoff per conversation, whoever tries
        Index(
            "uq_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("status IN ('waiting', 'claimed')"),
            postgresql_where=text("status IN ('waiting', 'claimed')"),
        ),
        Index("ix_handoffs_queue", "status", "rank", "created_at"),
        Index("ix_handoffs_newest", "created_at", "id"),
        Index("ix_handoffs_status_newest", "status", "created_at", "id"),
        # of open ones, in the order of service, and all that their counts need
        Index(
            "ix_handoffs_served",
            "rank",
            "created_at",
            "id",
            sqlite_where=text(NOT_ENDED),
            postgresql_where=text(NOT_ENDED),
        ),
        Index(
            "ix_handoffs_counted",
            "first_reply_at",
            "due_at",
            "resolve_due_at",
            "status",
            "assignee_id",
            "snoozed_until",
            sqlite_where=text(NOT_ENDED),
            postgresql_where=text(NOT_ENDED),
        ),
        # the latest claims of a team: what an expected wait is made of
        Index(
            "ix_handoffs_claims",
            "team_id",
            "id",
            sqlite_where=text("claimed_at IS NOT NULL"),
            postgresql_where=text("claimed_at IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(String(20))  # waiting, claimed, returned, resolved
    priority: Mapped[str] = mapped_column(String(20))  # urgent, high, normal
    rank: Mapped[int]  # of the priority: 0 is served first
    reasons: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime]
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"), index=True)
    claimed_at: Mapped[datetime | None]
    first_reply_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(100))
    question: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(35))
    sources_tried: Mapped[list[Any]]
    suggested_reply: Mapped[str] = mapped_column(Text)
    customer_note: Mapped[str | None] = mapped_column(Text)
    summary_by: Mapped[str] = mapped_column(
        String(20), default="extract", server_default="extract"
    )  # or "model"
    previous_id: Mapped[str | None] = mapped_column(
        String(64)
    )  # the ended handoff that came back as this one
    team_id: Mapped[str | None] = mapped_column(
        String(64), index=True
    )  # no foreign key: SQLite cannot add one
    assigned_at: Mapped[datetime | None]  # since when the present assignee has it
    resolve_due_at: Mapped[datetime | None]
    section: Mapped[str | None] = mapped_column(
        String(300)
    )  # outermost one of the article that was found first
    rises_at: Mapped[datetime | None]  # waiting longer than this presses: the next higher priority
    overdue_told_at: Mapped[datetime | None]  # somebody was notified that its target passed
    snoozed_until: Mapped[datetime | None] = mapped_column(index=True)
    last_customer_at: Mapped[datetime | None]  # the customer's last message, as far as the handoff goes
    last_agent_at: Mapped[datetime | None]
    outcome_article_id: Mapped[str | None] = mapped_column(
        String(300)
    )  # the article that would have answered


class Note(Base):
    """What agents tell each other. A table of its own, so that no list of messages can show it."""

    __tablename__ = "notes"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    author: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Feedback(Base):
    """A customer's word on one answer; the last one counts."""

    __tablename__ = "message_feedback"
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    helpful: Mapped[bool]
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


def locked(session: Session, conversation_id: str) -> Conversation | None:
    """The conversation, its row locked until the transaction ends."""
    return session.scalar(select(Conversation).where(Conversation.id == conversation_id).with_for_update())


def add_message(
    session: Session,
    conversation: Conversation,
    role: str,
    text: str,
    *,
    id: str | None = None,
    author: str | None = None,
    agent_id: str | None = None,
    client_id: str | None = None,
    turn_id: str | None = None,
    sources: list[dict[str, Any]] | None = None,
    files: list[dict[str, Any]] | None = None,
    choices: Sequence[str] = (),
) -> Message:
    """Appends a message and its live event. The conversation must be `locked`. `id`: one that it was promised under."""
    message = Message(
        id=id or new_id("msg"),
        conversation_id=conversation.id,
        position=last_position(session, conversation.id) + 1,
        role=role,
        text=text,
        author=author,
        agent_id=agent_id,
        client_id=client_id,
        turn_id=turn_id,
        sources=sources or [],
        files=files or [],
        choices=list(choices),
        created_at=now(),
    )
    session.add(message)
    conversation.updated_at = message.created_at
    session.flush()
    publish(session, topic(conversation.id), "message", message_json(message))
    for heard in listeners:
        heard(session, conversation, "message", message)
    return message


def set_status(session: Session, conversation: Conversation, status: str, *, tell: bool = True) -> None:
    """Changes the status and tells the customer's side. The conversation must be `locked`.

    `tell`: False where a handoff changes with it: who changes that publishes the one event of both.
    """
    if conversation.status == status:
        return
    if conversation.status == CLOSED and status == BOT:
        conversation.reopened += 1
    conversation.status = status
    conversation.closed_at = now() if status == CLOSED else None
    conversation.updated_at = now()
    if tell:
        publish(session, topic(conversation.id), "status", {"status": status, "handoff": None})
    for heard in listeners:
        heard(session, conversation, "status", status)


def topic(conversation_id: str) -> str:
    """The name of a conversation's live events."""
    return f"conversation:{conversation_id}"


def messages_of(session: Session, conversation_id: str) -> list[Message]:
    query = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.position)
    return list(session.scalars(query))


def last_messages(session: Session, conversation_id: str, most: int) -> list[Message]:
    """The last ones, oldest first."""
    query = select(Message).where(Message.conversation_id == conversation_id)
    return list(session.scalars(query.order_by(Message.position.desc()).limit(most)))[::-1]


def last_position(session: Session, conversation_id: str) -> int:
    """The position of the newest message; 0 where there is none."""
    query = select(func.max(Message.position)).where(Message.conversation_id == conversation_id)
    return session.scalar(query) or 0


def open_handoff(session: Session, conversation_id: str) -> Handoff | None:
    query = select(Handoff).where(
        Handoff.conversation_id == conversation_id, Handoff.status.in_(OPEN_HANDOFF)
    )
    return session.scalar(query)


def message_json(message: Message) -> dict[str, Any]:
    """The Message of the contract; `choices` where it asks back."""
    told = {
        "id": message.id,
        "role": message.role,
        "text": message.text,
        "author": message.author,
        "created_at": iso(message.created_at),
        "sources": message.sources,
        "files": message.files,
        "client_id": message.client_id,
    }
    return told | {"choices": message.choices} if message.choices else told


def customer_json(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.external_id,
        "name": customer.name,
        "email": customer.email,
        "attributes": customer.attributes,
    }
