"""Alembic's entry: the engine comes from `upgrade.upgrade`, never from a file."""

from alembic import context

import help_center.tables  # noqa: F401  (fills Base.metadata)
from help_center.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
