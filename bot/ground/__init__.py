"""Holds each sentence that a model says against the passages that it cites."""

from bot.ground.check import Check, Verdict, answers
from bot.ground.facts import list_mark
from bot.ground.own_words import repeats
from bot.ground.sentences import (
    Sentences,
    citations,
    cited_anew,
    in_the_place_of,
    renumbered,
    without_citations,
)
from bot.ground.source import Source, kept

__all__ = [
    "Check", "Sentences", "Source", "Verdict", "answers", "citations", "cited_anew", "in_the_place_of", "kept", "list_mark",
    "renumbered", "repeats", "without_citations",
]  # fmt: skip
