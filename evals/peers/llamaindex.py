"""LlamaIndex: a vector index and its BM25 retriever, fused by QueryFusionRetriever's reciprocal rerank.

Pieces of 256 tokens, as its own hybrid fusion pack has them: they fit the model's window. The title is metadata, which
LlamaIndex puts in front of every piece for both halves. One query: nothing is rewritten by a language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llama_index.core import (
    Document,
    Settings,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever

from evals.peers.worker import Article, distinct, model_folder, torch_threads


class LlamaIndex:
    packages = (
        "llama-index-core",
        "llama-index-retrievers-bm25",
        "llama-index-embeddings-huggingface",
        "sentence-transformers",
        "torch",
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "storage"
        Settings.llm = MockLLM()  # never asked; without one it looks for OpenAI's
        Settings.embed_model = HuggingFaceEmbedding(model_name=model_folder(), device="cpu")
        self._splitter = SentenceSplitter(chunk_size=256, chunk_overlap=20)
        if self._folder.exists():
            storage = StorageContext.from_defaults(persist_dir=str(self._folder))
            self._vectors = load_index_from_storage(storage)
            self._words = BM25Retriever.from_persist_dir(str(self._folder / "bm25"))
            self._pieces = len(self._vectors.docstore.docs)

    def threads(self) -> int:
        return torch_threads()

    def index(self, articles: Sequence[Article]) -> None:
        documents = [Document(id_=a.id, text=a.body, metadata={"title": a.title}) for a in articles]
        pieces = self._splitter.get_nodes_from_documents(documents)
        self._vectors = VectorStoreIndex(pieces)
        self._words = BM25Retriever.from_defaults(nodes=pieces)
        self._pieces = len(pieces)

    def keep(self) -> bool:
        self._vectors.storage_context.persist(persist_dir=str(self._folder))
        self._words.persist(str(self._folder / "bm25"))
        return True

    def search(self, question: str, k: int) -> list[str]:
        def passages_at(depth: int) -> list[str]:
            depth = min(depth, self._pieces)  # its BM25 refuses more than there are
            self._words.similarity_top_k = depth
            fused = QueryFusionRetriever(
                [self._vectors.as_retriever(similarity_top_k=depth), self._words],
                mode="reciprocal_rerank",
                num_queries=1,
                similarity_top_k=depth,
                use_async=False,
            )
            return [found.node.ref_doc_id for found in fused.retrieve(question)]

        return distinct(passages_at, k)


def open_peer(folder: Path) -> LlamaIndex:
    return LlamaIndex(folder)
