"""What a transport is: something that brings one parcel to one receiver, or says why not and whether trying again helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Undelivered(Exception):
    """The parcel did not arrive: one line that says why.

    `permanent`: trying again without a change never helps. `wait_s`: the receiver asked for this much patience.
    """

    def __init__(self, reason: str, *, permanent: bool = False, wait_s: float | None = None) -> None:
        super().__init__(" ".join(reason.split())[:500])
        self.permanent = permanent
        self.wait_s = wait_s


@dataclass(frozen=True)
class Parcel:
    """One delivery as a transport gets it. `id` stays the same at every try: receivers tell a repetition by it."""

    id: str
    target: str
    event: str
    payload: dict[str, Any]
    created_at: datetime


class Transport(Protocol):
    """Sends parcels of one kind. Called in a thread, with no transaction open, and must be done within a minute."""

    def send(self, parcel: Parcel) -> None:
        """Returns once the receiver has it; raises Undelivered when it has not."""
        ...
