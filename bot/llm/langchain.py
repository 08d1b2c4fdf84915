"""Any chat model that LangChain reaches, by its name `provider:model`. LangChain's model types stop here.

Knows time limits, not prompts. A model is given one chance: the extractive answer stands behind it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from bot.llm.base import ModelError, Prompt
from help_center.faults import reason
from help_center.masking import hide
from help_center.personal_data import KINDS

FIRST_PIECE_SECONDS = 15.0
NEXT_PIECE_SECONDS = 10.0
WHOLE_SECONDS = 60.0
REASONS = (
    "finish_reason",
    "stop_reason",
    "done_reason",
)  # as providers call the reason for which a model stopped
CUT_OFF = {"length", "max_tokens", "content_filter"}
_done = re.compile(rb"(?:^|\n)data: ?\[DONE\]")
_event = re.compile(rb"(?:^|\n)data:")
OF_STATUS = {401: "key_refused", 403: "not_allowed", 404: "not_found", 408: "timeout", 429: "too_many"}
_heard: ContextVar[list[bytes] | None] = ContextVar(
    "heard", default=None
)  # the end of the stream that is read


class LangChainModel:
    """`first`, `between`, `whole`: seconds until the first piece, between two, and for all of it."""

    def __init__(
        self,
        name: str,
        *,
        first: float = FIRST_PIECE_SECONDS,
        between: float = NEXT_PIECE_SECONDS,
        whole: float = WHOLE_SECONDS,
    ) -> None:
        from langchain.chat_models import init_chat_model

        self.name = name
        self._first, self._between, self._whole = first, between, whole
        try:
            more = {"http_async_client": _listening_client()} if name.startswith("openai:") else {}
            self._model: Any = init_chat_model(name, temperature=0, max_retries=0, timeout=whole, **more)
        except Exception as error:
            raise ModelError(
                f"the model {name} cannot be used: {_line(error)}. Check PARLEY_LLM and its key.", retry=False
            ) from error

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        heard: list[bytes] = []
        _heard.set(heard)
        pieces = self._model.astream([("system", prompt.system), ("human", prompt.user)])
        clock = asyncio.get_running_loop().time
        end = clock() + self._whole
        wait = self._first
        finished = None
        began = said = False  # a piece came; one with text
        try:
            while True:
                try:
                    async with asyncio.timeout(min(wait, max(0.01, end - clock()))):
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    break
                except TimeoutError as error:
                    raise ModelError(f"{self.name} took too long", kind="timeout") from error
                except Exception as error:
                    kind = "broke_off" if began else _kind(error, b"".join(heard))
                    raise ModelError(f"{self.name}: {_line(error)}", kind=kind) from error
                began = True
                told = getattr(piece, "response_metadata", None) or {}
                finished = next((str(told[key]).lower() for key in REASONS if told.get(key)), finished)
                if text := _text(piece.content):
                    wait = self._between
                    said = said or bool(text.strip())
                    yield text
        finally:
            await pieces.aclose()
        if finished is None and not _done.search(b"".join(heard)):
            raise ModelError(f"{self.name} broke off in the middle of its answer", kind="broke_off")
        if finished in CUT_OFF:
            raise ModelError(
                f"{self.name} was stopped in the middle of its answer ({finished})", kind="cut_off"
            )
        if not said:
            raise ModelError(f"{self.name} answered with nothing", kind="empty")

    async def check(self) -> None:
        async for _ in self.stream(Prompt("Answer with the word ready.", "Are you ready?")):
            pass


def _listening_client() -> Any:
    """The openai package's own client, which remembers the last bytes of each stream: a few compatible servers give
    no finish_reason, and only `[DONE]`, which the openai package swallows, tells their end from a cut."""
    from openai import DefaultAsyncHttpxClient

    async def listen(response: Any) -> None:
        heard, pieces = _heard.get(), response.aiter_bytes
        if heard is None:
            return

        async def overheard(*args: Any) -> AsyncIterator[bytes]:
            async for piece in pieces(*args):
                heard[:] = [b"".join(heard)[-64:], piece]
                yield piece

        response.aiter_bytes = overheard

    return DefaultAsyncHttpxClient(event_hooks={"response": [listen]})


def _text(content: Any) -> str:
    """The text of a piece; content blocks of other kinds (reasoning, tools) are left out."""
    if isinstance(content, str):
        return content
    return "".join(
        block.get("text", "") for block in content if isinstance(block, dict) and block.get("type") == "text"
    )


def _kind(error: BaseException, heard: bytes) -> str:
    """What went wrong before the first piece. `heard`: the end of what came instead of it."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    status = next((found for one in causes if isinstance(found := getattr(one, "status_code", None), int)), 0)
    if status >= 400:
        return OF_STATUS.get(status, "provider_error" if status >= 500 else "rejected")
    names = " ".join(type(one).__name__ for one in causes)  # each provider's package has its own
    if "Timeout" in names:
        return "timeout"
    if "Connect" in names:
        return "unreachable"
    if _done.search(heard):
        return "empty"
    return "no_stream" if heard and not _event.search(heard) else "other"


def _line(error: Exception) -> str:
    """The provider's words in one line; some repeat the prompt or the key in them."""
    return hide(reason(error)[:1000], KINDS)[:200].rstrip(".")
