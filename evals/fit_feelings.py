"""Fits the mood by words alone (`bot/moods.py`) and tells how well it reads texts it was not fitted on. English messages are
read by the message model (`fit_messages.py`), which is fitted on the same rows.

    python -m evals.fit_feelings DATA [--out bot/fitted/feelings.json] [--report-only]
    python -m evals.fit_feelings DATA --satisfaction

DATA holds `sentiment/`, `questions/`, `retrieval/` and `help_centers/`. Tweets carry moods but call nearly every problem
negative; questions and articles of many sets, all neutral, and problems told calmly in our own words (`made_moods.py`)
teach that a problem is not a mood; the same questions with an upset clause of our own put before or after them teach
that a mood is one in any trade.

One way of choosing the threshold of "negative" (and of "positive"): each neutral set is judged by a fit that never saw
it; the threshold is the lowest at which each of these sets has at most ALARMS_ALLOWED. A set that is reported is left
out of all of this: of the fit that judges it, and of the fits and rows that choose its threshold.

Tweets are judged on `sentiment/airline_tweets/test.jsonl` where it is there, else on a fifth of `dev.jsonl` (by a hash
of the text) that the judged fit has not seen; the file that ships is fitted on all of `dev.jsonl`. `--satisfaction`:
does the mood predict how three raters judged a customer's satisfaction, on dialogues outside the fit. Takes about a
quarter of an hour on three cores. Knows nothing of a conversation but what --satisfaction asks."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score
from torch import nn

from bot.moods import (
    BUCKETS,
    SIGNS,
    WORDING_SCALE,
    Feelings,
    mood_signs,
    packed,
    wording_buckets,
)
from bot.prose import prose
from evals.made_moods import calm_posts, calm_problems

LABELS = ("negative", "neutral", "positive")
QUESTION_SETS = {  # name: (files, rows at most)
    "banking77": (["questions/banking77/train.jsonl"], 5000),
    "clinc150": (
        [f"questions/clinc150/{part}.jsonl" for part in ("train", "val", "oos_train", "oos_val")],
        6000,
    ),
    "techqa": (["retrieval/techqa_sample/queries.jsonl"], 2500),
    "stackfaq": (["retrieval/stackfaq/queries.jsonl"], 2500),
    "rackspace": (["retrieval/rackspace_faq/queries.jsonl"], 2500),
    "dtc_faq": (["retrieval/dtc_faq/queries.jsonl"], 2500),
    "hint3": (["questions/hint3/sofmattress_train.jsonl", "questions/hint3/sofmattress_test.jsonl"], 2500),
    "bitext": (["questions/bitext_intents/train.jsonl"], 4000),
    "mtrag_un": (["retrieval/mtrag_un/queries.jsonl"], 2500),
    "sgd": (["sentiment/user_satisfaction/SGD.jsonl"], 5000),
}
ARTICLE_SETS = {  # name: (file, rows at most, the ids that are in English); a set of QUESTION_SETS goes with it
    "techqa": ("retrieval/techqa_sample/corpus.jsonl", 800, ""),
    "rackspace": ("retrieval/rackspace_faq/corpus.jsonl", 1000, ""),
    "dtc_faq": ("retrieval/dtc_faq/corpus.jsonl", 800, ""),
    "grav": ("help_centers/grav/articles.jsonl", 1500, ""),
    "login_gov": ("help_centers/login_gov/articles.jsonl", 1000, "_en."),
    "mastodon": ("help_centers/mastodon/articles.jsonl", 800, "/en/"),
    "suitecrm": ("help_centers/suitecrm/articles.jsonl", 1000, ""),
}
JUDGED = ("banking77", "clinc150", "techqa", "stackfaq", "rackspace")  # reported, each left out
POSTS = 150  # long posts made of the texts of a set, for each of POSTS_OF
POSTS_OF = ("dtc_faq", "bitext", "stackfaq", "suitecrm", "grav", "made")
CALM_PROBLEMS = 5000
MADE_SHARE = 0.12  # of the questions, how many are given an upset clause, and as many again a polite one
CLAUSES_OF_A_SET = 400  # at most
ALARMS_ALLOWED = 0.015  # of each set left out: a quarter below the 2 % that a set nobody has seen should keep
HIDDEN, EPOCHS, BATCH, NETWORKS = 192, 5, 256, 3  # NETWORKS of HIDDEN units, their outputs averaged, make one

DOUBTED_BELOW = (
    0.1  # the odds of a tweet's own label, by a fit that has not seen it, below which it counts DOUBTED
)
DOUBTED = 0.3

UPSET_CLAUSES = (
    "This is ridiculous.", "I'm fed up with this!", "your support is useless",
    "This is the third time I ask.", "I am so frustrated right now", "Nobody ever answers me.", "what a joke",
    "I want my money back, this is a scam", "I'm really angry about this", "worst service ever",
    "If this isn't fixed I'm leaving for good.", "I've had enough of you people!!", "This is unacceptable!!!",
    "you keep wasting my time", "I hate this", "I'm sick of this nonsense", "that did not help at all",
    "you are not helping me", "WHY IS THIS SO HARD", "I am extremely disappointed", "this is a nightmare",
    "how many times do I have to ask", "thanks for nothing", "I'll cancel my account if this goes on",
    "wtf is wrong with you", "This is bullshit.", "terrible, just terrible", "I'm losing my patience here",
    "You clearly don't care about your customers.", "I am going to sue you", "absolutely pathetic",
    "Still no answer after two weeks, shame on you", "this damn thing drives me crazy",
    "stop sending me the same useless answer", "I regret ever paying for this",
)  # fmt: skip
PLEASANT_CLAUSES = (
    "Thanks in advance.", "Please help.", "Hi there,", "Thank you!", "I would be grateful for a hint.",
    "Hello!", "Sorry to bother you.", "it worked yesterday", "I get an error message.", "it does not work",
    "it failed again", "Could you explain?", "I am new here.", "I tried it twice already.", "It is urgent.",
)  # fmt: skip

# Our own, of other trades than airlines; never fitted; written before the first look at a figure and not
# changed
# since. Few, and ours: a hint, no proof.
UPSET_MESSAGES = (
    "I've explained this four times already and you still send me the same article. I'm done.",
    "Your app is garbage and so is your support", "honestly this is driving me insane", "FIX THIS NOW!!!",
    "What kind of company treats people like this?", "I'm beyond annoyed, my invoice is wrong AGAIN",
    "are you kidding me? another reset link that doesn't work",
    "I have never been so badly treated by a shop", "You've wasted my whole afternoon",
    "absolutely disgusted with how you handled my refund", "this bot is useless",
    "I'm switching to your competitor tomorrow", "Never buying from you again.",
    "so disappointed, I expected better from you", "Stop giving me canned answers! Read what I write!",
    "Where the hell is my parcel?!", "You people are incompetent", "I want a refund, you are thieves",
    "it's been three weeks and NOBODY has replied to me. shameful", "I am furious that you charged me twice",
    "no, that didn't help. again.", "this is a complete waste of my time",
    "Cancel my account, I've had it with you", "How hard can it be to send one email?",
    "you keep ignoring my question", "wow, great, broken again. well done.", "I feel cheated",
    "My lawyer will be in touch.", "I'm upset about the way your agent spoke to me",
    "ugh, why does nothing work here",
)  # fmt: skip
PROBLEM_MESSAGES = (
    "payment failed with error 500", "My parcel has not arrived yet.",
    "I was charged twice for the same order", "the app crashes when I open settings", "I can't log in",
    "reset link does not work", "my account is locked", "I still haven't received my refund",
    "How do I cancel my subscription?", "card declined at checkout", "The export is empty.",
    "I lost my phone and with it the 2FA codes", "invoice shows the wrong amount",
    "wrong size delivered, how do I return it?", "Unable to connect to the server since this morning",
    "my data is gone after the update", "I forgot my password", "the download is stuck at 99%",
    "Why was my payment refused?", "I want to close my account",
    "Error: permission denied when I upload a file", "sync is broken between laptop and phone",
    "The voucher code is not accepted", "can't change my email address", "my order was cancelled, why?",
    "the printer prints blank pages", "I never got the confirmation mail", "the website is very slow today",
    "someone used my card without permission", "Your API returns 403",
)  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """Texts (n) with their signs (n, len(SIGNS)), their wording (n, BUCKETS), labels (n,)
    as places in LABELS, weights (n,), sets (n,) and kinds (n,), and which are judged and so outside every fit (n,)."""

    texts: list[str]
    signs: NDArray[np.float32]
    wording: sparse.csr_matrix
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    sets: NDArray[np.str_]
    kinds: NDArray[np.str_]
    held: NDArray[np.bool_]

    def of(self, name: str, kind: str = "question") -> NDArray[np.bool_]:
        return np.asarray((self.sets == name) & (self.kinds == kind))

    def without(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """What a fit may see that leaves out these sets, with all that was made of them."""
        return np.asarray(~self.held & ~np.isin(self.sets, list(names)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the mood and report held-out figures.")
    parser.add_argument(
        "data", type=Path, help="folder with sentiment/, questions/, retrieval/ and help_centers/"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "bot" / "fitted" / "feelings.json"
    )
    parser.add_argument("--report-only", action="store_true", help="write nothing")
    parser.add_argument(
        "--satisfaction", action="store_true", help="judge the shipped mood on user_satisfaction"
    )
    parser.add_argument("--processes", type=int, default=3)
    options = parser.parse_args(arguments)
    if not (options.data / "sentiment" / "airline_tweets").is_dir():
        print(
            f"no sentiment/airline_tweets in {options.data}: give the folder that holds it", file=sys.stderr
        )
        return 2
    if options.satisfaction:
        report_satisfaction(options.data, Feelings.load())
        return 0

    rows = doubting(read_rows(options.data))
    print(f"{len(rows.texts)} rows, {int((~rows.held).sum())} of them for fitting", flush=True)
    everything = np.isin(rows.kinds, ["test"], invert=True)
    left_out = LeftOut(rows, options.processes)
    limits = left_out.thresholds()
    print(f"\n== words alone, negative from {limits[0]:.3f}")
    left_out.report()
    told = {"signs": list(SIGNS), "fitted_on": ""}
    judged = json.dumps(told | {"words_alone": with_limits(network(rows, rows.without(())), limits)})
    report(rows, Feelings.from_json(judged))
    kept: dict[str, object] = {
        "fitted_on": "airline_tweets (Twitter US Airline Sentiment, 2015), neutral questions of "
        + ", ".join(QUESTION_SETS)
        + ", neutral articles of "
        + ", ".join(ARTICLE_SETS)
        + ", and sentences of our own; by evals/fit_feelings.py",
        "signs": list(SIGNS),
        "words_alone": with_limits(network(rows, everything), limits),
    }
    text = json.dumps(kept)
    if not options.report_only:
        options.out.write_text(text + "\n", encoding="utf-8")
        print(f"\nwrote {options.out} ({len(text) / 1024:.0f} KiB)")
    return 0


# --- rows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """`kind`: question, article, made, test or tweet; `weight` in the fit."""

    text: str
    label: str
    of: str
    kind: str
    weight: float = 1.0


def read_rows(data: Path) -> Rows:
    rows = [row for row in all_rows(data) if row.text]
    apart = any(row.kind == "test" for row in rows)
    held = [
        row.kind == "test" or (not apart and row.of == "tweets" and place(row.text.lower(), 5) == 0)
        for row in rows
    ]
    texts = [row.text for row in rows]
    signs = np.array([mood_signs(text) for text in texts], dtype=np.float32)
    return Rows(
        texts,
        signs,
        wording(texts),
        np.array([LABELS.index(row.label) for row in rows]),
        np.array([row.weight for row in rows], dtype=np.float32),
        np.array([row.of for row in rows]),
        np.array([row.kind for row in rows]),
        np.array(held),
    )


def all_rows(data: Path) -> Iterator[Row]:
    for part, kind in (("dev", "tweet"), ("test", "test")):
        file = data / "sentiment" / "airline_tweets" / f"{part}.jsonl"
        for told in jsonl(file) if file.exists() else ():
            yield Row(
                prose(str(told["text"])), str(told["label"]), "tweets", kind, float(str(told["confidence"]))
            )
    calm = calm_problems(CALM_PROBLEMS)
    pieces = {"made": calm}
    for name, (paths, most) in QUESTION_SETS.items():
        pieces[name] = read_questions(data, paths, most)
        yield from (Row(text, "neutral", name, "question") for text in pieces[name])
    for name, (path, most, english) in ARTICLE_SETS.items():
        found = read_articles(data / path, most, english)
        pieces.setdefault(name, found)
        yield from (Row(text, "neutral", name, "article") for text in found)
    yield from (Row(prose(text), "neutral", "made", "made", 1.5) for text in calm)
    for name in POSTS_OF:
        yield from (Row(prose(text), "neutral", name, "made") for text in calm_posts(pieces[name], POSTS))
    for name in [*QUESTION_SETS, "made"]:
        for kind, clauses, label in (
            ("upset", UPSET_CLAUSES, "negative"),
            ("pleasant", PLEASANT_CLAUSES, "neutral"),
        ):
            chosen = [text for text in pieces[name] if place(kind + text, 1000) < 1000 * MADE_SHARE]
            for text in chosen[:CLAUSES_OF_A_SET]:
                yield Row(with_clause(text, clauses), label, name, "made", 0.5)


def read_questions(data: Path, paths: Sequence[str], most: int) -> list[str]:
    """Distinct texts, at most `most`, without those that their set marks as small talk, swearing, a complaint,
    asking for a person or dissatisfied, and without the dialogues that --satisfaction judges."""
    texts = {
        prose(str(told["text"]))
        for path in paths
        for told in jsonl(data / path)
        if told.get("intent") not in ("thank_you", "goodbye", "greeting", "complaint")
        and "W" not in str(told.get("tags", ""))  # bitext's swearing rows
        and not told.get("wants_human")
        and ("mean" not in told or (float(str(told["mean"])) >= 3 and not is_judged_dialogue(str(told["_id"]))
                                    and not is_thankful(str(told["text"]))))
    }  # fmt: skip
    return sorted(filter(None, texts), key=lambda text: hashlib.sha1(text.encode()).digest())[:most]


def is_judged_dialogue(row_id: str) -> bool:
    return place(row_id.rsplit("_", 1)[0], 2) == 0


def is_thankful(text: str) -> bool:
    signs = dict(zip(SIGNS, mood_signs(text), strict=True))
    return bool(signs["thanks"] or signs["praise"])


def read_articles(file: Path, most: int, english: str) -> list[str]:
    """Paragraphs and single sentences of articles, without code and tables."""
    found = set()
    for told in jsonl(file):
        if english not in str(told.get("id", told.get("_id"))) or ".ru." in str(told.get("id")):
            continue
        for part in re.split(r"\n\s*\n", str(told.get("body") or told.get("text") or "")):
            part = re.sub(r"\s+", " ", part).strip()
            if not 20 <= len(part) <= 700 or sum(c.isalpha() or c == " " for c in part) / len(part) <= 0.85:
                continue
            sentences = re.split(r"(?<=[.!?])\s+", part)
            found.add(prose(part if place("whole" + part, 5) < 2 else sentences[place(part, len(sentences))]))
    return sorted((t for t in found if len(t) >= 15), key=lambda text: hashlib.sha1(text.encode()).digest())[
        :most
    ]


def with_clause(question: str, clauses: Sequence[str]) -> str:
    """The first 200 characters of the question, and a clause before or after it."""
    question, clause = question[:200], clauses[place("clause" + question, len(clauses))]
    return f"{clause} {question}" if place("before" + question, 2) else f"{question} {clause}"


def place(text: str, places: int) -> int:
    return int(hashlib.sha1(text.encode()).hexdigest()[:8], 16) % places


def jsonl(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def wording(texts: Sequence[str]) -> sparse.csr_matrix:
    """Shape (len(texts), BUCKETS): each row WORDING_SCALE over the root of its count, where the text has the bucket."""
    places = [wording_buckets(text) for text in texts]
    values = [WORDING_SCALE / np.sqrt(len(row)) for row in places for _ in row]
    ends = np.cumsum([0, *map(len, places)])
    inside = np.array([bucket for row in places for bucket in row], dtype=np.int64)
    return sparse.csr_matrix((np.array(values, dtype=np.float32), inside, ends), shape=(len(texts), BUCKETS))


# --- fit ------------------------------------------------------------------------------------------------------

Arrays = dict[str, NDArray[np.float32]]


def network(rows: Rows, use: NDArray[np.bool_]) -> Arrays:
    """The arrays of `_Network` in bot/moods.py: NETWORKS fits from other beginnings, side by side as one."""
    torch.set_num_threads(1)
    fits = [_fit(rows, np.flatnonzero(use), seed) for seed in range(NETWORKS)]
    return {
        "hidden": np.concatenate([one["hidden"] for one in fits]),
        "hidden_bias": np.concatenate([one["hidden_bias"] for one in fits]),
        "out": np.concatenate([one["out"] for one in fits], axis=1) / NETWORKS,
        "bias": np.mean([one["bias"] for one in fits], axis=0),
        "wording": np.mean([one["wording"] for one in fits], axis=0),
    }


def doubting(rows: Rows) -> Rows:
    """The rows with a lower weight for tweets whose label a fit on the other half of the tweets (and on none of the sets
    that are judged) all but rules out: most are slips of the raters."""
    weights = rows.weights.copy()
    half = np.array([place("half" + text, 2) for text in rows.texts])
    for part in range(2):
        judged = ~rows.held & (rows.kinds == "tweet") & (half == part)
        told = odds(network(rows, rows.without(JUDGED) & ~judged), rows, judged)
        own = told[np.arange(len(told)), rows.labels[judged]]
        weights[judged] *= np.where(own < DOUBTED_BELOW, np.float32(DOUBTED), np.float32(1))
    return replace(rows, weights=weights)


def _fit(rows: Rows, use: NDArray[np.int64], seed: int) -> Arrays:
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    given = torch.from_numpy(rows.signs)
    labels, weights = torch.from_numpy(rows.labels), torch.from_numpy(rows.weights)
    first, last = nn.Linear(given.shape[1], HIDDEN), nn.Linear(HIDDEN, 3)
    deep = nn.Sequential(nn.Dropout(0.2), first, nn.ReLU(), nn.Dropout(0.4), last)
    wide = nn.Parameter(torch.zeros(BUCKETS, 3))
    descent = torch.optim.AdamW([*deep.parameters(), wide], lr=2e-3, weight_decay=0.05)
    steps = EPOCHS * (len(use) // BATCH + 1)
    pace = torch.optim.lr_scheduler.OneCycleLR(descent, 4e-3, steps)
    for _ in range(EPOCHS):
        mixed = order.permutation(use)
        for start in range(0, len(mixed), BATCH):
            batch = mixed[start : start + BATCH]
            logits = deep(given[batch]) + torch.sparse.mm(_as_torch(rows.wording[batch]), wide)
            loss = nn.functional.cross_entropy(logits, labels[batch], reduction="none")
            descent.zero_grad()
            (loss * weights[batch]).mean().backward()
            descent.step()
            pace.step()
    arrays = (first.weight, first.bias, last.weight, last.bias, wide)
    names = ("hidden", "hidden_bias", "out", "bias", "wording")
    return {name: array.detach().numpy() for name, array in zip(names, arrays, strict=True)}


def _as_torch(matrix: sparse.csr_matrix) -> torch.Tensor:
    entries = matrix.tocoo()
    return torch.sparse_coo_tensor(
        np.stack([entries.row, entries.col]), entries.data, entries.shape, check_invariants=False
    )


def odds(arrays: Arrays, rows: Rows, which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of negative, neutral and positive, shape (which.sum(), 3)."""
    given = rows.signs[which]
    logits = (
        np.maximum(given @ arrays["hidden"].T + arrays["hidden_bias"], 0) @ arrays["out"].T + arrays["bias"]
    )
    logits = (logits + rows.wording[which] @ arrays["wording"]).astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def with_limits(arrays: Arrays, limits: tuple[float, float]) -> dict[str, object]:
    kept: dict[str, object] = {name: packed(array) for name, array in arrays.items()}
    return kept | {"negative_from": limits[0], "positive_from": limits[1]}


class LeftOut:
    """Fits that leave out one neutral set, and, for the judged ones, one more: what each says of those it left out."""

    def __init__(self, rows: Rows, processes: int) -> None:
        self.rows = rows
        pairs = [pair for pair in combinations(QUESTION_SETS, 2) if set(pair) & set(JUDGED)]
        jobs: list[tuple[str, ...]] = [*((name,) for name in QUESTION_SETS), *pairs]
        self.said: dict[tuple[str, ...], tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]] = {}
        with ProcessPoolExecutor(
            processes, multiprocessing.get_context("fork"), initializer=_begin, initargs=(rows,)
        ) as pool:
            for job, told in zip(jobs, pool.map(_leave_out, jobs), strict=True):
                self.said[job] = told

    def thresholds(self, but: str | None = None) -> tuple[float, float]:
        """From which probability on a text is negative, and positive; `but`: as if this set did not exist."""
        strangers = []
        for name in QUESTION_SETS:
            if name != but:
                job = (name,) if but is None else tuple(sorted((name, but), key=list(QUESTION_SETS).index))
                strangers.append(self.said[job][0][name])

        def lowest(label: int) -> float:
            for threshold in np.arange(0.30, 0.99, 0.005):
                if max(float((of[:, label] >= threshold).mean()) for of in strangers) <= ALARMS_ALLOWED:
                    return round(float(threshold), 3)
            return 0.99

        return lowest(0), lowest(2)

    def report(self) -> None:
        truth = self.rows.labels[self.rows.held] == 0
        for name in JUDGED:
            own, tweets = self.said[(name,)][0][name], self.said[(name,)][1]
            limit = self.thresholds(but=name)[0]
            alarms = own[:, 0] >= limit
            print(
                f"{name:10} left out: false alarms {alarms.mean():6.2%} of {len(alarms)}, "
                f"threshold {limit:.3f}, negative F1 on tweets {f1(truth, tweets[:, 0] >= limit):.3f}"
            )
        for name in [name for name in QUESTION_SETS if name not in JUDGED]:
            own, limit = self.said[(name,)][0][name], self.thresholds()[0]
            print(
                f"{name:10} left out of the fit: false alarms {(own[:, 0] >= limit).mean():6.2%} of {len(own)}"
            )


_shared: Rows | None = None  # of a worker process


def _begin(rows: Rows) -> None:
    global _shared
    _shared = rows


def _leave_out(names: tuple[str, ...]) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """The odds of the questions of each set left out, and of the judged tweets."""
    assert _shared is not None
    rows = _shared
    arrays = network(rows, rows.without(names))
    return {name: odds(arrays, rows, rows.of(name)) for name in names}, odds(arrays, rows, rows.held)


# --- report ---------------------------------------------------------------------------------------------------


def f1(truth: NDArray[np.bool_], given: NDArray[np.bool_]) -> float:
    return 2 * float((truth & given).sum()) / max(1, int(truth.sum() + given.sum()))


def read_all(feelings: Feelings, texts: Sequence[str]) -> NDArray[np.str_]:
    return np.array([feelings.read(text).label for text in texts])


def report(rows: Rows, feelings: Feelings) -> None:
    texts = [text for text, held in zip(rows.texts, rows.held, strict=True) if held]
    truth = np.array(LABELS)[rows.labels[rows.held]]
    seen = read_all(feelings, texts)
    precision, recall, scores, count = precision_recall_fscore_support(truth, seen, labels=list(LABELS))
    for i, label in enumerate(LABELS):
        print(
            f"tweets judged, {label:8}  F1 {scores[i]:.3f}  precision {precision[i]:.3f}  "
            f"recall {recall[i]:.3f}  ({count[i]})"
        )
    for name, messages in (("upset", UPSET_MESSAGES), ("problems", PROBLEM_MESSAGES)):
        labels = read_all(feelings, messages)
        print(f"called negative of our own {name:10} {(labels == 'negative').mean():6.2%} of {len(labels)}")


def report_satisfaction(data: Path, feelings: Feelings) -> None:
    """How well the mood of the customer's turn, and of the turns before it, tells who was dissatisfied: AUROC of the
    raters' mean below 3 against at least 3 (Sun et al. 2021), on the dialogues that no fit has seen."""
    rows = [
        r for r in jsonl(data / "sentiment/user_satisfaction/SGD.jsonl") if is_judged_dialogue(str(r["_id"]))
    ]
    turns = [[str(r["text"]), *reversed(customer_turns(r))] for r in rows]  # newest first
    distinct = sorted({text for turn in turns for text in turn})
    score = {text: feelings.read(text).score for text in distinct}
    unhappy = np.array([float(str(r["mean"])) < 3 for r in rows])
    print(
        f"{len(rows)} turns of dialogues outside the fit, {int(unhappy.sum())} of them dissatisfied (mean below 3)"
    )

    def tell(name: str, values: Sequence[float]) -> None:
        print(f"{name:44} AUROC {roc_auc_score(unhappy, -np.array(values)):.3f}")

    tell("mood of the turn", [score[turn[0]] for turn in turns])
    tell("with the turns before, each half as heavy", [
        sum(score[text] * 0.5**age for age, text in enumerate(turn)) for turn in turns
    ])  # fmt: skip
    tell("lowest of the turn and those before", [min(score[text] for text in turn) for turn in turns])
    tell(
        "fall from the turn before", [score[turn[0]] - score[turn[1]] if turn[1:] else 0.0 for turn in turns]
    )


def customer_turns(told: dict[str, object]) -> list[str]:
    history = told["history"]
    assert isinstance(history, list)
    return [str(said).removeprefix("user: ") for said in history if str(said).startswith("user: ")]


if __name__ == "__main__":
    sys.exit(main())
