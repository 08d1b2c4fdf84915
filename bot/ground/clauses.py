"""Texts cut into units (sentences, list items, rows of a table) and those into clauses, with a vector for each where there is an
embedder. Knows what a clause says by its telling words; holds nothing against anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from bot.ground.facts import cue_tokens, denial, list_mark
from retrieval.embedders.base import Embedder, Vectors
from retrieval.lexical import tokens

EMBEDDED_AT_A_TIME = 900  # characters of a passage: about what the small model reads at once
unit_end = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？؟])\s*(?=\S)|\n+")
_clause_end = re.compile(
    r"[;:|()]\s*|,\s+|\s+(?=(?:and|or|but|because|since|so|if|unless|when|while|as|which|that|then|before|after)\s)|\s[–—]\s"
)
_denial = re.compile(
    r"\s+(?=(?:(?:do|does|did|is|are|was|were|has|have|had|can|could|may|must|should|will|would|need)\s+not|cannot|never|\w+n't)\s)"
)
code_fence = re.compile(r"^\s*(`{3,}|~{3,})")
_blanks = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_table_rule = re.compile(r"^[\s|:-]+$")
_underline = re.compile(r"^\s*=+\s*$")  # of a heading
_own_line = re.compile(r"\s*(?:[#>]|$)|.*\|")  # a heading, a quotation, nothing, or cells


@dataclass(frozen=True)
class Clause:
    """A piece of a sentence or of a passage. `at`: the number of the passage's sentence or line that it is in."""

    text: str
    tokens: frozenset[str]
    at: int
    span: tuple[int, int]


@dataclass
class Text:
    """A text cut into units (sentences, list items, rows of a table) and those into clauses; each may have a vector.

    `lines`: each with its kind ("prose", "row", "head", "code") and how many units it was cut into.
    """

    language: str
    text: str = ""
    units: list[Clause] = field(default_factory=list)
    lines: list[tuple[str, str, int]] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    steps: dict[int, int] = field(default_factory=dict)  # unit -> its place in its numbered list
    lists: dict[int, int] = field(default_factory=dict)  # unit -> which list
    unit_vectors: Vectors | None = None
    clause_vectors: Vectors | None = None

    @classmethod
    def cut(cls, markdown: str, language: str) -> Text:
        made = cls(language)
        listing, head = 0, False
        for line, fenced in _unwrapped(_blanks.sub(" ", _without_comments(markdown))):
            ruled = not fenced and bool(_table_rule.match(line))
            if head and not fenced and ((ruled and "-" in line) or _underline.match(line)):
                made.lines[-1] = (made.lines[-1][0], "head", made.lines[-1][2])
            head = bool(line.strip()) and not ruled
            if not line.strip() or ruled or (_underline.match(line) and not fenced):
                listing += not line.strip() and not made.steps
                continue
            mark = re.match(r"\s*(\d{1,2})[.)]\s", line)
            listing += bool(mark and mark[1] == "1")
            plain = list_mark.sub("", line).strip()
            told = line if fenced else plain.strip("|").replace("|", " | ")
            units = [one.strip() for one in ([told] if fenced else unit_end.split(told)) if one.strip()]
            indented = line.startswith(("    ", "\t")) and not list_mark.match(line)
            kind = "code" if fenced or indented else "row" if plain.startswith("|") else "prose"
            made.lines.append((line if kind == "row" else plain, kind, len(units)))
            for number, unit in enumerate(units):
                made._add(unit, fenced)
                if mark and number == 0:
                    made.steps[len(made.units) - 1] = int(mark[1])
                    made.lists[len(made.units) - 1] = listing
        return made

    def _add(self, unit: str, fenced: bool) -> None:
        start, at = len(self.text), len(self.units)
        self.text += unit + "\n"
        self.units.append(Clause(unit, telling(unit, self.language), at, (start, start + len(unit))))
        for left, right in [(0, len(unit))] if fenced else _clauses(unit, self.language):
            clause = unit[left:right]
            self.clauses.append(
                Clause(clause, telling(clause, self.language), at, (start + left, start + right))
            )

    def embed(self, embedder: Embedder) -> None:
        """One run of the model for about every 900 characters. Raises EmbedderError."""
        groups: list[list[int]] = []
        size = EMBEDDED_AT_A_TIME
        for number, unit in enumerate(self.units):
            size += unit.span[1] - unit.span[0]
            if size > EMBEDDED_AT_A_TIME:
                groups.append([])
                size = unit.span[1] - unit.span[0]
            groups[-1].append(number)
        if not groups:
            return
        texts, spans, pieces = [], [], []
        for group in groups:
            start, end = self.units[group[0]].span[0], self.units[group[-1]].span[1]
            inside = [self.units[n] for n in group] + [
                c for c in self.clauses if group[0] <= c.at <= group[-1]
            ]
            order = sorted(range(len(inside)), key=lambda i: inside[i].span)
            texts.append(self.text[start:end])
            spans.append([(inside[i].span[0] - start, inside[i].span[1] - start) for i in order])
            pieces.append([inside[i] for i in order])
        # a lone text is embedded here: a pool of threads costs more than it gains
        vectors = embedder.embed_parts(texts, spans)[1]
        found: dict[tuple[int, int], Any] = {}
        for given, made in zip(pieces, vectors, strict=True):
            if len(given) > 1 and len(made) == 1:  # a model that gives no parts
                made = np.repeat(made, len(given), axis=0)
            found |= {piece.span: vector for piece, vector in zip(given, made, strict=False)}
        none = np.zeros(len(next(iter(found.values()))), np.float32)
        self.unit_vectors = np.stack([found.get(unit.span, none) for unit in self.units])
        self.clause_vectors = np.stack([found.get(clause.span, none) for clause in self.clauses])


def _without_comments(markdown: str) -> str:
    """Without HTML comments, which no page shows; one that is not closed goes on to the end."""
    first, *others = markdown.split("<!--")
    return first + "".join(one.partition("-->")[2] for one in others)


def _unwrapped(markdown: str) -> list[tuple[str, bool]]:
    """Its lines, those of one paragraph or list item as one, and whether each is code between fences. No fences."""
    lines: list[tuple[str, bool]] = []
    fence = ""
    goes_on = False  # the line before is one that the next may go on with
    for line in markdown.split("\n"):
        mark = code_fence.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not line.strip().strip(fence[0]))):
            fence = "" if fence else mark[1]
            goes_on = False
            continue
        apart = bool(fence or _own_line.match(line) or _table_rule.match(line) or _underline.match(line))
        if goes_on and not apart and not list_mark.match(line):
            before = lines[-1][0].rstrip()
            lines[-1] = (f"{before} {line.strip()}", False)
        else:
            lines.append((line, bool(fence)))
        goes_on = not (apart or line.endswith(("  ", "\\")))
    return lines


@lru_cache(maxsize=8192)
def telling(text: str, language: str) -> frozenset[str]:
    return frozenset(tokens(text, language)) - cue_tokens(language)


def _clauses(unit: str, language: str) -> list[tuple[int, int]]:
    """Where clauses begin and end; a piece with fewer than two telling words goes with the one before it."""
    cuts = [0, *(found.end() for found in _clause_end.finditer(unit)), len(unit)]
    for second in _denial.finditer(unit):  # "what is not in the list | does not stop": each denies for itself
        begins = max(cut for cut in cuts if cut <= second.end())
        if denial(unit[begins : second.start()], language)[0] == "-":
            cuts = sorted({*cuts, second.end()})
    found: list[tuple[int, int]] = []
    for left, right in pairwise(cuts):
        if not unit[left:right].strip():
            continue
        if found and (_short(unit[left:right], language) or _short(unit[slice(*found[-1])], language)):
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found


def _short(clause: str, language: str) -> bool:
    least = 1 if denial(clause, language)[0] == "-" else 2  # "conversations cannot" stands alone
    return len(telling(clause, language)) < least
