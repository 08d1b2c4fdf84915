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
from help_center.accent import Palette, normal_color, palette
from help_center.outline import Entry
from help_center.site import Site
from help_center.sources.base import primary_language
from help_center.templating import Pages
from help_center.web import Problem
from help_center.words import direction

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"  # mounted at /static/widget
HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff"}
LOADER_SECONDS = 300  # how long a browser may use the loader without asking: it is on every page of the host

SHIPPED_COLORS = '["#1a56c4", "#ffffff", "#1a56c4"]'  # in the loader: launcher, the icon on it, focus
PANEL = "/widget/panel.js"  # in the loader, too
POPULAR = 5  # articles
FOR_EVER = "public, max-age=31536000, immutable"


def routes(
    pages: Pages,
    allowed_origins: tuple[str, ...],
    site: Callable[[], Site] = Site,
    popular: Callable[[str], list[Entry]] = lambda language: [],
) -> APIRouter:
    """`/`, `/widget.js` with what it loads, and `/widget/chat`. `allowed_origins`: sites that may embed the chat; `*` is
    every site. `popular`: public articles that people look for, in a language."""
    router = APIRouter(include_in_schema=False)
    ancestors = "*" if "*" in allowed_origins else " ".join(("'self'", *allowed_origins))
    source = (HERE / "loader.js").read_text("utf-8")
    panel = (HERE / "panel.js").read_text("utf-8")
    panel_version = hashlib.sha256(panel.encode()).hexdigest()[:10]

    @lru_cache(maxsize=4)
    def colored(palette: Palette) -> tuple[str, str]:
        """The loader with the owner's colours and the panel's version, and its ETag."""
        colors = f'["{palette.brand}", "{palette.on_brand}", "{palette.light.accent}"]'
        loader = source.replace(SHIPPED_COLORS, colors).replace(f'"{PANEL}"', f'"{PANEL}?v={panel_version}"')
        return (
            loader,
            f'W/"{hashlib.sha256(loader.encode()).hexdigest()[:20]}"',
        )  # weak: it is compressed on the way

    @router.get("/")
    def demo() -> HTMLResponse:
        return pages.page("demo.html")

    @router.api_route("/widget.js", methods=["GET", "HEAD"])
    def widget_loader(request: Request) -> Response:
        loader, etag = colored(site().palette)
        kept = {"ETag": etag, "Cache-Control": f"public, max-age={LOADER_SECONDS}"}
        known = request.headers.get("if-none-match", "")
        if etag in (tag.strip() for tag in known.split(",")):
            return Response(status_code=304, headers=HEADERS | kept)
        return script(loader, kept)

    @router.get(PANEL)
    def widget_panel(v: str = "") -> Response:
        return script(panel, {"Cache-Control": FOR_EVER if v == panel_version else "no-cache"})

    def script(text: str, kept: dict[str, str]) -> Response:
        return Response(text, media_type="text/javascript; charset=utf-8", headers=HEADERS | kept)

    @router.get("/widget/colors.css")
    def colors(color: str) -> Response:
        """The shades of a colour that a site has chosen for its chat, as `/site.css` gives the owner's."""
        try:
            shades = palette(normal_color(color))
        except ValueError as error:
            raise Problem(422, f"{error}.") from error
        return Response(shades.css, media_type="text/css; charset=utf-8", headers={"Cache-Control": FOR_EVER})

    @router.get("/widget/chat")
    def chat(request: Request, language: str = "", color: str = "") -> HTMLResponse:
        """`language` and `color`: what the site asks for; without them the browser's and the owner's."""
        now = site()
        tag = chosen(language, request.headers.get("accept-language", ""), now.default_language)
        spoken = primary_language(tag)
        try:
            sheet = f"/widget/colors.css?color={normal_color(color)[1:]}" if color else now.stylesheet
        except ValueError:
            sheet = now.stylesheet
        page = pages.page(
            "chat.html",
            ancestors=ancestors,
            language=spoken,
            direction=direction(spoken),
            colors=sheet,
            greeting=now.greeting(tag) or in_language(spoken).greeting,
            starters=now.starter_questions(tag),
            popular=popular(spoken),
        )
        page.headers["Vary"] = "Accept-Language"
        page.headers["Cache-Control"] = "no-cache"
        return page

    return router
