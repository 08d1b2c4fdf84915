"""`make bench`: how fast, against a baseline in the same run. Prints a table; asserts nothing.

Absolute times vary with the machine and its neighbours: quote the ratios. By default the corpus is made up on the
spot, out of the shipped help center's sentences; `--corpus FILE` takes a BEIR `corpus.jsonl`, `--queries FILE` its
questions.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bot.house import House
from evals.apart import house_apart
from evals.beir import read_lines
from evals.run import shipped_articles
from help_center.markup import plain_text
from help_center.settings import Settings
from help_center.sources.base import Failure, SourceArticle, article_from_record
from retrieval.chunking import embedded_text, split
from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.indexing import pending_of

MADE_UP = 600  # articles
SAMPLE = 400  # passages that both indexing loops embed
IMPORTS = "import chromadb, fastapi, sqlalchemy, onnxruntime"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    corpus = _read(given.corpus) if given.corpus else _made_up()
    queries = [told["text"] for _, told in read_lines(given.queries)] if given.queries else _questions(corpus)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        keep = Path(folder) / "var"
        began = time.perf_counter()
        with house_apart(settings, corpus, keep) as house:
            took = time.perf_counter() - began
            _, _, passages = _counts(house)
            print(
                f"corpus: {len(corpus)} articles, {passages} passages, read and indexed in {took:.1f} s ({passages / took:.0f} passages/s)"
            )
            house.search.rebuild()
            _search(house, queries)
            _indexing(house, corpus)
        _start(keep, given.runs)


def _search(house: House, queries: Sequence[str]) -> None:
    """Search, and the embedding of the same question, in turn."""
    dice = random.Random(0)
    asked = [dice.choice(queries) for _ in range(300)]
    for query in asked[:20]:
        house.search.find(query)
    embed, find = [], []
    for query in asked:
        embed.append(_ms(partial(house.embedder.embed_query, query)))
        find.append(_ms(partial(house.search.find, query)))
    ratio = statistics.median(find) / statistics.median(embed)
    print(
        f"search: p50 {_p(find, 50):.1f} ms, p95 {_p(find, 95):.1f} ms; one query embedding p50 {_p(embed, 50):.1f} ms; p50 ratio {ratio:.2f}"
    )


def _indexing(house: House, corpus: Sequence[SourceArticle]) -> None:
    """Chunk, embed and store, against the plain sentence-transformers loop over the same passages."""
    passages = [(a.title, p) for a in corpus for p in split(a.id, a.title, a.body)]
    some = random.Random(0).sample(passages, min(SAMPLE, len(passages)))
    texts = [embedded_text(title, passage) for title, passage in some]
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(bundled_model()), device="cpu")
    plain.encode(texts[:16], show_progress_bar=False)
    pairs = []
    for _ in range(3):
        theirs = _ms(lambda: plain.encode(texts, show_progress_bar=False))

        def ours() -> None:
            vectors = house.embedder.embed_passages(texts)
            house.store.add("bench", [passage.id for _, passage in some], vectors)

        pairs.append((_ms(ours), theirs))
        house.store.drop("bench")
    mine, other = (len(texts) * 1000 / statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(theirs / ours_ for ours_, theirs in pairs)
    print(
        f"indexing: {mine:.1f} passages/s embedded and stored; plain sentence-transformers loop {other:.1f}/s; ratio {ratio:.2f}"
    )


def _start(data_dir: Path, runs: int) -> None:
    """From nothing to the first answer over HTTP, against importing four libraries, in turn."""
    imports, answers, resident = [], [], []
    for _ in range(runs):
        imports.append(_ms(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True)) / 1000)
        seconds, megabytes = _first_answer(data_dir)
        answers.append(seconds)
        resident.append(megabytes)
    print(
        f"start to first answer: {statistics.median(answers):.2f} s, importing {IMPORTS.removeprefix('import ')} alone "
        f"{statistics.median(imports):.2f} s; {statistics.median(answers) - statistics.median(imports):.2f} s more; "
        f"resident {statistics.median(resident):.0f} MB"
    )


def _first_answer(data_dir: Path) -> tuple[float, float]:
    port = 18000 + random.randrange(2000)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
    command = [str(Path(sys.executable).parent / "parley"), "serve", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=kept | {"PARLEY_DATA_DIR": str(data_dir)}, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                created = _post(f"{url}/api/conversations", {}, None)
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.01)
        turn = _post(
            f"{url}/api/conversations/{created['id']}/messages",
            {"text": "How do I start?"},
            str(created["token"]),
        )
        assert turn["message"]
        return time.perf_counter() - began, _resident(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _post(url: str, body: dict[str, str], token: str | None) -> dict[str, object]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        told: dict[str, object] = json.load(response)
    return told


def _resident(pid: int) -> float:
    """MB in memory (VmRSS); 0 where the system does not tell."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1000
    except OSError:
        pass
    return 0.0


def _made_up() -> list[SourceArticle]:
    """Articles out of the shipped help center's own sentences, shuffled: as many as a middling help center has."""
    dice = random.Random(0)
    sentences = [
        s.strip() for a in shipped_articles() for s in plain_text(a.body).split(". ") if len(s.split()) > 5
    ]
    made = []
    for number in range(MADE_UP):
        parts = [
            f"## {dice.choice(sentences)[:60]}\n\n" + ". ".join(dice.sample(sentences, 12)) for _ in range(4)
        ]
        made.append(SourceArticle(f"made-{number}", dice.choice(sentences)[:80], "\n\n".join(parts)))
    return made


def _questions(corpus: Sequence[SourceArticle]) -> list[str]:
    dice = random.Random(1)
    return [f"How do I {' '.join(dice.choice(corpus).title.split()[:8]).lower()}?" for _ in range(200)]


def _read(file: Path) -> list[SourceArticle]:
    found = (article_from_record(told, f"line {number}") for number, told in read_lines(file))
    return [one for one in found if not isinstance(one, Failure)]


def _counts(house: House) -> tuple[int, int, int]:
    return pending_of(house.database, house.indexer.space)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _p(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    main()
