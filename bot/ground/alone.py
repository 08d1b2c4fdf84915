"""What of a passage may be shown without the rest: whole sentences, items and rows, in Markdown that is only words and code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.ground.clauses import Text, unit_end

LONGEST_BEFORE = 240  # characters that a sentence takes along at most

_task = re.compile(r"^\[[ xX]\]\s+")
# what is more than words: references, notes, citations, HTML, pictures
_not_words = re.compile(r"\]\s?\[|\[\^|^\[[^\]]+\]:|\[\d[\d,\s]*\](?!\()|<[/!a-zA-Z]|!\[")
_code_span = re.compile(r"`[^`]*`")
_shortened = re.compile(
    r"\b(?:e\.\s?g|i\.\s?e|z\.\s?B|d\.\s?h|bzw|ca|approx|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|Fig|Art|p|pp|incl|inkl|resp|cf)\.$"
)
_pointing = re.compile(
    r"(?:it|its|they|their|this|that|these|those|he|she|then|so|otherwise|but|and|also)\b", re.IGNORECASE
)


def alone(text: Text) -> list[str]:
    """Of each unit the Markdown that may stand alone in an answer; empty where there is none (code, a table's head)."""
    shown: list[str] = []
    for line, kind, units in text.lines:
        if kind == "row":
            told = [_row(line)] + [""] * (units - 1)
        elif kind == "prose":
            told = _sentences([one.strip() for one in unit_end.split(line) if one.strip()])
        else:
            told = []
        shown += told if len(told) == units else [""] * units
    return shown


def _row(line: str) -> str:
    """A row of a table as a sentence: its first cell, what is said of that."""
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    first, *rest = [cell for cell in cells if cell] or [""]
    return _ended(f"{first}: {', '.join(rest)}") if rest else ""


def _sentences(sentences: Sequence[str]) -> list[str]:
    """The sentences of a line as each may stand without the others: one that points to the one before takes it along. What
    was cut at an abbreviation may not."""
    shown: list[str] = []
    for number, text in enumerate(sentences):
        after = sentences[number + 1] if number + 1 < len(sentences) else ""
        before = sentences[number - 1] if number else ""
        cut = any(
            one and (_shortened.search(one) or next_one[:1].islower() or next_one[:1].isdigit())
            for one, next_one in ((before, text), (text, after))
            if one and next_one
        )  # fmt: skip
        text = _task.sub("", text).rstrip("\\").strip()
        bare = _code_span.sub("", text)
        if (
            cut
            or _shortened.search(text)
            or "|" in bare
            or text.startswith(("#", ">", "<"))
            or text.endswith((":", "?", "？", "؟", ",", ";"))
        ):
            shown.append("")
        elif _pointing.match(text):
            led = shown[-1] if shown else ""
            shown.append(_ended(f"{led} {text}") if led and len(led) <= LONGEST_BEFORE else "")
        else:
            shown.append(_ended(text))
    return shown


def _ended(text: str) -> str:
    """With a full stop; empty where it is more than words, or a mark is opened and not closed since the text was cut within."""
    bare = _code_span.sub("", text)
    odd = any(text.count(mark) % 2 for mark in ("**", "`", "__")) or bare.count("[") != bare.count("]")
    if odd or _not_words.search(bare):
        return ""
    return text if text.rstrip("*_`)\"'”").endswith((".", "!", "。", "！")) else f"{text}."
