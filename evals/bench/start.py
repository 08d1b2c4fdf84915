"""From the start of a served process to its first answer over HTTP, against importing four libraries."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from evals.bench.timing import milliseconds, resident_mb

IMPORTS = "import chromadb, fastapi, sqlalchemy, onnxruntime"


@dataclass(frozen=True)
class Start:
    """Medians of some starts. Seconds; MB of 1,000,000 bytes."""

    answer_s: float
    imports_s: float
    resident_mb: float


def measured(data_dir: Path, runs: int) -> Start:
    """The two in turn, `runs` times."""
    imports, answers, resident = [], [], []
    for _ in range(runs):
        imports.append(
            milliseconds(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True)) / 1000
        )
        seconds, megabytes = _first_answer(data_dir)
        answers.append(seconds)
        resident.append(megabytes)
    return Start(statistics.median(answers), statistics.median(imports), statistics.median(resident))


def line(start: Start) -> str:
    return (
        f"start to first answer: {start.answer_s:.2f} s, importing {IMPORTS.removeprefix('import ')} alone {start.imports_s:.2f} s;"
        f" {start.answer_s - start.imports_s:.2f} s more; resident {start.resident_mb:.0f} MB"
    )


def _first_answer(data_dir: Path) -> tuple[float, float]:
    port = 18000 + random.randrange(2000)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
    command = [str(Path(sys.executable).parent / "parley"), "serve", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=kept | {"PARLEY_DATA_DIR": str(data_dir)}, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                created = _post(f"{url}/api/conversations", {}, None)
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.01)
        turn = _post(
            f"{url}/api/conversations/{created['id']}/messages",
            {"text": "How do I start?"},
            str(created["token"]),
        )
        assert turn["message"]
        return time.perf_counter() - began, resident_mb(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _post(url: str, body: dict[str, str], token: str | None) -> dict[str, object]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        told: dict[str, object] = json.load(response)
    return told
