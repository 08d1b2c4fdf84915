"""The outbox: what must go out is a row, written in the transaction of its cause, and tried until it has arrived.

A row is leased with a conditional UPDATE that counts the try and puts its next one ahead: one process gets it, and what a
process that died had leased is tried again after LEASE; it has no fault while it is leased, that of the try before is
forgotten. A crash between the sending and the mark sends twice, with
the same id. A receiver that does not answer holds up nobody else: each has a lane of its own, and its lane rests after a failure.
Knows rows, times and transports; not who is told of what, nor how anything travels.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, delete, func, select, update
from sqlalchemy.orm import Session

from escalation.notify.base import Parcel, Transport, Undelivered
from help_center.database import Database, new_id, now, upsert
from help_center.desk import Delivery

log = logging.getLogger(__name__)
# seconds after the first, second, ... failed try; ten tries in all, the last after some sixteen hours
WAITS = (10, 30, 60, 300, 900, 3600, 7200, 14_400, 28_800)
JITTER = 0.2  # each wait is this much longer or shorter, so that a receiver that comes back is not overrun
LONGEST_PATIENCE = 3600  # seconds that a receiver may ask for
LEASE = timedelta(minutes=5)  # longer than any transport takes
REST_SECONDS = 30.0  # of a lane after a failure that may pass
THREADS = 4  # for each kind
LANES_AT_ONCE = 200
LANE_TURN = 50  # deliveries of one lane before the others have their turn
KEEP = timedelta(days=30)
PRUNED_AT_ONCE = 1000

Lane = tuple[str, str]  # kind and target


def enqueue(
    session: Session,
    kind: str,
    target: str,
    event: str,
    payload: dict[str, Any],
    *,
    key: str,
    conversation_id: str | None = None,
) -> None:
    """Adds a delivery to the transaction of its cause; the same kind, target, event and `key` again add nothing."""
    row: Insert = (
        upsert(session, Delivery)
        .values(
            id=new_id("dlv"),
            kind=kind,
            target=target,
            event=event,
            payload=payload,
            key=hashlib.sha256("\n".join([kind, target, event, key]).encode()).hexdigest(),
            conversation_id=conversation_id,
            status="pending",
            attempts=0,
            due_at=now(),
            created_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    session.execute(row)


def next_try(tries: int, at: datetime, error: Undelivered, dice: float) -> datetime | None:
    """When a delivery that has failed for the `tries`th time is tried again; None: it is given up. `dice` from 0 to 1."""
    if error.permanent or tries > len(WAITS):
        return None
    wait = WAITS[tries - 1] * (1 + JITTER * (2 * dice - 1))
    return at + timedelta(seconds=max(wait, min(error.wait_s or 0, LONGEST_PATIENCE)))


class Outbox:
    """Sends what is due. One per process; several processes share the rows."""

    def __init__(
        self,
        database: Database,
        transports: Mapping[str, Transport],
        *,
        dice: Callable[[], float] = random.random,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._database = database
        self._transports = transports
        self._dice = dice
        self._rest_seconds = rest_seconds
        self._lock = threading.Lock()
        self._busy: set[Lane] = set()
        self._rests_until: dict[Lane, float] = {}  # on the monotonic clock
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._closing = threading.Event()  # a new one after each close

    def send_due(self) -> list[Future[None]]:
        """Begins to send whatever is due, and does not wait for it: a Job of the clock."""
        begun = []
        for lane in self._lanes_due():
            with self._lock:
                if lane in self._busy or self._rests_until.get(lane, 0) > time.monotonic():
                    continue
                self._busy.add(lane)
                self._rests_until.pop(lane, None)
                if lane[0] not in self._pools:
                    self._pools[lane[0]] = ThreadPoolExecutor(THREADS, f"outbox {lane[0]}")
                begun.append(self._pools[lane[0]].submit(self._work, lane, self._closing))
        return begun

    def close(self) -> None:
        """Begins nothing more. What is being sent ends by itself, or is tried again after its lease."""
        with self._lock:
            self._closing.set()
            self._closing = threading.Event()
            for pool in self._pools.values():
                pool.shutdown(wait=False, cancel_futures=True)
            self._pools.clear()
            self._busy.clear()

    def prune(self) -> None:
        """Forgets what was done long ago: a Job of the clock."""
        old = select(Delivery.id).where(Delivery.created_at < now() - KEEP, Delivery.status != "pending")
        deleted = PRUNED_AT_ONCE
        while deleted == PRUNED_AT_ONCE:
            with self._database.write() as session:
                ids = list(session.scalars(old.order_by(Delivery.created_at).limit(PRUNED_AT_ONCE)))
                session.execute(delete(Delivery).where(Delivery.id.in_(ids)))
                deleted = len(ids)

    def _lanes_due(self) -> list[Lane]:
        lanes: list[Lane] = []
        with self._database.read() as session:
            for kind in self._transports:
                query = (
                    select(Delivery.target)
                    .where(Delivery.status == "pending", Delivery.due_at <= now(), Delivery.kind == kind)
                    .group_by(Delivery.target)
                    .order_by(func.min(Delivery.due_at))
                    .limit(LANES_AT_ONCE)
                )
                lanes += [(kind, target) for target in session.scalars(query)]
        return lanes

    def _work(self, lane: Lane, closing: threading.Event) -> None:
        try:
            for _ in range(LANE_TURN):
                if closing.is_set() or not self._send_next(lane):
                    break
        except Exception as error:  # the database is away: the next round tries again
            log.warning("the outbox stopped at %s: %s", lane[0], error)
        finally:
            with self._lock:
                self._busy.discard(lane)

    def _send_next(self, lane: Lane) -> bool:
        """False when nothing of the lane is due any more, or when it must rest."""
        leased = self._lease(lane)
        if leased is None:
            return False
        parcel, tries = leased
        try:
            self._transports[lane[0]].send(parcel)
        except Undelivered as error:
            self._failed(parcel, tries, error)
            if not error.permanent:
                with self._lock:
                    self._rests_until[lane] = time.monotonic() + self._rest_seconds
            return error.permanent
        except Exception as error:  # a fault of ours: this delivery cannot be sent, others can
            log.exception("delivery %s cannot be sent", parcel.id)
            self._failed(parcel, tries, Undelivered(f"{type(error).__name__}: {error}", permanent=True))
            return True
        self._mark(parcel, tries, status="sent", payload={}, error=None, done_at=now())
        return True

    def _lease(self, lane: Lane) -> tuple[Parcel, int] | None:
        """The oldest delivery of the lane that is due, now ours alone for a while, and how often it was tried with this try."""
        kind, target = lane
        while True:
            with self._database.write() as session:
                query = (
                    select(Delivery)
                    .where(Delivery.status == "pending", Delivery.due_at <= now())
                    .where(Delivery.kind == kind, Delivery.target == target)
                    .order_by(Delivery.created_at, Delivery.id)
                    .limit(1)
                )
                row = session.scalar(query)
                if row is None:
                    return None
                won = session.execute(
                    update(Delivery)
                    .where(Delivery.id == row.id, Delivery.status == "pending")
                    .where(Delivery.attempts == row.attempts)
                    .values(attempts=row.attempts + 1, due_at=now() + LEASE, error=None)
                    .execution_options(synchronize_session=False)
                )
                if won.rowcount == 1:  # type: ignore[attr-defined]
                    parcel = Parcel(row.id, row.target, row.event, row.payload, row.created_at)
                    return parcel, row.attempts + 1

    def _failed(self, parcel: Parcel, tries: int, error: Undelivered) -> None:
        log.warning("delivery %s (%s) failed at try %d: %s", parcel.id, parcel.event, tries, error)
        due_at = next_try(tries, now(), error, self._dice())
        if due_at is None:
            self._mark(parcel, tries, status="failed", error=str(error), done_at=now())
        else:
            self._mark(parcel, tries, due_at=due_at, error=str(error))

    def _mark(self, parcel: Parcel, tries: int, **values: Any) -> None:
        """Nothing happens when the lease has run out and somebody else has it."""
        with self._database.write() as session:
            session.execute(
                update(Delivery)
                .where(Delivery.id == parcel.id, Delivery.status == "pending", Delivery.attempts == tries)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
