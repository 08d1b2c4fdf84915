"""Serves: one process on an embedded store, or several workers on a Chroma server.

`serve` blocks until it is told to stop. Knows processes and sockets, not what is served.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from bot.app import create_app
from bot.house import House
from help_center.owner import OtherOwner, Ownership, own_or_wait
from help_center.settings import Settings, load_settings

CHROMA_SECONDS = 30.0


class ServeError(Exception):
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
            raise ServeError(f"another server at {found.url} (process {found.pid}) owns {settings.data_dir}: stop it, or set PARLEY_DATA_DIR.")
        ownership = found
    address = f"http://{'127.0.0.1' if host in {'0.0.0.0', '', '::'} else host}:{listening.getsockname()[1]}"
    try:
        if workers == 1:
            app = create_app(house, owner_secret=ownership.secret if ownership else None)
            if ownership:
                ownership.announce(address)
            _say_where(address)
            uvicorn.Server(_config(app)).run(sockets=[listening])
            return
        house.close()
        with _chroma_server(settings) if settings.chroma_url is None else nullcontext(settings.chroma_url) as chroma:
            os.environ["PARLEY_CHROMA_URL"] = chroma
            if ownership:
                ownership.announce(address)
            _say_where(address)
            listening.close()
            uvicorn.run(
                "bot.serving:worker", factory=True, host=host, port=port, workers=workers, log_level="warning",
                timeout_graceful_shutdown=5,
            )  # fmt: skip
    finally:
        house.close()
        if ownership:
            ownership.release()


def worker() -> FastAPI:
    """One of several workers; the parent holds the data dir and has told its secret in the lock file."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settings = load_settings()
    secret = None
    try:
        secret = json.loads((settings.data_dir / "owner.lock").read_text()).get("secret")
    except (OSError, ValueError):
        pass
    return create_app(House(settings), owner_secret=secret)


def _config(app: FastAPI) -> uvicorn.Config:
    # an open event stream must not hold up a stop for long
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, server_header=False)


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


def _say_where(address: str) -> None:
    print(f"Parley serves on {address}  (help center: /help, inbox: /inbox, figures: /insights; stop with Ctrl+C)", flush=True)


@contextmanager
def _chroma_server(settings: Settings) -> Iterator[str]:
    """A Chroma server of our own over the data dir, for as long as the workers run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    folder = settings.data_dir / "chroma"
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
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
                raise ServeError("the Chroma server for the workers did not start: set PARLEY_CHROMA_URL to one of yours.")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


