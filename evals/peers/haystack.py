"""Haystack's hybrid pipeline: BM25 and embeddings over the in-memory store, joined by reciprocal rank fusion.

As its tutorial on hybrid retrieval has it, with title and text as the content, without the cross-encoder at the end
(other weights). The splitter's own 200 words fit the model's window, as that page asks; overlap of 32 words as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from evals.peers.worker import Article, distinct, model_folder, torch_threads


class Haystack:
    packages = ("haystack-ai", "sentence-transformers-haystack", "sentence-transformers", "torch")

    def __init__(self, folder: Path) -> None:
        self._file = folder / "store.json"
        kept = self._file.exists()
        self._store = (
            InMemoryDocumentStore.load_from_disk(str(self._file)) if kept else InMemoryDocumentStore()
        )
        self._pipeline = Pipeline()
        self._pipeline.add_component("text_embedder", self._embedder(SentenceTransformersTextEmbedder))
        self._pipeline.add_component("embedding_retriever", InMemoryEmbeddingRetriever(self._store))
        self._pipeline.add_component("bm25_retriever", InMemoryBM25Retriever(self._store))
        self._pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self._pipeline.connect("text_embedder", "embedding_retriever")
        self._pipeline.connect("bm25_retriever", "joiner")
        self._pipeline.connect("embedding_retriever", "joiner")
        self._pipeline.warm_up()
        if not kept:
            self._indexing = self._indexing_pipeline()

    def threads(self) -> int:
        return torch_threads()

    def index(self, articles: Sequence[Article]) -> None:
        documents = [Document(content=a.text, meta={"article": a.id}) for a in articles]
        self._indexing.run({"splitter": {"documents": documents}})

    def keep(self) -> bool:
        self._store.save_to_disk(str(self._file))
        return True

    def search(self, question: str, k: int) -> list[str]:
        def passages_at(depth: int) -> list[str]:
            found = self._pipeline.run(
                {
                    "text_embedder": {"text": question},
                    "bm25_retriever": {"query": question, "top_k": depth},
                    "embedding_retriever": {"top_k": depth},
                    "joiner": {"top_k": depth},
                }
            )
            return [d.meta["article"] for d in found["joiner"]["documents"]]

        return distinct(passages_at, k)

    def _indexing_pipeline(self) -> Pipeline:
        pipeline = Pipeline()
        pipeline.add_component(
            "splitter", DocumentSplitter(split_by="word", split_length=200, split_overlap=32)
        )
        pipeline.add_component("embedder", self._embedder(SentenceTransformersDocumentEmbedder))
        pipeline.add_component("writer", DocumentWriter(self._store))
        pipeline.connect("splitter", "embedder")
        pipeline.connect("embedder", "writer")
        pipeline.warm_up()
        return pipeline

    def _embedder(self, kind: Any) -> Any:
        return kind(model=model_folder(), device=ComponentDevice.from_str("cpu"), progress_bar=False)


def open_peer(folder: Path) -> Haystack:
    return Haystack(folder)
