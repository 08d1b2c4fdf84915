"""A peer's process as the driver sees it: starts `worker.py`, asks, and says why when nothing comes back."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 3600.0  # for one answer: indexing is one too
CLOSING_SECONDS = 30.0
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class PeerFailed(Exception):
    """A peer's process ended or did not answer in time. One line, with the last thing it said."""


class PeerProcess:
    """A running worker. `command` is started with `folder`, where it keeps its index, as its last word."""

    def __init__(self, command: Sequence[str], folder: Path, threads: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "stderr.log"
        with open(self._log, "wb") as errors:
            try:
                self._process = subprocess.Popen(
                    [*command, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                    env=environment(threads), cwd=ROOT, text=True, encoding="utf-8",
                )  # fmt: skip
            except OSError as error:
                raise PeerFailed(f"{command[0]} cannot be started: {error.strerror}") from error

    def ready(self) -> dict[str, Any]:
        """What the worker tells of itself once its model is loaded. Raises PeerFailed."""
        return self._answer()

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to one request of `worker.py`. Raises PeerFailed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._failure("it ended") from None
        return self._answer()

    def close(self) -> None:
        """Ends the process, at once when it does not end by itself. May be called again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(CLOSING_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        patience = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        patience.start()
        try:
            line = self._process.stdout.readline()
        finally:
            in_time = patience.is_alive()
            patience.cancel()
        if not line:
            raise self._failure("it ended" if in_time else f"no answer in {PATIENCE_SECONDS:.0f} s")
        told: dict[str, Any] = json.loads(line)
        return told

    def _failure(self, what: str) -> PeerFailed:
        self.close()
        said = self._log.read_text(errors="replace").strip().splitlines()
        return PeerFailed(f"{what}: {said[-1][:200]}" if said else f"{what} without a word")


def environment(threads: int) -> dict[str, str]:
    """Ours without Parley's settings and anybody's keys, offline and without telemetry, the same threads for all."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_") and "API_KEY" not in k}
    return kept | QUIET | dict.fromkeys(THREADS, str(threads))
