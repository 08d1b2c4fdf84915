"""Reranks with any sentence-transformers CrossEncoder: as ONNX without torch where it can be exported, else with torch.

The first use of a model exports it in a process of its own (`onnx_export`) into the cache of exported models. Knows
files and arithmetic, not what the texts are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from help_center.faults import reason
from retrieval.onnx_files import columns, session
from retrieval.rerankers.base import Reranker, RerankerError, Scores
from retrieval.weights import Kind, cache_dir, export, folder_of, hash_of

RECIPE = "rerank-int8-1"  # goes up when onnx_export makes something else of the same weights
KIND = Kind("reranker", "PARLEY_RERANKER", RerankerError)
MAX_TOKENS = 512  # of question and text together: a passage with its headings is shorter
MOST_THREADS = 8
BATCH = 8


def open_model(name: str) -> Reranker:
    """The reranker of a model's name or folder.

    Raises RerankerError when it is not there, is no reranker, or cannot be downloaded.
    """
    folder = folder_of(name, KIND)
    weights = hash_of(folder, KIND)
    _check(folder)
    file = cache_dir() / f"{weights[:16]}-{RECIPE}.onnx"
    if not file.exists():
        export("retrieval.rerankers.onnx_export", folder, file, KIND)
    if file.exists():
        return OnnxReranker(file, name, weights)
    return TorchReranker(folder, name, weights)


class OnnxReranker:
    """An exported model, run by onnxruntime: each pair is a run of its own on one thread, several side by side."""

    def __init__(self, file: Path, name: str, weights: str) -> None:
        from tokenizers import Tokenizer

        try:
            told = json.loads(Path(str(file) + ".json").read_text())
            self._session = session(file)
            self._tokenizer = Tokenizer.from_file(str(file) + ".tokenizer.json")
        except Exception as error:
            raise RerankerError(
                f"the exported reranker {file} is damaged: delete it, and the next start makes it anew."
            ) from error
        self.name = name
        self.fingerprint = f"{weights[:16]}-{RECIPE}-{told['arithmetic']}"
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._tokenizer.enable_truncation(max_length=told["max_tokens"])
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1), thread_name_prefix="rerank")

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        return np.array(list(self._pool.map(lambda text: self._score(question, text), texts)), np.float32)

    def _score(self, question: str, text: str) -> float:
        encoded = self._tokenizer.encode(question, text)
        inputs = columns(encoded, self._inputs)
        return float(self._session.run(["score"], inputs)[0][0])


class TorchReranker:
    """A model that cannot be exported, run by sentence-transformers itself."""

    def __init__(self, folder: Path, name: str, weights: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model = CrossEncoder(str(folder), device="cpu")
            self._model.max_seq_length = min(MAX_TOKENS, self._model.max_seq_length or MAX_TOKENS)
            self.scores("ready?", ["ready"])
        except Exception as error:
            raise RerankerError(
                f"the reranker {name} cannot be loaded ({reason(error)[:200]}): check PARLEY_RERANKER, or leave it out."
            ) from error
        self.name = name
        self.fingerprint = f"{weights[:16]}-torch"

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        from torch.nn import Identity

        pairs = [(question, text) for text in texts]
        found = self._model.predict(
            pairs, batch_size=BATCH, activation_fn=Identity(), show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32).reshape(len(pairs))


def _check(folder: Path) -> None:
    """Refuses what sentence-transformers would load and give random scores for."""

    def read(name: str) -> dict[str, object]:
        try:
            found = json.loads((folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    config = read("config.json")
    architectures = config.get("architectures")
    classifies = isinstance(architectures, list) and any(
        str(one).endswith("ForSequenceClassification") for one in architectures
    )
    if not classifies and read("config_sentence_transformers.json").get("model_type") != "CrossEncoder":
        raise RerankerError(
            f"{folder} holds no cross-encoder: name one in PARLEY_RERANKER; embedding models go into PARLEY_EMBEDDING_MODEL."
        )
    labels = config.get("id2label")
    count = len(labels) if isinstance(labels, dict) else 2  # as transformers reads it
    if classifies and count != 1:
        raise RerankerError(
            f"the model in {folder} gives {count} scores for a pair: PARLEY_RERANKER takes a cross-encoder that gives one."
        )
