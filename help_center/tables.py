"""Every table there is, imported so that `Base.metadata` is whole. For Alembic and its test."""

from help_center import (
    article_tables,
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
    "article_tables",
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
