"""The figures: what counts as answered, and what does not."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from bot.topics import TOPICS
from bot.turn import ONLY_FILES
from escalation import handoff as handoffs
from escalation import insights
from escalation.insights import OUTCOMES, Facts, outcome_of, period, spread
from escalation.rules import RULES
from escalation.signals import Action, Policy, Signals
from escalation.trend import TOO_MUCH
from help_center.conversations import (
    Conversation,
    Feedback,
    Handoff,
    TurnRow,
    add_message,
    locked,
    set_status,
)
from help_center.database import new_id, now
from help_center.web import Problem

LONG_AGO = now() - timedelta(days=3)


def conversation(house, *actions, closed=False, at=LONG_AGO, helpful=None, **fields):
    """A conversation whose turns did `actions`, begun at `at`; quiet since."""
    id = house.conversation()
    with house.database.write() as session:
        row = locked(session, id)
        row.created_at = at
        for n, action in enumerate(actions):
            asked = add_message(session, row, "customer", "How?")
            said = add_message(session, row, "assistant", "So.")
            asked.created_at, said.created_at = at, at + timedelta(seconds=2)
            turn = TurnRow(id=new_id("turn"), conversation_id=id, status="done", action=action, reasons=[])
            turn.created_at = at + timedelta(seconds=n)
            session.add(turn)
            if helpful is not None:
                session.add(Feedback(message_id=said.id, helpful=helpful))
        session.flush()
        if closed:
            row.status, row.closed_at = "closed", at + timedelta(minutes=5)
        for name, value in fields.items():
            setattr(row, name, value)
        row.updated_at = fields.get("updated_at", at)
    return id


def figures(client, ada, query=""):
    answer = client.get(f"/api/insights{query}", headers=ada.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("outcome", "facts"),
    [
        ("confirmed", Facts("bot", False, False, False, "answer", True)),
        ("assumed", Facts("closed", False, False, False, "answer", None)),
        ("assumed", Facts("bot", False, True, False, "answer", None)),
        ("so_far", Facts("bot", False, False, False, "answer", None)),
        ("open", Facts("bot", False, False, False, "clarify", None)),
        ("contradicted", Facts("closed", False, True, False, "answer", False)),
        ("handed_over", Facts("closed", False, True, True, "answer", True)),
        ("abandoned", Facts("bot", False, True, False, "clarify", None)),
        ("abandoned", Facts("closed", False, False, False, "offer", None)),
        ("reopened", Facts("closed", True, True, False, "answer", None)),
        ("reopened", Facts("bot", True, False, False, "answer", True)),
        ("no_question", Facts("closed", False, True, False, None, None)),
    ],
)
def test_every_conversation_has_one_outcome_that_flatters_nobody(outcome, facts):
    assert outcome_of(facts) == outcome


def test_what_nobody_confirmed_is_only_assumed(client, house, ada):
    conversation(house, "answer", helpful=True)
    conversation(house, "answer")
    conversation(house, "chat", "answer", closed=True)
    conversation(house, "answer", helpful=False)
    conversation(house, "answer", "clarify")
    conversation(house, "answer", reopened=1)
    conversation(house, "chat")
    conversation(house, "answer", updated_at=now())
    told = figures(client, ada)
    assert told["conversations"] == 8
    assert told["answered"] == {"total": 4, "confirmed": 1, "assumed": 2, "so_far": 1}
    assert told["outcomes"] == {
        "confirmed": 1, "assumed": 2, "contradicted": 1, "reopened": 1, "abandoned": 1, "handed_over": 0,
        "no_question": 1, "open": 0, "so_far": 1,
    }  # fmt: skip
    assert told["turns_by_action"] == {"answer": 7, "chat": 2, "clarify": 1}
    assert set(told["outcomes"]) <= set(told["definitions"])


def test_what_was_resolved_and_comes_back_is_counted_beside_its_outcome(client, house, ada):
    ids = [house.waiting() for _ in range(2)]
    for id in ids:
        with house.database.write() as session:
            handoffs.claim(session, id, ada.viewer)
            handoffs.resolve(session, id, ada.viewer)
    conversation(house, "answer", closed=True)
    assert figures(client, ada)["came_back"] == {"ended": 3, "n": 0, "share": 0.0, "after_person": 0}
    with house.database.write() as session:
        set_status(session, locked(session, house.conversation_of(ids[0]).id), "bot")
    told = figures(client, ada)
    assert told["came_back"] == {"ended": 3, "n": 1, "share": 0.3333, "after_person": 1}
    assert told["outcomes"]["handed_over"] == 2  # each conversation counts under one outcome
    assert "came_back" in told["definitions"]


def test_a_rating_that_is_changed_counts_once_and_stays_when_the_conversation_comes_back(client, house, ada):
    id = conversation(house, "answer", closed=True, csat=2, nps=9, rated_at=now())
    conversation(house, "answer", closed=True, csat=5, nps=3, rated_at=now())
    conversation(house, "answer", closed=True, nps=10, rated_at=now())
    with house.database.write() as session:
        session.get_one(Conversation, id).csat = 4
        set_status(session, locked(session, id), "bot")
    told = figures(client, ada)
    assert (told["csat"]["n"], told["csat"]["share_satisfied"]) == (2, 1.0)
    assert told["nps"] == {"n": 3, "score": 33.3, "promoters": 2, "passives": 0, "detractors": 1}


def test_handoffs_count_under_each_of_their_reasons(client, house, ada):
    house.waiting(reasons=["low_confidence", "negative_sentiment"])
    id = house.waiting(reasons=["low_confidence"])
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
        handoffs.resolve(session, id, ada.viewer, "no article")
    told = figures(client, ada)
    assert told["outcomes"]["handed_over"] == 2
    assert told["answered"]["total"] == 0
    assert told["handoffs"] == {
        "total": 2,
        "by_reason": {"low_confidence": 2, "negative_sentiment": 1},
        "by_status": {"waiting": 1, "resolved": 1},
        "by_outcome": {"no article": 1},
    }


def test_the_bots_first_response_and_the_persons_are_apart(client, house, ada):
    greeted = house.conversation()
    with house.database.write() as session:
        row = locked(session, greeted)
        add_message(session, row, "assistant", "Welcome.").created_at = LONG_AGO - timedelta(hours=1)
        add_message(session, row, "customer", "How?").created_at = LONG_AGO
        add_message(session, row, "assistant", "So.").created_at = LONG_AGO + timedelta(seconds=2)
    for minutes in (1, 3):
        id = house.waiting()
        with house.database.write() as session:
            handoff = session.get_one(Handoff, id)
            handoff.first_reply_at = handoff.created_at + timedelta(minutes=minutes)
    house.waiting()
    told = figures(client, ada)["first_response_s"]
    assert told["bot"] == {"n": 1, "median": 2.0, "p90": 2.0}
    assert told["human"] == {"n": 2, "median": 120.0, "p90": 180.0, "without_reply": 1}


def test_time_to_the_close_is_told_with_and_without_a_person(client, house, ada):
    conversation(house, "answer", closed=True)
    id = house.waiting()
    with house.database.write() as session:
        handoffs.claim(session, id, ada.viewer)
        handoffs.resolve(session, id, ada.viewer)
    told = figures(client, ada)["resolution_s"]
    assert told["bot"] == {"n": 1, "median": 300.0, "p90": 300.0}
    assert told["human"]["n"] == 1


def test_csat_is_the_share_of_fours_and_fives_and_nps_promoters_less_detractors(client, house, ada):
    for csat, nps in ((5, 10), (4, 9), (3, 8), (1, 0), (None, 6), (5, None), (None, 7)):
        conversation(house, "answer", csat=csat, nps=nps, rated_at=now())
    told = figures(client, ada)
    assert told["csat"] == {
        "n": 5, "share_satisfied": 0.6, "mean": 3.6, "distribution": {"1": 1, "2": 0, "3": 1, "4": 1, "5": 2},
    }  # fmt: skip
    assert told["nps"] == {"n": 6, "score": 0.0, "promoters": 2, "passives": 2, "detractors": 2}


def test_without_anything_to_count_nothing_is_made_up(client, ada):
    told = figures(client, ada)
    assert told["conversations"] == 0
    assert told["csat"]["share_satisfied"] is None
    assert told["nps"]["score"] is None
    assert told["first_response_s"]["bot"] == {"n": 0, "median": None, "p90": None}
    assert len(told["series"]) == 30


def test_the_series_has_every_day_of_the_period_both_ends_included(client, house, ada):
    conversation(house, "answer", at=datetime(2026, 3, 2, 23, 59, tzinfo=UTC), closed=True)
    conversation(house, "answer", at=datetime(2026, 3, 3, 0, 0, tzinfo=UTC), closed=True)
    conversation(house, "answer", at=datetime(2026, 3, 5, 0, 0, tzinfo=UTC), closed=True)
    told = figures(client, ada, "?from=2026-03-02&to=2026-03-04")
    assert [(day["day"], day["conversations"], day["answered"]) for day in told["series"]] == [
        ("2026-03-02", 1, 1),
        ("2026-03-03", 1, 1),
        ("2026-03-04", 0, 0),
    ]
    assert (told["from"], told["to"], told["conversations"]) == ("2026-03-02", "2026-03-04", 2)


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?to=2026-02-30",
        "?from=2026-03-02&to=2026-03-01",
        "?from=1900-01-01",
        "?to=9999-12-31",
        "?from=",
    ],
)
def test_dates_that_cannot_be_are_refused_with_a_line(client, ada, query):
    answer = client.get(f"/api/insights{query}", headers=ada.headers)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_the_period_is_the_last_thirty_days_unless_told():
    today = date(2026, 3, 31)
    assert period(None, None, today) == (date(2026, 3, 2), today)
    assert period(date(2026, 3, 30), None, today) == (date(2026, 3, 30), today)
    assert period(None, date(2026, 1, 30), today) == (date(2026, 1, 1), date(2026, 1, 30))
    for first, last in ((date(2026, 3, 2), date(2026, 3, 1)), (None, date.min), (date.max, None)):
        with pytest.raises(Problem):
            period(first, last, today)


def test_the_ninetieth_percentile_is_the_nearest_rank():
    assert spread(range(1, 11)) == {"n": 10, "median": 5.5, "p90": 9.0}
    assert spread([7]) == {"n": 1, "median": 7, "p90": 7}


def worded(file, table):
    """The names that a table of the pages' scripts has words for."""
    text = (Path(insights.__file__).parent / "static" / file).read_text("utf-8")
    (rows,) = re.findall(rf"const {table} = {{\n(.*?)\n}};", text, re.DOTALL)
    return set(re.findall(r'^  "?([\w:]+)"?: "', rows, re.MULTILINE))


def test_every_outcome_reason_and_action_has_words_on_the_page():
    assert worded("insights.js", "OUTCOMES") == set(OUTCOMES)
    assert worded("words.js", "ACTIONS") == set(get_args(Action))
    turns = [
        Signals(
            wants_human=wished, topics=topics, sentiment_label=mood, strain=strain, in_domain=domain, confidence=0.1,
            times_asked=times, failed=failed, asks=not failed, model_failed=down,
        )
        for wished, topics, mood, strain, domain, times, failed, down in product(
            (True, False), ((), TOPICS), ("neutral", "negative"), (0.0, TOO_MUCH), (0.0, 1.0), (1, 3), (True, False), (True, False)
        )
    ]  # fmt: skip
    decisions = [rule(turn, Policy(0.8, 0.3, 0.5)) for rule in RULES for turn in turns]
    given = {reason for decision in decisions if decision for reason in decision.reasons}
    assert worded("words.js", "REASONS") == given | {ONLY_FILES}


def test_the_page_asks_strangers_to_sign_in(client, house, ada):
    assert "Sign in to the inbox" in client.get("/insights").text
    page = client.get("/insights", headers=ada.headers)
    assert 'data-insights="figures"' in page.text
    with house.database.read() as session:
        assert session.query(Conversation).count() == 0


def test_a_failing_model_is_told_in_one_line_with_what_to_do(client, house, ada):
    id = conversation(house)
    became = ["answered", "nothing_held", "no_answer", "key_refused", "key_refused", "timeout", None]
    with house.database.write() as session:
        for n, model in enumerate(became):
            turn = TurnRow(id=new_id("turn"), conversation_id=id, status="done", action="answer", reasons=[])
            turn.created_at, turn.record = LONG_AGO + timedelta(seconds=n), {"model": model}
            session.add(turn)
        old = TurnRow(id=new_id("turn"), conversation_id=id, status="done", action="answer", reasons=[])
        old.created_at, old.record = LONG_AGO, {"signals": {"model_failed": True}}
        session.add(old)
    day = LONG_AGO.date()
    told = figures(client, ada, f"?from={day}&to={day}")["model"]
    assert (told["asked"], told["failed"], told["nothing_held"]) == (6, 3, 1)
    assert [(one["kind"], one["n"]) for one in told["kinds"]] == [("key_refused", 2), ("timeout", 1)]
    assert told["told"].startswith(
        f"The language model failed for 3 of 6 answers from {day} to {day}: "
        "the key was refused (401) 2 times, it took too long once. Check OPENAI_API_KEY"
    )
    assert told["last_failed_at"] is not None
    before = day - timedelta(days=1)
    assert figures(client, ada, f"?from={before}&to={before}")["model"]["told"] is None
