"""Webhooks and deliveries over HTTP, for admins: who is told, what has not arrived, and trying again."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from escalation import audit
from escalation.notify.base import Parcel, Transport, Undelivered
from escalation.notify.posting import fault_of
from escalation.notify.webhook import new_secret
from help_center.database import Database, iso, new_id, now
from help_center.desk import Delivery, Webhook
from help_center.people import Viewer
from help_center.web import CleanText, Doorkeeper, Problem

Event = Literal["handoff.opened", "handoff.resolved", "conversation.closed", "message.created"]
Status = Literal["pending", "sent", "failed"]


def _each_once(events: list[Event]) -> list[Event]:
    return list(dict.fromkeys(events))


Events = Annotated[list[Event], Field(min_length=1, max_length=20), AfterValidator(_each_once)]
Url = Annotated[CleanText, Field(max_length=2000)]


class NewWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: Url
    events: Events


class ChangedWebhook(BaseModel):
    """What is left out stays. `new_secret`: the old one is worth nothing any more."""

    model_config = ConfigDict(extra="forbid")
    url: Url | None = None
    events: Events | None = None
    active: bool | None = None
    new_secret: bool = False


def routes(
    database: Database, doorkeeper: Doorkeeper, webhooks: Transport, *, local_webhooks: bool
) -> APIRouter:
    """`webhooks`: the transport that the test button sends with."""
    router = APIRouter()
    admin = Depends(doorkeeper.admin)

    def usable(url: str) -> str:
        fault = fault_of(url, local=local_webhooks)
        if fault:
            raise Problem(422, f"url: {fault}")
        return url

    @router.get("/api/webhooks", dependencies=[admin])
    def show_webhooks() -> dict[str, Any]:
        """All webhooks, without their secrets."""
        with database.read() as session:
            counts = _counts(session)
            found = session.scalars(select(Webhook).order_by(Webhook.created_at, Webhook.id))
            return {"items": [webhook_json(row, counts) for row in found], "next": None}

    @router.post("/api/webhooks", status_code=201)
    def add_webhook(body: NewWebhook, viewer: Viewer = admin) -> dict[str, Any]:
        """A new webhook. The answer has its `secret`, which is not shown again."""
        webhook = Webhook(
            id=new_id("hook"), url=usable(body.url), secret=new_secret(), events=body.events, active=True
        )
        with database.write() as session:
            session.add(webhook)
            session.flush()
            audit.record(
                session,
                viewer,
                "webhook.add",
                webhook.id,
                host=urlsplit(webhook.url).hostname,
                events=webhook.events,
            )
            return webhook_json(webhook, {}) | {"secret": webhook.secret}

    @router.put("/api/webhooks/{id}")
    def change_webhook(id: CleanText, body: ChangedWebhook, viewer: Viewer = admin) -> dict[str, Any]:
        """Changes what is given. With `new_secret` the answer has the new secret, which is not shown again."""
        with database.write() as session:
            webhook = _webhook(session, id)
            given = body.model_dump(exclude_none=True, exclude={"new_secret"})
            if "url" in given:
                usable(given["url"])
            for name, value in given.items():
                setattr(webhook, name, value)
            if body.new_secret:
                webhook.secret = new_secret()
            audit.record(
                session,
                viewer,
                "webhook.change",
                id,
                **{name: value for name, value in given.items() if name != "url"},
                host=urlsplit(webhook.url).hostname,  # an address may carry a secret
                **({"new_secret": True} if body.new_secret else {}),
            )
            told = webhook_json(webhook, _counts(session))
            return told | ({"secret": webhook.secret} if body.new_secret else {})

    @router.delete("/api/webhooks/{id}", status_code=204)
    def delete_webhook(id: CleanText, viewer: Viewer = admin) -> None:
        """Deletes it, and what was still to be sent to it."""
        with database.write() as session:
            webhook = _webhook(session, id)
            audit.record(session, viewer, "webhook.delete", id, host=urlsplit(webhook.url).hostname)
            session.delete(webhook)
            session.execute(delete(Delivery).where(Delivery.kind == "webhook", Delivery.target == id))

    @router.post("/api/webhooks/{id}/test")
    def test_webhook(id: CleanText, viewer: Viewer = admin) -> dict[str, Any]:
        """Sends the event `ping` at once and says whether it arrived: `{delivered, error}`."""
        with database.write() as session:
            _webhook(session, id)
            audit.record(session, viewer, "webhook.test", id)
        try:
            webhooks.send(Parcel(new_id("dlv"), id, "ping", {"hello": "from Parley"}, now()))
        except Undelivered as error:
            return {"delivered": False, "error": str(error)}
        return {"delivered": True, "error": None}

    @router.get("/api/deliveries", dependencies=[admin])
    def show_deliveries(
        status: Status | None = None,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
        cursor: CleanText | None = None,
    ) -> dict[str, Any]:
        """What goes out or went out in the last 30 days, newest first."""
        query = select(Delivery).order_by(Delivery.id.desc()).limit(limit + 1)
        if status:
            query = query.where(Delivery.status == status)
        if cursor:
            query = query.where(Delivery.id < cursor)
        with database.read() as session:
            found = list(session.scalars(query))
            urls = {row.id: row.url for row in session.scalars(select(Webhook))}
        items = [delivery_json(row, urls) for row in found[:limit]]
        return {"items": items, "next": items[-1]["id"] if len(found) > limit else None}

    @router.post("/api/deliveries/{id}/retry")
    def retry_delivery(id: CleanText, viewer: Viewer = admin) -> dict[str, Any]:
        """Tries again at once, and as often as at first; 409 for what has arrived."""
        with database.write() as session:
            row = session.scalar(select(Delivery).where(Delivery.id == id).with_for_update())
            if row is None:
                raise Problem(404, "there is no such delivery: it may be older than 30 days.")
            if row.status == "sent":
                raise Problem(409, "this has arrived already: nothing is sent again.")
            if row.status == "pending" and row.due_at > now() and row.error is None:  # leased
                raise Problem(409, "this is being sent just now: look again in a moment.")
            row.status, row.attempts, row.due_at, row.done_at = "pending", 0, now(), None
            audit.record(session, viewer, "delivery.retry", id, event=row.event)
            urls = {hook.id: hook.url for hook in session.scalars(select(Webhook))}
            return delivery_json(row, urls)

    return router


def webhook_json(webhook: Webhook, counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "active": webhook.active,
        "created_at": iso(webhook.created_at),
        "pending": counts.get((webhook.id, "pending"), 0),
        "failed": counts.get((webhook.id, "failed"), 0),
    }


def delivery_json(row: Delivery, urls: dict[str, str]) -> dict[str, Any]:
    """One line of the outbox; `to` is for people, and what was sent is not shown."""
    return {
        "id": row.id,
        "kind": row.kind,
        "to": urls.get(row.target, row.target),
        "event": row.event,
        "status": row.status,
        "attempts": row.attempts,
        "error": row.error,
        "created_at": iso(row.created_at),
        "due_at": iso(row.due_at) if row.status == "pending" else None,
        "done_at": iso(row.done_at),
    }


def _webhook(session: Session, id: str) -> Webhook:
    webhook = session.get(Webhook, id)
    if webhook is None:
        raise Problem(404, "there is no such webhook.")
    return webhook


def _counts(session: Session) -> dict[tuple[str, str], int]:
    """How many deliveries of each webhook are in each state that matters."""
    query = (
        select(Delivery.target, Delivery.status, func.count())
        .where(Delivery.kind == "webhook", Delivery.status.in_(("pending", "failed")))
        .group_by(Delivery.target, Delivery.status)
    )
    return {(target, status): count for target, status, count in session.execute(query)}
