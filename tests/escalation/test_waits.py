"""What waiting customers are told: how good the estimate is on simulated queues, and who stands where in a real one."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from escalation import handoff as handoffs
from escalation.policies import DeskSettings, Hours, Span, keep_desk_settings
from escalation.waits import LEAST, Claim, Line, forecast, outlook, pace, place, queue, shown_minutes
from help_center.conversations import Handoff
from help_center.database import now
from help_center.desk import Team
from help_center.people import Agent

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday
ALWAYS = Hours()
OFFICE = Hours(
    weekly={day: [Span(start="09:00", end="17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
)


def claims(*waits: tuple[float, float], by: str | None = None) -> list[Claim]:
    """(begun, claimed) in seconds."""
    return [
        Claim(START + timedelta(seconds=begun), START + timedelta(seconds=claimed), by)
        for begun, claimed in waits
    ]


def one_after_the_other(n: int, seconds: float) -> list[Claim]:
    """All came at once; one is taken every `seconds`."""
    return claims(*((0.001 * k, seconds * (k + 1)) for k in range(n)))


# --- the estimate --------------------------------------------------------------------------------------------


def test_fewer_than_five_observations_say_nothing() -> None:
    for n in range(LEAST):
        assert forecast(pace(one_after_the_other(n, 60), ALWAYS), 0, True).seconds(1) is None
    assert forecast(pace(one_after_the_other(LEAST, 60), ALWAYS), 0, True).seconds(1) == pytest.approx(60)


def test_everybody_ahead_adds_the_time_between_two_claims() -> None:
    ahead = forecast(pace(one_after_the_other(20, 60), ALWAYS), 0, True)
    assert [ahead.seconds(position) for position in (1, 2, 10)] == pytest.approx([60, 120, 600], rel=0.01)


def test_what_the_head_of_the_line_has_stood_already_is_taken_off() -> None:
    observed = pace(
        claims(*((1000 * k, 1000 * k + wait) for k, wait in enumerate(range(10, 110, 10)))), ALWAYS
    )
    assert forecast(observed, 0, False).seconds(1) == pytest.approx(55)
    assert forecast(observed, 50, False).seconds(1) == pytest.approx(30)  # of 60 to 100


def test_where_the_head_stands_longer_than_was_seen_nothing_is_promised() -> None:
    observed = pace(one_after_the_other(20, 60), ALWAYS)
    assert forecast(observed, 61, True).seconds(1) is None
    assert forecast(observed, 61, True).seconds(7) is None


def test_who_waits_longer_than_nine_of_ten_is_told_that_it_is_unusual() -> None:
    ahead = forecast(pace(one_after_the_other(10, 60), ALWAYS), 0, True)  # waits of 60 to 600 s
    assert not ahead.is_longer(539)
    assert ahead.is_longer(541)


def test_a_single_night_does_not_spoil_the_estimate() -> None:
    observed = one_after_the_other(30, 60)
    late = Claim(observed[-1].claimed, observed[-1].claimed + timedelta(hours=14))
    told = forecast(pace([*observed, late], ALWAYS), 0, True).seconds(5)
    assert told == pytest.approx(5 * 60, rel=0.35)


def test_only_office_hours_count() -> None:
    evening = START.replace(hour=16, minute=58)  # the next one is taken in the morning
    observed = [
        Claim(evening, evening + timedelta(minutes=1)),
        Claim(evening, START + timedelta(days=1)),
        *(Claim(evening, START + timedelta(days=1, minutes=k)) for k in range(1, 9)),
    ]
    told = forecast(pace(observed, OFFICE), 0, True).seconds(3)
    assert told == pytest.approx(180, rel=0.05)


def test_who_would_be_taken_after_closing_time_is_told_when_that_is() -> None:
    ahead = forecast(pace(one_after_the_other(20, 600), ALWAYS), 0, True)
    at = START.replace(hour=16, minute=30)
    line = Line(at, OFFICE, ahead, False, None, timedelta(minutes=10))
    seconds = line.outlook(6, at).expected_wait_s
    assert seconds is not None
    assert at + timedelta(seconds=seconds) == START + timedelta(days=1, minutes=30)


def test_fewer_agents_than_made_the_claims_take_longer_and_none_take_for_ever() -> None:
    observed = [
        Claim(claim.created, claim.claimed, f"agent {n % 4}")
        for n, claim in enumerate(one_after_the_other(20, 60))
    ]

    def told(takers: set[str]) -> float | None:
        return forecast(pace(observed, ALWAYS, takers), 0, True).seconds(2)

    everybody = {f"agent {n}" for n in range(4)}
    assert told(everybody) == pytest.approx(120, rel=0.01)
    assert told({"agent 1"}) == pytest.approx(480, rel=0.01)
    assert told({"somebody new"}) is None


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(None, None), (1, 1), (61, 2), (599, 10), (601, 15), (3600, 60), (3601, 90), (9000, 150)],
)
def test_an_estimate_is_shown_no_finer_than_it_is(seconds: float | None, minutes: int | None) -> None:
    assert shown_minutes(seconds) == minutes


@dataclass(frozen=True)
class Guess:
    told: float | None
    naive: float
    true: float


def guesses(servers: int, load: float, seed: int) -> Iterator[Guess]:
    """Poisson arrivals, log-normal handling times of 5 minutes in the mean: what customers who wait are told, against what came."""
    dice = random.Random(f"{servers} {load} {seed}")
    time, free, history = 0.0, [0.0] * servers, []
    for _ in range(300):
        time += dice.expovariate(servers * load / 300)
        claimed = max(time, heapq.heappop(free)) + dice.uniform(2, 20)
        heapq.heappush(free, claimed + dice.lognormvariate(5.2, 1.0))
        history.append((time, claimed))
    by_claim = sorted(history, key=lambda one: one[1])
    for begun, claimed in history[120::8]:
        at = begun + (claimed - begun) * dice.random()
        if claimed - begun < 30:
            continue
        done = [one for one in by_claim if one[1] <= at][-50:]
        line = [one for one in history if one[0] <= at < one[1]]
        position = 1 + sum(1 for other, _ in line if other < begun)
        seen = pace(claims(*done), ALWAYS)
        head, last = min(other for other, _ in line), max(one[1] for one in done)
        stood = at - (last if head < last else head)
        naive = position * fmean(end - start for start, end in done)
        yield Guess(forecast(seen, stood, head < last).seconds(position), naive, claimed - at)


@pytest.mark.parametrize("load", [0.7, 0.9])
def test_on_simulated_queues_the_estimate_is_much_nearer_than_place_times_mean(load: float) -> None:
    """Errors in shares of the mean wait, so that one busy queue does not decide alone."""
    errors, naive, biases, silent = [], [], [], 0
    for servers in (1, 2, 3, 4):
        made = [guess for seed in range(4) for guess in guesses(servers, load, seed)]
        told = [(guess.told, guess) for guess in made if guess.told is not None]
        silent += len(made) - len(told)
        mean = fmean(guess.true for _, guess in told)
        errors += [abs(seconds - guess.true) / mean for seconds, guess in told]
        biases += [(seconds - guess.true) / mean for seconds, guess in told]
        naive += [abs(guess.naive - guess.true) / mean for _, guess in told]
    print(
        f"load {load}: error {fmean(errors):.2f}, bias {fmean(biases):+.2f}, naive {fmean(naive):.2f} of the mean wait; "
        f"{len(errors)} told, {silent} not"
    )
    assert silent < 0.3 * (len(errors) + silent)  # the few who stand longer than anybody did
    assert fmean(errors) < 0.9  # exponential waits leave 0.74 to whoever knows their mean
    assert fmean(errors) < 0.5 * fmean(naive)
    assert abs(fmean(biases)) < 0.5


# --- in a database ---------------------------------------------------------------------------------------------


def seen(house, *ids):
    with house.database.read() as session:
        return [outlook(session, session.get_one(Handoff, id)) for id in ids]


def positions(house, *ids):
    return [one.position if one else None for one in seen(house, *ids)]


def claimed(house, agent, seconds=60, n=LEAST, hours_ago=0):
    """`n` handoffs that waited one after the other, and were taken."""
    for k in range(n):
        id = house.waiting()
        with house.database.write() as session:
            handoffs.claim(session, id, agent.viewer)
            done = session.get_one(Handoff, id)
            done.created_at = now() - timedelta(hours=hours_ago + n - k)
            done.claimed_at = done.created_at + timedelta(seconds=seconds)


def test_the_place_counts_those_served_before(house):
    first, second = house.waiting(), house.waiting()
    pressing = house.waiting(reasons=["negative_sentiment"])
    assert positions(house, pressing, first, second) == [1, 2, 3]


def test_one_reading_of_the_queue_says_what_each_is_told(house, ada):
    claimed(house, ada)
    with house.database.write() as session:
        session.add(Team(id="team_bills", name="Bills", languages=[], sections=[]))
    ids = [house.waiting() for _ in range(6)]
    ids.append(house.waiting(reasons=["negative_sentiment", "sensitive_topic"]))
    with house.database.write() as session:
        for id in ids[1:3]:
            session.get_one(Handoff, id).team_id = "team_bills"
        session.get_one(Handoff, ids[0]).snoozed_until = now() + timedelta(hours=1)
    with house.database.read() as session:
        standing = queue(session)
        for id in ids[1:]:
            handoff = session.get_one(Handoff, id)
            told = standing.outlook(handoff.conversation_id)
            assert told is not None
            assert told[0] == id
            alone = outlook(session, handoff)
            assert alone is not None
            assert told[1].shown == alone.shown
        assert (
            standing.outlook(session.get_one(Handoff, ids[0]).conversation_id) is None
        )  # put off until later
    assert positions(house, *ids[1:]) == [1, 2, 2, 3, 4, 1]


def test_the_expected_wait_is_unknown_until_five_were_observed(house, ada):
    claimed(house, ada, n=LEAST - 1)
    id = house.waiting()
    assert [one.expected_wait_s for one in seen(house, id)] == [None]
    with house.database.write() as session:
        handoffs.resume_by_customer(session, house.conversation_of(id))
    claimed(house, ada, n=1, hours_ago=LEAST)
    (told,) = seen(house, house.waiting())
    assert 55 <= told.expected_wait_s <= 65


def test_nobody_is_promised_where_all_who_took_them_are_away(house, ada):
    claimed(house, ada)
    id = house.waiting()
    with house.database.write() as session:
        session.get_one(Agent, ada.id).available = False
    (told,) = seen(house, id)
    assert (told.expected_wait_s, told.worth_an_email) == (None, True)


def test_a_closed_office_says_when_it_opens_and_asks_for_an_address(house, ada):
    claimed(house, ada)
    id = house.waiting()
    assert [(one.opens_at, one.worth_an_email) for one in seen(house, id)] == [(None, False)]
    with house.database.write() as session:
        keep_desk_settings(session, DeskSettings(hours=Hours(weekly={})))
    (told,) = seen(house, id)
    assert (told.opens_at, told.expected_wait_s, told.worth_an_email) == (None, None, True)  # nobody, ever
    week = {"mon": [Span(start="09:00", end="09:01")]}
    with house.database.write() as session:
        keep_desk_settings(session, DeskSettings(hours=Hours(weekly=week)))
    (told,) = seen(house, id)
    if told.opens_at is not None:  # else it is Monday, nine o'clock
        assert (told.opens_at.weekday(), told.opens_at.hour, told.expected_wait_s) == (0, 9, None)


def test_after_a_while_an_address_is_asked_for(house, ada):
    claimed(house, ada)
    with house.database.write() as session:
        keep_desk_settings(session, DeskSettings(email_after_minutes=10))
    id = house.waiting()
    assert not seen(house, id)[0].worth_an_email
    with house.database.write() as session:
        session.get_one(Handoff, id).created_at -= timedelta(minutes=11)
    assert seen(house, id)[0].worth_an_email


def test_only_a_waiting_customer_has_a_place(house, ada):
    id = house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
    with house.database.read() as session:
        shown = place(session, session.get_one(Handoff, id))
    assert shown == {
        "id": id, "status": "claimed", "position": None, "expected_wait_s": None, "longer_than_usual": False,
        "agent": {"name": "Ada"},
    }  # fmt: skip
