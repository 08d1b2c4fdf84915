"""Fits the model that reads messages (`bot/message_model.py`): mood and sensitive topics.

    python -m evals.fit_messages DATA [--without SET,SET] [--out bot/fitted]

MiniLM with its word vectors and lower three layers as they are; the upper three and a head for each task are fitted together on the
moods' rows (`fit_feelings.all_rows`: tweets, neutral questions, articles and made ones of many sets), the questions of our own
passages (`cases/passages.jsonl`, 79 trades, all calm), those of our wishes for a person that the wishes are fitted on (calm, of no
topic), and those of our own cases of topics that say `developed_on`. A fifth of the
tweets, half of each question set and all cases that do not say `developed_on` are in no fit and are judged.

`--without`: these sets are left whole out of the fit and judged; give another --out then. So the thresholds were chosen, on two such
fits that left five of the ten sets out each: NEGATIVE_FROM is the lowest at which in the mean of the ten at most 2 % of neutral questions
are called negative (of these figures, then, no proof; the tweets were not looked at), TOPIC_FROM keeps what the same questions raise
low, POSITIVE_FROM is a guess. About half an hour on two cores; set MALLOC_MMAP_THRESHOLD_=4000000000 on Linux, or the kernel hands out the same memory anew at
every step.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bot.message_model import LONGEST, MOODS, NONE, MessageModel, spelled
from bot.prose import prose
from bot.topics import TOPICS, said_outright
from evals.fit_feelings import QUESTION_SETS, all_rows, f1, place
from evals.run import CASES
from evals.suites.wishes import developed_on
from retrieval.embedders.sentence_transformers import bundled_model
from retrieval.onnx_files import to_onnx
from retrieval.reader import open_tokenizer

UPPER = 3  # layers that are fitted, of six
WIDTH = 384
OF_A_SET = 1800  # rows of a question set, of which half are fitted; the other half of the whole set is judged
OF_OTHERS = {"article": 120, "made": 500}  # rows of each set that are fitted
OF_MADE = 4000  # of the made ones of no set: problems told calmly, most of them
OF_PASSAGES = 1500  # questions of our own passages
EPOCHS, PER_STEP, RATE, HEAD_RATE = 2, 32, 1.5e-4, 1e-3
NO_TOPIC_WEIGHT, TOPIC_WEIGHT = 0.5, 1.5
NEGATIVE_FROM, POSITIVE_FROM, TOPIC_FROM = 0.65, 0.6, 0.7
NAMES = (NONE, *TOPICS)
SHIPPED = Path(__file__).parent.parent / "bot/fitted"
# words of others' questions that may well be of a topic, a stolen card, though their set has no label for it: they teach nothing of topics
MAY_BE_MEANT = (
    "stol",
    "steal",
    "fraud",
    "hack",
    "compromis",
    "recogni",
    "make",
    "made",
    "scam",
    "auth",
    "someone else",
    "not order",
    "never agreed",
    "without telling",
    "somebody took",
    "not cancel it",
)


@dataclass(frozen=True)
class Message:
    """`mood`, `topic`: places in MOODS and NAMES, None where the row says nothing of it. `of`: its set; `fitted`: or judged."""

    text: str
    ids: tuple[int, ...]
    of: str
    mood: int | None
    mood_weight: float
    topic: int | None
    topic_weight: float
    fitted: bool


SMALL_TALK = (
    "bye", "goodbye", "good bye", "bye bye", "bye for now", "goodbye for now", "see you", "see you later", "have a nice day", "have a good one",
    "that's all", "no, that's all, thank you", "that will be all", "no more questions", "nothing else, thanks", "thanks, bye!", "ok bye",
    "talk to you later", "take care", "good night", "hi", "hello", "hello there", "hey", "good morning", "good evening team", "hi everyone",
    "anyone there?", "are you there?", "hello?", "is this a bot?", "who are you", "how are you", "thanks", "thank you", "thx", "cheers", "ok",
    "okay", "fine", "got it", "great", "perfect", "yes", "no", "yep", "nope", "sure", "please", "hm", "hmm", "?", "test", "testing", "sorry",
    "never mind", "nevermind, found it", "wait", "one moment", "just a second", "I have a question", "can you help me", "help", "I need help",
    "please help", "quick question", "what can you do", "the first one", "the second", "neither", "both", "not that one", "what?", "why?",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.fit_messages", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--without", default="", help="sets that are left out and judged, by commas")
    parser.add_argument("--report-only", action="store_true", help="judge what lies in --out")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    told = parser.parse_args()
    left = frozenset(filter(None, told.without.split(",")))
    if unknown := left - set(QUESTION_SETS):
        parser.error(f"no set is called {', '.join(sorted(unknown))}: there are {', '.join(QUESTION_SETS)}.")
    if not told.out.is_dir():
        parser.error(f"{told.out} is no folder: make it first.")
    if left and told.out == SHIPPED:
        parser.error("--without makes a model that is only to be judged: give a folder with --out.")
    rows = read_rows(told.data, left)
    if not told.report_only:
        torch.manual_seed(0)
        torch.set_num_threads(2)
        network = Network()
        fit(network, [row for row in rows if row.fitted])
        export(network, told.out)
    report(MessageModel.read(told.out), rows, left)


def read_rows(data: Path, left: frozenset[str]) -> list[Message]:
    tokenizer = open_tokenizer()

    def message(
        text: str, of: str, fitted: bool, mood: tuple[int | None, float], topic: tuple[int | None, float]
    ) -> Message:
        *ids, end = tokenizer.encode(spelled(text)).ids
        return Message(text, (*ids[: LONGEST - 1], end), of, *mood, *topic, fitted)

    rows, seen = [], Counter[tuple[str, str]]()
    for row in sorted(all_rows(data), key=lambda row: hashlib.sha1(row.text.encode()).digest()):
        if not row.text or row.kind == "test":
            continue
        seen[row.of, row.kind] += 1
        count, tweet = seen[row.of, row.kind], row.of == "tweets"
        if row.kind == "question":
            kept, apart = count <= OF_A_SET, row.of in left or place(row.text, 2) == 0
        else:
            kept, apart = (
                tweet or count <= (OF_MADE if row.of == "made" else OF_OTHERS[row.kind]),
                tweet and place(row.text.lower(), 5) == 0,
            )
        fitted = kept and not apart and row.of not in left
        if not fitted and not tweet and not (row.kind == "question" and apart):
            continue
        mood = (MOODS.index(row.label), 0.3 + 0.7 * row.weight if tweet else row.weight)
        rows.append(message(row.text, row.of, fitted, mood, (_no_topic(row.text), NO_TOPIC_WEIGHT)))
    asked = [text for told in lines("passages.jsonl") for text in (*told["questions"], *told["near"])]
    for text in sorted(asked, key=lambda text: hashlib.sha1(text.encode()).digest())[:OF_PASSAGES]:
        rows.append(message(prose(text), "passages", True, (1, 1.0), (_no_topic(text), NO_TOPIC_WEIGHT)))
    for told in lines("wishes.jsonl"):
        if told["language"] == "en" and developed_on(told):
            rows.append(message(prose(told["text"]), "wishes", True, (None, 0.0), (0, NO_TOPIC_WEIGHT)))
    for text in SMALL_TALK:
        rows.append(message(text, "small talk", True, (None, 0.0), (0, NO_TOPIC_WEIGHT)))
    for told in lines("topics.jsonl"):
        topic = (NAMES.index(told["topic"]) if told["meant"] else 0, TOPIC_WEIGHT)
        rows.append(message(prose(told["text"]), "topics", told["developed_on"], (None, 0.0), topic))
    return without_copies(rows)


def without_copies(rows: Sequence[Message]) -> list[Message]:
    """Without the fitted rows that stand among the judged ones or in `sentiment.jsonl`, and without the judged questions that stand, with
    a clause of ours, in a fitted row."""
    judged = {_bare(row.text) for row in rows if not row.fitted and row.of == "topics"}
    judged |= {_bare(told["text"]) for told in lines("sentiment.jsonl")}
    kept = [row for row in rows if not (row.fitted and _bare(row.text) in judged)]
    whole = {_bare(row.text) for row in kept if row.fitted}
    within: dict[str, str] = {}
    for row in kept:
        if row.fitted:
            within[row.of] = within.get(row.of, "") + "\n" + row.text
    return [
        row
        for row in kept
        if row.fitted
        or row.of in ("tweets", "topics")
        or not (_bare(row.text) in whole or row.text[:200] in within.get(row.of, ""))
    ]


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]


def _no_topic(text: str) -> int | None:
    """0 for a row of others or a made one, whatever its mood, unless it may be of a topic that nobody labelled."""
    unsure = any(word in text.lower() for word in MAY_BE_MEANT) or said_outright(text)
    return None if unsure else 0


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        from transformers import AutoModel

        body = AutoModel.from_pretrained(str(bundled_model()), attn_implementation="eager")
        self.embeddings, layers = body.embeddings, list(body.encoder.layer)
        self.lower, self.upper = nn.ModuleList(layers[:-UPPER]), nn.ModuleList(layers[-UPPER:])
        self.dropped = nn.Dropout(0.1)
        self.mood, self.topic = nn.Linear(2 * WIDTH, len(MOODS)), nn.Linear(2 * WIDTH, len(NAMES))

    @staticmethod
    def through(layers: nn.ModuleList, x: Tensor, mask: Tensor) -> Tensor:
        """x (b, n, WIDTH); mask (b, n) of 0 and 1."""
        hidden = ((1 - mask) * -1e4)[:, None, None, :]
        for layer in layers:
            given = layer(x, hidden)
            x = given[0] if isinstance(given, tuple) else given
        return x

    def heads(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The logits (b, len(MOODS)) and (b, len(NAMES)) from what the lower layers give."""
        x = self.through(self.upper, x, mask)
        shown = mask[..., None]
        pooled = self.dropped(torch.cat([x[:, 0], (x * shown).sum(1) / shown.sum(1)], 1))
        return self.mood(pooled), self.topic(pooled)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        mask = torch.ones_like(ids, dtype=torch.float32)
        return self.heads(self.through(self.lower, self.embeddings(ids), mask), mask)

    def lower_of(self, rows: Sequence[Message]) -> list[Tensor]:
        """What the lower layers give of each row, (n, WIDTH) in float16: they are not fitted, so once is enough."""
        found: list[Tensor] = [torch.empty(0)] * len(rows)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        self.eval()
        with torch.no_grad():
            for start in range(0, len(order), 64):
                lot = order[start : start + 64]
                longest = max(len(rows[i].ids) for i in lot)
                ids, mask = torch.zeros(len(lot), longest, dtype=torch.long), torch.zeros(len(lot), longest)
                for k, i in enumerate(lot):
                    ids[k, : len(rows[i].ids)], mask[k, : len(rows[i].ids)] = torch.tensor(rows[i].ids), 1
                x = self.through(self.lower, self.embeddings(ids), mask)
                for k, i in enumerate(lot):
                    found[i] = x[k, : len(rows[i].ids)].half()
        return found


def batch(lower: Sequence[Tensor], lot: Sequence[int]) -> tuple[Tensor, Tensor]:
    longest = max(len(lower[i]) for i in lot)
    x, mask = torch.zeros(len(lot), longest, WIDTH), torch.zeros(len(lot), longest)
    for k, i in enumerate(lot):
        x[k, : len(lower[i])], mask[k, : len(lower[i])] = lower[i].float(), 1
    return x, mask


def fit(model: Network, rows: Sequence[Message]) -> None:
    lower = model.lower_of(rows)
    dice = random.Random(0)
    optimizer = torch.optim.AdamW(
        [
            {"params": model.upper.parameters(), "lr": RATE},
            {"params": [*model.mood.parameters(), *model.topic.parameters()], "lr": HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    steps = EPOCHS * -(-len(rows) // PER_STEP)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [RATE, HEAD_RATE], total_steps=steps + 1, pct_start=0.1, anneal_strategy="linear"
    )
    print(f"{len(rows)} rows, {steps} steps", flush=True)
    began, mean, done = time.time(), None, 0
    model.train()
    for _ in range(EPOCHS):
        # rows of about the same length together, the lots in any order
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids) + dice.random() * 12)
        lots = [order[i : i + PER_STEP] for i in range(0, len(order), PER_STEP)]
        dice.shuffle(lots)
        for lot in lots:
            mood, topic = model.heads(*batch(lower, lot))
            loss = _loss(mood, [(rows[i].mood, rows[i].mood_weight) for i in lot], 0.05)
            loss = loss + _loss(topic, [(rows[i].topic, rows[i].topic_weight) for i in lot], 0.0)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            done += 1
            mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
            if done % 100 == 0:
                print(f"  step {done} of {steps}, loss {mean:.3f}, {time.time() - began:.0f} s", flush=True)


def _loss(logits: Tensor, labels: Sequence[tuple[int | None, float]], smoothing: float) -> Tensor:
    targets = torch.tensor([label or 0 for label, _ in labels])
    weights = torch.tensor([0.0 if label is None else weight for label, weight in labels])
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum() / len(labels)


def report(model: MessageModel, rows: Sequence[Message], left: frozenset[str]) -> None:
    """Of rows that are in no fit, by the int8 model alone: without the rules of `bot/topics.py` and without asking for the language."""
    judged = [row for row in rows if not row.fitted]
    heard = [model.hear(row.text) for row in judged]
    sets = np.array([row.of for row in judged])
    negative = np.array([one.moods["negative"] for one in heard])
    sensitive = np.array([1 - one.topics[NONE] for one in heard])
    likeliest = np.array([max(TOPICS, key=one.topics.__getitem__) for one in heard])
    truth = np.array([NAMES[row.topic or 0] for row in judged])
    tweets, cases = sets == "tweets", sets == "topics"
    others = [
        name
        for name in dict.fromkeys(sets)
        if name not in ("tweets", "topics") and (not left or name in left)
    ]

    def share(of: NDArray[np.bool_]) -> str:
        return ", ".join(f"{name} {of[sets == name].mean():.2%} of {(sets == name).sum()}" for name in others)

    for limit in sorted({0.5, 0.6, model.negative_from, 0.7}):
        score = f1(np.array([row.mood == 0 for row in judged])[tweets], negative[tweets] >= limit)
        print(f"negative from {limit}: F1 on tweets {score:.3f}; false alarms {share(negative >= limit)}")
    for limit in sorted({0.5, 0.6, model.topic_from, 0.8, 0.9}):
        raised = sensitive >= limit
        named = raised & (likeliest == truth)
        each = ", ".join(f"{name} {named[cases & (truth == name)].mean():.2f}" for name in TOPICS)
        print(
            f"a topic from {limit}: recall {named[cases & (truth != NONE)].mean():.3f} ({each}), "
            f"near misses {raised[cases & (truth == NONE)].mean():.3f}; {share(raised)}"
        )


def export(model: Network, out: Path) -> None:
    """Writes `messages.onnx` in int8 and `messages.json`."""
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        _, small = to_onnx(
            model,
            {"ids": torch.tensor([[101, 2129, 102]])},
            ["mood", "topic"],
            {"ids": {1: "tokens"}},
            Path(folder),
        )
        shutil.copy(small, out / "messages.onnx")
    told = {
        "fitted_on": "airline_tweets (Twitter US Airline Sentiment, 2015), neutral questions and articles of public sets, and messages and "
        "questions of our own; by evals/fit_messages.py",
        "topics": NAMES,
        "negative_from": NEGATIVE_FROM,
        "positive_from": POSITIVE_FROM,
        "topic_from": TOPIC_FROM,
    }
    (out / "messages.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
