"""The door of customers whom a site vouches for: their earlier conversations, on any device, by the proof that the site signs.

The proof is exchanged for a token of a day, so that it stands in no address. Who has not been proven has no list: what an
unproven caller says of themselves finds nothing.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.channels.api import Short
from help_center.conversations import Conversation, Message
from help_center.database import Database, iso
from help_center.markup import shortened
from help_center.people import ConversationTokens, CustomerTokens, proven_id
from help_center.web import Doorkeeper, Problem, RateLimits, bearer

log = logging.getLogger(__name__)
EXCERPT = 140  # characters of a line in the list


class Proof(BaseModel):
    """`user_hash`: the hex HMAC-SHA256 of `id` under the secret key, as the site's server signs it."""

    id: Short
    user_hash: Short


def routes(
    database: Database,
    tokens: ConversationTokens,
    customers: CustomerTokens,
    doorkeeper: Doorkeeper,
    limits: RateLimits,
) -> APIRouter:
    api = APIRouter(prefix="/api/customers", tags=["customers"])

    @api.post("/session")
    async def sign_in(request: Request, given: Proof) -> dict[str, Any]:
        """A customer's token for a day. 403 where the proof is not of this id."""
        await limits.spend("creations", f"customer {doorkeeper.address(request)}")
        if not given.id or not tokens.proves(given.id, given.user_hash):
            why = tokens.why_unproven(given.id)
            log.warning("a customer was not proven: %s", why)
            raise Problem(403, why)
        return {
            "token": customers.make(proven_id(given.id)),
            "expires_at": iso(datetime.now(UTC) + timedelta(seconds=customers.seconds)),
        }

    def known(request: Request) -> str:
        customer = customers.customer_id(bearer(request) or "")
        if customer is None:
            raise Problem(
                401,
                "send the token of POST /api/customers/session; it lasts a day.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return customer

    @api.get("/me/conversations")
    def mine(
        customer: str = Depends(known),
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str, Query(max_length=200)] | None = None,
    ) -> dict[str, Any]:
        """The conversations that this customer has written in, the latest first, each with the token that opens it."""
        with database.read() as session:
            found = _page(session, customer, limit + 1, cursor)
            items = [_line(session, one) | {"token": tokens.make(one.id)} for one in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        return {"items": items, "next": f"{iso(last.updated_at)} {last.id}" if last else None}

    return api


def _page(session: Session, customer: str, limit: int, cursor: str | None) -> list[Conversation]:
    wrote = select(Message.id).where(Message.conversation_id == Conversation.id, Message.role == "customer")
    query = select(Conversation).where(
        Conversation.customer_id == customer, Conversation.proven.is_(True), wrote.exists()
    )
    if cursor:
        at, _, id = cursor.partition(" ")
        try:
            before = datetime.fromisoformat(at)
        except ValueError:
            raise Problem(422, "this cursor is not one of ours: take `next` of the page before.") from None
        # the cursor's time is cut to milliseconds: what lies in the same one is told apart by id
        rounded = before + timedelta(milliseconds=1)
        query = query.where(
            Conversation.updated_at < rounded,
            or_(Conversation.updated_at < before, Conversation.id < id),
        )
    return list(
        session.scalars(query.order_by(Conversation.updated_at.desc(), Conversation.id.desc()).limit(limit))
    )


def _line(session: Session, one: Conversation) -> dict[str, Any]:
    of = Message.conversation_id == one.id
    first = session.scalars(
        select(Message).where(of, Message.role == "customer").order_by(Message.position).limit(1)
    ).one()
    said = first.text or ", ".join(file["name"] for file in first.files)
    unread = select(func.count()).where(of, Message.role == "agent", Message.position > one.customer_read)
    return {
        "id": one.id,
        "status": one.status,
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
        "first": shortened(" ".join(said.split()), EXCERPT),
        "unread": session.scalar(unread) or 0,
    }
