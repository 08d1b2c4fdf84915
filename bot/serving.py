"""Serves: one process on an embedded store, or several workers on a Chroma server.

`serve` blocks until it is told to stop. Knows processes and sockets, not what is served.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from bot.app import create_app
from bot.drift import doubt
from bot.house import House
from bot.logs import complain, log_to_stderr
from help_center.faults import Mendable
from help_center.owner import OtherOwner, Ownership, own_or_wait
from help_center.settings import Settings, load_settings
from retrieval.indexing import pending_of

CHROMA_SECONDS = 30.0
KEPT_OPEN = 75  # s without a request: longer than proxies keep theirs, which would else send one into a closing connection
# runs a command until standard input ends, or until the command does
MINDER = """
import os, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=lambda: os._exit(child.wait()), daemon=True).start()
sys.stdin.buffer.read()
child.terminate()
try:
    child.wait(10)
except subprocess.TimeoutExpired:
    child.kill()
"""


class ServeError(Mendable):
    """It cannot be served. One line that says what to do."""


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Raises ServeError, and whatever opening the parts raises."""
    listening = _bind(host, port)
    house = House(settings)
    house.database  # noqa: B018  (migrates)
    ownership: Ownership | None = None
    if settings.chroma_url is None:
        found = own_or_wait(settings.data_dir, "serve")
        if isinstance(found, OtherOwner):
            raise ServeError(
                f"another server at {found.url} (process {found.pid}) owns {settings.data_dir}: stop it, or set PARLEY_DATA_DIR."
            )
        ownership = found
    reachable = "127.0.0.1" if host in {"0.0.0.0", "", "::"} else f"[{host}]" if ":" in host else host
    address = f"http://{reachable}:{listening.getsockname()[1]}"
    try:
        if workers == 1:
            app = create_app(house, owner_secret=ownership.secret if ownership else None, warmed=settle)
            if ownership:
                ownership.announce(address)
            _warn_if_behind(house)
            _say_where(address)
            uvicorn.Server(_config(app)).run(sockets=[listening])
            return
        house.close()
        with (
            _chroma_server(settings, ownership)
            if ownership
            else nullcontext(settings.chroma_url or "") as chroma
        ):
            os.environ["PARLEY_CHROMA_URL"] = chroma
            house = House(load_settings())
            house.parts  # noqa: B018  (what cannot be opened is told here, once, and not by every worker)
            _warn_if_behind(house)
            house.close()
            if ownership:
                ownership.announce(address)
            _say_where(address)
            supervisor = Multiprocess(_config("bot.serving:worker", workers), sockets=[listening])
            supervisor.run()
            if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
                raise ServeError("a worker did not start: see the lines above.")
    finally:
        house.close()
        if ownership:
            ownership.release()


def worker() -> FastAPI:
    """One of several workers; the parent holds the data dir and has told its secret in the lock file."""
    log_to_stderr()
    threading.Thread(target=_end_with_parent, name="watch the parent", daemon=True).start()
    settings = load_settings()
    secret = None
    with suppress(OSError, ValueError):
        secret = json.loads((settings.data_dir / "owner.lock").read_text()).get("secret")
    counts = settings.data_dir / "limits.db"
    return create_app(House(settings), owner_secret=secret, warmed=settle, counts=counts)


def settle() -> None:
    """What is loaded by now stays for good: the garbage collector need not look through it each time, which would hold
    up every request for 0.2 s."""
    gc.collect()
    gc.freeze()


def _config(app: FastAPI | str, workers: int = 1) -> uvicorn.Config:
    """`app`: the app, or the name of what makes it."""
    return uvicorn.Config(
        app, factory=isinstance(app, str), workers=workers, log_level="warning", server_header=False, proxy_headers=False,
        log_config=None, access_log=False,  # its lines go where ours go, see `logs`; addresses hold what people search for
        timeout_keep_alive=KEPT_OPEN,
        timeout_graceful_shutdown=5,  # an open event stream must not hold up a stop for long
        timeout_worker_healthcheck=30,
    )  # fmt: skip


def _end_with_parent() -> None:
    """A worker whose parent was killed would hold the port without a vector store."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(f"cannot listen on {host}:{port} ({reason}): choose another with --port.") from error
    return listening


def _warn_if_behind(house: House) -> None:
    """After a change of the model or an interrupted run the bot would know less than it should, or be less sure: say so."""
    behind, _, _ = pending_of(house.database, house.indexer.space)
    if behind:
        complain(f"{behind} articles are not in the index as they are now: run `parley index SOURCE`.")
    if unsure := doubt(house):
        complain(unsure)


def _say_where(address: str) -> None:
    print(
        f"Parley serves on {address}  (help center: /help, inbox: /inbox, figures: /insights; stop with Ctrl+C)",
        flush=True,
    )


@contextmanager
def _chroma_server(settings: Settings, ownership: Ownership) -> Iterator[str]:
    """A Chroma server of our own over the data dir, for as long as the workers run.

    However this process ends, the minder ends the server; the data dir stays owned until it has.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    folder = settings.data_dir / "chroma"
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    process = subprocess.Popen(
        [sys.executable, "-c", MINDER, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=environment, pass_fds=[ownership.fileno()], start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + CHROMA_SECONDS
        while True:
            try:
                if httpx.get(f"{url}/api/v2/heartbeat", trust_env=False).is_success:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.monotonic() > end:
                raise ServeError(
                    "the Chroma server for the workers did not start: set PARLEY_CHROMA_URL to one of yours."
                )
            time.sleep(0.1)
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
