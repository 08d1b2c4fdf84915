"""Every setting of Parley, read once at the start.

Knows names, defaults and their checks; does not know what anybody does with them. A setting comes from
the environment or from a `.env` file in the working directory; the environment wins. An unknown
`PARLEY_` name stops the start, because a misspelt setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import ipaddress
import os
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from email_validator import EmailNotValidError, validate_email
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from help_center.faults import Mendable

PREFIX = "PARLEY_"
A_SHARE = "give the share of answers that may be wrong, more than 0 and less than 1, such as 0.1"
IN_PLAIN_WORDS = {
    "float_parsing": A_SHARE,
    "bool_parsing": "use true or false",
}  # for a value of another type


class SettingsError(Mendable):
    """A setting that cannot be used. The message is one line that names the key and says what to do."""


class Settings(BaseSettings):
    """The settings of the contract, lower case and without their prefix."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: Path = Path("./var")
    database_url: str | None = None
    chroma_url: str | None = None
    redis_url: str | None = None
    llm: str = "extractive"
    embedding_model: str | None = None
    reranker: str | None = None
    secret_key: str | None = None
    max_wrong: float = 0.1
    allowed_origins: str = ""
    rate_limit: str = "30/minute"
    trusted_proxies: str = ""
    public_url: str | None = None
    smtp_url: str | None = None
    mail_from: str | None = Field(default=None, validate_default=True)
    local_webhooks: bool = False

    @field_validator("*", mode="before")
    @classmethod
    def empty_is_unset(cls, value: Any, told: ValidationInfo) -> Any:
        unset = isinstance(value, str) and not value.strip()
        return cls.model_fields[str(told.field_name)].get_default() if unset else value

    @field_validator("data_dir")
    @classmethod
    def from_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("database_url")
    @classmethod
    def known_database(cls, value: str | None) -> str | None:
        if value is None or value.startswith("sqlite:///"):
            return value
        if re.match(r"^postgres(ql)?(\+\w+)?://", value) and _port_is_number(value):
            return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", value)
        raise ValueError("use postgresql+psycopg://user:password@host/name, or sqlite:///file")

    @field_validator("chroma_url")
    @classmethod
    def chroma_address(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"http", "https"}
            or not urlsplit(value).hostname
            or not _port_is_number(value)
        ):
            raise ValueError("use http://host:port of a Chroma server")
        return value

    @field_validator("redis_url")
    @classmethod
    def redis_address(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"redis", "rediss", "unix"} or not _port_is_number(value)
        ):
            raise ValueError("use redis://host:port/0")
        return value

    @field_validator("max_wrong")
    @classmethod
    def share(cls, value: float) -> float:
        if not 0 < value < 1:
            raise ValueError(A_SHARE)
        return value

    @field_validator("llm")
    @classmethod
    def model_name(cls, value: str) -> str:
        value = value.strip() or "extractive"
        if value != "extractive" and not re.match(r"^[\w-]+:.+$", value):
            raise ValueError("use `extractive`, or provider:model such as openai:gpt-5-mini")
        return value

    @field_validator("secret_key")
    @classmethod
    def not_a_default(cls, value: str | None) -> str | None:
        if value is not None and (len(value) < 16 or value.lower() in {"changeme", "secret" * 3}):
            raise ValueError(
                "use at least 16 random characters, or leave it out: one is made at the first start"
            )
        return value

    @field_validator("rate_limit")
    @classmethod
    def limit(cls, value: str) -> str:
        value = value.strip().lower()
        if value != "off" and not re.match(r"^[1-9]\d*\s*/\s*\d*\s*(second|minute|hour|day)s?$", value):
            raise ValueError("use a number per second, minute, hour or day, such as 30/minute, or `off`")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def origins(cls, value: str) -> str:
        for origin in _words(value):
            parts = urlsplit(origin)
            if origin != "*" and (
                parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/")
            ):
                raise ValueError(
                    f"{origin!r} is no origin; use https://shop.example, several separated by commas"
                )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def proxies(cls, value: str) -> str:
        for proxy in _words(value):
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                raise ValueError(
                    f"{proxy!r} is no address; use 10.0.0.1 or 10.0.0.0/8, several with commas"
                ) from None
        return value

    @field_validator("public_url")
    @classmethod
    def own_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname or not _port_is_number(value):
            raise ValueError("use the address that people open, such as https://help.example.org")
        if parts.query or parts.fragment or parts.username or parts.path.strip("/"):
            raise ValueError("use the address alone, such as https://help.example.org, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("smtp_url")
    @classmethod
    def mail_server(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"smtp", "smtps"}
            or not urlsplit(value).hostname
            or not _port_is_number(value)
        ):
            raise ValueError("use smtp://user:password@host:587, or smtps://user:password@host:465")
        return value

    @field_validator("mail_from")
    @classmethod
    def sender(cls, value: str | None, told: ValidationInfo) -> str | None:
        """With a mail server, its user stands in for a missing address."""
        smtp_url = told.data.get("smtp_url")
        if value is None and smtp_url:
            value = unquote(urlsplit(smtp_url).username or "")
        if value is None:
            return None
        try:
            validate_email(parseaddr(value)[1], check_deliverability=False, globally_deliverable=False)
        except EmailNotValidError:
            raise ValueError(
                "with PARLEY_SMTP_URL, name who writes: support@example.org or Support <support@example.org>"
            ) from None
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database to use: the one named, else a SQLite file in the data dir."""
        return self.database_url or f"sqlite:///{self.data_dir / 'parley.db'}"

    @property
    def origin_list(self) -> tuple[str, ...]:
        return tuple(origin.rstrip("/") for origin in _words(self.allowed_origins))

    @property
    def proxy_list(self) -> tuple[str, ...]:
        return tuple(_words(self.trusted_proxies))


def load_settings(**given: Any) -> Settings:
    """Settings from the environment and `.env`; `given` wins over both.

    What `.env` says beside them, such as OPENAI_API_KEY, is put into the environment, where the packages that it is for
    look for it; what is there already stays.

    Raises SettingsError, naming the key, for an unknown `PARLEY_` name or a value that cannot be used.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    names = {name for name in os.environ if name.upper().startswith(PREFIX)}
    if Path(".env").is_file():
        try:
            told = dotenv_values(".env")
            names |= {name for name in told if name.upper().startswith(PREFIX)}
            for name, value in told.items():
                if value is not None and not name.upper().startswith(PREFIX):
                    os.environ.setdefault(name, value)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f".env cannot be read: {error}. Mend it or remove it.") from error
    unknown = sorted(name for name in names if name.upper() not in known)
    if unknown:
        raise SettingsError(
            f"unknown setting {', '.join(unknown)}: the settings are {', '.join(sorted(known))}."
        )
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = PREFIX + str(first["loc"][0] if first["loc"] else "").upper()
        reason = IN_PLAIN_WORDS.get(first["type"]) or str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{key} cannot be used: {reason}.") from error


def _port_is_number(address: str) -> bool:
    try:
        return urlsplit(address).port is None or True
    except ValueError:
        return False


def _words(value: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", value) if word]
