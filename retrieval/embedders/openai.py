"""Embeds with any OpenAI-compatible endpoint, through langchain-openai. Knows the wire, and that questions are private."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from help_center.faults import reason
from help_center.masking import mask
from retrieval.embedders.base import EmbedderError, Span, Vectors

BATCH = 128


class OpenAIEmbedder:
    def __init__(self, model: str) -> None:
        from langchain_openai import OpenAIEmbeddings

        self.name = f"openai:{model}"
        self.fingerprint = f"openai-{model}"
        try:
            # plain strings on the wire: endpoints other than OpenAI's do not read token ids
            self._model = OpenAIEmbeddings(
                model=model, check_embedding_ctx_length=False, timeout=30, max_retries=2
            )
        except Exception as error:
            raise EmbedderError(
                f"the embedding model openai:{model} cannot be used: {_line(error)}. Set OPENAI_API_KEY."
            ) from error

    def embed_query(self, text: str) -> Vectors:
        """As the protocol says; personal data in the question are masked before it leaves."""
        return self.embed_passages([mask(text).text])[0]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        rows: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            part = [text or " " for text in texts[start : start + BATCH]]
            try:
                rows += self._model.embed_documents(part)
            except Exception as error:
                raise EmbedderError(f"{self.name} does not answer: {_line(error)}.") from error
            if progress:
                progress(len(part))
        vectors = np.asarray(rows, dtype=np.float32)
        return (
            vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12) if rows else vectors
        )

    def embed_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        vectors = self.embed_passages(texts, progress)
        return vectors, [vector[None] for vector in vectors]


def _line(error: Exception) -> str:
    return reason(error)[:200].rstrip(".")
