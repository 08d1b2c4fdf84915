"""Hundreds of random conversations on the shipped help center: what must hold after every step of every one of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import words
from bot.house import House
from bot.receive import Reception
from escalation import handoff as handoffs
from escalation.handoff import HandoffProblem
from help_center.conversations import Conversation, Handoff, Message, TurnRow
from help_center.importing import bring_in
from help_center.live import Live
from help_center.people import Viewer
from help_center.web import Problem
from tests.bot.conftest import settings as house_settings

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parent.parent.parent / "docs"
CONVERSATIONS = int(os.environ.get("SEQUENCES", "100"))

QUESTIONS = (
    "How do I restore a backup?", "How can I get my data back from a backup?", "How do I put the chat on my website?",
    "Which Python version do I need?", "How is NPS calculated?", "parley: command not found", "backup", "widget colour",
    "And how do I switch it off?", "what about postgres", "What happens when two agents claim the same conversation?",
    "Does Parley come as an iPhone app?", "How do I export the ratings to a spreadsheet?", "refnd policy",
)  # fmt: skip
FAILURES = ("that didn't help", "no", "Still not working", "That's not what I asked. How do I add an agent?")
RAGE = (
    "You are useless idiots, I am furious!!!",
    "WORST SUPPORT EVER, I HATE THIS",
    "I am so fed up with this garbage!",
)
WISHES = ("I want to talk to a human", "agent please", "Ich möchte mit einem Menschen sprechen")
SENSITIVE = ("My lawyer will take you to court", "I want to kill myself")
CHAT = ("hello", "thanks a lot!", "bye", "👍", "hola")
CHOICES = ("the first one", "2", "neither", "the last one please")
ELSEWHERE = (
    "What's the weather in Lisbon?",
    "Give me a recipe for banana bread",
    "How tall is the Eiffel Tower?",
)
FOREIGN = (
    "Wie stelle ich eine Sicherung wieder her?",
    "¿Cómo puedo cambiar la contraseña?",
    "パスワードを忘れました",
)
ODD = (
    "?",
    "🙂🙂",
    "asdf qwer zxcv",
    ".",
    "a" * 300,
    "```",
    "'; DROP TABLE turns; --",
    "\u202eabc",
    "!!!",
    "0",
)
TEXTS = st.one_of(*map(st.sampled_from, (QUESTIONS, QUESTIONS, QUESTIONS, FAILURES, RAGE, WISHES, SENSITIVE, CHAT, CHOICES,
                                         ELSEWHERE, FOREIGN, ODD)))  # fmt: skip
STEPS = st.one_of(
    TEXTS.map(lambda text: ("say", text)),
    TEXTS.map(lambda text: ("say", text)),
    st.tuples(st.just("breath"), TEXTS, TEXTS),
    st.sampled_from([(act,) for act in (
        "again", "button", "resume", "close", "claim", "reply", "return", "release", "resolve", "claim", "return",
    )]),
)  # fmt: skip
PROMISES = [spoken.seen_by_person for spoken in words.IN.values()]


@pytest.fixture(scope="module", autouse=True)
def turned() -> None:
    """The relevance floor is the one that ships."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(house_settings(tmp_path_factory.mktemp("invariants")))
    bring_in(made.database, [str(DOCS)], prune=False)
    made.indexer.sync()
    yield made
    made.close()


@dataclass
class Walk:
    """One conversation, and what its customer and its agent did so far."""

    house: House
    reception: Reception
    id: str
    agent: Viewer
    sent: list[str] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    acts: int = 0  # of the customer, that could call a person
    known: set[str] = field(default_factory=set)  # handoffs

    async def take(self, step: tuple[str, ...]) -> None:
        known = self.known
        match step:
            case ("say", text):
                await self.say(text)
            case ("breath", *texts):
                await self.say(*texts)
            case ("again",):
                self.again()
            case ("button",):
                self.button()
            case ("resume" | "close" as act,):
                with (
                    contextlib.nullcontext()
                    if self.status() != "agent" or act == "close"
                    else pytest.raises(Problem, match="a person has")
                ):
                    getattr(self.reception, act)(self.id)
            case (act,):
                self.work(act)
        self.holds()
        called = len(self.known - known)
        assert called <= (step[0] in {"say", "breath", "button"}), "only the customer calls a person"

    async def say(self, *texts: str) -> None:
        before = self.status()
        numbers = range(len(self.sent), len(self.sent) + len(texts))
        self.sent += texts
        turns = [
            self.reception.accept(self.id, text, f"m{n}") for n, text in zip(numbers, texts, strict=True)
        ]
        for turn in dict.fromkeys(turns):
            told = await self.reception.turns.result(self.id, turn)
            self.results.append(told)
            self.acts += 1
            self.judge(told, [text for text, mine in zip(texts, turns, strict=True) if mine == turn], before)

    def judge(self, told: dict[str, Any], texts: list[str], before: str) -> None:
        action, message, reasons = told["action"], told["message"], told["reasons"]
        SEEN[action] += 1
        SEEN.update(reasons)
        if before in {"waiting", "agent"}:
            assert action == "relay", "the bot stays silent while a person has it, or will have it"
        if action == "relay":
            assert message is None
            assert told["handoff_id"] in {row.id for row in self.open()}
            return
        assert message["text"].strip(), "never silent"
        assert (action in {"answer", "chat"}) == (not reasons), "whatever is no answer says why"
        if action == "answer":
            assert message["sources"], "an answer cites"
        if action in {"escalate", "clarify", "chat"} or "nothing_relevant" in reasons:
            assert not message["sources"]
        promised = any(promise in message["text"] for promise in PROMISES)
        assert promised == (action == "escalate"), "a transfer is promised exactly when it happens"
        assert ("choices" in message) == (action == "clarify")
        if action == "escalate":
            (open,) = self.open()
            assert (told["handoff_id"], told["conversation"]["status"]) == (open.id, "waiting")
        else:
            assert told["handoff_id"] is None
        if any(text in WISHES for text in texts):
            assert (action, "requested_human" in reasons) == ("escalate", True)
        if any(text in RAGE for text in texts) or any(text in SENSITIVE for text in texts):
            assert action == "escalate"
        if all(text in CHAT for text in texts):
            assert action == "chat", "who only says hello or thanks is never handed over"
        if action == "clarify":
            pairs = [
                frozenset(row.record["signals"]["rivals"])
                for row in self.rows(TurnRow)
                if row.action == "clarify" and row.record
            ]
            assert len(pairs) == len(set(pairs)), "no pair is asked back about twice"
            assert [row["action"] for row in self.results[-2:]] != ["clarify", "clarify"]

    def again(self) -> None:
        """The last message is sent once more, as a browser does that has not heard: nothing happens."""
        if self.sent:
            count = len(self.rows(Message))
            turn = self.reception.accept(self.id, self.sent[-1], f"m{len(self.sent) - 1}")
            assert turn in {row.id for row in self.rows(TurnRow)}
            assert len(self.rows(Message)) == count

    def button(self) -> None:
        before = {row.id for row in self.open()}
        self.acts += 1
        told = self.reception.escalate(self.id)
        (open,) = self.open()
        assert told["handoff_id"] == open.id
        assert not before or before == {open.id}, "no second handoff while one is open"

    def work(self, act: str) -> None:
        """The agent does something, be it possible or not."""
        rows = self.rows(Handoff)
        if not rows:
            return
        # a step that cannot be taken now is refused
        with contextlib.suppress(HandoffProblem), self.house.database.write() as session:
            if act == "reply":
                handoffs.reply(session, rows[-1].id, self.agent, "Let me have a look.")
            else:
                named = {"return": handoffs.return_to_bot}.get(act) or getattr(handoffs, act)
                named(session, rows[-1].id, self.agent)

    def holds(self) -> None:
        """What is true of every conversation at any time."""
        every, status = self.rows(Handoff), self.status()
        open = [row for row in every if row.status in {"waiting", "claimed"}]
        self.known = {row.id for row in every}
        assert len(open) <= 1
        expected = (
            {"waiting": {"waiting"}, "claimed": {"agent"}}[open[0].status] if open else {"bot", "closed"}
        )
        assert status in expected
        turns = self.rows(TurnRow)
        assert all(turn.status == "done" for turn in turns), "no message is left without its turn"
        messages = self.rows(Message)
        assert [m.text for m in messages if m.role == "customer"] == self.sent, (
            "no message is lost or doubled"
        )
        told = [m for m in messages if m.role == "assistant"]
        for handoff in every:
            announced = [t for t in turns if t.action == "escalate" and t.handoff_id == handoff.id]
            assert announced, "nobody is handed over without being told"
            assert {t.message_id for t in announced} <= {m.id for m in told}
        assert len(every) <= self.acts

    def rows(self, kind: Any) -> list[Any]:
        order = Message.position if kind is Message else kind.created_at
        with self.house.database.read() as session:
            query = select(kind).where(kind.conversation_id == self.id).order_by(order, kind.id)
            return list(session.scalars(query))

    def open(self) -> list[Any]:
        return [row for row in self.rows(Handoff) if row.status in {"waiting", "claimed"}]

    def status(self) -> str:
        with self.house.database.read() as session:
            return session.get_one(Conversation, self.id).status


SEEN: Counter[str] = Counter()  # actions and reasons, so that the thousand cannot all say the same


def test_hundreds_of_conversations_keep_every_promise(house: House) -> None:
    agent = Viewer("agent_walk", "Ada", "agent")
    with house.database.write() as session:
        from help_center.people import Agent

        session.add(Agent(id=agent.agent_id, email="walk@example.org", name="Ada", role="agent"))

    with asyncio.Runner() as runner:
        Live(house.database)  # what is published is written
        reception = Reception(house.database, house.parts)

        @settings(
            max_examples=CONVERSATIONS,
            deadline=None,
            derandomize="SEQUENCES" not in os.environ,  # CI walks the same ways each time
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(st.lists(STEPS, min_size=2, max_size=4), st.sampled_from([None, "en-US", "de-DE", "xx"]))
        def talk(steps: list[tuple[str, ...]], locale: str | None) -> None:
            walk = Walk(house, reception, reception.create(locale=locale).id, agent)

            async def whole() -> None:
                for step in steps:
                    await walk.take(step)

            runner.run(whole())
            reception.close(walk.id)  # so that the queue stays short
            walk.holds()

        talk()
        runner.run(reception.turns.stop())
    assert {"answer", "clarify", "offer", "escalate", "chat", "relay"} <= set(SEEN)
    assert {
        "requested_human", "low_confidence", "nothing_relevant", "negative_sentiment", "repeated_question",
        "sensitive_topic", "rule:did_not_help",
    } <= set(SEEN)  # fmt: skip
