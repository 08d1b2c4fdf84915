"""The routes of the desk, put together."""

from fastapi import APIRouter

from escalation.writing import (
    appointments,
    arranging,
    editing,
    exchange,
    linking,
    listing,
    redirecting,
    showing,
    translating,
)
from escalation.writing.base import Desk, Index
from help_center.database import Database
from help_center.templating import Pages
from help_center.web import Doorkeeper


def routes(
    database: Database,
    doorkeeper: Doorkeeper,
    pages: Pages,
    index: Index,
    hosts: frozenset[str] = frozenset(),
) -> APIRouter:
    """`index` brings the index up to date with some articles, before a call returns; `hosts` are this help center's own."""
    desk = Desk(database, doorkeeper, index, hosts)
    router = APIRouter(tags=["writing"])
    for part in (listing, editing, appointments, redirecting, linking, arranging, translating, exchange):
        router.include_router(part.routes(desk))
    router.include_router(showing.routes(desk, pages))
    return router
