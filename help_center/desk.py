"""The records of the agents' desk: teams, labels, canned replies, drafts, presence, the audit log, the outbox.

Knows how they are stored; who may change them and what follows is the business of `escalation`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from help_center.database import Base, now

Strategy = Literal["manual", "least_busy", "round_robin"]  # who gets a new conversation


class Team(Base):
    """Agents who share a queue. `languages` and `sections` are its skills; empty lists take anything."""

    __tablename__ = "teams"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    languages: Mapped[list[Any]] = mapped_column(default=list)
    sections: Mapped[list[Any]] = mapped_column(default=list)
    strategy: Mapped[str] = mapped_column(String(20), default="manual")
    hours: Mapped[dict[str, Any] | None]  # office hours of its own; None: those of the desk
    created_at: Mapped[datetime] = mapped_column(default=now)


class TeamMember(Base):
    __tablename__ = "team_members"
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ConversationLabel(Base):
    __tablename__ = "conversation_labels"
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    label: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class CannedReply(Base):
    """A reply kept for often: `text` is Markdown with variables such as {{customer.name}}."""

    __tablename__ = "canned_replies"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    shortcut: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    used: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Draft(Base):
    """What an agent began to write and has not sent: one for each handoff and mode (reply, note)."""

    __tablename__ = "drafts"
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    handoff_id: Mapped[str] = mapped_column(
        ForeignKey("handoffs.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    mode: Mapped[str] = mapped_column(String(10), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class HeldReply(Base):
    """A reply that was sent and can still be taken back: it becomes the message `id` at `send_at`."""

    __tablename__ = "held_replies"
    __table_args__ = (UniqueConstraint("handoff_id", "client_id"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    author: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(String(200))
    files: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # their ids
    send_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Mention(Base):
    """An agent named in an internal note."""

    __tablename__ = "mentions"
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]


class Presence(Base):
    """An agent who has a handoff open, until `until`: browsers renew it."""

    __tablename__ = "presence"
    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    typing: Mapped[bool] = mapped_column(default=False)
    until: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """What an agent or admin did. Written in the transaction of the deed; never changed."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_at", "at", "id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    actor_id: Mapped[str | None] = mapped_column(String(64), index=True)
    actor: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(60), index=True)  # such as handoff.claim, agent.add
    subject: Mapped[str | None] = mapped_column(String(100), index=True)  # the id of what it was done to
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address: Mapped[str | None] = mapped_column(String(64))


class Webhook(Base):
    """An address that is told of events, signed with `secret`."""

    __tablename__ = "webhooks"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(100))
    events: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """The outbox: something that goes out of the house (e-mail, Slack, webhook) and is tried until it is there.

    Written in the transaction of what caused it; `key` makes sure that it is written once.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due", "status", "due_at"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # email, slack, webhook
    target: Mapped[str] = mapped_column(Text)  # an address, or a webhook's id
    event: Mapped[str] = mapped_column(String(60))  # such as handoff.opened, reply
    payload: Mapped[dict[str, Any]]  # emptied once it is sent
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )  # what it tells of goes with the conversation
    status: Mapped[str] = mapped_column(String(20), default="pending")  # pending, sent, failed
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=now)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    done_at: Mapped[datetime | None]
