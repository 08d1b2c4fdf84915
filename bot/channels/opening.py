"""Which conversation a request may work with: the one that its token opens, and no other."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from help_center.people import ConversationTokens
from help_center.web import Problem, bearer


def opener(tokens: ConversationTokens) -> Callable[[str, Request], str]:
    """A dependency for routes with `{conversation_id}`: gives the id, or raises a 401 or a 403."""

    def opened(conversation_id: str, request: Request) -> str:
        token = bearer(request)
        if token is None:
            raise Problem(
                401,
                "send the conversation's token: Authorization: Bearer TOKEN.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        opens = tokens.conversation_id(token)
        if opens is None:
            raise Problem(
                401,
                "this is no conversation's token: use the one that its creation gave.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if opens != conversation_id:
            raise Problem(403, "this token does not open this conversation.")
        return conversation_id

    return opened
