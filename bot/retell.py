"""A language model tells anew what a handoff opened with: its summary, and the reply to start from.

After the handoff is open, so that no customer waits for it; the agent has what was put together without a model meanwhile,
and keeps it where the model fails or nothing that it says holds. The database is the queue: `summary_by` goes from
`extract` to `asking` by a conditional UPDATE, and from there to `model`, or to `kept`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from bot.answer import NoAnswer, sources, tell
from bot.brief import case_of, turns_of
from bot.links import tame
from bot.llm.base import LanguageModel, ModelError
from bot.suggested_reply import from_model, greeted, with_sources
from bot.summary import Case
from bot.summary import tell as tell_summary
from bot.turn import Parts
from bot.understand import understand
from escalation.seen import line
from help_center.conversations import OPEN_HANDOFF, Conversation, Handoff, locked
from help_center.database import Database, now
from help_center.live import INBOX, publish
from help_center.masking import NOT_FOR_AGENTS, hide
from help_center.people import Viewer
from retrieval.passages import Hit

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
AT_ONCE = 4
NEWER_THAN = timedelta(minutes=10)  # an older handoff, opened while no model was there, keeps what it has


@dataclass(frozen=True)
class _Matter:
    """A handoff as the model gets it. `passed_over`: ids of articles that were answered from in vain."""

    handoff_id: str
    case: Case
    viewer: Viewer
    locale: str | None
    language: str | None
    passed_over: tuple[str, ...]


@dataclass(frozen=True)
class _Told:
    """What the model told and what held; None where nothing did. `reply` without a greeting."""

    summary: str | None
    reply: str | None
    sources: list[dict[str, Any]]


class Retelling:
    """One per process, where there is a model: `start()` it in the event loop that serves."""

    def __init__(self, database: Database, parts: Parts) -> None:
        self._database = database
        self._parts = parts
        self._looking: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        if self._parts.llm is not None:
            self._looking = asyncio.create_task(self._look(self._parts.llm), name="summaries")

    async def stop(self) -> None:
        tasks = [*self._running, *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, llm: LanguageModel) -> None:
        while True:
            try:
                for handoff_id in await self._database.run(self._claim, AT_ONCE - len(self._running)):
                    task = asyncio.create_task(self._retell(handoff_id, llm), name=f"summary of {handoff_id}")
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
            except Exception as error:  # the next look tries again
                log.warning("handoffs without a summary could not be looked for: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _retell(self, handoff_id: str, llm: LanguageModel) -> None:
        told, name = _Told(None, None, []), None
        try:
            matter = await self._database.run(self._read, handoff_id)
            name = matter.case.name
            told = await self._told(matter, llm)
        except Exception:
            log.exception("the model's summary of %s failed; the one without it stays", handoff_id)
        with contextlib.suppress(Exception):
            await self._database.run(self._keep, handoff_id, told, name)

    async def _told(self, matter: _Matter, llm: LanguageModel) -> _Told:
        summary = None
        if not matter.case.question:  # nothing was said yet that a model could tell better
            return _Told(None, None, [])
        try:
            summary = await tell_summary(matter.case, llm, self._parts.embedder)
        except ModelError as error:
            log.warning("the summary of %s stays without the model: %s", matter.handoff_id, error)
        reply, hits = await self._reply(matter, llm)
        return _Told(summary, reply, sources(hits))

    async def _reply(self, matter: _Matter, llm: LanguageModel) -> tuple[str | None, list[Hit]]:
        """The answer as the bot would give it, drafted from what was found without the articles that did not help."""
        history = matter.case.said[:-1]
        question = await asyncio.to_thread(understand, matter.case.question, ())
        found = await asyncio.to_thread(
            self._parts.search.find, question.query, viewer=matter.viewer, limit=10, locale=matter.locale, without=matter.passed_over
        )  # fmt: skip
        if not found.hits or not found.relevant:
            return None, []
        text = ""
        hits: list[Hit] = []
        language = found.hits[0].language
        try:
            async for sentence in tell(
                question, history, found.passages, llm, language, self._parts.embedder
            ):
                text += tame(sentence.text, self._parts.own_hosts(), text)
                hits += sentence.hits
        except (NoAnswer, ModelError) as error:
            log.info("no reply was drafted for %s: %s", matter.handoff_id, error)
            return None, []
        return (from_model(text, hits), hits) if hits else (None, [])

    def _claim(self, most: int) -> list[str]:
        due = (
            Handoff.status.in_(OPEN_HANDOFF),
            Handoff.summary_by == "extract",
            Handoff.created_at > now() - NEWER_THAN,
        )
        query = select(Handoff.id).where(*due).order_by(Handoff.rank, Handoff.created_at).limit(max(0, most))
        with self._database.read() as session:
            waiting = list(session.scalars(query))
        if not waiting:
            return []
        with self._database.write() as session:
            return [
                id
                for id in waiting
                if session.execute(
                    update(Handoff)
                    .where(Handoff.id == id, Handoff.summary_by == "extract")
                    .values(summary_by="asking")
                ).rowcount  # type: ignore[attr-defined]
            ]

    def _read(self, handoff_id: str) -> _Matter:
        with self._database.read() as session:
            handoff = session.get_one(Handoff, handoff_id)
            conversation = session.get_one(Conversation, handoff.conversation_id)
            turns = turns_of(session, conversation.id)
            case = case_of(session, conversation, turns, tuple(handoff.reasons), handoff.question)
            vain = {one.sources[0]["article_id"] for one in case.tries if one.failed and one.sources}
            viewer = Viewer(proven_customer=conversation.proven)
            return _Matter(
                handoff_id, case, viewer, conversation.locale, handoff.language, tuple(sorted(vain))
            )

    def _keep(self, handoff_id: str, told: _Told, name: str | None) -> None:
        """`name`: the customer's. In one transaction with the event that refreshes an open packet."""
        with self._database.write() as session:
            conversation_id = session.scalar(select(Handoff.conversation_id).where(Handoff.id == handoff_id))
            conversation = locked(session, conversation_id) if conversation_id else None
            if conversation is None:
                return
            handoff = session.get_one(Handoff, handoff_id, with_for_update=True)
            handoff.summary_by = "model" if told.summary else "kept"
            if told.summary:
                handoff.summary = hide(told.summary, NOT_FOR_AGENTS)
            if told.reply:
                handoff.suggested_reply = greeted(told.reply, name, handoff.language, conversation.locale)
                handoff.sources_tried = with_sources(
                    handoff.sources_tried, told.sources, handoff.suggested_reply
                )
            session.flush()
            if told.summary or told.reply:
                payload = {"handoff_id": handoff.id, "conversation_id": conversation.id}
                publish(session, INBOX, "packet", payload | {"item": line(session, handoff)})
