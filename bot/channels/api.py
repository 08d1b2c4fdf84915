"""The customers' door: conversations over HTTP, as JSON and as event streams.

Finds, asks `receive` to do, responds. A token opens its own conversation and no other.
"""

import logging
import math
from collections.abc import AsyncIterator
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool, StringConstraints

from bot.channels.opening import opener
from bot.channels.stream import shown
from bot.receive import Reception
from escalation.places import Places
from help_center.conversations import MAX_MESSAGE_CHARACTERS
from help_center.database import Database
from help_center.file_door import FILE_BODY, FileLinks
from help_center.files import MOST_PER_MESSAGE, file_json, keep, read_upload
from help_center.live import Live
from help_center.people import ConversationTokens
from help_center.web import (
    KEEP_ALIVE,
    CleanText,
    Doorkeeper,
    Problem,
    RateLimits,
    clean_text,
    event_stream,
    last_event_id,
    sse,
    wants_events,
)

ATTRIBUTES_DEPTH = 8
log = logging.getLogger(__name__)
# the length first: what is too long is told in characters, and not cleaned
Short = Annotated[str, StringConstraints(max_length=300), AfterValidator(clean_text)]
Long = Annotated[str, StringConstraints(max_length=MAX_MESSAGE_CHARACTERS), AfterValidator(clean_text)]
Locale = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$")]


def plain(value: Any, depth: int = 0) -> Any:
    """JSON of strangers as it can be stored and shown again: clean text, finite numbers, no deep nesting."""
    if depth > ATTRIBUTES_DEPTH:
        raise ValueError(f"at most {ATTRIBUTES_DEPTH} levels deep")
    match value:
        case dict():
            return {clean_text(str(key)): plain(item, depth + 1) for key, item in value.items()}
        case list():
            return [plain(item, depth + 1) for item in value]
        case str():
            return clean_text(value)
        case float() if not math.isfinite(value):
            raise ValueError("numbers must be finite")
    return value


def not_an_agents(client_id: str) -> str:
    if client_id.startswith("agent:"):
        raise ValueError("`agent:` at the beginning is for agents")
    return client_id


def reachable(address: str) -> str:
    """An address that mail can be sent to, as far as its form tells."""
    try:
        return validate_email(address.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("this is no e-mail address: give one such as kim@example.org") from None


def _in_letters(id: Any) -> Any:
    """A site may know its customers by number."""
    return str(id) if isinstance(id, int) and not isinstance(id, bool) else id


class CustomerGiven(BaseModel):
    id: Annotated[Short, BeforeValidator(_in_letters)] | None = None
    name: Short | None = None
    email: Short | None = None
    attributes: Annotated[dict[Short, Any], Field(max_length=50), AfterValidator(plain)] | None = None


class ConversationGiven(BaseModel):
    locale: Locale | None = None
    page_url: Annotated[CleanText, StringConstraints(max_length=2000)] | None = None
    customer: CustomerGiven | None = None
    user_hash: Short | None = None


class IdentityGiven(BaseModel):
    customer: CustomerGiven
    user_hash: Short


ClientId = Annotated[
    CleanText, StringConstraints(min_length=1, max_length=200), AfterValidator(not_an_agents)
]


class MessageGiven(BaseModel):
    """`files`: ids of what was uploaded to this conversation before; with some, the text may be left out."""

    text: Long = ""
    client_id: ClientId | None = None
    files: Annotated[list[Short], Field(max_length=MOST_PER_MESSAGE)] = Field(default_factory=list)


EmailAddress = Annotated[CleanText, StringConstraints(max_length=320), AfterValidator(reachable)]
NoneIfBlank = BeforeValidator(lambda value: None if value == "" else value)


class ContactGiven(BaseModel):
    name: Short | None = None
    email: Annotated[EmailAddress | None, NoneIfBlank] = None


class AddressGiven(BaseModel):
    """Where agents' replies go, too. `email` null: nowhere any more."""

    email: Annotated[EmailAddress | None, NoneIfBlank]
    name: Short | None = None


class EscalationGiven(BaseModel):
    note: Long | None = None
    contact: ContactGiven | None = None


class ReadGiven(BaseModel):
    """The last message that the customer has had in sight."""

    message_id: Short


class TypingGiven(BaseModel):
    on: StrictBool


class RatingGiven(BaseModel):
    csat: Annotated[int, Field(ge=1, le=5, strict=True)] | None = None
    nps: Annotated[int, Field(ge=0, le=10, strict=True)] | None = None
    comment: Long | None = None


class FeedbackGiven(BaseModel):
    helpful: StrictBool
    comment: Long | None = None


def routes(
    database: Database,
    live: Live,
    places: Places,
    reception: Reception,
    tokens: ConversationTokens,
    links: FileLinks,
    doorkeeper: Doorkeeper,
    limits: RateLimits,
) -> APIRouter:
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    opened = opener(tokens)
    Opened = Annotated[str, Depends(opened)]

    def told(customer: CustomerGiven | None) -> dict[str, Any] | None:
        if customer is not None and len(str(customer.attributes or {})) > 10_000:
            raise Problem(422, "customer.attributes: at most 10,000 characters in all.")
        return customer.model_dump() if customer else None

    def vouched_for(customer: dict[str, Any] | None, user_hash: str | None) -> bool:
        if user_hash is None:
            return False
        id = (customer and customer["id"]) or ""
        proven = bool(id) and tokens.proves(id, user_hash)
        if not proven:  # the site's developer finds out here
            log.warning("a customer was not proven: %s", tokens.why_unproven(id))
        return proven

    @api.post("", status_code=201)
    async def create(request: Request, given: ConversationGiven | None = None) -> dict[str, Any]:
        await limits.spend("creations", doorkeeper.address(request))
        given = given or ConversationGiven()
        customer = told(given.customer)
        proven = vouched_for(customer, given.user_hash)  # else it is a stranger's conversation
        locale = given.locale.replace("_", "-") if given.locale else None
        conversation = await database.run(
            lambda: reception.create(customer=customer, locale=locale, page_url=given.page_url, proven=proven)
        )
        return {
            "id": conversation.id,
            "token": tokens.make(conversation.id),
            "status": conversation.status,
            "greeting": conversation.greeting,
        }

    @api.get("/{conversation_id}")
    def show(conversation: Opened) -> dict[str, Any]:
        told = reception.show(conversation)
        return told | {"messages": [links.sign(message) for message in told["messages"]]}

    @api.post("/{conversation_id}/files", status_code=201, openapi_extra=FILE_BODY)
    async def upload(
        request: Request,
        conversation: Opened,
        name: Annotated[
            CleanText, Query(min_length=1, max_length=300, description="its name, with its ending")
        ],
    ) -> dict[str, Any]:
        """Keeps the request's body as a file, to be sent with a message: give its `id` in `files`. What it is, its
        content says."""
        await limits.spend("uploads", f"address {doorkeeper.address(request)}")
        await limits.spend("uploads", f"conversation {conversation}")
        data = await request.body()

        def kept() -> dict[str, Any]:
            file = read_upload(data, name)
            with database.write() as session:
                return links.sign({"files": [file_json(keep(session, file, conversation))]})["files"][0]

        return await database.run(kept)

    @api.post("/{conversation_id}/messages")
    async def say(request: Request, conversation: Opened, given: MessageGiven) -> Any:
        """The Turn. With `Accept: text/event-stream` events as it goes on: `stage`, `delta` with checked text, then `turn`
        with the Turn, or `error` with a problem."""
        if not given.text.strip() and not given.files:
            raise Problem(422, "text: write something.")
        # the same message again is answered from what was saved: it costs nothing
        known = (
            await database.run(reception.known_turn, conversation, given.client_id)
            if given.client_id
            else None
        )
        if known is None:
            await limits.spend("messages", f"address {doorkeeper.address(request)}")
            await limits.spend("messages", f"conversation {conversation}")
        turn_id = await database.run(
            reception.accept, conversation, given.text.strip(), given.client_id, given.files
        )
        if not wants_events(request):
            return await reception.turns.result(conversation, turn_id)

        async def frames() -> AsyncIterator[bytes]:
            async for event, data in reception.turns.follow(conversation, turn_id):
                yield sse(event, data)

        return event_stream(frames())

    @api.get("/{conversation_id}/events")
    async def events(request: Request, conversation: Opened) -> Response:
        after = last_event_id(request)
        newest = await live.newest()
        status = await database.run(reception.status, conversation)
        start = newest if after is None else min(after, newest)  # an id from nowhere must not hide what comes

        async def frames() -> AsyncIterator[bytes]:
            yield KEEP_ALIVE
            async for event in shown(live, places, conversation, start, status):
                if event is None:
                    yield KEEP_ALIVE
                    continue
                kind, told, id = event
                yield sse(kind, links.sign(told) if kind == "message" else told, id)

        return event_stream(frames())

    @api.post("/{conversation_id}/escalate")
    async def escalate(
        request: Request, conversation: Opened, given: EscalationGiven | None = None
    ) -> dict[str, Any]:
        await limits.spend("signals", f"escalate {conversation}")  # never short of it for having asked much
        contact = given.contact.model_dump() if given and given.contact else None
        return await database.run(reception.escalate, conversation, given.note if given else None, contact)

    async def counted(conversation: Opened) -> str:
        """The small requests of one conversation have a limit of their own: they write, too."""
        await limits.spend("signals", f"conversation {conversation}")
        return conversation

    Counted = Annotated[str, Depends(counted)]

    @api.post("/{conversation_id}/resume", status_code=204)
    def resume(conversation: Counted) -> None:
        reception.resume(conversation)

    @api.post("/{conversation_id}/close", status_code=204)
    def close(conversation: Counted) -> None:
        reception.close(conversation)

    @api.post("/{conversation_id}/identify", status_code=204)
    def identify(conversation: Counted, given: IdentityGiven) -> None:
        """The customer has signed in on the site meanwhile: the conversation is theirs, on all their devices."""
        customer = told(given.customer)
        if customer is None or not vouched_for(customer, given.user_hash):
            raise Problem(403, tokens.why_unproven(given.customer.id or ""))
        reception.identify(conversation, customer)

    @api.post("/{conversation_id}/contact", status_code=204)
    def contact(conversation: Counted, given: AddressGiven) -> None:
        reception.contact(conversation, given.email, given.name)

    @api.post("/{conversation_id}/typing", status_code=204)
    def typing(conversation: Counted, given: TypingGiven) -> None:
        reception.typing(conversation, given.on)

    @api.post("/{conversation_id}/read", status_code=204)
    def read(conversation: Counted, given: ReadGiven) -> None:
        reception.read(conversation, given.message_id)

    @api.post("/{conversation_id}/rating", status_code=204)
    def rate(conversation: Counted, given: RatingGiven) -> None:
        if given.csat is None and given.nps is None and not given.comment:
            raise Problem(422, "give csat (1 to 5), nps (0 to 10) or a comment.")
        reception.rate(conversation, given.csat, given.nps, given.comment)

    @api.post("/{conversation_id}/messages/{message_id}/feedback", status_code=204)
    def feedback(conversation: Counted, message_id: str, given: FeedbackGiven) -> None:
        reception.feedback(conversation, message_id, given.helpful, given.comment)

    return api
