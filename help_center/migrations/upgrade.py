"""Runs Alembic on an open engine: the schema goes to `HEAD`. Knows no table."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine


def config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(engine: Engine) -> None:
    settings = config()
    with engine.connect().execution_options(parley_write=True) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        connection.commit()


def newest() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()
