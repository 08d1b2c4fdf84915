"""The figures of a period: what was answered, what went to people, how soon, and what customers thought.

Knows how each figure is defined, and says so beside it (`DEFINITIONS`). Every conversation is counted under
exactly one outcome; what nobody confirmed is never called a success.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean, median
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation.drift import Standing, watch
from escalation.model_use import model_use
from help_center.conversations import CLOSED, Conversation, Feedback, Handoff, Message, TurnRow
from help_center.database import Database, iso, now
from help_center.templating import Pages
from help_center.web import Doorkeeper, Problem

DEFAULT_DAYS = 30
MOST_DAYS = 1100
YEARS = (2000, 2999)
QUIET = timedelta(hours=24)
OUTCOMES = (
    "confirmed",
    "assumed",
    "so_far",
    "contradicted",
    "reopened",
    "abandoned",
    "handed_over",
    "no_question",
    "open",
)
ANSWERED = ("confirmed", "assumed", "so_far")
DEFINITIONS = {
    "conversations": "Conversations begun in the period. Each is counted under exactly one of the outcomes.",
    "confirmed": "The bot answered the last question, nobody took over, and the customer said it helped.",
    "assumed": "The bot answered the last question, nobody took over, and the customer said nothing more: "
    "closed, or quiet for 24 hours. Silence is not proof.",
    "so_far": "The bot answered the last question, nobody took over, and the conversation is still open.",
    "contradicted": "The bot answered the last question and the customer said that it did not help.",
    "reopened": "Came back after its end, and no person was needed so far.",
    "came_back": "Conversations begun in the period that had ended, and of these the ones that were written in again "
    "afterwards, whoever ended them; beside it, those that a person had resolved.",
    "abandoned": "The bot asked back or offered a person, and the customer left (closed, or quiet for a day).",
    "handed_over": "A person was called at some time, whatever came of it.",
    "no_question": "Nothing was asked: no message, or small talk only.",
    "open": "Still going on: not closed, and a message within the last 24 hours.",
    "turns": "Turns of the bot begun in the period, by what it did.",
    "model": "Turns begun in the period in which the language model was asked for the answer. It failed where no answer, or "
    "only a part of one, came from it; where one came and no sentence of it held, it did not fail.",
    "handoffs": "Handoffs opened in the period. One may have several reasons and counts under each.",
    "first_response_bot": "From the customer's first message to the bot's first message, conversations begun "
    "in the period.",
    "first_response_human": "From the call for a person to the person's first reply, handoffs opened in the "
    "period. Those without a reply yet are counted beside it, not in it.",
    "resolution": "From the beginning of a conversation to its close, conversations closed in the period.",
    "csat": "Customers who rated in the period: the share who gave 4 or 5, and the mean of 1 to 5.",
    "confidence": "Turns that people judged since the day named, each against the confidence it was given: customers by "
    "“did this help?”, agents by the outcome they chose. One word a conversation. Who was not helped speaks up more "
    "often, so it is taken that wrong answers are spoken of three times as often as right ones; what the bot itself "
    "left to a person is taken as it is. The alarm is raised by chance in at most one of a hundred such windows.",
    "nps": "Customers who were asked how likely they would recommend (0 to 10): the share of 9–10 less the "
    "share of 0–6, from −100 to 100.",
}


@dataclass(frozen=True)
class Facts:
    """What is known of one conversation when its outcome is told."""

    status: str
    reopened: bool
    quiet: bool
    handed_over: bool
    last_action: str | None  # of the last turn that was about a question
    helpful: bool | None  # the customer's latest word


def outcome_of(facts: Facts) -> str:
    """One of OUTCOMES."""
    ended = facts.status == CLOSED or facts.quiet
    if facts.handed_over:
        return "handed_over"
    if facts.helpful is False:
        return "contradicted"
    if facts.reopened:
        return "reopened"
    if facts.last_action == "answer" and facts.helpful:
        return "confirmed"
    if not ended:
        return "so_far" if facts.last_action == "answer" else "open"
    if facts.last_action is None:
        return "no_question"
    return "assumed" if facts.last_action == "answer" else "abandoned"


def routes(
    database: Database, doorkeeper: Doorkeeper, pages: Pages, standing: Callable[[], Standing]
) -> APIRouter:
    """`standing()`: the confidence in use."""
    router = APIRouter()

    @router.get("/api/insights", dependencies=[Depends(doorkeeper.agent)])
    def figures(
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
    ) -> dict[str, Any]:
        """The figures of the days `from` to `to`, both included, in UTC; the last 30 days when left out."""
        first, last = period(first, last, now().date())
        with database.read() as session:
            return insights(session, first, last) | {"confidence": _confidence(session, standing())}

    @router.get("/insights", include_in_schema=False)
    def page(request: Request) -> Response:
        viewer = doorkeeper.viewer(request)
        return pages.page("insights.html", agent_name=viewer.name, may_manage=viewer.is_lead)

    return router


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days to look at. Raises a 422 for a period that runs backwards or is too long."""
    last = last or (max(today, first) if first else today)
    if not all(YEARS[0] <= day.year <= YEARS[1] for day in (first or last, last)):
        raise Problem(422, f"the years from {YEARS[0]} to {YEARS[1]} can be looked at.")
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Problem(422, "`from` is after `to`: swap them.")
    if (last - first).days >= MOST_DAYS:
        raise Problem(422, f"at most {MOST_DAYS} days at a time, please.")
    return first, last


def insights(session: Session, first: date, last: date) -> dict[str, Any]:
    """All figures of the days `first` to `last`, both included."""
    start = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last, time.min, UTC) + timedelta(days=1)
    outcomes = _outcomes(session, start, end)
    handoffs = list(
        session.execute(
            select(
                Handoff.created_at, Handoff.first_reply_at, Handoff.status, Handoff.reasons, Handoff.outcome
            ).where(Handoff.created_at >= start, Handoff.created_at < end)
        )
    )
    by_outcome = Counter(outcome for _, outcome in outcomes.values())
    reasons = Counter(reason for *_, why, _ in handoffs for reason in why)
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "generated_at": iso(now()),
        "conversations": len(outcomes),
        "outcomes": {name: by_outcome[name] for name in OUTCOMES},
        "answered": {
            "total": sum(by_outcome[name] for name in ANSWERED),
            **{name: by_outcome[name] for name in ANSWERED},
        },
        "came_back": _came_back(session, start, end),
        "turns_by_action": _turns(session, start, end),
        "model": model_use(session, first, last, start, end),
        "handoffs": {
            "total": len(handoffs),
            "by_reason": dict(reasons.most_common()),
            "by_status": dict(Counter(status for _, _, status, _, _ in handoffs).most_common()),
            "by_outcome": dict(Counter(outcome for *_, outcome in handoffs if outcome).most_common()),
        },
        "first_response_s": {
            "bot": _bot_response(session, start, end),
            "human": spread((replied - opened).total_seconds() for opened, replied, *_ in handoffs if replied)
            | {"without_reply": sum(1 for _, replied, *_ in handoffs if replied is None)},
        },
        "resolution_s": _resolution(session, start, end),
        "csat": _csat(session, start, end),
        "nps": _nps(session, start, end),
        "series": _series(first, last, outcomes.values(), [opened for opened, *_ in handoffs]),
        "definitions": DEFINITIONS,
    }


def _confidence(session: Session, standing: Standing) -> dict[str, Any]:
    """Is it still true? Counted in a window of its own, whatever the period."""
    calibration = {
        "default": standing.is_default,
        "fitted_on": standing.fitted_on,
        "doubt": standing.doubt,
    }
    return {"calibration": calibration, **watch(session, standing, now().date()).json()}


def spread(seconds: Iterable[float]) -> dict[str, Any]:
    """`{n, median, p90}` in seconds; null where nothing was measured. p90 is the nearest rank."""
    ordered = sorted(max(0.0, value) for value in seconds)
    if not ordered:
        return {"n": 0, "median": None, "p90": None}
    rank = max(0, -(-len(ordered) * 9 // 10) - 1)
    return {"n": len(ordered), "median": round(median(ordered), 3), "p90": round(ordered[rank], 3)}


def _outcomes(session: Session, start: datetime, end: datetime) -> dict[str, tuple[date, str]]:
    """Day of beginning and outcome of each conversation begun in the period, by its id."""
    begun = (Conversation.created_at >= start) & (Conversation.created_at < end)
    handed = set(
        session.scalars(
            select(Handoff.conversation_id).join(Conversation, _of(Handoff)).where(begun).distinct()
        )
    )
    actions: dict[str, str] = {}
    turns = select(TurnRow.conversation_id, TurnRow.action).join(Conversation, _of(TurnRow))
    about_questions = TurnRow.action.in_(("answer", "clarify", "offer", "escalate"))
    for id, action in session.execute(
        turns.where(begun, about_questions).order_by(TurnRow.created_at, TurnRow.id)
    ):
        actions[id] = str(action)
    words: dict[str, bool] = {}
    said = select(Message.conversation_id, Feedback.helpful).join(Message, Message.id == Feedback.message_id)
    for id, helpful in session.execute(
        said.join(Conversation, _of(Message)).where(begun).order_by(Feedback.created_at, Feedback.message_id)
    ):
        words[id] = helpful
    quiet_since = now() - QUIET
    rows = select(
        Conversation.id,
        Conversation.created_at,
        Conversation.status,
        Conversation.reopened,
        Conversation.updated_at,
    ).where(begun)
    outcomes = {}
    for id, created, status, reopened, updated in session.execute(rows):
        facts = Facts(
            status, bool(reopened), updated < quiet_since, id in handed, actions.get(id), words.get(id)
        )
        outcomes[id] = (created.date(), outcome_of(facts))
    return outcomes


def _of(table: Any) -> Any:
    return Conversation.id == table.conversation_id


def _came_back(session: Session, start: datetime, end: datetime) -> dict[str, Any]:
    ended = (
        (Conversation.created_at >= start)
        & (Conversation.created_at < end)
        & (Conversation.closed_at.is_not(None) | (Conversation.reopened > 0))
    )
    resolved = Conversation.id.in_(
        select(Handoff.conversation_id).where(Handoff.status == "resolved", Handoff.created_at >= start)
    )

    def count(*which: Any) -> int:
        return session.scalar(select(func.count()).select_from(Conversation).where(ended, *which)) or 0

    all_of_them, again = count(), count(Conversation.reopened > 0)
    return {
        "ended": all_of_them,
        "n": again,
        "share": round(again / all_of_them, 4) if all_of_them else None,
        "after_person": count(Conversation.reopened > 0, resolved),
    }


def _turns(session: Session, start: datetime, end: datetime) -> dict[str, int]:
    query = select(TurnRow.action, func.count()).where(TurnRow.created_at >= start, TurnRow.created_at < end)
    counted = session.execute(query.where(TurnRow.action.is_not(None)).group_by(TurnRow.action))
    return {str(action): n for action, n in sorted(counted, key=lambda row: -row[1])}


def _bot_response(session: Session, start: datetime, end: datetime) -> dict[str, Any]:
    first = func.min(Message.position)
    began = select(Message.conversation_id.label("id"), first.label("position")).join(
        Conversation, _of(Message)
    )
    period = (Conversation.created_at >= start, Conversation.created_at < end, Message.role == "customer")
    asked = began.where(*period).group_by(Message.conversation_id).subquery()
    followed = select(Message.conversation_id.label("id"), first.label("position")).join(
        asked, (asked.c.id == Message.conversation_id) & (Message.position > asked.c.position)
    )
    answered = followed.where(Message.role == "assistant").group_by(Message.conversation_id).subquery()
    question, answer = Message.__table__.alias(), Message.__table__.alias()
    times = (
        select(question.c.created_at, answer.c.created_at)
        .join(asked, (asked.c.id == question.c.conversation_id) & (asked.c.position == question.c.position))
        .join(answered, answered.c.id == asked.c.id)
        .join(
            answer, (answer.c.conversation_id == answered.c.id) & (answer.c.position == answered.c.position)
        )
    )
    return spread((replied - said).total_seconds() for said, replied in session.execute(times))


def _resolution(session: Session, start: datetime, end: datetime) -> dict[str, Any]:
    """By the bot alone, and with a person."""
    query = select(Conversation.id, Conversation.created_at, Conversation.closed_at)
    closed = (Conversation.status == CLOSED, Conversation.closed_at >= start, Conversation.closed_at < end)
    handed = set(
        session.scalars(
            select(Handoff.conversation_id).join(Conversation, _of(Handoff)).where(*closed).distinct()
        )
    )
    seconds: dict[bool, list[float]] = defaultdict(list)
    for id, created, ended in session.execute(query.where(*closed)):
        if ended is not None:
            seconds[id in handed].append((ended - created).total_seconds())
    return {"bot": spread(seconds[False]), "human": spread(seconds[True])}


def _rated(session: Session, column: Any, start: datetime, end: datetime) -> list[int]:
    query = select(column).where(
        column.is_not(None), Conversation.rated_at >= start, Conversation.rated_at < end
    )
    return list(session.scalars(query))


def _csat(session: Session, start: datetime, end: datetime) -> dict[str, Any]:
    given = _rated(session, Conversation.csat, start, end)
    return {
        "n": len(given),
        "share_satisfied": round(sum(1 for stars in given if stars >= 4) / len(given), 4) if given else None,
        "mean": round(fmean(given), 3) if given else None,
        "distribution": {str(stars): given.count(stars) for stars in range(1, 6)},
    }


def _nps(session: Session, start: datetime, end: datetime) -> dict[str, Any]:
    given = _rated(session, Conversation.nps, start, end)
    promoters = sum(1 for score in given if score >= 9)
    detractors = sum(1 for score in given if score <= 6)
    return {
        "n": len(given),
        "score": round(100 * (promoters - detractors) / len(given), 1) if given else None,
        "promoters": promoters,
        "passives": len(given) - promoters - detractors,
        "detractors": detractors,
    }


def _series(
    first: date, last: date, outcomes: Iterable[tuple[date, str]], opened: list[datetime]
) -> list[dict[str, Any]]:
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    for day, outcome in outcomes:
        by_day[day].update(["conversations", outcome])
    for moment in opened:
        by_day[moment.date()].update(["handoffs"])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        {
            "day": day.isoformat(),
            "conversations": by_day[day]["conversations"],
            "answered": sum(by_day[day][name] for name in ANSWERED),
            "handed_over": by_day[day]["handed_over"],
            "handoffs": by_day[day]["handoffs"],
        }
        for day in days
    ]
