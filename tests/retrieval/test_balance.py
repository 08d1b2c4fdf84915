"""How far the dense half is trusted."""

import pytest

from retrieval.balance import dense_share
from tests.retrieval.conftest import WordsEmbedder


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("all-MiniLM-L6-v2", [1, 0.6, 0.4]),
        ("sentence-transformers/all-mpnet-base-v2", [1, 0.6, 0.4]),
        ("BAAI/bge-small-en-v1.5", [1, 0.6, 0.4]),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", [1, 1, 1]),
        ("intfloat/multilingual-e5-small", [1, 1, 1]),
        ("openai:text-embedding-3-small", [1, 1, 1]),
    ],
)
def test_an_english_model_is_trusted_less_in_other_languages(name: str, shares: list[float]) -> None:
    embedder = WordsEmbedder()
    embedder.name = name
    assert [dense_share(language, embedder) for language in ("en", "es", "zh")] == shares
