"""The door to a conversation's transcript: saved by the customer, or sent to the address that is known to be theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.opening import opener
from bot.receive import own_address
from bot.transcript import Transcript
from escalation import notify
from help_center.conversations import Conversation, Message, last_position
from help_center.database import Database, now
from help_center.pages import direction
from help_center.people import ConversationTokens
from help_center.site import Site
from help_center.templating import Pages
from help_center.web import Doorkeeper, Problem, RateLimits, base_address


class Form(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


ENDINGS = {Form.TEXT: "txt", Form.MARKDOWN: "md", Form.HTML: "html"}


def routes(
    database: Database,
    tokens: ConversationTokens,
    limits: RateLimits,
    pages: Pages,
    site: Callable[[], Site],
    doorkeeper: Doorkeeper,
    public_url: str | None,
) -> APIRouter:
    """`public_url`: where this installation is reached from outside; None: a file has it as its request says, a letter has no
    links, for whoever asks for a letter is not who reads it."""
    router = APIRouter(prefix="/api/conversations/{conversation_id}/transcript", tags=["conversations"])
    opened = opener(tokens)

    @router.get("")
    def save(
        request: Request,
        conversation_id: str = Depends(opened),
        format: Form = Form.TEXT,
        language: Annotated[str | None, Query(max_length=35)] = None,
    ) -> Response:
        """The conversation as a file to keep: `text`, `markdown`, or `html` to print."""
        with database.read() as session:
            base = base_address(request, public_url)
            kept = Transcript.of(session, known(session, conversation_id), language, site().name, base)
        if format is Form.HTML:
            answer: Response = pages.page(
                "transcript.html", kept=kept, language=kept.language, direction=direction(kept.language)
            )
        else:
            kind = "text/plain" if format is Form.TEXT else "text/markdown"
            answer = Response(
                kept.text if format is Form.TEXT else kept.markdown, media_type=f"{kind}; charset=utf-8"
            )
        name = f"{kept.title} {now():%Y-%m-%d}.{ENDINGS[format]}"
        answer.headers["Content-Disposition"] = (
            f"attachment; filename=\"conversation.{ENDINGS[format]}\"; filename*=UTF-8''{quote(name, safe='')}"
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @router.post("", status_code=202)
    async def send(
        request: Request,
        conversation_id: str = Depends(opened),
        language: Annotated[str | None, Query(max_length=35)] = None,
    ) -> dict[str, str]:
        """Sends it to the address that the customer left for replies, or that their site vouches for; to no other. Anybody can
        leave anybody's address: before a person has answered, and where no site vouches for the customer, the letter holds the
        bot's answers and nothing that the customer wrote. 409 where there is no address, no mail server, or no answer yet."""
        await limits.spend("letters", f"conversation {conversation_id}")
        await limits.spend("letters from", f"address {doorkeeper.address(request)}")
        address = await database.run(addressed, conversation_id)
        await limits.spend("letters to", hashlib.sha256(address.lower().encode()).hexdigest())
        return await database.run(sent, conversation_id, address, language)

    def addressed(conversation_id: str) -> str:
        with database.read() as session:
            address = own_address(session, known(session, conversation_id))
        if address is None:
            raise Problem(409, "leave an e-mail address first: POST /api/conversations/{id}/contact.")
        if not notify.can_email():
            raise Problem(409, "no mail server is set up here: save the transcript instead.")
        return address

    def sent(conversation_id: str, address: str, language: str | None) -> dict[str, str]:
        with database.read() as session:
            conversation = known(session, conversation_id)
            kept = Transcript.of(
                session, conversation, language, site().name, public_url.rstrip("/") if public_url else None,
                answers_only=not trusted(session, conversation),
            )  # fmt: skip
            state = f"{conversation_id} {last_position(session, conversation_id)} {len(kept.said)}"
        if not kept.said:
            raise Problem(409, "there is no answer yet that could be sent: save the transcript instead.")
        with database.write() as session:
            conversation = known(session, conversation_id)
            notify.transcript(session, conversation, address, kept.title, kept.markdown, key=state)
        return {"email": address}

    return router


def trusted(session: Session, conversation: Conversation) -> bool:
    """Whether what the customer wrote may go to the address: their site vouches for them, or a person has answered."""
    answered = (Message.conversation_id == conversation.id) & (Message.role == "agent")
    return conversation.proven or session.scalar(select(Message.id).where(answered).limit(1)) is not None


def known(session: Session, conversation_id: str) -> Conversation:
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise Problem(404, "there is no such conversation.")
    return conversation
