"""Is a mood taken for a mood, a problem for a problem, and a wish for a person heard?

A case: {"text": "payment failed with error 500", "label": "neutral", "wants_human": false}. `label` and `wants_human`
may be left out; what is there is judged. Where a case names its `language`, each language is told by itself too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.moods import Sentiment
from bot.wishes import wants_human
from evals.beir import EvalError, read_lines
from evals.result import Gate, Result

Read = Callable[[str], Sentiment]


def judge(file: Path, read: Read, gates: dict[str, float]) -> Result:
    rows, misses = [], []
    moods: list[tuple[str, str]] = []
    wishes: list[tuple[bool, bool]] = []
    spoken: dict[str, list[tuple[bool, bool]]] = {}
    for number, told in read_lines(file):
        text = told.get("text")
        if not isinstance(text, str):
            raise EvalError(f"{file}, line {number}: `text` is needed.")
        sentiment, wish = read(text), wants_human(text)
        rows.append(sentiment.json() | {"wants_human": wish})
        if told.get("label") is not None:
            moods.append((str(told["label"]), sentiment.label))
            if told.get("language") is not None:
                pair = (told["label"] == "negative", sentiment.label == "negative")
                spoken.setdefault(str(told["language"]), []).append(pair)
            if told["label"] != sentiment.label and "negative" in moods[-1]:
                misses.append(f"line {number}: “{text[:80]}” read as {sentiment.label}, is {told['label']}")
        if told.get("wants_human") is not None:
            wishes.append((bool(told["wants_human"]), wish))
            if bool(told["wants_human"]) != wish:
                misses.append(
                    f"line {number}: “{text[:80]}” wants a person: {told['wants_human']}, read {wish}"
                )
    if not rows:
        raise EvalError(f"{file} holds no text.")
    figures: dict[str, float | None] = {}
    if moods:
        figures |= _binary("negative", [(t == "negative", g == "negative") for t, g in moods])
        figures["accuracy"] = sum(t == g for t, g in moods) / len(moods)
    for language, pairs in spoken.items():
        figures |= _binary(f"{language} negative", pairs)
    if wishes:
        figures |= _binary("wants_human", wishes)
    held = tuple(Gate(name, figures.get(name) or 0.0, bound) for name, bound in gates.items())
    return Result("sentiment", figures, {"rows": rows, "figures": figures}, held, tuple(misses))


def _binary(name: str, pairs: list[tuple[bool, bool]]) -> dict[str, float | None]:
    hit = sum(true and given for true, given in pairs)
    wanted, given_ = sum(true for true, _ in pairs), sum(given for _, given in pairs)
    quiet = len(pairs) - wanted
    precision, recall = hit / given_ if given_ else None, hit / wanted if wanted else None
    f1 = 2 * hit / (wanted + given_) if wanted + given_ else None
    alarms = sum(given and not true for true, given in pairs) / quiet if quiet else None
    return {
        f"{name} precision": precision, f"{name} recall": recall, f"{name} f1": f1, f"{name} false alarms": alarms,
    }  # fmt: skip
