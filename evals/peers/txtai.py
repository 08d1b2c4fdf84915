"""txtai with `hybrid=True`: faiss and its own BM25, joined by its convex combination, content kept.

Articles are cut by its Segmentation pipeline, recursively at 1,000 characters: over short and long articles that ranked
better than its paragraphs and than whole articles, of which the model's window takes only the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from txtai import Embeddings
from txtai.pipeline import Segmentation

from evals.peers.worker import Article, distinct, model_folder, torch_threads


class Txtai:
    packages = ("txtai", "chonkie", "faiss-cpu", "transformers", "torch")

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "index"
        self._embeddings = Embeddings(path=model_folder(), hybrid=True, content=True, gpu=False)
        self._segments = Segmentation(chunker="recursive", chunk_size=1000)
        if self._folder.exists():
            self._embeddings.load(str(self._folder))

    def threads(self) -> int:
        return torch_threads()

    def index(self, articles: Sequence[Article]) -> None:
        self._embeddings.index(self._pieces(articles))

    def keep(self) -> bool:
        self._embeddings.save(str(self._folder))
        return True

    def search(self, question: str, k: int) -> list[str]:
        def passages_at(depth: int) -> list[str]:
            return [row["id"].rpartition("#")[0] for row in self._embeddings.search(question, depth)]

        return distinct(passages_at, k)

    def _pieces(self, articles: Sequence[Article]) -> Iterator[tuple[str, str, None]]:
        for article in articles:
            for number, piece in enumerate(self._segments(article.text)):
                yield f"{article.id}#{number}", piece, None


def open_peer(folder: Path) -> Txtai:
    return Txtai(folder)
