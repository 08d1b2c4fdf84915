"""One turn of a conversation, from what the customer wrote to what is shown: the stages, in order.

    understand -> retrieve -> assess -> decide -> answer (each sentence checked) -> assess -> decide

Reads, computes, yields; has no effects. `turns` shows, and `ending` saves and hands over.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from bot import precedents, words
from bot.answer import NoAnswer, Sentence, quote, sources, tell
from bot.assess import LIKELIER, Calibration, rivals
from bot.details import of_a_case
from bot.links import tame
from bot.llm.base import LanguageModel, ModelError
from bot.lookback import moments, times_asked
from bot.moods import Feelings, Sentiment
from bot.reading import answered_here
from bot.small_talk import chat_kind
from bot.suggested_reply import from_passage
from bot.topics import Topic, topics
from bot.understand import Question, Said, understand
from escalation.rules import decide
from escalation.signals import Decision, Policy, Signals
from escalation.trend import strain
from help_center.people import STRANGER, Viewer
from retrieval.embedders import EmbedderError
from retrieval.embedders.base import Vectors
from retrieval.evidence import Evidence
from retrieval.lexical import telling_words, tokens
from retrieval.passages import Hit
from retrieval.search import Found, Search

log = logging.getLogger(__name__)
SUMMARY_CHARACTERS = 600
VECTORS_KEPT = 512  # embeddings of what customers wrote, so that the next turn has them
HEADING_WEIGHT = (
    0.15  # of a passage's own heading against its fused score, when the passage of an article is chosen
)
# sections whose scores are so near are told apart by what their headings mean, too: docs/log.md
SECTIONS_ALIKE, HEADING_MEANING = 0.1, 0.2


NEARLY = 0.9  # of the best article's score: as good as it, for somebody who is reading the other one


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
    asked_back: tuple[tuple[str, ...], ...] = ()  # the titles that turns asked back about, oldest first
    settled: int = (
        0  # messages of the history from before the last handoff ended: known, but held against nobody
    )
    reading: str | None = None  # the article on whose page the conversation began

    @property
    def choices(self) -> tuple[str, ...]:
        """The titles that the turn just before asked back about."""
        return self.asked_back[-1] if self.asked_back and self.earlier[-1:] == ("clarify",) else ()

    @property
    def answered(self) -> bool:
        """Whether anything but small talk and mere files came before."""
        return any(action not in TALK for action in self.earlier)

    @property
    def turns_with_bot(self) -> int:
        """How many turns there were since a person had the conversation."""
        passed = [i for i, action in enumerate(self.earlier) if action in {"escalate", "relay"}]
        return len(self.earlier) - (passed[-1] + 1 if passed else 0)


def remembered(action: str, reasons: Sequence[str], said: str = "", helped: bool = False) -> str:
    """How a later turn sees this one: a stranger's question that nothing was relevant to is no miss of ours, nor is a
    file that nobody asked anything about. What the customer called helpful (`helped`) was an answer, and what they thanked for
    ("thanks!" is what they `said` next) is not held against anybody."""
    if ONLY_FILES in reasons:
        return "unread"
    if helped and action == "offer":
        return "answer"
    if action == "chat" and chat_kind(said) == "thanks":
        return "thanked"
    return "unrelated" if "nothing_relevant" in reasons else action


TALK = frozenset({"chat", "thanked", "unread"})  # what asked nothing, as `remembered`
ONLY_FILES = "rule:only_files"  # the reason of a turn that had no words to answer


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
    sources_tried: list[dict[str, Any]]
    suggested_reply: str
    record: dict[str, Any]
    timings_ms: dict[str, float]
    found: tuple[str, ...] = ()  # ids of the articles found, best first, shown or not
    language: str | None = None  # the customer's, as far as it is known; else of the best article found
    choices: tuple[str, ...] = ()  # titles that answer a question back


class Parts:
    """What a turn works with. `calibration`, `own_hosts` and `max_wrong` are asked anew for each turn: they may change."""

    def __init__(
        self,
        search: Search,
        feelings: Feelings,
        llm: LanguageModel | None,
        calibration: Callable[[], Calibration],
        own_hosts: Callable[[], frozenset[str]],
        max_wrong: Callable[[], float],
    ) -> None:
        self.search = search
        self.feelings = feelings
        self.llm = llm
        self.calibration = calibration
        self.own_hosts = own_hosts
        self.max_wrong = max_wrong
        self.embed = lru_cache(maxsize=VECTORS_KEPT)(search.vector)
        self.embedder = search.embedder


@dataclass(frozen=True)
class _Looked:
    """What a turn knows before it is judged. `matters`: each question with what it found, the passages as they are to be
    quoted; one, but for several questions in one breath. `found`: of all of them."""

    found: Found
    matters: tuple[tuple[Question, Found], ...]
    sentiment: Sentiment
    strain: float
    times_asked: int
    topics: tuple[Topic, ...]
    foreign: bool  # the customer writes a language that no article is in
    hosts: frozenset[str]


async def take_turn(asked: Asked, parts: Parts) -> AsyncIterator[Stage | Sentence | Outcome]:
    """Yields stages, checked sentences (the text of an answer, in order), and at last one Outcome.

    The sentences joined are the beginning of the outcome's text. Raises StoreError and EmbedderError when nothing
    can be searched.
    """
    began = time.perf_counter()
    timings: dict[str, float] = {}
    yield Stage("searching")
    question, calibration, policy, looked = await asyncio.to_thread(_begun, asked, parts)
    found, hosts = looked.found, looked.hosts
    timings["search"] = _since(began)
    signals, sure = _judge(question, looked, calibration, asked, policy)
    decision = decide(signals, policy)

    said: list[Sentence] = []
    checks: list[dict[str, Any]] = []
    model: str | None = None
    if asked.shown:
        said.append(Sentence(asked.shown, ()))
    if decision.may_answer or asked.shown:
        yield Stage("answering")
        answering = time.perf_counter()
        language = found.hits[0].language if found.hits else "en"
        answer = _Answer(question, asked, found, parts, language, hosts, sure or looked.matters, checks)
        async for sentence in answer.sentences():
            said.append(sentence)
            yield sentence
        timings["answer"] = _since(answering)
        model = answer.model
        signals = replace(signals, model_failed=answer.model_failed, nothing_shown=not said)
        if asked.shown and not decision.may_answer:
            decision = Decision("offer", ("low_confidence", "model_unavailable"))
        elif answer.unfinished:
            decision = Decision("offer", ("model_unavailable",))
        elif not said:  # the model read the passages and found no answer in them
            signals = replace(
                signals, confidence=min(signals.confidence or 0.0, policy.answer_from) / 2, part_known=False
            )
            decision = decide(signals, policy)
    timings["total"] = _since(began)
    yield _outcome(
        question, asked, looked, signals, decision, said, policy, calibration, timings, sure, checks, model
    )


async def outcome_of(
    asked: Asked, parts: Parts, said: Callable[[Sentence], object] = lambda _: None
) -> Outcome:
    """A turn run to its end; `said` hears each sentence. Raises what `take_turn` raises."""
    outcome: Outcome | None = None
    async for step in take_turn(asked, parts):
        match step:
            case Sentence():
                said(step)
            case Outcome():
                outcome = step
    assert outcome is not None
    return outcome


def _begun(asked: Asked, parts: Parts) -> tuple[Question, Calibration, Policy, _Looked]:
    """All that a turn reads and looks for before it is judged, in a thread: the event loop serves everybody."""
    last = asked.earlier[-1] if asked.earlier else None
    unread = last == "unread"
    parting = asked.answered and last in TALK and not unread
    question = understand(
        asked.text, asked.history, asked.choices, asked.answered, asked.settled, parting, unread
    )
    calibration = parts.calibration()
    return (
        question,
        calibration,
        calibration.policy(parts.max_wrong()),
        _look(question, asked, parts, calibration.reads),
    )


def _look(question: Question, asked: Asked, parts: Parts, reads: bool) -> _Looked:
    """Search and mood: small talk needs no search. `reads`: what is found first is read, too."""
    hosts = parts.own_hosts()
    meant = topics(asked.text)
    if question.small_talk:
        mood = parts.feelings.read(asked.text)
        return _Looked(Found(), ((question, Found()),), mood, 0.0, 1, meant, False, hosts)

    def search(query: str, context: str | None = None, without: Sequence[str] = ()) -> Found:
        return parts.search.find(
            query, viewer=asked.viewer, limit=10, locale=asked.locale, context=context, without=without
        )

    def find(one: Question) -> Found:
        found = read_first(search(one.query, one.context), asked.reading)
        if one.chosen:
            return _of_the_choice(found, one, asked.choices, search)
        return replace(found, answered=answered_here(found, one)) if reads else found

    matters = tuple((part, find(part)) for part in question.parts)
    if len({found.hits[0].article_id for _, found in matters if found.hits}) < 2:  # about the same thing
        matters = ((question, find(question)),)
    found = matters[0][1] if len(matters) == 1 else _as_one([found for _, found in matters])
    matters = tuple((one, to_be_quoted(seen, one.query, parts.embed)) for one, seen in matters)
    mood = parts.feelings.read(asked.text)
    times = times_asked(question, asked.history[asked.settled :], parts.embed)
    last = moments(
        asked.text,
        mood.score,
        question,
        times,
        asked.history[asked.settled :],
        asked.turns_with_bot,
        parts.feelings,
        parts.embed,
    )
    languages = parts.search.lexicon().languages
    foreign = question.language is not None and bool(languages) and question.language not in languages
    return _Looked(found, matters, mood, strain(last), times, meant, foreign, hosts)


def _of_the_choice(
    found: Found, question: Question, choices: Sequence[str], search: Callable[..., Found]
) -> Found:
    """The article that the customer chose is the one that is quoted. How sure it is, the question before the choice tells,
    asked without the articles that were not chosen: a title that is searched for always finds itself."""
    hits = sorted(found.hits, key=lambda hit: hit.title != question.chosen)
    others = [hit.article_id for hit in hits if hit.title in choices and hit.title != question.chosen]
    alone = search(question.before, without=others)
    first = bool(alone.hits) and alone.hits[0].title == question.chosen
    evidence = alone.evidence if first else Evidence()
    return replace(found, hits=hits, evidence=evidence, vector=alone.vector, certain=False)


def read_first(found: Found, article_id: str | None) -> Found:
    """Among articles that fit nearly as well as the best, the one that the customer is reading comes first."""
    if article_id is None or not found.hits:
        return found
    near = found.hits[0].score * NEARLY
    mine = [hit for hit in found.hits if hit.article_id == article_id and hit.score >= near]
    return replace(found, hits=[*mine, *(hit for hit in found.hits if hit not in mine)]) if mine else found


def _as_one(several: Sequence[Found]) -> Found:
    """What several questions found, the best of each first."""

    def mixed(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
        return list(dict.fromkeys(hit for hits in zip_longest(*lists) for hit in hits if hit is not None))

    hits = {hit.article_id: hit for hit in reversed(mixed([found.hits for found in several]))}
    passages = mixed([found.passages for found in several])
    return replace(several[0], hits=list(reversed(hits.values())), passages=passages)


def _judge(
    question: Question, looked: _Looked, calibration: Calibration, asked: Asked, policy: Policy
) -> tuple[Signals, tuple[tuple[Question, Found], ...]]:
    """The signals of the turn, and the questions that are sure enough. Of several the least sure one counts."""

    def assess(found: Found) -> Signals:
        return _assess(question, found, looked.sentiment, calibration, asked.earlier)

    each = [assess(found) for _, found in looked.matters]
    least = min(each, key=lambda signals: signals.confidence or 0.0)
    sure = tuple(
        matter
        for matter, signals in zip(looked.matters, each, strict=True)
        if signals.confidence is not None and signals.confidence >= policy.answer_from
    )
    pairs = {frozenset(pair) for pair in asked.asked_back}
    signals = replace(
        least,
        strain=looked.strain,
        times_asked=looked.times_asked,
        topics=looked.topics,
        rivals=least.rivals if len(each) == 1 else (),
        in_domain=max(signals.in_domain for signals in each),
        part_sure=0 < len(sure) < len(each),
        clarified=least.clarified or frozenset(least.rivals) in pairs,
    )
    return signals, sure


def _assess(
    question: Question,
    found: Found,
    sentiment: Sentiment,
    calibration: Calibration,
    earlier: Sequence[str],
) -> Signals:
    judged = bool(found.hits)
    confidence = calibration.confidence(found) if judged else None
    misses = 0
    for action in reversed(earlier):
        if action in {"answer", "escalate", "relay", "thanked"}:
            break
        misses += action in {"clarify", "offer"}
    misses += question.failed  # what was answered was none
    scores = [(hit.title, hit.score) for hit in found.hits]
    telling = round(math.expm1(found.evidence.words))
    likelier = confidence is not None and confidence >= LIKELIER
    return Signals(
        wants_human=question.wants_human,
        small_talk=question.small_talk,
        sentiment_label=sentiment.label,
        sentiment_score=sentiment.score,
        in_domain=found.relevance,
        confidence=confidence,
        rivals=rivals(scores, telling),
        part_known=judged and (likelier or found.evidence.coverage >= 0.5 or question.chosen is not None),
        times_asked=question.times_asked,
        earlier_misses=0 if question.chosen else misses,
        clarified=bool(earlier) and earlier[-1] == "clarify",
        chosen=question.chosen is not None,
        failed=question.failed,
        asks=question.asks,
    )


class _Answer:
    """The sentences of one answer: the model's, and the passages' where there is no model or it fails."""

    def __init__(
        self,
        question: Question,
        asked: Asked,
        found: Found,
        parts: Parts,
        language: str,
        hosts: frozenset[str],
        matters: Sequence[tuple[Question, Found]],
        checks: list[dict[str, Any]],
    ) -> None:
        self.question, self.asked, self.found = question, asked, found
        self.llm, self.embedder = parts.llm, parts.embedder
        self.checks = checks  # the verdict on each sentence of the model, for the record
        self.language, self.hosts, self.matters = language, hosts, matters
        self.model: str | None = None  # what became of it, for the record; None: it was not asked
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
                    self.question,
                    self.asked.history,
                    self.found.passages,
                    self.llm,
                    self.language,
                    self.embedder,
                    self.checks,
                ):
                    yield sentence
                    shown = True
                self.model = "answered"
                return
            except NoAnswer:
                self.model = "no_answer"
                return
            except ModelError as error:
                log.warning("the passages answer instead of the model: %s", error)
                self.model = error.kind
                self.model_failed = True
                self.unfinished = shown
        if not self.found.hits:
            return
        text, used = _quote_each(self.matters)
        if self.asked.shown.strip() == tame(text, self.hosts).strip():
            self.unfinished = False  # all of it was shown before the process died
            return
        if shown:
            known = used[0].article_id in self._cited
            number = (
                f" [{self._cited.index(used[0].article_id) + 1}]" if known else f" [{len(self._cited) + 1}]"
            )
            cite = "" if self.asked.shown else number  # what a dead process cited is not known
            text = f"\n\n{words.in_language(self.question.language, self.asked.locale).cut_short}\n\n{text.replace(' [1]', cite, 1)}"
        yield Sentence(text, tuple(used))


def _quote_each(matters: Sequence[tuple[Question, Found]]) -> tuple[str, list[Hit]]:
    """The quoted answers of the questions that found something, one after the other, each with the number of its article."""
    texts: list[str] = []
    used: list[Hit] = []
    for question, found in matters:
        if found.hits:
            language = found.hits[0].language
            text, hits = quote(question, found.passages, language)
            used += hits
            cited = list(dict.fromkeys(hit.article_id for hit in used))
            texts.append(text.replace(" [1]", f" [{cited.index(hits[0].article_id) + 1}]", 1))
    return "\n\n".join(texts), used


def to_be_quoted(found: Found, query: str, embed: Callable[[str], Vectors]) -> Found:
    """With the best article's passages first, the one under the most fitting heading at the top, then the others'. Of
    sections that fit nearly as well, the one comes first whose heading is nearest in meaning; but for an article's opening,
    which takes a section along."""
    if not found.hits:
        return found
    best = found.hits[0]
    language = best.language
    wanted = set(tokens(telling_words(query, language), language))

    def fit(hit: Hit) -> float:
        heading = set(tokens(hit.heading, language))
        return hit.score + HEADING_WEIGHT * len(wanted & heading) / (len(wanted) or 1)

    mine = sorted((hit for hit in found.passages if hit.article_id == best.article_id), key=fit, reverse=True)
    mine = mine or [best]
    alike = [one for one in mine if one.passage.headings and fit(one) >= fit(mine[0]) - SECTIONS_ALIKE]
    asked = found.vector
    if asked is not None and mine[0].passage.headings and len({one.heading for one in alike}) > 1:
        try:
            first = max(alike, key=lambda one: fit(one) + HEADING_MEANING * float(asked @ embed(one.heading)))
        except EmbedderError:
            first = mine[0]  # their words decide alone
        mine = [first, *(one for one in mine if one is not first)]
    others = [hit for hit in found.passages if hit.article_id != best.article_id]
    return replace(found, passages=mine + others)


def _outcome(
    question: Question,
    asked: Asked,
    looked: _Looked,
    signals: Signals,
    decision: Decision,
    said: Sequence[Sentence],
    policy: Policy,
    calibration: Calibration,
    timings: dict[str, float],
    sure: Sequence[tuple[Question, Found]],
    checks: Sequence[dict[str, Any]],
    model: str | None,
) -> Outcome:
    found, hosts = looked.found, looked.hosts
    own = words.in_language(question.language, asked.locale)
    cited = list(dict.fromkeys(hit for sentence in said for hit in sentence.hits))
    tried = sources(found.hits[:3]) if found.hits else []
    shown = sources(cited or (found.hits[:1] if said else []))
    said_text = "".join(sentence.text for sentence in said)
    language = found.hits[0].language if found.hits else "en"
    match decision.action:
        case "answer":
            text = said_text
        case "chat":
            text, shown = own.small_talk(signals.small_talk), []
        case "clarify":
            text, shown = own.asked_back(*signals.rivals), []
        case "offer" if "rule:did_not_help" in decision.reasons:
            text, shown = own.did_not_help, []
        case "offer" if "nothing_relevant" in decision.reasons:
            text, shown = own.look_up if of_a_case(asked.text) else own.nothing_relevant, []
        case "offer" if said:
            text = f"{said_text}\n\n{own.person_offered}"
        case "offer" if signals.part_sure:
            quoted, used = _quote_each(sure)
            others = [one.query for one, _ in looked.matters if all(one is not known for known, _ in sure)]
            left = "\n\n".join(own.not_sure_about.format(question=_cut(one, 160)) for one in others)
            both = tame(f"{quoted}\n\n{left}", hosts)
            text = f"{both}\n\n{own.person_offered}"
            shown = sources(used)
        case "offer":
            quoted, used = _quote_each(looked.matters)
            text = f"{own.part_known}\n\n{tame(quoted, hosts)}\n\n{own.person_offered}"
            shown = sources(used)
        case _:
            text, shown = own.handed_over(decision.reasons), []
    if looked.foreign and decision.action in {"answer", "clarify", "offer"}:
        text = f"{text}\n\n{own.no_articles_in_it}"
    judged = decision.action != "chat" and not {"requested_human", "rule:did_not_help"} & set(
        decision.reasons
    )
    confidence = round(signals.confidence, 4) if judged and signals.confidence is not None else None
    record = {
        "query": question.query,
        "context": question.context,
        "signals": asdict(signals) | {"rivals": list(signals.rivals)},
        "evidence": asdict(found.evidence),
        "policy": asdict(policy),
        "answered_here": None if found.answered is None else round(found.answered, 2),
        "precedents": dict(zip(precedents.SIGNALS, calibration.heard(found), strict=False)),
        "calibration": {"default": calibration.is_default, "fitted_on": calibration.fitted_on},
        "questions": [
            {"query": one.query, "found": [hit.article_id for hit in seen.hits[:1]]}
            for one, seen in looked.matters
        ],
        "found": [{"article_id": hit.article_id, "score": round(hit.score, 4)} for hit in found.hits],
        "checks": list(checks),
        "model": model,
    }
    return Outcome(
        decision.action,
        decision.reasons,
        text,
        shown,
        confidence,
        looked.sentiment,
        question.query[:SUMMARY_CHARACTERS],
        tried,
        from_passage(question, found, looked.matters[0][1].passages, asked.locale, hosts),
        record,
        {name: round(value, 2) for name, value in timings.items()},
        tuple(hit.article_id for hit in found.hits),
        question.language or asked.locale or (language if found.hits else None),
        signals.rivals if decision.action == "clarify" else (),
    )


def _cut(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[:characters].rsplit(" ", 1)[0] + " …"


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
