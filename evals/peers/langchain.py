"""LangChain's tutorial for retrieval: pieces of 1,000 characters with 200 of overlap, in Chroma, similarity search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from evals.peers.worker import Article, distinct, model_folder, torch_threads


class LangChain:
    packages = ("langchain-core", "langchain-chroma", "chromadb", "sentence-transformers", "torch")

    def __init__(self, folder: Path) -> None:
        self._embeddings = HuggingFaceEmbeddings(model_name=model_folder(), model_kwargs={"device": "cpu"})
        self._kept = {"collection_name": "articles", "persist_directory": str(folder / "chroma")}
        self._splitter = RecursiveCharacterTextSplitter(
            chunk_size=1000, chunk_overlap=200, add_start_index=True
        )
        if (folder / "chroma").exists():
            self._store = Chroma(embedding_function=self._embeddings, **self._kept)

    def threads(self) -> int:
        return torch_threads()

    def index(self, articles: Sequence[Article]) -> None:
        documents = [Document(a.text, metadata={"article": a.id}) for a in articles]
        pieces = self._splitter.split_documents(documents)
        self._store = Chroma.from_documents(pieces, self._embeddings, **self._kept)

    def keep(self) -> bool:
        return True

    def search(self, question: str, k: int) -> list[str]:
        def passages_at(depth: int) -> list[str]:
            return [d.metadata["article"] for d in self._store.similarity_search(question, k=depth)]

        return distinct(passages_at, k)


def open_peer(folder: Path) -> LangChain:
    return LangChain(folder)
