"""The door to a conversation's transcript: saved by the customer, or sent to the address that is known to be theirs."""

from __future__ import annotations

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
from help_center.conversations import Conversation, Message
from help_center.database import Database, now
from help_center.pages import direction
from help_center.people import ConversationTokens
from help_center.site import Site
from help_center.templating import Pages
from help_center.web import Problem, RateLimits, base_address


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
    public_url: str | None,
) -> APIRouter:
    """`public_url`: where this installation is reached from outside; None: as each request says."""
    router = APIRouter(prefix="/api/conversations/{conversation_id}/transcript", tags=["conversations"])
    opened = opener(tokens)

    def read(session: Session, conversation_id: str, language: str | None, request: Request) -> Transcript:
        base = base_address(request, public_url)
        return Transcript.of(session, known(session, conversation_id), language, site().name, base)

    @router.get("")
    def save(
        request: Request,
        conversation_id: str = Depends(opened),
        format: Form = Form.TEXT,
        language: Annotated[str | None, Query(max_length=35)] = None,
    ) -> Response:
        """The conversation as a file to keep: `text`, `markdown`, or `html` to print."""
        with database.read() as session:
            kept = read(session, conversation_id, language, request)
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
        """Sends it to the address that the customer left for replies, or that their site vouches for; to no other. 409
        where there is none, or no mail server."""
        await limits.spend("letters", f"conversation {conversation_id}")

        def sent() -> dict[str, str]:
            with database.write() as session:
                conversation = known(session, conversation_id)
                address = own_address(session, conversation)
                if address is None:
                    raise Problem(409, "leave an e-mail address first: POST /api/conversations/{id}/contact.")
                if not notify.can_email():
                    raise Problem(409, "no mail server is set up here: save the transcript instead.")
                kept = read(session, conversation_id, language, request)
                newest = session.scalars(
                    select(Message.id)
                    .where(Message.conversation_id == conversation_id)
                    .order_by(Message.position.desc())
                    .limit(1)
                ).first()
                notify.transcript(session, conversation, address, kept.title, kept.markdown, key=newest or "")
                return {"email": address}

        return await database.run(sent)

    return router


def known(session: Session, conversation_id: str) -> Conversation:
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise Problem(404, "there is no such conversation.")
    return conversation
