"""A ledger opened to look at it: nothing is made, migrated, marked or written, and no lock waited for."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger import ledger_file
from ledger.engine import parsed
from ledger.errors import LedgerMissing, LedgerUnreachable
from ledger.json_text import decoded
from ledger.ledger_names import shown

_BUSY_SECONDS = 1.0
_CONNECT_SECONDS = 3
_STATEMENT_MILLISECONDS = 4_000


@contextmanager
def read_only(database_url: str) -> Iterator[Connection]:
    """A connection that can only read, whatever the schema is.

    Raises LedgerMissing where there is no file, LedgerLost where there was one, and LedgerUnreachable; what
    fails later is SQLAlchemy's.
    """
    engine = _engine(database_url)
    try:
        with _connected(engine, database_url) as connection:
            yield connection
    finally:
        engine.dispose()


def _connected(engine: Engine, database_url: str) -> Connection:
    try:
        connection = engine.connect()
        try:
            # SQLite reads nothing of a file before it is asked for something.
            is_file = engine.dialect.name == "sqlite"
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master" if is_file else "SELECT 1")
        except BaseException:
            # Here, for SQLite's connections belong to their thread.
            connection.close()
            raise
    except DBAPIError as err:
        raise LedgerUnreachable(
            f"the database {shown(parsed(database_url))} cannot be read ({_first_line(err)}): check "
            "CAMPAIGN_DATABASE_URL and that it runs."
        ) from err
    return connection


def _engine(database_url: str) -> Engine:
    url = parsed(database_url)
    if url.get_backend_name() != "sqlite":
        options = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MILLISECONDS}"
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            json_deserializer=decoded,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "options": options},
        )
    path = ledger_file.path_of(url)
    if path is None:
        raise LedgerMissing("CAMPAIGN_DATABASE_URL names a ledger in memory, which no other process can see.")
    ledger_file.refuse_vanished(path)
    if not path.exists():
        raise LedgerMissing(f"there is no ledger at {path} yet: `campaign send FILE` makes it.")
    return create_engine(
        "sqlite://", poolclass=NullPool, json_deserializer=decoded, creator=lambda: _opened(path)
    )


def _opened(path: Path) -> sqlite3.Connection:
    # Reading a file with write-ahead logging makes its -wal and -shm, and leaves them, where nobody has it
    # open. `immutable` makes none: without a log all there is stands in the file itself.
    # https://www.sqlite.org/wal.html#read_only_databases
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=_BUSY_SECONDS)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _first_line(err: DBAPIError) -> str:
    text = str(err.orig).strip()
    return text.splitlines()[0] if text else type(err.orig).__name__
