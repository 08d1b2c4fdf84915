"""What the bot's tests share: the bicycle shop indexed once, decisions on demand, models on strings, servers in threads."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.assess import Calibration, Point
from bot.house import House
from bot.llm import ModelError, Prompt
from bot.turn import Asked, Outcome, Parts, Sentence, Stage, take_turn
from help_center.people import add_agent, new_api_token
from retrieval.evidence import NAMES, Evidence
from retrieval.logistic import Logistic

SURE, PART, UNSURE = (
    0.95,
    0.45,
    0.05,
)  # confidences on both sides of the dial (0.5) and of what is offered (0.35)


class Relevance:
    """Stands for the shipped relevance floor: every question belongs to the help center with the same probability."""

    floor = 0.2
    domain = 0.95

    def probability(self, evidence: Evidence, passages: int) -> float:
        return self.domain


relevance = Relevance()


def calibration(confidence: float = SURE, answer_from: float = 0.5) -> Calibration:
    """A calibration that gives every search the same probability; its dial answers from 0.5, or as said."""

    nothing = (0.0,) * len(NAMES)

    def always(bias: float) -> Logistic:
        return Logistic(nothing, bias, nothing, (1.0,) * len(NAMES))

    table = (Point(answer_from, 1000, 0, 1000, 0.001),)
    return Calibration(
        always(30.0), always(30.0), 0.0, math.log(confidence / (1 - confidence)), table, "a test", "", False
    )


@dataclass
class Dial:
    """A `Calibrations` that a test turns: `dial.confidence = UNSURE`. With the fixture `turned`, `domain` is the
    probability that a question belongs to the help center."""

    confidence: float = SURE
    domain: float = 0.95
    answer_from: float = 0.5
    outlived: bool = False
    outgrown: bool = False

    def __call__(self) -> Calibration:
        relevance.domain = self.domain
        return calibration(self.confidence, self.answer_from)


class StringModel:
    """A language model that says what it is told, when it is told: a str is said, an exception raised, a
    threading.Event waited for. One list per call; after the last list it fails."""

    name = "on strings"

    def __init__(self, *replies: list[str | Exception | threading.Event]) -> None:
        self.replies = list(replies)
        self.prompts: list[Prompt] = []

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.prompts.append(prompt)
        if not self.replies:
            raise ModelError("the script has ended", retry=False)
        for piece in self.replies.pop(0):
            if isinstance(piece, threading.Event):
                while not piece.is_set():  # noqa: ASYNC110  (it is set in another thread)
                    await asyncio.sleep(0.005)
            elif isinstance(piece, Exception):
                raise piece
            else:
                yield piece

    async def check(self) -> None:
        return None


@dataclass
class Told:
    """One turn, as it was taken: what was shown, and how it ended."""

    stages: list[str]
    deltas: list[str]
    outcome: Outcome

    @property
    def text(self) -> str:
        return self.outcome.text

    @property
    def cited(self) -> list[str]:
        return [source["article_id"] for source in self.outcome.sources]


def turn(parts: Parts, text: str, **asked: Any) -> Told:
    """Takes a turn, and checks what must hold for every one: what was shown begins the text, and is not lost."""

    async def run() -> Told:
        stages, deltas, outcome = [], [], None
        async for step in take_turn(Asked(text, **asked), parts):
            assert outcome is None, "nothing comes after the outcome"
            match step:
                case Stage(name):
                    stages.append(name)
                case Sentence(said):
                    deltas.append(said)
                case Outcome():
                    outcome = step
        assert outcome is not None
        return Told(stages, deltas, outcome)

    told = asyncio.run(run())
    assert told.text.startswith(asked.get("shown", "") + "".join(told.deltas))
    assert told.text.strip(), "never silence"
    return told


def parts_of(
    house: House, llm: Any = None, dial: Dial | None = None, own_hosts: frozenset[str] = frozenset()
) -> Parts:
    from bot.moods import Feelings

    return Parts(house.search, Feelings.load(), llm, dial or Dial(), lambda: own_hosts, lambda: 0.1)


# --- over HTTP ---------------------------------------------------------------------------------------------


@dataclass
class Event:
    name: str
    data: Any
    id: str | None = None


def events_of(response: httpx.Response) -> Iterator[Event]:
    """The server-sent events of a response, as they come."""
    name, data, id = "message", [], None
    for line in response.iter_lines():
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line.startswith("id:"):
            id = line[3:].strip()
        elif not line and data:
            yield Event(name, json.loads("\n".join(data)), id)
            name, data, id = "message", [], None


@dataclass
class Service:
    """A whole Parley on loopback."""

    url: str
    house: House
    dial: Dial

    def client(self, **more: Any) -> httpx.Client:
        # plain HTTP: reading the certificates of the world takes longer than a request
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False, **more)

    def talk(self, **given: Any) -> Talk:
        with self.client() as client:
            created = client.post("/api/conversations", json=given)
        assert created.status_code == 201, created.text
        return Talk(self, created.json()["id"], created.json()["token"])

    def agent(self, role: str = "agent") -> dict[str, str]:
        with self.house.database.write() as session:
            made = add_agent(
                session, f"{uuid.uuid4().hex[:8]}@example.org", name="Ada", role=role, password=None
            )
            return {"Authorization": f"Bearer {new_api_token(session, made)}"}


@dataclass
class Talk:
    """A customer's side of a conversation."""

    service: Service
    id: str
    token: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        with self.service.client() as client:
            return client.post(f"/api/conversations/{self.id}{path}", json=json, headers=headers, **more)

    def say(self, text: str, client_id: str | None = None) -> dict[str, Any]:
        answer = self.post("/messages", {"text": text} | ({"client_id": client_id} if client_id else {}))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def stream(self, text: str, client_id: str | None = None) -> Iterator[Event]:
        body = {"text": text} | ({"client_id": client_id} if client_id else {})
        headers = self.headers | {"Accept": "text/event-stream"}
        with (
            self.service.client() as client,
            client.stream(
                "POST", f"/api/conversations/{self.id}/messages", json=body, headers=headers
            ) as response,
        ):
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield from events_of(response)

    def show(self) -> dict[str, Any]:
        with self.service.client() as client:
            answer = client.get(f"/api/conversations/{self.id}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def texts(self, role: str) -> list[str]:
        return [message["text"] for message in self.show()["messages"] if message["role"] == role]

    def events(self, after: int | str | None, until: int) -> list[Event]:
        """The next `until` live events that can be resumed from: a place in the queue is none."""
        headers = self.headers | ({"Last-Event-ID": str(after)} if after is not None else {})
        found: list[Event] = []
        with (
            self.service.client() as client,
            client.stream("GET", f"/api/conversations/{self.id}/events", headers=headers) as response,
        ):
            assert response.status_code == 200
            for event in events_of(response):
                if event.id is not None and "opens_at" not in event.data:
                    found.append(event)
                if len(found) == until:
                    break
        return found
