"""The packet: everything that an agent needs to go on without asking again. Reads, and changes nothing.

The number of its queries does not grow with the conversation.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from escalation.checked import checked
from escalation.facts import facts_of
from escalation.handoff import UnknownHandoff
from escalation.moments import moments
from escalation.replies import held_json
from escalation.seen import agents_json, line, note_json
from escalation.tried import needed, tries
from help_center.articles import Article
from help_center.conversations import (
    Conversation,
    Feedback,
    Handoff,
    Message,
    Note,
    TurnRow,
    customer_json,
    messages_of,
)
from help_center.database import iso
from help_center.desk import Draft, HeldReply
from help_center.markup import shortened
from help_center.masking import stored_for_agents
from help_center.people import Customer, Viewer
from help_center.receipts import read_json

MOST_FACTS = 80
MOST_EARLIER = 20  # conversations of the same customer, newest first
EXCERPT = 300


def packet(session: Session, handoff_id: str, viewer: Viewer | None = None) -> dict[str, Any]:
    """Everything that an agent needs to go on without asking again: the packet of the contract, and more.

    `viewer`: whose draft and held replies are shown with it. Raises UnknownHandoff.
    """
    handoff = session.get(Handoff, handoff_id)
    if handoff is None:
        raise UnknownHandoff
    conversation = session.get_one(Conversation, handoff.conversation_id)
    customer = session.get_one(Customer, conversation.customer_id)
    turns = _turns(session, conversation.id)
    messages = messages_of(session, conversation.id)
    transcript = [agents_json(message) for message in messages]
    unhelpful = _unhelpful(session, conversation.id)
    told = [(one["id"], one["text"]) for one in transcript if one["role"] == "customer"]
    facts = facts_of(told)
    notes = session.scalars(
        select(Note).where(Note.handoff_id == handoff.id).order_by(Note.created_at, Note.id)
    )
    at = {turn.id: iso(turn.finished_at or turn.created_at) for turn in turns}
    found = line(session, handoff) | {
        "customer": customer_json(customer)
        | {"proven": conversation.proven, "since": iso(customer.created_at), "visitor": customer.id[-4:]},
        "question": handoff.question,
        "summary": handoff.summary,
        "summary_by": "model" if handoff.summary_by == "model" else "extract",
        "facts": [fact.json() for fact in facts[:MOST_FACTS]],
        "transcript": transcript,
        "moments": [moment.json() for moment in moments(messages, turns, facts, unhelpful)],
        "sources_tried": handoff.sources_tried,
        "tried": [one.json() for one in tries(turns, messages, unhelpful)],
        "checked": [one.json() for one in checked(turns)],
        "confidence_trace": [
            {
                "turn_id": turn.id,
                "at": at[turn.id],
                "value": turn.confidence,
                "needed": needed(turn),
            }
            for turn in turns
        ],
        "sentiment_trace": [
            {
                "turn_id": turn.id,
                "at": at[turn.id],
                "label": turn.sentiment_label,
                "score": turn.sentiment_score,
            }
            for turn in turns
        ],
        "suggested_reply": handoff.suggested_reply,
        "suggested_sources": [
            source for source in handoff.sources_tried if f"({source['url']})" in handoff.suggested_reply
        ],
        "notes": [note_json(written) for written in notes],
        "conversation_status": conversation.status,
        "read": read_json(session, conversation),
        "page_url": conversation.page_url,
        "replies_to": conversation.contact_email,  # agents' replies go there by e-mail, too
        "customer_note": handoff.customer_note,
        "turns": [_turn_json(turn, at[turn.id]) for turn in turns],
        "earlier": _earlier(session, conversation),
        "previous": _previous(session, handoff),
        "outcome_article": _named(session, handoff),
    }
    if viewer is not None:
        found |= {"draft": _draft(session, handoff, viewer), "held": _held(session, handoff, viewer)}
    return found


def earlier_messages(session: Session, handoff_id: str, conversation_id: str) -> dict[str, Any]:
    """What was said in another conversation of the same customer, as agents see it, and what of the model was left out
    there: `{messages, checked}`, as the packet's. Raises UnknownHandoff."""
    handoff = session.get(Handoff, handoff_id)
    if handoff is None:
        raise UnknownHandoff
    mine = session.get_one(Conversation, handoff.conversation_id)
    other = session.get(Conversation, conversation_id)
    if other is None or other.customer_id != mine.customer_id:
        raise UnknownHandoff("conversation of this customer")
    return {
        "messages": [agents_json(message) for message in messages_of(session, other.id)],
        "checked": [one.json() for one in checked(_turns(session, other.id))],
    }


def _turns(session: Session, conversation_id: str) -> list[TurnRow]:
    """The finished turns; without what was shown, which the messages have."""
    done = (TurnRow.conversation_id == conversation_id) & (TurnRow.status == "done")
    query = select(TurnRow).where(done).order_by(TurnRow.created_at, TurnRow.id)
    return list(session.scalars(query.options(defer(TurnRow.result), defer(TurnRow.shown_text))))


def _unhelpful(session: Session, conversation_id: str) -> frozenset[str]:
    query = select(Feedback.message_id).join(Message, Message.id == Feedback.message_id)
    marked = query.where(Message.conversation_id == conversation_id, Feedback.helpful.is_(False))
    return frozenset(session.scalars(marked))


def _earlier(session: Session, conversation: Conversation) -> list[dict[str, Any]]:
    """The customer's other conversations, newest first. The same row is the same person: a row is shared only by
    conversations whose customer the site vouched for."""
    others = list(
        session.scalars(
            select(Conversation)
            .where(Conversation.customer_id == conversation.customer_id, Conversation.id != conversation.id)
            .order_by(Conversation.created_at.desc(), Conversation.id.desc())
            .limit(MOST_EARLIER)
        )
    )
    if not others:
        return []
    ids = [other.id for other in others]
    ended = session.scalars(
        select(Handoff).where(Handoff.conversation_id.in_(ids)).order_by(Handoff.created_at, Handoff.id)
    )
    handoffs = {one.conversation_id: one for one in ended}  # the last one of each
    first = (
        select(func.min(Message.position))
        .where(Message.conversation_id == Conversation.id, Message.role == "customer")
        .correlate(Conversation)
        .scalar_subquery()
    )
    began = dict(
        session.execute(
            select(Message.conversation_id, Message.text)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Conversation.id.in_(ids), Message.position == first)
        )
        .tuples()
        .all()
    )
    return [_earlier_json(other, handoffs.get(other.id), began.get(other.id, "")) for other in others]


def _earlier_json(other: Conversation, handoff: Handoff | None, began: str) -> dict[str, Any]:
    return {
        "conversation_id": other.id,
        "handoff_id": handoff.id if handoff else None,
        "created_at": iso(other.created_at),
        "status": other.status,
        "question": _cut(handoff.question if handoff else stored_for_agents(began)),
        "outcome": handoff.outcome if handoff else None,
        "csat": other.csat,
    }


def _named(session: Session, handoff: Handoff) -> dict[str, Any] | None:
    """The article that answers, as the agent said at the end."""
    article = session.get(Article, handoff.outcome_article_id) if handoff.outcome_article_id else None
    return {"id": article.id, "title": article.title, "url": article.url} if article else None


def _previous(session: Session, handoff: Handoff) -> dict[str, Any] | None:
    """The handoff of this conversation that had ended when the customer came back."""
    before = session.get(Handoff, handoff.previous_id) if handoff.previous_id else None
    if before is None:
        return None
    return {
        "handoff_id": before.id,
        "outcome": before.outcome,
        "ended_at": iso(before.ended_at),
        "question": _cut(before.question),
    }


def _draft(session: Session, handoff: Handoff, viewer: Viewer) -> dict[str, str]:
    mine = select(Draft).where(Draft.handoff_id == handoff.id, Draft.agent_id == viewer.agent_id)
    return {"reply": "", "note": ""} | {draft.mode: draft.text for draft in session.scalars(mine)}


def _held(session: Session, handoff: Handoff, viewer: Viewer) -> list[dict[str, Any]]:
    """The viewer's replies that can still be taken back, in the Message's form."""
    mine = select(HeldReply).where(HeldReply.handoff_id == handoff.id, HeldReply.agent_id == viewer.agent_id)
    return [
        held_json(session, held)
        for held in session.scalars(mine.order_by(HeldReply.created_at, HeldReply.id))
    ]


def _turn_json(turn: TurnRow, at: str | None) -> dict[str, Any]:
    judged = turn.sentiment_label is not None
    return {
        "id": turn.id,
        "at": at,
        "action": turn.action,
        "confidence": turn.confidence,
        "sentiment": {"label": turn.sentiment_label, "score": turn.sentiment_score} if judged else None,
        "reasons": turn.reasons,
        "message_id": turn.message_id,
    }


def _cut(text: str) -> str:
    return shortened(" ".join(text.split()), EXCERPT)
