"""The schema's history, one Alembic script per change. `help_center.schema` runs it."""
