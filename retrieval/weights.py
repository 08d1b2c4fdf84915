"""Where local models are: folders and downloads, the hash of their weights, and the cache of what was made of them.

Shared by embedders and rerankers. Knows files, not what a model computes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from help_center.faults import reason

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_downloaded = ["*.json", "*.txt", "*.safetensors", "pytorch_model.bin", "*.model"]


@dataclass(frozen=True)
class Kind:
    """A kind of model, in words for whoever has to mend it: `what` it is, the `setting` that names it, and the `error`
    that its door raises, with one line that says what to do."""

    what: str
    setting: str
    error: type[Exception]


def cache_dir() -> Path:
    """Where exported models are kept: shared by all installations of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley" / "models"


def folder_of(name: str, kind: Kind) -> Path:
    """The folder of a model: the one named, or the download of a name. Raises the kind's error."""
    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if name.startswith((".", "/", "~")):
        raise kind.error(f"the {kind.what} folder {name} is not there: check {kind.setting}.")
    from huggingface_hub import snapshot_download

    try:
        try:
            return Path(snapshot_download(name, local_files_only=True, allow_patterns=_downloaded))
        except Exception:  # not here yet
            return Path(snapshot_download(name, allow_patterns=_downloaded, etag_timeout=5))
    except Exception as error:
        raise kind.error(
            f"the {kind.what} {name} cannot be downloaded ({reason(error)[:200]}): check {kind.setting}, or give a folder."
        ) from error


def hash_of(folder: Path, kind: Kind) -> str:
    """SHA-256 of the weights, remembered by size and time of the file (90 MB are not read at every start). Raises the
    kind's error where there are none."""
    for candidate in WEIGHT_FILES:
        file = folder / candidate
        if file.is_file():
            break
    else:
        raise kind.error(
            f"{folder} holds no sentence-transformers model (no {' or '.join(WEIGHT_FILES)}): check {kind.setting}."
        )
    stat = file.stat()
    key = f"{file.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    memory = cache_dir() / "weights.json"
    known: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(memory.read_text())
    if key not in known:
        with open(file, "rb") as opened:
            known[key] = hashlib.file_digest(opened, "sha256").hexdigest()
        memory.parent.mkdir(parents=True, exist_ok=True)
        aside = memory.with_suffix(f".{os.getpid()}.tmp")
        aside.write_text(json.dumps(known))
        os.replace(aside, memory)
    return str(known[key])


def export(program: str, folder: Path, file: Path, kind: Kind) -> None:
    """Runs the module `program` on `folder` to make `file`, once, however many processes start at the same time.

    It runs in a process of its own, because it needs torch. Where it fails there is no file, and a warning says why.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(str(file) + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            return
        print(f"preparing the {kind.what} (once, about ten seconds) ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-W", "ignore", "-m", program, str(folder), str(file)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            warnings.warn(
                f"the {kind.what} in {folder} cannot be exported to ONNX and runs with torch: {why}",
                stacklevel=2,
            )
