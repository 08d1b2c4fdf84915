"""The owner's site over HTTP: read and written by admins, and its colours as a style sheet for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from help_center.accent import SEEN, contrast, normal_color, palette
from help_center.database import Database
from help_center.kept import Kept
from help_center.people import Viewer
from help_center.site import Site, changes, keep_site, read_site
from help_center.web import Doorkeeper, Problem

KEPT_SECONDS = 31_536_000


def routes(
    database: Database, site: Kept[Site], doorkeeper: Doorkeeper, record: Callable[..., None]
) -> APIRouter:
    """`record(session, viewer, action, **detail)`: writes the audit log."""
    router = APIRouter()

    @router.get("/api/site", dependencies=[Depends(doorkeeper.admin)])
    def read() -> Site:
        """Name, logo, colour, languages, greeting, starter questions, own hosts."""
        with database.read() as session:
            return read_site(session)

    @router.put("/api/site")
    def change(body: Site, viewer: Viewer = Depends(doorkeeper.admin)) -> Site:
        """All of it at once; what is left out is as by default. It holds at once, without a restart."""

        def keep(session: Session) -> None:
            changed = changes(read_site(session), body)
            if changed:
                keep_site(session, body)
                record(session, viewer, "site.change", **changed)

        with database.write() as session:
            keep(session)
        return body

    @router.get("/api/site/colors", dependencies=[Depends(doorkeeper.admin)])
    def colors(accent: str = Query(max_length=30)) -> dict[str, Any]:
        """What pages would make of a colour: light and dark, and how well each is read."""
        try:
            color = normal_color(accent)
        except ValueError as error:
            raise Problem(422, f"{error}.") from error
        made = palette(color)
        return asdict(made) | {
            "contrast": {
                "on_brand": round(contrast(made.brand, made.on_brand), 2),
                "brand_on_white": round(contrast(made.brand, "#ffffff"), 2),
                "light": round(contrast(made.light.accent, "#ffffff"), 2),
                "dark": round(contrast(made.dark.accent, "#131a24"), 2),
            },
            "changed": {"light": made.light.accent != color, "dark": made.dark.accent != color},
            "seen_on_white": contrast(made.brand, "#ffffff") >= SEEN,
        }

    @router.get("/site.css", include_in_schema=False)
    def style_sheet(v: str = "") -> Response:
        if v != site().version:  # another worker may have drawn the page, and know of a change already
            site.forget()
        now = site()
        kept = f"public, max-age={KEPT_SECONDS}, immutable" if v == now.version else "no-cache"
        headers = {"Cache-Control": kept, "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(now.palette.css, media_type="text/css; charset=utf-8", headers=headers)

    return router
