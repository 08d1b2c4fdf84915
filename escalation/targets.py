"""How pressing a handoff is, and until when somebody should have answered it and have solved it.

Pure: from reasons, attributes and the desk's settings to a priority, a due time and a place in the order of service.
Time is counted in office hours and runs on while a conversation is snoozed. Knows no steps and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.hours import add_open
from escalation.policies import DeskSettings, Hours, PriorityName
from help_center.conversations import OPEN_HANDOFF, Handoff


@dataclass(frozen=True)
class Priority:
    """`rank` 0 is served first."""

    name: PriorityName
    rank: int


URGENT, HIGH, NORMAL = Priority("urgent", 0), Priority("high", 1), Priority("normal", 2)
PRIORITIES: dict[str, Priority] = {priority.name: priority for priority in (URGENT, HIGH, NORMAL)}
OVERDUE_RANK = -1  # of whatever priority: its first response was due and nobody has answered
RANKS = (OVERDUE_RANK, *(priority.rank for priority in PRIORITIES.values()))
PRESSING = {"negative_sentiment", "sensitive_topic"}  # reasons that do not wait for their turn


@dataclass(frozen=True)
class Due:
    """When the first answer, and when the end, should be there."""

    first_response: datetime
    resolution: datetime


def priority_of(reasons: list[str]) -> Priority:
    """One pressing reason is high, an upset customer with a sensitive matter is urgent."""
    pressing = len(PRESSING.intersection(reasons))
    return (NORMAL, HIGH, URGENT)[pressing]


def lifted(priority: Priority, attributes: Mapping[str, Any], settings: DeskSettings) -> Priority:
    """At least what the owner grants to customers with these attributes."""
    granted = [
        PRIORITIES[lift.priority]
        for lift in settings.lifts
        if lift.attribute in attributes
        and str(attributes[lift.attribute]).casefold() == lift.value.casefold()
    ]
    return min([priority, *granted], key=lambda one: one.rank)


def next_step(priority: Priority) -> Priority:
    """What one that has waited for long becomes; urgent is the end."""
    return {NORMAL: HIGH}.get(priority, URGENT)


def due(priority: Priority, start: datetime, hours: Hours, settings: DeskSettings) -> Due:
    """Both times, counted from `start` in these office hours."""
    target = settings.targets[priority.name]
    return Due(
        add_open(hours, start, target.first_response),
        add_open(hours, start, target.resolution),
    )


def rank_at(handoff: Handoff, at: datetime) -> int:
    """Its place by priority, or before everything else while its first response is overdue."""
    late = handoff.first_reply_at is None and handoff.due_at <= at
    return OVERDUE_RANK if late else PRIORITIES[handoff.priority].rank


def missed(handoff: Handoff, at: datetime) -> list[datetime]:
    """The due times that an open handoff has let pass: of its first response while nobody has answered, and of its end."""
    if handoff.status not in OPEN_HANDOFF:
        return []
    first = handoff.due_at if handoff.first_reply_at is None else None
    return [due for due in (first, handoff.resolve_due_at) if due is not None and due <= at]


def service_order() -> tuple[Any, Any, Any]:
    """The one order of service, ascending, over the index `ix_handoffs_queue`: of lists, of routing, of a customer's place.

    What is overdue comes first because the clock gives it OVERDUE_RANK (see `queue.mark_overdue`).
    """
    return (Handoff.rank, Handoff.created_at, Handoff.id)
