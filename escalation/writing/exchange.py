"""Import and export of everything: a zip out, and a zip, a .jsonl or Markdown in, after a look at what it would do."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from escalation.audit import record
from escalation.writing.base import Desk
from help_center import bundle
from help_center.file_door import FILE_BODY
from help_center.people import Viewer
from help_center.web import CleanText, Problem

UPLOAD = re.compile(r"/api/writing/import")
MAX_UPLOAD = 300_000_000
IN_MEMORY = 8_000_000  # bytes of an upload; more of it goes to a temporary file


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/api/writing/export", response_model=None)
    def export(viewer: Viewer = Depends(desk.doorkeeper.admin)) -> Response:
        """Everything as a zip: articles as Markdown with front matter, which `parley index` reads, too; pictures; versions, drafts,
        redirects, the order of sections, translations, appointments."""
        with desk.database.write() as session:
            record(session, viewer, "article.export")
        name = f"articles-{datetime.now(UTC):%Y-%m-%d}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(
            bundle.pieces(bundle.export(desk.database)), media_type="application/zip", headers=headers
        )

    @router.post("/api/writing/import", openapi_extra=FILE_BODY)
    async def bring_in(
        request: Request,
        name: Annotated[
            CleanText, Query(max_length=300, description="the file's name: its ending says what it is")
        ],
        dry_run: Annotated[bool, Query(description="say what would happen, and change nothing")] = True,
        prune: Annotated[bool, Query(description="remove articles that the file does not have")] = False,
        viewer: Viewer = Depends(desk.doorkeeper.admin),
    ) -> dict[str, Any]:
        """Brings articles in from a zip (an export of this desk, or any of Markdown files), a .jsonl or a Markdown file. Says what is
        added, changed and removed; without `dry_run=false` nothing is."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            async for piece in request.stream():
                file.write(piece)
            file.seek(0)
            return await desk.database.run(work, file, name, viewer, dry_run, prune)

    def work(file: IO[bytes], name: str, viewer: Viewer, dry_run: bool, prune: bool) -> dict[str, Any]:
        try:
            brought = bundle.read(file, name)
        except bundle.BundleError as error:
            raise Problem(422, str(error)) from error
        if dry_run:
            with desk.database.read() as session:
                return bundle.plan(session, brought, prune=prune).json() | {"done": False}
        made_ready = bundle.ready(desk.database, brought, prune=prune)
        with desk.change() as session:
            done = bundle.bring_in(session, brought, made_ready, viewer, prune=prune)
            counts = {name: len(getattr(done, name)) for name in ("added", "changed", "removed")}
            record(session, viewer, "article.import", None, **counts)
        desk.index(done.ids)
        return done.json() | {"done": True}

    return router
