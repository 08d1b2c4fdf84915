"""What the HTTP interface answers with, as `/openapi.json` tells it: the shapes, and which door gives which.

Nothing is checked with these on the way out, for a turn is not to wait for that: a test holds real answers against them. A
shape names what others may rely on; an answer may hold more.
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

JSON, EVENTS, LINES, PROBLEM = (
    "application/json", "text/event-stream", "application/x-ndjson", "application/problem+json",
)  # fmt: skip


class Problem(BaseModel):
    """An error, as RFC 9457 has it. `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str


class Source(BaseModel):
    """An article that an answer rests on. `url`: its page in the help center."""

    article_id: str
    title: str
    url: str
    heading: str
    excerpt: str
    score: float


class File(BaseModel):
    """A file of a message. `width` and `height`: of a picture."""

    id: str
    name: str
    content_type: str
    size: int
    url: str
    width: int | None = None
    height: int | None = None


class Message(BaseModel):
    """`text` is Markdown. `choices`: the titles that it asks back about. `internal`: a note, which customers never see."""

    id: str
    role: Literal["customer", "assistant", "agent", "system"]
    text: str
    author: str | None = None
    created_at: datetime
    sources: list[Source]
    files: list[File] = []
    choices: list[str] = []
    client_id: str | None = None
    internal: bool = False


Status = Literal["bot", "waiting", "agent", "closed"]
HandoffStatus = Literal["waiting", "claimed", "returned", "resolved"]


class ConversationState(BaseModel):
    id: str
    status: Status


class Sentiment(BaseModel):
    label: Literal["negative", "neutral", "positive"]
    score: Annotated[float, Field(ge=-1, le=1)]


class Turn(BaseModel):
    """What became of a customer's message. `message` is null where a person has the conversation (`relay`), `confidence`
    where nothing was judged."""

    conversation: ConversationState
    message: Message | None
    action: Literal["answer", "clarify", "offer", "escalate", "chat", "relay"]
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    sentiment: Sentiment
    reasons: list[str]
    handoff_id: str | None
    timings_ms: dict[str, float]


class NewConversation(BaseModel):
    """`token` opens this conversation, and no other."""

    id: str
    token: str
    status: Status
    greeting: str


class AgentName(BaseModel):
    name: str


class PlaceInLine(BaseModel):
    """Of an open handoff; a place only while it waits."""

    id: str
    status: HandoffStatus
    position: int | None
    expected_wait_s: float | None
    agent: AgentName | None


class Conversation(BaseModel):
    id: str
    status: Status
    messages: list[Message]
    handoff: PlaceInLine | None


class SearchResult(BaseModel):
    article_id: str
    title: str
    url: str
    section: list[str]
    excerpt: str
    score: float


class SearchResults(BaseModel):
    """Articles, best first, each once. `corrected`: the question that was searched for, where typing errors were put right."""

    query: str
    corrected: str | None = None
    took_ms: float
    results: list[SearchResult]


class Assignee(BaseModel):
    id: str
    name: str


class CustomerSeen(BaseModel):
    """A customer in the queue."""

    name: str | None
    email: str | None


class CustomerKnown(CustomerSeen):
    """`id` and `attributes`: what the site passed on."""

    id: str | None
    attributes: dict[str, Any] | None


class HandoffLine(BaseModel):
    """One line of the queue."""

    id: str
    status: HandoffStatus
    priority: str
    reasons: list[str]
    created_at: datetime
    due_at: datetime | None
    assignee: Assignee | None
    language: str | None
    customer: CustomerSeen
    question: str


class HandoffPage(BaseModel):
    """`next`: the cursor of the next page."""

    items: list[HandoffLine]
    next: str | None


class ConfidenceThen(BaseModel):
    turn_id: str
    at: datetime | None
    value: float | None
    needed: float | None


class SentimentThen(BaseModel):
    turn_id: str
    at: datetime | None
    label: str | None
    score: float | None


class Packet(HandoffLine):
    """Everything that an agent needs to go on without asking again."""

    customer: CustomerKnown
    summary: str
    transcript: list[Message]
    sources_tried: list[Source]
    confidence_trace: list[ConfidenceThen]
    sentiment_trace: list[SentimentThen]
    suggested_reply: str
    notes: list[Message]


Shape = type[BaseModel] | None  # None: any JSON, text, or bytes
PACKETS = ("claim", "release", "assign", "priority", "team", "snooze", "return", "resolve", "labels")
# what each door answers with when all is well, by content type; the doors that are not here say JSON
ANSWERS: dict[str, dict[str, Shape]] = {
    "POST /api/conversations": {JSON: NewConversation},
    "GET /api/conversations/{conversation_id}": {JSON: Conversation},
    "POST /api/conversations/{conversation_id}/messages": {JSON: Turn, EVENTS: None},
    "POST /api/conversations/{conversation_id}/escalate": {JSON: Turn},
    "GET /api/conversations/{conversation_id}/events": {EVENTS: None},
    "GET /api/conversations/{conversation_id}/transcript": {
        "text/html": None,
        "text/plain": None,
        "text/markdown": None,
    },
    "GET /api/search": {JSON: SearchResults},
    "GET /api/handoffs": {JSON: HandoffPage},
    "GET /api/handoffs/{id}": {JSON: Packet},
    **{f"POST /api/handoffs/{{id}}/{step}": {JSON: Packet} for step in PACKETS},
    "POST /api/handoffs/{id}/reply": {JSON: Message},
    "POST /api/handoffs/{id}/held/{message_id}/send": {JSON: Message},
    "POST /api/handoffs/{id}/note": {JSON: Message},
    "GET /api/inbox/events": {EVENTS: None},
    "GET /api/audit.csv": {"text/csv": None},
    "GET /api/writing/export": {"application/zip": None},
    "GET /api/questions/export": {"application/zip": None},
    "POST /api/questions/runs": {JSON: None, LINES: None},
    "POST /api/articles/{id}/impact": {JSON: None, LINES: None},
    "POST /v1/chat/completions": {JSON: None, EVENTS: None},
}


class Described(FastAPI):
    """An app whose schema is told as `described` tells it."""

    _told: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        if self._told is None:
            self._told = described(super().openapi())
        return self._told


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's schema with the answers that are really given: their shapes, and every error as a Problem."""
    schema = copy.deepcopy(schema)
    shapes: set[type[BaseModel]] = {
        Problem,
        *(one for kinds in ANSWERS.values() for one in kinds.values() if one),
    }
    _, told = models_json_schema(
        [(shape, "validation") for shape in shapes], ref_template="#/components/schemas/{model}"
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components |= dict(sorted(told["$defs"].items()))
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    error = {"content": {PROBLEM: {"schema": _reference(Problem)}}}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            if answers := ANSWERS.get(f"{method.upper()} {path}"):
                good = next(status for status in responses if status.startswith("2"))  # the usual one
                responses[good]["content"] = {
                    kind: {"schema": _schema(kind, answers[kind])} for kind in answers
                }
            if "422" in responses:
                responses["422"] = {"description": "What was given cannot be used"} | error
            responses["default"] = {"description": "A problem, with what to do about it"} | error
    return schema


def _schema(kind: str, shape: Shape) -> dict[str, Any]:
    if shape is not None:
        return _reference(shape)
    if kind == JSON:
        return {}
    return {"type": "string"} | ({"format": "binary"} if kind == "application/zip" else {})


def _reference(shape: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
