"""What is told to whom, and the outbox: written with its cause, sent once, tried again, given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from escalation import handoff as handoffs
from escalation import notify
from escalation.desk_tools.mentions import mention
from escalation.notify.base import Parcel, Undelivered
from escalation.notify.news import EVENTS
from escalation.notify.outbox import JITTER, KEEP, LEASE, WAITS, Outbox, enqueue, next_try
from escalation.policies import DeskSettings, Notifications, keep_desk_settings
from help_center.conversations import (
    CLOSED,
    Conversation,
    Handoff,
    Note,
    add_message,
    locked,
    set_status,
)
from help_center.database import Database, new_id, now
from help_center.desk import Delivery, Team, TeamMember, Webhook
from help_center.people import Agent
from tests.escalation.conftest import Colleague, House


@pytest.fixture(autouse=True)
def _mail_server() -> Iterator[None]:
    notify.email_is_set_up(True)
    yield
    notify.email_is_set_up(False)


@dataclass
class Scripted:
    """A transport that does what the script says, one entry for each try; then everything arrives."""

    script: list[Exception] = field(default_factory=list)
    sent: list[Parcel] = field(default_factory=list)
    tries: int = 0

    def send(self, parcel: Parcel) -> None:
        self.tries += 1
        if self.script:
            raise self.script.pop(0)
        self.sent.append(parcel)


def outbox_of(database: Database, transport: object, rest_seconds: float = 0) -> Outbox:
    return Outbox(database, {"webhook": transport}, dice=lambda: 0.5, rest_seconds=rest_seconds)  # type: ignore[dict-item]


def send_all(outbox: Outbox) -> None:
    """Sends until nothing is due."""
    while begun := outbox.send_due():
        for one in begun:
            one.result(10)


def put(database: Database, *keys: str, target: str = "hook_1") -> None:
    for key in keys:
        with database.write() as session:
            enqueue(session, "webhook", target, "handoff.opened", {"n": key}, key=key)


def deliveries(database: Database, kind: str | None = None) -> list[Delivery]:
    with database.read() as session:
        query = select(Delivery).order_by(Delivery.created_at, Delivery.id)
        return [row for row in session.scalars(query) if kind in (None, row.kind)]


def later(database: Database, by: timedelta) -> None:
    """As if that much time had passed for what is to be sent."""
    with database.write() as session:
        for row in session.scalars(select(Delivery)):
            row.due_at -= by


def webhook(house: House, *events: str, active: bool = True) -> str:
    with house.database.write() as session:
        hook = Webhook(
            id=new_id("hook"), url="https://example.org", secret="s" * 20, events=list(events), active=active
        )
        session.add(hook)
    return hook.id


def notifications(house: House, **given: object) -> None:
    with house.database.write() as session:
        keep_desk_settings(session, DeskSettings(notifications=Notifications(**given)))  # type: ignore[arg-type]


def wants_email(house: House, colleague: Colleague, **changes: object) -> None:
    with house.database.write() as session:
        session.execute(
            update(Agent).where(Agent.id == colleague.id).values(notify={"email": True}, **changes)
        )


def told(house: House, name: str, handoff_id: str, *arguments: object) -> None:
    """Calls a function of `notify` about a handoff, in a transaction of its own."""
    with house.database.write() as session:
        getattr(notify, name)(session, session.get_one(Handoff, handoff_id), *arguments)


def mailed(house: House, event: str) -> set[str]:
    return {row.target for row in deliveries(house.database, "email") if row.event == event}


# The outbox


def test_what_is_rolled_back_is_never_sent(database: Database) -> None:
    def cause() -> None:
        with database.write() as session:
            enqueue(session, "webhook", "hook_1", "handoff.opened", {}, key="1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause()
    assert deliveries(database) == []


def test_the_same_news_for_the_same_receiver_is_written_once(database: Database) -> None:
    put(database, "1", "1", "2")
    put(database, "1", target="hook_2")
    assert [(row.target, row.payload["n"]) for row in deliveries(database)] == [
        ("hook_1", "1"),
        ("hook_1", "2"),
        ("hook_2", "1"),
    ]


def test_it_is_sent_in_order_and_marked_and_its_content_is_forgotten(database: Database) -> None:
    put(database, "1", "2", "3")
    transport = Scripted()
    send_all(outbox_of(database, transport))
    assert [parcel.payload["n"] for parcel in transport.sent] == ["1", "2", "3"]
    assert [(row.status, row.attempts, row.payload, row.error) for row in deliveries(database)] == [
        ("sent", 1, {}, None)
    ] * 3
    assert all(row.done_at for row in deliveries(database))


def test_a_fault_that_may_pass_is_tried_again_with_the_same_id_after_the_wait(database: Database) -> None:
    put(database, "1")
    transport = Scripted([Undelivered("it answered 503"), Undelivered("it answered 500")])
    outbox = outbox_of(database, transport)
    send_all(outbox)
    [row] = deliveries(database)
    assert (row.status, row.attempts, row.error) == ("pending", 1, "it answered 503")
    assert timedelta(seconds=8) < row.due_at - now() <= timedelta(seconds=10)
    later(database, timedelta(seconds=10))
    send_all(outbox)
    assert transport.tries == 2
    later(database, timedelta(seconds=30))
    send_all(outbox)
    assert [parcel.id for parcel in transport.sent] == [row.id]
    assert deliveries(database)[0].status == "sent"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Undelivered("it answered 404", permanent=True), "it answered 404"),
        (KeyError("a fault of ours"), "KeyError: 'a fault of ours'"),
    ],
)
def test_a_fault_that_stays_fails_at_once_and_stops_nothing_else(
    database: Database, error: Exception, told: str
) -> None:
    put(database, "1", "2")
    transport = Scripted([error])
    send_all(outbox_of(database, transport))
    assert [(row.status, row.error) for row in deliveries(database)] == [("failed", told), ("sent", None)]


def test_after_ten_tries_it_is_given_up(database: Database) -> None:
    put(database, "1")
    transport = Scripted([Undelivered(f"try {n}") for n in range(1, 12)])
    outbox = outbox_of(database, transport)
    for _ in range(12):
        send_all(outbox)
        later(database, timedelta(days=1))
    [row] = deliveries(database)
    assert (row.status, row.attempts, row.error, transport.tries) == ("failed", 10, "try 10", 10)


def test_waits_grow_with_some_jitter_and_honour_what_the_receiver_asks_for() -> None:
    at = now()

    def waited(tries: int, dice: float = 0.5, wait_s: float | None = None) -> float:
        due_at = next_try(tries, at, Undelivered("no", wait_s=wait_s), dice)
        assert due_at is not None
        return (due_at - at).total_seconds()

    assert [waited(n) for n in range(1, 10)] == list(WAITS) == sorted(WAITS)
    assert waited(1, dice=0) == 10 * (1 - JITTER)
    assert waited(1, dice=1) == 10 * (1 + JITTER)
    assert waited(1, wait_s=120) == 120
    assert waited(1, wait_s=10**9) == 3600  # nobody is patient for ever
    assert waited(5, wait_s=1) == 900
    assert next_try(10, at, Undelivered("no"), 0.5) is None


def test_a_receiver_that_hangs_holds_up_nobody_else(database: Database) -> None:
    put(database, "1", target="slow")
    released = threading.Event()
    sent = []

    class Slow:
        def send(self, parcel: Parcel) -> None:
            if parcel.target == "slow":
                released.wait(20)
            sent.append(parcel.target)

    outbox = outbox_of(database, Slow())
    hanging = outbox.send_due()
    put(database, "2", target="quick")
    wait(outbox.send_due(), 10)
    assert sent == ["quick"]
    released.set()
    wait(hanging, 10)
    assert sent == ["quick", "slow"]


def test_a_receiver_that_fails_rests_before_its_next_delivery(database: Database) -> None:
    put(database, "1", "2")
    transport = Scripted([Undelivered("down")])
    outbox = outbox_of(database, transport, rest_seconds=60)
    send_all(outbox)
    assert transport.tries == 1
    assert outbox.send_due() == []


def test_a_closed_outbox_ends_what_it_is_at_and_begins_nothing_more(database: Database) -> None:
    put(database, "1", "2")
    begun, released = threading.Event(), threading.Event()

    class Slow:
        def send(self, parcel: Parcel) -> None:
            begun.set()
            released.wait(20)

    outbox = outbox_of(database, Slow())
    working = outbox.send_due()
    assert begun.wait(10)
    outbox.close()
    released.set()
    wait(working, 10)
    assert [(row.status, row.attempts) for row in deliveries(database)] == [("sent", 1), ("pending", 0)]


def test_what_a_dead_process_had_leased_is_sent_after_its_lease(database: Database) -> None:
    put(database, "1")
    dead = outbox_of(database, Scripted())
    assert dead._lease(("webhook", "hook_1")) is not None
    transport = Scripted()
    alive = outbox_of(database, transport)
    send_all(alive)
    assert transport.sent == []
    later(database, LEASE)
    send_all(alive)
    assert len(transport.sent) == 1
    assert deliveries(database)[0].attempts == 2


def test_who_comes_back_late_does_not_undo_what_another_process_did(database: Database) -> None:
    put(database, "1")
    late = outbox_of(database, Scripted())
    leased = late._lease(("webhook", "hook_1"))
    assert leased is not None
    later(database, LEASE)
    other = outbox_of(database, Scripted())
    taken = other._lease(("webhook", "hook_1"))
    assert taken is not None
    late._failed(*leased, Undelivered("no answer"))
    assert deliveries(database)[0].due_at > now() + LEASE / 2  # still leased to the other
    assert outbox_of(database, Scripted()).send_due() == []
    other._failed(*taken, Undelivered("no answer"))
    assert deliveries(database)[0].attempts == 2


def test_many_workers_at_once_send_each_delivery_once(database: Database) -> None:
    put(database, *(str(n) for n in range(60)))
    seen: list[str] = []

    class Counting:
        def send(self, parcel: Parcel) -> None:
            seen.append(parcel.id)

    outboxes = [outbox_of(database, Counting()) for _ in range(4)]
    until = time.monotonic() + 60
    while len(seen) < 60 and time.monotonic() < until:
        wait([one for outbox in outboxes for one in outbox.send_due()], 30)
    assert sorted(seen) == sorted(row.id for row in deliveries(database))


def test_what_was_done_long_ago_is_forgotten_and_what_waits_is_not(database: Database) -> None:
    put(database, "old", "new", "waits")
    with database.write() as session:
        for row in session.scalars(select(Delivery)):
            row.status = "pending" if row.payload["n"] == "waits" else "sent"
            row.created_at -= timedelta(0) if row.payload["n"] == "new" else KEEP
    outbox_of(database, Scripted()).prune()
    assert sorted(row.payload["n"] for row in deliveries(database)) == ["new", "waits"]


# Who is told of what


def test_webhooks_hear_the_events_that_they_listen_to_once(house: House) -> None:
    everything, opened = webhook(house, *EVENTS), webhook(house, "handoff.opened")
    webhook(house, *EVENTS, active=False)
    handoff_id = house.waiting("Where is my invoice?")
    for _ in range(2):
        told(house, "opened", handoff_id)
        told(house, "resolved", handoff_id)
    heard = [(row.target, row.event) for row in deliveries(house.database, "webhook")]
    assert sorted(heard) == sorted(
        [
            (everything, "message.created"),
            (everything, "handoff.opened"),
            (everything, "handoff.resolved"),
            (opened, "handoff.opened"),
        ]
    )
    data = next(row.payload for row in deliveries(house.database) if row.event == "handoff.opened")
    assert data["handoff"]["id"] == handoff_id
    assert data["handoff"]["question"] == "Where is my invoice?"
    assert data["customer"] == {"id": None, "name": "Kim", "email": None, "attributes": {"plan": "pro"}}
    assert data["conversation"]["id"] == house.handoff(handoff_id).conversation_id


def test_each_message_is_told_and_no_note(house: House, ada: Colleague) -> None:
    webhook(house, "message.created")
    handoff_id = house.waiting("My card 4242 4242 4242 4242 was charged twice.")
    with house.database.write() as session:
        conversation = locked(session, house.handoff(handoff_id).conversation_id)
        assert conversation is not None
        add_message(session, conversation, "assistant", "I look.", client_id="bot:1")
        add_message(session, conversation, "system", "Ada has joined.")
        add_message(session, conversation, "agent", "It is paid back.", author="Ada", client_id="agent:1")
        session.add(Note(id="note_1", handoff_id=handoff_id, agent_id=ada.id, author="Ada", text="A fraud?"))
    messages = [row.payload["message"] for row in deliveries(house.database)]
    assert [(message["role"], message["text"]) for message in messages] == [
        ("customer", "My card •••• 4242 was charged twice."),
        ("assistant", "I look."),
        ("system", "Ada has joined."),
        ("agent", "It is paid back."),
    ]
    assert all("client_id" not in message for message in messages)
    assert {row.kind for row in deliveries(house.database)} == {"webhook"}


def test_each_close_of_a_conversation_is_told(house: House) -> None:
    webhook(house, "conversation.closed")
    conversation_id = house.conversation()
    for status in (CLOSED, CLOSED, "bot", CLOSED):
        with house.database.write() as session:
            conversation = locked(session, conversation_id)
            assert conversation is not None
            set_status(session, conversation, status)
    rows = deliveries(house.database)
    assert [row.event for row in rows] == ["conversation.closed"] * 2
    assert [row.payload["conversation"]["reopened"] for row in rows] == [0, 1]
    assert rows[0].payload["conversation"]["closed_at"]


def test_a_new_handoff_is_mailed_to_the_desk_and_to_agents_who_want_it_and_are_there(
    house: House, ada: Colleague, ben: Colleague
) -> None:
    eve, gone = house.agent("Eve"), house.agent("Gone")
    notifications(house, emails=["desk@example.org", "ada@example.org"])
    wants_email(house, ada)
    wants_email(house, eve, available=False)
    wants_email(house, gone, deactivated_at=now())
    house.waiting("Where is my invoice?")
    assert mailed(house, "handoff.opened") == {"desk@example.org", "ada@example.org"}
    letter = deliveries(house.database, "email")[0].payload
    assert letter["subject"] == "Kim waits for a person: Where is my invoice?"
    assert letter["quote"] == "Where is my invoice?"
    assert "Reason: requested human" in letter["text"]
    assert "Kim" not in letter["text"]  # Markdown: nothing that a customer chose stands in it


def test_a_handoff_of_a_team_is_mailed_to_its_members_only(
    house: House, ada: Colleague, ben: Colleague
) -> None:
    wants_email(house, ada)
    wants_email(house, ben)
    with house.database.write() as session:
        session.add(Team(id="team_1", name="Billing"))
        session.flush()
        session.add(TeamMember(team_id="team_1", agent_id=ben.id))
    handoff_id = house.waiting()
    with house.database.write() as session:
        session.get_one(Handoff, handoff_id).team_id = "team_1"
    told(house, "overdue", handoff_id)
    assert mailed(house, "handoff.overdue") == {ben.email}
    assert "Team: Billing" in deliveries(house.database, "email")[0].payload["text"]


def test_an_overdue_handoff_is_told_to_its_holder_to_the_desk_and_to_slack(
    house: House, ada: Colleague, ben: Colleague
) -> None:
    notifications(house, emails=["desk@example.org"], slack_url="https://hooks.example.org/x", on_new=False)
    wants_email(house, ada)
    wants_email(house, ben)
    handoff_id = house.waiting()
    with house.database.write() as session:
        handoff = session.get_one(Handoff, handoff_id)
        handoff.status, handoff.assignee_id = "claimed", ben.id
    told(house, "overdue", handoff_id)
    told(house, "overdue", handoff_id)  # of the same target: once
    assert mailed(house, "handoff.opened") == {ada.email, ben.email}  # the desk does not want new ones
    assert mailed(house, "handoff.overdue") == {ben.email, "desk@example.org"}
    [slack] = deliveries(house.database, "slack")
    assert (slack.event, slack.target) == ("handoff.overdue", "slack")
    assert "hooks.example.org" not in str(slack.payload)  # the address is a secret


def test_who_is_mentioned_gets_an_email_and_who_wrote_the_note_does_not(
    house: House, ada: Colleague, ben: Colleague
) -> None:
    wants_email(house, ada)
    wants_email(house, ben)
    handoff_id = house.waiting()
    for _ in range(2):
        with house.database.write() as session:
            note = handoffs.note(session, handoff_id, ada.viewer, "Can you look, Ben?", "note 1")
            mention(session, note, [ada.id, ben.id])
    assert mailed(house, "mention") == {ben.email}
    letter = deliveries(house.database, "email")[-1].payload
    assert (letter["subject"], letter["quote"]) == ("Ada mentioned you", "Can you look, Ben?")


def test_each_target_that_passes_is_told_and_says_which_it_is(house: House) -> None:
    notifications(house, emails=["desk@example.org"])
    handoff_id = house.waiting()
    for hours in (1, 2):
        with house.database.write() as session:
            handoff = session.get_one(Handoff, handoff_id)
            handoff.overdue_told_at = handoff.created_at + timedelta(hours=hours)
            handoff.first_reply_at = handoff.created_at if hours == 2 else None
        told(house, "overdue", handoff_id)
        told(house, "overdue", handoff_id)
    texts = [row.payload["text"] for row in deliveries(house.database) if row.event == "handoff.overdue"]
    assert len(texts) == 2
    assert "waits for an answer" in texts[0]
    assert "To be answered by" in texts[0]
    assert "(UTC)" in texts[0]
    assert "waits for the end" in texts[1]
    assert "To be answered by" not in texts[1]


def reply_to(house: House, handoff_id: str, email: str | None) -> None:
    """An agent writes to a customer who left this address."""
    with house.database.write() as session:
        handoff = session.get_one(Handoff, handoff_id)
        conversation = locked(session, handoff.conversation_id)
        assert conversation is not None
        conversation.contact_email = email
        message = add_message(session, conversation, "agent", "Under **Billing**.", author="Ada")
        for _ in range(2):
            notify.replied(session, conversation, handoff, message)


def test_a_reply_goes_once_to_the_address_that_the_customer_left_and_quotes_them(house: House) -> None:
    handoff_id = house.waiting("Where is my invoice? My IBAN is DE89 3704 0044 0532 0130 00.")
    reply_to(house, handoff_id, "kim@example.net")
    [row] = deliveries(house.database, "email")
    assert (row.target, row.event) == ("kim@example.net", "reply")
    assert row.payload["text"] == "Under **Billing**.\n\nAda"
    assert row.payload["quote"] == "Where is my invoice? My IBAN is DE •••• 3000."
    assert row.payload["thread"] == house.handoff(handoff_id).conversation_id
    assert "list" not in row.payload  # a person wrote it


@pytest.mark.parametrize(
    "email", [None, "kim", "kim@example.net\nBcc: all@example.net", "a@b.c, d@e.f", "x" * 300]
)
def test_no_reply_is_mailed_where_there_is_no_address(house: House, email: str | None) -> None:
    reply_to(house, house.waiting(), email)
    assert deliveries(house.database, "email") == []


def test_without_a_mail_server_no_email_is_written_and_none_is_offered(house: House, ada: Colleague) -> None:
    notify.email_is_set_up(False)
    wants_email(house, ada)
    reply_to(house, house.waiting(), "kim@example.net")
    assert not notify.can_email()
    assert deliveries(house.database, "email") == []


def test_what_was_to_be_told_of_a_conversation_goes_with_it(house: House) -> None:
    webhook(house, *EVENTS)
    handoff_id = house.waiting()
    assert deliveries(house.database)
    with house.database.write() as session:
        conversation_id = session.get_one(Handoff, handoff_id).conversation_id
        session.execute(Conversation.__table__.delete().where(Conversation.id == conversation_id))  # type: ignore[attr-defined]
    assert deliveries(house.database) == []
