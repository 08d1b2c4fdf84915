"""The owner's site over HTTP: read and written by admins, and its colours as a style sheet for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from help_center.accent import DARK, SEEN, contrast, normal_color, palette
from help_center.database import Database
from help_center.file_door import FILE_BODY
from help_center.files import LOGO, File, file_json, read_upload
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

        with database.write() as session:
            changed = changes(read_site(session), body)
            if "logo" in changed:
                _change_logo(session, body.logo)
            if changed:
                keep_site(session, body)
                record(session, viewer, "site.change", **changed)
        return body

    @router.post(
        "/api/logo", status_code=201, openapi_extra=FILE_BODY, dependencies=[Depends(doorkeeper.admin)]
    )
    async def upload_logo(request: Request) -> dict[str, Any]:
        """Takes a picture (PNG, JPEG, GIF or WebP) as the request's body. It is shown once its `id` is the `logo` of the
        site."""
        data = await request.body()

        def kept() -> dict[str, Any]:
            file = read_upload(data, "logo", LOGO)
            with database.write() as session:
                session.add(file)
                return file_json(file)

        return await database.run(kept)

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
                "dark": round(contrast(made.dark.accent, DARK[0]), 2),
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


def _change_logo(session: Session, id: str | None) -> None:
    """Forgets the logos that are not this one. Raises a 422 for one that was not uploaded as a logo."""
    file = session.get(File, id) if id else None
    if id and (file is None or file.kind != LOGO):
        raise Problem(422, "logo: there is no such picture. Upload it with POST /api/logo first.")
    session.execute(delete(File).where(File.kind == LOGO, File.id != (id or "")))
