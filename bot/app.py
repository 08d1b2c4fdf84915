"""Builds the web application: the only place where its parts are put together.

`create_app(house)` for one process. Importing this module touches neither disk nor network.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import bot.channels.widget.routes as widget
import bot.dial_door as dial_door
import bot.questions.doors as questions
import escalation.desk_tools.doors as desk_tools
import escalation.handoff as handoffs
import escalation.inbox as inbox
import escalation.insights as insights
import escalation.manage as manage
import escalation.notify as notify
import escalation.notify.routes as notify_door
import escalation.people_door as people_door
import escalation.queue as queue
import escalation.replies as replies
import escalation.writing.doors as writing
import help_center.pages as help_pages
import help_center.site_door as site_door
import retrieval.pages as search_pages
from bot.channels import api, customers, openai_api, owner, reference, transcripts
from bot.channels.mcp import McpDoor
from bot.channels.shapes import Described
from bot.channels.widget import articles, plain
from bot.channels.widget.routes import POPULAR
from bot.drift import standing, warn_once_a_day
from bot.house import House
from bot.message_model import shipped as message_model
from bot.reading import reader
from bot.receive import Reception
from bot.retell import Retelling
from escalation import audit, documents
from escalation.clock import Clock, Job
from escalation.desk_tools import presence
from escalation.notify.outbox import Outbox
from escalation.notify.transports import open_transports
from escalation.places import Places
from escalation.writing import appointments, exchange
from help_center import file_door
from help_center.customer_links import CustomerLinks
from help_center.figures import Views
from help_center.files import MAX_UPLOAD, forget_unsent
from help_center.live import Live
from help_center.outline import Outline
from help_center.people import STRANGER, ConversationTokens, CustomerTokens, KnownBrowsers
from help_center.popular import Popular
from help_center.settings import Settings
from help_center.templating import Pages
from help_center.web import (
    BodyLimit,
    Doorkeeper,
    HeadAsGet,
    NoSniffing,
    Problem,
    RateLimits,
    install_problems,
    problem_response,
)
from retrieval.embedders.base import EmbedderError
from retrieval.related import Related
from retrieval.stores.base import StoreError
from retrieval.suggest import Suggestions

log = logging.getLogger(__name__)
STATIC = {
    "/static/help": help_pages.STATIC,
    "/static/inbox": inbox.STATIC,
    "/static/widget": widget.STATIC,
}
TEMPLATES = [module.TEMPLATES for module in (help_pages, search_pages, inbox, widget, reference)]
MANY_ARTICLES = 50  # of more than these the whole index is looked through at once
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}


class VersionedStatic(StaticFiles):
    """Files whose address carries their version may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:  # modules import each other without a version
            response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(
    house: House,
    *,
    owner_secret: str | None = None,
    warmed: Callable[[], object] = lambda: None,
    counts: Path | None = None,
) -> FastAPI:
    """The whole of Parley over HTTP. `warmed`: called once, in a thread, when everything is loaded that answers need.
    `counts`: the file in which several workers count requests together. Raises what opening the parts raises (see House)."""
    settings = house.settings
    database = house.database
    live = Live(database, settings.redis_url)
    vouched = CustomerLinks(house.secret_key)
    doorkeeper = Doorkeeper(database, settings.proxy_list, vouched, public_url=settings.public_url)
    limits = RateLimits(settings.rate_limit, settings.redis_url, counts)
    tokens = ConversationTokens(house.secret_key)
    links = file_door.FileLinks(house.secret_key)
    pages = Pages(TEMPLATES, STATIC, house.site)
    places = Places(database, live)
    reception = Reception(database, house.parts, house.site)
    outline = Outline(database)
    suggestions = Suggestions(outline)
    popular = Popular(database, outline)
    views = Views(database)
    transports = open_transports(settings, database)
    outbox = Outbox(database, transports)
    notify.email_is_set_up(settings.smtp_url is not None)
    jobs: list[Job] = [
        Job("held replies", 0.5, lambda: replies.send_due(database)),
        Job("snoozed handoffs", 5, lambda: handoffs.wake_due(database)),
        *queue.jobs(database),
        Job("who was here", 30, doorkeeper.keep_uses),
        Job("views of articles", 10, views.keep),
        Job("presence", 10, lambda: presence.sweep(database)),
        Job("outbox", 1, outbox.send_due),
        Job("older handoffs into the search", 1, lambda: documents.read_older(database)),
        Job("old deliveries", 3600, outbox.prune),
        Job("old events", 3600, live.prune),
        Job("drift of the confidence", 3600, lambda: warn_once_a_day(house)),
        Job("files never sent", 3600, lambda: forget_unsent(database)),
        Job("appointments of articles", 2, lambda: appointments.keep_due(database, _index_of(house))),
    ]
    clock = Clock(jobs)
    retelling = Retelling(database, house.parts)
    mcp = McpDoor(
        house.parts,
        database,
        doorkeeper,
        limits,
        settings.origin_list,
        settings.public_url,
        version("parley"),
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await live.start()
        await places.start()
        await reception.turns.start()
        await clock.start()
        await retelling.start()
        warming = asyncio.create_task(asyncio.to_thread(_warm, house, warmed), name="warm up")
        yield
        await clock.stop()
        with contextlib.suppress(Exception):
            await asyncio.to_thread(views.keep)
        await retelling.stop()
        outbox.close()
        await places.stop()
        await live.stop()
        await reception.turns.stop()
        await mcp.close()
        await asyncio.wait([warming])

    app = Described(
        title="Parley",
        version=version("parley"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        summary="Answers from your help center, or a person.",
    )
    install_problems(app)
    openai_api.install(app)
    _measure(app)
    app.add_middleware(
        BodyLimit, uploads=((file_door.UPLOADS, MAX_UPLOAD), (exchange.UPLOAD, exchange.MAX_UPLOAD))
    )
    app.add_middleware(HeadAsGet)
    app.add_middleware(NoSniffing)
    app.add_middleware(GZipMiddleware, minimum_size=800)
    if settings.origin_list:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.origin_list), allow_methods=["*"], expose_headers=["Retry-After"],
            allow_headers=["authorization", "content-type", "last-event-id"],
        )  # fmt: skip
    app.include_router(api.routes(database, live, places, reception, tokens, links, doorkeeper, limits))
    app.include_router(
        transcripts.routes(database, tokens, limits, pages, house.site, doorkeeper, settings.public_url)
    )
    app.include_router(
        customers.routes(database, tokens, CustomerTokens(house.secret_key), doorkeeper, limits)
    )
    app.include_router(file_door.routes(database, doorkeeper, tokens, links))
    app.include_router(site_door.routes(database, house.site, doorkeeper, audit.record))
    app.include_router(people_door.routes(database, doorkeeper, limits, KnownBrowsers(house.secret_key)))
    app.include_router(manage.routes(database, doorkeeper, pages))
    app.include_router(inbox.routes(database, live, doorkeeper, pages))
    app.include_router(desk_tools.routes(database, doorkeeper))
    app.include_router(writing.routes(database, doorkeeper, pages, _index_of(house), _own_hosts(settings)))
    app.include_router(
        notify_door.routes(
            database, doorkeeper, transports["webhook"], local_webhooks=settings.local_webhooks
        )
    )
    app.include_router(insights.routes(database, doorkeeper, pages, lambda: standing(house)))
    app.include_router(questions.routes(house, doorkeeper))
    app.include_router(dial_door.routes(house, doorkeeper))
    app.include_router(
        search_pages.routes(
            database,
            house.search,
            house.indexer,
            suggestions,
            doorkeeper,
            pages,
            audit.record,
            outline=outline,
            public_url=settings.public_url,
        )
    )
    app.include_router(
        help_pages.routes(
            database,
            doorkeeper,
            limits,
            pages,
            outline=outline,
            customers=vouched,
            public_url=settings.public_url,
            views=views,
            related=Related(database, house.search),
        )
    )
    app.include_router(
        plain.routes(
            database, reception, tokens, links, doorkeeper, limits, pages, house.site, house.secret_key
        )
    )
    app.include_router(openai_api.routes(house.parts, doorkeeper, limits, settings.public_url))
    app.include_router(
        widget.routes(
            pages,
            settings.origin_list,
            house.site,
            lambda language: popular.find(STRANGER, language, POPULAR),
        )
    )
    app.include_router(articles.routes(database, doorkeeper))
    app.include_router(owner.routes(house, owner_secret))
    app.include_router(reference.routes(app, pages))
    app.router.routes.append(Route("/mcp", mcp, methods=["POST"], include_in_schema=False))
    for prefix, folder in STATIC.items():
        app.mount(prefix, VersionedStatic(directory=folder), name=prefix.rsplit("/", 1)[-1])

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return FileResponse(STATIC["/static/help"] / "icon.svg", media_type="image/svg+xml")

    @app.get("/healthz", tags=["operations"])
    def healthy() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], response_model=None)
    def ready() -> Response | dict[str, str]:
        """The database and the vector store answer too."""
        try:
            with database.read() as session:
                session.connection().exec_driver_sql("SELECT 1")
            house.store.check()
        except Exception as error:
            log.warning("not ready: %s", error)
            return problem_response(503, "the database or the vector store does not answer; see the log.")
        return {"status": "ready"}

    return app


def _own_hosts(settings: Settings) -> frozenset[str]:
    host = urlsplit(settings.public_url).hostname if settings.public_url else None
    return frozenset([host] if host else [])


def _index_of(house: House) -> Callable[[Sequence[str]], None]:
    """What the desk tells of every change: search and bot know it when this returns."""

    def index(ids: Sequence[str]) -> None:
        try:
            if len(ids) > MANY_ARTICLES:
                house.indexer.sync()
            else:
                for id in ids:
                    house.indexer.sync(only=id)
        except (StoreError, EmbedderError) as error:
            behind = "the change is saved, but search does not know it yet; `parley index` brings the index up to date"
            raise Problem(503, f"{behind}. The reason: {error}") from error

    return index


def _warm(house: House, warmed: Callable[[], object]) -> None:
    try:
        house.search.warm()
    except Exception as error:
        log.warning("search could not be warmed up: %s", error)
    reader()
    message_model()
    warmed()


def _measure(app: FastAPI) -> None:
    """`/metrics` for Prometheus, and what it counts."""
    registry = CollectorRegistry()
    requests = Counter(
        "parley_http_requests_total", "Requests", ["method", "route", "status"], registry=registry
    )
    seconds = Histogram(
        "parley_http_response_seconds", "Time to the response's start", ["route"], registry=registry
    )

    class Count:
        def __init__(self, inner: ASGIApp) -> None:
            self.inner = inner

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.inner(scope, receive, send)
                return
            began = time.perf_counter()

            async def counted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = getattr(scope.get("route"), "path", "unknown")
                    method = scope["method"] if scope["method"] in METHODS else "other"
                    requests.labels(method, route, message["status"]).inc()
                    seconds.labels(route).observe(time.perf_counter() - began)
                await send(message)

            await self.inner(scope, receive, counted)

    app.add_middleware(Count)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")
