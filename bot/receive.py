"""Everything that happens to a conversation from the customer's side.

A message is saved before anything else, and `turns.py` answers it. Where a person holds the conversation, the message is passed
on and the bot stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import words
from bot.brief import Brief
from bot.ending import ended, outdated, relay, save, words_for
from bot.moods import Sentiment
from bot.turn import Outcome, Parts
from bot.turns import Turns
from escalation import handoff as handoffs
from escalation.hours import opens_at
from escalation.notify import can_email
from escalation.policies import desk_settings
from escalation.seen import line
from escalation.surveys import Ended, asks_csat, asks_nps
from escalation.waits import office_hours, outlook, place, status_json
from help_center.conversations import (
    AGENT,
    BOT,
    CLOSED,
    WAITING,
    Conversation,
    Feedback,
    Handoff,
    Message,
    TurnRow,
    add_message,
    locked,
    message_json,
    messages_of,
    open_handoff,
    set_status,
    topic,
)
from help_center.database import Database, iso, new_id, now
from help_center.files import File, send, uploaded
from help_center.live import INBOX, publish
from help_center.masking import hide
from help_center.people import Customer, proven_id
from help_center.receipts import CUSTOMER, mark_read, read_json
from help_center.site import Site
from help_center.web import Problem

SAME_SITTING = timedelta(hours=1)  # a stranger's conversation can be taken along into an account for so long
MOST_NOTES = 40_000  # characters that are kept of what a customer writes at the button, in all


class Reception:
    """What customers do; `turns` answers it. Its methods work from any thread."""

    def __init__(self, database: Database, parts: Parts, site: Callable[[], Site] = Site) -> None:
        self._database = database
        self._site = site
        self._parts = parts
        self.turns = Turns(database, parts)

    def create(
        self,
        *,
        customer: dict[str, Any] | None = None,
        locale: str | None = None,
        page_url: str | None = None,
        channel: str = "api",
        proven: bool = False,
    ) -> Conversation:
        told = customer or {}
        with self._database.write() as session:
            person = _person(session, proven_id(told["id"]) if proven else new_id("cust"), told)
            conversation = Conversation(
                id=new_id("conv"), customer_id=person.id, locale=locale, page_url=hide(page_url) if page_url else None, channel=channel,
                greeting=self._site().greeting(locale) or words.in_language(locale, self._site().default_language).greeting, proven=proven, status=BOT,
            )  # fmt: skip
            session.add(conversation)
            return conversation

    def show(self, conversation_id: str) -> dict[str, Any]:
        """The conversation as its customer sees it. Raises a 404 Problem."""
        with self._database.read() as session:
            conversation = self._known(session.get(Conversation, conversation_id))
            handoff = open_handoff(session, conversation_id)
            hours = office_hours(session, handoff.team_id if handoff else None)
            waiting = outlook(session, handoff) if handoff else None
            ended = _ended(session, conversation)
            return {
                "id": conversation.id,
                "status": conversation.status,
                "greeting": conversation.greeting,
                "created_at": iso(conversation.created_at),
                "messages": [message_json(message) for message in messages_of(session, conversation_id)],
                "read": read_json(session, conversation),
                "handoff": place(session, handoff) if handoff else None,
                "email": conversation.contact_email,
                "may_mail_transcript": can_email() and own_address(session, conversation) is not None,
                "may_leave_email": bool(waiting and waiting.worth_an_email and can_email()),
                "opens_at": iso(opens_at(hours, now())),
                "ask": {
                    "csat": asks_csat(ended),
                    "nps": asks_nps(ended, desk_settings(session), now()),
                },
                "rating": {"csat": conversation.csat, "nps": conversation.nps}
                if conversation.rated_at
                else None,
            }

    def status(self, conversation_id: str) -> str:
        """Raises a 404 Problem."""
        with self._database.read() as session:
            return self._known(session.get(Conversation, conversation_id)).status

    def accept(
        self, conversation_id: str, text: str, client_id: str | None = None, files: Sequence[str] = ()
    ) -> str:
        """Saves a message, and says which turn answers it. The same `client_id` again saves nothing. Card numbers, keys
        and passwords are never saved: what is kept, shown and answered is the text without them. `files`: ids of what
        was uploaded to this conversation; with some, the text may be empty.

        Raises a 404 Problem for an unknown conversation, a 422 for a file that cannot be sent. What was saved is
        answered, whatever happens to the caller.
        """
        text = hide(text)
        passed_on = self.status(conversation_id) in {WAITING, AGENT}
        mood = self._parts.feelings.read(text) if passed_on else None  # not inside of the write
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if client_id is not None:
                same = (Message.conversation_id == conversation_id) & (Message.client_id == client_id)
                known = session.scalar(select(Message.turn_id).where(same))
                if known is not None:
                    return known
            sent = uploaded(session, conversation, list(files))
            if conversation.status == CLOSED:
                set_status(session, conversation, BOT)
            if conversation.status in {WAITING, AGENT}:
                return self._pass_on(session, conversation, text, client_id, sent, mood)
            turn = session.scalar(
                select(TurnRow)
                .where(
                    TurnRow.conversation_id == conversation_id,
                    TurnRow.status != "done",
                    TurnRow.shown.is_(False),
                )
                .order_by(TurnRow.created_at.desc())
                .with_for_update()
            )
            if turn is None:
                turn = TurnRow(
                    id=new_id("turn"), conversation_id=conversation_id, status="pending", reasons=[]
                )
                session.add(turn)
                session.flush()
            else:
                turn.version += 1
            _said(session, conversation, text, client_id, turn.id, sent)
            return turn.id

    def known_turn(self, conversation_id: str, client_id: str) -> str | None:
        """The turn of a message that was sent before, by its `client_id`."""
        same = (Message.conversation_id == conversation_id) & (Message.client_id == client_id)
        with self._database.read() as session:
            return session.scalar(select(Message.turn_id).where(same))

    def escalate(
        self, conversation_id: str, note: str | None = None, contact: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The button: a person was asked for. Pressed again, it gives the same Turn."""
        note = hide(note) if note else None
        outcome = Outcome(
            "escalate", ("requested_human",), "", [], None, Sentiment("neutral", 0.0), note or "", [], "", {},
            {"total": 0.0},
        )  # fmt: skip
        if contact:
            with self._database.write() as session:
                conversation = self._known(locked(session, conversation_id))
                _introduced(session, conversation, contact.get("name"), contact.get("email"))
                conversation.contact_email = contact.get("email") or conversation.contact_email

        def write(brief: Brief | None, last: bool) -> dict[str, Any] | None:
            return self._escalated(conversation_id, outcome, note, brief, last=last)

        return ended(self._database, conversation_id, outcome, write, note=note)

    def _escalated(
        self, conversation_id: str, outcome: Outcome, note: str | None, brief: Brief | None, *, last: bool
    ) -> dict[str, Any] | None:
        """None where the brief is not of what stands there now and it is not the `last` try."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if not last and outdated(session, conversation, brief):
                return None
            waiting = open_handoff(session, conversation_id)
            if waiting is not None:
                if note and len(waiting.customer_note or "") + len(note) > MOST_NOTES:
                    raise Problem(422, "note: there are many notes already; write it as a message instead.")
                handoffs.open_handoff(
                    session, conversation, reasons=["requested_human"], question="", summary="", sources_tried=[],
                    suggested_reply="", language=None, customer_note=note,
                )  # fmt: skip
                query = select(TurnRow).where(TurnRow.handoff_id == waiting.id, TurnRow.action == "escalate")
                turn = session.scalar(query.order_by(TurnRow.created_at))
                if turn is not None and turn.result is not None:
                    return {
                        **turn.result,
                        "conversation": {"id": conversation.id, "status": conversation.status},
                    }
            if conversation.status == CLOSED:
                set_status(session, conversation, BOT)
            turn = TurnRow(
                id=new_id("turn"), conversation_id=conversation_id, status="running", reasons=[], shown=True
            )
            session.add(turn)
            session.flush()
            outcome = replace(outcome, text=words_for(session, conversation).handed_over(outcome.reasons))
            return save(session, conversation, turn, outcome, note, brief)

    def identify(self, conversation_id: str, customer: dict[str, Any]) -> None:
        """The site vouches for whoever began this as a stranger: it is theirs from now on. Raises a 409 Problem for
        another customer's conversation, and for one that was left alone: it may be somebody else's on a shared computer.
        """
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            theirs = proven_id(customer["id"])
            if conversation.proven and conversation.customer_id != theirs:
                raise Problem(409, "this conversation is another customer's: begin a new one.")
            if not conversation.proven and now() - conversation.updated_at > SAME_SITTING:
                raise Problem(409, "whoever began this conversation may have left: begin a new one.")
            stranger = session.get_one(Customer, conversation.customer_id)
            said = {"name": stranger.name, "email": stranger.email, "attributes": stranger.attributes}
            person = _person(session, theirs, said | {key: value for key, value in customer.items() if value})
            if person is stranger:
                return
            conversation.customer_id, conversation.proven = person.id, True
            session.flush()
            session.delete(stranger)  # of this conversation only: an unproven row is never shared
            handoff = open_handoff(session, conversation_id)
            if handoff is not None:
                session.flush()
                publish(session, INBOX, "handoff", line(session, handoff))

    def contact(self, conversation_id: str, email: str | None, name: str | None) -> None:
        """Where agents' replies go, too; None: nowhere but here. A name that was not known is kept."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            customer = session.get_one(Customer, conversation.customer_id)
            conversation.contact_email = email
            customer.email = customer.email or email  # what the site has said about its customer stays
            customer.name = customer.name or name
            handoff = open_handoff(session, conversation_id)
            session.flush()
            publish(session, topic(conversation_id), "status", status_json(session, conversation, handoff))
            if handoff is not None:
                publish(session, INBOX, "handoff", line(session, handoff))

    def resume(self, conversation_id: str) -> None:
        """While it waits: back to the bot. Nothing happens when the bot has it already."""
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if conversation.status == AGENT:
                raise Problem(409, "a person has this conversation; ask them to give it back.")
            handoffs.resume_by_customer(session, conversation)

    def close(self, conversation_id: str) -> None:
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if conversation.status != CLOSED:
                handoffs.close_by_customer(session, conversation)
                set_status(session, conversation, CLOSED)

    def typing(self, conversation_id: str, on: bool) -> None:
        with self._database.write() as session:
            conversation = self._known(session.get(Conversation, conversation_id))
            handoff = open_handoff(session, conversation_id)
            if handoff is not None:
                customer = session.get_one(Customer, conversation.customer_id)
                handoffs.publish_typing(session, handoff, role="customer", name=customer.name, on=on)

    def read(self, conversation_id: str, message_id: str) -> None:
        """The customer has seen everything up to this message."""
        with self._database.write() as session:
            self._known(session.get(Conversation, conversation_id))
            mark_read(session, conversation_id, CUSTOMER, message_id)

    def rate(self, conversation_id: str, csat: int | None, nps: int | None, comment: str | None) -> None:
        with self._database.write() as session:
            conversation = self._known(locked(session, conversation_id))
            if asks_nps(_ended(session, conversation), desk_settings(session), now()):
                # the question follows the first word: this customer has been asked
                conversation.asked_nps = True
                session.get_one(Customer, conversation.customer_id).nps_asked_at = now()
            conversation.csat = csat if csat is not None else conversation.csat
            conversation.nps = nps if nps is not None else conversation.nps
            conversation.rating_comment = hide(comment or "") or conversation.rating_comment
            conversation.rated_at = now()

    def feedback(self, conversation_id: str, message_id: str, helpful: bool, comment: str | None) -> None:
        with self._database.write() as session:
            message = session.get(Message, message_id)
            if message is None or message.conversation_id != conversation_id or message.role != "assistant":
                raise Problem(404, "there is no such answer in this conversation.")
            comment = hide(comment) if comment else None
            session.merge(Feedback(message_id=message_id, helpful=helpful, comment=comment, created_at=now()))

    def _pass_on(
        self,
        session: Session,
        conversation: Conversation,
        text: str,
        client_id: str | None,
        files: list[File],
        mood: Sentiment | None,
    ) -> str:
        """A message while a person has the conversation, or will have it. `mood`: None where that was not known before."""
        turn = TurnRow(
            id=new_id("turn"), conversation_id=conversation.id, status="running", reasons=[], shown=True
        )
        session.add(turn)
        session.flush()
        message = _said(session, conversation, text, client_id, turn.id, files)
        handoff = open_handoff(session, conversation.id)
        if handoff is not None:
            handoffs.customer_wrote(session, handoff, message)
        relay(session, conversation, turn, mood or self._parts.feelings.read(text))
        return turn.id

    @staticmethod
    def _known(conversation: Conversation | None) -> Conversation:
        if conversation is None:
            raise Problem(404, "there is no such conversation.")
        return conversation


def _said(
    session: Session,
    conversation: Conversation,
    text: str,
    client_id: str | None,
    turn_id: str,
    files: list[File],
) -> Message:
    """The customer's message, with what was uploaded for it."""
    id = new_id("msg")
    return add_message(
        session, conversation, "customer", text, id=id, client_id=client_id, turn_id=turn_id,
        files=send(files, id),
    )  # fmt: skip


def _person(session: Session, row_id: str, told: dict[str, Any]) -> Customer:
    """The customer's row, made at the first time; what is told of them now counts."""
    person = session.get(Customer, row_id)
    if person is None:
        person = Customer(id=row_id, external_id=told.get("id"), attributes={})
        session.add(person)
    person.name = told.get("name") or person.name
    person.email = told.get("email") or person.email
    person.attributes = {**person.attributes, **(told.get("attributes") or {})}
    session.flush()
    return person


def _introduced(session: Session, conversation: Conversation, name: str | None, email: str | None) -> None:
    """What customers say of themselves counts, but for what the site has said of one whom it vouched for."""
    customer = session.get_one(Customer, conversation.customer_id)
    if conversation.proven:
        name, email = customer.name or name, customer.email or email
    customer.name, customer.email = name or customer.name, email or customer.email


def own_address(session: Session, conversation: Conversation) -> str | None:
    """Where this customer may be written to: what they left for replies, or what a site that vouches for them says."""
    customer = session.get_one(Customer, conversation.customer_id)
    return conversation.contact_email or (customer.email if conversation.proven else None)


def _ended(session: Session, conversation: Conversation) -> Ended:
    held = (Handoff.conversation_id == conversation.id) & Handoff.claimed_at.is_not(None)
    customer = session.get_one(Customer, conversation.customer_id)
    return Ended(
        conversation.id, conversation.closed_at, conversation.rated_at,
        session.scalar(select(Handoff.id).where(held).limit(1)) is not None,
        conversation.nps, conversation.asked_nps, customer.nps_asked_at,
    )  # fmt: skip
