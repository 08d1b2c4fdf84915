"""The conversation in two to four sentences, for the agent who takes it: what they want, what they told, what was tried and why
it fell short, how they feel.

Put together from what was said (`extract`), or told by a language model (`tell`), each sentence of which is held against the
conversation; what does not hold is left out. In English, with the customer's own words in quotes. Knows a conversation
and a model; no database.
"""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from bot.answer import as_data
from bot.ground import Check, Sentences, Source, citations, without_citations
from bot.llm.base import LanguageModel, ModelError, Prompt
from bot.understand import Said
from escalation.facts import Fact
from escalation.tried import Try, sureness
from help_center.masking import mask, restore, without_placeholders
from retrieval.embedders import Embedder
from retrieval.planted import planted

log = logging.getLogger(__name__)
QUOTED = 200  # characters of the customer's question
MOST_TOLD = 5  # facts
MOST_TRIED = 3
MOST_SENTENCES = 4
MESSAGES_FOR_MODEL = 30
LONGEST_MESSAGE = 1200  # characters of one, for the model
HOLDS_FROM = 0.35  # support that a sentence needs: `python -m evals.summaries`
GIVEN_AWAY = 6  # words of the prompt in a row, which nobody said, give it away

# facts that are told in a summary, in this order; the rest stand beside it
_order = (
    "reference",
    "error",
    "product",
    "version",
    "email",
    "phone",
    "account",
    "address",
    "amount",
    "date",
)


@dataclass(frozen=True)
class Case:
    """What a summary is made of. `question`: what it is about, empty where nothing was asked; `upset`: the last message
    with anger in it, if any."""

    question: str
    said: tuple[Said, ...]
    facts: tuple[Fact, ...] = ()
    tries: tuple[Try, ...] = ()
    reasons: tuple[str, ...] = ()
    upset: str | None = None
    name: str | None = None
    first: str = ""  # what they had asked at first, where that was something else
    added: str = ""  # what they said of it last, where that asks nothing


def extract(case: Case) -> str:
    """The summary without a model; never empty."""
    sentences = [_wish(case), _told(case), _tried(case), _feeling(case)]
    return " ".join(filter(None, sentences))


def _wish(case: Case) -> str:
    who = _plain_name(case.name) or "The customer"
    if not case.question:
        asked = "asked for a person" if "requested_human" in case.reasons else "wrote"
        return (
            f"{who} {asked} before asking anything."
            if asked != "wrote"
            else f"{who} has not said what it is about."
        )
    first = f" First they asked: {_quoted(case.first, 140)}" if case.first else ""
    first += f" They added: {_quoted(case.added, 140)}" if case.added else ""
    if "requested_human" in case.reasons:
        return f"{who} wants a person. It is about: {_quoted(case.question, QUOTED)}{first}"
    return f"{who} writes: {_quoted(case.question, QUOTED)}{first}"


def _told(case: Case) -> str:
    quoted = f"{cut(case.question, QUOTED)}\n{cut(case.added, 140)}".lower()
    own = (case.name or "").lower()
    new = [fact for fact in case.facts if fact.value.lower() not in quoted and fact.value.lower() != own]
    ranked = sorted(
        (fact for fact in new if fact.kind in _order and fact.label not in {"Mentioned", "Quantity", "Time"}),
        key=lambda fact: _order.index(fact.kind),
    )
    given = [f"{_lower(fact.label)} {fact.value}" for fact in ranked[:MOST_TOLD]]
    tried = [fact.value for fact in new if fact.kind == "tried"]
    parts = [f"gave {_listed(given)}"] if given else []
    if tried:
        parts.append(f"already tried: {_quoted(tried[0], 120)}")
    return f"They {' and '.join(parts)}".rstrip(".") + "." if parts else ""


def _tried(case: Case) -> str:
    steps: list[str] = []
    for one in case.tries[-MOST_TRIED:]:
        step = _step(one)
        if step not in steps:
            steps.append(step)
    more = f" ({len(case.tries)} tries in all)" if len(case.tries) > MOST_TRIED else ""
    return f"The bot {', then '.join(steps)}{more}." if steps else ""


def _step(one: Try) -> str:
    title = f"“{one.sources[0]['title']}”" if one.sources else ""
    sure = f" ({sureness(one.confidence)} sure)" if one.confidence is not None else ""
    if one.action == "answer":
        return f"answered from {title or 'the help center'}{sure}" + (
            ", which did not help" if one.failed else ""
        )
    if "technical" in one.why:
        return "failed for a technical reason"
    if one.action == "clarify":
        return f"asked back, unsure about {title}{sure}" if title else "asked a question back"
    if not title or "comes near" in one.why:
        return "found nothing near it in the help center"
    if one.action == "offer":
        return f"offered what it knows from {title}{sure}"
    return f"was not sure enough of {title}{sure}"


def _feeling(case: Case) -> str:
    if case.upset:
        known = case.upset in case.question or case.question in case.upset
        return "They are upset." if known else f"They are upset: {_quoted(case.upset, 120)}"
    return "They asked the same again and again." if "repeated_question" in case.reasons else ""


def _lower(label: str) -> str:
    return label if label.isupper() else label[0].lower() + label[1:]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _plain_name(name: str | None) -> str:
    return cut(re.sub(r"[\\`*_\[\]<>]", "", name or ""), 60)


_fence = re.compile(r"```\w*")  # of a block of code, which a sentence is not


def _quoted(text: str, characters: int) -> str:
    """In quotes, and with the mark that ends a sentence."""
    told = cut(_fence.sub(" ", text), characters)
    return f"“{told}”" if told[-1:] in ".!?…" else f"“{told}”."


def cut(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[:characters].rsplit(" ", 1)[0] + " …"


# --- by a model ------------------------------------------------------------------------------------------------

_customers = re.compile(
    r"\s*(?:[-*•]\s*)?(?:(?:the |this )?(?:customer|user|client)|they|he|she)\b", re.IGNORECASE
)
_ours = re.compile(
    r"\s*(?:[-*•]\s*)?(?:the |our )?(?:assistant|bot|chatbot|agent|help center)\b", re.IGNORECASE
)
_who = r"(?:(?:the |this |our )?(?:customer|user|client|assistant|bot|chatbot|agent|help center)|they|he|she)"
_verb = (
    r"(?:ask|say|said|writes?|wrote|report|state|mention|explain|want|wish|would like|need|request|gave|give|given|provide|told|tell|complain|tried|try|answer|offer|suggest|repl(?:y|ied)|"
    r"point)(?:ed|ing|es|s|d)?"
)
# who says it, and that they say it: "The customer asks how to", "They also tried to"
_reporting = re.compile(
    rf"\s*(?:[-*•]\s*)?{_who}\b(?: (?:has|have|had|is|are|was|also|already|then|now|further|first)\b)*"
    rf"(?: {_verb}\b(?: (?:us|them|to know|to|for|about|that|with|from|whether|if|how|it|the (?:assistant|customer|bot))\b)*)?\s*",
    re.IGNORECASE,
)
_mood = re.compile(
    r"\b(?:upset|annoy|frustrat|angry|anger|furious|unhappy|irritat|impatient|ridiculous)", re.IGNORECASE
)


async def tell(case: Case, llm: LanguageModel, embedder: Embedder | None = None) -> str:
    """The model's summary, as far as it holds. Raises ModelError when it fails or when nothing that it says holds."""
    said = case.said[-MESSAGES_FOR_MODEL:]
    prompt, masked, check, secret = await asyncio.to_thread(_prepared, case, said, embedder)
    kept: list[str] = []
    dropped = 0
    async for sentence in _sentences(llm.stream(prompt)):
        bare = without_citations(sentence).strip()
        if not bare or len(kept) == MOST_SENTENCES:
            continue
        if planted(bare) or secret & _runs(bare) or not await asyncio.to_thread(holds, check, sentence, said):
            dropped += 1
            continue
        kept.append(restore(bare, masked))
    if dropped:
        log.info(
            "%d sentences of the summary of %s were not in the conversation and were left out",
            dropped,
            llm.name,
        )
    if not kept:
        raise ModelError(f"nothing of the summary that {llm.name} told is in the conversation")
    if not _mood.search(" ".join(kept)):
        kept.append(_feeling(case))  # a model's word for a mood stands in no message: ours was measured
    return " ".join(filter(None, kept))


def _prepared(
    case: Case, said: Sequence[Said], embedder: Embedder | None
) -> tuple[Prompt, Mapping[str, str], Check, set[tuple[str, ...]]]:
    """The prompt, what its placeholders stand for, the check, and what gives the prompt away. Slow: in a thread."""
    prompt, masked = _prompt(said)
    told = " ".join(_shown(one) for one in said)
    return prompt, masked, check_of(said, embedder, case.name or ""), _runs(prompt.system) - _runs(told)


def check_of(said: Sequence[Said], embedder: Embedder | None, name: str = "") -> Check:
    """Holds sentences against a conversation. `name`: of the customer, which may be said."""
    told = " ".join(_shown(one) for one in said)
    # who writes a message ends a line where they mean it: each is a paragraph
    sources = [Source(_shown(one).replace("\n", "\n\n"), "en") for one in said]
    check = Check(sources, "en", embedder, known=f"{name} {told}", spoken=True)
    check.prepare()
    return check


def holds(check: Check, sentence: str, said: Sequence[Said]) -> bool:
    """Whether the conversation holds what the sentence says, apart from who says it ("the customer asks whether ..."), and
    whether it was they who said it."""
    bare = without_placeholders(without_citations(sentence)).strip()
    rest = _reporting.sub("", bare, count=1)
    if len(rest.split()) < 2:
        return False
    verdict = check.verdict(rest, citations(sentence, len(said)))
    if (verdict.support or 0.0) < HOLDS_FROM:
        return False
    speakers = {said[number - 1].role for number in verdict.passages}
    if _ours.match(bare):
        return speakers != {"customer"}
    return "customer" in speakers or not _customers.match(bare)


async def _sentences(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    cutter = Sentences()
    async for piece in pieces:
        for text in cutter.feed(piece):
            yield text
    for text in cutter.finish():
        yield text


def _prompt(said: Sequence[Said]) -> tuple[Prompt, Mapping[str, str]]:
    """The prompt, and what its placeholders stand for: e-mail addresses and the like stay here."""
    masked: Mapping[str, str] = {}
    lines = []
    for number, one in enumerate(said, 1):
        told = mask(as_data(_shown(one)), masked)
        masked = told.found
        lines.append(f'<message number="{number}" from="{html.escape(one.role)}">\n{told.text}\n</message>')
    system = files("bot").joinpath("prompts/summary.md").read_text("utf-8")
    return Prompt(system, "<conversation>\n" + "\n".join(lines) + "\n</conversation>"), masked


def _shown(one: Said) -> str:
    """As the model reads it: without what speaks to an assistant, not too long."""
    lines = [line for line in re.split(r"(?<=[.!?])\s+|\n+", one.text[:LONGEST_MESSAGE]) if not planted(line)]
    return "\n".join(lines)


def _runs(text: str) -> set[tuple[str, ...]]:
    said = re.findall(r"\w+", text.lower())
    return {tuple(said[i : i + GIVEN_AWAY]) for i in range(len(said) - GIVEN_AWAY + 1)}
