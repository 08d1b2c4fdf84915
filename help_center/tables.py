"""Every table there is, imported so that `Base.metadata` is whole. For Alembic and its test."""

from help_center import (
    articles,
    conversations,
    desk,
    document_tables,
    figures,
    files,
    golden,
    index_tables,
    live,
    people,
)

__all__ = [
    "articles",
    "conversations",
    "desk",
    "document_tables",
    "figures",
    "files",
    "golden",
    "index_tables",
    "live",
    "people",
]
