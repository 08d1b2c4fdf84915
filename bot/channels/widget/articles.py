"""An article as the chat shows it inside of itself: the help center's own rendering, and what a card of it says.

Who may see it is asked of `articles.visible`, as on its page.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from help_center.database import Database, iso
from help_center.pages import by_slug, direction, no_article, shown
from help_center.people import Viewer
from help_center.web import CleanText, Doorkeeper


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/widget/articles/{slug}")
    def article(slug: CleanText, viewer: Viewer = Depends(doorkeeper.viewer)) -> dict[str, Any]:
        """`html` is what `markup.render` makes: safe, and held to it by the page's policy once more."""
        with database.read() as session:
            found = by_slug(session, slug, viewer)
        if found is None:
            raise no_article()
        return {
            "id": found.id,
            "title": found.title,
            "url": found.url,
            "html": str(shown(found)[0]),
            "locale": found.locale,
            "direction": direction(found.locale),
            "updated_at": iso(found.updated_at),
        }

    return router
