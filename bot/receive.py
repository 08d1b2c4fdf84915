"""Everything that happens to a conversation from the customer's side: the one place with effects.

A message is saved before anything else. A turn is a leased row: one runs at a time in a conversation, a message that
comes before anything of it is shown joins it, and what a dead process left is finished by the next one. Where a
person holds the conversation, the message is passed on and the bot stays silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot import words
from bot.answer import Sentence
from bot.brief import Brief, brief_of
from bot.languages import spoken
from bot.moods import Sentiment
from bot.turn import ONLY_FILES, Asked, Outcome, Parts, Stage, remembered, take_turn
from bot.understand import Said
from escalation import handoff as handoffs
from escalation.hours import is_open, opens_at
from escalation.notify import can_email
from escalation.policies import desk_settings
from escalation.seen import line
from escalation.surveys import Ended, asks_csat, asks_nps
from escalation.waits import office_hours, outlook, place, status_json
from help_center.articles import read_at
from help_center.conversations import (
    AGENT,
    BOT,
    CLOSED,
    WAITING,
    Conversation,
    Feedback,
    Handoff,
    Message,
    TurnRow,
    add_message,
    last_position,
    locked,
    message_json,
    messages_of,
    open_handoff,
    set_status,
    topic,
)
from help_center.database import Database, iso, new_id, now
from help_center.files import File, send, uploaded
from help_center.live import INBOX, Live, publish
from help_center.masking import hide
from help_center.people import Customer, Viewer, proven_id
from help_center.receipts import CUSTOMER, mark_read, read_json
from help_center.site import Site
from help_center.web import Problem

log = logging.getLogger(__name__)
LEASE_SECONDS = 6.0
SWEEP_SECONDS = 2.0
MOST_ATTEMPTS = 3
WAIT_SECONDS = 120.0  # a caller waits this long for a turn; the turn itself goes on
BRIEFS = 3  # tries to sum up a conversation in which something is added meanwhile; then the last one counts
HISTORY = 20  # messages that a turn looks back on
SAME_SITTING = timedelta(hours=1)  # a stranger's conversation can be taken along into an account for so long
MOST_NOTES = 40_000  # characters that are kept of what a customer writes at the button, in all


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


class Reception:
    """One per process. `start()` it in the event loop that serves; the other methods work from any request."""

    def __init__(self, database: Database, live: Live, parts: Parts, site: Callable[[], Site] = Site) -> None:
        self._database = database
        self._site = site
        self._live = live
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

    # --- what customers do ---------------------------------------------------------------------------------

    def create(
        self,
        *,
        customer: dict[str, Any] | None = None,
        locale: str | None = None,
        page_url: str | None = None,
        channel: str = "api",
        proven: bool = False,
    ) -> Conversation:
        told = customer or {}
        with self._database.write() as session:
            person = _person(session, proven_id(told["id"]) if proven else new_id("cust"), told)
            conversation = Conversation(
                id=new_id("conv"), customer_id=person.id, locale=locale, page_url=hide(page_url) if page_url else None, channel=channel,
                greeting=self._site().greeting(locale) or words.in_language(locale, self._site().default_language).greeting, proven=proven, status=BOT,
            )  # fmt: skip
            session.add(conversation)
            return conversation

    def show(self, conversation_id: str) -> dict[str, Any]:
        """The conversation as its customer sees it. Raises a 404 Problem."""
        with self._database.read() as session:
            conversation = self._known(session.get(Conversation, conversation_id))
            handoff = open_handoff(session, conversation_id)
            hours = office_hours(session, handoff.team_id if handoff else None)
            waiting = outlook(session, handoff) if handoff else None
            ended = _ended(session, conversation)
            return {
                "id": conversation.id,
                "status": conversation.status,
                "greeting": conversation.greeting,
                "created_at": iso(conversation.created_at),
                "messages": [message_json(message) for message in messages_of(session, conversation_id)],
                "read": read_json(session, conversation),
                "handoff": place(session, handoff) if handoff else None,
                "email": conversation.contact_email,
                "may_mail_transcript": can_email() and own_address(session, conversation) is not None,
                "may_leave_email": bool(waiting and waiting.worth_an_email and can_email()),
                "opens_at": iso(opens_at(hours, now())),
                "ask": {
                    "csat": asks_csat(ended),
                    "nps": asks_nps(ended, desk_settings(session), now()),
                },
                "rating": {"csat": conversation.csat, "nps": conversation.nps}
                if conversation.rated_at
                else None,
            }

    def status(self, conversation_id: str) -> str:
        """Raises a 404 Problem."""
        with self._database.read() as session:
            return self._known(session.get(Conversation, conversation_id)).status

    def accept(
        self, conversation_id: str, text: str, client_id: str | None = None, files: Sequence[str] = ()
    ) -> str:
        """Saves a message, and says which turn answers it. The same `client_id` again saves nothing. Card numbers, keys
        and passwords are never saved: what is kept, shown and answered is the text without them. `files`: ids of what
        was uploaded to this conversation; with some, the text may be empty.

        Raises a 404 Problem for an unknown conversation, a 422 for a file that cannot be sent. What was saved is
        answered, whatever happens to the caller.
        """
        text = hide(text)
        passed_on = self.status(conversation_id) in {WAITING, AGENT}
        mood = self._parts.feelings.read(text) if passed_on else None  # not inside of the write
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if client_id is not None:
                same = (Message.conversation_id == conversation_id) & (Message.client_id == client_id)
                known = session.scalar(select(Message.turn_id).where(same))
                if known is not None:
                    return known
            sent = uploaded(session, conversation, list(files))
            if conversation.status == CLOSED:
                set_status(session, conversation, BOT)
            if conversation.status in {WAITING, AGENT}:
                return self._pass_on(session, conversation, text, client_id, sent, mood)
            turn = session.scalar(
                select(TurnRow)
                .where(
                    TurnRow.conversation_id == conversation_id,
                    TurnRow.status != "done",
                    TurnRow.shown.is_(False),
                )
                .order_by(TurnRow.created_at.desc())
                .with_for_update()
            )
            if turn is None:
                turn = TurnRow(
                    id=new_id("turn"), conversation_id=conversation_id, status="pending", reasons=[]
                )
                session.add(turn)
                session.flush()
            else:
                turn.version += 1
            _said(session, conversation, text, client_id, turn.id, sent)
            return turn.id

    def known_turn(self, conversation_id: str, client_id: str) -> str | None:
        """The turn of a message that was sent before, by its `client_id`."""
        same = (Message.conversation_id == conversation_id) & (Message.client_id == client_id)
        with self._database.read() as session:
            return session.scalar(select(Message.turn_id).where(same))

    def escalate(
        self, conversation_id: str, note: str | None = None, contact: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The button: a person was asked for. Pressed again, it gives the same Turn."""
        note = hide(note) if note else None
        outcome = Outcome(
            "escalate", ("requested_human",), "", [], None, Sentiment("neutral", 0.0), note or "", [], "", {},
            {"total": 0.0},
        )  # fmt: skip
        if contact:
            with self._database.write() as session:
                conversation = self._known(locked(session, conversation_id))
                _introduced(session, conversation, contact.get("name"), contact.get("email"))
                conversation.contact_email = contact.get("email") or conversation.contact_email
        result = None
        for left in reversed(range(BRIEFS)):
            if result is None:
                brief = self._briefed(conversation_id, outcome, note)
                result = self._escalated(conversation_id, outcome, note, brief, last=not left)
        assert result is not None
        return result

    def _escalated(
        self, conversation_id: str, outcome: Outcome, note: str | None, brief: Brief | None, *, last: bool
    ) -> dict[str, Any] | None:
        """None where the brief is not of what stands there now and it is not the `last` try."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if not last and _outdated(session, conversation, brief):
                return None
            waiting = open_handoff(session, conversation_id)
            if waiting is not None:
                if note and len(waiting.customer_note or "") + len(note) > MOST_NOTES:
                    raise Problem(422, "note: there are many notes already; write it as a message instead.")
                handoffs.open_handoff(
                    session, conversation, reasons=["requested_human"], question="", summary="", sources_tried=[],
                    suggested_reply="", language=None, customer_note=note,
                )  # fmt: skip
                query = select(TurnRow).where(TurnRow.handoff_id == waiting.id, TurnRow.action == "escalate")
                turn = session.scalar(query.order_by(TurnRow.created_at))
                if turn is not None and turn.result is not None:
                    return {
                        **turn.result,
                        "conversation": {"id": conversation.id, "status": conversation.status},
                    }
            if conversation.status == CLOSED:
                set_status(session, conversation, BOT)
            turn = TurnRow(
                id=new_id("turn"), conversation_id=conversation_id, status="running", reasons=[], shown=True
            )
            session.add(turn)
            session.flush()
            outcome = replace(outcome, text=_words(session, conversation).handed_over(outcome.reasons))
            return self._save(session, conversation, turn, outcome, note, brief)

    def identify(self, conversation_id: str, customer: dict[str, Any]) -> None:
        """The site vouches for whoever began this as a stranger: it is theirs from now on. Raises a 409 Problem for
        another customer's conversation, and for one that was left alone: it may be somebody else's on a shared computer.
        """
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            theirs = proven_id(customer["id"])
            if conversation.proven and conversation.customer_id != theirs:
                raise Problem(409, "this conversation is another customer's: begin a new one.")
            if not conversation.proven and now() - conversation.updated_at > SAME_SITTING:
                raise Problem(409, "whoever began this conversation may have left: begin a new one.")
            stranger = session.get_one(Customer, conversation.customer_id)
            said = {"name": stranger.name, "email": stranger.email, "attributes": stranger.attributes}
            person = _person(session, theirs, said | {key: value for key, value in customer.items() if value})
            if person is stranger:
                return
            conversation.customer_id, conversation.proven = person.id, True
            session.flush()
            session.delete(stranger)  # of this conversation only: an unproven row is never shared
            handoff = open_handoff(session, conversation_id)
            if handoff is not None:
                session.flush()
                publish(session, INBOX, "handoff", line(session, handoff))

    def contact(self, conversation_id: str, email: str | None, name: str | None) -> None:
        """Where agents' replies go, too; None: nowhere but here. A name that was not known is kept."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            customer = session.get_one(Customer, conversation.customer_id)
            conversation.contact_email = email
            customer.email = customer.email or email  # what the site has said about its customer stays
            customer.name = customer.name or name
            handoff = open_handoff(session, conversation_id)
            session.flush()
            publish(session, topic(conversation_id), "status", status_json(session, conversation, handoff))
            if handoff is not None:
                publish(session, INBOX, "handoff", line(session, handoff))

    def resume(self, conversation_id: str) -> None:
        """While it waits: back to the bot. Nothing happens when the bot has it already."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if conversation.status == AGENT:
                raise Problem(409, "a person has this conversation; ask them to give it back.")
            handoffs.resume_by_customer(session, conversation)

    def close(self, conversation_id: str) -> None:
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if conversation.status != CLOSED:
                handoffs.close_by_customer(session, conversation)
                set_status(session, conversation, CLOSED)

    def typing(self, conversation_id: str, on: bool) -> None:
        with self._database.write() as session:
            conversation = self._known(session.get(Conversation, conversation_id))
            handoff = open_handoff(session, conversation_id)
            if handoff is not None:
                customer = session.get_one(Customer, conversation.customer_id)
                handoffs.publish_typing(session, handoff, role="customer", name=customer.name, on=on)

    def read(self, conversation_id: str, message_id: str) -> None:
        """The customer has seen everything up to this message."""
        with self._database.write() as session:
            self._known(session.get(Conversation, conversation_id))
            mark_read(session, conversation_id, CUSTOMER, message_id)

    def rate(self, conversation_id: str, csat: int | None, nps: int | None, comment: str | None) -> None:
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if asks_nps(_ended(session, conversation), desk_settings(session), now()):
                # the question follows the first word: this customer has been asked
                conversation.asked_nps = True
                session.get_one(Customer, conversation.customer_id).nps_asked_at = now()
            conversation.csat = csat if csat is not None else conversation.csat
            conversation.nps = nps if nps is not None else conversation.nps
            conversation.rating_comment = hide(comment or "") or conversation.rating_comment
            conversation.rated_at = now()

    def feedback(self, conversation_id: str, message_id: str, helpful: bool, comment: str | None) -> None:
        with self._database.write() as session:
            message = session.get(Message, message_id)
            if message is None or message.conversation_id != conversation_id or message.role != "assistant":
                raise Problem(404, "there is no such answer in this conversation.")
            comment = hide(comment) if comment else None
            session.merge(Feedback(message_id=message_id, helpful=helpful, comment=comment, created_at=now()))

    # --- waiting for a turn --------------------------------------------------------------------------------

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

    # --- running turns -------------------------------------------------------------------------------------

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
        earlier = session.execute(
            select(TurnRow.action, TurnRow.reasons)
            .where(
                TurnRow.conversation_id == conversation.id,
                TurnRow.status == "done",
                TurnRow.action.is_not(None),
            )
            .order_by(TurnRow.created_at, TurnRow.id)
        )
        viewer = Viewer(proven_customer=conversation.proven)
        actions = tuple(remembered(action, reasons) for action, reasons in earlier.tuples() if action)
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

    def _briefed(
        self, conversation_id: str, outcome: Outcome, note: str | None = None, turn_id: str | None = None
    ) -> Brief | None:
        """What the handoff of this outcome opens with, read before the write that opens it; None where there is none."""
        if outcome.action != "escalate":
            return None
        with self._database.read() as session:
            conversation = session.get(Conversation, conversation_id)
            turn = session.get(TurnRow, turn_id) if turn_id else TurnRow(id=new_id("turn"), created_at=now())
            if conversation is None or turn is None:
                return None
            if turn_id is None and open_handoff(session, conversation_id) is not None:  # it has its brief
                return Brief("", "", [], "", last_position(session, conversation_id))
            return brief_of(session, conversation, turn, outcome, note)

    def _finish(self, conversation_id: str, claimed: _Claimed, outcome: Outcome) -> dict[str, Any]:
        result = None
        for left in reversed(range(BRIEFS)):
            if result is None:
                brief = self._briefed(conversation_id, outcome, turn_id=claimed.turn_id)
                result = self._finished(conversation_id, claimed, outcome, brief, last=not left)
        assert result is not None
        return result

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
                return self._relay(session, conversation, turn, outcome.sentiment)
            if (
                conversation.status == CLOSED
                and outcome.action == "escalate"
                and "requested_human" not in outcome.reasons
            ):
                # the customer has left: nobody is called for them, and nothing is promised
                text = "\n\n".join(filter(None, [turn.shown_text, _words(session, conversation).not_sure]))
                outcome = replace(outcome, action="offer", text=text)
            if outcome.action == "escalate" and not last and _outdated(session, conversation, brief):
                return None
            return self._save(session, conversation, turn, outcome, None, brief)

    def _silence(self, conversation_id: str, claimed: _Claimed) -> dict[str, Any] | None:
        mood = self._parts.feelings.read(claimed.asked.text)
        with self._database.write() as session:
            conversation = locked(session, conversation_id)
            turn = session.get(TurnRow, claimed.turn_id, with_for_update=True)
            if conversation is None or turn is None or turn.worker != self._worker or turn.status == "done":
                return None
            return self._relay(session, conversation, turn, mood)

    def _save(
        self,
        session: Session,
        conversation: Conversation,
        turn: TurnRow,
        outcome: Outcome,
        note: str | None,
        brief: Brief | None,
    ) -> dict[str, Any]:
        """The end of a turn, in one transaction: message, handoff, events and the Turn itself."""
        if outcome.action == "escalate":
            assert brief is not None
            handoff = handoffs.open_handoff(
                session, conversation, reasons=list(outcome.reasons), question=brief.question,
                summary=brief.summary, sources_tried=brief.sources_tried,
                suggested_reply=brief.suggested_reply, language=outcome.language or conversation.locale,
                customer_note=note,
            )  # fmt: skip
            turn.handoff_id = handoff.id
            outcome = _told_when_closed(session, conversation, handoff, outcome)
        message = add_message(
            session,
            conversation,
            "assistant",
            outcome.text,
            author="Assistant",
            turn_id=turn.id,
            sources=outcome.sources,
            choices=outcome.choices,
        )
        turn.message_id = message.id
        record = outcome.record | {
            "sources_tried": outcome.sources_tried, "suggested_reply": outcome.suggested_reply,
            "sentiment": outcome.sentiment.label,
        }  # fmt: skip
        return _done(
            turn, conversation, outcome.action, outcome.confidence, outcome.sentiment, outcome.reasons,
            message_json(message), record, outcome.timings_ms,
        )  # fmt: skip

    def _pass_on(
        self,
        session: Session,
        conversation: Conversation,
        text: str,
        client_id: str | None,
        files: list[File],
        mood: Sentiment | None,
    ) -> str:
        """A message while a person has the conversation, or will have it. `mood`: None where that was not known before."""
        turn = TurnRow(
            id=new_id("turn"), conversation_id=conversation.id, status="running", reasons=[], shown=True
        )
        session.add(turn)
        session.flush()
        message = _said(session, conversation, text, client_id, turn.id, files)
        handoff = open_handoff(session, conversation.id)
        if handoff is not None:
            handoffs.customer_wrote(session, handoff, message)
        self._relay(session, conversation, turn, mood or self._parts.feelings.read(text))
        return turn.id

    def _relay(
        self, session: Session, conversation: Conversation, turn: TurnRow, sentiment: Sentiment
    ) -> dict[str, Any]:
        handoff = open_handoff(session, conversation.id)
        turn.handoff_id = handoff.id if handoff else None
        if handoff is not None and sentiment.label == "negative":
            handoffs.raise_priority(session, handoff, "negative_sentiment")
        return _done(turn, conversation, "relay", None, sentiment, (), None, None, {"total": 0.0})

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

    @staticmethod
    def _known(conversation: Conversation | None) -> Conversation:
        if conversation is None:
            raise Problem(404, "there is no such conversation.")
        return conversation


def _said(
    session: Session,
    conversation: Conversation,
    text: str,
    client_id: str | None,
    turn_id: str,
    files: list[File],
) -> Message:
    """The customer's message, with what was uploaded for it."""
    id = new_id("msg")
    return add_message(
        session, conversation, "customer", text, id=id, client_id=client_id, turn_id=turn_id,
        files=send(files, id),
    )  # fmt: skip


def _person(session: Session, row_id: str, told: dict[str, Any]) -> Customer:
    """The customer's row, made at the first time; what is told of them now counts."""
    person = session.get(Customer, row_id)
    if person is None:
        person = Customer(id=row_id, external_id=told.get("id"), attributes={})
        session.add(person)
    person.name = told.get("name") or person.name
    person.email = told.get("email") or person.email
    person.attributes = {**person.attributes, **(told.get("attributes") or {})}
    session.flush()
    return person


def _outdated(session: Session, conversation: Conversation, brief: Brief | None) -> bool:
    """Whether something was said that the brief does not know of. The conversation must be `locked`."""
    return brief is None or brief.until != last_position(session, conversation.id)


def _told_when_closed(
    session: Session, conversation: Conversation, handoff: Handoff, outcome: Outcome
) -> Outcome:
    """Who is handed over when nobody is there learns when somebody is, and where the answer can go until then."""
    at, hours = now(), office_hours(session, handoff.team_id)
    if handoff.status != "waiting" or is_open(hours, at):
        return outcome
    zone, opens = ZoneInfo(hours.timezone), opens_at(hours, at)
    said = _words(session, conversation).closed(opens.astimezone(zone) if opens else None, at, can_email())
    return replace(outcome, text=f"{outcome.text} {said}")


def _introduced(session: Session, conversation: Conversation, name: str | None, email: str | None) -> None:
    """What customers say of themselves counts, but for what the site has said of one whom it vouched for."""
    customer = session.get_one(Customer, conversation.customer_id)
    if conversation.proven:
        name, email = customer.name or name, customer.email or email
    customer.name, customer.email = name or customer.name, email or customer.email


def own_address(session: Session, conversation: Conversation) -> str | None:
    """Where this customer may be written to: what they left for replies, or what a site that vouches for them says."""
    customer = session.get_one(Customer, conversation.customer_id)
    return conversation.contact_email or (customer.email if conversation.proven else None)


def _ended(session: Session, conversation: Conversation) -> Ended:
    held = (Handoff.conversation_id == conversation.id) & Handoff.claimed_at.is_not(None)
    customer = session.get_one(Customer, conversation.customer_id)
    return Ended(
        conversation.id, conversation.closed_at, conversation.rated_at,
        session.scalar(select(Handoff.id).where(held).limit(1)) is not None,
        conversation.nps, conversation.asked_nps, customer.nps_asked_at,
    )  # fmt: skip


def _words(session: Session, conversation: Conversation) -> words.Words:
    """In the language that the customer wrote in last, as far as it can be told; else in their browser's."""
    text = session.scalars(
        select(Message.text)
        .where(Message.conversation_id == conversation.id, Message.role == "customer", Message.text != "")
        .order_by(Message.position.desc())
        .limit(1)
    ).first()
    return words.in_language(spoken(text) if text else None, conversation.locale)


def _done(
    turn: TurnRow,
    conversation: Conversation,
    action: str,
    confidence: float | None,
    sentiment: Sentiment,
    reasons: tuple[str, ...],
    message: dict[str, Any] | None,
    record: dict[str, Any] | None,
    timings: dict[str, float],
) -> dict[str, Any]:
    turn.status = "done"
    turn.lease_until = None
    turn.finished_at = now()
    turn.action, turn.confidence, turn.reasons = action, confidence, list(reasons)
    turn.sentiment_label, turn.sentiment_score = sentiment.label, sentiment.score
    turn.record = record
    turn.result = {
        "conversation": {"id": conversation.id, "status": conversation.status},
        "message": message,
        "action": action,
        "confidence": confidence,
        "sentiment": sentiment.json(),
        "reasons": list(reasons),
        "handoff_id": turn.handoff_id,
        "timings_ms": timings,
    }
    return turn.result


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
