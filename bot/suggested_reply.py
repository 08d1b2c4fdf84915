"""The reply that an agent may start from: the passage that came nearest, quoted with its link and honest about its reach.

Knows what was found for a question and the customer's language; nothing of conversations. An agent reads it before anybody
else: it is sent, edited or thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot import words
from bot.answer import quote
from bot.links import tame
from bot.understand import Question
from retrieval.passages import Hit
from retrieval.search import Found

LEAST_COVERAGE = 0.3  # of the question's words that the passage must have: below it is beside the point
WHOLE_COVERAGE = 0.75  # from which it may be all of the answer

_citation = re.compile(r"\s*\[\d{1,2}\]")


def from_passage(
    question: Question, found: Found, passages: Sequence[Hit], locale: str | None, hosts: frozenset[str]
) -> str:
    """Without a model: what the bot would quote, and where it stands. Empty when nothing came near. `passages`: those found,
    the one to quote first."""
    if not found.hits or not found.relevant or found.evidence.coverage < LEAST_COVERAGE:
        return ""
    best = found.hits[0]
    own = words.in_language(question.language, locale)
    quoted, _ = quote(question, passages, best.language)
    body = quoted.partition("\n\n")[2]  # without its first line: the link below names the article
    opening = own.reply_found if found.evidence.coverage >= WHOLE_COVERAGE else own.reply_part
    return f"{opening}\n\n{tame(body, hosts)}\n\n{link(best)}"


def from_model(text: str, hits: list[Hit]) -> str:
    """What a model told and was checked, with the articles that it stands on below in place of their numbers."""
    first = {hit.article_id: hit for hit in reversed(hits)}
    stands_on = [first[id] for id in dict.fromkeys(hit.article_id for hit in hits)]
    links = (
        "\n".join(f"- {link(hit)}" for hit in stands_on)
        if len(stands_on) > 1
        else "".join(map(link, stands_on))
    )
    return f"{_citation.sub('', text).strip()}\n\n{links}".strip()


def greeted(body: str, name: str | None, *languages: str | None) -> str:
    """`body` under a greeting, with the customer's name where it is known; nothing stays nothing."""
    if not body:
        return ""
    own = words.in_language(*languages)
    plain = re.sub(r"[\\`*_\[\]<>#|!]", "", " ".join((name or "").split()))[:60].strip()
    return f"{own.dear.format(name=plain) if plain else own.dear_nobody}\n\n{body}"


def with_sources(
    sources: list[dict[str, Any]], others: list[dict[str, Any]], reply: str
) -> list[dict[str, Any]]:
    """The sources tried, those of the reply among them."""
    known = {source["article_id"] for source in sources}
    return sources + [one for one in others if one["article_id"] not in known and f"({one['url']})" in reply]


def link(hit: Hit) -> str:
    title = re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(hit.title.split()))
    return f"[{title}]({hit.url})"
