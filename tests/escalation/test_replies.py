"""What agents write: held for a moment, taken back, sent by the clock, never lost and never said twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from escalation import handoff as handoffs
from escalation import replies
from escalation.changing import HandoffProblem, ImpossibleStep, UnknownHandoff
from help_center.conversations import Message, add_message, locked
from help_center.database import now
from help_center.desk import AuditEntry, Draft, HeldReply
from help_center.live import INBOX


def step(house, work, *args: Any, **given: Any) -> Any:
    with house.database.write() as session:
        return work(session, *args, **given)


@pytest.fixture
def id(house, ada) -> str:
    """A handoff that Ada has."""
    waiting = house.waiting()
    step(house, handoffs.claim, waiting, ada.viewer)
    return waiting


def held(house) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(select(HeldReply.text).order_by(HeldReply.created_at)))


def replied(house, id: str) -> list[str]:
    return [text for role, text in house.said(id) if role == "agent"]


def draft(house, agent) -> str | None:
    with house.database.read() as session:
        return session.scalar(select(Draft.text).where(Draft.agent_id == agent.id))


def later(house, seconds: float) -> None:
    replies.send_due(house.database, now() + timedelta(seconds=seconds))


# Held


def test_a_held_reply_is_the_customers_only_when_its_time_has_come(house, ada, id):
    one = step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    events = len(house.customer_events(id))
    later(house, 9)
    assert (replied(house, id), len(house.customer_events(id))) == ([], events)
    assert house.handoff(id).first_reply_at is None
    later(house, 11)
    later(house, 11)
    assert (replied(house, id), held(house)) == (["Hello Kim."], [])
    assert house.customer_events(id)[-1][1]["id"] == one.id, "the message has the id that was promised"
    assert len(house.customer_events(id)) == events + 1
    assert house.handoff(id).first_reply_at is not None


def test_the_agents_windows_follow_what_is_held(house, ada, id):
    one = step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    kind, payload = house.events(INBOX)[-1]
    assert (kind, payload["agent_id"], payload["message"]["id"]) == ("held", ada.id, one.id)
    assert payload["message"]["held_until"]
    later(house, 11)
    assert house.events(INBOX)[-1] == ("held", payload | {"message": None})


def test_what_is_taken_back_is_never_sent(house, ada, ben, id):
    one = step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    with pytest.raises(UnknownHandoff):
        step(house, replies.take_back, id, ben.viewer, one.id)
    assert step(house, replies.take_back, id, ada.viewer, one.id) == ("Hello Kim.", [])
    later(house, 60)
    assert (replied(house, id), held(house)) == ([], [])
    with house.database.read() as session:
        entries = select(AuditEntry.action).where(AuditEntry.subject == id).order_by(AuditEntry.id)
        deeds = list(session.scalars(entries))
    assert deeds == ["handoff.claim", "handoff.take_back"]


def test_what_was_sent_cannot_be_taken_back(house, ada, id):
    one = step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    assert step(house, replies.send_now, id, ada.viewer, one.id).id == one.id
    assert step(house, replies.send_now, id, ada.viewer, one.id).id == one.id  # again: nothing
    with pytest.raises(ImpossibleStep, match="sent already"):
        step(house, replies.take_back, id, ada.viewer, one.id)
    assert replied(house, id) == ["Hello Kim."]


def test_a_reply_that_is_sent_twice_with_one_client_id_is_held_once_and_said_once(house, ada, id):
    one = step(house, replies.hold, id, ada.viewer, "Hello.", 10, "key")
    assert step(house, replies.hold, id, ada.viewer, "Hello.", 10, "key").id == one.id
    assert held(house) == ["Hello."]
    later(house, 11)
    assert step(house, replies.hold, id, ada.viewer, "Hello.", 10, "key").id == one.id
    assert (held(house), replied(house, id)) == ([], ["Hello."])


def test_replies_are_said_in_the_order_in_which_they_were_written(house, ada, id):
    step(house, replies.hold, id, ada.viewer, "One.", 30)
    step(house, replies.hold, id, ada.viewer, "Two.", 5)
    step(house, replies.hold, id, ada.viewer, "Three.", 30)
    later(house, 6)
    assert (replied(house, id), held(house)) == (["One.", "Two."], ["Three."])
    step(house, replies.reply, id, ada.viewer, "Four.")
    assert replied(house, id) == ["One.", "Two.", "Three.", "Four."]


def test_many_clocks_send_a_held_reply_once(house, ada, id):
    for n in range(5):
        step(house, replies.hold, id, ada.viewer, f"Reply {n}.", 1)
    together = Barrier(8)

    def tick(_n: int) -> None:
        together.wait()
        later(house, 2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tick, range(8)))
    assert replied(house, id) == [f"Reply {n}." for n in range(5)]
    assert [kind for kind, _ in house.customer_events(id)].count("message") == len(house.said(id))


@pytest.mark.parametrize(
    "work",
    [
        handoffs.release,
        handoffs.return_to_bot,
        handoffs.resolve,
        lambda s, id, agent: handoffs.snooze(s, id, agent, now() + timedelta(hours=1)),
    ],
)
def test_who_leaves_a_conversation_has_said_what_was_held(house, ada, id, work):
    step(house, replies.hold, id, ada.viewer, "Goodbye Kim.", 30)
    step(house, work, id, ada.viewer)
    assert held(house) == []
    said = [text for _, text in house.said(id)]
    assert "Goodbye Kim." in said
    assert said.index("Goodbye Kim.") == 2, "before the step is told"


def test_what_is_held_becomes_a_draft_when_the_conversation_is_taken_away(house, ada, ben, id):
    lea = house.agent("Lea", role="lead")
    with house.database.write() as session:
        session.add(Draft(agent_id=ada.id, handoff_id=id, mode="reply", text="Begun."))
    step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    step(house, handoffs.assign, id, lea.viewer, ben.id)
    assert held(house) == [], "at once, not when the clock comes by"
    later(house, 60)
    assert (replied(house, id), held(house)) == ([], [])
    assert draft(house, ada) == "Begun.\n\nHello Kim."
    assert [kind for kind, _ in house.events(INBOX)].count("held") == 2


def test_what_is_held_becomes_a_draft_when_the_customer_closes(house, ada, id):
    step(house, replies.hold, id, ada.viewer, "Hello Kim.", 10)
    with house.database.write() as session:
        handoffs.close_by_customer(session, locked(session, house.handoff(id).conversation_id))
    assert held(house) == [], "at once, not when the clock comes by"
    later(house, 60)
    assert (replied(house, id), held(house), draft(house, ada)) == ([], [], "Hello Kim.")


def test_who_gives_it_to_a_colleague_has_said_what_was_held(house, ada, ben, id):
    step(house, replies.hold, id, ada.viewer, "Ben will help you.", 10)
    step(house, handoffs.assign, id, ada.viewer, ben.id)
    assert replied(house, id) == ["Ben will help you."]


# Before two write at once


def last(house, id: str) -> str:
    with house.database.read() as session:
        mine = Message.conversation_id == house.handoff(id).conversation_id
        return session.scalars(select(Message.id).where(mine).order_by(Message.position.desc())).first()


def test_a_reply_is_not_sent_past_a_message_that_its_author_has_not_read(house, ada, id):
    seen = last(house, id)
    step(house, replies.reply, id, ada.viewer, "One moment.", None, seen)
    step(house, replies.reply, id, ada.viewer, "Here I am.", None, seen)  # their own words count as read
    with house.database.write() as session:
        conversation = locked(session, house.handoff(id).conversation_id)
        add_message(session, conversation, "customer", "Oh, it has just worked!")
    for work in (replies.reply, lambda *given: replies.hold(*given[:4], 10, *given[4:])):
        with pytest.raises(ImpossibleStep, match="Kim has written meanwhile"):
            step(house, work, id, ada.viewer, "Try this.", "key", seen)
    assert replied(house, id) == ["One moment.", "Here I am."]
    step(house, replies.reply, id, ada.viewer, "Glad to hear it.", "key", last(house, id))
    step(house, replies.reply, id, ada.viewer, "Glad to hear it.", "key", seen)  # again: the same
    assert replied(house, id)[-1] == "Glad to hear it."


def test_a_colleague_who_wrote_meanwhile_is_named(house, ada, ben, id):
    lea = house.agent("Lea", role="lead")
    seen = last(house, id)
    step(house, handoffs.assign, id, ada.viewer, ben.id)
    step(house, replies.reply, id, ben.viewer, "Hello, Ben here.")
    step(house, handoffs.assign, id, lea.viewer, ada.id)
    with pytest.raises(ImpossibleStep, match="Ben has written meanwhile"):
        step(house, replies.reply, id, ada.viewer, "Hello.", None, seen)


def test_a_message_of_another_conversation_cannot_have_been_the_last_one_read(house, ada, id):
    other = last(house, house.waiting())
    with pytest.raises(HandoffProblem, match="no message of this conversation") as caught:
        step(house, replies.reply, id, ada.viewer, "Hello.", None, other)
    assert caught.value.status == 422


# Over HTTP


def test_a_reply_is_held_taken_back_and_sent_over_http(client, house, ada, ben, id):
    def call(verb: str, path: str, body: Any = None, agent: Any = ada) -> Any:
        return client.request(verb, f"/api/handoffs/{id}{path}", json=body, headers=agent.headers)

    one = call("POST", "/reply", {"text": "Hello.", "undo_s": 10}).json()
    assert (one["role"], one["text"]) == ("agent", "Hello.")
    assert one["held_until"] > one["created_at"]
    assert [shown["id"] for shown in call("GET", "").json()["held"]] == [one["id"]]
    assert call("GET", "", agent=ben).json()["held"] == [], "a colleague's are their own"
    assert call("DELETE", f"/held/{one['id']}").json() == {"text": "Hello.", "files": []}
    assert call("DELETE", f"/held/{one['id']}").status_code == 404
    two = call("POST", "/reply", {"text": "Hello again.", "undo_s": 10}).json()
    assert call("POST", f"/held/{two['id']}/send", agent=ben).status_code == 404
    assert call("POST", f"/held/{two['id']}/send").json()["id"] == two["id"]
    assert call("DELETE", f"/held/{two['id']}").status_code == 409
    assert "held_until" not in call("POST", "/reply", {"text": "At once."}).json()
    assert call("POST", "/reply", {"text": "?", "undo_s": 31}).status_code == 422
    assert replied(house, id) == ["Hello again.", "At once."]


def test_snoozing_over_http(client, house, ada, id):
    until = (now() + timedelta(hours=2)).isoformat()
    path, headers = f"/api/handoffs/{id}/snooze", ada.headers
    assert client.post(path, json={"until": until}, headers=headers).json()["snoozed_until"]
    assert client.post(path, json={"until": None}, headers=headers).json()["snoozed_until"] is None
    assert client.post(path, json={"until": "2020-01-01T00:00:00Z"}, headers=headers).status_code == 422
    assert client.post(path, json={"until": "2099-01-01T00:00:00"}, headers=headers).status_code == 422, (
        "no zone"
    )
