"""Slack's incoming webhook (Mattermost and others take the same): one message for each new or overdue handoff.

What a customer wrote goes in as plain text, so that it can neither mention nor link nor format.
"""

from __future__ import annotations

import json
from typing import Any

from escalation.notify.base import Parcel, Undelivered
from escalation.notify.posting import post
from escalation.policies import desk_settings
from help_center.database import Database
from help_center.markup import shortened

LONGEST = 2900  # characters of one block; Slack takes 3000


class Slack:
    """The transport. The address is a secret, so a parcel does not carry it: the desk's settings have it.

    `payload`: {"headline", "quote", "about": [str], "handoff_id"}.
    """

    def __init__(self, database: Database, *, public_url: str | None, local: bool) -> None:
        self._database = database
        self._public_url = public_url
        self._local = local

    def send(self, parcel: Parcel) -> None:
        with self._database.read() as session:
            url = desk_settings(session).notifications.slack_url
        if url is None:
            raise Undelivered("no Slack address is set any more", permanent=True)
        body = json.dumps(message(parcel.payload, self._public_url), ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        post(url, body, {"Content-Type": "application/json"}, local=self._local)


def message(payload: dict[str, Any], public_url: str | None) -> dict[str, Any]:
    """The message as Slack reads it; `text` is what notifications and screen readers show."""
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _plain(payload["headline"])},
        {"type": "section", "text": _plain(f"“{payload['quote']}”")},
    ]
    if payload["about"]:
        blocks.append({"type": "context", "elements": [_plain(" · ".join(payload["about"]))]})
    if public_url:
        link = f"<{public_url}/inbox#{escaped(payload['handoff_id'])}|Open it in the inbox>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    return {"text": escaped(f"{payload['headline']}: {payload['quote']}"[:LONGEST]), "blocks": blocks}


def escaped(text: str) -> str:
    """The three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": shortened(text, LONGEST), "emoji": False}
