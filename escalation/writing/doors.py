"""The routes of the desk, put together."""

from fastapi import APIRouter

from escalation.writing import appointments, editing, listing, redirecting
from escalation.writing.base import Desk, Index
from help_center.database import Database
from help_center.web import Doorkeeper


def routes(database: Database, doorkeeper: Doorkeeper, index: Index) -> APIRouter:
    """`index` brings the index up to date with some articles, before a call returns."""
    desk = Desk(database, doorkeeper, index)
    router = APIRouter(tags=["writing"])
    for part in (listing, editing, appointments, redirecting):
        router.include_router(part.routes(desk))
    return router
