"""Bringing the schema up to date with Alembic."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ledger.errors import LedgerError

# The newest file in ledger/migrations/versions; a test holds the two together. It stands here so that opening
# a ledger whose schema is current does not import Alembic.
HEAD = "0029"

_MIGRATIONS = Path(__file__).parent / "migrations"


class Schema(StrEnum):
    """What schema a database holds, as this program sees it."""

    CURRENT = "current"
    # No table at all: a new file.
    EMPTY = "empty"
    OLDER = "older"
    # A newer program's, or Alembic's of something else.
    UNKNOWN = "unknown"
    # Tables, and none of them says which version of a ledger they are.
    FOREIGN = "foreign"


def schema_of(connection: Connection) -> Schema:
    """Return what schema the database holds."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        return Schema.FOREIGN if tables else Schema.EMPTY
    match connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all():
        case []:
            return Schema.EMPTY
        case [str(version)] if version == HEAD:
            return Schema.CURRENT
        # Ours are numbered without a gap.
        case [str(version)] if version.isdigit() and len(version) == len(HEAD) and version < HEAD:
            return Schema.OLDER
        case _:
            return Schema.UNKNOWN


def is_current(connection: Connection) -> bool:
    """Return whether the database holds exactly this program's schema."""
    return schema_of(connection) is Schema.CURRENT


def unknown_schema() -> LedgerError:
    """Return the error for a schema that this program does not know."""
    return LedgerError(
        "the database has a schema that this version does not know, probably a newer one's: "
        "use the version that made it, or another CAMPAIGN_DATABASE_URL."
    )


def upgrade(engine: Engine, *, before: Callable[[], None] = lambda: None) -> None:
    """Migrate to the newest schema, in one transaction that other starters wait for.

    `before` is called once nobody else can write any more, and only where an older ledger is migrated: what
    it raises leaves everything as it was. Raises LedgerError where the database holds a schema that this
    program does not know.
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
        if schema_of(connection) is Schema.OLDER:
            before()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as err:
            raise unknown_schema() from err
