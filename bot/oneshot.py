"""One turn without a conversation: what `parley ask` and the evals see. Saves nothing, hands nothing over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from bot.turn import Asked, Parts, outcome_of
from bot.understand import Said, understand
from help_center.database import iso, now
from retrieval.excerpt import excerpt
from retrieval.search import Search


async def ask_once(
    parts: Parts,
    text: str,
    history: Sequence[Said] = (),
    earlier: Sequence[str] = (),
    asked_back: Sequence[tuple[str, ...]] = (),
) -> dict[str, Any]:
    """The Turn of the contract for one question, with `found`: ids of the articles found, best first; and `choices`: the
    titles that it asks back about. `earlier` and `asked_back` as in `Asked`."""
    asked = Asked(text, tuple(history), tuple(earlier), asked_back=tuple(asked_back))
    outcome = await outcome_of(asked, parts)
    message = {
        "id": None, "role": "assistant", "text": outcome.text, "author": "Assistant", "created_at": iso(now()),
        "sources": outcome.sources,
    }  # fmt: skip
    return {
        "conversation": {"id": None, "status": "bot"},
        "message": message,
        "action": outcome.action,
        "confidence": outcome.confidence,
        "sentiment": outcome.sentiment.json(),
        "reasons": list(outcome.reasons),
        "handoff_id": None,
        "timings_ms": outcome.timings_ms,
        "found": list(outcome.found),
        "choices": list(outcome.choices),
        "evidence": outcome.record["evidence"],
    }


def ranking(
    search: Search, query: str, limit: int, history: Sequence[Said] = (), without: Collection[str] = ()
) -> dict[str, Any]:
    """What search finds for a question as the bot would ask it: articles best first, whether they reach the relevance
    floor, the evidence, and the question's vector. `without`: ids of articles that are passed over."""
    question = understand(query, tuple(history))
    found = search.find(question.query, limit=limit, context=question.context, without=without)
    results = [
        {
            "article_id": hit.article_id, "title": hit.title, "url": hit.url, "section": list(hit.section),
            "excerpt": excerpt(hit.passage.text, question.query), "score": round(hit.score, 4),
        }
        for hit in found.hits
    ]  # fmt: skip
    vector = [] if found.vector is None else [round(float(value), 5) for value in found.vector]
    return {
        "query": query, "results": results, "relevant": found.relevant, "evidence": asdict(found.evidence),
        "vector": vector,
    }  # fmt: skip
