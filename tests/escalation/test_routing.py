"""Who gets what: decided over facts, given out by the clock, taken back when left alone; and days and nights of a whole desk."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from escalation import handoff as handoffs
from escalation import queue
from escalation.policies import DAYS, DeskSettings, Hours, Span, keep_desk_settings
from escalation.routing import (
    AgentFacts,
    Asked,
    Desk,
    TeamFacts,
    best_team,
    place_handoff,
    receiver,
    with_one_more,
)
from escalation.targets import OVERDUE_RANK
from help_center.articles import store
from help_center.conversations import Conversation, Handoff, add_message, locked
from help_center.database import new_id, now
from help_center.desk import AuditEntry, Presence, Team, TeamMember
from help_center.live import INBOX
from help_center.people import Agent, Customer
from help_center.sources.base import SourceArticle
from tests.escalation.conftest import Colleague, House

MINUTE = timedelta(minutes=1)
START = datetime(2026, 5, 4, 9, tzinfo=UTC)
ANY = Asked("en", "Billing")


def team(id: str, **given: Any) -> TeamFacts:
    facts = {
        "languages": (),
        "sections": (),
        "strategy": "least_busy",
        "open": True,
        "members": frozenset("abc"),
    }
    return TeamFacts(id, **(facts | given))


def agent(id: str, load: int = 0, free: int = 5, **given: Any) -> AgentFacts:
    facts = {"languages": (), "sections": (), "last_given_at": None, "on_duty": True}
    return AgentFacts(id, load=load, free=free, **(facts | given))


def desk(*people: AgentFacts, teams: tuple[TeamFacts, ...] = (), strategy: str = "least_busy") -> Desk:
    return Desk(strategy, teams, people)


# The team


def test_the_team_that_names_what_is_asked_comes_before_one_that_takes_anything() -> None:
    teams = [
        team("all"),
        team("german", languages=("de",)),
        team("money", languages=("de",), sections=("Billing",)),
    ]
    assert best_team(Asked("de-AT", "billing "), teams) == "money"
    assert best_team(Asked("de", "Delivery"), teams) == "german"
    assert best_team(Asked("fr", "Billing"), teams) == "all"


def test_a_closed_team_is_passed_over_while_another_one_is_open() -> None:
    teams = [team("german", languages=("de",), open=False), team("all")]
    assert best_team(Asked("de", None), teams) == "all"
    assert best_team(Asked("de", None), [replace(one, open=False) for one in teams]) == "german"


def test_a_team_without_members_gets_nothing() -> None:
    assert best_team(ANY, [team("empty", members=frozenset())]) is None


def test_what_no_team_takes_is_in_everybodys_queue() -> None:
    assert best_team(Asked("fr", None), [team("german", languages=("de",))]) is None
    assert best_team(Asked("en", None), [team("money", sections=("Billing",))]) is None
    assert best_team(ANY, []) is None


def test_a_language_that_nobody_could_tell_keeps_no_team_away() -> None:
    assert best_team(Asked(None, None), [team("german", languages=("de",))]) == "german"


# The agent


def test_by_hand_nobody_is_given_anything() -> None:
    assert receiver(ANY, desk(agent("a"), strategy="manual")) is None
    by_hand = team("t", strategy="manual")
    assert receiver(replace(ANY, team_id="t"), desk(agent("a"), teams=(by_hand,))) is None


def test_the_least_busy_gets_it_and_the_one_longest_without_among_equals() -> None:
    people = (
        agent("a", load=2),
        agent("b", load=1, last_given_at=START),
        agent("c", load=1, last_given_at=START - MINUTE),
    )
    assert receiver(ANY, desk(*people)) == "c"


def test_in_turn_the_one_longest_without_gets_it_however_busy() -> None:
    people = agent("a", load=4, last_given_at=START - MINUTE), agent("b", last_given_at=START)
    assert receiver(ANY, desk(*people, strategy="round_robin")) == "a"


def test_who_has_no_room_left_gets_nothing() -> None:
    assert receiver(ANY, desk(agent("a", load=1, free=0), agent("b", load=9, free=1))) == "b"
    assert receiver(replace(ANY, widened=True), desk(agent("a", free=0))) is None


def test_who_is_off_gets_nothing_however_long_it_waits() -> None:
    asked = replace(ANY, widened=True)
    assert receiver(asked, desk(agent("a", on_duty=False))) is None
    closed = team("t", open=False)
    assert receiver(replace(asked, team_id="t"), desk(agent("a", on_duty=False), teams=(closed,))) is None


def test_skills_are_needed_at_first_and_wished_for_after_a_while() -> None:
    german, french = (
        agent("g", languages=("de",), load=3),
        agent("f", languages=("fr",), sections=("Delivery",)),
    )
    asked = Asked("de", "Billing")
    assert receiver(asked, desk(german, french)) == "g"
    assert receiver(asked, desk(french)) is None
    assert receiver(replace(asked, widened=True), desk(german, french)) == "g"
    assert receiver(replace(asked, widened=True), desk(french)) == "f"


def test_a_colleague_of_another_team_helps_only_after_a_while() -> None:
    full = desk(agent("a", free=0), agent("z"), teams=(team("t"), team("other", members=frozenset("z"))))
    asked = replace(ANY, team_id="t")
    assert receiver(asked, full) is None
    assert receiver(replace(asked, widened=True), full) == "z"


def test_a_team_that_no_longer_exists_leaves_its_handoffs_to_everybody() -> None:
    assert receiver(replace(ANY, team_id="gone"), desk(agent("a"))) == "a"


@given(some.lists(some.sampled_from("abcdef"), min_size=1, unique=True), some.integers(0, 200))
@settings(deadline=None)
def test_in_turn_the_spread_is_never_more_than_one(ids: list[str], givings: int) -> None:
    now_ = desk(*(agent(id, free=1000) for id in ids), strategy="round_robin")
    got: Counter[str] = Counter(dict.fromkeys(ids, 0))
    for _ in range(givings):  # all at the same moment
        chosen = receiver(ANY, now_)
        assert chosen is not None
        got[chosen] += 1
        now_ = with_one_more(now_, chosen, START)
        assert max(got.values()) - min(got.values()) <= 1


@given(some.dictionaries(some.sampled_from("abcdef"), some.integers(0, 9), min_size=1), some.integers(0, 60))
@settings(deadline=None)
def test_the_least_busy_are_filled_up_evenly_and_nobody_over_their_capacity(
    loads: dict[str, int], n: int
) -> None:
    now_ = desk(*(agent(id, load=load, free=9 - load) for id, load in loads.items()))
    given = 0
    while (chosen := receiver(ANY, now_)) is not None and given < n:
        assert now_.agent(chosen).load == min(one.load for one in now_.agents)
        now_ = with_one_more(now_, chosen, START)
        given += 1
    assert given == min(n, sum(9 - load for load in loads.values()))
    assert all(one.load <= 9 for one in now_.agents)


# At the opening


def keep(house: House, **given: Any) -> DeskSettings:
    kept = DeskSettings(**given)
    with house.database.write() as session:
        keep_desk_settings(session, kept)
    return kept


def found_team(house: House, name: str, *members: Colleague, **given: Any) -> str:
    facts = {"languages": [], "sections": [], "strategy": "least_busy", "hours": None}
    with house.database.write() as session:
        made = Team(id=new_id("team"), name=name, **(facts | given))
        session.add(made)
        session.flush()
        session.add_all(TeamMember(team_id=made.id, agent_id=one.id) for one in members)
    return made.id


def change(house: House, what: type[Any], id: str, **values: Any) -> None:
    with house.database.write() as session:
        session.execute(sqlalchemy.update(what).where(what.id == id).values(**values))


def holders(house: House) -> Counter[str]:
    with house.database.read() as session:
        query = sqlalchemy.select(Handoff.assignee_id).where(Handoff.status == "claimed")
        return Counter(session.scalars(query))


def test_what_opens_goes_to_the_team_of_the_article_that_was_found(house: House, ada: Colleague) -> None:
    with house.database.write() as session:
        article = SourceArticle(
            id="invoices", title="Find an invoice", body="Here.", section=("Billing", "Papers")
        )
        store(session, article, "test")
    found_team(house, "Everybody", ada)
    money = found_team(house, "Money", ada, sections=["billing"])
    id = house.waiting(sources_tried=[{"article_id": "gone"}, {"article_id": "invoices"}])
    assert (house.handoff(id).section, house.handoff(id).team_id) == ("Billing", money)


def test_what_opens_goes_to_the_team_that_speaks_the_language(house: House, ada: Colleague) -> None:
    found_team(house, "Everybody", ada)
    german = found_team(house, "German", ada, languages=["de"])
    assert house.handoff(house.waiting(language="de")).team_id == german


def test_the_due_time_is_of_the_teams_own_hours(house: House, ada: Colleague) -> None:
    opens = datetime.combine(now().date() + timedelta(days=3), time(9), UTC)
    hours = Hours(weekly={DAYS[opens.weekday()]: [Span(start=time(9), end=time(17))]})  # type: ignore[dict-item]
    id = found_team(house, "Later", ada, hours=hours.model_dump(mode="json"))
    handoff = house.handoff(house.waiting())
    assert (handoff.team_id, handoff.due_at) == (id, opens + 30 * MINUTE)


def test_what_comes_back_goes_to_the_team_that_had_it(house: House, ada: Colleague) -> None:
    first, second = found_team(house, "First", ada), found_team(house, "Second", ada)
    id = house.waiting()
    assert house.handoff(id).team_id == first
    with house.database.write() as session:
        queue.set_team(session, id, ada.viewer, second)
        handoffs.claim(session, id, ada.viewer)
        handoffs.resolve(session, id, ada.viewer)
    again = house.hand_over(house.handoff(id).conversation_id)
    assert house.handoff(again).team_id == second


def test_an_agent_moves_it_into_another_teams_queue(client: TestClient, house: House, ada: Colleague) -> None:
    second = found_team(house, "Second", ada)
    id = house.waiting()
    found_team(house, "First", ada)
    for team_id in (None, second):
        moved = client.post(f"/api/handoffs/{id}/team", json={"team_id": team_id}, headers=ada.headers)
        assert moved.status_code == 200
        assert house.handoff(id).team_id == team_id
    unknown = client.post(f"/api/handoffs/{id}/team", json={"team_id": "nobody"}, headers=ada.headers)
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "there is no such team.")
    with house.database.read() as session:
        entries = session.scalars(
            sqlalchemy.select(AuditEntry.detail)
            .where(AuditEntry.action == "handoff.team")
            .order_by(AuditEntry.id)
        )
        assert list(entries) == [{"before": second, "after": None}, {"before": None, "after": second}]


# Given out


def test_as_shipped_nobody_is_given_anything(house: House, ada: Colleague) -> None:
    house.waiting()
    assert queue.assign_due(house.database) == 0


def test_who_is_given_something_is_told_and_so_is_the_customer(house: House, ada: Colleague) -> None:
    keep(house, strategy="least_busy")
    id = house.waiting()
    assert queue.assign_due(house.database) == 1
    handoff = house.handoff(id)
    assert (handoff.status, handoff.assignee_id) == ("claimed", ada.id)
    assert any(role == "system" and "Ada" in text for role, text in house.said(id))
    kinds = [(kind, payload.get("assignee")) for kind, payload in house.events(INBOX) if kind == "handoff"]
    assert kinds[-1] == ("handoff", {"id": ada.id, "name": "Ada"})


def arrive(session: Session, at: datetime, language: str | None = "en") -> str:
    """Somebody who came at that moment, and was handed over at once; the id of the handoff."""
    customer = Customer(id=new_id("cust"), attributes={})
    session.add(customer)
    session.flush()
    conversation = Conversation(
        id=new_id("conv"), customer_id=customer.id, greeting="Hello.", status="waiting"
    )
    session.add(conversation)
    session.flush()
    facts = {"reasons": [], "question": "?", "summary": "", "sources_tried": [], "suggested_reply": ""}
    handoff = Handoff(
        id=new_id("hand"), conversation_id=conversation.id, status="waiting", priority="normal", rank=2,
        created_at=at, due_at=at, language=language, **facts,
    )  # fmt: skip
    session.add(handoff)
    session.flush()
    place_handoff(session, handoff, at)
    return handoff.id


@pytest.mark.slow
def test_a_hundred_who_wait_at_once_are_spread_evenly_by_two_workers(house: House) -> None:
    people = [house.agent(f"Agent{n}") for n in range(8)]
    keep(house, strategy="least_busy", capacity=11)
    with house.database.write() as session:
        for _ in range(100):
            arrive(session, now())
    with ThreadPoolExecutor(2) as workers:
        given = [one.result() for one in [workers.submit(queue.assign_due, house.database) for _ in range(2)]]
    assert sum(given) == 8 * 11
    assert holders(house) == dict.fromkeys((one.id for one in people), 11)
    assert queue.assign_due(house.database) == 0  # everybody is full
    keep(house, strategy="least_busy", capacity=20)
    assert queue.assign_due(house.database) == 12
    assert max(holders(house).values()) - min(holders(house).values()) == 1


def test_turns_go_on_where_they_were_and_by_two_workers(house: House) -> None:
    people = [house.agent(f"Agent{n}") for n in range(3)]
    keep(house, strategy="round_robin", capacity=100)
    for _ in range(5):
        for _ in range(4):
            house.waiting()
        with ThreadPoolExecutor(2) as workers:
            for worker in [workers.submit(queue.assign_due, house.database) for _ in range(2)]:
                worker.result()
    spread = holders(house)
    assert sum(spread.values()) == 20
    assert {spread[one.id] for one in people} == {6, 7}


def test_a_claim_by_hand_and_routing_never_both_have_it(house: House, ada: Colleague, ben: Colleague) -> None:
    keep(house, strategy="least_busy", capacity=100)
    change(house, Agent, ben.id, available=False)
    ids = [house.waiting() for _ in range(10)]

    def by_hand() -> int:
        won = 0
        for id in reversed(ids):
            try:
                with house.database.write() as session:
                    handoffs.claim(session, id, ben.viewer)
                won += 1
            except handoffs.HandoffProblem:
                pass
        return won

    with ThreadPoolExecutor(2) as workers:
        mine, routed = workers.submit(by_hand), workers.submit(queue.assign_due, house.database)
    assert mine.result() + routed.result() == 10
    assert holders(house) == Counter({ben.id: mine.result(), ada.id: routed.result()})
    joined = [sum(role == "system" for role, _text in house.said(id)) for id in ids]
    assert joined == [1] * 10


def test_who_is_away_or_gone_or_asleep_with_it_is_left_out(
    house: House, ada: Colleague, ben: Colleague
) -> None:
    keep(house, strategy="least_busy", capacity=1)
    change(house, Agent, ada.id, available=False)
    change(house, Agent, ben.id, deactivated_at=now())
    id = house.waiting()
    assert queue.assign_due(house.database) == 0
    change(house, Agent, ada.id, available=True)
    assert queue.assign_due(house.database) == 1
    house.waiting()
    assert queue.assign_due(house.database) == 0  # full
    with house.database.write() as session:
        handoffs.snooze(session, id, ada.viewer, now() + timedelta(hours=1))
    assert queue.assign_due(house.database) == 1  # what sleeps takes no room


def test_an_agents_own_capacity_is_stronger_than_the_desks(house: House, ada: Colleague) -> None:
    keep(house, strategy="least_busy", capacity=9)
    change(house, Agent, ada.id, capacity=2)
    for _ in range(5):
        house.waiting()
    assert queue.assign_due(house.database) == 2


def test_what_presses_is_given_first(house: House, ada: Colleague) -> None:
    keep(house, strategy="least_busy", capacity=1)
    house.waiting()
    urgent = house.waiting(reasons=["negative_sentiment", "sensitive_topic"])
    queue.assign_due(house.database)
    assert house.handoff(urgent).assignee_id == ada.id


def test_more_waiting_than_a_page_holds_hide_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 2)
    german = house.agent("Gerda")
    change(house, Agent, german.id, languages=["de"])
    keep(house, strategy="least_busy")
    for _ in range(5):
        house.waiting(language="en")
    last = house.waiting(language="de")
    assert queue.assign_due(house.database) == 1
    assert house.handoff(last).assignee_id == german.id


def test_after_a_while_somebody_without_the_language_takes_it(house: House, ada: Colleague) -> None:
    keep(house, strategy="least_busy", wait_rises_minutes=20)
    change(house, Agent, ada.id, languages=["fr"])
    id = house.waiting(language="en")
    assert queue.assign_due(house.database, at=now() + 19 * MINUTE) == 0
    assert queue.assign_due(house.database, at=now() + 21 * MINUTE) == 1
    assert house.handoff(id).assignee_id == ada.id


def test_nothing_is_given_while_the_desk_is_closed(house: House, ada: Colleague) -> None:
    at = datetime(2026, 5, 4, 8, 59, tzinfo=UTC)
    weekly = {"mon": [Span(start=time(9), end=time(17))]}
    keep(house, strategy="least_busy", hours=Hours(weekly=weekly))
    house.waiting()
    assert queue.assign_due(house.database, at=at) == 0
    assert queue.assign_due(house.database, at=at + MINUTE) == 1


def test_the_clock_has_all_jobs_and_each_runs_on_an_empty_desk(house: House) -> None:
    jobs = queue.jobs(house.database)
    assert [job.name for job in jobs] == ["routing", "waiting for long", "overdue", "left alone"]
    for job in jobs:
        job.work()


# Left alone


@pytest.fixture
def held(house: House, ada: Colleague) -> str:
    """A handoff that Ada has taken, whose customer has an open question."""
    id = house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
    return id


def left_alone(house: House, id: str, minutes: float) -> bool:
    queue.release_left_alone(house.database, at=now() + minutes * MINUTE)
    return house.handoff(id).status == "waiting"


def says(house: House, id: str, text: str = "Hello? Anybody?") -> None:
    with house.database.write() as session:
        handoff = session.get_one(Handoff, id)
        conversation = locked(session, handoff.conversation_id)
        assert conversation is not None
        handoffs.customer_wrote(session, handoff, add_message(session, conversation, "customer", text))


def test_a_claim_left_alone_goes_back_and_both_sides_know(house: House, held: str, ada: Colleague) -> None:
    assert not left_alone(house, held, 29)
    assert left_alone(house, held, 31)
    assert house.handoff(held).assignee_id is None
    assert house.conversation_of(held).status == "waiting"
    assert "Ada" in house.said(held)[-1][1]
    told = [payload for kind, payload in house.events(INBOX) if kind == "left_alone"]
    assert [(one["handoff_id"], one["agent_id"], one["away"]) for one in told] == [(held, ada.id, True)]
    with house.database.read() as session:
        assert not session.get_one(Agent, ada.id).available  # has not been here at all


def test_who_is_here_but_forgot_one_stays_available(house: House, held: str, ada: Colleague) -> None:
    change(house, Agent, ada.id, last_seen_at=now() + 20 * MINUTE)
    assert left_alone(house, held, 31)
    with house.database.read() as session:
        assert session.get_one(Agent, ada.id).available


def test_an_answered_customer_who_says_nothing_keeps_no_agent_waiting(
    house: House, held: str, ada: Colleague
) -> None:
    with house.database.write() as session:
        handoffs.reply(session, held, ada.viewer, "Have a look under Billing.")
    assert not left_alone(house, held, 500)
    says(house, held)
    assert not left_alone(house, held, 29)
    assert left_alone(house, held, 31)


def test_a_customer_who_keeps_asking_does_not_give_the_agent_more_time(
    house: House, held: str, ada: Colleague
) -> None:
    with house.database.write() as session:
        handoffs.reply(session, held, ada.viewer, "Have a look under Billing.")
    says(house, held)
    change(house, Handoff, held, last_customer_at=now() + 29 * MINUTE)  # "Anybody?", again and again
    assert left_alone(house, held, 31)


def test_who_has_it_open_or_writes_a_note_has_not_left_it_alone(
    house: House, held: str, ada: Colleague
) -> None:
    with house.database.write() as session:
        session.add(Presence(handoff_id=held, agent_id=ada.id, until=now() + 40 * MINUTE))
    assert not left_alone(house, held, 31)
    with house.database.write() as session:
        session.execute(sqlalchemy.delete(Presence))
        handoffs.note(session, held, ada.viewer, "Asked the warehouse.").created_at = now() + 20 * MINUTE
    assert not left_alone(house, held, 31)
    assert left_alone(house, held, 51)


def test_a_colleague_who_looks_on_does_not_hold_it(house: House, held: str, ben: Colleague) -> None:
    with house.database.write() as session:
        session.add(Presence(handoff_id=held, agent_id=ben.id, until=now() + 40 * MINUTE))
    assert left_alone(house, held, 31)


def test_what_sleeps_is_not_left_alone(house: House, held: str, ada: Colleague) -> None:
    with house.database.write() as session:
        handoffs.snooze(session, held, ada.viewer, now() + timedelta(days=2))
    assert not left_alone(house, held, 500)


def test_a_night_is_no_neglect_and_zero_turns_it_off(house: House, held: str) -> None:
    keep(house, hours=Hours(weekly={}))
    assert not left_alone(house, held, 5000)
    keep(house, idle_minutes=0)
    assert not left_alone(house, held, 5000)
    keep(house)
    assert left_alone(house, held, 5000)


# Days and nights of a whole desk


def day_spans(text: str) -> list[Span]:
    pairs = [one.split("-") for one in text.split()]
    return [Span(start=time.fromisoformat(start), end=time.fromisoformat(end)) for start, end in pairs]


def week(timezone: str, working: str, weekend: str = "") -> Hours:
    weekly = {day: day_spans(working if n < 5 else weekend) for n, day in enumerate(DAYS)}
    return Hours(timezone=timezone, weekly=weekly)  # type: ignore[arg-type]


def on_the_wall(hours: Hours, at: datetime) -> bool:
    """Whether the desk is open, told without `escalation.hours` (no span here begins or ends in a change of the clocks)."""
    local = at.astimezone(ZoneInfo(hours.timezone))
    spans = (hours.weekly or {})[DAYS[local.weekday()]]  # type: ignore[index]
    return any(one.start <= local.time() < (time.max if one.end == time(0) else one.end) for one in spans)


TEAMS = {  # name: (hours, language, strategy, agents)
    "Berlin": (week("Europe/Berlin", "08:00-12:00 13:00-18:00", "10:00-12:00"), "de", "least_busy", 3),
    "Boston": (week("America/New_York", "09:00-17:00"), "en", "round_robin", 3),
    "Night": (week("Europe/Berlin", "00:00-06:00 22:00-00:00", "00:00-06:00 22:00-00:00"), "fr", "least_busy", 2),
}  # fmt: skip
# On Sunday Berlin changes its clocks; Boston did two weeks before.
BEGIN = datetime(2026, 3, 26, tzinfo=UTC)  # Thursday
TICK = 60 * MINUTE
CAPACITY = 3


class Simulation:
    """Simulated time over the real queue: who comes, when agents answer and finish, who is away. Checks every giving."""

    def __init__(self, house: House, seed: int, wait_rises_minutes: int) -> None:
        self.house, self.dice = house, random.Random(seed)
        self.at, self.order = BEGIN, 0
        self.todo: list[tuple[datetime, int, str, str]] = []
        self.given: list[tuple[str, str, str | None]] = []  # handoff, agent, team
        self.was_overdue: set[str] = set()
        self.team_of: dict[str, str] = {}
        keep(house, strategy="manual", capacity=CAPACITY, wait_rises_minutes=wait_rises_minutes)
        self.teams = {}
        for name, (hours, language, strategy, size) in TEAMS.items():
            people = [house.agent(f"{name}{n}") for n in range(size)]
            id = found_team(
                house,
                name,
                *people,
                languages=[language],
                strategy=strategy,
                hours=hours.model_dump(mode="json"),
            )
            self.teams[id] = name
            self.team_of |= {one.id: name for one in people}
            if name == "Boston":  # so that nobody's turn is ever passed over
                for one in people:
                    change(house, Agent, one.id, capacity=100)

    def plan(self, at: datetime, what: str, id: str = "") -> None:
        self.order += 1
        heapq.heappush(self.todo, (at, self.order, what, id))

    def run(self, days: int, per_hour: float) -> None:
        self.end = end = BEGIN + timedelta(days=days)  # nobody comes later, and nobody stays away
        at = BEGIN
        while (at := at + timedelta(hours=self.dice.expovariate(per_hour))) < end:
            self.plan(at, "arrives")
        for _ in range(90):  # an outage at three in the morning
            self.plan(BEGIN + timedelta(days=1, hours=2), "arrives")
        at = BEGIN
        while at < end + timedelta(days=2):
            self.plan(at, "tick")
            at += TICK
        while self.todo:
            self.at, _, what, id = heapq.heappop(self.todo)
            getattr(self, what)(id)
            if what in ("arrives", "finishes", "tick"):
                queue.assign_due(self.house.database, self.give, self.at)

    def arrives(self, _id: str) -> None:
        with self.house.database.write() as session:
            arrive(session, self.at, self.dice.choice(["de", "en", "fr"]))

    def tick(self, _id: str) -> None:
        queue.rise_due(self.house.database, self.at)
        queue.mark_overdue(self.house.database, Told(), self.at)
        away = self.dice.choice([id for id, name in self.team_of.items() if name != "Boston"])
        with self.house.database.write() as session:
            one = session.get_one(Agent, away)
            one.available = not one.available or self.at > self.end or self.dice.random() < 0.6

    def answers(self, id: str) -> None:
        change(self.house, Handoff, id, first_reply_at=self.at)

    def finishes(self, id: str) -> None:
        change(self.house, Handoff, id, status="resolved", ended_at=self.at)

    def give(self, session: Session, handoff_id: str, agent_id: str) -> Handoff:
        handoff, agent = session.get_one(Handoff, handoff_id), session.get_one(Agent, agent_id)
        name = self.team_of[agent_id]
        assert on_the_wall(TEAMS[name][0], self.at), f"{name} is off at {self.at}"
        assert agent.available
        holds = sqlalchemy.select(sqlalchemy.func.count()).select_from(Handoff)
        load = session.scalar(holds.where(Handoff.status == "claimed", Handoff.assignee_id == agent_id)) or 0
        assert load < (agent.capacity or CAPACITY)
        earlier = session.scalars(
            sqlalchemy.select(Handoff.id).where(
                Handoff.status == "waiting", Handoff.team_id == handoff.team_id,
                sqlalchemy.tuple_(Handoff.rank, Handoff.created_at) < sqlalchemy.tuple_(handoff.rank, handoff.created_at),
            )
        ).all()  # fmt: skip
        assert earlier == [], "somebody of the same queue should have been served before"
        if handoff.rank == OVERDUE_RANK:
            self.was_overdue.add(handoff_id)
        handoff.status, handoff.assignee_id, handoff.assigned_at = "claimed", agent_id, self.at
        self.given.append((handoff_id, agent_id, handoff.team_id))
        minutes = self.dice.expovariate(1 / 40)
        self.plan(self.at + min(2.0, minutes) * MINUTE, "answers", handoff_id)
        self.plan(self.at + minutes * MINUTE, "finishes", handoff_id)
        return handoff


class Told:
    def __call__(self, _session: Session, _handoff: Handoff) -> None:
        """Nobody listens here; test_targets does."""


@pytest.mark.slow
@pytest.mark.parametrize("house", ["sqlite"], indirect=True)  # what PostgreSQL does otherwise is tested above
@pytest.mark.parametrize("wait_rises_minutes", [0, 30])
def test_days_and_nights_of_a_whole_desk(house: House, wait_rises_minutes: int) -> None:
    """Three teams in two time zones, over a change of the clocks: see `Simulation.give` for what each giving must keep."""
    simulated = Simulation(house, seed=7, wait_rises_minutes=wait_rises_minutes)
    simulated.run(days=5, per_hour=1.2)
    with house.database.read() as session:
        left = session.scalars(sqlalchemy.select(Handoff.status)).all()
    assert set(left) == {"resolved"}, Counter(left)
    assert len(simulated.given) == len({id for id, _agent, _team in simulated.given}) == len(left) > 150
    assert len(simulated.was_overdue) >= (1 if wait_rises_minutes else 10)
    crossed = sum(
        simulated.teams[team or ""] != simulated.team_of[agent] for _id, agent, team in simulated.given
    )
    if wait_rises_minutes:
        assert crossed > 10  # after a while the others help
    else:
        assert crossed == 0
        boston = Counter(
            agent for _id, agent, _team in simulated.given if simulated.team_of[agent] == "Boston"
        )
        assert len(boston) == 3
        assert max(boston.values()) - min(boston.values()) <= 1
