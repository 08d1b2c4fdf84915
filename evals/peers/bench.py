"""`make bench-peers`: Parley's search beside other programs' in one run. Prints tables; asserts nothing.

Same articles, same all-MiniLM-L6-v2 weights, same questions, same number of threads for all. Each peer is a process
of its own (`worker.py`), so that its start, its imports and its memory are its own: one process indexes and keeps its
index, a second one on the kept index is timed from its start to the first answer and then answers all questions,
one after the other. Peers take turns, a round of questions each, so that a busy machine meets all of them alike.

Articles come out in rank order, each once, by their best passage, ten for each question. Questions without a gold
article are left out; of a question with a history only its own text is asked.

Absolute times vary with the machine and its neighbours: quote the ratios, and those of a quiet machine only. OpenMP's
threads spin while they wait, which makes torch faster on a quiet machine and slower by a factor of ten on a busy one;
OMP_WAIT_POLICY=PASSIVE in the environment stops that for all peers.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.beir import EvalError, LabelledSet, Query, read_set
from evals.peers.figures import Row, percentile, quality, ratio_table, ratios, table
from evals.peers.process import ROOT, PeerFailed, PeerProcess
from evals.run import own_questions
from help_center.sources.base import SourceArticle

PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
DEEP = 10  # articles asked for
WARM_UP = 20  # questions asked before anything is measured
ROUND = 50  # questions that one peer answers before it is the next one's turn
UNMEASURED = 3  # of a round's questions are asked once beforehand: the caches are those of the peer before
MOST_THREADS = 4  # Parley's embedder uses no more


@dataclass(frozen=True)
class Peer:
    """`command` starts its worker; the folder of its index is appended."""

    name: str
    title: str
    command: tuple[str, ...]


def all_peers(peers_python: Path) -> tuple[Peer, ...]:
    """Parley in the Python that runs this, the others in theirs."""

    def peer(name: str, title: str, python: str = str(peers_python)) -> Peer:
        return Peer(name, title, (python, "-m", "evals.peers.worker", f"evals.peers.{name}"))

    return (
        peer("parley", "Parley", sys.executable),
        peer("langchain", "LangChain + Chroma"),
        peer("haystack", "Haystack hybrid"),
        peer("llamaindex", "LlamaIndex fusion"),
        peer("txtai", "txtai hybrid"),
    )


class Contender:
    """A peer on one set, from indexing to its row."""

    def __init__(self, peer: Peer, folder: Path, threads: int) -> None:
        self.peer = peer
        self._folder = folder / peer.name
        self._threads = threads
        self._process: PeerProcess | None = None
        self._known: dict[str, Any] = {}
        self._found: list[list[str]] = []
        self._ms: list[float] = []
        self._failed: str | None = None

    def prepare(self, articles: Path, questions: Sequence[str]) -> None:
        """Indexes, and leaves a process that is warm and has the index. A peer that fails is out of the contest."""
        try:
            self._index(articles, questions[0])
            self._ask(questions[:WARM_UP])
        except PeerFailed as failure:
            self._out(failure)

    def answer(self, questions: Sequence[str]) -> None:
        """One round of questions."""
        if self._failed is not None:
            return
        try:
            told = self._ask(questions, unmeasured=UNMEASURED)
        except PeerFailed as failure:
            self._out(failure)
            return
        self._found += told["found"]
        self._ms += told["ms"]

    def row(self, queries: Sequence[Query]) -> Row:
        """Its figures for the questions that it answered, in their order."""
        if self._failed is None:
            try:
                self._known["resident_mb"] = self._worker.ask(do="memory")["resident_mb"]
            except PeerFailed as failure:
                self._out(failure)
        if self._failed is not None:
            return Row(self.peer.name, self.peer.title, failed=self._failed)
        figures = self._known | quality(self._found, [query.gold for query in queries])
        figures |= {"p50_ms": percentile(self._ms, 50), "p95_ms": percentile(self._ms, 95)}
        return Row(self.peer.name, self.peer.title, **figures)

    def close(self) -> None:
        if self._process is not None:
            self._process.close()

    @property
    def _worker(self) -> PeerProcess:
        assert self._process is not None
        return self._process

    def _index(self, articles: Path, question: str) -> None:
        """Indexes in one process; the start is that of a second one, on the index that the first one kept."""
        began = time.perf_counter()
        self._start()
        loaded = time.perf_counter() - began
        self._known["index_s"] = self._worker.ask(do="index", articles=str(articles))["seconds"]
        self._known["peak_mb"] = self._worker.ask(do="memory")["peak_mb"]
        self._known["kept"] = self._worker.ask(do="keep")["kept"]
        began = time.perf_counter()
        if self._known["kept"]:
            self._worker.close()
            began, loaded = time.perf_counter(), 0.0
            self._start()
        self._ask([question])
        self._known["start_s"] = loaded + time.perf_counter() - began

    def _start(self) -> None:
        self._process = PeerProcess(self.peer.command, self._folder, self._threads)
        told = self._process.ready()
        self._known |= {"threads": told["threads"], "versions": told["versions"]}

    def _ask(self, questions: Sequence[str], unmeasured: int = 0) -> dict[str, Any]:
        return self._worker.ask(do="ask", questions=list(questions), k=DEEP, unmeasured=unmeasured)

    def _out(self, failure: PeerFailed) -> None:
        self._failed = str(failure)
        self.close()


def contest(
    labelled: LabelledSet, queries: Sequence[Query], peers: Sequence[Peer], threads: int
) -> list[Row]:
    """A row for each peer, in their order. `queries`: those of the set that are asked, each with gold."""
    questions = [query.text for query in queries]
    with tempfile.TemporaryDirectory(prefix="parley-peers-") as name:
        folder = Path(name)
        articles = folder / "articles.jsonl"
        _write(shown(labelled), articles)
        contenders = [Contender(peer, folder, threads) for peer in peers]
        try:
            for contender in contenders:
                _say(f"{labelled.name}: {contender.peer.title} indexes")
                contender.prepare(articles, questions)
            _say(f"{labelled.name}: {len(questions)} questions to each, in turn")
            for start in range(0, len(questions), ROUND):
                for contender in contenders:
                    contender.answer(questions[start : start + ROUND])
            return [contender.row(queries) for contender in contenders]
        finally:
            for contender in contenders:
                contender.close()


def chosen(labelled: LabelledSet, limit: int | None) -> list[Query]:
    """The questions that have a gold article: all of them, or a random `limit`, always the same ones."""
    with_gold = [query for query in labelled.queries if query.gold]
    if limit is None or limit >= len(with_gold):
        return with_gold
    return random.Random(0).sample(with_gold, limit)


def read_sets(data: Path | None) -> list[LabelledSet]:
    """The sets in the folders of `data`, or the one that it is itself; our own questions without it. Raises EvalError."""
    if data is None:
        return [own_questions()]
    if not data.is_dir():
        raise EvalError(f"{data} is no folder: give one with a folder for each set.")
    inside = sorted(file.parent for file in data.glob("*/queries.jsonl"))
    folders = [data] if (data / "queries.jsonl").exists() else inside
    if not folders:
        raise EvalError(f"{data} holds no set: give a folder with queries.jsonl, qrels.tsv and corpus.jsonl.")
    sets = [read_set(folder) for folder in folders]
    for labelled in sets:
        if labelled.corpus is None:
            raise EvalError(f"{labelled.name} has no corpus.jsonl: the peers need its articles.")
        if not chosen(labelled, None):
            raise EvalError(f"{labelled.name} has no question with a gold article.")
    return sets


def shown(labelled: LabelledSet) -> list[SourceArticle]:
    """The articles that a stranger may see, as Parley reads them: everybody gets the same cleaned text."""
    return [a for a in labelled.corpus or () if a.status == "published" and a.audience == "public"]


def _write(articles: Sequence[SourceArticle], file: Path) -> None:
    with open(file, "w", encoding="utf-8") as opened:
        for article in articles:
            told = {"id": article.id, "title": article.title, "body": article.body}
            opened.write(json.dumps(told) + "\n")


def main() -> None:
    given = _arguments()
    peers = [peer for peer in all_peers(given.peers_python) if given.only is None or peer.name in given.only]
    try:
        sets = read_sets(given.data)
    except EvalError as error:
        _say(f"bench-peers: {error}")
        sys.exit(2)
    done: list[tuple[str, list[Row]]] = []
    documents = []
    waiting = os.environ.get("OMP_WAIT_POLICY", "not set")
    for labelled in sets:
        queries = chosen(labelled, given.queries)
        load = os.getloadavg()[0]
        rows = contest(labelled, queries, peers, given.threads)
        articles = len(shown(labelled))
        print(
            f"\n{labelled.name}: {articles:,} articles, {len(queries):,} questions; {given.threads} threads each, "
            f"OMP_WAIT_POLICY {waiting}; load of the machine before: {load:.1f}"
        )
        print(table(rows), flush=True)
        done.append((labelled.name, rows))
        documents.append(
            {
                "set": labelled.name, "articles": articles, "questions": len(queries), "threads": given.threads,
                "waiting": waiting, "load_before": load,
                "rows": [asdict(row) for row in rows], "ratios": ratios(rows),
            }
        )  # fmt: skip
        if given.json:
            given.json.write_text(json.dumps({"sets": documents}, indent=1) + "\n", encoding="utf-8")
    print("\n" + ratio_table(done))
    if any(row.failed for _, rows in done for row in rows):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    half = max(1, min(MOST_THREADS, processors // 2))  # two libraries in one process may each have so many
    names = [peer.name for peer in all_peers(PEERS_PYTHON)]
    parser = argparse.ArgumentParser(
        prog="make bench-peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a set in the BEIR layout, or a folder of such sets")
    parser.add_argument(
        "--queries", type=_one_or_more, help="a random number of each set's questions, always the same ones"
    )
    parser.add_argument("--json", type=Path, help="write all figures here too")
    parser.add_argument("--only", nargs="+", choices=names, help="these peers only")
    parser.add_argument("--threads", type=int, choices=range(1, MOST_THREADS + 1), default=half)
    parser.add_argument("--peers-python", type=Path, default=PEERS_PYTHON, help="of the peers' environment")
    return parser.parse_args()


def _one_or_more(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1 up")
    return int(text)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
