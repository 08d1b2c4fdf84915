"""Running turns: who runs which, what of it is shown, and that each one ends, whatever happens to a process.

A turn is a leased row: one runs at a time in a conversation, a message that comes before anything of it is shown joins it,
and what a dead process left is finished by the next one. What a turn is: `turn.py`; how it is saved: `ending.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot import words
from bot.answer import Sentence
from bot.brief import Brief
from bot.ending import ended, outdated, relay, save, words_for
from bot.languages import spoken
from bot.moods import Sentiment
from bot.turn import ONLY_FILES, Asked, Outcome, Parts, Stage, remembered, take_turn
from bot.understand import Said
from escalation import handoff as handoffs
from help_center.articles import read_at
from help_center.conversations import (
    AGENT,
    CLOSED,
    WAITING,
    Conversation,
    Feedback,
    Message,
    TurnRow,
    locked,
)
from help_center.database import Database, now
from help_center.people import Viewer
from help_center.web import Problem

log = logging.getLogger(__name__)
LEASE_SECONDS = 6.0
SWEEP_SECONDS = 2.0
MOST_ATTEMPTS = 3
WAIT_SECONDS = 120.0  # a caller waits this long for a turn; the turn itself goes on
HISTORY = 20  # messages that a turn looks back on


class Joined(Exception):
    """Another message joined the running turn before anything of it was shown: it starts again with both."""


class Silenced(Exception):
    """A person was called before anything of the running turn was shown: they will answer it."""


@dataclass
class _Channel:
    """What a running turn shows, for those who follow it in this process."""

    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, event: str, data: dict[str, Any]) -> None:
        self.frames.append((event, data))
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass(frozen=True)
class _Claimed:
    """A turn that this process holds, with what it starts from."""

    turn_id: str
    version: int
    attempts: int
    asked: Asked
    files: bool = False  # something was sent with it that the bot does not read


class Turns:
    """One per process. `start()` it in the event loop that serves."""

    def __init__(self, database: Database, parts: Parts) -> None:
        self._database = database
        self._parts = parts
        self._worker = secrets.token_hex(8)
        self._working: dict[str, asyncio.Task[None]] = {}  # conversation -> the task that runs its turns
        self._channels: dict[str, _Channel] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._sweeper = asyncio.create_task(self._sweep(), name="turn sweeper")

    async def stop(self) -> None:
        """Lets running turns finish for a moment; what is left is finished by another process, or after the restart."""
        if self._sweeper:
            self._sweeper.cancel()
        tasks = [task for task in self._working.values() if not task.done()]
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=5)
            for task in left:
                task.cancel()

    async def result(self, conversation_id: str, turn_id: str) -> dict[str, Any]:
        """The Turn, as soon as it is there, whoever computes it."""
        async for event, data in self.follow(conversation_id, turn_id):
            if event == "turn":
                return data
            if event == "error":
                raise Problem(data["status"], data["detail"])
        raise Problem(503, "the answer takes longer than it should; it will appear in the conversation.")

    async def follow(self, conversation_id: str, turn_id: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """`stage`, `delta` and at last `turn` of a turn. Deltas only where this process computes it."""
        row = await self._database.run(self._result, turn_id)
        if row is not None:
            yield "turn", row
            return
        channel = self._channels.setdefault(turn_id, _Channel())
        self._kick(conversation_id)
        end = time.monotonic() + WAIT_SECONDS
        seen = 0
        while time.monotonic() < end:
            changed = channel.changed
            while seen < len(channel.frames):
                event, data = channel.frames[seen]
                seen += 1
                yield event, data
                if event in {"turn", "error"}:
                    return
            # another process may be running it: its result is in the database
            wait = 1.0 if channel.frames else 0.1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), wait)
                continue
            row = await self._database.run(self._result, turn_id)
            if row is not None:
                self._channels.pop(turn_id, None)
                yield "turn", row
                return
            self._kick(conversation_id)
        self._channels.pop(turn_id, None)
        yield (
            "error",
            Problem(
                503, "the answer takes longer than it should; it will appear in the conversation."
            ).json(),
        )

    def _result(self, turn_id: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            turn = session.get(TurnRow, turn_id)
            return turn.result if turn is not None else None

    def _kick(self, conversation_id: str) -> None:
        """Sees to it that somebody runs what is due in this conversation."""
        task = self._working.get(conversation_id)
        if task is None or task.done():
            task = asyncio.create_task(self._work(conversation_id), name=f"turns of {conversation_id}")
            self._working[conversation_id] = task
            task.add_done_callback(lambda done: self._forget(conversation_id, done))

    def _forget(self, conversation_id: str, done: asyncio.Task[None]) -> None:
        if self._working.get(conversation_id) is done:  # else the next one has taken its place already
            del self._working[conversation_id]

    async def _work(self, conversation_id: str) -> None:
        try:
            while (claimed := await self._database.run(self._claim, conversation_id)) is not None:
                await self._run(conversation_id, claimed)
        except Exception:
            log.exception("the turns of %s could not be run; they will be tried again", conversation_id)

    async def _run(self, conversation_id: str, claimed: _Claimed) -> None:
        channel = self._channels.setdefault(claimed.turn_id, _Channel())
        heart = asyncio.create_task(self._keep_lease(claimed.turn_id))
        try:
            if claimed.attempts > MOST_ATTEMPTS:
                outcome: Outcome | None = _given_up(claimed.asked)
            else:
                outcome = await self._compute(claimed, channel)
            assert outcome is not None
            result = await self._database.run(self._finish, conversation_id, claimed, outcome)
            channel.send("turn", result)
        except Silenced:
            relayed = await self._database.run(self._silence, conversation_id, claimed)
            if relayed is not None:
                channel.send("turn", relayed)
        except Joined:  # the next claim takes the same turn, with every message
            await self._database.run(self._forgive, claimed.turn_id)
        except Exception as error:
            log.exception("turn %s failed, attempt %d", claimed.turn_id, claimed.attempts)
            await self._database.run(self._let_go, claimed.turn_id)
            if claimed.attempts <= MOST_ATTEMPTS:
                await asyncio.sleep(0.2 * claimed.attempts)
            else:
                channel.send(
                    "error", Problem(503, "this could not be answered now; please try again.").json()
                )
                raise error
        finally:
            heart.cancel()
            if channel.frames and channel.frames[-1][0] in {"turn", "error"}:
                self._channels.pop(claimed.turn_id, None)

    async def _compute(self, claimed: _Claimed, channel: _Channel) -> Outcome:
        if claimed.files and not claimed.asked.text:
            return _only_files(claimed.asked)
        shown = bool(claimed.asked.shown)
        outcome: Outcome | None = None
        async with contextlib.aclosing(take_turn(claimed.asked, self._parts)) as turn:  # type: ignore[type-var]
            async for step in turn:
                match step:
                    case Stage(name):
                        channel.send("stage", {"stage": name})
                    case Sentence(text):
                        await self._database.run(self._mark_shown, claimed, text, not shown)
                        shown = True
                        channel.send("delta", {"text": text})
                    case Outcome():
                        outcome = step
        assert outcome is not None
        if claimed.files and outcome.action != "escalate":  # a person will see them
            said = words.in_language(spoken(claimed.asked.text), claimed.asked.locale)
            outcome = replace(outcome, text=f"{outcome.text}\n\n{said.files_unread}")
        return outcome

    def _claim(self, conversation_id: str) -> _Claimed | None:
        """Takes the conversation's next turn, or one whose process has died; None when nothing is due here."""
        with self._database.read() as session:
            due = select(TurnRow.id).where(
                TurnRow.conversation_id == conversation_id, TurnRow.status != "done"
            )
            if session.scalar(due.limit(1)) is None:
                return None
        with self._database.write() as session:
            conversation = locked(session, conversation_id)
            if conversation is None:
                return None
            rows = session.scalars(
                select(TurnRow)
                .where(TurnRow.conversation_id == conversation_id, TurnRow.status != "done")
                .order_by(TurnRow.created_at, TurnRow.id)
            ).all()
            running = next((row for row in rows if row.status == "running"), None)
            if (
                running is not None
                and running.worker != self._worker
                and (running.lease_until or now()) > now()
            ):
                return None
            turn = running or (rows[0] if rows else None)
            if turn is None:
                return None
            turn.status = "running"
            turn.worker = self._worker
            turn.lease_until = now() + timedelta(seconds=LEASE_SECONDS)
            turn.attempts += 1
            asked = self._asked(session, conversation, turn)
            sent = session.scalars(select(Message.files).where(Message.turn_id == turn.id))
            return _Claimed(turn.id, turn.version, turn.attempts, asked, any(sent))

    def _asked(self, session: Session, conversation: Conversation, turn: TurnRow) -> Asked:
        here = select(Message).where(Message.conversation_id == conversation.id)
        messages = list(session.scalars(here.where(Message.turn_id == turn.id).order_by(Message.position)))
        mine = [m.text for m in messages if m.role == "customer" and m.text]
        first = min((m.position for m in messages), default=0)
        # an answer to an earlier message may have come after this one was written; what was written later has not
        before = here.where(
            Message.turn_id.is_distinct_from(turn.id), Message.role != "system", Message.text != "",
            (Message.position < first) | (Message.role == "assistant"),
        )  # fmt: skip
        known = list(session.scalars(before.order_by(Message.position.desc()).limit(HISTORY)))[::-1]
        history = tuple(Said(m.role, m.text) for m in known)
        ended = handoffs.last_end(session, conversation.id)
        settled = sum(m.created_at <= ended for m in known) if ended else 0
        helped = (
            select(Feedback.message_id)
            .join(Message, Message.id == Feedback.message_id)
            .where(Message.turn_id == TurnRow.id, Feedback.helpful.is_(True))
        )
        earlier = session.execute(
            select(TurnRow.id, TurnRow.action, TurnRow.reasons, helped.exists())
            .where(
                TurnRow.conversation_id == conversation.id,
                TurnRow.status == "done",
                TurnRow.action.is_not(None),
            )
            .order_by(TurnRow.created_at, TurnRow.id)
        )
        viewer = Viewer(proven_customer=conversation.proven)
        said = {m.turn_id: m.text for m in known if m.role == "customer"}
        actions = tuple(
            remembered(action, reasons, said.get(id, ""), helpful)
            for id, action, reasons, helpful in earlier.tuples()
            if action
        )
        asked_back: tuple[tuple[str, ...], ...] = ()
        if "clarify" in actions:
            records = session.scalars(
                select(TurnRow.record)
                .where(TurnRow.conversation_id == conversation.id, TurnRow.action == "clarify")
                .order_by(TurnRow.created_at, TurnRow.id)
            )
            asked_back = tuple(
                tuple((record or {}).get("signals", {}).get("rivals", ())) for record in records
            )
        return Asked(
            "\n".join(mine), history, actions, conversation.locale, viewer, turn.shown_text, asked_back, settled,
            read_at(session, conversation.page_url, viewer),
        )  # fmt: skip

    def _mark_shown(self, claimed: _Claimed, text: str, first: bool) -> None:
        """Notes that `text` is about to be shown; raises Joined when a message came before the first of it, and
        Silenced when a person was called before it."""
        mine = (TurnRow.id == claimed.turn_id) & (TurnRow.worker == self._worker)
        if first:
            mine = mine & (TurnRow.version == claimed.version)
        with self._database.write() as session:
            if first:
                conversation = locked(session, session.get_one(TurnRow, claimed.turn_id).conversation_id)
                if conversation is not None and conversation.status in {WAITING, AGENT}:
                    raise Silenced
            done = session.execute(
                update(TurnRow).where(mine).values(shown=True, shown_text=TurnRow.shown_text + text)
            )
            if done.rowcount != 1:  # type: ignore[attr-defined]
                raise Joined

    def _finish(self, conversation_id: str, claimed: _Claimed, outcome: Outcome) -> dict[str, Any]:
        def write(brief: Brief | None, last: bool) -> dict[str, Any] | None:
            return self._finished(conversation_id, claimed, outcome, brief, last=last)

        return ended(self._database, conversation_id, outcome, write, turn_id=claimed.turn_id)

    def _finished(
        self, conversation_id: str, claimed: _Claimed, outcome: Outcome, brief: Brief | None, *, last: bool
    ) -> dict[str, Any] | None:
        """None where the brief is not of what stands there now and it is not the `last` try."""
        with self._database.write() as session:
            conversation = locked(session, conversation_id)
            turn = session.get(TurnRow, claimed.turn_id, with_for_update=True)
            if conversation is None or turn is None or turn.worker != self._worker or turn.status == "done":
                raise Joined
            if not turn.shown and turn.version != claimed.version:
                raise Joined
            if conversation.status in {WAITING, AGENT} and not turn.shown:
                # the button was pressed meanwhile: a person will read this, the bot stays silent
                return relay(session, conversation, turn, outcome.sentiment)
            if (
                conversation.status == CLOSED
                and outcome.action == "escalate"
                and "requested_human" not in outcome.reasons
            ):
                # the customer has left: nobody is called for them, and nothing is promised
                text = "\n\n".join(filter(None, [turn.shown_text, words_for(session, conversation).not_sure]))
                outcome = replace(outcome, action="offer", text=text)
            if outcome.action == "escalate" and not last and outdated(session, conversation, brief):
                return None
            return save(session, conversation, turn, outcome, None, brief)

    def _silence(self, conversation_id: str, claimed: _Claimed) -> dict[str, Any] | None:
        mood = self._parts.feelings.read(claimed.asked.text)
        with self._database.write() as session:
            conversation = locked(session, conversation_id)
            turn = session.get(TurnRow, claimed.turn_id, with_for_update=True)
            if conversation is None or turn is None or turn.worker != self._worker or turn.status == "done":
                return None
            return relay(session, conversation, turn, mood)

    def _forgive(self, turn_id: str) -> None:
        """An attempt that another message ended was no failure."""
        mine = (TurnRow.id == turn_id) & (TurnRow.worker == self._worker) & (TurnRow.status != "done")
        with self._database.write() as session:
            session.execute(update(TurnRow).where(mine).values(attempts=TurnRow.attempts - 1))

    def _let_go(self, turn_id: str) -> None:
        with self._database.write() as session:
            session.execute(
                update(TurnRow)
                .where(TurnRow.id == turn_id, TurnRow.worker == self._worker)
                .values(lease_until=now())
            )

    async def _keep_lease(self, turn_id: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with contextlib.suppress(Exception):
                await self._database.run(self._renew, turn_id)

    def _renew(self, turn_id: str) -> None:
        with self._database.write() as session:
            until = now() + timedelta(seconds=LEASE_SECONDS)
            mine = (TurnRow.id == turn_id) & (TurnRow.worker == self._worker) & (TurnRow.status == "running")
            session.execute(update(TurnRow).where(mine).values(lease_until=until))

    async def _sweep(self) -> None:
        """Finds turns that nobody runs: left by a dead process, or never begun."""
        while True:
            try:
                for conversation_id in await self._database.run(self._orphans):
                    self._kick(conversation_id)
            except Exception as error:
                log.warning("the sweep for unanswered messages failed: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)

    def _orphans(self) -> list[str]:
        with self._database.read() as session:
            left = (TurnRow.status == "running") & (TurnRow.lease_until < now())
            idle = (TurnRow.status == "pending") & (
                TurnRow.created_at < now() - timedelta(seconds=LEASE_SECONDS)
            )
            return list(
                session.scalars(select(TurnRow.conversation_id).where(or_(left, idle)).distinct().limit(100))
            )


def _only_files(asked: Asked) -> Outcome:
    """Nothing but files was sent, which the bot does not read: it says so, and offers a person."""
    written = [said.text for said in asked.history if said.role == "customer"]
    said = words.in_language(spoken(written[-1]) if written else None, asked.locale)
    return Outcome(
        "offer", (ONLY_FILES,), said.files_unread, [], None, Sentiment("neutral", 0.0), "", [], "", {},
        {"total": 0.0},
    )  # fmt: skip


def _given_up(asked: Asked) -> Outcome:
    """The turn has failed again and again: a person gets it, never silence."""
    reasons = ("low_confidence",)
    text = (asked.shown + "\n\n" if asked.shown else "") + words.in_language(
        spoken(asked.text), asked.locale
    ).handed_over(reasons)
    return Outcome(
        "escalate", reasons, text, [], None, Sentiment("neutral", 0.0), asked.text, [], "", {}, {"total": 0.0},
    )  # fmt: skip
