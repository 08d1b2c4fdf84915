"""Office hours, against a clerk who looks at the clock on the wall every five minutes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from escalation.hours import add_open, is_open, open_minutes, opens_at
from escalation.policies import DAYS, Holiday, Hours, Span

MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE
BERLIN = ZoneInfo("Europe/Berlin")


def span(text: str) -> Span:
    start, end = text.split("-")
    return Span(start=time.fromisoformat(start), end=time.fromisoformat(end))


def hours(timezone: str = "Europe/Berlin", every: str | None = None, **given: object) -> Hours:
    """`every`: the spans of each working day, such as "09:00-12:00 13:00-17:00"."""
    if every is not None:
        given["weekly"] = {day: [span(one) for one in every.split()] for day in DAYS[:5]}
    return Hours(timezone=timezone, **given)  # type: ignore[arg-type]


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


# The clerk


def looks_open(hours: Hours, at: datetime) -> bool:
    """By the clock on the wall: the span of this day in which its hands stand."""
    local = at.astimezone(ZoneInfo(hours.timezone))
    spans = (hours.weekly or {}).get(DAYS[local.weekday()], [])  # type: ignore[call-overload]
    for holiday in hours.holidays:
        if holiday.date == local.date():
            spans = holiday.spans
    return any(one.start <= local.time() < (one.end if one.end != time(0) else time.max) for one in spans)


@some.composite
def day_spans(draw: some.DrawFn) -> list[Span]:
    """Up to three stretches of a day, none reaching into the next."""
    count = draw(some.integers(0, 3))
    fives = some.lists(some.integers(0, 288), min_size=2 * count, max_size=2 * count, unique=True)
    clocks = [time(five // 12 % 24, five % 12 * 5) for five in sorted(draw(fives))]
    return [Span(start=start, end=end) for start, end in zip(clocks[::2], clocks[1::2], strict=True)]


# whole-hour and odd offsets, and both hemispheres; the clocks are changed in none of them
QUIET_ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Phoenix",
    "Pacific/Kiritimati",
    "Pacific/Niue",
)
some_hours = some.builds(
    Hours,
    timezone=some.sampled_from(QUIET_ZONES),
    weekly=some.dictionaries(some.sampled_from(DAYS), day_spans(), max_size=7),
    holidays=some.lists(
        some.builds(Holiday, date=some.dates(date(2026, 3, 1), date(2026, 3, 20)), spans=day_spans()),
        max_size=3,
        unique_by=lambda holiday: holiday.date,
    ),
)
moments = some.integers(0, 10 * 288).map(lambda five: datetime(2026, 3, 2, tzinfo=UTC) + FIVE * five)


@given(some_hours, moments)
@settings(max_examples=400, deadline=None)
def test_open_is_what_the_clock_on_the_wall_says(hours: Hours, at: datetime) -> None:
    assert is_open(hours, at) == looks_open(hours, at)


@given(some_hours, moments)
@settings(max_examples=200, deadline=None)
def test_the_next_opening_is_found_by_waiting_for_it(hours: Hours, at: datetime) -> None:
    found = opens_at(hours, at)
    if looks_open(hours, at):
        assert found is None
        return
    week = (at + FIVE * n for n in range(1, 7 * 288))
    opening = next((moment for moment in week if looks_open(hours, moment)), None)
    if opening is not None:
        assert found == opening
    else:
        assert found is None or found >= at + timedelta(days=7)


@given(some_hours, moments, some.integers(0, 1500))
@settings(max_examples=200, deadline=None)
def test_office_time_is_counted_look_by_look(hours: Hours, start: datetime, looks: int) -> None:
    counted = sum(looks_open(hours, start + FIVE * n) for n in range(looks))
    assert open_minutes(hours, start, start + FIVE * looks) == 5 * counted


@given(some_hours, moments, some.integers(1, 200))
@settings(max_examples=200, deadline=None)
def test_what_is_due_after_some_office_time_is_due_when_it_has_passed(
    hours: Hours, start: datetime, looks: int
) -> None:
    at, left = start, looks
    while left and at < start + timedelta(days=15):
        left -= looks_open(hours, at)
        at += FIVE
    due = add_open(hours, start, 5 * looks)
    assert due == at if left == 0 else due >= min(at, start + FIVE * looks)


@given(
    some.sampled_from(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo")),
    some.dictionaries(some.sampled_from(DAYS), day_spans(), min_size=1, max_size=7),
    some.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    some.integers(1, 20_000),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_office_time_adds_up_across_every_change_of_the_clocks(
    zone: str, weekly: dict[str, list[Span]], start: datetime, minutes: int
) -> None:
    hours = Hours(timezone=zone, weekly=weekly)  # type: ignore[arg-type]
    start = start.replace(tzinfo=UTC)
    due = add_open(hours, start, minutes)
    if opens_at(hours, start) is None and not is_open(hours, start):  # nobody ever comes
        assert due == start + MINUTE * minutes
        return
    assert open_minutes(hours, start, due) == pytest.approx(minutes)
    middle = start + (due - start) / 3
    parts = open_minutes(hours, start, middle) + open_minutes(hours, middle, due)
    assert parts == pytest.approx(minutes)
    assert add_open(hours, start, minutes + 1) > due


# By hand


def test_without_hours_somebody_is_always_there() -> None:
    at = datetime(2026, 5, 3, 3, tzinfo=UTC)
    assert is_open(Hours(), at)
    assert opens_at(Hours(), at) is None
    assert add_open(Hours(), at, 30) == at + MINUTE * 30
    assert open_minutes(Hours(), at, at + MINUTE * 30) == 30


@pytest.mark.parametrize(
    ("said", "open"), [("08:59", False), ("09:00", True), ("16:59", True), ("17:00", False)]
)
def test_the_first_minute_is_open_and_the_last_moment_is_not(said: str, open: bool) -> None:
    assert is_open(hours(every="09:00-17:00"), berlin(f"2026-05-04T{said}")) is open


def test_what_comes_in_on_friday_evening_is_due_on_monday() -> None:
    due = add_open(hours(every="09:00-17:00"), berlin("2026-05-08T16:50"), 30)
    assert due == berlin("2026-05-11T09:20")


def test_a_lunch_break_does_not_count() -> None:
    office = hours(every="09:00-12:00 13:00-17:00")
    assert add_open(office, berlin("2026-05-04T11:50"), 30) == berlin("2026-05-04T13:20")
    assert opens_at(office, berlin("2026-05-04T12:10")) == berlin("2026-05-04T13:00")


def test_a_night_shift_is_two_spans_and_one_stretch() -> None:
    night = hours(every="00:00-06:00 22:00-00:00")
    at = berlin("2026-05-04T23:00")
    assert add_open(night, at, 120) == berlin("2026-05-05T01:00")
    assert open_minutes(night, at, berlin("2026-05-05T08:00")) == 7 * 60


def test_a_night_shift_that_loses_an_hour_to_summer_time_is_an_hour_shorter() -> None:
    night = Hours(
        timezone="Europe/Berlin", weekly={"sat": [span("22:00-00:00")], "sun": [span("00:00-06:00")]}
    )
    spring, autumn = berlin("2026-03-28T22:00"), berlin("2026-10-24T22:00")
    assert open_minutes(night, spring, spring + timedelta(days=1)) == 7 * 60
    assert open_minutes(night, autumn, autumn + timedelta(days=1)) == 9 * 60


def test_an_opening_time_that_the_clocks_skip_is_read_as_if_they_had_not_been_changed() -> None:
    office = Hours(timezone="Europe/Berlin", weekly={"sun": [span("02:30-05:00")]})
    before = berlin("2026-03-29T01:00")
    assert opens_at(office, before) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 in Berlin


def test_an_opening_time_that_comes_twice_is_the_first() -> None:
    office = Hours(timezone="Europe/Berlin", weekly={"sun": [span("02:30-05:00")]})
    assert opens_at(office, berlin("2026-10-25T01:00")) == berlin("2026-10-25T02:30", fold=0)
    assert open_minutes(office, berlin("2026-10-25T01:00"), berlin("2026-10-25T06:00")) == 3.5 * 60


def test_working_hours_stay_the_same_on_the_wall_when_the_clocks_change() -> None:
    office = hours(every="09:00-17:00")
    assert opens_at(office, berlin("2026-03-28T12:00")) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert opens_at(office, berlin("2026-10-24T12:00")) == datetime(2026, 10, 26, 8, tzinfo=UTC)


def test_a_holiday_is_closed_or_has_hours_of_its_own() -> None:
    office = hours(
        every="09:00-17:00",
        holidays=[
            Holiday(date=date(2026, 5, 4)),
            Holiday(date=date(2026, 5, 5), spans=[span("10:00-11:00")]),
        ],
    )
    assert opens_at(office, berlin("2026-05-04T10:00")) == berlin("2026-05-05T10:00")
    assert [is_open(office, berlin(f"2026-05-05T{at}")) for at in ("10:30", "11:00")] == [True, False]


def test_a_holiday_counts_where_somebody_is_there_on_all_other_days() -> None:
    office = Hours(timezone="Europe/Berlin", holidays=[Holiday(date=date(2026, 12, 25))])
    assert not is_open(office, berlin("2026-12-25T12:00"))
    assert opens_at(office, berlin("2026-12-25T12:00")) == berlin("2026-12-26T00:00")


def test_a_countrys_public_holidays_are_closed_and_the_owners_list_is_stronger() -> None:
    new_year = berlin("2027-01-01T10:00")
    assert not is_open(hours(every="09:00-17:00", country="DE"), new_year)
    worked = hours(
        every="09:00-17:00",
        country="DE",
        holidays=[Holiday(date=date(2027, 1, 1), spans=[span("09:00-12:00")])],
    )
    assert is_open(worked, new_year)


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    epiphany = berlin("2027-01-06T10:00")  # kept in Bavaria, not in Berlin
    assert not is_open(hours(every="09:00-17:00", country="DE-BY"), epiphany)
    assert is_open(hours(every="09:00-17:00", country="DE-BE"), epiphany)


@pytest.mark.parametrize("code", ["XX", "DE-ZZ", "", "Germany"])
def test_an_unknown_country_is_refused_with_an_example(code: str) -> None:
    with pytest.raises(ValidationError, match="use a code such as DE"):
        Hours(country=code)


@pytest.mark.parametrize("weekly", [{}, {"mon": []}])
def test_hours_in_which_nobody_ever_comes_end_every_search(weekly: dict[str, list[Span]]) -> None:
    closed, at = Hours(weekly=weekly), datetime(2026, 5, 4, tzinfo=UTC)  # type: ignore[arg-type]
    assert not is_open(closed, at)
    assert opens_at(closed, at) is None
    assert open_minutes(closed, at, at + timedelta(days=1000)) == 0
    assert add_open(closed, at, 90) == at + MINUTE * 90


def test_the_day_before_everybody_leaves_for_good_is_the_last_that_counts() -> None:
    last_day = Holiday(date=date(2026, 5, 5), spans=[span("09:00-10:00")])
    closing = Hours(weekly={}, holidays=[last_day])
    start = datetime(2026, 5, 5, 9, 30, tzinfo=UTC)
    assert add_open(closing, start, 20) == start + MINUTE * 20
    assert add_open(closing, start, 60) == datetime(2026, 5, 5, 10, tzinfo=UTC) + MINUTE * 30


def test_a_due_time_beyond_ten_years_is_cut_there() -> None:
    rarely = Hours(weekly={"mon": [span("09:00-09:01")]})
    start = datetime(2026, 5, 4, tzinfo=UTC)
    assert add_open(rarely, start, 1_000_000) == start + timedelta(days=3660)


def test_spans_that_the_clocks_push_into_each_other_are_counted_once() -> None:
    early = Hours(timezone="Europe/Berlin", weekly={"sun": [span("01:00-02:30"), span("03:00-05:00")]})
    day = berlin("2026-03-29T00:00")  # 02:30 is 03:30 on this day
    assert open_minutes(early, day, day + timedelta(days=1)) == 3 * 60


def test_the_holidays_of_all_countries_are_loaded_only_where_a_country_is_set() -> None:
    code = "import sys, escalation.hours, escalation.policies; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
