"""Who owns the data dir: one process at a time may write an embedded vector store.

A `flock` on `owner.lock` says so; the file names the owner's loopback address and a secret, so that commands that
find it taken work through the owner. The lock goes with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from help_center.faults import Mendable

HEADER = "X-Parley-Owner"  # the secret travels in it


class OwnerError(Mendable):
    """The data dir is in use by a process that cannot be worked through. One line that says what to do."""


@dataclass(frozen=True)
class OtherOwner:
    """The process that owns the data dir. `url` is None while it does not serve."""

    pid: int
    command: str
    url: str | None
    secret: str | None


class Ownership:
    """Held for as long as the object is open."""

    def __init__(self, file: IO[str], command: str) -> None:
        self._file = file
        self._command = command
        self.secret = secrets.token_urlsafe(24)
        self._write(None)

    def announce(self, url: str) -> None:
        """Says where this process serves; from now on commands can work through it."""
        self._write(url)

    def fileno(self) -> int:
        """The lock itself: a child process that inherits it holds the data dir, too."""
        return self._file.fileno()

    def release(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.close()

    def _write(self, url: str | None) -> None:
        told = {
            "pid": os.getpid(),
            "command": self._command,
            "url": url,
            "secret": self.secret if url else None,
        }
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(told))
        self._file.flush()


def own(data_dir: Path, command: str) -> Ownership | OtherOwner:
    """The ownership, or who has it. Raises OwnerError when the folder cannot be used."""
    path = data_dir / "owner.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")  # noqa: SIM115  (open as long as it is owned)
    except OSError as error:
        raise OwnerError(
            f"the data dir {data_dir} cannot be used: {error.strerror}. Check PARLEY_DATA_DIR."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            told = json.loads(file.read() or "{}")
        except ValueError:
            told = {}
        file.close()
        return OtherOwner(
            told.get("pid", 0), told.get("command", "parley"), told.get("url"), told.get("secret")
        )
    return Ownership(file, command)


def own_or_wait(data_dir: Path, command: str, seconds: float = 60.0) -> Ownership | OtherOwner:
    """Like `own`, but waits for an owner that does not serve (a running `parley index`).

    Raises OwnerError when it still has the data dir after `seconds`.
    """
    end = time.monotonic() + seconds
    while True:
        found = own(data_dir, command)
        if isinstance(found, Ownership) or found.url is not None:
            return found
        if time.monotonic() > end:
            raise OwnerError(
                f"`parley {found.command}` (process {found.pid}) is using {data_dir}: wait until it has finished."
            )
        time.sleep(0.2)
