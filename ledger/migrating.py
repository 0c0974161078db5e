"""Bringing the schema up to date with Alembic."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ledger.errors import LedgerError

# The newest file in ledger/migrations/versions; a test holds the two together. It stands here so that opening
# a ledger whose schema is current does not import Alembic.
HEAD = "0014"

_MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(connection: Connection) -> bool:
    """Return whether the database holds exactly this program's schema."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(versions) == [HEAD]


def upgrade(engine: Engine) -> None:
    """Migrate to the newest schema, in one transaction that other starters wait for.

    Raises LedgerError where the database holds a schema that this program does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Any constant serves; it only has to be the same for every starter.
            connection.execute(text("SELECT pg_advisory_xact_lock(5024512)"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as err:
            raise LedgerError(
                "the database has a schema that this version does not know, probably a newer one's: "
                "use the version that made it, or another CAMPAIGN_DATABASE_URL."
            ) from err
