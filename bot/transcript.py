"""A conversation to keep: as plain text, as Markdown, or as a page to print; in the customer's language.

Reads, and changes nothing. What customers wrote is text and never markup; internal notes are no part of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from bot.words import without_repeats
from help_center.conversations import Conversation, Message, messages_of
from help_center.markup import plain_text, render

# (the title, you, assistant, support, sources)
WORDS = {
    "en": ("Your conversation with {name}", "You", "Assistant", "Support", "Sources"),
    "de": ("Ihr Gespräch mit {name}", "Sie", "Assistent", "Support", "Quellen"),
    "es": ("Su conversación con {name}", "Usted", "Asistente", "Soporte", "Fuentes"),
    "fr": ("Votre conversation avec {name}", "Vous", "Assistant", "Assistance", "Sources"),
    "pt": ("A sua conversa com {name}", "Você", "Assistente", "Suporte", "Fontes"),
    "it": ("La tua conversazione con {name}", "Tu", "Assistente", "Assistenza", "Fonti"),
    "nl": ("Uw gesprek met {name}", "U", "Assistent", "Ondersteuning", "Bronnen"),
    "pl": ("Twoja rozmowa z {name}", "Ty", "Asystent", "Obsługa", "Źródła"),
    "ru": ("Ваш разговор с {name}", "Вы", "Помощник", "Поддержка", "Источники"),
    "ar": ("محادثتك مع {name}", "أنت", "المساعد", "الدعم", "المصادر"),
    "ja": ("{name} との会話", "お客様", "アシスタント", "サポート", "出典"),
    "zh": ("您与 {name} 的对话", "您", "助手", "客服", "来源"),
}
_relative = re.compile(r"(?<!!)\[([^\[\]]*)\]\((/(?!/)[^()\s]*)\)")
_signs = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])|^(\s*\d+)([.)])", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """One message, ready to be shown. `files`: their names; `sources`: (title, address, which may be empty)."""

    at: datetime
    role: str
    who: str
    text: str  # Markdown, but for the customer's
    files: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]

    @property
    def when(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    @property
    def html(self) -> Markup:
        if self.role == "customer":
            return Markup("<p>{}</p>").format(Markup("<br>").join(escape(self.text).splitlines()))
        return Markup(render(self.text, pictures=False))


@dataclass(frozen=True)
class Transcript:
    """`language`: one of WORDS."""

    title: str
    language: str
    said: tuple[Said, ...]

    @classmethod
    def of(
        cls,
        session: Session,
        conversation: Conversation,
        language: str | None,
        name: str,
        base: str | None,
        *,
        answers_only: bool = False,
    ) -> Transcript:
        """`base`: where relative links lead, without a slash at its end; None: nobody knows, and their words stand alone.
        `answers_only`: what the bot said, without a word that the customer chose."""
        spoken = (language or conversation.locale or "en").split("-")[0].lower()
        spoken = spoken if spoken in WORDS else "en"
        title, you, assistant, support, _ = WORDS[spoken]
        names = {"customer": you, "assistant": assistant, "system": "", "agent": support}
        messages = messages_of(session, conversation.id)
        if answers_only:
            messages = [message for message in messages if message.role == "assistant"]
        said = (_said(message, names, base) for message in messages)
        if answers_only:
            said = (replace(one, text=without_repeats(one.text)) for one in said)
        return cls(
            title.format(name=name), spoken, tuple(one for one in said if one.text or not answers_only)
        )

    @property
    def sources(self) -> str:
        return WORDS[self.language][4]

    @property
    def text(self) -> str:
        return (
            "\n\n".join([self.title, *("\n".join(self._lines(one, _plain(one))) for one in self.said)]) + "\n"
        )

    @property
    def markdown(self) -> str:
        parts = []
        for one in self.said:
            head, *rest = self._lines(one, _as_markdown(one))
            parts.append("\n\n".join([f"**{_escaped(head)}**", *rest]))
        return "\n\n".join([f"# {_escaped(self.title)}", *parts]) + "\n"

    def _lines(self, one: Said, text: str) -> Iterator[str]:
        yield f"{one.who}, {one.when}" if one.who else one.when
        if text:
            yield text
        for name in one.files:
            yield f"[{name}]"
        if one.sources:
            told = (f"{title} ({url})" if url else title for title, url in one.sources)
            yield f"{self.sources}: {', '.join(told)}"


def _said(message: Message, names: dict[str, str], base: str | None) -> Said:
    role = message.role
    who = (message.author or names[role]) if role == "agent" else names.get(role, "")
    text = message.text
    if role != "customer":
        text = _relative.sub(lambda link: link[1] if base is None else f"[{link[1]}]({base}{link[2]})", text)
    return Said(
        message.created_at, role, who, text, tuple(file["name"] for file in message.files),
        tuple((source["title"], _absolute(source, base)) for source in message.sources),
    )  # fmt: skip


def _absolute(source: dict[str, Any], base: str | None) -> str:
    url = str(source.get("url") or "")
    return (base + url if base is not None else "") if url.startswith("/") else url


def _plain(one: Said) -> str:
    return one.text if one.role == "customer" else plain_text(one.text)


def _as_markdown(one: Said) -> str:
    return _escaped(one.text) if one.role == "customer" else one.text


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, each line a line."""
    return _signs.sub(lambda sign: f"{sign[2] or ''}\\{sign[1] or sign[3]}", text).replace("\n", "  \n")
