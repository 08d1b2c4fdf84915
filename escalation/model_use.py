"""How often the language model could not answer, why, and what to do. Knows what turns record of it; no model, no provider.

A turn's record has under `model`: null (none was asked), `answered`, `no_answer` (the passages hold no answer, it said) or a
key of FAILURES, or NOTHING_HELD. Never the key or what the provider said.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from help_center.conversations import TurnRow
from help_center.database import iso

NOTHING_HELD = (
    "nothing_held"  # it answered, but no sentence of it passed the check: no failure of the connection
)


class Failure(NamedTuple):
    words: str
    advice: str  # one sentence


FAILURES = {
    "key_refused": Failure(
        "the key was refused (401)",
        "check OPENAI_API_KEY, or the variable that your provider's package reads, and restart the server.",
    ),
    "not_allowed": Failure(
        "the key may not use this model (403)",
        "allow the key to use the model at your provider, or name another model in PARLEY_LLM.",
    ),
    "not_found": Failure(
        "model or address are unknown there (404)",
        "check the model's name in PARLEY_LLM, and whether OPENAI_BASE_URL ends as your provider writes it, mostly in /v1.",
    ),
    "too_many": Failure(
        "too many requests, or no credit left (429)",
        "look at the limits and the credit of your account at the provider.",
    ),
    "rejected": Failure(
        "the provider did not accept the request",
        "check that PARLEY_LLM names a model for chats: `parley doctor` shows what the provider says.",
    ),
    "provider_error": Failure(
        "the provider had an error of its own",
        "look at the provider's status page or, with a server of your own, at its log.",
    ),
    "unreachable": Failure(
        "nothing answered at its address",
        "check OPENAI_BASE_URL, and that the model's server runs and can be reached from this machine.",
    ),
    "timeout": Failure(
        "it took too long",
        "choose a faster model or give it a faster machine: the first words must come within 15 seconds, the last within 60.",
    ),
    "no_stream": Failure(
        "what came was no stream of events",
        "check that OPENAI_BASE_URL is an OpenAI-compatible interface, mostly ending in /v1, which can stream its answers.",
    ),
    "broke_off": Failure(
        "it broke off in the middle", "look at the log of the model's server or of a proxy before it."
    ),
    "cut_off": Failure(
        "it was stopped in the middle by a limit or a filter",
        "raise the limit of tokens of the model's server, or ask your provider about its filter.",
    ),
    "empty": Failure(
        "it answered with nothing",
        "check that PARLEY_LLM names a model for chats, and that it has tokens left for the answer after its thinking.",
    ),
    "other": Failure(
        "something else went wrong", "run `parley doctor`, or look into the server's log: there is what was said."
    ),
}  # fmt: skip


def model_use(session: Session, first: date, last: date, start: datetime, end: datetime) -> dict[str, Any]:
    """Turns begun from `start` until `end`, which are the days `first` to `last`. Turns from before the kind of failure
    was recorded are not counted."""
    became = TurnRow.record["model"].as_string()
    query = select(became, func.count(), func.max(TurnRow.created_at)).where(
        TurnRow.created_at >= start, TurnRow.created_at < end, TurnRow.status == "done", became.is_not(None)
    )
    rows = session.execute(query.group_by(became)).tuples().all()
    counts = {name: n for name, n, _ in rows}
    failed = sorted(
        ((name, n) for name, n in counts.items() if name in FAILURES),
        key=lambda row: -row[1],
    )
    asked, failures = sum(counts.values()), sum(n for _, n in failed)
    return {
        "asked": asked,
        "failed": failures,
        "nothing_held": counts.get(NOTHING_HELD, 0),
        "last_failed_at": iso(max((at for name, _, at in rows if name in dict(failed)), default=None)),
        "kinds": [{"kind": name, "n": n, "words": FAILURES[name].words} for name, n in failed],
        "told": _told(failed, failures, asked, first, last) if failures else None,
    }


def _told(failed: list[tuple[str, int]], failures: int, asked: int, first: date, last: date) -> str:
    """One line: how often, why, and what to do about the commonest."""
    whys = [FAILURES[name].words + (f" {_times(n)}" if len(failed) > 1 else "") for name, n in failed]
    advice = FAILURES[failed[0][0]].advice
    return (
        f"The language model failed for {failures} of {asked} answers from {first} to {last}: {', '.join(whys)}. "
        f"{advice[0].upper()}{advice[1:]}"
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
