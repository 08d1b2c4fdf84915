"""What the owner of the desk has set: office hours, targets, routing, notifications. Kept in the database, no restart.

Knows the values and their bounds; what follows from them is the business of `hours`, `routing` and `notify`.
"""

from __future__ import annotations

from datetime import date, time
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.orm import Session

from escalation.public_holidays import public_holidays
from help_center.database import InstallationFact
from help_center.desk import Strategy

KEPT_AS = "desk"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PriorityName = Literal["urgent", "high", "normal"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


_zones = cache(available_timezones)  # reads a folder


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is no time zone; use one such as Europe/Berlin")
    return name


def _known_country(code: str) -> str:
    public_holidays(code, 2000)  # raises what to do about an unknown one
    return code


def _no_overlap(spans: list[Span]) -> list[Span]:
    """In order, and none begins before the one before it has ended."""
    spans = sorted(spans, key=lambda span: span.start)
    for before, after in pairwise(spans):
        if before.end == time(0) or before.end > after.start:
            raise ValueError(f"two spans of a day overlap at {after.start:%H:%M}: make them one")
    return spans


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Span(Strict):
    """From `start` until before `end`; an `end` of 00:00 is the end of the day."""

    start: time
    end: time

    @model_validator(mode="after")
    def in_order(self) -> Span:
        if self.end != time(0) and self.end <= self.start:
            raise ValueError(
                "the end comes before the start; a night shift is two spans, until 00:00 and from 00:00"
            )
        return self


Spans = Annotated[list[Span], Field(max_length=6), AfterValidator(_no_overlap)]


class Holiday(Strict):
    """A day with hours of its own; none: closed."""

    date: date
    name: Annotated[str, Field(max_length=100)] = ""
    spans: Spans = []


class Hours(Strict):
    """When somebody is there. `weekly` None: always."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    weekly: dict[Day, Spans] | None = None
    holidays: list[Holiday] = Field(default_factory=list, max_length=400)
    country: Annotated[str, AfterValidator(_known_country)] | None = (
        None  # its public holidays are closed days, too
    )


class Target(Strict):
    """Minutes, counted in office hours."""

    first_response: Annotated[int, Field(ge=1, le=100_000)]
    resolution: Annotated[int, Field(ge=1, le=1_000_000)]

    @model_validator(mode="after")
    def in_order(self) -> Target:
        if self.resolution < self.first_response:
            raise ValueError("a conversation cannot be resolved before the first response: give it longer")
        return self


class Lift(Strict):
    """A customer whose attribute has this value (compared as text, without case) is served earlier."""

    attribute: Annotated[str, Field(min_length=1, max_length=100)]
    value: Annotated[str, Field(max_length=300)]
    priority: Literal["urgent", "high"]


class Notifications(Strict):
    slack_url: str | None = None  # an incoming webhook; secret: shown to admins only
    emails: list[str] = Field(default_factory=list, max_length=20)  # told of new and overdue handoffs
    on_new: bool = True
    on_overdue: bool = True

    @field_validator("slack_url")
    @classmethod
    def web_address(cls, value: str | None) -> str | None:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("use the https:// address of an incoming webhook")
        return value or None

    @field_validator("emails")
    @classmethod
    def addresses(cls, value: list[str]) -> list[str]:
        try:
            return [validate_email(one, check_deliverability=False).normalized for one in value]
        except EmailNotValidError as error:
            raise ValueError(f"{error} Write addresses such as desk@example.org") from error


TARGETS: dict[PriorityName, Target] = {
    "urgent": Target(first_response=5, resolution=120),
    "high": Target(first_response=10, resolution=240),
    "normal": Target(first_response=30, resolution=1440),
}


class DeskSettings(Strict):
    hours: Hours = Hours()
    targets: dict[PriorityName, Target] = Field(default_factory=lambda: dict(TARGETS))
    strategy: Strategy = "manual"  # where no team has one of its own
    capacity: Annotated[int, Field(ge=1, le=200)] = 8  # open conversations of one agent that routing gives
    idle_minutes: Annotated[int, Field(ge=0, le=10_000)] = 30  # a claim left alone goes back; 0: never
    wait_rises_minutes: Annotated[int, Field(ge=0, le=10_000)] = 30  # waiting this long presses; 0: never
    lifts: list[Lift] = Field(default_factory=list, max_length=50)
    email_after_minutes: Annotated[int, Field(ge=0, le=10_000)] = (
        10  # past this wait an e-mail address is asked for
    )
    nps_every_days: Annotated[int, Field(ge=0, le=1000)] = (
        90  # one customer is asked at most this often; 0: never
    )
    nps_share: Annotated[float, Field(ge=0, le=1)] = 0.2  # of the conversations that end with a person
    notifications: Notifications = Notifications()

    @field_validator("targets")
    @classmethod
    def one_for_each_priority(cls, value: dict[PriorityName, Target]) -> dict[PriorityName, Target]:
        """Those that are left out stay as by default."""
        return TARGETS | value


SECRET = {"notifications.slack_url"}  # settings whose values are told to nobody but admins


def desk_settings(session: Session) -> DeskSettings:
    """As kept; the defaults where nothing is."""
    fact = session.get(InstallationFact, KEPT_AS)
    return DeskSettings.model_validate(fact.value) if fact else DeskSettings()


def keep_desk_settings(session: Session, settings: DeskSettings) -> None:
    session.merge(InstallationFact(key=KEPT_AS, value=settings.model_dump(mode="json")))


def changes(old: DeskSettings, new: DeskSettings) -> dict[str, list[Any]]:
    """What is different, by its path: `{"hours.timezone": ["UTC", "Europe/Berlin"]}`. Of a secret only whether it is set."""
    before, after = _flat(old.model_dump(mode="json")), _flat(new.model_dump(mode="json"))
    found = {}
    for path in sorted(before.keys() | after.keys()):
        pair = [before.get(path), after.get(path)]
        if pair[0] != pair[1]:
            found[path] = ["set" if value else "not set" for value in pair] if path in SECRET else pair
    return found


def _flat(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat
