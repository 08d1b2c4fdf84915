"""A network cable between a browser and a server, that a test can pull, hold still, or plug into another server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Cable:
    """Listens at `url`, passes on to `target`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._flows = threading.Event()
        self._flows.set()
        self._pulled = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Nothing flows any more, and nobody is told: as for a laptop that sleeps."""
        self._flows.clear()

    def pull(self) -> None:
        """What is connected breaks, and nothing new connects."""
        self._pulled = True
        self._flows.set()
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def mend(self) -> None:
        """New connections work. What was held stays dead, as after a change of network."""
        held = not self._flows.is_set()
        self._pulled = False
        if held:
            with self._lock:
                self._dead = set(self._open)
        self._flows.set()

    _dead: set[socket.socket] = set()

    def _accept(self) -> None:
        while not self.closed:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._flows.wait()
        address = urlsplit(self.target)
        try:
            if self._pulled:
                raise OSError
            far = socket.create_connection((address.hostname or "", address.port or 80))
        except OSError:
            near.close()
            return
        with self._lock:
            self._open |= {near, far}
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._flows.wait()
                if one in self._dead:
                    return  # swallowed: the other end hears nothing, not even that it is over
                other.sendall(data)
        if one in self._dead:
            return
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.closed = True
        self._listening.close()
        self.pull()


@contextmanager
def cable(target: str) -> Iterator[Cable]:
    made = Cable(target)
    try:
        yield made
    finally:
        made.close()
