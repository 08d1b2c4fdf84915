"""Runs Alembic on an open engine: the schema goes to the newest of `migrations`. Knows no table."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy.engine import Engine


class UnknownRevision(Exception):
    """The database is at a revision that is not among ours. Says which."""


def config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(engine: Engine) -> None:
    settings = config()
    with engine.connect().execution_options(parley_write=True) as connection:
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError as error:
            if isinstance(error.__cause__, ResolutionError):
                raise UnknownRevision(error.__cause__.argument) from error
            raise
        connection.commit()


def newest() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()
