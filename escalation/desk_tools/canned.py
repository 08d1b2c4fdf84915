"""Canned replies: Markdown that is sent often, with variables that are filled in from the conversation.

`{{customer.first_name|there}}`: after the bar stands what is written when the value is not known.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from escalation.audit import record
from escalation.changing import UnknownHandoff
from help_center.conversations import Conversation, Handoff
from help_center.database import Database, iso, new_id, now
from help_center.desk import CannedReply
from help_center.people import Customer, Viewer
from help_center.web import CleanText, Doorkeeper, Problem, clean_text

VARIABLES = (
    "customer.name",
    "customer.first_name",
    "customer.email",
    "agent.name",
    "agent.first_name",
    "conversation.id",
    "question",
)
_variable = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}")


def _shortcut(text: str) -> str:
    shortcut = text.strip().lstrip("/").lower()
    if not re.fullmatch(r"[\w][\w.-]{0,59}", shortcut):
        raise ValueError("use letters, digits, dots and dashes, such as refund-delay")
    return shortcut


def _known_variables(text: str) -> str:
    text = clean_text(text).strip()
    if not text:
        raise ValueError("write something first")
    for name, _ in _variable.findall(text):
        if name not in VARIABLES:
            raise ValueError(f"{{{{{name}}}}} is no variable; use one of {', '.join(VARIABLES)}")
    return text


class Given(BaseModel):
    shortcut: Annotated[str, Field(max_length=61), AfterValidator(_shortcut)]
    title: Annotated[CleanText, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(max_length=8000), AfterValidator(_known_variables)]


def fill(text: str, values: dict[str, str | None]) -> str:
    """The text with its variables; an unknown value gives what stands after the bar, or nothing.

    One pass: what a customer calls themselves is never read for variables.
    """
    return _variable.sub(lambda match: values.get(match[1]) or (match[2] or "").strip(), text)


def values_of(session: Session, handoff: Handoff, agent: Viewer) -> dict[str, str | None]:
    conversation = session.get_one(Conversation, handoff.conversation_id)
    customer = session.get_one(Customer, conversation.customer_id)
    return {
        "customer.name": customer.name,
        "customer.first_name": _first(customer.name),
        "customer.email": customer.email,
        "agent.name": agent.name,
        "agent.first_name": _first(agent.name),
        "conversation.id": conversation.id,
        "question": handoff.question,
    }


def _first(name: str | None) -> str | None:
    return name.split()[0] if name and name.split() else None


def canned_json(reply: CannedReply) -> dict[str, Any]:
    return {
        "id": reply.id,
        "shortcut": reply.shortcut,
        "title": reply.title,
        "text": reply.text,
        "used": reply.used,
        "updated_at": iso(reply.updated_at),
    }


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter()

    @router.get("/api/canned", dependencies=[Depends(doorkeeper.agent)])
    def all_replies(q: Annotated[CleanText, Query(max_length=100)] = "") -> dict[str, Any]:
        """The most used first; `q`: every word occurs in shortcut, title or text."""
        query = select(CannedReply)
        for word in q.split()[:8]:
            places = (CannedReply.shortcut, CannedReply.title, CannedReply.text)
            query = query.where(or_(*(place.icontains(word, autoescape=True) for place in places)))
        with database.read() as session:
            rows = session.scalars(query.order_by(CannedReply.used.desc(), CannedReply.shortcut).limit(500))
            return {"items": [canned_json(row) for row in rows], "next": None, "variables": list(VARIABLES)}

    @router.post("/api/canned", status_code=201)
    def add(body: Given, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        with database.write() as session:
            _free(session, body.shortcut, None)
            reply = CannedReply(
                id=new_id("canned"), **body.model_dump(), used=0, created_at=now(), updated_at=now()
            )
            session.add(reply)
            session.flush()
            record(session, viewer, "canned.add", reply.id, shortcut=reply.shortcut)
            return canned_json(reply)

    @router.put("/api/canned/{id}")
    def change(id: CleanText, body: Given, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        with database.write() as session:
            reply = _known(session, id)
            _free(session, body.shortcut, reply.id)
            reply.shortcut, reply.title, reply.text, reply.updated_at = (
                body.shortcut,
                body.title,
                body.text,
                now(),
            )
            record(session, viewer, "canned.change", reply.id, shortcut=reply.shortcut)
            return canned_json(reply)

    @router.delete("/api/canned/{id}", status_code=204)
    def remove(id: CleanText, viewer: Viewer = Depends(doorkeeper.lead)) -> None:
        with database.write() as session:
            reply = _known(session, id)
            record(session, viewer, "canned.delete", reply.id, shortcut=reply.shortcut)
            session.delete(reply)

    @router.post("/api/handoffs/{id}/canned/{canned_id}")
    def use(
        id: CleanText, canned_id: CleanText, viewer: Viewer = Depends(doorkeeper.agent)
    ) -> dict[str, str]:
        """The reply with its variables filled in, for the agent to read before it is sent."""
        with database.write() as session:
            handoff = session.get(Handoff, id)
            if handoff is None:
                raise UnknownHandoff
            reply = _known(session, canned_id)
            text = fill(reply.text, values_of(session, handoff, viewer))
            reply.used = CannedReply.used + 1  # counted by the database: two agents may use it at once
            return {"text": text}

    return router


def _known(session: Session, id: str) -> CannedReply:
    reply = session.get(CannedReply, id)
    if reply is None:
        raise Problem(404, "there is no such canned reply.")
    return reply


def _free(session: Session, shortcut: str, mine: str | None) -> None:
    other = session.scalar(select(CannedReply.id).where(func.lower(CannedReply.shortcut) == shortcut))
    if other is not None and other != mine:
        raise Problem(409, f"/{shortcut} is another reply's shortcut already: choose another.")
