"""What the owner of the desk has set: office hours, targets, routing, notifications. Kept in the database, no restart.

Knows the values and their bounds; what follows from them is the business of `hours`, `routing` and `notify`.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.orm import Session

from help_center.database import InstallationFact

KEPT_AS = "desk"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PriorityName = Literal["urgent", "high", "normal"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; use one such as Europe/Berlin")
    return name


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


class Holiday(Strict):
    """A day with hours of its own; none: closed."""

    date: date
    name: Annotated[str, Field(max_length=100)] = ""
    spans: list[Span] = Field(default_factory=list, max_length=6)


class Hours(Strict):
    """When somebody is there. `weekly` None: always."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    weekly: dict[Day, list[Span]] | None = None
    holidays: list[Holiday] = Field(default_factory=list, max_length=400)
    country: str | None = None  # ISO 3166, its public holidays are closed days, too


class Target(Strict):
    """Minutes, counted in office hours."""

    first_response: Annotated[int, Field(ge=1, le=100_000)]
    resolution: Annotated[int, Field(ge=1, le=1_000_000)]


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


TARGETS: dict[PriorityName, Target] = {
    "urgent": Target(first_response=5, resolution=120),
    "high": Target(first_response=10, resolution=240),
    "normal": Target(first_response=30, resolution=1440),
}


class DeskSettings(Strict):
    hours: Hours = Hours()
    targets: dict[PriorityName, Target] = Field(default_factory=lambda: dict(TARGETS))
    strategy: Literal["manual", "least_busy", "round_robin"] = "manual"  # where no team has one of its own
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


def desk_settings(session: Session) -> DeskSettings:
    """As kept; the defaults where nothing is."""
    fact = session.get(InstallationFact, KEPT_AS)
    return DeskSettings.model_validate(fact.value) if fact else DeskSettings()


def keep_desk_settings(session: Session, settings: DeskSettings) -> None:
    session.merge(InstallationFact(key=KEPT_AS, value=settings.model_dump(mode="json")))
