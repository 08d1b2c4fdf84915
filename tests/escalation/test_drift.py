"""The confidence against what people said of live answers: what counts, and when the alarm is raised."""

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest

from escalation import handoff as handoffs
from escalation.drift import (
    AGENT,
    ALARM,
    CUSTOMER,
    FEWEST,
    UNSURE,
    WINDOW_DAYS,
    Judged,
    Standing,
    evidence,
    watch,
    window,
)
from help_center.conversations import Feedback, TurnRow, add_message, locked
from help_center.database import new_id, now

TODAY = now().date()
MINE = Standing("a test", True, None)


def turn(house, confidence=0.9, action="answer", reasons=(), fitted_on="a test", helpful=None, id=None):
    """A turn of the bot in a conversation (a new one when `id` is None), and what its customer said of it."""
    id = id or house.conversation("How?")
    with house.database.write() as session:
        row = TurnRow(
            id=new_id("turn"), conversation_id=id, status="done", action=action, reasons=list(reasons)
        )
        row.confidence = confidence
        row.record = {"calibration": {"default": True, "fitted_on": fitted_on}}
        session.add(row)
        session.flush()
        said = add_message(session, locked(session, id), "assistant", "So.", turn_id=row.id)
        if helpful is not None:
            session.add(Feedback(message_id=said.id, helpful=helpful))
    return id


def resolved(house, agent, id, outcome):
    """The conversation handed over, and resolved with this outcome. Its last turn is the one that handed it over."""
    handoff = house.hand_over(id)
    with house.database.write() as session:
        last = (
            session.query(TurnRow).filter_by(conversation_id=id).order_by(TurnRow.created_at.desc()).first()
        )
        if last.action == "escalate":
            last.handoff_id = handoff
        handoffs.claim(session, handoff, agent.viewer)
        handoffs.resolve(session, handoff, agent.viewer, outcome)


def seen(house, standing=MINE, today=TODAY):
    with house.database.read() as session:
        return watch(session, standing, today)


def told(house):
    return sorted((one.source, one.confidence, one.right) for one in seen(house).judged)


def test_customers_words_on_answers_count_and_on_offers_do_not(house):
    turn(house, 0.9, helpful=True)
    turn(house, 0.8, helpful=False)
    turn(house, 0.7)
    turn(house, 0.3, action="offer", helpful=False)
    turn(house, None, helpful=True)
    assert told(house) == [(CUSTOMER, 0.8, False), (CUSTOMER, 0.9, True)]


@pytest.mark.parametrize(
    ("outcome", "right"),
    [
        ("the bot was right", True),
        ("Wrong article ", False),
        ("no article", False),
        ("answered", None),
        ("not a question", None),
        (None, None),
    ],
)
def test_an_agents_outcome_judges_the_turn_before_the_handoff(house, ada, outcome, right):
    id = turn(house, 0.6)
    turn(house, 0.9, id=id)
    turn(house, None, "escalate", ["requested_human"], id=id)
    resolved(house, ada, id, outcome)
    assert told(house) == ([] if right is None else [(AGENT, 0.9, right)])


def test_what_the_bot_left_to_a_person_of_itself_is_taken_as_it_is(house, ada):
    unsure = turn(house, 0.4, "escalate", ["low_confidence"])
    resolved(house, ada, unsure, "wrong article")
    upset = turn(house, 0.4, "escalate", ["low_confidence", "negative_sentiment"])
    resolved(house, ada, upset, "wrong article")
    assert told(house) == [(AGENT, 0.4, False), (UNSURE, 0.4, False)]
    by_source = {one.source: one.wrong_at_most for one in seen(house).judged}
    assert by_source[UNSURE] == pytest.approx(0.6)
    assert by_source[AGENT] == pytest.approx(1.8 / 2.2)


def test_one_word_a_conversation_and_the_agents_goes_before_the_customers(house, ada):
    id = turn(house, 0.9, helpful=False)
    turn(house, 0.8, id=id, helpful=False)
    assert len(seen(house).judged) == 1
    resolved(house, ada, id, "the bot was right")
    assert told(house) == [(AGENT, 0.8, True)]


def test_turns_of_another_calibration_are_not_blamed_on_this_one(house):
    turn(house, helpful=False, fitted_on="an older fit")
    turn(house, 0.7, helpful=True)
    assert told(house) == [(CUSTOMER, 0.7, True)]
    assert seen(house, Standing("a test", False, None)).judged == ()


def test_the_window_is_fixed_by_the_calendar_and_forgets(house):
    turn(house, helpful=True)
    assert TODAY - timedelta(days=2 * WINDOW_DAYS) < window(TODAY) <= TODAY - timedelta(days=WINDOW_DAYS)
    assert len({window(TODAY + timedelta(days=n)) for n in range(WINDOW_DAYS)}) <= 2
    assert seen(house, today=TODAY + timedelta(days=3 * WINDOW_DAYS)).judged == ()


SINCE = date(2026, 1, 1)


def words(n, odds=1.0, from_day=0, voice=3.0, seed=0):
    """`n` customers' words over half a year. The odds of a wrong answer are `odds` times what the confidence says,
    and those whom it hit speak up `voice` times as often."""
    dice = random.Random(seed)
    made = []
    for day in sorted(dice.randrange(180) for _ in range(n)):
        confidence = dice.choice([0.75, 0.85, 0.9, 0.95])
        wrong = (1 - confidence) / confidence * voice * (odds if day >= from_day else 1.0)
        at = datetime.combine(SINCE, time(), UTC) + timedelta(days=day)
        made.append(Judged(confidence, dice.random() >= wrong / (1 + wrong), CUSTOMER, at))
    return made


def test_a_true_confidence_raises_the_alarm_less_than_once_in_a_hundred_though_the_unhappy_speak_louder():
    alarms = sum(evidence(words(150, seed=seed), SINCE) >= ALARM for seed in range(300))
    assert alarms <= 4


def test_a_confidence_that_became_untrue_is_noticed_also_after_a_good_time():
    assert sum(evidence(words(150, 3.0, seed=seed), SINCE) >= ALARM for seed in range(20)) >= 18
    assert sum(evidence(words(400, 3.0, 100, seed=seed), SINCE) >= ALARM for seed in range(20)) >= 16


def test_an_alarm_stays_when_praise_follows():
    bad = [Judged(0.95, False, UNSURE, datetime.combine(SINCE, time(), UTC))] * 6
    good = [Judged(0.95, True, UNSURE, datetime.combine(SINCE, time(), UTC) + timedelta(days=1))] * 500
    assert evidence([*bad, *good], SINCE) >= ALARM


def test_the_figures_page_tells_it_and_what_to_do_when_nobody_spoke(client, house, ada):
    def card():
        answer = client.get("/api/insights", headers=ada.headers)
        assert "confidence" in answer.json()["definitions"]
        return answer.json()["confidence"]

    empty = card()
    assert empty["state"] == "unheard"
    assert (empty["n"], empty["right"], empty["bands"]) == (0, None, [])
    assert empty["calibration"] == {"default": True, "fitted_on": "a test", "doubt": None}
    turn(house, 0.95, helpful=True)
    turn(house, 0.95, helpful=False)
    house.standing = Standing("a test", True, "the answerer changed")
    few = card()
    assert few["state"] == "few"
    assert few["calibration"]["doubt"] == "the answerer changed"
    assert (few["n"], few["right"], few["promised"]) == (2, 0.5, 0.95)
    assert [(band["from"], band["n"]) for band in few["bands"]] == [(0.9, 2)]
    assert few["bands"][0]["low"] < 0.5 < few["bands"][0]["high"]
    assert {one["source"]: one["n"] for one in few["sources"]} == {CUSTOMER: 2, AGENT: 0, UNSURE: 0}
    for _ in range(FEWEST):
        turn(house, 0.95, helpful=False)
    drifted = card()
    assert drifted["state"] == "drifted"
    assert drifted["evidence"] >= drifted["alarm_at"]
    assert "of 32 that people spoke of" in seen(house).told()
