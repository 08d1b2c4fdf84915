"""Random sequences of what a customer, the bot, two agents, a lead, routing and the clock do: what must hold after each of them.

The real reception on a real SQLite; only the clock is moved by hand. Fifty sequences by default, a thousand in the slow suite.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, func, select

from bot.house import House
from bot.receive import Reception
from escalation import handoff as handoffs
from escalation import replies
from escalation.changing import HandoffProblem
from help_center.conversations import Conversation, Handoff, Message, Note, TurnRow, topic
from help_center.database import now
from help_center.desk import AuditEntry, Draft, HeldReply
from help_center.live import INBOX, Event, Live
from help_center.people import Agent, Viewer
from help_center.web import Problem
from tests.bot.conftest import settings as house_settings
from tests.bot.support import SURE, UNSURE, Dial

ADA, BEN, CLEO = (
    Viewer("agent_ada", "Ada", "agent"),
    Viewer("agent_ben", "Ben", "agent"),
    Viewer("agent_cleo", "Cleo", "lead"),
)
PEOPLE = st.sampled_from([ADA, ADA, BEN, CLEO])
TEXTS = st.sampled_from(
    [
        "How do I return a bicycle?",
        "Which pressure is right for a 32 mm tyre?",
        "How do I return a bicycle?",
        "I want to talk to a human",
        "hello",
        "that didn't help",
        "You are useless idiots, I am furious!!!",
    ]
)


class Desk(RuleBasedStateMachine):
    """One conversation, and everybody who has to do with it."""

    house: ClassVar[House]
    reception: ClassVar[Reception]
    runner: ClassVar[asyncio.Runner]
    dial: ClassVar[Dial]

    @initialize(locale=st.sampled_from([None, "de-DE", "xx"]))
    def somebody_comes(self, locale: str | None) -> None:
        with self.house.database.read() as session:
            self.first_event = session.scalar(select(func.max(Event.id))) or 0
        self.id = self.reception.create(locale=locale).id
        LOOKED.clear()
        self.sent: list[str] = []  # by the customer
        self.written: dict[str, Viewer] = {}  # by agents, and accepted
        self.taken_back: set[str] = set()
        self.noted = 0
        self.ahead = timedelta()  # how far the clock was moved

    # the customer

    @rule(text=TEXTS, confidence=st.sampled_from([SURE, SURE, UNSURE]))
    def says(self, text: str, confidence: float) -> None:
        self.dial.confidence = confidence
        before = self.status()
        self.writes(text)
        turn = self.rows(TurnRow)[-1].id
        told = self.runner.run(self.reception.result(self.id, turn))
        if before in {"waiting", "agent"}:
            assert (told["action"], told["message"]) == ("relay", None), "the bot stays silent"
        assert (told["action"] == "relay") == (told["message"] is None)
        self.bot_is_done()

    @rule(text=TEXTS)
    def writes(self, text: str) -> None:
        """And nobody has come to answer it yet."""
        self.sent.append(text)
        self.reception.accept(self.id, text, f"m{len(self.sent)}")

    @precondition(lambda self: self.sent)
    @rule()
    def sends_the_last_one_again(self) -> None:
        before = self.everything()
        self.reception.accept(self.id, self.sent[-1], f"m{len(self.sent)}")
        assert self.everything() == before

    @rule()
    def bot_is_done(self) -> None:
        for turn in [turn.id for turn in self.rows(TurnRow) if turn.status != "done"]:
            self.runner.run(self.reception.result(self.id, turn))

    @rule()
    def presses_the_button(self) -> None:
        before = self.open()
        told = self.reception.escalate(self.id)
        (handoff,) = self.open()
        SEEN["came back"] += handoff.previous_id is not None
        assert told["handoff_id"] == handoff.id
        assert not before or before[0].id == handoff.id, "no second one for the same matter"

    @rule()
    def goes_back_to_the_bot(self) -> None:
        if self.status() == "agent":
            with pytest.raises(Problem, match="a person has"):
                self.reception.resume(self.id)
        else:
            self.reception.resume(self.id)

    @rule()
    def closes(self) -> None:
        self.reception.close(self.id)

    # the agents; a step that cannot be taken now is refused, and leaves nothing behind

    @rule(agent=PEOPLE)
    def claims(self, agent: Viewer) -> None:
        self.step("handoff.claim", lambda s, id: handoffs.claim(s, id, agent))

    @rule(agent=PEOPLE, to=PEOPLE)
    def assigns(self, agent: Viewer, to: Viewer) -> None:
        self.step("handoff.assign", lambda s, id: handoffs.assign(s, id, agent, to.agent_id or ""))

    @rule(agent=PEOPLE)
    def releases(self, agent: Viewer) -> None:
        self.step("handoff.release", lambda s, id: handoffs.release(s, id, agent))

    @rule(agent=PEOPLE)
    def returns(self, agent: Viewer) -> None:
        self.step("handoff.return", lambda s, id: handoffs.return_to_bot(s, id, agent))

    @rule(agent=PEOPLE, outcome=st.sampled_from([None, "no article"]))
    def resolves(self, agent: Viewer, outcome: str | None) -> None:
        self.step("handoff.resolve", lambda s, id: handoffs.resolve(s, id, agent, outcome))

    @rule(agent=PEOPLE, minutes=st.sampled_from([1, 60]))
    def snoozes(self, agent: Viewer, minutes: int) -> None:
        until = now() + self.ahead + timedelta(minutes=minutes)
        self.step("handoff.snooze", lambda s, id: handoffs.snooze(s, id, agent, until), moves=False)

    @rule(agent=PEOPLE)
    def wakes(self, agent: Viewer) -> None:
        self.step("handoff.wake", lambda s, id: handoffs.snooze(s, id, agent, None), moves=False)

    @rule(agent=PEOPLE)
    def replies(self, agent: Viewer) -> None:
        self.reply(agent, lambda s, id, text, key: replies.reply(s, id, agent, text, key))

    @rule(agent=PEOPLE, seconds=st.sampled_from([5, 30]))
    def replies_and_may_take_it_back(self, agent: Viewer, seconds: int) -> None:
        self.reply(agent, lambda s, id, text, key: replies.hold(s, id, agent, text, seconds, key))

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def takes_one_back(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.held()))
        with self.house.database.write() as session:
            text = replies.take_back(session, held.handoff_id, Viewer(held.agent_id, held.author), held.id)
        assert text == held.text
        self.taken_back.add(text)
        SEEN["taken back"] += 1

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def sends_one_now(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.held()))
        author = Viewer(held.agent_id, held.author)
        for _ in range(2):  # again: the same message
            with self.house.database.write() as session:
                said = replies.send_now(session, held.handoff_id, author, held.id)
            assert (said.id, said.text) == (held.id, held.text)
        SEEN["sent now"] += 1

    @rule(agent=PEOPLE)
    def notes_something(self, agent: Viewer) -> None:
        self.noted += self.step("handoff.note", lambda s, id: handoffs.note(s, id, agent, "!", f"n{self.noted}"), moves=False)  # fmt: skip

    # nobody

    @rule(to=PEOPLE)
    def routing_gives_it_to(self, to: Viewer) -> None:
        self.step("handoff.assign", lambda s, id: handoffs.assign_by_routing(s, id, to.agent_id or ""))

    @rule()
    def left_alone(self) -> None:
        self.step("handoff.release", handoffs.release_idle)

    @rule(seconds=st.sampled_from([1, 10, 40, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.ahead += timedelta(seconds=seconds)
        at = now() + self.ahead
        asleep = [row for row in self.rows(Handoff) if row.snoozed_until]
        replies.send_due(self.house.database, at)
        handoffs.wake_due(self.house.database, at)
        assert all(held.send_at > at for held in self.held())
        assert all(row.snoozed_until is None or row.snoozed_until > at for row in self.rows(Handoff))
        SEEN["woke"] += len(asleep) - sum(row.snoozed_until is not None for row in self.rows(Handoff))

    @rule(agent=PEOPLE, data=st.data())
    def the_power_goes_out_in_the_middle(self, agent: Viewer, data: st.DataObject) -> None:
        rows = self.rows(Handoff)
        step = data.draw(
            st.sampled_from([handoffs.claim, handoffs.release, handoffs.resolve, handoffs.return_to_bot])
        )
        before = self.everything()

        def dies() -> None:
            with self.house.database.write() as session:
                if rows:
                    with contextlib.suppress(HandoffProblem):
                        step(session, rows[-1].id, agent)
                raise ConnectionError

        with pytest.raises(ConnectionError):
            dies()
        assert self.everything() == before

    # how they do it

    def step(self, action: str, work: Callable[[Any, str], Any], *, moves: bool = True) -> bool:
        """Takes it twice: the first time it happens whole or not at all, the second time nothing does."""
        rows = self.rows(Handoff)
        if not rows:
            return False
        before, held = self.everything(), len(self.held())
        try:
            with self.house.database.write() as session:
                work(session, rows[-1].id)
        except HandoffProblem:
            assert self.everything() == before, "what was refused left something behind"
            return False
        after = self.everything()
        if after != before:
            new = {name: after[name] - before[name] for name in ("system", "statuses", "lines")}
            assert new["lines"] == 1 or not moves, "one event for the agents"
            assert (new["system"], new["statuses"]) == ((1, 1) if moves else (0, 0)), "one for the customer"
            deeds = [entry.action for entry in self.audit()[before["audit"] :]]
            assert deeds.count(action) == 1
            assert len(deeds) <= 1 + held, "and what was held"
        try:
            with self.house.database.write() as session:
                work(session, rows[-1].id)
        except HandoffProblem:
            assert action == "handoff.assign", "the same step again answers the same"  # given away
        assert self.everything() == after, "the same step again does nothing"
        SEEN[action] += after != before
        return after != before

    def reply(self, agent: Viewer, work: Callable[[Any, str, str, str], Any]) -> None:
        rows = self.rows(Handoff)
        if not rows:
            return
        text = key = f"reply {len(self.written)}"
        before = self.everything()
        told = []
        for _ in range(2):
            try:
                with self.house.database.write() as session:
                    told.append(work(session, rows[-1].id, text, key).id)
            except HandoffProblem:
                assert self.everything() == before
                return
            before = self.everything()
        assert told[0] == told[1]
        SEEN["replied"] += 1
        self.written[text] = agent

    # what holds

    @invariant()
    def one_truth(self) -> None:
        every, status = self.rows(Handoff), self.status()
        open = [row for row in every if row.status in {"waiting", "claimed"}]
        assert len(open) <= 1
        expected = (
            {"waiting": {"waiting"}, "claimed": {"agent"}}[open[0].status] if open else {"bot", "closed"}
        )
        assert status in expected
        for row in every:
            assert (row.assigned_at is not None) >= (row.status == "claimed")
            assert (row.assignee_id is None) >= (row.status == "waiting")
            assert (row.ended_at is not None) == (row.status in {"returned", "resolved"})
            assert row.snoozed_until is None or row.status == "claimed"
        ended = [row.id for row in every if row.ended_at]
        assert all(row.previous_id in ended for row in every[1:]), "a new one knows the one before it"
        assert not every or every[0].previous_id is None
        last = [payload for kind, payload in self.events(topic(self.id)) if kind == "status"][-1:]
        if last:
            assert last[0]["status"] == status
            shown = last[0]["handoff"]
            assert (shown and (shown["id"], shown["status"])) == (
                (open[0].id, open[0].status) if open else None
            )

    @invariant()
    def never_silent_and_nothing_lost(self) -> None:
        messages, turns = self.rows(Message), {turn.id: turn for turn in self.rows(TurnRow)}
        assert [m.text for m in messages if m.role == "customer"] == self.sent
        shown = {m.id for m in messages}
        known = {row.id for row in self.rows(Handoff)}
        for message in messages:
            if message.role == "customer":
                turn = turns[message.turn_id]
                assert turn.status != "done" or (
                    turn.handoff_id in known if turn.action == "relay" else turn.message_id in shown
                ), "answered, passed on, or on its way"
        announced = {
            turn.handoff_id
            for turn in turns.values()
            if turn.action == "escalate" and turn.message_id in shown
        }
        assert known == announced, "never announced without an entry, never an entry without a word"
        told = [payload["id"] for kind, payload in self.events(topic(self.id)) if kind == "message"]
        assert told == [m.id for m in messages], "events come in the order of the transcript"

    @invariant()
    def every_reply_is_somewhere_once(self) -> None:
        said = [m.text for m in self.rows(Message) if m.role == "agent"]
        held, drafts = self.held(), self.drafts()
        for text, author in self.written.items():
            places = said.count(text) + sum(row.text == text for row in held)
            places += sum(
                text in draft.text.split("\n\n") for draft in drafts if draft.agent_id == author.agent_id
            )
            assert places == (text not in self.taken_back)
        assert len(said) + len(held) <= len(self.written)
        holders = {row.id: row.assignee_id for row in self.open() if row.status == "claimed"}
        assert all(holders.get(row.handoff_id) == row.agent_id for row in held)

    def teardown(self) -> None:
        if hasattr(self, "id"):
            self.bot_is_done()
            self.reception.close(self.id)  # so that the queue stays short
            self.one_truth()
            self.never_silent_and_nothing_lost()
            self.every_reply_is_somewhere_once()
            assert not self.held()
            SEEN["became a draft"] += len(self.drafts())

    # what they look at; read anew after each commit only

    def rows(self, kind: Any) -> list[Any]:
        order = Message.position if kind is Message else kind.created_at
        mine = kind.conversation_id == self.id
        return self.look(kind.__tablename__, lambda: select(kind).where(mine).order_by(order, kind.id))

    def open(self) -> list[Any]:
        return [row for row in self.rows(Handoff) if row.status in {"waiting", "claimed"}]

    def status(self) -> str:
        mine = Conversation.id == self.id
        return str(self.look("conversation", lambda: select(Conversation).where(mine))[0].status)

    def held(self) -> list[HeldReply]:
        order = (HeldReply.created_at, HeldReply.id)
        return self.look("held", lambda: self.of_handoffs(HeldReply, HeldReply.handoff_id).order_by(*order))

    def drafts(self) -> list[Draft]:
        return self.look("drafts", lambda: self.of_handoffs(Draft, Draft.handoff_id))

    def notes(self) -> list[Note]:
        return self.look("notes", lambda: self.of_handoffs(Note, Note.handoff_id))

    def audit(self) -> list[AuditEntry]:
        deeds = lambda: self.of_handoffs(AuditEntry, AuditEntry.subject).order_by(AuditEntry.id)  # noqa: E731
        return self.look("audit", deeds)

    def of_handoffs(self, kind: Any, column: Any) -> Any:
        return select(kind).where(column.in_([row.id for row in self.rows(Handoff)]))

    def events(self, of: str) -> list[tuple[str, dict[str, Any]]]:
        fresh = (Event.topic == of) & (Event.id > self.first_event)
        rows = self.look(of, lambda: select(Event).where(fresh).order_by(Event.id))
        return [(row.kind, row.payload) for row in rows]

    def look(self, name: str, query: Callable[[], Any]) -> list[Any]:
        if name not in LOOKED:
            with self.house.database.read() as session:
                LOOKED[name] = list(session.scalars(query()))
        return LOOKED[name]

    def everything(self) -> dict[str, Any]:
        """What a step could change."""
        mine, messages = self.events(topic(self.id)), self.rows(Message)
        lines = [p for kind, p in self.events(INBOX) if kind == "handoff" and p["conversation_id"] == self.id]
        return {
            "status": self.status(),
            "handoffs": [
                (row.id, row.status, row.assignee_id, row.snoozed_until, row.outcome)
                for row in self.rows(Handoff)
            ],
            "messages": [message.id for message in messages],
            "system": sum(message.role == "system" for message in messages),
            "events": len(mine),
            "statuses": sum(kind == "status" for kind, _ in mine),
            "lines": len(lines),
            "audit": len(self.audit()),
            "held": [row.id for row in self.held()],
            "drafts": [(row.agent_id, row.text) for row in self.drafts()],
            "notes": len(self.notes()),
        }


LOOKED: dict[str, list[Any]] = {}
SEEN: Counter[str] = Counter()  # what happened, so that the thousand cannot all refuse everything


@pytest.fixture(scope="module")
def desk(
    library: House, blank_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[type[Desk]]:
    folder = tmp_path_factory.mktemp("machine")
    shutil.copy(blank_database, folder / "parley.db")
    house = House(house_settings(folder))
    Desk.dial = Dial()
    house.__dict__.update(
        store=library.store, embedder=library.embedder, search=library.search, calibrations=Desk.dial
    )

    @event.listens_for(house.database.engine, "connect")
    def no_power_cut_here(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    with house.database.write() as session:
        for viewer in (ADA, BEN, CLEO):
            session.add(
                Agent(
                    id=viewer.agent_id, email=f"{viewer.name}@example.org", name=viewer.name, role=viewer.role
                )
            )
    with asyncio.Runner() as runner:
        Desk.house, Desk.runner = house, runner
        Desk.reception = Reception(house.database, Live(house.database), house.parts)
        house.database.after_commit.append(lambda _session: LOOKED.clear())
        yield Desk
        runner.run(Desk.reception.stop())
    house.close()


def run(desk: type[Desk], sequences: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        desk,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.filter_too_much,
            ],
        ),
    )


def test_fifty_random_days_keep_every_promise(desk: type[Desk]) -> None:
    run(desk, 50)


@pytest.mark.slow
def test_a_thousand_random_days_keep_every_promise(desk: type[Desk]) -> None:
    run(desk, 1000)
    assert {
        "handoff.claim", "handoff.assign", "handoff.release", "handoff.return", "handoff.resolve", "handoff.snooze",
        "handoff.wake", "handoff.note", "replied", "came back", "taken back", "sent now", "became a draft", "woke",
    } <= {name for name, count in SEEN.items() if count >= 5}, SEEN  # fmt: skip
