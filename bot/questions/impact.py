"""What a change of an article would win and lose, before it is published.

    the article as it would be, laid over the index (retrieval.rehearsal)
      -> the questions that it may concern: those that expect it or met it, then those nearest to its words
      -> each put to the turn as things are, and as they would be
      -> kept, won, lost, or another article instead

Bounded in questions and in time, and it says how many were looked at. Writes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bot.questions.asking import Asking, distinct, golden, past
from bot.questions.trial import Bench, Trial, parts_with, trial
from help_center.database import iso
from help_center.masking import stored_for_agents
from retrieval.rehearsal import Change, Rehearsal

Verdict = Literal["lost", "other", "won", "kept", "open"]
VERDICTS: tuple[Verdict, ...] = ("lost", "other", "won", "kept", "open")  # as they are told
MOST = 80  # questions put to both sides
SECONDS = 25.0
FAR = 0.25  # cosine with the nearest part of the article, below which a question that never met it is not its own


@dataclass(frozen=True)
class Compared:
    """One question as it stands, and as it would. `why`: what is lost, where that is not plain."""

    asking: Asking
    now: Trial
    after: Trial
    verdict: Verdict
    why: str = ""


def judge(asking: Asking, now: Trial, after: Trial) -> tuple[Verdict, str]:
    """`open`: not answered rightly, before or after, and no worse for it."""
    was, will = now.right(asking.expected), after.right(asking.expected)
    if was and not will:
        if not after.answered:
            return "lost", "it would not be answered any more"
        nobody = (
            "the help center should not answer it"
            if not asking.expected
            else "by an article that is not the right one"
        )
        return "lost", f"it would be answered wrongly: {nobody}"
    if will and not was:
        return "won", "" if after.answered else "it would not be answered wrongly any more"
    if was and will:
        return ("other" if after.answered and now.article_id != after.article_id else "kept"), ""
    if after.answered and not now.answered:
        return "lost", "it would be answered wrongly, and is handed over or left open now"
    if after.answered and now.answered and now.article_id != after.article_id:
        return "other", "neither is the right one"
    return "open", ""


class Impact:
    """Compares on a bench. One per process."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._house = bench.house

    async def of(self, change: Change) -> AsyncIterator[dict[str, Any]]:
        """Yields `{"done", "of"}` as it goes on, and at last `{"impact": ...}`."""
        yield {"done": 0, "of": 0}
        async with self._bench.alone:
            now, after = await asyncio.to_thread(self._rehearse, change)
            askings, golden_ones = await asyncio.to_thread(self._askings, change, after)
            began = time.monotonic()
            compared: list[Compared] = []
            before, then = (parts_with(self._house.parts, search) for search in (now, after))
            for asking in askings:
                if time.monotonic() - began > SECONDS:
                    break
                yield {"done": len(compared), "of": len(askings)}
                was, will = await trial(before, asking), await trial(then, asking)
                compared.append(Compared(asking, was, will, *judge(asking, was, will)))
        yield {"done": len(compared), "of": len(askings)}
        yield {"impact": self._told(change, compared, len(askings), golden_ones)}

    def _rehearse(self, change: Change) -> tuple[Rehearsal, Rehearsal]:
        search = self._house.search
        embedder = self._bench.embedder
        return Rehearsal(search, None, embedder), Rehearsal(search, change, embedder)

    def _askings(self, change: Change, after: Rehearsal) -> tuple[list[Asking], int]:
        """The questions that the change may concern: golden ones first, each kind newest first, and how many are golden."""
        with self._house.database.read() as session:
            everything = [*golden(session), *past(session)]
        once, vectors = distinct(everything, self._bench.embedder.embed_query)
        near = (vectors @ after.parts.T).max(axis=1) if once and len(after.parts) else np.zeros(len(once))
        id = change.article_id
        sure = [id in one.met or id in (one.expected or ()) for one in once]
        order = sorted(range(len(once)), key=lambda i: (not sure[i], -near[i]))
        chosen = [once[i] for i in order if sure[i] or near[i] >= FAR][:MOST]
        chosen.sort(key=lambda one: (one.kind != "golden", -one.at.timestamp()))
        return chosen, sum(one.kind == "golden" for one in chosen)

    def _told(
        self, change: Change, compared: Sequence[Compared], of: int, golden_ones: int
    ) -> dict[str, Any]:
        counts = Counter(one.verdict for one in compared)
        listed = sorted(compared, key=lambda one: VERDICTS.index(one.verdict))
        return {
            "article_id": change.article_id,
            "looked_at": len(compared),
            "of": of,
            "golden": golden_ones,
            "stopped": len(compared) < of,
            "answerer": self._house.llm.name if self._house.llm else "extractive",
            "counts": {verdict: counts[verdict] for verdict in VERDICTS},
            "questions": [_question(one, change.article_id) for one in listed],
        }


def _question(one: Compared, article_id: str) -> dict[str, Any]:
    asking = one.asking
    return {
        "id": asking.id,
        "kind": asking.kind,
        "question": stored_for_agents(asking.asked.text),
        "times": asking.times,
        "at": iso(asking.at),
        "conversation_id": asking.conversation_id,
        "verdict": one.verdict,
        "why": one.why,
        "now": one.now.json() | {"rank": one.now.rank(article_id)},
        "after": one.after.json() | {"rank": one.after.rank(article_id)},
    }
