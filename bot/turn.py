"""One turn of a conversation, from what the customer wrote to what is shown: the stages, in order.

    understand -> retrieve -> assess -> decide -> answer (each sentence checked) -> assess -> decide

Reads, computes, yields; has no effects. `receive` saves, shows and hands over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot import words
from bot.answer import NoAnswer, Sentence, quote, shorten, sources, tell
from bot.assess import Calibration, rivals
from bot.links import tame
from bot.llm.base import LanguageModel, ModelError
from bot.moods import Feelings, Sentiment
from bot.understand import Question, Said, understand
from escalation.rules import decide
from escalation.signals import Decision, Policy, Signals
from help_center.people import STRANGER, Viewer
from retrieval.lexical import telling_words, tokens
from retrieval.passages import Hit
from retrieval.search import Found, Search

log = logging.getLogger(__name__)
SUMMARY_CHARACTERS = 600
HEADING_WEIGHT = (
    0.15  # of a passage's own heading against its fused score, when the passage of an article is chosen
)


@dataclass(frozen=True)
class Asked:
    """What a turn starts from. `earlier`: the turns before it as `remembered`, oldest first; `shown`: what of this very
    turn was shown before the process died (it stands, and is continued)."""

    text: str
    history: tuple[Said, ...] = ()
    earlier: tuple[str, ...] = ()
    locale: str | None = None
    viewer: Viewer = STRANGER
    shown: str = ""
    choices: tuple[str, ...] = ()  # the titles that the turn before asked back about


def remembered(action: str, reasons: Sequence[str]) -> str:
    """How a later turn sees this one: a stranger's question that nothing was relevant to is no miss of ours."""
    return "unrelated" if "nothing_relevant" in reasons else action


@dataclass(frozen=True)
class Stage:
    """What is being done: `searching`, `answering`."""

    name: str


@dataclass(frozen=True)
class Outcome:
    """The end of a turn: everything that is to be saved, shown and, when `action` is `escalate`, handed over."""

    action: str
    reasons: tuple[str, ...]
    text: str
    sources: list[dict[str, Any]]
    confidence: float | None
    sentiment: Sentiment
    question: str
    summary: str
    sources_tried: list[dict[str, Any]]
    suggested_reply: str
    record: dict[str, Any]
    timings_ms: dict[str, float]
    found: tuple[str, ...] = ()  # ids of the articles found, best first, shown or not
    language: str | None = None  # of the best article found


class Parts:
    """What a turn works with. `calibration` and `own_hosts` are asked anew for each turn: they may change."""

    def __init__(
        self,
        search: Search,
        feelings: Feelings,
        llm: LanguageModel | None,
        calibration: Callable[[], Calibration],
        own_hosts: Callable[[], frozenset[str]],
        max_wrong: float,
    ) -> None:
        self.search = search
        self.feelings = feelings
        self.llm = llm
        self.calibration = calibration
        self.own_hosts = own_hosts
        self.max_wrong = max_wrong


async def take_turn(asked: Asked, parts: Parts) -> AsyncIterator[Stage | Sentence | Outcome]:
    """Yields stages, checked sentences (the text of an answer, in order), and at last one Outcome.

    The sentences joined are the beginning of the outcome's text. Raises StoreError and EmbedderError when nothing
    can be searched.
    """
    began = time.perf_counter()
    timings: dict[str, float] = {}
    question = understand(asked.text, asked.history, asked.choices)
    calibration = parts.calibration()
    policy = calibration.policy(parts.max_wrong)
    yield Stage("searching")
    found, sentiment, hosts = await asyncio.to_thread(_look, question, asked, parts)
    timings["search"] = _since(began)
    signals = _assess(question, found, sentiment, calibration, asked.earlier, policy)
    decision = decide(signals, policy)

    said: list[Sentence] = []
    if asked.shown:
        said.append(Sentence(asked.shown, ()))
    if decision.may_answer or asked.shown:
        yield Stage("answering")
        answering = time.perf_counter()
        language = found.hits[0].locale.split("-")[0].lower() if found.hits else "en"
        answer = _Answer(question, asked, found, parts.llm, language, hosts)
        async for sentence in answer.sentences():
            said.append(sentence)
            yield sentence
        timings["answer"] = _since(answering)
        signals = replace(signals, model_failed=answer.model_failed, nothing_shown=not said)
        if answer.unfinished or (asked.shown and not decision.may_answer):
            decision = Decision("offer", ("low_confidence", "model_unavailable"))
        elif not said:  # the model read the passages and found no answer in them
            signals = replace(
                signals, confidence=min(signals.confidence or 0.0, policy.answer_from) / 2, part_known=False
            )
            decision = decide(signals, policy)
    timings["total"] = _since(began)
    yield _outcome(
        question, asked, found, sentiment, signals, decision, said, policy, calibration, timings, hosts
    )


def _look(question: Question, asked: Asked, parts: Parts) -> tuple[Found, Sentiment, frozenset[str]]:
    """Search and mood, in a thread: small talk and the wish for a person need no search."""
    if question.small_talk:
        found = Found()
    else:
        found = parts.search.find(
            question.query, viewer=asked.viewer, limit=10, locale=asked.locale, context=question.context
        )
    return found, parts.feelings.read(asked.text, found.vector), parts.own_hosts()


def _assess(
    question: Question,
    found: Found,
    sentiment: Sentiment,
    calibration: Calibration,
    earlier: Sequence[str],
    policy: Policy,
) -> Signals:
    judged = bool(found.hits)
    confidence = calibration.confidence(found.evidence) if judged else None
    misses = 0
    for action in reversed(earlier):
        if action in {"answer", "escalate", "relay"}:
            break
        misses += action in {"clarify", "offer"}
    scores = [(hit.title, hit.score) for hit in found.hits]
    telling = round(2.718281828**found.evidence.words - 1)
    return Signals(
        wants_human=question.wants_human,
        small_talk=question.small_talk,
        sensitive=question.sensitive,
        abuse=question.abuse,
        sentiment_label=sentiment.label,
        sentiment_score=sentiment.score,
        in_domain=found.relevance,
        confidence=confidence,
        rivals=rivals(scores, telling),
        part_known=judged and (found.evidence.coverage >= 0.5 or question.chosen is not None),
        times_asked=question.times_asked,
        earlier_misses=0 if question.chosen else misses,
        clarified=bool(earlier) and earlier[-1] == "clarify",
    )


class _Answer:
    """The sentences of one answer: the model's, and the passages' where there is no model or it fails."""

    def __init__(
        self,
        question: Question,
        asked: Asked,
        found: Found,
        llm: LanguageModel | None,
        language: str,
        hosts: frozenset[str],
    ) -> None:
        self.question, self.asked, self.found, self.llm = question, asked, found, llm
        self.language, self.hosts = language, hosts
        self.model_failed = False
        self.unfinished = bool(asked.shown)  # a dead process broke this answer off
        self._text = asked.shown
        self._cited: list[str] = []  # articles, in the order of their numbers

    async def sentences(self) -> AsyncIterator[Sentence]:
        """Each is tamed together with what stands before it: half a link and half a link make no link."""
        async for sentence in self._raw():
            text = tame(sentence.text, self.hosts, self._text)
            if text:
                self._text += text
                self._cited += [hit.article_id for hit in sentence.hits if hit.article_id not in self._cited]
                yield Sentence(text, sentence.hits)

    async def _raw(self) -> AsyncIterator[Sentence]:
        shown = bool(self.asked.shown)
        if self.llm is not None and not shown:
            try:
                async for sentence in tell(
                    self.question, self.asked.history, self.found.passages, self.llm, self.language
                ):
                    yield sentence
                    shown = True
                return
            except NoAnswer:
                return
            except ModelError as error:
                log.warning("the passages answer instead of the model: %s", error)
                self.model_failed = True
                self.unfinished = shown
        if not self.found.hits:
            return
        text, used = quote(self.question, _passages(self.found, self.question.query), self.language)
        if self.asked.shown.strip() == tame(text, self.hosts).strip():
            self.unfinished = False  # all of it was shown before the process died
            return
        if shown:
            known = used[0].article_id in self._cited
            number = (
                f" [{self._cited.index(used[0].article_id) + 1}]" if known else f" [{len(self._cited) + 1}]"
            )
            cite = "" if self.asked.shown else number  # what a dead process cited is not known
            text = f"\n\n{words.CUT_SHORT}\n\n{text.replace(' [1]', cite, 1)}"
        yield Sentence(text, tuple(used))


def _passages(found: Found, query: str = "") -> list[Hit]:
    """The best article's passages first, the one under the most fitting heading at the top, then the others'."""
    best = found.hits[0]
    language = best.locale.split("-")[0].lower()
    wanted = set(tokens(telling_words(query, language), language))

    def fit(hit: Hit) -> float:
        heading = set(tokens(hit.heading, language))
        return hit.score + HEADING_WEIGHT * len(wanted & heading) / (len(wanted) or 1)

    mine = sorted((hit for hit in found.passages if hit.article_id == best.article_id), key=fit, reverse=True)
    return (mine or [best]) + [hit for hit in found.passages if hit.article_id != best.article_id]


def _outcome(
    question: Question,
    asked: Asked,
    found: Found,
    sentiment: Sentiment,
    signals: Signals,
    decision: Decision,
    said: Sequence[Sentence],
    policy: Policy,
    calibration: Calibration,
    timings: dict[str, float],
    hosts: frozenset[str],
) -> Outcome:
    cited = list(dict.fromkeys(hit for sentence in said for hit in sentence.hits))
    tried = sources(found.hits[:3]) if found.hits else []
    shown = sources(cited or (found.hits[:1] if said else []))
    said_text = "".join(sentence.text for sentence in said)
    language = found.hits[0].locale.split("-")[0].lower() if found.hits else "en"
    match decision.action:
        case "answer":
            text = said_text
        case "chat":
            text, shown = words.SMALL_TALK[signals.small_talk or "greeting"], []
        case "clarify":
            text, shown = words.which_one(*signals.rivals), []
        case "offer" if "nothing_relevant" in decision.reasons:
            text, shown = words.NOTHING_RELEVANT, []
        case "offer" if said:
            text = f"{said_text}\n\n{words.PERSON_OFFERED}"
        case "offer":
            quoted, used = quote(question, _passages(found, question.query), language)
            text = f"{words.PART_KNOWN}\n\n{tame(quoted, hosts)}\n\n{words.PERSON_OFFERED}"
            shown = sources(used)
        case _:
            text, shown = words.handed_over(decision.reasons), []
    judged = decision.action not in {"chat"} and "requested_human" not in decision.reasons
    confidence = round(signals.confidence, 4) if judged and signals.confidence is not None else None
    record = {
        "query": question.query,
        "context": question.context,
        "signals": asdict(signals) | {"rivals": list(signals.rivals)},
        "evidence": asdict(found.evidence),
        "policy": asdict(policy),
        "calibration": {"default": calibration.is_default, "fitted_on": calibration.fitted_on},
        "found": [{"article_id": hit.article_id, "score": round(hit.score, 4)} for hit in found.hits],
    }
    return Outcome(
        decision.action,
        decision.reasons,
        text,
        shown,
        confidence,
        sentiment,
        question.query[:SUMMARY_CHARACTERS],
        _summary(question, asked, decision),
        tried,
        _suggestion(question, found, signals, policy, language),
        record,
        {name: round(value, 2) for name, value in timings.items()},
        tuple(hit.article_id for hit in found.hits),
        language if found.hits else None,
    )


def _summary(question: Question, asked: Asked, decision: Decision) -> str:
    """What an agent reads first: what was asked, and how often before."""
    before = [said.text for said in asked.history if said.role == "customer"]
    asks = [text for text in (*before, question.text) if len(text.split()) > 2] or [question.text]
    parts = [f"The customer wrote: “{_cut(asks[-1], 280)}”"]
    if len(asks) > 1:
        parts.append(f"Before that: “{_cut(asks[-2], 160)}”")
    if len(before) > 1:
        parts.append(f"{len(before) + 1} messages so far.")
    return " ".join(parts)


def _suggestion(question: Question, found: Found, signals: Signals, policy: Policy, language: str) -> str:
    """A reply to start from: the passage that came first, when it is not plainly beside the point."""
    if not found.relevant or found.evidence.coverage < 0.3:
        return ""
    best = found.hits[0]
    return f"{shorten(best.passage.text, question.query, language)}\n\n{best.title}: {best.url}"


def _cut(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[:characters].rsplit(" ", 1)[0] + " …"


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
