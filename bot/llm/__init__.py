"""Language models, and the one place that says which setting means which."""

from __future__ import annotations

from bot.llm.base import LanguageModel, ModelError, Prompt
from bot.llm.langchain import LangChainModel

__all__ = ["LanguageModel", "ModelError", "Prompt", "open_model"]


def open_model(setting: str) -> LanguageModel | None:
    """The model that PARLEY_LLM names; None for `extractive`. Raises ModelError when it cannot be built."""
    return None if setting == "extractive" else LangChainModel(setting)
