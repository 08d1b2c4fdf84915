"""A model that says what it was told to say: for demos and tests of everything around a model."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.llm.base import ModelError, Prompt


class ScriptedModel:
    """`replies`: one list of pieces per call; an exception in a list is raised in its place."""

    name = "scripted"

    def __init__(self, replies: list[list[str | ModelError]] | None = None) -> None:
        self.replies = replies or []
        self.prompts: list[Prompt] = []

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.prompts.append(prompt)
        if not self.replies:
            raise ModelError("the script has ended", retry=False)
        for piece in self.replies.pop(0):
            if isinstance(piece, ModelError):
                raise piece
            yield piece

    async def check(self) -> None:
        return None
