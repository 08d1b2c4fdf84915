"""Embedders, and the one place that says which setting means which."""

from __future__ import annotations

from retrieval.embedders.base import Embedder, EmbedderError
from retrieval.embedders.openai import OpenAIEmbedder
from retrieval.embedders.sentence_transformers import open_model

__all__ = ["Embedder", "EmbedderError", "open_embedder"]


def open_embedder(name: str | None) -> Embedder:
    """The embedder that PARLEY_EMBEDDING_MODEL names. Raises EmbedderError."""
    if name and name.startswith("openai:"):
        return OpenAIEmbedder(name.removeprefix("openai:"))
    return open_model(name)
