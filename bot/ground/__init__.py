"""Holds each sentence that a model says against the passages that it cites."""

from bot.ground.check import Check, Source, Verdict, says_something, supported
from bot.ground.sentences import Sentences, citations, renumbered, without_citations

__all__ = [
    "Check", "Sentences", "Source", "Verdict", "citations", "renumbered", "says_something", "supported", "without_citations",
]  # fmt: skip
