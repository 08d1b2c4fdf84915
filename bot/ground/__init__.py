"""Holds each sentence that a model says against the passages that it cites."""

from bot.ground.check import Check, Verdict, answers
from bot.ground.clauses import Source
from bot.ground.facts import list_mark
from bot.ground.sentences import Sentences, citations, cited_anew, renumbered, without_citations

__all__ = [
    "Check", "Sentences", "Source", "Verdict", "answers", "citations", "cited_anew", "list_mark", "renumbered", "without_citations",
]  # fmt: skip
