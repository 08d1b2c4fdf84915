"""An OpenAI-compatible door: any OpenAI client can talk to the bot. Stateless: saves nothing, opens no handoff.

`system` messages and sampling settings are read past: what a caller writes is a question, never an instruction to the
bot. With the model `parley` it answers from what strangers may read; with `parley-agent` from what the token's owner may.
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, ValidationError

from bot import words
from bot.turn import Asked, Outcome, Parts, Sentence, take_turn
from bot.understand import Said
from help_center.conversations import MAX_MESSAGE_CHARACTERS
from help_center.database import new_id
from help_center.people import STRANGER, Viewer
from help_center.web import CleanText, Doorkeeper, Problem, RateLimits, base_address, problem_json, sse

PUBLIC, AGENTS = "parley", "parley-agent"
MODELS = {PUBLIC: "what everybody may read", AGENTS: "what the token's owner may read"}
ROLES = {"user": "customer", "assistant": "assistant"}
MOST_MESSAGES = 200
CHARACTERS_A_TOKEN = 4  # a rule of thumb: nobody is billed by it


class TextPart(BaseModel):
    type: Literal["text"]
    text: CleanText


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: CleanText | list[TextPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    include_usage: bool = False


class Completion(BaseModel):
    """What of a request counts; the rest (temperature, tools, ...) is read past."""

    model: str = PUBLIC
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None


@dataclass(frozen=True)
class _Wanted:
    """A question with what was said before it."""

    asked: Asked
    model: str
    prompt_characters: int


class OpenAIProblem(Problem):
    """A problem that OpenAI clients can read, too."""

    def json(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.detail, "type": kind, "param": None, "code": None}
        return problem_json(self.status, self.detail) | {"error": error}


def install(app: FastAPI) -> None:
    """Makes the errors of this door readable for OpenAI clients."""

    @app.exception_handler(OpenAIProblem)
    async def on_problem(_request: Request, problem: OpenAIProblem) -> Response:
        return Response(
            json.dumps(problem.json()), problem.status, problem.headers, media_type="application/problem+json"
        )


def routes(parts: Parts, doorkeeper: Doorkeeper, limits: RateLimits, public_url: str | None) -> APIRouter:
    """`public_url`: where the help center is, for the addresses of sources; None: where the request went."""
    api = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

    def caller(request: Request) -> Viewer:
        try:
            return doorkeeper.agent(request)
        except Problem as problem:
            raise OpenAIProblem(problem.status, problem.detail, headers=problem.headers) from None

    Caller = Annotated[Viewer, Depends(caller)]

    @api.get("/models")
    def models(_caller: Caller) -> dict[str, Any]:
        """`parley` answers as customers are answered, `parley-agent` from agents' articles, too."""
        return {"object": "list", "data": [_model(name) for name in MODELS]}

    @api.get("/models/{name}")
    def model(name: str, _caller: Caller) -> dict[str, Any]:
        return _model(_known(name))

    @api.post("/chat/completions", response_model=None)
    async def complete(request: Request, viewer: Caller) -> Response | dict[str, Any]:
        """One answer to the last `user` message; `stream` sends it sentence by sentence, each checked before. `parley` in
        the answer tells action, confidence, reasons and sources."""
        given = await _read(request)
        wanted = _wanted(given, viewer)
        try:
            await limits.spend("messages", f"agent {viewer.agent_id}")
        except Problem as problem:
            raise OpenAIProblem(problem.status, problem.detail, headers=problem.headers) from None
        answer = _Answer(wanted, parts, base_address(request, public_url))
        if given.stream:
            usage = bool(given.stream_options and given.stream_options.include_usage)
            return StreamingResponse(
                answer.frames(usage), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
            )
        async for _ in answer.pieces():
            pass
        return answer.whole()

    return api


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "parley", "description": MODELS[name]}


def _known(name: str) -> str:
    if name not in MODELS:
        raise OpenAIProblem(404, f"there is no model {name[:100]!r}: use {' or '.join(MODELS)}.")
    return name


async def _read(request: Request) -> Completion:
    try:
        return Completion.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OpenAIProblem(400, f"{where}: {first['msg']}" if where else str(first["msg"])) from None


def _wanted(given: Completion, viewer: Viewer) -> _Wanted:
    said = [message for message in given.messages if message.role in ROLES and message.text.strip()]
    if not said or said[-1].role != "user":
        raise OpenAIProblem(400, "messages: the last one must be a question of the role `user`, as text.")
    question = said[-1].text.strip()
    if len(question) > MAX_MESSAGE_CHARACTERS:
        raise OpenAIProblem(400, f"messages: a question has at most {MAX_MESSAGE_CHARACTERS} characters.")
    history = tuple(Said(ROLES[one.role], one.text[:MAX_MESSAGE_CHARACTERS]) for one in said[:-1])
    name = _known(given.model)
    asked = Asked(question, history, viewer=viewer if name == AGENTS else STRANGER)
    return _Wanted(asked, name, sum(len(message.text) for message in given.messages))


class _Answer:
    """One completion: its pieces as they are checked, and its whole."""

    def __init__(self, wanted: _Wanted, parts: Parts, base: str) -> None:
        self._wanted, self._parts, self._base = wanted, parts, base
        self._outcome: Outcome | None = None
        self._text = ""
        self._head = {"id": new_id("chatcmpl"), "created": int(time.time()), "model": wanted.model}

    async def pieces(self) -> AsyncIterator[str]:
        """The text in order; what was given is never taken back."""
        async for step in take_turn(self._wanted.asked, self._parts):
            if isinstance(step, Sentence):
                self._text += step.text
                yield step.text
            elif isinstance(step, Outcome):
                self._outcome = step
        assert self._outcome is not None
        whole = text_apart(self._outcome)
        rest = whole.removeprefix(self._text)
        sources = _listed(self._outcome.sources, self._base)
        self._text = f"{whole}{sources}"
        if rest or sources:
            yield f"{rest}{sources}"

    async def frames(self, usage: bool) -> AsyncIterator[bytes]:
        head = self._head | {"object": "chat.completion.chunk"}

        def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
            told = head | {"choices": [choice]} | more
            return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()

        yield chunk({"role": "assistant", "content": ""})
        try:
            async for piece in self.pieces():
                yield chunk({"content": piece})
        except Exception as error:  # the stream has begun: an error is an event of it
            problem = OpenAIProblem(503, f"the answer broke off ({type(error).__name__}): please try again.")
            yield sse("error", problem.json())
            return
        yield chunk({}, "stop", parley=self._told())
        if usage:
            told = head | {"choices": [], "usage": self._usage()}
            yield f"data: {json.dumps(told)}\n\n".encode()
        yield b"data: [DONE]\n\n"

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self._text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self._head | {
            "object": "chat.completion", "choices": [choice], "usage": self._usage(), "parley": self._told(),
        }  # fmt: skip

    def _usage(self) -> dict[str, int]:
        """Estimated: no tokenizer of anybody's is at hand."""
        asked = -(-self._wanted.prompt_characters // CHARACTERS_A_TOKEN)
        said = -(-len(self._text) // CHARACTERS_A_TOKEN)
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}

    def _told(self) -> dict[str, Any]:
        assert self._outcome is not None
        return told_apart(self._outcome)


def text_apart(outcome: Outcome) -> str:
    """What is said where nothing can be handed over: no promise of a person who would not come."""
    if outcome.action != "escalate":
        return outcome.text
    return words.in_language(outcome.language, None).no_person_here


def told_apart(outcome: Outcome) -> dict[str, Any]:
    """The Turn's judgement, for doors that have no conversation."""
    return {
        "action": outcome.action,
        "confidence": outcome.confidence,
        "sentiment": outcome.sentiment.json(),
        "reasons": list(outcome.reasons),
        "sources": outcome.sources,
    }


def _listed(sources: list[dict[str, Any]], base: str) -> str:
    """The sources at the end of the text: chat clients know no other place for them."""
    lines = [f"[{number}] {one['title']}: {base}{one['url']}" for number, one in enumerate(sources, 1)]
    return "\n\n" + "\n".join(lines) if lines else ""
