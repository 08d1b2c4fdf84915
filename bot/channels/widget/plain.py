"""`/widget/plain`: the conversation as a page of forms, for browsers that run no script.

The token lies in a cookie that no script reads and that ends with the browser. Every form carries a proof that this page
was asked for with the same cookie, and a client id: sent twice, a message is said once. Answers, places in the queue and
replies are shown when the page is loaded again.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadData, URLSafeSerializer

from bot.channels.widget.language import chosen
from bot.receive import Reception
from bot.words import in_language
from help_center.conversations import MAX_MESSAGE_CHARACTERS
from help_center.database import Database
from help_center.file_door import FileLinks
from help_center.pages import direction
from help_center.people import ConversationTokens
from help_center.site import Site
from help_center.sources.base import primary_language
from help_center.templating import Pages
from help_center.web import Doorkeeper, Problem, RateLimits, clean_text

PATH = "/widget/plain"
COOKIE = "parley_plain"
RELOAD = {  # what the chat with scripts never says
    "en": "Look for new messages",
    "de": "Nach neuen Nachrichten sehen",
    "es": "Buscar mensajes nuevos",
    "fr": "Chercher de nouveaux messages",
    "pt": "Procurar novas mensagens",
    "it": "Cerca nuovi messaggi",
    "nl": "Kijken of er nieuwe berichten zijn",
    "pl": "Sprawdź nowe wiadomości",
    "ru": "Проверить новые сообщения",
    "ar": "البحث عن رسائل جديدة",
    "ja": "新しいメッセージを確認",
    "zh": "查看新消息",
}
WORDS = Path(__file__).parent / "static" / "words"


def routes(
    database: Database,
    reception: Reception,
    tokens: ConversationTokens,
    links: FileLinks,
    doorkeeper: Doorkeeper,
    limits: RateLimits,
    pages: Pages,
    site: Callable[[], Site],
    secret_key: str,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    proofs = URLSafeSerializer(secret_key, salt="parley.plain")

    def mine(request: Request) -> str | None:
        token = request.cookies.get(COOKIE)
        return tokens.conversation_id(token) if token else None

    def tag(request: Request) -> str:
        return chosen("", request.headers.get("accept-language", ""), site().default_language)

    def shown(request: Request, *, fault: str = "", text: str = "", status: int = 200) -> Response:
        """The page as it stands. `fault`: what went wrong; `text`: what was written and not sent."""
        conversation, told = mine(request), None
        if conversation:
            try:
                told = reception.show(conversation)
            except Problem:
                conversation = None  # erased, or of another installation
        if conversation and told and told["messages"]:
            reception.read(conversation, told["messages"][-1]["id"])
        locale = tag(request)
        language = primary_language(locale)
        page = pages.page(
            "plain.html",
            status=status,
            language=language,
            direction=direction(language),
            words=words_of(language),
            reload=RELOAD[language],
            greeting=site().greeting(locale) or in_language(language).greeting,
            told=told,
            messages=[links.sign(message) for message in told["messages"]] if told else [],
            fault=fault,
            text=text,
            proof=proofs.dumps(conversation or ""),
            client_id=secrets.token_hex(12),
            longest=MAX_MESSAGE_CHARACTERS,
            path=PATH,
        )
        page.headers["Cache-Control"] = "no-store"
        page.headers["Vary"] = "Accept-Language, Cookie"
        if conversation is None and request.cookies.get(COOKIE):
            page.delete_cookie(COOKIE, path=PATH)
        return page

    def back(request: Request, conversation: str | None = None) -> Response:
        answer = RedirectResponse(f"{PATH}#end", status_code=303)
        if conversation:
            answer.set_cookie(
                COOKIE,
                tokens.make(conversation),
                path=PATH,
                httponly=True,
                samesite="lax",
                secure=doorkeeper.secure(request),
            )
        return answer

    async def sent(request: Request) -> dict[str, str]:
        """What a form of this page sends. Raises a 403 for what another page sent, a 422 for what is no form."""
        doorkeeper.refuse_cross_site(request)
        try:
            fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
        except ValueError:
            raise Problem(422, "this is not what the form sends.") from None
        given = {name: clean_text(values[-1]) for name, values in fields.items()}
        try:
            proven = proofs.loads(given.get("proof", ""))
        except BadData:
            proven = None
        if proven != (mine(request) or ""):
            raise Problem(403, "this page is out of date: load it again, then send once more.")
        return given

    async def begun(request: Request) -> str:
        conversation = mine(request)
        if conversation:
            return conversation
        await limits.spend("creations", doorkeeper.address(request))
        made = await database.run(lambda: reception.create(locale=tag(request), channel="plain"))
        return made.id

    async def stepped(request: Request, step: Callable[[str, dict[str, str]], Any]) -> Response:
        """Does something with the conversation; a fault is shown on the page, above what was written."""
        given: dict[str, str] = {}
        try:
            given = await sent(request)
            conversation = await begun(request)
            await limits.spend("signals", f"conversation {conversation}")
            result = step(conversation, given)
            if hasattr(result, "__await__"):
                await result
            return back(request, conversation)
        except Problem as problem:
            again = partial(
                shown, request, fault=problem.detail, text=given.get("text", ""), status=problem.status
            )
            return await database.run(again)

    @router.get(PATH)
    def page(request: Request) -> Response:
        return shown(request)

    @router.post(PATH)
    async def write(request: Request) -> Response:
        async def said(conversation: str, given: dict[str, str]) -> None:
            text = given.get("text", "").strip()
            if not text:
                raise Problem(422, words_of(primary_language(tag(request)))["placeholder"])
            if len(text) > MAX_MESSAGE_CHARACTERS:
                raise Problem(422, f"at most {MAX_MESSAGE_CHARACTERS} characters fit into one message.")
            await limits.spend("messages", f"address {doorkeeper.address(request)}")
            await limits.spend("messages", f"conversation {conversation}")
            key = given.get("client_id", "")[:100] or secrets.token_hex(12)
            turn = await database.run(reception.accept, conversation, text, f"plain:{key}")
            await reception.turns.result(conversation, turn)

        return await stepped(request, said)

    @router.post(f"{PATH}/person")
    async def person(request: Request) -> Response:
        return await stepped(request, lambda conversation, _: database.run(reception.escalate, conversation))

    @router.post(f"{PATH}/resume")
    async def resume(request: Request) -> Response:
        return await stepped(request, lambda conversation, _: database.run(reception.resume, conversation))

    @router.post(f"{PATH}/close")
    async def close(request: Request) -> Response:
        return await stepped(request, lambda conversation, _: database.run(reception.close, conversation))

    @router.post(f"{PATH}/email")
    async def email(request: Request) -> Response:
        def left(conversation: str, given: dict[str, str]) -> Any:
            try:
                address = validate_email(
                    given.get("email", "").strip(), check_deliverability=False
                ).normalized
            except EmailNotValidError:
                raise Problem(422, words_of(primary_language(tag(request)))["mail_wrong"]) from None
            return database.run(reception.contact, conversation, address, None)

        return await stepped(request, left)

    @router.post(f"{PATH}/forget")
    async def forget(request: Request) -> Response:
        """Another conversation, or nobody's any more: the cookie goes."""
        try:
            await sent(request)
        except Problem as problem:
            return await database.run(partial(shown, request, fault=problem.detail, status=problem.status))
        answer = RedirectResponse(PATH, status_code=303)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    return router


_word = re.compile(r'^  (\w+): ("(?:[^"\\]|\\.)*"),$', re.MULTILINE)


@lru_cache(maxsize=16)
def words_of(language: str) -> dict[str, str]:
    """The chat's words in this language, but for those with plural forms."""
    text = "".join((WORDS / part / f"{language}.js").read_text("utf-8") for part in ("", "more"))
    return {key: json.loads(word) for key, word in _word.findall(text)}
