"""Fits the reader (`retrieval/reader.py`): does this passage say that, does it answer this?

    python -m evals.fit_reader HELP_CENTER... [--out retrieval/fitted]
    python -m evals.fit_reader --again retrieval/fitted/reader.onnx [--out retrieval/fitted]

HELP_CENTER: articles as `parley index` takes them. First on MADE examples that a program makes of them (`evals/reading/examples.py`),
one epoch; then on our own, written by hand (`cases/passages.jsonl`), WRITTEN epochs, each with questions and sentences of other
passages, too; `--again` goes on from an exported reader with these alone. MiniLM's word vectors stay as they are. Judged on `cases/passages_unseen.jsonl`, whose trades are in no other file.
About an hour on one core; set MALLOC_MMAP_THRESHOLD_=4000000000 on Linux, or the kernel hands out the same memory again at every step.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from torch.nn import functional

from evals.reading.examples import Example, crossed, made, written
from evals.reading.network import HEADS, LAYERS, TASKS, WIDTH, Reader, Stepwise
from evals.run import CASES
from help_center.sources import open_source
from help_center.sources.base import SourceArticle
from retrieval.embedders import open_embedder
from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.onnx_files import to_onnx
from retrieval.reader import LONGEST_CLAIM, LONGEST_PASSAGE, open_tokenizer

PER_STEP = 4  # examples
MADE, WRITTEN = 3000, 3  # examples made by program, one epoch; epochs of the written ones
RATE, HEAD_RATE = 1e-4, 1e-3
RECIPE = "reader-1"  # goes up when the network or what it is given changes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.fit_reader", description=__doc__)
    parser.add_argument("help_centers", nargs="*")
    parser.add_argument("--again", type=Path, help="an exported reader to go on from")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "retrieval/fitted")
    given = parser.parse_args()
    if bool(given.help_centers) == bool(given.again):
        parser.error("give help centers to begin with, or --again and a reader to go on from")
    torch.manual_seed(0)
    torch.set_num_threads(1)  # more wait for each other longer than they work
    embedder = open_embedder(None)
    tokenizer = open_tokenizer()
    articles = [
        one
        for spec in given.help_centers
        for one in open_source(spec).read()
        if isinstance(one, SourceArticle)
    ]
    by_hand, unseen = (
        crossed(written(CASES / name), embedder.embed_passages)
        for name in ("passages.jsonl", "passages_unseen.jsonl")
    )
    if given.again:
        model = Reader.again(given.again)
    else:
        model = Reader.of(str(bundled_model()))
        by_program = made(
            articles, lambda words: np.stack([embedder.embed_query(word) for word in words]), MADE
        )
        fit(model, rows_of(by_program, tokenizer), 1, RATE, 0)
    fit(model, rows_of(by_hand, tokenizer), WRITTEN, RATE, 0)
    print(f"on passages that were not fitted: {judged(model, rows_of(unseen, tokenizer))}")
    export(model, given.out)


def rows_of(examples: Sequence[Example], tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """One row an example: the passage's tokens, then each claim's."""
    rows = []
    for example in examples:
        passage = tokenizer.encode(f"{example.context}\n{example.text}").ids[:LONGEST_PASSAGE]
        ids, places, types, of = (
            list(passage),
            list(range(len(passage))),
            [0] * len(passage),
            [-1] * len(passage),
        )
        for number, claim in enumerate(example.claims):
            mine = tokenizer.encode(claim.text).ids[:LONGEST_CLAIM]
            ids += mine
            places += range(len(passage), len(passage) + len(mine))
            types += [1] * len(mine)
            of += [number] * len(mine)
        rows.append({"ids": ids, "places": places, "types": types, "of": of, "claims": example.claims})
    return rows


def logits(model: Reader, rows: Sequence[dict[str, Any]]) -> list[torch.Tensor]:
    """Of each row's claims, shape (claims, TASKS)."""
    longest = max(len(row["ids"]) for row in rows)
    ids, places, types = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(3))
    of = torch.full((len(rows), longest), -2)
    for i, row in enumerate(rows):
        n = len(row["ids"])
        ids[i, :n], places[i, :n] = torch.tensor(row["ids"]), torch.tensor(row["places"])
        types[i, :n], of[i, :n] = torch.tensor(row["types"]), torch.tensor(row["of"])
    mask = (of[:, None, :] == -1) | (of[:, None, :] == of[:, :, None])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        tokens = model(ids, places, types, mask)
    return [
        torch.stack([model.judged(tokens[i].float()[of[i] == k]) for k in range(len(row["claims"]))])
        for i, row in enumerate(rows)
    ]


def loss_of(model: Reader, rows: Sequence[dict[str, Any]]) -> torch.Tensor:
    losses, weights = [], []
    for found, row in zip(logits(model, rows), rows, strict=True):
        for k, claim in enumerate(row["claims"]):
            alike = [one for one in row["claims"] if one.task == claim.task]
            share = sum(one.holds == claim.holds for one in alike) / len(alike)
            weight = claim.weight * min(2.0, 0.5 / share)
            target = torch.tensor(float(claim.holds))
            losses.append(
                functional.binary_cross_entropy_with_logits(found[k, TASKS.index(claim.task)], target)
                * weight
            )
            weights.append(weight)
    return torch.stack(losses).sum() / sum(weights)


def fit(model: Reader, rows: list[dict[str, Any]], epochs: int, rate: float, seed: int) -> None:
    dice = random.Random(seed)
    heads = [p for name, p in model.named_parameters() if name.startswith(("told", "weakest"))]
    rest = [
        p for name, p in model.named_parameters()
        if not name.startswith(("told", "weakest", "words", "places"))
    ]  # fmt: skip
    model.words.requires_grad_(False)
    model.places.requires_grad_(False)
    optimizer = torch.optim.AdamW(
        [{"params": rest, "lr": rate}, {"params": heads, "lr": HEAD_RATE}], weight_decay=0.01
    )
    steps = epochs * -(-len(rows) // PER_STEP)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [rate, HEAD_RATE], total_steps=steps + 1, pct_start=0.1, anneal_strategy="linear"
    )
    began, mean, done = time.time(), None, 0
    for _ in range(epochs):
        # rows of about the same length together, the lots in any order
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]["ids"]) + dice.random() * 60)
        lots = [order[i : i + PER_STEP] for i in range(0, len(order), PER_STEP)]
        dice.shuffle(lots)
        model.train()
        for lot in lots:
            loss = loss_of(model, [rows[i] for i in lot])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            done += 1
            mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
            if done % 50 == 0:
                print(f"  step {done} of {steps}, loss {mean:.3f}, {time.time() - began:.0f} s", flush=True)


def judged(model: Reader, rows: Sequence[dict[str, Any]]) -> str:
    """AUROC of both tasks, and what is caught of each kind where .05 of the true sentences are lost."""
    model.eval()
    scores: dict[str, list[float]] = {}
    with torch.no_grad():
        for row in rows:
            (found,) = logits(model, [row])
            for k, claim in enumerate(row["claims"]):
                scores.setdefault(claim.kind, []).append(float(found[k, TASKS.index(claim.task)]))
    told = []
    for good, bad in (
        (["true"], ["number", "name", "negation", "step", "other", "other, crossed"]),
        (["question"], ["near", "near, crossed"]),
    ):
        right = [s for kind in good for s in scores.get(kind, [])]
        wrong = [s for kind in bad for s in scores.get(kind, [])]
        if not right or not wrong:
            continue
        told.append(f"AUROC {roc_auc_score([1] * len(right) + [0] * len(wrong), right + wrong):.3f}")
        limit = float(np.quantile(right, 0.05))
        told += [f"{kind} {np.mean(np.array(scores[kind]) < limit):.3f}" for kind in bad if kind in scores]
    return ", ".join(told)


def export(model: Reader, out: Path) -> None:
    """Writes `reader.onnx` in int8 and `reader.json`."""
    model.eval()
    inputs = {
        "ids": torch.tensor([[101, 2129, 102]]),
        "places": torch.arange(2, 5)[None],
        "types": torch.ones(1, 3, dtype=torch.long),
        "past": torch.randn(LAYERS, 2, 1, HEADS, 2, WIDTH // HEADS),
    }
    axes = {name: {1: "tokens"} for name in ("ids", "places", "types")}
    axes |= {"past": {4: "before"}, "made": {4: "tokens"}}
    with tempfile.TemporaryDirectory() as folder:
        _, small = to_onnx(Stepwise(model), inputs, ["logits", "made"], axes, Path(folder))
        shutil.copy(small, out / "reader.onnx")
    (out / "reader.json").write_text(json.dumps({"recipe": RECIPE}) + "\n")


if __name__ == "__main__":
    main()
