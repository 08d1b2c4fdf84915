"""Is a wish for a person heard, in any wording, with typing errors, in seven languages, and nothing else taken for one?

A case: {"text": "agnet pls", "wants_human": true, "language": "en", "typed_from": "agent pls"}. `language` may be left out (then
"en"); `typed_from` stands where a seeded program put typing errors into a wording, `by_hand` where they were typed as people make
them, in messages that nothing was fitted on. Of our other cases two halves are told apart, by a hash of the wording: the one that
the model is fitted on, and the reported one, which gates judge. Of a file that is given every row is reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evals.beir import EvalError, read_lines
from evals.result import Result, hits_and_alarms, judged

Asked = Callable[[str], bool]


def judge(file: Path, asked: Asked, *, halves: bool, gates: dict[str, float]) -> Result:
    """`halves`: the file is our own cases, of which one half was developed on. Raises EvalError."""
    counts: dict[
        tuple[str, bool, bool], list[bool]
    ] = {}  # (which rows, half developed on, is a wish) -> what was heard
    misses: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, case in read_lines(file):
        text, wish = case.get("text"), case.get("wants_human")
        if not isinstance(text, str) or not isinstance(wish, bool):
            raise EvalError(f"{file}, line {number}: `text` and `wants_human` (true or false) are needed.")
        heard = asked(text)
        developed = halves and developed_on(case)
        name = str(case.get("language", "en"))
        name += " mistyped" if "typed_from" in case else " mistyped by hand" if "by_hand" in case else ""
        counts.setdefault((name, developed, wish), []).append(heard)
        rows.append({"wants_human": heard})
        if heard != wish and not developed:
            misses.append(
                f"line {number}: “{text[:80]}” {'was not heard' if wish else 'was taken for a wish'}"
            )
    if not rows:
        raise EvalError(f"{file} holds no text.")
    figures: dict[str, float | None] = {}
    for (name, developed, wish), heard_of in sorted(
        counts.items(), key=lambda one: (one[0][1], one[0][0] != "en", one[0])
    ):
        figures[_figure(name, developed, wish)] = sum(heard_of) / len(heard_of)
    held = judged(gates, figures)
    bars = hits_and_alarms(counts, "Wishes heard", "Other messages taken for a wish")
    return Result("wishes", figures, {"rows": rows, "figures": figures}, held, tuple(misses), bars=bars)


def _figure(name: str, developed: bool, wish: bool) -> str:
    return f"{'(developed on) ' if developed else ''}{name} {'recall' if wish else 'false alarms'}"


def developed_on(case: dict[str, Any]) -> bool:
    """Which half of our own cases the model is fitted on: by the wording, so that its mistyped variants go with it. Of what
    was mistyped by hand none."""
    if "by_hand" in case:
        return False
    wording = str(case.get("typed_from", case["text"]))
    return hashlib.sha1(wording.encode(), usedforsecurity=False).digest()[-1] % 2 == 0
