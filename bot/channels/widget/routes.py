"""The website chat: the loader for other people's pages, the page inside its frame, and a demo page.

Serves files; the conversation itself goes through the HTTP interface like everybody else's. Who may frame the
chat is told to the browser by `frame-ancestors`; the loader and the frame talk with exact origins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot.channels.widget.language import chosen
from bot.words import in_language
from help_center.accent import Palette
from help_center.pages import direction
from help_center.site import Site
from help_center.templating import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"  # mounted at /static/widget
LOADER_SECONDS = 300  # how long a browser may use the loader without asking: it is on every page of the host

SHIPPED_COLORS = '["#1a56c4", "#ffffff", "#1a56c4"]'  # in the loader: launcher, the icon on it, focus


def routes(pages: Pages, allowed_origins: tuple[str, ...], site: Callable[[], Site] = Site) -> APIRouter:
    """`/`, `/widget.js` and `/widget/chat`. `allowed_origins`: sites that may embed the chat; `*` is every site."""
    router = APIRouter(include_in_schema=False)
    ancestors = "*" if "*" in allowed_origins else " ".join(("'self'", *allowed_origins))
    source = (HERE / "loader.js").read_text("utf-8")

    @lru_cache(maxsize=4)
    def colored(palette: Palette) -> tuple[str, dict[str, str]]:
        """The loader with the owner's colours, and its headers."""
        colors = f'["{palette.brand}", "{palette.on_brand}", "{palette.light.accent}"]'
        loader = source.replace(SHIPPED_COLORS, colors)
        return (
            loader,
            {
                "Cache-Control": f"public, max-age={LOADER_SECONDS}",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "ETag": f'W/"{hashlib.sha256(loader.encode()).hexdigest()[:20]}"',  # weak: it is compressed on the way
                "X-Content-Type-Options": "nosniff",
            },
        )

    @router.get("/")
    def demo() -> HTMLResponse:
        return pages.page("demo.html")

    @router.api_route("/widget.js", methods=["GET", "HEAD"])
    def widget_loader(request: Request) -> Response:
        loader, loader_headers = colored(site().palette)
        known = request.headers.get("if-none-match", "")
        if loader_headers["ETag"] in (tag.strip() for tag in known.split(",")):
            return Response(status_code=304, headers=loader_headers)
        return Response(loader, media_type="text/javascript; charset=utf-8", headers=loader_headers)

    @router.get("/widget/chat")
    def chat(request: Request, language: str = "") -> HTMLResponse:
        """`language`: what the site asks for; without it the browser's own decides."""
        now = site()
        tag = chosen(language, request.headers.get("accept-language", ""), now.default_language)
        spoken = tag.split("-")[0]
        page = pages.page(
            "chat.html",
            ancestors=ancestors,
            language=spoken,
            direction=direction(spoken),
            greeting=now.greeting(tag) or in_language(spoken).greeting,
            starters=now.starter_questions(tag),
        )
        page.headers["Vary"] = "Accept-Language"
        page.headers["Cache-Control"] = "no-cache"
        return page

    return router
