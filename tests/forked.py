"""`parley` in processes that need not wait for their imports: one process has imported everything, and each command is a
fork of it.

A fork has its own memory, files, session and end, as the program has, and can be killed like it. What it does not show is
how the program starts: `Installation.parley(..., program=True)` does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).parents[1]
IMPORTED = (  # all but onnxruntime, whose thread a fork would wait for at its end
    "bot.cli", "bot.doctor", "bot.drift", "bot.oneshot", "bot.progress", "bot.reach", "bot.serving", "bot.terminal",
    "escalation.audit", "escalation.staff", "evals.commands", "evals.run", "help_center.customer_data",
    "help_center.importing", "tokenizers", "uvicorn.lifespan.on", "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)  # fmt: skip
A_MESSAGE = 1 << 17  # bytes: a command with its environment


class Forked:
    """A running command, with what the tests use of `subprocess.Popen`."""

    def __init__(self, words: tuple[str, ...], env: dict[str, str], folder: Path, *streams: int) -> None:
        """`streams`: the descriptors of its standard input, output and errors."""
        self.returncode: int | None = None
        self._words = words
        self._told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"words": words, "env": env, "folder": str(folder)}).encode()
        with theirs:
            socket.send_fds(_forker(), [request], [theirs.fileno(), *streams])
        self.pid = int(self._told.recv(64) or 0)
        assert self.pid, "the process that forks has ended: see its errors"

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode = int(self._told.recv(64))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self._words, timeout or 0) from None
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


_starting = Lock()


def _forker() -> socket.socket:
    with _starting:
        return _started()


@cache
def _started() -> socket.socket:
    """The process that forks, begun with the first command; it ends when this end of the socket is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PARLEY_", "OPENAI_"))}
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
            cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            start_new_session=True,
        )  # fmt: skip
    return ours


# --- in the process that forks -------------------------------------------------------------------------------


def fork_on_request(requests: socket.socket) -> None:
    before = set(os.environ)
    for module in IMPORTED:
        importlib.import_module(module)
    set_by_imports = {name: value for name, value in os.environ.items() if name not in before}
    gc.collect()
    gc.freeze()  # a fork does not copy what it never looks at
    children: set[int] = set()
    while True:
        request, given, _, _ = socket.recv_fds(requests, A_MESSAGE, 4)
        children = {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0] == 0}
        if not request:
            return
        if (pid := os.fork()) == 0:
            requests.close()
            command = json.loads(request)
            command["env"] = set_by_imports | command["env"]
            return run_and_tell(command, *given)
        children.add(pid)
        for number in given:
            os.close(number)


def run_and_tell(command: dict, answer: int, *streams: int) -> None:
    """Runs the command in one process more, which tells its id; this one tells how it ended."""
    telling = socket.socket(fileno=answer)
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        telling.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.setsid()
    telling.send(str(os.getpid()).encode())
    telling.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["env"])
    sys.modules["__main__"].__spec__ = sys.modules["__main__"].__package__ = (
        None  # a program goes by its file's name
    )
    sys.argv = ["parley", *command["words"]]
    importlib.import_module("bot.cli").main()


if __name__ == "__main__":
    fork_on_request(socket.socket(fileno=int(sys.argv[1])))
