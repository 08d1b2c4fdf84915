"""Facts of the installation that every request reads and that change once a month: what the owner has set.

A change holds at once in the process that made it, and after SECONDS in the other workers and hosts. Knows keys and
cheap reads, not what a fact says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from help_center.database import Database, InstallationFact

T = TypeVar("T")
SECONDS = 1.0  # how long a process believes what it has read
WRITTEN = "kept"  # in `session.info`: the keys that a transaction has changed


def keep(session: Session, key: str, value: dict[str, Any] | None) -> None:
    """Keeps the fact with the transaction of `session`; None forgets it."""
    if value is None:
        row = session.get(InstallationFact, key)
        if row is not None:
            session.delete(row)
    else:
        session.merge(InstallationFact(key=key, value=value))
    session.info.setdefault(WRITTEN, set()).add(key)


class Kept(Generic[T]):
    """One fact as `read` makes it out of what is kept (None: nothing is), read again when it may have changed."""

    def __init__(self, database: Database, key: str, read: Callable[[dict[str, Any] | None], T]) -> None:
        self._database = database
        self._key = key
        self._read = read
        self._lock = threading.Lock()
        self._changes = 0  # commits of this process: what was read before one is not believed after it
        self._at = float("-inf")
        self._raw: dict[str, Any] | None = None
        self._current = read(None)
        database.after_commit.append(self._committed)

    def __call__(self) -> T:
        with self._lock:
            if time.monotonic() - self._at < SECONDS:
                return self._current
            changes = self._changes
        raw = self._database.fact(self._key)
        with self._lock:
            if raw != self._raw:
                self._raw, self._current = raw, self._read(raw)
            if changes == self._changes:
                self._at = time.monotonic()
            return self._current

    def forget(self) -> None:
        """What is kept is read again by the next call: another process is known to have changed it."""
        with self._lock:
            self._changes += 1
            self._at = float("-inf")

    def _committed(self, session: Session) -> None:
        if self._key in session.info.get(WRITTEN, ()):
            self.forget()
