"""What Alembic runs to migrate: it is handed a connection that is in a locked transaction."""

from __future__ import annotations

from alembic import context

from trip_duration.serving.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # MLflow, whose database this may be, migrates by a table of Alembic's usual name
    version_table="trip_duration_version",
    # a step that is killed leaves nothing behind, on SQLite too
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
