"""A passage, and what is made of it once: cut, laid out word by word, embedded. Many turns ask of the same passages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.ground.alignment import Laid
from bot.ground.alone import alone
from bot.ground.clauses import Text, telling
from bot.ground.facts import canonical

KEPT = 200  # passages, of the latest turns


@dataclass
class Source:
    """One passage. `context`: its title and headings, which its sentences leave unsaid. One embedder's only. Two threads that work
    it out at once do so twice, and come to the same."""

    text: str
    language: str
    context: str = ""

    @cached_property
    def cut(self) -> Text:
        return Text.cut(self.text, self.language)

    @cached_property
    def alone(self) -> list[str]:
        """Of each unit what may be shown of it without the rest. Only wanted where a sentence is in doubt."""
        return alone(self.cut)

    @cached_property
    def whole(self) -> str:
        return f"{self.context}\n{self.text}"

    @cached_property
    def lower(self) -> str:
        return canonical(self.whole)

    @cached_property
    def tokens(self) -> frozenset[str]:
        return telling(self.whole, self.language)

    @cached_property
    def laid(self) -> tuple[Laid, Laid]:
        """The text and its title and headings, word by word."""
        units = [unit.text for unit in self.cut.units]
        return Laid.out(units, self.language), Laid.out(self.context.split("\n"), self.language)


@lru_cache(maxsize=KEPT)
def kept(text: str, language: str, context: str, space: str | None) -> Source:
    """The passage as the turns before worked it out. `space`: of the vectors, by the embedder's fingerprint."""
    return Source(text, language, context)
