"""What an ended conversation asks its customer: how it went (CSAT), and now and then whether they would recommend us (NPS).

Decides only; what was answered is kept with the conversation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.policies import DeskSettings


@dataclass(frozen=True)
class Ended:
    """What is known of a conversation when it is asked about."""

    conversation_id: str
    closed_at: datetime | None  # None: it goes on
    rated_at: datetime | None
    with_person: bool  # an agent had it
    nps: int | None
    asked_nps: bool
    nps_asked_at: datetime | None  # of this customer, in any conversation


def asks_csat(ended: Ended) -> bool:
    """Once for every end: a conversation that came back may be rated anew, and keeps its rating until then."""
    return ended.closed_at is not None and not _rated_since(ended)


def asks_nps(ended: Ended, settings: DeskSettings, at: datetime) -> bool:
    """Of the share of conversations with a person that the owner wants, and of nobody too often."""
    if ended.closed_at is None or ended.nps is not None:
        return False
    if ended.asked_nps:
        return _rated_since(ended)  # the question is on the screen; a later end does not put it again
    if not ended.with_person or settings.nps_every_days == 0:
        return False
    often = ended.nps_asked_at is not None and at - ended.nps_asked_at < timedelta(
        days=settings.nps_every_days
    )
    return not often and _chance(ended.conversation_id) < settings.nps_share


def _rated_since(ended: Ended) -> bool:
    return ended.rated_at is not None and ended.closed_at is not None and ended.rated_at >= ended.closed_at


def _chance(conversation_id: str) -> float:
    """From 0 to below 1, the same whenever it is asked for."""
    digest = hashlib.sha256(f"nps {conversation_id}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
