"""Documents over HTTP, for the sources that have an address. Knows requests, not what is in an answer."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from help_center.sources.base import MAX_BYTES, SourceError

SECONDS = 20
ATTEMPTS = 3
LONGEST_WAIT = 30  # seconds, however long a server asks for
MAX_ANSWER = 4 * MAX_BYTES  # bytes: a page carries more than its article
AGENT = "Parley (help center import)"


class NotFetched(Exception):
    """One document cannot be had; says why. The others go on."""


class Fetcher:
    """Fetches from one site, again where trying again helps."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            timeout=SECONDS, follow_redirects=True, max_redirects=5, headers={"User-Agent": AGENT}, trust_env=True
        )  # fmt: skip

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, url: str) -> tuple[str, bytes, str]:
        """Where the document lies after redirects, its bytes and its content type. Raises NotFetched."""
        reason = ""
        for attempt in range(ATTEMPTS):
            try:
                with self._client.stream("GET", url) as answer:
                    if answer.status_code == 429 or answer.status_code >= 500:
                        reason = f"the server answers {answer.status_code}"
                        wait = _seconds(answer.headers.get("retry-after"), 2.0**attempt)
                    elif answer.is_error:
                        raise NotFetched(f"the server answers {answer.status_code}")
                    else:
                        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
                        return str(answer.url), _whole(answer), kind
            except httpx.TransportError as error:
                reason = f"it cannot be reached ({str(error).strip() or type(error).__name__})"
                wait = 2.0**attempt
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise NotFetched(
                    f"it cannot be fetched ({str(error).strip() or type(error).__name__})"
                ) from error
            if attempt + 1 < ATTEMPTS:
                time.sleep(wait)
        raise NotFetched(reason)

    def json(self, url: str) -> Any:
        """The JSON at an address. Raises NotFetched."""
        _, data, _ = self.get(url)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise NotFetched("the answer is not JSON") from error


def address_of(spec: str) -> str | None:
    """An http(s) address as the user typed it, without its fragment; None for anything else.

    Raises SourceError for an address that leads nowhere."""
    try:
        parts = urlsplit(spec.strip())
        if parts.scheme not in {"http", "https"}:
            return None
        if not parts.hostname or parts.port == 0 or " " in spec.strip():
            raise ValueError("no host")
    except ValueError as error:
        raise SourceError(f"{spec[:200]} is no address: give one such as https://example.org/help") from error
    return parts._replace(fragment="").geturl()


def _whole(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > MAX_ANSWER:
            raise NotFetched(f"it is larger than {MAX_ANSWER // 1_000_000} MB")
        parts.append(part)
    return b"".join(parts)


def _seconds(told: str | None, otherwise: float) -> float:
    return min(LONGEST_WAIT, float(told)) if told and told.isdecimal() else otherwise
