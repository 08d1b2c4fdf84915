"""What every HTTP door shares: problems, who is asking, rate limits, event streams, safe text.

Knows HTTP and nothing of the product's nouns but people. Errors are RFC 9457 problems; cookies are
protected against cross-site requests by the browser's own Sec-Fetch-Site and Origin headers.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.dependencies.utils import solve_dependencies
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, format_sse_event
from limits import parse as parse_limit
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import AfterValidator
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as AnyHTTPException

from help_center import customer_links
from help_center.counts import SharedCounts
from help_center.customer_links import CustomerLinks
from help_center.database import Database, now
from help_center.people import (
    PROVEN_CUSTOMER,
    STRANGER,
    Agent,
    Viewer,
    agent_by_session,
    agent_by_token,
    keep_uses,
)

log = logging.getLogger(__name__)
SESSION_COOKIE = "parley_session"
BROWSER_COOKIE = "parley_browser"  # the mark of a browser in which an agent has signed in
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Problem(Exception):
    """An error that the caller is told: status, and one line that says what to do."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers

    def json(self) -> dict[str, Any]:
        return problem_json(self.status, self.detail)


def problem_json(status: int, detail: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem_json(status, detail), status, headers, media_type="application/problem+json")


def install_problems(app: FastAPI) -> None:
    """Makes every error of `app` a problem, the framework's own ones too."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> Response:
        return problem_response(problem.status, problem.detail, problem.headers)

    @app.exception_handler(AnyHTTPException)
    async def on_http(request: Request, error: AnyHTTPException) -> Response:
        if error.status_code == 400 and (refusal := await _refusal(request)):
            return problem_response(refusal.status, refusal.detail, refusal.headers)
        return problem_response(error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        unread = any(item["type"] == "json_invalid" for item in error.errors())
        if unread and (refusal := await _refusal(request)):
            return problem_response(refusal.status, refusal.detail, refusal.headers)
        told = []
        for item in error.errors()[:5]:
            where = ".".join(str(part) for part in item["loc"] if part not in {"body", "query", "path"})
            reason = str(item["msg"]).removeprefix("Value error, ")
            told.append(f"{where}: {reason}" if where else reason)
        return problem_response(422, "; ".join(told))

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> Response:
        log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem_response(500, "something went wrong here; it was logged. Please try again.")


async def _refusal(request: Request) -> Problem | None:
    """What keeps the caller out of the door whose request body could not be read. FastAPI reads the body before it asks the
    door's dependencies: who may not come in hears that, and not what is wrong with the body."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return None
    try:
        async with AsyncExitStack() as stack:
            await solve_dependencies(
                request=request, dependant=route.dependant, async_exit_stack=stack, embed_body_fields=False
            )
    except Problem as refusal:
        return refusal
    return None


def clean_text(value: str) -> str:
    """Text as it is stored: no control characters, no half characters (lone surrogates)."""
    return _control.sub("", value.encode("utf-8", "replace").decode("utf-8"))


CleanText = Annotated[str, AfterValidator(clean_text)]


def bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def base_address(request: Request, public_url: str | None) -> str:
    """What absolute addresses of this installation begin with: `public_url` where that is set, else as the request has it."""
    return (public_url or str(request.base_url)).rstrip("/")


class Doorkeeper:
    """Says who a request comes from. One per app."""

    def __init__(
        self,
        database: Database,
        trusted_proxies: tuple[str, ...],
        customers: CustomerLinks | None = None,
        *,
        public_url: str | None = None,
    ) -> None:
        self._database = database
        self._customers = customers
        self._public_url = public_url
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]
        self._seen: dict[str, datetime] = {}
        self._used: dict[str, datetime] = {}

    def viewer(self, request: Request) -> Viewer:
        """Agent by API token or session cookie, customer by the cookie of a signed link; else a stranger. For doors open to all: raises only where a
        browser was sent here by another site (a 403)."""
        agent = self._agent(request)
        if agent is None:
            vouched = self._customers and self._customers.proves(request.cookies.get(customer_links.COOKIE))
            return PROVEN_CUSTOMER if vouched else STRANGER
        return Viewer(agent.id, agent.name, agent.role, address=self.address(request))

    def agent(self, request: Request) -> Viewer:
        """The agent, or a 401. FastAPI dependency: `Depends(doorkeeper.agent)`."""
        viewer = self.viewer(request)
        if not viewer.is_agent:
            raise Problem(
                401, "sign in as an agent, or send an API token.", headers={"WWW-Authenticate": "Bearer"}
            )
        return viewer

    def admin(self, request: Request) -> Viewer:
        """The admin, a 401, or a 403."""
        viewer = self.agent(request)
        if not viewer.is_admin:
            raise Problem(403, "this needs an admin's account or token.")
        return viewer

    def lead(self, request: Request) -> Viewer:
        """The lead (or admin), a 401, or a 403."""
        viewer = self.agent(request)
        if not viewer.is_lead:
            raise Problem(403, "this needs a lead's or an admin's account or token.")
        return viewer

    def keep_uses(self) -> None:
        """Writes down who was here since the last call: a job of the clock, so that no reader waits for a writer."""
        seen, self._seen = self._seen, {}
        used, self._used = self._used, {}
        if seen or used:
            with self._database.write() as session:
                keep_uses(session, seen, used)

    def refuse_cross_site(self, request: Request) -> None:
        """CSRF protection of requests that a browser's cookie vouches for. Raises a 403."""
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None and site not in {"same-origin", "none"}:
            raise Problem(403, "this request came from another site.")
        if site is None and origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            raise Problem(403, "this request came from another site.")

    def address(self, request: Request) -> str:
        """The caller's address; X-Forwarded-For is believed only as far as trusted proxies wrote it."""
        address = request.client.host if request.client else "unknown"
        for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            if not self._trusted(address) or not hop.strip():
                break
            address = hop.strip()
        return address

    def network(self, request: Request) -> str:
        """The caller's network, for what is counted against guessing: of an IPv6 address its /64, since whoever has one
        address of it has them all."""
        address = self.address(request)
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return address
        if isinstance(ip, ipaddress.IPv4Address):
            return str(ip)
        return str(ip.ipv4_mapped or ipaddress.IPv6Network((int(ip), 64), strict=False))

    def secure(self, request: Request) -> bool:
        """Whether a cookie goes over HTTPS only (`Secure`): where people come in by HTTPS, though a proxy may ask us without.

        X-Forwarded-Proto is believed of trusted proxies alone; of several, the first one is what the browser spoke."""
        if request.url.scheme == "https" or (self._public_url or "").startswith("https:"):
            return True
        spoken = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
        return spoken == "https" and self._trusted(request.client.host if request.client else "")

    def _trusted(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in network for network in self._proxies)
        except ValueError:
            return False

    def _agent(self, request: Request) -> Agent | None:
        token = bearer(request)
        secret = request.cookies.get(SESSION_COOKIE)
        if token is None and secret is None:
            return None
        with self._database.read() as session:
            if token is not None:
                found = agent_by_token(session, token)
                if found is not None:
                    self._used[found[1]] = self._seen[found[0].id] = now()
                return found[0] if found else None
            agent = agent_by_session(session, secret or "")
        if agent is not None:
            self.refuse_cross_site(request)
            self._seen[agent.id] = now()
        return agent


NEVER_OFF = {"sign-ins", "letters", "letters from", "letters to"}  # what hurts others than this server


class RateLimits:
    """Counts requests by name and key: in Redis; without one in the file `shared`, where several processes share the load of
    a machine; else in memory. Where one of these fails, the next one counts."""

    def __init__(self, messages: str, redis_url: str | None, shared: Path | None = None) -> None:
        self._off = messages == "off"
        self._counters: list[MovingWindowRateLimiter | SharedCounts] = []
        if redis_url:
            redis = RedisStorage(f"async+{redis_url}", implementation="redispy")
            self._counters.append(MovingWindowRateLimiter(redis))
        if shared:
            self._counters.append(SharedCounts(shared))
        self._counters.append(MovingWindowRateLimiter(MemoryStorage()))
        rules = {
            "messages": messages if not self._off else "1/second",
            "creations": "60/minute",
            "signals": "120/minute",
            "uploads": "30/minute",
            "letters": "6/hour",  # of a conversation
            "letters from": "30/day",  # asked for by one client address
            "letters to": "10/day",  # to one recipient
            "sign-ins": "10/minute",
        }
        self._rules = {name: parse_limit(rule) for name, rule in rules.items()}

    async def spend(self, name: str, key: str) -> None:
        """Counts one request of `key`; a 429 with Retry-After when it is one too many."""
        if self._off and name not in NEVER_OFF:
            return
        rule = self._rules[name]
        reset = time.time()
        for counter in self._counters:
            try:
                if await counter.hit(rule, name, key):
                    return
                reset = (await counter.get_window_stats(rule, name, key)).reset_time
                break
            except Exception as error:
                log.warning("each process counts requests for itself meanwhile: %s", error)
        wait = max(1, round(reset - time.time()))
        raise Problem(429, f"too many requests: try again in {wait} s.", headers={"Retry-After": str(wait)})


def answered(request: Request, response: Response, *, shared: bool) -> Response:
    """The response with its ETag, or a 304 where the reader has it already.

    `shared`: it is the same for every stranger, and may be kept on the way to them, to be asked for again each time; what is
    not is kept by the reader's own browser alone."""
    etag = f'W/"{hashlib.sha256(bytes(response.body)).hexdigest()[:20]}"'  # weak: it is compressed on the way
    kept = "public, no-cache" if shared else "private, no-cache"
    response.headers["ETag"] = etag
    response.headers.setdefault("Cache-Control", kept)
    known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if response.status_code != 200 or not ({etag, "*"} & known):
        return response
    headers = {
        name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary") if name in response.headers
    }
    return Response(status_code=304, headers=headers)


def sse(event: str, data: Any, id: int | str | None = None) -> bytes:
    """One server-sent event on the wire."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return format_sse_event(event=event, data_str=text, id=None if id is None else str(id))


KEEP_ALIVE = b": still here\n\n"
KEEP_ALIVE_SECONDS = 15.0


def event_stream(events: AsyncIterator[bytes]) -> EventSourceResponse:
    """The response for a stream of `sse(...)` frames, with keep-alives while nothing comes.

    A fault inside becomes an `error` event, never a torn stream."""

    async def guarded() -> AsyncIterator[bytes]:
        upcoming: asyncio.Task[bytes] | None = None
        try:
            while True:
                upcoming = upcoming or asyncio.ensure_future(anext(events))
                done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    yield KEEP_ALIVE
                    continue
                frame, upcoming = upcoming.result(), None
                yield frame
        except StopAsyncIteration:
            return
        except Problem as problem:
            yield sse("error", problem.json())
        except Exception:
            log.exception("an event stream failed")
            yield sse(
                "error", problem_json(500, "something went wrong here; it was logged. Please try again.")
            )
        finally:
            if upcoming is not None:
                upcoming.cancel()

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(guarded(), headers=headers)


def wants_events(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def last_event_id(request: Request) -> int | None:
    value = request.headers.get("last-event-id", "").strip()
    return int(value) if value.isdecimal() and len(value) < 19 else None


class HeadAsGet:
    """ASGI middleware: a HEAD request is answered as a GET is, without the body."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].endswith("/events"):
            await self.app(scope, receive, send)
            return

        async def without_body(message: Any) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, without_body)


class NoSniffing:
    """ASGI middleware: no browser takes an answer for another kind of thing than it says it is."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        await self.app(scope, receive, sent if scope["type"] == "http" else send)


class BodyLimit:
    """ASGI middleware: a request body of more than `limit` bytes is refused with a 413. `uploads`: the paths whose
    bodies are files, each with a limit of its own."""

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        limit: int = 4_000_000,
        uploads: Sequence[tuple[re.Pattern[str], int]] = (),
    ) -> None:
        self.app = app
        self.limit = limit
        self.uploads = uploads

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        limit = next((most for path, most in self.uploads if path.fullmatch(scope["path"])), self.limit)
        seen = 0

        async def counted() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                # FastAPI lets only its own exception through while it reads a body
                raise HTTPException(413, f"the request is larger than {limit // 1_000_000} MB.")
            return message

        if told.isdigit() and int(told) > limit:
            response = problem_response(413, f"the request is larger than {limit // 1_000_000} MB.")
            await response(scope, receive, send)
            return
        await self.app(scope, counted, send)
