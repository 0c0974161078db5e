"""Run by Alembic on the connection that ledger.migrating hands over."""

from alembic import context

from ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column in place; Alembic rebuilds the table there.
    render_as_batch=True,
)
context.run_migrations()
