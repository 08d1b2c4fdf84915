"""What the owner has set about the site: name, logo, colour, languages, greeting, starter questions, own hosts. No restart.

Kept in the database. `open_site(database)` gives it to every request for next to nothing (see `kept`). Knows values and
their bounds; pages, the chat and the bot show them.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from help_center import accent
from help_center.accent import Palette, normal_color
from help_center.database import Database, InstallationFact
from help_center.kept import Kept, keep
from help_center.sources.base import normal_locale, primary_language
from help_center.web import clean_text

KEPT_AS = "site"
MOST_LANGUAGES = 40
MOST_STARTERS = 6
_host_name = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*"
)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _language(text: str) -> str:
    found = normal_locale(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no language: write one like en or pt-BR")
    return found


def _host(text: str) -> str:
    """`https://Shop.example/x` as `shop.example`."""
    try:
        parts = urlsplit(text.strip() if "//" in text else f"//{text.strip()}")
        host = parts.hostname or "" if parts.port is None or parts.port else ""  # a port that is none raises
        host = host.encode("idna").decode() if not host.isascii() else host
    except (ValueError, UnicodeError):
        host = ""
    if not _host_name.fullmatch(host):
        raise ValueError(f"{text[:80]!r} is no host: write one such as www.example.org")
    return host


def _each_once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {language: value for language, value in values.items() if value}


Language = Annotated[str, AfterValidator(_language)]
Host = Annotated[str, AfterValidator(_host)]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Words = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True), AfterValidator(clean_text)]
Starters = Annotated[
    list[Line],
    Field(max_length=MOST_STARTERS),
    AfterValidator(lambda lines: _each_once([x for x in lines if x])),
]


class Site(BaseModel):
    """All of it; the defaults are what a fresh installation shows. Maps are by language; an empty text is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(max_length=80), AfterValidator(_one_line)] = "Parley"
    logo: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")] | None = None  # the id of a file
    accent: Annotated[str, AfterValidator(normal_color)] = accent.DEFAULT
    default_language: Language = "en"
    languages: Annotated[list[Language], Field(max_length=MOST_LANGUAGES), AfterValidator(_each_once)] = (
        Field(default_factory=list)
    )  # offered to customers; none: those that articles are in
    own_hosts: Annotated[list[Host], Field(max_length=100), AfterValidator(_each_once)] = Field(
        default_factory=list
    )  # where answers may link to, beside articles and the hosts that articles came from
    headings: Annotated[dict[Language, Line], AfterValidator(_filled)] = Field(default_factory=dict)
    greetings: Annotated[dict[Language, Words], AfterValidator(_filled)] = Field(default_factory=dict)
    starters: Annotated[dict[Language, Starters], AfterValidator(_filled)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def whole(self) -> Site:
        if not self.name:
            raise ValueError("the name is empty: write how your site is called")
        if self.languages and self.default_language not in self.languages:
            raise ValueError(
                f"the default language {self.default_language!r} is not one of `languages`: add it there"
            )
        for one in (self.headings, self.greetings, self.starters):
            if len(one) > MOST_LANGUAGES:
                raise ValueError(f"at most {MOST_LANGUAGES} languages")
        return self

    def heading(self, language: str | None = None) -> str | None:
        """The heading of the help center's home, in the nearest language that has one."""
        return self._nearest(self.headings, language, fall_back=True)

    def greeting(self, language: str | None = None) -> str | None:
        """The owner's greeting in this language. None: there is none in it, and the bot's own words greet."""
        return self._nearest(self.greetings, language)

    def starter_questions(self, language: str | None = None) -> list[str]:
        return self._nearest(self.starters, language) or []

    @property
    def logo_url(self) -> str | None:
        return f"/files/{self.logo}/logo" if self.logo else None

    @cached_property
    def palette(self) -> Palette:
        return accent.palette(self.accent)

    @property
    def stylesheet(self) -> str | None:
        """The address of the sheet with the owner's colours, which changes with them; None: the shipped ones serve."""
        return None if self.accent == accent.DEFAULT else f"/site.css?v={self.version}"

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(self.palette.css.encode()).hexdigest()[:10]

    def _nearest(self, values: dict[str, Any], language: str | None, *, fall_back: bool = False) -> Any:
        """By the whole tag, then by its language alone, then (or where no language is known) by the default."""
        tags = [language, primary_language(language)] if language else []
        if fall_back or not tags:
            tags += [self.default_language, primary_language(self.default_language)]
        return next((values[tag] for tag in tags if tag in values), None)


def read_site(session: Session) -> Site:
    """As kept; the defaults where nothing is."""
    fact = session.get(InstallationFact, KEPT_AS)
    return _read(fact.value if fact else None)


def keep_site(session: Session, site: Site) -> None:
    keep(session, KEPT_AS, site.model_dump(mode="json"))


def open_site(database: Database) -> Kept[Site]:
    """Call it for the site as it is now."""
    return Kept(database, KEPT_AS, _read)


def changes(old: Site, new: Site) -> dict[str, list[Any]]:
    """What is different: `{"name": ["Parley", "Velo"]}`."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _read(kept: dict[str, Any] | None) -> Site:
    return Site.model_validate(kept) if kept else Site()
