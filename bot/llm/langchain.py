"""Any chat model that LangChain reaches, by its name `provider:model`. LangChain's model types stop here.

Knows time limits, not prompts. A model is given one chance: the extractive answer stands behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from bot.llm.base import ModelError, Prompt

FIRST_PIECE_SECONDS = 15.0
NEXT_PIECE_SECONDS = 10.0
WHOLE_SECONDS = 60.0


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
            self._model: Any = init_chat_model(name, temperature=0, max_retries=0, timeout=whole)
        except Exception as error:
            raise ModelError(f"the model {name} cannot be used: {_line(error)}. Check PARLEY_LLM and its key.", retry=False) from error

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        pieces = self._model.astream([("system", prompt.system), ("human", prompt.user)])
        clock = asyncio.get_running_loop().time
        end = clock() + self._whole
        wait = self._first
        finished = None
        try:
            while True:
                try:
                    async with asyncio.timeout(min(wait, max(0.01, end - clock()))):
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    break
                except TimeoutError as error:
                    raise ModelError(f"{self.name} took too long") from error
                except Exception as error:
                    raise ModelError(f"{self.name}: {_line(error)}") from error
                finished = (getattr(piece, "response_metadata", None) or {}).get("finish_reason") or finished
                if text := _text(piece.content):
                    wait = self._between
                    yield text
        finally:
            await pieces.aclose()
        if finished is None:  # every compatible server ends with a reason; without one the stream was cut
            raise ModelError(f"{self.name} broke off in the middle of its answer")
        if finished == "length":
            raise ModelError(f"{self.name} ran out of room in the middle of its answer")

    async def check(self) -> None:
        async for _ in self.stream(Prompt("Answer with the word ready.", "Are you ready?")):
            pass


def _text(content: Any) -> str:
    """The text of a piece; content blocks of other kinds (reasoning, tools) are left out."""
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content if isinstance(block, dict) and block.get("type") == "text")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
