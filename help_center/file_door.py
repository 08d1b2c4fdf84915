"""`/files/{id}/{name}`: where files are served from, as things to look at or to save and never as anything that runs.

A picture of an article is for everybody who knows its address. A file of a conversation is for agents, for the holder of
the conversation's token, and for whoever has an address signed for a day: a picture on a page sends no header.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import undefer

from help_center.database import Database
from help_center.files import ATTACHMENT, File
from help_center.people import ConversationTokens
from help_center.web import CleanText, Doorkeeper, Problem, bearer

DAY = 86_400
# whose bodies are files: they have a limit of their own
UPLOADS = re.compile(r"/api/(?:conversations|handoffs)/[^/]+/files|/api/(?:pictures|logo)")
FILE_BODY = {  # for the schema: the body is the file itself
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
POLICY = "default-src 'none'; sandbox"


class FileLinks:
    """Signs addresses of files. Every process with the same key knows them. The same address all day: browsers keep
    the picture."""

    def __init__(self, secret_key: str) -> None:
        self._key = hashlib.sha256(f"parley.files:{secret_key}".encode()).digest()

    def sign(self, message: dict[str, Any]) -> dict[str, Any]:
        """A Message whose files its customer's browser can open, for one to two days."""
        if not message.get("files"):
            return message
        until = (int(time.time()) // DAY + 2) * DAY
        return message | {
            "files": [
                file | {"url": f"{file['url']}?until={until}&proof={self._proof(file['id'], until)}"}
                for file in message["files"]
            ]
        }

    def opens(self, file_id: str, until: str, proof: str) -> bool:
        if not until.isdecimal() or len(until) > 12 or int(until) < time.time():
            return False
        return hmac.compare_digest(
            proof.encode("utf-8", "replace"), self._proof(file_id, int(until)).encode()
        )

    def _proof(self, file_id: str, until: int) -> str:
        return hmac.new(self._key, f"{file_id} {until}".encode(), hashlib.sha256).hexdigest()[:32]


def routes(
    database: Database, doorkeeper: Doorkeeper, tokens: ConversationTokens, links: FileLinks
) -> APIRouter:
    router = APIRouter()

    @router.get("/files/{id}/{name:path}", include_in_schema=False)
    def serve(request: Request, id: CleanText, until: str = "", proof: str = "") -> Response:
        with database.read() as session:
            file = session.get(File, id, options=[undefer(File.data)])
        if file is None or not may_open(request, file, until, proof):
            raise Problem(
                404, "there is no such file, or this link has expired: open the conversation again."
            )
        public = file.kind != ATTACHMENT
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin" if public else "same-origin",
            "Referrer-Policy": "no-referrer",
            "Content-Disposition": _disposition(file),
            "Cache-Control": f"{'public' if public else 'private'}, max-age={365 * DAY if public else DAY}, immutable",
            "ETag": f'W/"{file.sha256[:32]}"',
        }
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        kind = file.content_type
        return Response(
            file.data,
            media_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            headers=headers,
        )

    def may_open(request: Request, file: File, until: str, proof: str) -> bool:
        if file.kind != ATTACHMENT or links.opens(file.id, until, proof):
            return True
        token = bearer(request)
        mine = tokens.conversation_id(token) if token else None
        if mine is not None:  # what an agent has not sent yet is not the customer's
            return mine == file.conversation_id and (file.agent_id is None or file.message_id is not None)
        return doorkeeper.viewer(request).is_agent

    return router


def _disposition(file: File) -> str:
    shown = "inline" if file.is_picture else "attachment"
    plain = file.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "")
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
