"""Pictures of articles come in here; and the empty page in whose frame the editor shows its preview."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from escalation.writing.base import Desk
from help_center.file_door import FILE_BODY
from help_center.files import PICTURE, read_upload
from help_center.templating import Pages
from help_center.web import CleanText


def routes(desk: Desk, pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.post("/api/pictures", status_code=201, openapi_extra=FILE_BODY)
    async def add(
        request: Request, name: Annotated[CleanText, Query(max_length=300)] = "picture"
    ) -> dict[str, Any]:
        """A picture for articles: PNG, JPEG, GIF or WebP, 5 MB at most. Everybody who knows its address sees it."""
        viewer = await desk.database.run(desk.doorkeeper.lead, request)
        data = await request.body()

        def keep() -> dict[str, Any]:
            file = read_upload(data, name, PICTURE)
            file.agent_id = viewer.agent_id
            with desk.database.write() as session:
                session.add(file)
            told = {
                "id": file.id,
                "url": file.url,
                "name": file.name,
                "width": file.width,
                "height": file.height,
            }
            return told

        return await desk.database.run(keep)

    @router.get("/manage/preview", include_in_schema=False)
    def frame() -> Response:
        return pages.page("preview.html")

    return router
