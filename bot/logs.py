"""Where log lines go: warnings and worse, to stderr. For every process that this program starts."""

from __future__ import annotations

import logging


def log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "chromadb", "langchain", "sentence_transformers", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
