"""Office hours: whether somebody is there, when again, and time counted in them.

Pure functions over `policies.Hours`. Local times are read as RFC 5545 reads them: one that a clock change skips counts as
if the clock had not changed yet, one that comes twice is the first. A day of the owner's own list takes the place of
everything else on that date. Knows no queue and no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.policies import DAYS, Hours, Span
from escalation.public_holidays import public_holidays

LOOK_AHEAD = timedelta(days=400)  # closed for longer than this is closed for good
LONGEST = timedelta(days=3660)  # nothing is due later than this
WHOLE_DAY = [Span(start=time(0), end=time(0))]


def is_open(hours: Hours, at: datetime) -> bool:
    return any(start <= at < end for start, end in _open_from(hours, at, timedelta(0)))


def opens_at(hours: Hours, at: datetime) -> datetime | None:
    """When somebody is there again. None: they are there now, or never come."""
    for start, _end in _open_from(hours, at, LOOK_AHEAD):
        return start if start > at else None
    return None


def add_open(hours: Hours, start: datetime, minutes: float) -> datetime:
    """The moment when `minutes` of office time have passed since `start`.

    Hours in which nobody ever comes count for nothing: then it is plain time.
    """
    left, seen = timedelta(minutes=minutes), start.astimezone(UTC)
    latest = seen + LONGEST
    if _always(hours):
        return min(seen + left, latest)
    while seen < latest:
        before = seen
        for begin, end in _open_from(hours, seen, LOOK_AHEAD):
            begin = max(begin, seen)
            if left <= end - begin:
                return min(begin + left, latest)
            left -= end - begin
            seen = end
        if seen == before:
            return min(seen + left, latest)
    return latest


def open_minutes(hours: Hours, start: datetime, end: datetime) -> float:
    """How much office time lies between the two; 0 when the end is not after the start."""
    if end <= start:
        return 0.0
    if _always(hours):
        return (end - start) / timedelta(minutes=1)
    spans = _open_from(hours, start, end - start)
    inside = (max(timedelta(0), min(until, end) - max(begin, start)) for begin, until in spans)
    return sum(inside, timedelta(0)) / timedelta(minutes=1)


def _always(hours: Hours) -> bool:
    return hours.weekly is None and not hours.holidays and hours.country is None


def _open_from(hours: Hours, at: datetime, ahead: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The open spans in UTC that end after `at` and begin until the day of `at + ahead`: in order, none touching the next."""
    if _always(hours):
        yield at.astimezone(UTC), (at + LONGEST).astimezone(UTC)
        return
    zone = ZoneInfo(hours.timezone)
    own = {holiday.date: holiday.spans for holiday in hours.holidays}
    day = at.astimezone(zone).date() - timedelta(days=1)  # yesterday's may reach into today
    last = (at + ahead).astimezone(zone).date()
    current: tuple[datetime, datetime] | None = None
    while day <= last:
        for start, end in sorted(_utc(zone, day, span) for span in _spans_of(hours, own, day)):
            if end <= max(start, at):
                continue
            if current is not None and start <= current[1]:
                current = (current[0], max(current[1], end))
                continue
            if current is not None:
                yield current
            current = (start, end)
        day += timedelta(days=1)
    if current is not None:
        yield current


def _spans_of(hours: Hours, own: dict[date, list[Span]], day: date) -> list[Span]:
    if day in own:
        return own[day]
    if hours.country is not None and day in public_holidays(hours.country, day.year):
        return []
    if hours.weekly is None:
        return WHOLE_DAY
    return hours.weekly.get(DAYS[day.weekday()], [])  # type: ignore[call-overload]


def _utc(zone: ZoneInfo, day: date, span: Span) -> tuple[datetime, datetime]:
    until = day + timedelta(days=1) if span.end == time(0) else day
    start, end = (
        datetime.combine(on, clock, zone).astimezone(UTC)
        for on, clock in ((day, span.start), (until, span.end))
    )
    return start, end
