"""Reads: does this passage say that, does it answer this? A small model of our own (`evals/fit_reader.py`, `fitted/reader.md`).

MiniLM, fitted on passages with sentences that they hold or do not, and with questions that they answer or not. A passage is
read once (`read`), every sentence or question held against it afterwards costs its own few tokens (`says`, `answers`). Run by
onnxruntime in int8. English only; knows one passage and one text, no index and no conversation.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.onnx_files import session

LONGEST_PASSAGE = 320  # tokens, title and headings included
LONGEST_CLAIM = 96  # tokens of a sentence or question
TASKS = ("says", "answers")
LANGUAGES = frozenset({"en"})
FITTED = "fitted/reader.onnx"


class ReaderError(Exception):
    """The fitted model is not there or damaged. One line that says what to do."""


@dataclass(frozen=True)
class Read:
    """A passage that was read: what its tokens hand on, and how many they are."""

    handed_on: NDArray[np.float32]
    length: int


class Reader:
    """Safe to use from several threads: each run is on one thread of its own."""

    def __init__(self, session: Any, tokenizer: Any, fingerprint: str) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.fingerprint = fingerprint
        shape = next(given.shape for given in session.get_inputs() if given.name == "past")
        self._nothing = np.zeros([0 if isinstance(size, str) else size for size in shape], np.float32)

    def read(self, text: str, context: str = "") -> Read:
        """A passage under its `context`: title and headings, a line each."""
        ids = self._tokenizer.encode(f"{context}\n{text}").ids[:LONGEST_PASSAGE]
        _, made = self._run(ids, 0, 0, self._nothing)
        return Read(made, len(ids))

    def says(self, passage: Read, sentence: str) -> float:
        """The log-odds that the passage says what the sentence says."""
        return self._judged(passage, sentence)[TASKS.index("says")]

    def answers(self, passage: Read, question: str) -> float:
        """The log-odds that the passage answers the question."""
        return self._judged(passage, question)[TASKS.index("answers")]

    def _judged(self, passage: Read, text: str) -> list[float]:
        ids = self._tokenizer.encode(text).ids[:LONGEST_CLAIM]
        logits, _ = self._run(ids, passage.length, 1, passage.handed_on)
        return [float(logit) for logit in logits]

    def _run(self, ids: list[int], start: int, kind: int, past: NDArray[np.float32]) -> Any:
        row = np.asarray([ids], dtype=np.int64)
        places = np.arange(start, start + len(ids), dtype=np.int64)[None]
        given = {"ids": row, "places": places, "types": np.full_like(row, kind), "past": past}
        return self._session.run(["logits", "made"], given)


@lru_cache(maxsize=1)
def shipped() -> Reader:
    """The model that ships, loaded once. Raises ReaderError."""
    try:
        with as_file(files("retrieval").joinpath(FITTED)) as file:
            weights = file.read_bytes()
            told = json.loads(file.with_suffix(".json").read_text("utf-8"))
        tokenizer = open_tokenizer()
        opened = session(weights)
    except Exception as error:
        raise ReaderError("the reader's model is missing or damaged: install Parley again.") from error
    return Reader(opened, tokenizer, f"{told['recipe']}-{hashlib.sha256(weights).hexdigest()[:12]}")


def open_tokenizer() -> Any:
    """MiniLM's, of the bundled embedding model."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
