"""Random sequences of what a customer, the bot, two agents, a lead, routing and the clock do: what must hold after each of them.

The real reception on a real SQLite; only the clock is moved by hand. Fifty sequences by default, SEQUENCES (100) in the slow suite.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
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
from sqlalchemy import event

from bot.house import House
from bot.receive import Reception
from escalation import handoff as handoffs
from escalation import replies
from escalation.changing import HandoffProblem
from help_center.conversations import topic
from help_center.database import now
from help_center.live import INBOX, Live
from help_center.people import Agent, Viewer
from help_center.web import Problem
from tests.bot.conftest import settings as house_settings
from tests.bot.support import SURE, UNSURE, Dial

ADA, BEN, CLEO = (
    Viewer("agent_ada", "Ada", "agent"),
    Viewer("agent_ben", "Ben", "agent"),
    Viewer("agent_cleo", "Cleo", "lead"),
)
PEOPLE = {viewer.agent_id: viewer for viewer in (ADA, BEN, CLEO)}
WHO = st.sampled_from(["the holder"] * 6 + list(PEOPLE))
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
STARTS = ("new", "waiting", "taken", "taken", "asleep", "held")  # what chance alone comes to too seldom
MINE = "(SELECT id FROM handoffs WHERE conversation_id = ?)"
SEEN: Counter[str] = Counter()  # what happened, so that the thousand cannot all refuse everything


class Desk(RuleBasedStateMachine):
    """One conversation, and everybody who has to do with it."""

    house: ClassVar[House]
    reception: ClassVar[Reception]
    runner: ClassVar[asyncio.Runner]
    dial: ClassVar[Dial]
    tables: ClassVar[sqlite3.Connection]

    @initialize(locale=st.sampled_from([None, "de-DE"]), start=st.sampled_from(STARTS))
    def somebody_comes(self, locale: str | None, start: str) -> None:
        (self.first_event,) = self.look("SELECT coalesce(max(id), 0) FROM events")[0]
        self.id = self.reception.create(locale=locale).id
        self.sent: list[str] = []  # by the customer
        self.written: dict[str, str] = {}  # by agents and accepted: the text, and whose it is
        self.taken_back: set[str] = set()
        self.noted = 0
        self.ahead = timedelta()  # how far the clock was moved
        if start != "new":
            self.presses_the_button()
        if start not in {"new", "waiting"}:
            self.claims("agent_ada")
        if start == "asleep":
            self.snoozes_or_wakes("agent_ada", 60)
        if start == "held":
            self.replies("agent_ada", 30)

    # The customer

    @rule(text=TEXTS, confidence=st.sampled_from([SURE, SURE, UNSURE]))
    def says(self, text: str, confidence: float) -> None:
        self.dial.confidence = confidence
        before = self.status()
        told = self.runner.run(self.reception.turns.result(self.id, self.write(text)))
        if before in {"waiting", "agent"}:
            assert (told["action"], told["message"]) == ("relay", None), "the bot stays silent"
        assert (told["action"] == "relay") == (told["message"] is None)

    @rule(text=TEXTS)
    def writes(self, text: str) -> None:
        """And nobody has come to answer it yet."""
        self.write(text)

    def write(self, text: str) -> str:
        self.sent.append(text)
        return self.reception.accept(self.id, text, f"m{len(self.sent)}")

    @precondition(lambda self: self.sent)
    @rule()
    def sends_the_last_one_again(self) -> None:
        before = self.everything()
        self.reception.accept(self.id, self.sent[-1], f"m{len(self.sent)}")
        assert self.everything() == before

    @precondition(lambda self: self.due_turns())
    @rule()
    def bot_does_what_is_due(self) -> None:
        for turn in self.due_turns():
            self.runner.run(self.reception.turns.result(self.id, turn))

    @rule()
    def presses_the_button(self) -> None:
        before = self.open()
        told = self.reception.escalate(self.id)
        (handoff,) = self.open()
        SEEN["came back"] += handoff["previous_id"] is not None and not before
        assert told["handoff_id"] == handoff["id"]
        assert not before or before[0]["id"] == handoff["id"], "no second one for the same matter"

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

    # The agents. A step that cannot be taken now is refused, and leaves nothing behind

    @precondition(lambda self: self.last())
    @rule(who=st.sampled_from(list(PEOPLE)))
    def claims(self, who: str) -> None:
        self.step("handoff.claim", lambda s, id: handoffs.claim(s, id, PEOPLE[who]))

    @precondition(lambda self: self.last())
    @rule(who=WHO, to=st.sampled_from(list(PEOPLE)))
    def assigns(self, who: str, to: str) -> None:
        agent = self.agent(who)
        self.step("handoff.assign", lambda s, id: handoffs.assign(s, id, agent, to))

    @precondition(lambda self: self.last())
    @rule(who=WHO)
    def releases(self, who: str) -> None:
        agent = self.agent(who)
        self.step("handoff.release", lambda s, id: handoffs.release(s, id, agent))

    @precondition(lambda self: self.last())
    @rule(who=WHO)
    def returns(self, who: str) -> None:
        agent = self.agent(who)
        self.step("handoff.return", lambda s, id: handoffs.return_to_bot(s, id, agent))

    @precondition(lambda self: self.last())
    @rule(who=WHO, outcome=st.sampled_from([None, "no article"]))
    def resolves(self, who: str, outcome: str | None) -> None:
        agent = self.agent(who)
        self.step("handoff.resolve", lambda s, id: handoffs.resolve(s, id, agent, outcome))

    @precondition(lambda self: self.last())
    @rule(who=WHO, minutes=st.sampled_from([None, 1, 60]))
    def snoozes_or_wakes(self, who: str, minutes: int | None) -> None:
        agent = self.agent(who)
        until = now() + self.ahead + timedelta(minutes=minutes) if minutes else None
        action = "handoff.snooze" if minutes else "handoff.wake"
        self.step(action, lambda s, id: handoffs.snooze(s, id, agent, until), moves=False)

    @precondition(lambda self: self.asleep())
    @rule(who=WHO)
    def wakes(self, who: str) -> None:
        self.snoozes_or_wakes(who, None)

    @precondition(lambda self: self.last())
    @rule(who=st.sampled_from(list(PEOPLE)))
    def notes_something(self, who: str) -> None:
        self.noted += 1
        key = f"n{self.noted}"
        self.step("handoff.note", lambda s, id: handoffs.note(s, id, PEOPLE[who], "!", key), moves=False)

    @precondition(lambda self: self.last())
    @rule(who=WHO, seconds=st.sampled_from([0, 5, 30, 30]))
    def replies(self, who: str, seconds: int) -> None:
        """`seconds`: for so long it can be taken back."""
        agent, text = self.agent(who), f"reply {len(self.written)}"
        handoff, before = self.last(), self.everything()
        assert handoff
        told = []
        for _ in range(2):
            try:
                with self.house.database.write() as session:
                    given = (session, handoff["id"], agent, text)
                    said = replies.hold(*given, seconds, text) if seconds else replies.reply(*given, text)
                    told.append(said.id)
            except HandoffProblem:
                assert self.everything() == before, "what was refused left something behind"
                return
        assert told[0] == told[1]
        assert self.everything()["events"] == before["events"] + (0 if seconds else 1 + len(before["held"]))
        self.written[text] = str(agent.agent_id)
        SEEN["held" if seconds else "replied"] += 1

    @precondition(lambda self: self.held())
    @rule()
    def takes_one_back(self) -> None:
        held = self.held()[-1]
        with self.house.database.write() as session:
            told = replies.take_back(session, held["handoff_id"], PEOPLE[held["agent_id"]], held["id"])
        assert told == (held["text"], [])
        self.taken_back.add(held["text"])
        SEEN["taken back"] += 1

    @precondition(lambda self: self.held())
    @rule()
    def sends_one_at_once(self) -> None:
        held = self.held()[-1]
        with self.house.database.write() as session:
            said = replies.send_now(session, held["handoff_id"], PEOPLE[held["agent_id"]], held["id"])
            assert (said.id, said.text) == (held["id"], held["text"])
        SEEN["sent now"] += 1

    # Nobody

    @precondition(lambda self: self.last())
    @rule(to=st.sampled_from(list(PEOPLE)))
    def routing_gives_it_to(self, to: str) -> None:
        self.step("handoff.assign", lambda s, id: handoffs.assign_by_routing(s, id, to))

    @precondition(lambda self: self.last())
    @rule()
    def it_is_left_alone(self) -> None:
        self.step("handoff.release", handoffs.release_idle)

    @precondition(lambda self: self.last())
    @rule(seconds=st.sampled_from([1, 10, 40, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.pass_time(seconds)

    @precondition(lambda self: self.asleep() or self.held())
    @rule()
    def what_was_put_aside_is_due(self) -> None:
        self.pass_time(4000)

    def pass_time(self, seconds: int) -> None:
        self.ahead += timedelta(seconds=seconds)
        at = now() + self.ahead
        held, asleep = self.held(), self.asleep()
        replies.send_due(self.house.database, at)
        handoffs.wake_due(self.house.database, at)
        stamp = at.strftime("%Y-%m-%d %H:%M:%S.%f")
        assert all(row["send_at"] > stamp for row in self.held())
        assert all(row["snoozed_until"] > stamp for row in self.asleep())
        SEEN["sent in time"] += len(held) - len(self.held())
        SEEN["woke"] += len(asleep) - len(self.asleep())

    @precondition(lambda self: self.last())
    @rule(
        who=WHO,
        step=st.sampled_from(
            [
                handoffs.claim,
                handoffs.release,
                handoffs.resolve,
                handoffs.return_to_bot,
                handoffs.release_idle,
            ]
        ),
    )
    def the_power_goes_out_in_the_middle(self, who: str, step: Callable[..., Any]) -> None:
        agent, handoff, before = self.agent(who), self.last(), self.everything()
        assert handoff

        def dies() -> None:
            with self.house.database.write() as session:
                given = () if step is handoffs.release_idle else (agent,)
                with contextlib.suppress(HandoffProblem):
                    step(session, handoff["id"], *given)
                raise ConnectionError

        with pytest.raises(ConnectionError):
            dies()
        assert self.everything() == before

    # How they do it

    def agent(self, who: str) -> Viewer:
        handoff = self.last()
        return PEOPLE.get((handoff and handoff["assignee_id"]) if who == "the holder" else who, ADA)

    def step(self, action: str, work: Callable[[Any, str], Any], *, moves: bool = True) -> None:
        """Takes it twice: the first time it happens whole or not at all, the second time nothing does."""
        handoff, before, held = self.last(), self.everything(), len(self.held())
        if handoff is None:
            return
        try:
            with self.house.database.write() as session:
                work(session, handoff["id"])
        except HandoffProblem:
            assert self.everything() == before, "what was refused left something behind"
            return
        after = self.everything()
        if after != before:
            new = {name: after[name] - before[name] for name in ("system", "statuses", "lines")}
            assert new["lines"] == (1 if action != "handoff.note" else 0), "one event for the agents"
            assert (new["system"], new["statuses"]) == ((1, 1) if moves else (0, 0)), "one for the customer"
            deeds = self.audit()[len(before["audit"]) :]
            assert deeds.count(action) == 1
            assert len(deeds) <= 1 + held, "and what was held"
            SEEN[action] += 1
        try:
            with self.house.database.write() as session:
                work(session, handoff["id"])
        except HandoffProblem:
            assert action == "handoff.assign", "the same step again answers the same"  # it was given away
        assert self.everything() == after, "the same step again does nothing"

    # What holds

    @invariant()
    def there_is_one_truth(self) -> None:
        every, open, status = self.handoffs(), self.open(), self.status()
        assert len(open) <= 1
        expected = (
            {"waiting": {"waiting"}, "claimed": {"agent"}}[open[0]["status"]] if open else {"bot", "closed"}
        )
        assert status in expected
        for row in every:
            claimed, ended = row["status"] == "claimed", row["status"] in {"returned", "resolved"}
            assert not claimed or (row["assigned_at"] and row["assignee_id"] and row["claimed_at"])
            assert row["status"] != "waiting" or not (row["assigned_at"] or row["assignee_id"])
            assert bool(row["ended_at"]) == ended
            assert claimed or not row["snoozed_until"]
        assert [row["previous_id"] for row in every[:1]] == [None] * len(every[:1])
        for row, one_before in zip(every[1:], every, strict=False):
            assert row["previous_id"] == one_before["id"], "a new one knows the one before it"
        told = [payload for kind, payload in self.events(topic(self.id)) if kind == "status"][-1:]
        if told:
            shown = told[0]["handoff"]
            assert told[0]["status"] == status
            now_open = [(row["id"], row["status"]) for row in open]
            assert ([(shown["id"], shown["status"])] if shown else []) == now_open

    @invariant()
    def nobody_meets_silence_and_nothing_is_lost(self) -> None:
        messages, turns = self.messages(), {turn["id"]: turn for turn in self.turns()}
        assert [row["text"] for row in messages if row["role"] == "customer"] == self.sent
        shown, known = {row["id"] for row in messages}, {row["id"] for row in self.handoffs()}
        for row in messages:
            turn = turns[row["turn_id"]] if row["role"] == "customer" else None
            if turn and turn["status"] == "done" and turn["action"] == "relay":
                assert turn["handoff_id"] in known, "passed on to nobody"
            elif turn and turn["status"] == "done":
                assert turn["message_id"] in shown, "never answered"
        announced = {
            turn["handoff_id"]
            for turn in turns.values()
            if turn["action"] == "escalate" and turn["message_id"] in shown
        }
        assert known == announced, "never announced without an entry, never an entry without a word"
        told = [payload["id"] for kind, payload in self.events(topic(self.id)) if kind == "message"]
        assert told == [row["id"] for row in messages], "events come in the order of the transcript"

    @invariant()
    def every_reply_is_in_one_place(self) -> None:
        said = [row["text"] for row in self.messages() if row["role"] == "agent"]
        held, drafts = self.held(), self.drafts()
        for text, author in self.written.items():
            kept = [row for row in drafts if row["agent_id"] == author and text in row["text"].split("\n\n")]
            places = said.count(text) + sum(row["text"] == text for row in held) + len(kept)
            assert places == (text not in self.taken_back)
        holders = {row["id"]: row["assignee_id"] for row in self.open() if row["status"] == "claimed"}
        assert all(holders.get(row["handoff_id"]) == row["agent_id"] for row in held)

    def teardown(self) -> None:
        if hasattr(self, "id"):
            self.bot_does_what_is_due()
            self.reception.close(self.id)  # so that the queue stays short
            self.there_is_one_truth()
            self.nobody_meets_silence_and_nothing_is_lost()
            self.every_reply_is_in_one_place()
            assert not self.held()
            SEEN["became a draft"] += len(self.drafts())

    # What they look at: the tables themselves, as they are committed

    def everything(self) -> dict[str, Any]:
        """What a step could change."""
        mine, messages = self.events(topic(self.id)), self.messages()
        lines = [told for kind, told in self.events(INBOX) if kind == "handoff"]
        return {
            "status": self.status(),
            "handoffs": [tuple(row) for row in self.handoffs()],
            "messages": [row["id"] for row in messages],
            "system": sum(row["role"] == "system" for row in messages),
            "events": sum(kind == "message" for kind, _ in mine),
            "statuses": sum(kind == "status" for kind, _ in mine),
            "lines": sum(told["conversation_id"] == self.id for told in lines),
            "audit": self.audit(),
            "held": [row["id"] for row in self.held()],
            "drafts": [tuple(row) for row in self.drafts()],
            "notes": self.look(f"SELECT id FROM notes WHERE handoff_id IN {MINE}", self.id),
        }

    def messages(self) -> list[sqlite3.Row]:
        return self.look("SELECT * FROM messages WHERE conversation_id = ? ORDER BY position", self.id)

    def turns(self) -> list[sqlite3.Row]:
        return self.look("SELECT * FROM turns WHERE conversation_id = ? ORDER BY created_at", self.id)

    def due_turns(self) -> list[str]:
        return [turn["id"] for turn in self.turns() if turn["status"] != "done"]

    def handoffs(self) -> list[sqlite3.Row]:
        return self.look("SELECT * FROM handoffs WHERE conversation_id = ? ORDER BY created_at", self.id)

    def last(self) -> sqlite3.Row | None:
        return next(reversed(self.handoffs()), None)

    def open(self) -> list[sqlite3.Row]:
        return [row for row in self.handoffs() if row["status"] in {"waiting", "claimed"}]

    def asleep(self) -> list[sqlite3.Row]:
        return [row for row in self.handoffs() if row["snoozed_until"]]

    def status(self) -> str:
        return str(self.look("SELECT status FROM conversations WHERE id = ?", self.id)[0]["status"])

    def held(self) -> list[sqlite3.Row]:
        return self.look(
            f"SELECT * FROM held_replies WHERE handoff_id IN {MINE} ORDER BY created_at, id", self.id
        )

    def drafts(self) -> list[sqlite3.Row]:
        return self.look(f"SELECT * FROM drafts WHERE handoff_id IN {MINE}", self.id)

    def audit(self) -> list[str]:
        deeds = self.look(f"SELECT action FROM audit_log WHERE subject IN {MINE} ORDER BY id", self.id)
        return [row["action"] for row in deeds]

    def events(self, of: str) -> list[tuple[str, dict[str, Any]]]:
        query = "SELECT kind, payload FROM events WHERE topic = ? AND id > ? ORDER BY id"
        return [(row["kind"], json.loads(row["payload"])) for row in self.look(query, of, self.first_event)]

    def look(self, query: str, *given: Any) -> list[sqlite3.Row]:
        return self.tables.execute(query, given).fetchall()


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
        for viewer in PEOPLE.values():
            email = f"{viewer.name}@example.org"
            session.add(Agent(id=viewer.agent_id, email=email, name=viewer.name, role=viewer.role))
    with asyncio.Runner() as runner:
        Desk.house, Desk.runner = house, runner
        Live(house.database)  # what is published is written
        Desk.reception = Reception(house.database, house.parts)
        Desk.tables = sqlite3.connect(folder / "parley.db", isolation_level=None)
        Desk.tables.row_factory = sqlite3.Row
        yield Desk
        Desk.tables.close()
        runner.run(Desk.reception.turns.stop())
    house.close()


def run(desk: type[Desk], sequences: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        desk,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=10,
            deadline=None,
            derandomize="SEQUENCES" not in os.environ,  # CI walks the same ways each time
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_fifty_random_days_keep_every_promise(desk: type[Desk]) -> None:
    run(desk, 50)


@pytest.mark.slow
def test_hundreds_of_random_days_keep_every_promise(desk: type[Desk]) -> None:
    run(desk, int(os.environ.get("SEQUENCES", "100")))
    steps = {
        "handoff.claim",
        "handoff.assign",
        "handoff.release",
        "handoff.return",
        "handoff.resolve",
        "handoff.snooze",
    }
    rest = {
        "handoff.wake", "handoff.note", "replied", "held", "came back", "taken back", "sent now", "sent in time",
        "became a draft", "woke",
    }  # fmt: skip
    happened = {name for name, count in SEEN.items() if count}
    assert steps <= happened, SEEN
    assert len(rest & happened) >= len(rest) - 2, SEEN  # chance may leave one out, not many
