"""The door that articles come in through: what a source is, and what one article must be.

Every source makes a plain record of what it reads, and `article_from_record` judges it, so that a folder,
a file and a web page obey the same rules. Knows nothing about where articles are kept or searched.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from help_center import markup
from help_center.faults import Mendable
from help_center.markup import clean_markdown, html_to_markdown, legible

AUDIENCES = ("public", "customers", "agents")
STATUSES = ("draft", "published", "archived")

MAX_ID = 300  # characters
MAX_TITLE = 500  # characters
MAX_BYTES = 6_000_000  # of one article's body or html, in UTF-8
MAX_URL = 2_000  # characters
MAX_WORDS = 50  # labels, or levels of sections, of one article
MAX_WORD = 200  # characters of one label or section

_FIELDS = (
    "id", "_id", "title", "body", "html", "text", "url", "locale", "section", "labels", "audience", "status",
    "updated_at", "translation_of", "slug",
)  # fmt: skip
_LOCALE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?(?P<rest>(?:-[a-z0-9]{1,8}){0,3})"
)


@dataclass(frozen=True)
class SourceArticle:
    id: str
    title: str
    body: str  # Markdown, nothing executable in it
    url: str | None = None  # where it was published before, http(s)
    locale: str = "en"  # BCP 47
    section: tuple[str, ...] = ()  # outermost first
    labels: tuple[str, ...] = ()
    audience: str = "public"
    status: str = "published"
    updated_at: datetime | None = None  # with zone
    translation_of: str | None = None  # the id of an article, or a name that translations share
    slug: str | None = None  # its address below /help/articles/; None: made of its title
    # of the record that it was made of; opaque: only compared
    digest: str = field(default="", compare=False, repr=False)
    # the record is known (`passing_over`): only `id`, `title` and `digest` were read
    unchanged: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True)
class Failure:
    """One article that could not be read. The others go on."""

    where: str
    reason: str


class SourceError(Mendable):
    """The whole source cannot be read. Its message is one line that says what to do."""


class Source(Protocol):
    name: str  # stable and opaque: `--prune` only compares it

    def read(self) -> Iterator[SourceArticle | Failure]:
        """Raises SourceError, at once or when the last article has been seen and none was good."""
        ...


Known = Callable[[str, str], bool]  # (article id, digest of a record): has it been brought in just like this?
_known: ContextVar[Known | None] = ContextVar("known", default=None)


@contextmanager
def passing_over(known: Known) -> Iterator[None]:
    """Within, records that are known are not read again: cleaning a text costs more than everything else about it."""
    token = _known.set(known)
    try:
        yield
    finally:
        _known.reset(token)


class _Refused(ValueError):
    """Why a record is no article, in words for the person who wrote it."""


def article_from_record(record: Mapping[str, Any], where: str) -> SourceArticle | Failure:
    """The article of one record with the fields of the article file; keys that it does not name are ignored.

    `_id` and `text` stand in for `id` and `body`, as evaluation corpora name them; there a title and a text
    may be empty, but not both."""
    try:
        return _article(record)
    except _Refused as refusal:
        return Failure(where, str(refusal))


def _article(record: Mapping[str, Any]) -> SourceArticle:
    article_id = _id(_first(record, "id", "_id"))
    digest = _digest(record)
    known = _known.get()
    if known is not None and known(article_id, digest):
        return SourceArticle(article_id, _line(record.get("title")), "", digest=digest, unchanged=True)
    corpus_text = None if _first(record, "body", "html") is not None else record.get("text")
    unnamed = corpus_text is not None and not _line(record.get("title"))
    title = "" if unnamed else _title(record.get("title"))
    body = _body(record)
    if unnamed:
        title = _title(body[:MAX_TITLE].split("\n")[0][:80])
    return SourceArticle(
        id=article_id,
        title=title,
        body=body,
        url=_url(record.get("url")),
        locale=_locale(record.get("locale")),
        section=_words(record.get("section"), "section"),
        labels=_words(record.get("labels"), "labels"),
        audience=_one_of(record.get("audience"), "audience", AUDIENCES, "public"),
        status=_one_of(record.get("status"), "status", STATUSES, "published"),
        updated_at=_moment(record.get("updated_at")),
        translation_of=_translation_of(record.get("translation_of"), article_id),
        slug=_slug(record.get("slug")),
        digest=digest,
    )


def _digest(record: Mapping[str, Any]) -> str:
    """The same for the same record read by the same program."""
    told = {name: record[name] for name in _FIELDS if record.get(name) is not None}
    try:
        written = json.dumps(told, default=str, skipkeys=True)
    except (ValueError, RecursionError):  # nested without end: no field of an article is
        written = repr(sorted(told))
    return hashlib.sha256(f"{_reader()}{written}".encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def _reader() -> str:
    """Names the program that reads: a later one may make another article of the same record."""
    files = (Path(__file__), *sorted(Path(str(markup.__file__)).parent.glob("*.py")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _first(record: Mapping[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _line(value: object) -> str:
    """The value as one line of text; nothing for what is no text."""
    return " ".join(legible(value).split()) if isinstance(value, str) else ""


def _id(value: object, name: str = "id") -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    elif isinstance(value, float) and math.isfinite(value):
        value = str(int(value)) if value.is_integer() else str(value)
    if value is None:
        raise _Refused(f"`{name}` is missing")
    if not isinstance(value, str):
        raise _Refused(f"`{name}` must be text or a number")
    article_id = _line(value)
    if not article_id:
        raise _Refused(f"`{name}` is empty")
    if len(article_id) > MAX_ID:
        raise _Refused(f"`{name}` is longer than {MAX_ID} characters")
    return article_id


def _title(value: object) -> str:
    if value is None:
        raise _Refused("`title` is missing")
    if not isinstance(value, str):
        raise _Refused("`title` must be text: put it in quotes")
    title = _line(value)
    if not title:
        raise _Refused("`title` is empty")
    if len(title) > MAX_TITLE:
        raise _Refused(f"`title` is longer than {MAX_TITLE} characters")
    return title


def _body(record: Mapping[str, Any]) -> str:
    name = next((name for name in ("body", "html", "text") if record.get(name) is not None), None)
    if name is None:
        raise _Refused("it has no text: give `body` (Markdown) or `html`")
    text = record[name]
    if not isinstance(text, str):
        raise _Refused(f"`{name}` must be text")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _Refused(f"`{name}` is larger than {MAX_BYTES // 1_000_000} MB: split the article")
    return html_to_markdown(text) if name == "html" else clean_markdown(text)


def _url(value: object) -> str | None:
    """Only an http(s) address leads anywhere; a path inside of somebody's repository is dropped."""
    url = _line(value)
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    good = parts.scheme in {"http", "https"} and parts.netloc and len(url) <= MAX_URL and " " not in url
    return url if good else None


def _locale(value: object) -> str:
    if value is None:
        return "en"
    locale = normal_locale(value) if isinstance(value, str) else None
    if locale is None:
        raise _Refused(f"`locale` is {_shown(value)}, and should be like en or pt-BR")
    return locale


def normal_locale(text: str) -> str | None:
    """`en_US` as `en-US`; None when it does not look like BCP 47."""
    found = _LOCALE.fullmatch(text.strip().replace("_", "-").lower())
    if found is None:
        return None
    script, region = found["script"], found["region"]
    return (
        found["language"]
        + ("-" + script.title() if script else "")
        + ("-" + region.upper() if region else "")
        + found["rest"]
    )


def primary_language(tag: str) -> str:
    """`pt` of `pt-BR` or `pt_BR`, whatever else the tag says."""
    return tag.replace("_", "-").split("-")[0].lower()


def _words(value: object, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise _Refused(f"`{name}` must be a list of words")
    words = tuple(word for word in map(_line, items) if word)
    if len(words) > MAX_WORDS or any(len(word) > MAX_WORD for word in words):
        raise _Refused(f"`{name}` may have {MAX_WORDS} words of {MAX_WORD} characters")
    return words


def _slug(value: object) -> str | None:
    """What cannot stand in an address as it is, is no name for one: static site programs put whole paths there."""
    slug = _line(value)
    return slug if slug and len(slug) <= markup.MAX_SLUG and markup.slugify(slug) == slug else None


def _one_of(value: object, name: str, allowed: tuple[str, ...], default: str) -> str:
    if value is None:
        return default
    word = _line(value).lower()
    if word not in allowed:
        raise _Refused(f"`{name}` is {_shown(value)}, and should be one of {', '.join(allowed)}")
    return word


def _translation_of(value: object, article_id: str) -> str | None:
    """An article is no translation of itself."""
    original = None if value is None or value == "" else _id(value, "translation_of")
    return None if original == article_id else original


def _moment(value: object) -> datetime | None:
    """A time without a zone is UTC."""
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_line(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _Refused(f"`updated_at` is {_shown(value)}, and should be like 2026-03-01T12:00:00Z") from None


def _shown(value: object) -> str:
    """A bad value in a message: short, and without walking through a large structure."""
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"


class SeenIds:
    """Refuses the second article with an id that the same source gave before."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def judge(self, found: SourceArticle | Failure, where: str) -> SourceArticle | Failure:
        if isinstance(found, Failure):
            return found
        earlier = self._places.setdefault(found.id, where)
        return found if earlier == where else Failure(where, f"its id {found.id!r} is taken by {earlier}")
