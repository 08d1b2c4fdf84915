"""Rerankers: what they do to the order of what was found, and real cross-encoders with random weights, made here."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from help_center.settings import Settings
from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.passages import Hit, Passage
from retrieval.rerankers import RerankerError, open_reranker, read_text, reranked
from retrieval.rerankers.base import Scores
from retrieval.rerankers.cross_encoder import OnnxReranker, TorchReranker
from retrieval.search import Search
from retrieval.weights import cache_dir
from tests.conftest import Installation
from tests.retrieval.conftest import Library

QUESTION = "how do i return a bicycle"
TEXTS = [
    "print the return label",
    "the tyre pressure is five bar",
    "return the bicycle to the shop " * 40,  # longer than the model reads
    "",
    "返品 ¿dónde?",
]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def hit(article: str, score: float) -> Hit:
    passage = Passage(f"{article}-1", article, 0, ("Part", "One"), f"Text of {article}.")
    return Hit(passage, article.title(), article, (), "en", datetime(2026, 1, 1, tzinfo=UTC), 0.5, 1.0, score)


def order(hits: list[Hit]) -> list[str]:
    return [hit.article_id for hit in hits]


# --- the order ---------------------------------------------------------------------------------------------


def test_what_the_reranker_is_sure_of_comes_first() -> None:
    hits = [hit("a", 0.9), hit("b", 0.85), hit("c", 0.2)]
    assert order(reranked(hits, np.array([-4.0, 7.0, 6.0], np.float32))) == ["b", "c", "a"]


def test_the_first_score_counts_too() -> None:
    hits = [hit("a", 1.0), hit("b", 0.3), hit("c", 0.0)]
    assert order(reranked(hits, np.array([6.5, 7.0, -3.0], np.float32))) == ["a", "b", "c"]


def test_what_was_not_read_stays_behind_what_was() -> None:
    hits = [hit("a", 0.9), hit("b", 0.8), hit("c", 0.7), hit("d", 0.6)]
    found = reranked(hits, np.array([0.0, 1.0], np.float32))
    assert order(found) == ["b", "a", "c", "d"]
    assert found[2:] == hits[2:]


@pytest.mark.parametrize("scores", [[], [1.0], [2.0, 2.0, 2.0], [float("nan")] * 3])
def test_a_reranker_that_says_nothing_changes_nothing(scores: list[float]) -> None:
    hits = [hit("a", 0.9), hit("b", 0.8), hit("c", 0.7)]
    assert order(reranked(hits, np.array(scores, np.float32))) == ["a", "b", "c"]
    assert reranked([], np.array([], np.float32)) == []


@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30),
    st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30),
)
def test_every_article_stays_and_scores_fall_within_their_bounds(
    first: list[float], second: list[float]
) -> None:
    hits = [hit(f"a{i}", score) for i, score in enumerate(sorted(first, reverse=True))]
    found = reranked(hits, np.array(second[: len(hits)], np.float32))
    assert sorted(order(found)) == sorted(order(hits))
    scores = [hit.score for hit in found]
    assert all(before >= after - 1e-9 for before, after in pairwise(scores))
    assert min(first) - 1e-6 <= scores[-1]
    assert scores[0] <= max(first) + 1e-6


def test_the_reranker_reads_the_passage_under_its_title_and_headings() -> None:
    assert read_text(hit("a", 1.0)) == "A > Part > One\nText of a."


class Prefers:
    """Likes a text the more, the more often it says a word."""

    name = fingerprint = "prefers"

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[tuple[str, list[str]]] = []

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        self.asked.append((question, list(texts)))
        return np.array([text.count(self.word) for text in texts], dtype=np.float32)


def test_search_shows_first_what_the_reranker_likes_best_with_the_passages_of_that_article(
    library: Library,
) -> None:
    long = "\n\n".join(
        f"## Step {n}\n\nOil the chain, then wait for {n} minutes. {'Be patient. ' * 80}" for n in range(6)
    )
    library.publish("chain", long, title="Oil the chain")
    library.publish("wax", long.replace("Oil the chain", "Wax the chain with wax"), title="Wax the chain")
    library.publish("bell", "Ring the bell.")
    prefers = Prefers("wax")
    parts = library.database, library.store, library.embedder, library.folder / "lexical"
    before = Search(*parts).find("oil the chain")
    after = Search(*parts, prefers).find("oil the chain")
    assert before.hits[0].article_id == "chain"
    assert after.hits[0].article_id == "wax"
    assert {hit.article_id for hit in after.hits} == {hit.article_id for hit in before.hits}
    mine = [hit for hit in after.passages if hit.article_id == "wax"]
    assert len(mine) == sum(hit.article_id == "chain" for hit in before.passages) > 3
    [(question, texts)] = prefers.asked
    assert question == "oil the chain"
    assert sorted(texts) == sorted(read_text(hit) for hit in after.hits)


# --- models ------------------------------------------------------------------------------------------------


def make_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A CrossEncoder with two small layers and random weights, as its own library saves it."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    raw = folder.with_name(f"{folder.name}-raw")
    raw.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    words += [word for word in f"{QUESTION} {TEXTS[0]} {TEXTS[1]}".split() if word not in words]
    (raw / "vocab.txt").write_text("\n".join(dict.fromkeys(words)))
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(dict.fromkeys(words)), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, num_labels=labels, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(raw)
    BertTokenizerFast(vocab_file=str(raw / "vocab.txt")).save_pretrained(raw)
    CrossEncoder(str(raw), device="cpu").save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cross_encoder(tmp_path_factory.mktemp("reranker") / "model")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "parley" / "models"


@pytest.fixture(scope="module")
def exported(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of models that holds the reranker, which was exported into it."""
    home = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home))
        open_reranker(str(model))
    return home / "parley" / "models"


def wanted_of(model: Path) -> np.ndarray:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    told = CrossEncoder(str(model), device="cpu").predict(
        [(QUESTION, text) for text in TEXTS], activation_fn=Identity(), show_progress_bar=False
    )
    return np.asarray(told)


@pytest.mark.slow
def test_a_cross_encoder_is_exported_and_scores_as_its_library_does(
    model: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(exported.parents[1]))
    reranker = open_reranker(str(model))
    assert isinstance(reranker, OnnxReranker)
    wanted = wanted_of(model)
    scores = reranker.scores(QUESTION, TEXTS)
    assert scores.dtype == np.float32
    assert scores.shape == (len(TEXTS),)
    spread = float(wanted.max() - wanted.min())
    assert spread > 0.1
    assert np.max(np.abs(scores - wanted)) < 0.25 * spread
    assert reranker.scores(QUESTION, []).shape == (0,)
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: reranker.scores(QUESTION, TEXTS), range(8)))
    assert all(np.array_equal(one, scores) for one in again)
    # the next start finds what was made, and needs no torch
    code = (
        "import sys; from retrieval.rerankers import open_reranker; open_reranker(sys.argv[1]).scores('a', ['b']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    made = {file.name: file.stat().st_mtime_ns for file in exported.glob("*.onnx")}
    assert open_reranker(str(model)).fingerprint == reranker.fingerprint  # type: ignore[union-attr]
    assert {file.name: file.stat().st_mtime_ns for file in exported.glob("*.onnx")} == made


@pytest.mark.slow
def test_one_that_cannot_be_exported_runs_with_torch_and_says_so(
    model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = cache.parent / "shadow"
    shadow.mkdir(parents=True)
    (shadow / "onnx.py").write_text("raise ImportError('no ONNX on this machine')")
    monkeypatch.setenv("PYTHONPATH", str(shadow))
    with pytest.warns(UserWarning, match="cannot be exported to ONNX and runs with torch: .*no ONNX on this"):
        reranker = open_reranker(str(model))
    assert isinstance(reranker, TorchReranker)
    assert reranker.fingerprint.endswith("-torch")
    assert np.allclose(reranker.scores(QUESTION, TEXTS), wanted_of(model), atol=1e-5)


@pytest.mark.slow
def test_weights_that_no_library_can_load_are_refused_in_one_line(
    model: Path, cache: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in model.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "model.safetensors").write_bytes(b"not weights")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RerankerError, match=r"cannot be loaded .*: check PARLEY_RERANKER") as refused:
            open_reranker(str(damaged))
    assert "\n" not in str(refused.value)


def test_without_the_setting_there_is_no_reranker() -> None:
    assert Settings(_env_file=None).reranker is None  # type: ignore[call-arg]
    assert open_reranker(None) is None


@pytest.mark.parametrize("name", ["/no/such/folder", "./no-such-folder", "~/no-such-folder"])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(RerankerError, match="is not there: check PARLEY_RERANKER"):
        open_reranker(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match="holds no sentence-transformers model"):
        open_reranker(str(tmp_path))


def test_an_embedding_model_is_no_reranker() -> None:
    with pytest.raises(RerankerError, match=r"holds no cross-encoder: .*PARLEY_EMBEDDING_MODEL"):
        open_reranker(str(bundled_model()))


@pytest.mark.parametrize("labels", [{"0": "contradiction", "1": "entailment", "2": "neutral"}, None])
def test_a_model_that_gives_several_scores_is_no_reranker(
    tmp_path: Path, labels: dict[str, str] | None
) -> None:
    config = {"architectures": ["BertForSequenceClassification"]} | ({"id2label": labels} if labels else {})
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(RerankerError, match=f"gives {len(labels or 'ab')} scores for a pair"):
        open_reranker(str(tmp_path))


# --- in an installation --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_doctor_says_whether_the_reranker_loads(
    model: Path, exported: Path, installation: Installation
) -> None:
    def checked(check: bool = True) -> dict[str, Any]:
        told = json.loads(installation.parley("doctor", "--json", check=check).stdout)
        return {one["name"]: one for one in told["checks"]}["reranker"]

    assert checked()["told"].startswith("none")
    apart = installation.folder / "parley" / "models"  # where the embedding model is, and the reranker goes
    apart.mkdir(parents=True)
    models = {file.name: file for file in [*cache_dir().iterdir(), *exported.iterdir()]}
    for file in models.values():
        (apart / file.name).symlink_to(file)
    installation.env |= {"PARLEY_RERANKER": str(model), "XDG_CACHE_HOME": str(installation.folder)}
    assert checked()["ok"]
    assert str(model) in checked()["told"]
    installation.env["PARLEY_RERANKER"] = "/no/such/folder"
    broken = checked(check=False)
    assert not broken["ok"]
    assert "PARLEY_RERANKER" in broken["told"] + broken["advice"]


@pytest.mark.slow
def test_a_reranker_that_cannot_be_loaded_stops_the_start_with_one_line(installation: Installation) -> None:
    installation.env["PARLEY_RERANKER"] = "/no/such/folder"
    for command in (["search", "anything"], ["ask", "anything"], ["serve", "--port", "0"]):
        done = installation.parley(*command, check=False)
        assert done.returncode == 2
        assert (
            done.stderr
            == "parley: the reranker folder /no/such/folder is not there: check PARLEY_RERANKER.\n"
        )
