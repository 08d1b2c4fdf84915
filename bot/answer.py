"""Answers from passages: quoted as they stand, or told by a language model and checked sentence by sentence.

Knows passages and a model, not whether anything may be answered. What it yields may be shown: it was checked.
"""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt

from bot.ground import (
    Check,
    Sentences,
    Verdict,
    answers,
    citations,
    cited_anew,
    in_the_place_of,
    kept,
    list_mark,
    renumbered,
    repeats,
    without_citations,
)
from bot.llm.base import LanguageModel, ModelError, Prompt
from bot.reading import reader
from bot.understand import Question, Said
from escalation.model_use import NOTHING_HELD
from help_center.markup import plain_text
from help_center.masking import NOT_FOR_AGENTS, hide, mask, restore, without_placeholders
from retrieval.chunking import section_at
from retrieval.embedders import Embedder
from retrieval.lexical import telling_words, tokens
from retrieval.passages import Hit, citation
from retrieval.planted import planted, visible

log = logging.getLogger(__name__)
QUOTED_WORDS = 130  # a passage up to this long is quoted whole
SHORT_WORDS = 25  # a passage shorter than this takes its article's next best along
LEAD_WORDS = 60  # so does an article's opening up to this long: it names the matter, the steps come after it
FEW_ROWS = 3  # a table of so many is quoted whole; of more, the rows that a question names
PASSAGES_FOR_MODEL = 6
EXCERPT = 240
MOST_CHECKS = 100  # verdicts that a turn keeps
NO_ANSWER = "NO_ANSWER"
# why a sentence that holds was left out all the same
ANSWERS_NOTHING, ANNOUNCES_NOTHING, REPEATS = "answers nothing", "announces nothing", "repeats"
GIVEN_AWAY = 5  # words of the system prompt in a row, which no passage has, give it away

_blocks = MarkdownIt("commonmark").enable("table")
_only_pictures = re.compile(r"(?:\[?!\[[^\]]*\]\([^)]*\)(?:\]\([^)]*\))?\s*)+")
# a question about more rows than it names: "other than a violin", "which is cheapest", "all prices"
_of_many = re.compile(
    r"\b(?:all|every|each|any|list|others?|else|besides?|except|apart|without|than|compar\w+|differen\w+|cheap\w*|expensive|most|least|which"
    r"|alle[rsn]?|jede\w*|andere\w*|sonst|außer|ohne|als|vergleich\w*|unterschied\w*|welche\w*|günstig\w*"
    r"|tod[oa]s?|otr[oa]s?|excepto|salvo|comparar?|diferencia|barat[oa]s?|tous|toutes?|autres?|sauf|compar\w+|quels?|quelles?"
    r"|outr[oa]s?|exceto|qual|quais|tutt[ie]|altr[ie]|tranne|quali|alles?|andere|behalve)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A piece of the answer that was checked, and what it stands on. `[n]` in the text is the nth article cited."""

    text: str
    hits: tuple[Hit, ...] = ()


class NoAnswer(Exception):
    """The model read the passages and says that they do not answer; nothing was yielded."""


def quote(question: Question, hits: Sequence[Hit], language: str) -> tuple[str, list[Hit]]:
    """The answer without a model: the best passage of the first article in its own shape, its section named.

    `hits`: the passages found, best first. Returns Markdown and the hits that it quotes.
    """
    best = hits[0]
    used = [best]
    body = shorten(best.passage.text, question.query, language)
    if len(best.passage.text.split()) < (SHORT_WORDS if best.passage.headings else LEAD_WORDS):
        more = _next_to(best, hits[1:], question.query, language)
        if more is not None:
            used.append(more)
            extra = shorten(more.passage.text, question.query, language)
            head = f"**{more.heading}**\n\n" if more.heading != best.heading else ""
            body = f"{body}\n\n{head}{extra}" if body.strip() else f"{head}{extra}"
    name = best.title if best.heading == best.title else f"{best.title} › {best.heading}"
    return f"**{_inline(name)}** [1]\n\n{body}", used


def _next_to(best: Hit, hits: Sequence[Hit], query: str, language: str) -> Hit | None:
    """What a short section takes along: an opening the section with the most words of the question that the opening lacks, by
    default what stands after it; any other its article's next best passage, or the section beside it that has more of the
    question's words."""
    beside = [hit for hit in _sections(best) if hit.passage != best.passage]
    others = [hit for hit in hits if hit.article_id == best.article_id]
    wanted = set(tokens(telling_words(query, language), language))
    if not best.passage.headings:
        if not beside:
            return min(others, key=lambda hit: hit.passage.ordinal, default=None)
        wanted -= set(tokens(f"{best.title}\n{best.passage.text}", language))

    def words(hit: Hit) -> int:
        return len(wanted & set(tokens(f"{hit.heading}\n{hit.passage.text}", language)))

    first = others[:1] if best.passage.headings else []
    return max([*first, *beside], key=words, default=None)


def _sections(hit: Hit) -> list[Hit]:
    """The hit for each section of its passage, in order."""
    whole = hit.whole
    if whole is None:
        return [hit]
    return [replace(hit, passage=section_at(whole, section.start)) for section in whole.sections]


def shorten(markdown: str, query: str, language: str) -> str:
    """The blocks of a passage that answer best, whole: a list stays a list, code stays code. Of a table the rows that the
    question names; pictures are no answer."""
    blocks = _cut_blocks(markdown)
    blocks = [block for block in blocks if not _only_pictures.fullmatch(block[0])] or blocks
    blocks = [(_rows(text, query, language) if kind == "table" else text, kind) for text, kind in blocks]
    if sum(len(text.split()) for text, _ in blocks) <= QUOTED_WORDS or len(blocks) < 2:
        return "\n\n".join(text for text, _ in blocks)
    wanted = set(tokens(query, language))
    scores = [len(wanted & set(tokens(text, language))) + 0.1 for text, _ in blocks]
    chosen = {max(range(len(blocks)), key=lambda i: (scores[i], -i))}
    while True:
        length = sum(len(blocks[i][0].split()) for i in chosen)
        first, last = min(chosen), max(chosen)
        # a list or code without the line that introduces it, or that line without its list, says nothing
        if first > 0 and (blocks[first][1] != "paragraph" or blocks[first - 1][0].rstrip().endswith(":")):
            nearest = first - 1
        elif last + 1 < len(blocks) and blocks[last][0].rstrip().endswith(":"):
            nearest = last + 1
        else:
            around = [i for i in (first - 1, last + 1) if 0 <= i < len(blocks)]
            if not around:
                break
            nearest = max(around, key=lambda i: (scores[i], i))
            if length + len(blocks[nearest][0].split()) > QUOTED_WORDS:
                break
        if nearest in chosen or length > 2 * QUOTED_WORDS:
            break
        chosen.add(nearest)
    return "\n\n".join(blocks[i][0] for i in sorted(chosen))


def _rows(table: str, query: str, language: str) -> str:
    """A table's head with the rows that a question names in their first cell, where these are half of them at most; else the
    whole table. A row whose first cell is empty goes with the one above it."""
    head, line, *rows = table.split("\n")
    wanted = set(tokens(telling_words(query, language), language))
    groups: list[list[str]] = []
    for row in rows:
        if groups and not _first_cell(row).strip():
            groups[-1].append(row)
        else:
            groups.append([row])
    if len(rows) <= FEW_ROWS or _of_many.search(query):
        return table
    named = [len(wanted & set(tokens(_first_cell(first), language))) for first, *_ in groups]
    for least in (1, max(named)):
        asked_for = [rows for rows, count in zip(groups, named, strict=True) if count >= least > 0]
        if 0 < len(asked_for) <= len(groups) // 2:
            return "\n".join((head, line, *(row for rows in asked_for for row in rows)))
    return table


def _first_cell(row: str) -> str:
    return re.split(r"(?<!\\)\|", row.strip().removeprefix("|"), maxsplit=1)[0]


async def tell(
    question: Question,
    history: Sequence[Said],
    hits: Sequence[Hit],
    llm: LanguageModel,
    language: str,
    embedder: Embedder | None = None,
    checks: list[dict[str, Any]] | None = None,
) -> AsyncIterator[Sentence]:
    """The model's answer, each sentence checked against the sections it cites; what does not hold is said in their own words or
    left out, a wrong citation is put right. The model reads every section of the best passages. What repeats the system prompt,
    or itself speaks to an assistant, is left out, too.

    `embedder`: without one, words and facts decide. `checks`: takes the verdict on each sentence, as plain data.

    Raises NoAnswer when the model says that the passages do not answer (nothing was yielded then), and ModelError
    when it fails, before or after sentences were yielded, or when nothing that it says holds and answers.
    """
    hits = [section for hit in hits[:PASSAGES_FOR_MODEL] for section in _sections(hit)]
    space = embedder.fingerprint if embedder else None
    passages = [kept(hit.passage.text, language, _heading(hit), space) for hit in hits]
    reads = await asyncio.to_thread(reader)  # loaded once, at the first answer
    check = Check(passages, language, embedder, known=question.text, reader=reads)
    preparing = asyncio.create_task(asyncio.to_thread(check.prepare))  # while the model thinks
    draft = _Draft(question.text, hits, language)
    refused = False
    prompt, masked = await asyncio.to_thread(_prompt, question, history, hits)  # masking takes its time
    secret = _runs(prompt.system) - _runs("\n".join(source.whole for source in passages))
    try:
        async for text in _sentences(llm.stream(prompt)):
            if NO_ANSWER in text:
                refused = True
                continue
            if planted(text) or secret & _runs(f"{draft.end} {text}"):
                verdict = Verdict(False, ("planted",))
            else:
                await preparing
                bare = without_placeholders(text)  # the customer's own address is in no passage
                verdict = await asyncio.to_thread(check.verdict, bare, citations(text, len(hits)))
            told = verdict.record(hide(without_citations(text), NOT_FOR_AGENTS))
            if checks is not None and len(checks) < MOST_CHECKS:
                checks.append(told)
            sentence = draft.take(text, verdict, told)
            if sentence is not None:
                yield replace(sentence, text=restore(sentence.text, masked))
    finally:
        await asyncio.gather(preparing, return_exceptions=True)
        draft.give_up_waiting()
    if draft.dropped:
        log.info("%d sentences of %s were not in the passages and were left out", draft.dropped, llm.name)
    if draft.shown == 0 and refused:
        raise NoAnswer
    if draft.shown == 0:
        raise ModelError(f"nothing that {llm.name} said is in the passages and answers", kind=NOTHING_HELD)


class _Draft:
    """An answer as it grows: what was shown, and what waits for a sentence that answers, or that it announces."""

    def __init__(self, question: str, hits: Sequence[Hit], language: str) -> None:
        self._question, self._hits, self._language = question, hits, language
        self._numbers: dict[str, int] = {}  # article -> its number among those cited
        self._waiting: list[Sentence] = []
        self._verdicts: list[dict[str, Any]] = []  # on these
        self._said: list[str] = []  # what was shown, and what waits
        self._own_words: list[str] = []  # of these, what stands in the place of a sentence in doubt
        self._answered = self._gap = False  # gap: something was left out since the last sentence that held
        self._tail = ""  # the end of what was shown
        self.shown = self.dropped = 0

    @property
    def end(self) -> str:
        return self._tail + "".join(one.text for one in self._waiting)

    def take(self, text: str, verdict: Verdict, told: dict[str, Any]) -> Sentence | None:
        """The model's next sentence and the verdict on it; what may be shown now. `told`: the verdict's record, which says at
        last what became of the sentence."""
        if text.lstrip().startswith(("|", "#", ">")):
            verdict = replace(verdict, instead="")  # a sentence is no row and no heading
        if verdict.kept or verdict.instead:
            self._give_up_announcements(text)
        if not verdict.kept and (not verdict.instead or self._repeats(verdict.instead, self._said)):
            told.update(instead="")
            self.dropped += 1
            self._gap = True
            return None
        if verdict.kept and self._repeats(text, self._own_words):
            _not_shown(told, REPEATS)
        else:
            self._wait(text, verdict, told)
        # a model of which nothing holds as it wrote it is not followed from one quotation to the next
        self._answered = self._answered or (
            verdict.kept and not _announces(text) and answers(text, self._question, self._language)
        )
        if not self._answered or not self._waiting or _announces(self._waiting[-1].text):
            return None
        return self._show()

    def give_up_waiting(self) -> None:
        """What the sentences waited for never came."""
        for one, told in zip(self._waiting, self._verdicts, strict=True):
            if told["kept"]:
                _not_shown(told, ANNOUNCES_NOTHING if _announces(one.text) else ANSWERS_NOTHING)
            told.update(instead="")

    def _give_up_announcements(self, text: str) -> None:
        """Of what was left out, where what comes next is no item that they announce as well."""
        while self._gap and self._waiting and _announces(self._waiting[-1].text) and not _is_item(text):
            self._said.remove(self._waiting.pop().text)
            _not_shown(self._verdicts.pop(), ANNOUNCES_NOTHING)

    def _wait(self, text: str, verdict: Verdict, told: dict[str, Any]) -> None:
        stands_on = tuple(self._hits[n - 1] for n in verdict.passages)
        if verdict.instead:
            text = in_the_place_of(text, verdict.instead, verdict.passages)
            self._own_words.append(text)
        elif verdict.passages != verdict.cited and verdict.cited:
            text = cited_anew(text, verdict.passages)
        self._gap = False
        self._said.append(text)
        self._waiting.append(Sentence(text, stands_on))
        self._verdicts.append(told)

    def _show(self) -> Sentence:
        stands_on = tuple(dict.fromkeys(hit for one in self._waiting for hit in one.hits))
        for hit in stands_on:
            self._numbers.setdefault(hit.article_id, len(self._numbers) + 1)
        text = "".join(one.text for one in self._waiting)
        text = renumbered(text, lambda n: self._numbers[self._hits[n - 1].article_id], len(self._hits))
        text = text if self.shown else text.lstrip()
        self._waiting.clear()
        self._verdicts.clear()
        self.shown += 1
        self._tail = f"{self._tail} {text}"[-200:]
        return Sentence(text, stands_on)

    def _repeats(self, text: str, said: Sequence[str]) -> bool:
        """Whether a sentence would only repeat one of these."""
        bare = without_citations(text)
        return any(repeats(bare, without_citations(one), self._language) for one in said)


def _not_shown(told: dict[str, Any], why: str) -> None:
    told.update(kept=False, reasons=(why,), instead="")


def _announces(text: str) -> bool:
    """Whether a sentence says that something follows: "Paste this line:"."""
    return without_citations(text).rstrip(" \n*_").endswith((":", "："))


def _is_item(text: str) -> bool:
    """An item of a list, or code: what announced it still does when another item was left out."""
    return list_mark.match(text.lstrip("\n")) is not None or text.lstrip().startswith(("```", "~~~", "|"))


async def _sentences(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    cutter = Sentences()
    async for piece in pieces:
        for text in cutter.feed(piece):
            yield text
    for text in cutter.finish():
        yield text


def sources(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """The Sources of the contract, one per article, in order."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(hit.article_id, hit)
    return [citation(hit, excerpt(hit.passage.text)) for hit in first.values()]


def excerpt(markdown: str) -> str:
    text = " ".join(plain_text(markdown).split())
    return text if len(text) <= EXCERPT else text[:EXCERPT].rsplit(" ", 1)[0] + " …"


def _prompt(
    question: Question, history: Sequence[Said], hits: Sequence[Hit]
) -> tuple[Prompt, Mapping[str, str]]:
    """The prompt, and what its placeholders stand for: what customers write is masked, published articles are not."""
    masked: Mapping[str, str] = {}

    def private(text: str) -> str:
        nonlocal masked
        told = mask(as_data(text), masked)
        masked = told.found
        return told.text

    parts = ["<passages>"]
    for number, hit in enumerate(hits, 1):
        title = html.escape(_heading(hit))
        parts.append(f'<passage number="{number}" title="{title}">\n{as_data(hit.passage.text)}\n</passage>')
    parts.append("</passages>")
    if history:
        said = "\n".join(f"{s.role}: {' '.join(private(s.text).split())[:600]}" for s in history[-6:])
        parts.append(f"<said_so_far>\n{said}\n</said_so_far>")
    parts.append(f"<question>\n{private(question.text)}\n</question>")
    return Prompt(files("bot").joinpath("prompts/answer.md").read_text("utf-8"), "\n\n".join(parts)), masked


def _heading(hit: Hit) -> str:
    """What a passage stands under, without what speaks to an assistant."""
    return " > ".join(text for text in (hit.title, *hit.passage.headings) if not planted(text))


def as_data(text: str) -> str:
    """Text of others: it cannot close the element that it stands in, begin a turn of its own in a model that marks turns
    by words, or say the word by which the model refuses."""
    text = visible(text).replace(NO_ANSWER, NO_ANSWER.replace("_", " "))
    text = re.sub(
        r"<(?=\||/?(?:start|end)_of_turn|/?s>|</?SYS)|\[(?=/?INST\])", "‹", text, flags=re.IGNORECASE
    )
    return re.sub(
        r"<(\s*/?\s*)(passages?|question|said_so_far|conversation|message)\b",
        r"‹\1\2",
        text,
        flags=re.IGNORECASE,
    )


def _runs(text: str) -> set[tuple[str, ...]]:
    """All the runs of GIVEN_AWAY words."""
    said = re.findall(r"\w+", text.lower())
    return {tuple(said[i : i + GIVEN_AWAY]) for i in range(len(said) - GIVEN_AWAY + 1)}


def _cut_blocks(markdown: str) -> list[tuple[str, str]]:
    """(text, kind) of the top-level blocks: paragraph, list, code, table, quote."""
    lines = markdown.split("\n")
    found = []
    for token in _blocks.parse(markdown):
        if token.level == 0 and token.map and token.nesting >= 0:
            text = "\n".join(lines[token.map[0] : token.map[1]]).strip("\n").rstrip()
            kind = (
                "paragraph" if token.type.startswith(("paragraph", "heading")) else token.type.split("_")[0]
            )
            if text.strip():
                found.append((text, kind))
    return found or [(markdown, "paragraph")]


def _inline(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


__all__ = ["ModelError", "NoAnswer", "Sentence", "as_data", "excerpt", "quote", "shorten", "sources", "tell"]
