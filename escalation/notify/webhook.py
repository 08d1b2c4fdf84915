"""Signed webhooks: the event as JSON, and an HMAC-SHA256 over time and body that only who has the secret can make.

Knows how an event is written and signed; not which events there are, nor when one is tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time

from escalation.notify.base import Parcel, Undelivered
from escalation.notify.posting import post
from help_center.database import Database, iso
from help_center.desk import Webhook


def new_secret() -> str:
    return "whsec_" + secrets.token_urlsafe(32)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of `Parley-Signature`: `v1=` and the hex HMAC-SHA256 of the timestamp, a dot and the body."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class Webhooks:
    """The transport: `target` of a parcel is the id of a Webhook, looked up anew at every try."""

    def __init__(self, database: Database, *, local: bool) -> None:
        self._database = database
        self._local = local

    def send(self, parcel: Parcel) -> None:
        with self._database.read() as session:
            webhook = session.get(Webhook, parcel.target)
        if webhook is None:
            raise Undelivered("the webhook was deleted", permanent=True)
        if not webhook.active and parcel.event != "ping":
            raise Undelivered("the webhook is switched off", permanent=True)
        told = {
            "id": parcel.id,
            "event": parcel.event,
            "created_at": iso(parcel.created_at),
            "data": parcel.payload,
        }
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Parley-Event": parcel.event,
            "Parley-Delivery": parcel.id,
            "Parley-Timestamp": str(timestamp),
            "Parley-Signature": signature(webhook.secret, timestamp, body),
        }
        post(webhook.url, body, headers, local=self._local)
