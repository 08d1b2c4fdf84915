"""Is what is private masked, and is what only looks like it left alone?

A case: {"text": "my pw: sesame7", "private": {"password": ["sesame7"]}}; a look-alike has an empty `private` and may name
its `kind`. Data of others come with `spans` in place of `private`: {"text", "spans": [{"start", "end", "type"}]}, `type`
being one of our kinds or CREDIT_CARD, IBAN_CODE, EMAIL_ADDRESS, PHONE_NUMBER; spans of further types are counted as what
is not looked for.

Recall: of the pieces of a kind, the share of which no letter and no digit is left. Precision: of what was taken for a
kind, the share that is labelled as it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.beir import EvalError, read_lines
from evals.result import Gate, Result
from help_center.personal_data import CARD, EMAIL, IBAN, KINDS, PHONE, Find

Look = Callable[[str], Sequence[Find]]
OTHER_NAMES = {"CREDIT_CARD": CARD, "IBAN_CODE": IBAN, "EMAIL_ADDRESS": EMAIL, "PHONE_NUMBER": PHONE}


@dataclass(frozen=True)
class _Span:
    """Characters `start` up to `end`; `kind`: one of KINDS, or the name of something that is not looked for."""

    start: int
    end: int
    kind: str


def judge(file: Path, look: Look, gates: dict[str, float]) -> Result:
    """`look`: what is found in a text. Gates: recall and precision at least; `false alarms` at most. Raises EvalError."""
    rows: list[dict[str, Any]] = []
    misses: list[str] = []
    labelled: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    right: Counter[str] = Counter()
    clean = alarms = beside = 0
    for number, told in read_lines(file):
        text = told.get("text")
        if not isinstance(text, str):
            raise EvalError(f"{file}, line {number}: `text` is needed.")
        spans = _spans(told, text, f"{file}, line {number}")
        found = look(text)
        masked = {place for find in found for place in range(find.start, find.end)}
        rows.append({"found": [{"start": f.start, "end": f.end, "kind": f.kind} for f in found]})
        for span in spans:
            labelled[span.kind] += 1
            left = [p for p in range(span.start, span.end) if text[p].isalnum() and p not in masked]
            caught[span.kind] += not left
            if left and span.kind in KINDS:
                misses.append(
                    f"line {number}: {span.kind} “{text[span.start : span.end][:60]}” was left in “{text[:80]}”"
                )
        for find in found:
            same = {span.kind for span in spans if span.start < find.end and find.start < span.end}
            taken[find.kind] += 1
            right[find.kind] += find.kind in same
            beside += find.kind not in same and bool(same)
            if find.kind not in same:
                misses.append(
                    f"line {number}: “{text[find.start : find.end][:60]}” taken for {find.kind} in “{text[:80]}”"
                )
        if not any(span.kind in KINDS for span in spans):
            clean += 1
            alarms += bool(found)
    if not rows:
        raise EvalError(f"{file} holds no text.")
    figures: dict[str, float | None] = {}
    for kind in KINDS:
        if labelled[kind] or taken[kind]:
            figures[f"{kind} recall"] = _share(caught[kind], labelled[kind])
            figures[f"{kind} precision"] = _share(right[kind], taken[kind])
    figures["recall"] = _share(sum(caught[k] for k in KINDS), sum(labelled[k] for k in KINDS))
    figures["precision"] = _share(sum(right.values()), taken.total())
    figures["precision, other private data counted as right"] = _share(right.total() + beside, taken.total())
    figures["false alarms"] = _share(alarms, clean)  # texts without any of it in which something was masked
    others = sorted(set(labelled) - set(KINDS))
    figures |= {f"{kind}, not looked for: masked": _share(caught[kind], labelled[kind]) for kind in others}
    held = tuple(
        Gate(name, _value(figures.get(name), "alarms" not in name), bound, at_least="alarms" not in name)
        for name, bound in gates.items()
    )
    counts = {"labelled": dict(labelled), "caught": dict(caught), "taken": dict(taken), "right": dict(right)}
    document = {"rows": rows, "figures": figures, "counts": counts}
    return Result("privacy", figures, document, held, tuple(misses))


def _spans(told: dict[str, Any], text: str, where: str) -> list[_Span]:
    if isinstance(told.get("spans"), list):
        try:
            spans = [_Span(int(s["start"]), int(s["end"]), str(s["type"])) for s in told["spans"]]
        except (TypeError, KeyError, ValueError):
            raise EvalError(f"{where}: a span needs `start`, `end` and `type`.") from None
        return [_Span(s.start, s.end, OTHER_NAMES.get(s.kind, s.kind)) for s in spans]
    private = told.get("private")
    if not isinstance(private, dict):
        raise EvalError(f"{where}: give `private` (kind -> list of pieces) or `spans`.")
    spans = []
    for kind, pieces in private.items():
        if kind not in KINDS or not isinstance(pieces, list):
            raise EvalError(f"{where}: `private` holds lists by kind: {', '.join(KINDS)}.")
        for piece in pieces:
            start = text.find(str(piece))
            if start < 0:
                raise EvalError(f"{where}: “{piece}” is not in the text.")
            spans.append(_Span(start, start + len(str(piece)), kind))
    return spans


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _value(figure: float | None, at_least: bool) -> float:
    """What was not measured holds no gate."""
    return figure if figure is not None else (0.0 if at_least else 1.0)
