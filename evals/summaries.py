"""Does the check of a model's summary keep what was said, and drop what nobody said? `python -m evals.summaries`

`cases/summaries.jsonl`: conversations of our own by two writers, each with sentences of a summary, true and false (`who`: what one
side said told of the other). Nothing was fitted on them, and no limit was chosen by them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bot.summary import check_of, holds
from bot.understand import Said
from evals.beir import read_lines
from evals.run import CASES
from retrieval.embedders import open_embedder


def judged(file: Path, writer: str) -> dict[str, float]:
    """Kind of sentence -> the share that is dropped."""
    embedder = open_embedder(None)
    asked: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for _, told in read_lines(file):
        if told["writer"] != writer:
            continue
        said = [Said(role, text) for one in told["said"] for role, text in one.items()]
        check = check_of(said, embedder)
        for sentence in told["sentences"]:
            asked[sentence["kind"]] += 1
            dropped[sentence["kind"]] += not holds(check, sentence["text"], said)
    return {kind: dropped[kind] / number for kind, number in asked.items()}


def main() -> None:
    for writer in ("one", "two"):
        shares = judged(CASES / "summaries.jsonl", writer)
        print(writer, "dropped:", ", ".join(f"{kind} {share:.2f}" for kind, share in shares.items()))


if __name__ == "__main__":
    main()
