"""How often each one has asked of late, counted by all processes of a machine together, in one small SQLite file.

Keys are kept as hashes, and nothing for longer than the window that it counts in.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import sqlite3
import threading
import time
from pathlib import Path

from limits import RateLimitItem, WindowStats

PATIENCE = 1.0  # seconds that one waits for another process's write, which takes a tenth of a millisecond


class SharedCounts:
    """A moving window, as the limiters of `limits` are. Raises sqlite3.Error and OSError when the file cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: sqlite3.Connection | None = None
        self._alone = threading.Lock()

    async def hit(self, rule: RateLimitItem, *names: str) -> bool:
        """Counts one more, unless it is one too many."""
        return await asyncio.to_thread(self._hit, rule, _key(rule, names))

    async def get_window_stats(self, rule: RateLimitItem, *names: str) -> WindowStats:
        """When the window frees a place, and how many are left."""
        return await asyncio.to_thread(self._stats, rule, _key(rule, names))

    def _hit(self, rule: RateLimitItem, key: bytes) -> bool:
        moment = time.time()
        with self._alone, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM hits WHERE ends <= ?", (moment,))
            (count,) = connection.execute("SELECT count(*) FROM hits WHERE key = ?", (key,)).fetchone()
            if count >= rule.amount:
                return False
            connection.execute("INSERT INTO hits VALUES (?, ?)", (key, moment + rule.get_expiry()))
            return True

    def _stats(self, rule: RateLimitItem, key: bytes) -> WindowStats:
        moment = time.time()
        with self._alone, self._connection() as connection:
            query = "SELECT count(*), min(ends) FROM hits WHERE key = ? AND ends > ?"
            count, first = connection.execute(query, (key, moment)).fetchone()
        return WindowStats(first or moment, max(0, rule.amount - count))

    def _connection(self) -> sqlite3.Connection:
        """Used as a context, it commits or rolls back."""
        if self._opened is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._file, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            with open(self._file.with_suffix(".lock"), "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # SQLite lets nobody wait who turns to a WAL
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("CREATE TABLE IF NOT EXISTS hits (key BLOB NOT NULL, ends REAL NOT NULL)")
                connection.execute("CREATE INDEX IF NOT EXISTS hits_of ON hits (key, ends)")
                connection.execute("CREATE INDEX IF NOT EXISTS ends_of ON hits (ends)")
            self._opened = connection
        return self._opened


def _key(rule: RateLimitItem, names: tuple[str, ...]) -> bytes:
    return hashlib.blake2b(rule.key_for(*names).encode(), digest_size=16).digest()
