"""Is each sensitive topic recognised by its name, and are the near misses left alone?

A case: {"text": "my card was cloned", "topic": "payment_fraud", "meant": true, "developed_on": true}. `meant` false: a near miss of
that topic, which must raise none. Rules and model were made with the cases that say `developed_on`; the others were written after
them, and are what gates judge.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.topics import TOPICS, Topic
from evals.beir import EvalError, read_lines
from evals.result import Result, hits_and_alarms, judged

Read = Callable[[str], tuple[Topic, ...]]


def judge(file: Path, read: Read, gates: dict[str, float]) -> Result:
    """Recall: the topic was named, whatever else. False alarms: near misses with any topic. Raises EvalError."""
    found: dict[tuple[str, bool, bool], list[bool]] = {}  # (topic, developed on, meant) -> was it raised
    named_rightly: list[bool] = []
    rows, misses = [], []
    for number, case in read_lines(file):
        text, topic, meant = case.get("text"), case.get("topic"), case.get("meant")
        if not isinstance(text, str) or topic not in TOPICS or not isinstance(meant, bool):
            raise EvalError(
                f"{file}, line {number}: `text`, `topic` (one of {', '.join(TOPICS)}) and `meant` are needed."
            )
        named = read(text)
        developed = bool(case.get("developed_on"))
        raised = topic in named if meant else bool(named)
        found.setdefault((topic, developed, meant), []).append(raised)
        rows.append({"topics": list(named)})
        if not developed:
            named_rightly += [meant and one == topic for one in named]
            if raised != meant:
                misses.append(
                    f"line {number}: “{text[:80]}” is {topic if meant else 'none'}, read {named or 'none'}"
                )
    if not rows:
        raise EvalError(f"{file} holds no text.")
    figures: dict[str, float | None] = {}
    for developed, told in ((False, ""), (True, "(developed on) ")):
        for meant, figure in ((True, "recall"), (False, "false alarms")):
            parts = {key[0]: flags for key, flags in sorted(found.items()) if key[1:] == (developed, meant)}
            together = {"all": [flag for flags in parts.values() for flag in flags]}
            for name, flags in (together | parts).items():
                if flags:
                    figures[f"{told}{name} {figure}"] = sum(flags) / len(flags)
    figures["precision"] = sum(named_rightly) / len(named_rightly) if named_rightly else None
    held = judged(gates, figures)
    bars = hits_and_alarms(found, "Topics recognised", "Near misses that raised one")
    return Result("topics", figures, {"rows": rows, "figures": figures}, held, tuple(misses), bars=bars)
