"""The state machine of a handoff, on a real SQLite and a real PostgreSQL."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot import words
from escalation import handoff as handoffs
from escalation import sayings
from escalation.changing import HandoffProblem, ImpossibleStep, Taken, UnknownHandoff
from escalation.packet import packet as packet_of
from help_center.articles import SourceArticle, store
from help_center.conversations import Handoff, Note, TurnRow, add_message, locked
from help_center.database import new_id, now
from help_center.desk import AuditEntry
from help_center.live import INBOX
from help_center.people import Agent, Viewer, add_agent, new_api_token
from tests.escalation.conftest import Colleague


def step(house, work, *args: Any, **given: Any) -> Any:
    with house.database.write() as session:
        return work(session, *args, **given)


def colleagues(house, n: int) -> list[Viewer]:
    """`n` agents without a password: argon2 is slow on purpose."""
    with house.database.write() as session:
        agents = [
            add_agent(session, f"a{k}@example.org", name=f"A{k}", role="agent", password=None)
            for k in range(n)
        ]
    return [Viewer(agent.id, agent.name, agent.role) for agent in agents]


def by_customer(house, work, conversation_id: str) -> Any:
    with house.database.write() as session:
        return work(session, locked(session, conversation_id))


# Opening


def test_an_opened_handoff_waits_and_both_sides_are_told(house):
    id = house.waiting("Where is my invoice?")
    assert house.handoff(id).status == "waiting"
    assert house.conversation_of(id).status == "waiting"
    kind, payload = house.customer_events(id)[-1]
    assert kind == "status"
    assert payload["status"] == "waiting"
    assert payload["handoff"].items() >= {"id": id, "status": "waiting", "position": 1, "agent": None}.items()
    assert house.events(INBOX)[-1][0] == "handoff"
    assert house.events(INBOX)[-1][1]["id"] == id


def test_opening_again_gives_the_same_handoff_with_the_reasons_of_both(house):
    id = house.waiting(reasons=["low_confidence"], suggested_reply="First.")
    conversation = house.conversation_of(id).id
    again = house.hand_over(
        conversation,
        reasons=["requested_human", "low_confidence"],
        suggested_reply="Second.",
        customer_note="Order 77",
    )
    assert again == id
    opened = house.handoff(id)
    assert opened.reasons == ["low_confidence", "requested_human"]
    assert opened.suggested_reply == "First."
    assert opened.customer_note == "Order 77"


def test_priority_rises_with_a_pressing_reason_and_never_falls(house):
    id = house.waiting(reasons=["low_confidence"])
    before = house.handoff(id)
    assert (before.priority, before.due_at - before.created_at) == ("normal", timedelta(minutes=30))
    conversation = house.conversation_of(id).id
    house.hand_over(conversation, reasons=["negative_sentiment"])
    raised = house.handoff(id)
    assert raised.priority == "high"
    assert raised.due_at < before.due_at
    house.hand_over(conversation, reasons=["low_confidence"])
    assert house.handoff(id).priority == "high"


@pytest.mark.parametrize(
    ("reasons", "priority"),
    [
        (["requested_human"], "normal"),
        (["abuse"], "normal"),
        (["sensitive_topic"], "high"),
        (["low_confidence", "negative_sentiment"], "high"),
        (["negative_sentiment", "sensitive_topic"], "urgent"),
    ],
)
def test_the_reasons_set_the_priority(reasons, priority):
    assert handoffs.priority_of(reasons).name == priority


def test_anger_that_comes_again_while_waiting_is_urgent(house):
    id = house.waiting(reasons=["low_confidence"])

    def angry(session):
        handoffs.raise_priority(session, session.get_one(Handoff, id), "negative_sentiment")

    step(house, angry)
    assert house.handoff(id).priority == "high"
    step(house, angry)
    assert house.handoff(id).priority == "urgent"
    house.hand_over(house.conversation_of(id).id, reasons=["requested_human"])
    assert house.handoff(id).priority == "urgent"


def test_a_conversation_that_comes_back_after_its_end_may_be_handed_over_again(house, ada):
    first = house.waiting()
    step(house, handoffs.claim, first, ada.viewer)
    step(house, handoffs.resolve, first, ada.viewer)
    second = house.hand_over(house.conversation_of(first).id)
    assert second != first
    assert house.handoff(first).status == "resolved"
    assert house.handoff(second).status == "waiting"


# Claiming


def test_a_hundred_agents_claim_one_handoff_and_one_wins(house):
    agents = colleagues(house, 100)
    id = house.waiting()
    together = Barrier(100)

    def try_to(agent):
        together.wait()
        try:
            return step(house, handoffs.claim, id, agent).assignee_id
        except Taken as taken:
            return taken

    with ThreadPoolExecutor(100) as pool:
        results = list(pool.map(try_to, agents))
    winners = [result for result in results if isinstance(result, str)]
    losers = [result for result in results if isinstance(result, Taken)]
    assert len(winners) == 1
    assert len(losers) == 99
    assert house.handoff(id).assignee_id == winners[0]
    name = next(agent.name for agent in agents if agent.agent_id == winners[0])
    assert {str(loser) for loser in losers} == {f"{name} has this conversation already."}
    joined = [text for role, text in house.said(id) if role == "system"]
    assert joined == [f"{name} has joined the conversation and can see what was said so far."]


def test_claiming_again_changes_nothing_for_the_winner(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    said, events = house.said(id), house.events(INBOX)
    step(house, handoffs.claim, id, ada.viewer)
    assert (house.said(id), house.events(INBOX)) == (said, events)


def test_the_customer_sees_who_took_it(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    assert house.conversation_of(id).status == "agent"
    assert house.said(id)[-1] == (
        "system",
        "Ada has joined the conversation and can see what was said so far.",
    )
    kinds = [kind for kind, _ in house.customer_events(id)]
    assert "message" in kinds
    assert house.customer_events(id)[-1][1]["handoff"]["agent"] == {"name": "Ada"}


def test_an_ended_handoff_cannot_be_claimed(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    step(house, handoffs.resolve, id, ada.viewer)
    with pytest.raises(ImpossibleStep, match="resolved already"):
        step(house, handoffs.claim, id, ben.viewer)


def test_an_unknown_handoff_is_not_found(house, ada):
    for work in (handoffs.claim, handoffs.release, handoffs.return_to_bot, handoffs.resolve):
        with pytest.raises(UnknownHandoff) as caught:
            step(house, work, "hand_nowhere", ada.viewer)
        assert caught.value.status == 404


# The other steps


def test_release_puts_it_back_into_the_queue_and_says_so(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken, match="Ada has"):
        step(house, handoffs.release, id, ben.viewer)
    step(house, handoffs.release, id, ada.viewer)
    step(house, handoffs.release, id, ada.viewer)  # again: nothing
    assert house.handoff(id).status == "waiting"
    assert house.handoff(id).assignee_id is None
    assert house.conversation_of(id).status == "waiting"
    assert [text for role, text in house.said(id) if role == "system"][1:] == [
        "Ada has left the conversation. You are in the queue for another person."
    ]
    step(house, handoffs.claim, id, ben.viewer)
    assert house.handoff(id).assignee_id == ben.id


def test_assigning_gives_it_to_a_colleague_who_may_then_answer(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.assign, id, ada.viewer, ben.id)
    step(house, handoffs.assign, id, ada.viewer, ben.id)  # again: nothing
    assert house.handoff(id).assignee_id == ben.id
    step(house, handoffs.reply, id, ben.viewer, "Hello Kim.")
    step(house, handoffs.assign, id, ben.viewer, ada.id)
    assert [text for role, text in house.said(id) if role == "system"] == [
        "Ben has joined the conversation and can see what was said so far.",
        "Ada has taken over from Ben and can see what was said so far.",
    ]
    with pytest.raises(UnknownHandoff, match="no such agent"):
        step(house, handoffs.assign, id, ada.viewer, "agent_nobody")


def test_returning_gives_the_conversation_to_the_bot(house, ada):
    id = house.waiting()
    with pytest.raises(ImpossibleStep, match="claim it first"):
        step(house, handoffs.return_to_bot, id, ada.viewer)
    step(house, handoffs.claim, id, ada.viewer)
    step(house, handoffs.return_to_bot, id, ada.viewer)
    step(house, handoffs.return_to_bot, id, ada.viewer)  # again: nothing
    assert house.handoff(id).status == "returned"
    assert house.conversation_of(id).status == "bot"
    assert house.customer_events(id)[-1][1] == {"status": "bot", "handoff": None}
    assert [role for role, _ in house.said(id)].count("system") == 2
    with pytest.raises(ImpossibleStep):
        step(house, handoffs.resolve, id, ada.viewer)


def test_resolving_closes_the_conversation_once(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken):
        step(house, handoffs.resolve, id, ben.viewer)
    step(house, handoffs.resolve, id, ada.viewer, "no article")
    step(house, handoffs.resolve, id, ada.viewer, "wrong article")  # again: nothing
    assert house.handoff(id).outcome == "no article"
    assert house.conversation_of(id).status == "closed"
    assert house.customer_events(id)[-1][1] == {"status": "closed", "handoff": None}


def test_an_admin_may_end_what_a_colleague_holds_but_not_write_in_their_place(house, ada):
    boss = house.agent("Cleo", role="admin")
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken):
        step(house, handoffs.reply, id, boss.viewer, "Hello.")
    step(house, handoffs.resolve, id, boss.viewer)
    assert house.handoff(id).status == "resolved"


def test_only_the_holder_replies(house, ada, ben):
    id = house.waiting()
    with pytest.raises(ImpossibleStep, match="claim it first"):
        step(house, handoffs.reply, id, ada.viewer, "Hello.")
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken, match="Ada has this conversation already"):
        step(house, handoffs.reply, id, ben.viewer, "Hello.")
    message = step(house, handoffs.reply, id, ada.viewer, "Hello Kim.")
    assert (message.role, message.author) == ("agent", "Ada")
    assert house.handoff(id).first_reply_at == message.created_at
    assert house.said(id)[-1] == ("agent", "Hello Kim.")
    assert house.customer_events(id)[-1][1]["text"] == "Hello Kim."
    assert house.events(INBOX)[-1] == (
        "message",
        {
            "handoff_id": id,
            "conversation_id": house.conversation_of(id).id,
            "message": house.customer_events(id)[-1][1],
        },
    )


def test_a_reply_sent_twice_with_one_client_id_is_said_once(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    first = step(house, handoffs.reply, id, ada.viewer, "Hello.", "key-1")
    again = step(house, handoffs.reply, id, ada.viewer, "Hello.", "key-1")
    assert first.id == again.id
    assert house.said(id).count(("agent", "Hello.")) == 1


def test_notes_are_never_among_the_customers_messages_or_events(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.note, id, ada.viewer, "A known trouble-maker.")
    step(house, handoffs.claim, id, ada.viewer)
    step(house, handoffs.note, id, ben.viewer, "I know this one.")
    assert not [text for _, text in house.said(id) if "known" in text or "know this" in text]
    assert "trouble-maker" not in str(house.customer_events(id))
    with house.database.read() as session:
        packet = packet_of(session, id)
        assert [(note["author"], note["text"]) for note in packet["notes"]] == [
            ("Ada", "A known trouble-maker."),
            ("Ben", "I know this one."),
        ]
        assert session.query(Note).count() == 2


def test_typing_is_told_to_the_customer_by_the_holder_only(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    step(house, handoffs.typing, id, ada.viewer, True)
    assert house.customer_events(id)[-1] == ("typing", {"role": "agent", "name": "Ada", "on": True})
    with pytest.raises(ImpossibleStep):
        step(house, handoffs.typing, id, ben.viewer, True)


# The customer's own steps


def test_a_customer_who_waits_may_go_back_to_the_bot(house):
    id = house.waiting()
    conversation = house.conversation_of(id).id
    assert by_customer(house, handoffs.resume_by_customer, conversation).status == "returned"
    assert by_customer(house, handoffs.resume_by_customer, conversation) is None
    assert house.conversation_of(id).status == "bot"
    assert [role for role, _ in house.said(id)] == ["customer", "system"]


def test_a_customer_whom_a_person_has_cannot_slip_back_to_the_bot(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(ImpossibleStep, match="Ada has taken"):
        by_customer(house, handoffs.resume_by_customer, house.conversation_of(id).id)
    assert house.handoff(id).status == "claimed"


def test_a_customer_who_closes_takes_the_handoff_out_of_the_queue(house, ada):
    for claimed in (False, True):
        id = house.waiting()
        if claimed:
            step(house, handoffs.claim, id, ada.viewer)
        by_customer(house, handoffs.close_by_customer, house.conversation_of(id).id)
        by_customer(house, handoffs.close_by_customer, house.conversation_of(id).id)
        assert house.handoff(id).status == "resolved"
        assert house.handoff(id).outcome == "closed by customer"
        assert house.conversation_of(id).status == "closed"


def test_a_step_that_fails_leaves_nothing_behind(house, ada):
    id = house.waiting()
    said, events = house.said(id), house.events(INBOX)

    def claim_and_die(session):
        handoffs.claim(session, id, ada.viewer)
        raise RuntimeError("the power goes out here")

    with pytest.raises(RuntimeError):
        step(house, claim_and_die)
    assert (house.handoff(id).status, house.said(id), house.events(INBOX)) == ("waiting", said, events)


def test_claim_and_the_customers_return_at_the_same_moment_leave_one_truth(house, ada):
    for _ in range(10):
        id = house.waiting()
        conversation = house.conversation_of(id).id
        together = Barrier(2)

        def attempt(work, *args, together=together):
            together.wait()
            try:
                work(*args)
                return True
            except ImpossibleStep:
                return False

        with ThreadPoolExecutor(2) as pool:
            claimed = pool.submit(attempt, step, house, handoffs.claim, id, ada.viewer)
            resumed = pool.submit(attempt, by_customer, house, handoffs.resume_by_customer, conversation)
        assert claimed.result() != resumed.result()
        states = (house.handoff(id).status, house.conversation_of(id).status)
        assert states == (("claimed", "agent") if claimed.result() else ("returned", "bot"))


# What every step leaves behind


def lead(house) -> Colleague:
    return house.agent("Lea", role="lead")


def deeds(house, id: str) -> list[tuple[str, str]]:
    with house.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == id).order_by(AuditEntry.id))
        return [(entry.actor, entry.action) for entry in entries]


STEPS: dict[str, tuple[Any, bool]] = {  # and whether somebody must have it
    "claim": (lambda s, id, ada, ben: handoffs.claim(s, id, ada), False),
    "assign": (lambda s, id, ada, ben: handoffs.assign(s, id, ada, ben.agent_id), True),
    "release": (lambda s, id, ada, ben: handoffs.release(s, id, ada), True),
    "return": (lambda s, id, ada, ben: handoffs.return_to_bot(s, id, ada), True),
    "resolve": (lambda s, id, ada, ben: handoffs.resolve(s, id, ada, "answered"), True),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_told_once_to_everybody_and_taken_again_does_nothing(house, ada, ben, name):
    work, held = STEPS[name]
    id = house.waiting()
    if held:
        step(house, handoffs.claim, id, ada.viewer)

    def seen() -> dict[str, int]:
        mine = house.customer_events(id)
        return {
            "said": len(house.said(id)),
            "statuses": sum(kind == "status" for kind, _ in mine),
            "lines": sum(kind == "handoff" for kind, _ in house.events(INBOX)),
            "deeds": len(deeds(house, id)),
        }

    before = seen()
    step(house, work, id, ada.viewer, ben.viewer)
    assert seen() == {what: count + 1 for what, count in before.items()}
    assert deeds(house, id)[-1] == ("Ada", f"handoff.{name}")
    if name != "assign":  # what is given away is a colleague's
        step(house, work, id, ada.viewer, ben.viewer)
        assert seen() == {what: count + 1 for what, count in before.items()}


@pytest.mark.parametrize(
    ("locale", "language", "said"),
    [
        ("de-DE", None, "Ada ist jetzt im Gespräch"),
        ("de-DE", "fr", "Ada a rejoint la conversation"),
        ("sw", None, "Ada has joined"),
    ],
)
def test_steps_are_told_in_the_language_of_the_customer(house, ada, locale, language, said):
    id = house.waiting(conversation_id=house.conversation("?", locale=locale), language=language)
    step(house, handoffs.claim, id, ada.viewer)
    assert house.said(id)[-1][1].startswith(said)


def test_the_sayings_are_there_in_every_language_of_the_bot():
    assert set(sayings.IN) == set(words.IN)
    for language, there in sayings.IN.items():
        for field in dataclasses.fields(there):
            text, english = getattr(there, field.name), getattr(sayings.ENGLISH, field.name)
            assert text.count("{name}") == english.count("{name}"), (language, field.name)
            assert text.count("{before}") == english.count("{before}"), (language, field.name)
            assert language == "en" or text != english


# Coming back


def test_a_conversation_that_comes_back_is_a_new_handoff_that_knows_the_one_before(house, ada):
    first = house.waiting()
    assert house.handoff(first).previous_id is None
    step(house, handoffs.claim, first, ada.viewer)
    step(house, handoffs.return_to_bot, first, ada.viewer)
    second = house.hand_over(house.conversation_of(first).id)
    step(house, handoffs.claim, second, ada.viewer)
    step(house, handoffs.resolve, second, ada.viewer)
    third = house.hand_over(house.conversation_of(first).id)
    assert house.handoff(second).previous_id == first
    assert house.handoff(third).previous_id == second
    assert house.events(INBOX)[-1][1]["reopened"] is True


def test_a_handoff_knows_when_the_customer_wrote_last(house):
    before = now()
    id = house.waiting()
    opened = house.handoff(id).last_customer_at
    assert before < opened < now()
    wrote(house, id)
    assert house.handoff(id).last_customer_at > opened


def wrote(house, id: str, text: str = "Are you there?") -> None:
    with house.database.write() as session:
        conversation = locked(session, session.get_one(Handoff, id).conversation_id)
        message = add_message(session, conversation, "customer", text)
        handoffs.customer_wrote(session, session.get_one(Handoff, id), message)


# Leads


def test_what_a_colleague_has_only_a_lead_gives_away(house, ada, ben):
    lea, id = lead(house), house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken, match="Ada has"):
        step(house, handoffs.assign, id, ben.viewer, ben.id)
    step(house, handoffs.assign, id, lea.viewer, ben.id)
    assert house.handoff(id).assignee_id == ben.id


@pytest.mark.parametrize(
    ("work", "status"),
    [
        (handoffs.release, "waiting"),
        (handoffs.return_to_bot, "returned"),
        (handoffs.resolve, "resolved"),
    ],
)
def test_a_lead_may_end_or_release_what_a_colleague_has(house, ada, ben, work, status):
    lea, id = lead(house), house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(Taken):
        step(house, work, id, ben.viewer)
    step(house, work, id, lea.viewer)
    assert house.handoff(id).status == status


def test_nobody_is_given_a_conversation_who_has_left_the_company(house, ada, ben):
    id = house.waiting()
    with house.database.write() as session:
        session.get_one(Agent, ben.id).deactivated_at = now()
    with pytest.raises(ImpossibleStep, match="Ben does not work here any more"):
        step(house, handoffs.assign, id, ada.viewer, ben.id)
    assert step(house, handoffs.assign_by_routing, id, ben.id) is None
    assert house.handoff(id).status == "waiting"


# Routing and the clock


def test_routing_gives_what_waits_and_takes_from_nobody(house, ada, ben):
    id = house.waiting()
    assert step(house, handoffs.assign_by_routing, id, ada.id).assignee_id == ada.id
    assert house.said(id)[-1][1].startswith("Ada has joined")
    assert step(house, handoffs.assign_by_routing, id, ben.id) is None
    assert house.handoff(id).assignee_id == ada.id
    assert deeds(house, id) == [("Parley", "handoff.assign")]


def test_one_that_was_left_alone_goes_back_and_keeps_when_it_was_first_taken(house, ada, ben):
    id = house.waiting()
    assert step(house, handoffs.release_idle, id) is None
    step(house, handoffs.claim, id, ada.viewer)
    first = house.handoff(id)
    assert first.claimed_at == first.assigned_at
    step(house, handoffs.release_idle, id)
    left = house.handoff(id)
    assert (left.status, left.assignee_id, left.assigned_at) == ("waiting", None, None)
    assert house.said(id)[-1][1].startswith("Ada has left")
    step(house, handoffs.claim, id, ben.viewer)
    again = house.handoff(id)
    assert again.claimed_at == first.claimed_at < again.assigned_at


# Snooze


def test_a_snoozed_one_wakes_when_its_time_has_come(house, ada, ben):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    until = now() + timedelta(hours=1)
    with pytest.raises(Taken):
        step(house, handoffs.snooze, id, ben.viewer, until)
    said = house.said(id)
    step(house, handoffs.snooze, id, ada.viewer, until)
    events = len(house.events(INBOX))
    step(house, handoffs.snooze, id, ada.viewer, until)  # again: nothing
    handoffs.wake_due(house.database)
    assert (house.handoff(id).snoozed_until, len(house.events(INBOX))) == (until, events)
    handoffs.wake_due(house.database, until)
    assert house.handoff(id).snoozed_until is None
    assert house.events(INBOX)[-1][1]["snoozed_until"] is None
    assert house.said(id) == said, "the customer notices nothing of it"


def test_a_snoozed_one_wakes_when_the_customer_writes(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    step(house, handoffs.snooze, id, ada.viewer, now() + timedelta(hours=1))
    wrote(house, id)
    assert house.handoff(id).snoozed_until is None


@pytest.mark.parametrize("work", [handoffs.release, handoffs.return_to_bot, handoffs.resolve])
def test_nothing_sleeps_that_nobody_has(house, ada, work):
    id = house.waiting()
    until = now() + timedelta(hours=1)
    with pytest.raises(ImpossibleStep, match="claim it first"):
        step(house, handoffs.snooze, id, ada.viewer, until)
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(HandoffProblem, match="has passed") as caught:
        step(house, handoffs.snooze, id, ada.viewer, now() - timedelta(seconds=1))
    assert caught.value.status == 422
    step(house, handoffs.snooze, id, ada.viewer, until)
    step(house, work, id, ada.viewer)
    assert house.handoff(id).snoozed_until is None


# Outcomes and notes


def test_the_article_that_would_have_answered_is_kept_and_must_be_one(house, ada):
    id = house.waiting()
    step(house, handoffs.claim, id, ada.viewer)
    with pytest.raises(HandoffProblem, match="no such article"):
        step(house, handoffs.resolve, id, ada.viewer, "wrong article", "nowhere")
    assert house.handoff(id).status == "claimed"
    with house.database.write() as session:
        store(session, SourceArticle("invoices", "Invoices", "They are under Billing."), "a test")
    step(house, handoffs.resolve, id, ada.viewer, "wrong article", "invoices")
    assert house.handoff(id).outcome_article_id == "invoices"


def test_a_note_sent_twice_with_one_client_id_is_there_once(house, ada, ben):
    id = house.waiting()
    first = step(house, handoffs.note, id, ada.viewer, "Careful.", "n1")
    assert step(house, handoffs.note, id, ada.viewer, "Careful.", "n1").id == first.id
    assert step(house, handoffs.note, id, ben.viewer, "Careful.", "n1").id != first.id, "Ben's own"
    assert [kind for kind, _ in house.events(INBOX)].count("note") == 2
    assert [action for _, action in deeds(house, id)] == ["handoff.note"] * 2


# Over HTTP


def test_a_hundred_agents_claim_over_http_and_one_wins(house, address):
    with house.database.write() as session:
        agents = [
            add_agent(session, f"h{k}@example.org", name=f"H{k}", role="agent", password=None)
            for k in range(100)
        ]
        tokens = [new_api_token(session, agent) for agent in agents]
    id = house.waiting()
    together = Barrier(100)

    def try_to(token: str) -> httpx.Response:
        with httpx.Client(base_url=address, timeout=60, trust_env=False, verify=False) as client:
            together.wait()
            return client.post(f"/api/handoffs/{id}/claim", headers={"Authorization": f"Bearer {token}"})

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(try_to, tokens))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 99}
    (winner,) = [answer.json()["assignee"]["name"] for answer in answers if answer.status_code == 200]
    details = {answer.json()["detail"] for answer in answers if answer.status_code == 409}
    assert details == {f"{winner} has this conversation already."}
    assert [role for role, _ in house.said(id)].count("system") == 1
    assert len(deeds(house, id)) == 1


# The packet


def test_the_packet_has_all_that_the_contract_names(house, ada):
    source = {
        "article_id": "a1",
        "title": "Invoices",
        "url": "/help/articles/invoices",
        "heading": "",
        "excerpt": "…",
        "score": 0.3,
    }
    conversation = house.conversation(
        "Where is my invoice?",
        name="Kim",
        email="kim@example.org",
        page_url="https://shop.example/bill",
        locale="en",
    )
    with house.database.write() as session:
        for status, confidence, label, score in (
            ("done", 0.31, "negative", -0.6),
            ("done", None, None, None),
            ("pending", 0.9, None, None),
        ):
            session.add(
                TurnRow(
                    id=new_id("turn"), conversation_id=conversation, status=status, action="offer", confidence=confidence,
                    sentiment_label=label, sentiment_score=score, reasons=["low_confidence"], finished_at=now(),
                )
            )  # fmt: skip
    id = house.hand_over(conversation, sources_tried=[source], customer_note="Order 77")
    step(house, handoffs.claim, id, ada.viewer)
    with house.database.read() as session:
        packet = packet_of(session, id)
    assert set(packet) >= {
        "id", "status", "priority", "reasons", "created_at", "due_at", "assignee", "language", "customer", "question",
        "summary", "transcript", "sources_tried", "confidence_trace", "sentiment_trace", "suggested_reply", "notes",
    }  # fmt: skip
    assert packet["assignee"] == {"id": ada.id, "name": "Ada"}
    assert packet["customer"]["email"] == "kim@example.org"
    assert packet["customer"]["attributes"] == {"plan": "pro"}
    assert packet["page_url"] == "https://shop.example/bill"
    assert packet["customer_note"] == "Order 77"
    assert packet["conversation_id"] == conversation
    assert packet["conversation_status"] == "agent"
    assert packet["sources_tried"] == [source]
    assert [message["role"] for message in packet["transcript"]] == ["customer", "system"]
    assert [point["value"] for point in packet["confidence_trace"]] == [0.31, None]
    assert [(point["label"], point["score"]) for point in packet["sentiment_trace"]] == [
        ("negative", -0.6),
        (None, None),
    ]
    assert packet["turns"][0]["sentiment"] == {"label": "negative", "score": -0.6}
    assert packet["turns"][1]["sentiment"] is None
