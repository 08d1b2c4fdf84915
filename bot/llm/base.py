"""The door for language models: a prompt in, text out, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from help_center.faults import Mendable


class ModelError(Mendable):
    """The model did not answer, or broke off. One line; `retry` says whether trying again may help; `kind` is a key of
    `escalation.model_use.FAILURES`, or NOTHING_HELD there."""

    def __init__(self, message: str, *, retry: bool = True, kind: str = "other") -> None:
        super().__init__(message)
        self.retry = retry
        self.kind = kind


@dataclass(frozen=True)
class Prompt:
    """`system` is ours; `user` holds what customers and articles say, marked as data."""

    system: str
    user: str


class LanguageModel(Protocol):
    name: str

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer, in pieces as they come. Raises ModelError at any moment: before the first piece, in the middle."""
        ...

    async def check(self) -> None:
        """Raises ModelError when the model does not answer."""
        ...
