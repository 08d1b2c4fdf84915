"""Holds each sentence that a model says against the passages that it cites."""

from bot.ground.check import Check, Source, Verdict, answers, says_something, supported
from bot.ground.facts import list_mark
from bot.ground.sentences import Sentences, citations, cited_anew, renumbered, without_citations

__all__ = [
    "Check", "Sentences", "Source", "Verdict", "answers", "citations", "cited_anew", "list_mark", "renumbered", "says_something", "supported", "without_citations",
]  # fmt: skip
