"""The routes of all the tools, put together."""

from fastapi import APIRouter

from escalation.desk_tools import article_drafts, bulk, canned, drafts, labels, mentions, presence
from help_center.database import Database
from help_center.web import Doorkeeper


def routes(database: Database, doorkeeper: Doorkeeper) -> APIRouter:
    router = APIRouter(tags=["agents"])
    for tool in (bulk, labels, canned, drafts, presence, mentions, article_drafts):
        router.include_router(tool.routes(database, doorkeeper))
    return router
