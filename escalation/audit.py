"""The audit log: who did what, when and from where. Written in the transaction of the deed; never changed, never shortened.

Knows the names of the deeds (ACTIONS) and how the log is read; not who may do or read what. Reads are no deeds, but for exports.
`detail` holds ids, names of fields, and values of settings: never a secret, and never the text of a message or a note.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from help_center.database import Database, iso
from help_center.desk import AuditEntry
from help_center.people import Viewer

ACTIONS = {  # every deed that is logged, and what it is called; `subject` is the id of what comes first in the name
    "handoff.claim": "took a conversation",
    "handoff.release": "put a conversation back into the queue",
    "handoff.assign": "gave a conversation to somebody",
    "handoff.return": "gave a conversation back to the bot",
    "handoff.resolve": "resolved a conversation",
    "handoff.reply": "wrote to the customer",
    "handoff.take_back": "took a reply back before it was sent",
    "handoff.note": "wrote an internal note",
    "handoff.snooze": "put a conversation to sleep",
    "handoff.wake": "woke a conversation up",
    "handoff.priority": "changed a priority",
    "handoff.team": "moved a conversation to a team",
    "handoff.label": "changed labels",
    "canned.add": "added a canned reply",
    "canned.change": "changed a canned reply",
    "canned.delete": "deleted a canned reply",
    "article.draft": "began an article",
    "article.change": "wrote an article",
    "article.delete": "deleted an article",
    "article.publish": "published an article",
    "article.discard": "threw unpublished changes away",
    "article.status": "took an article offline or back",
    "article.restore": "restored an earlier version",
    "article.take_over": "took an imported article over",
    "article.schedule": "made an appointment for an article",
    "article.unschedule": "cancelled an appointment",
    "article.import": "brought articles in from a file",
    "article.export": "exported all articles",
    "article.translate": "began or marked a translation",
    "section.change": "changed sections or their order",
    "redirect.add": "added a redirect",
    "redirect.delete": "deleted a redirect",
    "session.open": "signed in",
    "session.close": "signed out",
    "session.lock": "was locked out after wrong passwords",
    "agent.add": "added an agent",
    "agent.change": "changed an agent",
    "agent.password": "changed a password",
    "agent.unlock": "unlocked an agent",
    "agent.deactivate": "deactivated an agent",
    "agent.activate": "let an agent in again",
    "token.add": "made an API token",
    "token.withdraw": "withdrew an API token",
    "team.add": "added a team",
    "team.change": "changed a team",
    "team.delete": "deleted a team",
    "desk.change": "changed the settings of the desk",
    "question.add": "added a golden question",
    "question.change": "changed a golden question",
    "question.delete": "deleted a golden question",
    "question.import": "brought golden questions in",
    "dial.change": "set how many answers may be wrong",
    "site.change": "changed the settings of the site",
    "webhook.add": "added a webhook",
    "webhook.change": "changed a webhook",
    "webhook.delete": "deleted a webhook",
    "webhook.test": "tested a webhook",
    "delivery.retry": "sent a failed delivery again",
    "customer.erase": "removed a customer's data",
    "audit.export": "exported the audit log",
}
COLUMNS = ("id", "at", "actor_id", "actor", "action", "subject", "detail", "address")
EXPORTED_AT_ONCE = 1000


def record(
    session: Session, actor: Viewer, action: str, subject: str | None = None, /, **detail: Any
) -> None:
    """Adds an entry to the transaction of the deed. `action` is one of ACTIONS (a test holds the callers to it)."""
    session.add(
        AuditEntry(
            actor_id=actor.agent_id,
            actor=(actor.name or "somebody")[:320],
            action=action,
            subject=subject[:100] if subject else None,
            detail=detail,
            address=actor.address[:64] if actor.address else None,
        )
    )


@dataclass(frozen=True)
class Wanted:
    """Which entries: all that are given must fit. `action` ending in a dot means all deeds of that kind."""

    since: datetime | None = None
    until: datetime | None = None  # exclusive
    actor: str | None = None  # an agent's id
    action: str | None = None
    subject: str | None = None

    def query(self, before: int | None = None) -> Select[AuditEntry]:
        """The entries, newest first; with `before`, only those older than the entry of that id."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc())
        if self.since:
            query = query.where(AuditEntry.at >= self.since)
        if self.until:
            query = query.where(AuditEntry.at < self.until)
        if self.actor:
            query = query.where(AuditEntry.actor_id == self.actor)
        if self.action:
            named = AuditEntry.action
            all_of_kind = self.action.endswith(".")
            query = query.where(
                named.startswith(self.action, autoescape=True) if all_of_kind else named == self.action
            )
        if self.subject:
            query = query.where(AuditEntry.subject == self.subject)
        return query if before is None else query.where(AuditEntry.id < before)


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "action": entry.action,
        "words": ACTIONS.get(entry.action, entry.action),
        "subject": entry.subject,
        "detail": entry.detail,
        "address": entry.address,
    }


def as_csv(database: Database, wanted: Wanted) -> Iterator[str]:
    """The log as CSV, newest first, piece by piece: each piece is a read of its own, so that no export holds the database."""
    yield _lines([COLUMNS])
    before: int | None = None
    while True:
        with database.read() as session:
            entries = session.scalars(wanted.query(before).limit(EXPORTED_AT_ONCE)).all()
        if not entries:
            return
        yield _lines([[_cell(entry_json(entry)[name]) for name in COLUMNS] for entry in entries])
        before = entries[-1].id


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe in front."""
    text = (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict)
        else ""
        if value is None
        else str(value)
    )
    return "'" + text if text.lstrip(" ")[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} else text
