"""A passage, and what is made of it once: cut, laid out word by word, embedded, read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bot.ground.alignment import Laid
from bot.ground.alone import alone
from bot.ground.clauses import Text, telling
from bot.ground.facts import canonical
from retrieval.reader import Read


@dataclass
class Source:
    """One passage. `context`: its title and headings, which its sentences leave unsaid. `read`: by the reader, once it was."""

    text: str
    language: str
    context: str = ""
    read: Read | None = None

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
