"""How pressing a handoff is and when it is due, at the steps that set it: the opening, an agent's word, the clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy
from fastapi.testclient import TestClient

from escalation import handoff as handoffs
from escalation import queue
from escalation.policies import DeskSettings, Hours, Lift, Span, Target, keep_desk_settings
from escalation.targets import HIGH, NORMAL, OVERDUE_RANK, URGENT, lifted, next_step, priority_of
from help_center.conversations import Handoff
from help_center.database import now
from help_center.desk import AuditEntry
from help_center.live import INBOX
from help_center.people import Customer
from tests.escalation.conftest import Colleague, House

MINUTE = timedelta(minutes=1)
NEVER: dict[Any, Any] = {}


def keep(house: House, **settings: Any) -> DeskSettings:
    kept = DeskSettings(**settings)
    with house.database.write() as session:
        keep_desk_settings(session, kept)
    return kept


def change(house: House, handoff_id: str, **values: Any) -> None:
    with house.database.write() as session:
        session.execute(sqlalchemy.update(Handoff).where(Handoff.id == handoff_id).values(**values))


def served(house: House) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(sqlalchemy.select(Handoff.id).order_by(*queue.service_order())))


class Told:
    """Stands in for the notifications: who was told of which handoff."""

    def __init__(self) -> None:
        self.of: list[str] = []

    def __call__(self, _session: Any, handoff: Handoff) -> None:
        self.of.append(handoff.id)


# Decided


@pytest.mark.parametrize(
    ("reasons", "priority"),
    [
        (["requested_human"], NORMAL),
        (["negative_sentiment"], HIGH),
        (["sensitive_topic", "requested_human"], HIGH),
        (["negative_sentiment", "sensitive_topic"], URGENT),
    ],
)
def test_reasons_that_press_make_it_press(reasons: list[str], priority: Any) -> None:
    assert priority_of(reasons) == priority


@pytest.mark.parametrize(
    ("attributes", "priority"),
    [
        ({"plan": "Enterprise"}, URGENT),
        ({"seats": 500}, HIGH),
        ({"seats": 500, "plan": "enterprise"}, URGENT),
        ({"plan": "free"}, NORMAL),
        ({"enterprise": "plan"}, NORMAL),
        ({}, NORMAL),
    ],
)
def test_a_customers_attribute_lifts_the_priority(attributes: dict[str, Any], priority: Any) -> None:
    lifts = [
        Lift(attribute="plan", value="enterprise", priority="urgent"),
        Lift(attribute="seats", value="500", priority="high"),
    ]
    assert lifted(NORMAL, attributes, DeskSettings(lifts=lifts)) == priority


def test_an_attribute_never_lowers_the_priority() -> None:
    settings = DeskSettings(lifts=[Lift(attribute="plan", value="pro", priority="high")])
    assert lifted(URGENT, {"plan": "pro"}, settings) == URGENT


def test_waiting_lifts_one_step_at_a_time_and_urgent_is_the_end() -> None:
    assert [next_step(one) for one in (NORMAL, HIGH, URGENT)] == [HIGH, URGENT, URGENT]


# At the opening


def test_what_opens_is_due_by_the_targets_of_its_priority(house: House) -> None:
    keep(
        house,
        targets={
            "normal": Target(first_response=45, resolution=600),
            "high": Target(first_response=7, resolution=70),
        },
    )
    calm = house.handoff(house.waiting())
    upset = house.handoff(house.waiting(reasons=["negative_sentiment"]))
    assert calm.due_at - calm.created_at == 45 * MINUTE
    assert calm.resolve_due_at == calm.created_at + 600 * MINUTE
    assert (upset.priority, upset.due_at - upset.created_at) == ("high", 7 * MINUTE)
    assert upset.resolve_due_at == upset.created_at + 70 * MINUTE


def test_what_opens_while_everybody_is_away_is_due_after_they_have_come(house: House) -> None:
    today = now().date()
    opens = datetime.combine(today + timedelta(days=2), time(9), UTC)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[opens.weekday()]
    keep(house, hours=Hours(weekly={day: [Span(start=time(9), end=time(17))]}))
    assert house.handoff(house.waiting()).due_at == opens + 30 * MINUTE


def test_a_lifted_customer_is_served_before_others(house: House) -> None:
    first = house.waiting()  # the customers of the tests are on the plan "pro"
    keep(house, lifts=[Lift(attribute="plan", value="PRO", priority="high")])
    second = house.waiting()
    assert house.handoff(second).priority == "high"
    assert served(house) == [second, first]


def test_a_customer_without_attributes_is_served_all_the_same(house: House) -> None:
    keep(house, lifts=[Lift(attribute="plan", value="pro", priority="high")])
    conversation_id = house.conversation("Hello?")
    with house.database.write() as session:
        session.execute(sqlalchemy.update(Customer).values(attributes={}))
    assert house.handoff(house.waiting(conversation_id=conversation_id)).priority == "normal"


# Rising


def test_what_presses_more_is_due_earlier_and_never_later(house: House) -> None:
    id, start = house.waiting(), now()
    before = house.handoff(id)
    change(house, id, due_at=start + 3 * MINUTE)
    with house.database.write() as session:
        handoff = session.get_one(Handoff, id)
        handoffs.raise_priority(session, handoff, "negative_sentiment")  # high: 10 minutes from now
    after = house.handoff(id)
    assert after.priority == "high"
    assert after.due_at == start + 3 * MINUTE
    assert (after.resolve_due_at or start) < (before.resolve_due_at or start)


def test_waiting_for_long_presses_once_for_each_step(house: House) -> None:
    keep(house, wait_rises_minutes=20)
    id, start = house.waiting(), now()

    def after(minutes: int) -> str:
        queue.rise_due(house.database, start + minutes * MINUTE)
        return house.handoff(id).priority

    assert [after(minutes) for minutes in (19, 21, 22, 40, 42, 43, 500)] == [
        "normal", "high", "high", "high", "urgent", "urgent", "urgent",
    ]  # fmt: skip
    assert [kind for kind, _payload in house.events(INBOX)].count("handoff") == 3  # opened, risen, risen


def test_nobody_rises_while_the_desk_is_closed_or_where_the_owner_does_not_want_it(house: House) -> None:
    keep(
        house,
        wait_rises_minutes=20,
        hours=Hours(weekly=NEVER | {"mon": [Span(start=time(9), end=time(9, 1))]}),
    )
    closed = house.waiting()
    keep(house, wait_rises_minutes=0)
    unwanted = house.waiting()
    queue.rise_due(house.database, now() + timedelta(days=3))
    assert house.handoff(closed).priority == "normal"
    assert house.handoff(unwanted).priority == "normal"


def test_who_has_been_taken_does_not_rise_until_they_wait_again(house: House, ada: Colleague) -> None:
    id = house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
    queue.rise_due(house.database, now() + 31 * MINUTE)
    assert house.handoff(id).priority == "normal"
    with house.database.write() as session:
        handoffs.release(session, id, ada.viewer)
    queue.rise_due(house.database, now() + 31 * MINUTE)
    assert house.handoff(id).priority == "high"


# Overdue


def test_what_is_overdue_is_served_first_until_somebody_answers(house: House, ada: Colleague) -> None:
    late, pressing = house.waiting(), house.waiting(reasons=["negative_sentiment", "sensitive_topic"])
    change(house, late, due_at=now() - MINUTE)
    assert served(house) == [pressing, late]
    queue.mark_overdue(house.database, Told())
    assert served(house) == [late, pressing]
    assert (house.handoff(late).rank, house.handoff(late).priority) == (OVERDUE_RANK, "normal")
    with house.database.write() as session:
        handoffs.claim(session, late, ada.viewer)
        handoffs.reply(session, late, ada.viewer, "Here it is.")
    queue.mark_overdue(house.database, Told())
    assert house.handoff(late).rank == NORMAL.rank


def test_a_rising_priority_keeps_an_overdue_one_in_front(house: House) -> None:
    id = house.waiting()
    change(house, id, due_at=now() - MINUTE)
    queue.mark_overdue(house.database, Told())
    with house.database.write() as session:
        handoffs.raise_priority(session, session.get_one(Handoff, id), "negative_sentiment")
    assert (house.handoff(id).rank, house.handoff(id).priority) == (OVERDUE_RANK, "high")


def test_somebody_is_told_once_of_each_target_that_is_missed(house: House, ada: Colleague) -> None:
    id, told, start = house.waiting(), Told(), now()  # normal: 30 minutes, and a day

    def at(minutes: int) -> list[str]:
        queue.mark_overdue(house.database, told, start + minutes * MINUTE)
        return told.of

    assert at(29) == []
    assert at(31) == [id]
    assert at(32) == [id]
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
        handoffs.reply(session, id, ada.viewer, "I am looking.")
    assert at(1439) == [id]
    assert at(1441) == [id, id]
    assert at(9999) == [id, id]


def test_nobody_is_told_of_what_was_answered_or_ended_in_time(house: House, ada: Colleague) -> None:
    answered, ended, told = house.waiting(), house.waiting(), Told()
    with house.database.write() as session:
        handoffs.claim(session, answered, ada.viewer)
        handoffs.reply(session, answered, ada.viewer, "Here it is.")
        handoffs.claim(session, ended, ada.viewer)
        handoffs.resolve(session, ended, ada.viewer)
    queue.mark_overdue(house.database, told, now() + 60 * MINUTE)
    assert told.of == []


def test_one_that_fails_keeps_no_other_from_its_turn(house: House) -> None:
    bad, *good = [house.waiting() for _ in range(3)]
    told = Told()

    def tell(session: Any, handoff: Handoff) -> None:
        if handoff.id == bad:
            raise ValueError("this one cannot be told")
        told(session, handoff)

    queue.mark_overdue(house.database, tell, now() + 31 * MINUTE)
    assert told.of == good


def test_two_workers_tell_once(house: House) -> None:
    ids, told, late = {house.waiting() for _ in range(5)}, Told(), now() + 31 * MINUTE
    with ThreadPoolExecutor(2) as workers:
        for worker in [workers.submit(queue.mark_overdue, house.database, told, late) for _ in range(2)]:
            worker.result()
    assert sorted(told.of) == sorted(ids)


# By an agent's word


def test_an_agent_makes_it_urgent_and_back(client: TestClient, house: House, ada: Colleague) -> None:
    id = house.waiting()
    opened = house.handoff(id)
    up = client.post(f"/api/handoffs/{id}/priority", json={"priority": "urgent"}, headers=ada.headers)
    assert up.status_code == 200
    assert up.json()["priority"] == "urgent"
    assert house.handoff(id).due_at < opened.due_at
    down = client.post(f"/api/handoffs/{id}/priority", json={"priority": "normal"}, headers=ada.headers)
    assert down.json()["priority"] == "normal"
    assert house.handoff(id).due_at == opened.due_at
    with house.database.read() as session:
        entries = session.scalars(
            sqlalchemy.select(AuditEntry)
            .where(AuditEntry.action == "handoff.priority")
            .order_by(AuditEntry.id)
        )
        assert [(one.actor_id, one.detail) for one in entries] == [
            (ada.id, {"before": "normal", "after": "urgent"}),
            (ada.id, {"before": "urgent", "after": "normal"}),
        ]


def test_an_unknown_priority_is_refused(client: TestClient, house: House, ada: Colleague) -> None:
    refused = client.post(
        f"/api/handoffs/{house.waiting()}/priority", json={"priority": "asap"}, headers=ada.headers
    )
    assert refused.status_code == 422
    assert "priority" in refused.json()["detail"]


def test_only_a_lead_reorders_what_a_colleague_has(
    client: TestClient, house: House, ada: Colleague, ben: Colleague
) -> None:
    lead, id = house.agent("Lea", role="lead"), house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
    for what, body in (("priority", {"priority": "high"}), ("team", {"team_id": None})):
        answers = [
            client.post(f"/api/handoffs/{id}/{what}", json=body, headers=who.headers).status_code
            for who in (ben, ada, lead)
        ]
        assert answers == [409, 200, 200]


def test_what_has_ended_has_no_place_in_the_queue(client: TestClient, house: House, ada: Colleague) -> None:
    id = house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
        handoffs.resolve(session, id, ada.viewer)
    for what, body in (("priority", {"priority": "high"}), ("team", {"team_id": None})):
        refused = client.post(f"/api/handoffs/{id}/{what}", json=body, headers=ada.headers)
        assert refused.status_code == 409
        assert "resolved already" in refused.json()["detail"]
