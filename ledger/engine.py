"""Opening the ledger: one engine, reading and writing transactions, the schema brought up to date."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, assert_never

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from ledger import ledger_file, migrating, upgrade_copies
from ledger.errors import LedgerError, LedgerMissing, LedgerUnreachable
from ledger.json_text import decoded
from ledger.ledger_file import LedgerFile
from ledger.ledger_names import BUSY_TIMEOUT_SECONDS, shown
from ledger.migrating import Schema
from ledger.patience import USUAL, Patience
from ledger.schema import identity

log = logging.getLogger(__name__)

__all__ = ["BUSY_TIMEOUT_SECONDS", "Ledger", "Upgrade", "connect", "open_ledger", "parsed"]

_SQLITE, _POSTGRESQL = ("sqlite", "sqlite+pysqlite"), ("postgresql", "postgresql+psycopg")
_FORMS = "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


class Upgrade(Enum):
    """Which ledgers of an older schema whoever opens one may migrate."""

    NEVER = "never"
    # Those of which a backup can be made here: SQLite files.
    WHERE_COPIED = "where copied"
    ALWAYS = "always"


class Ledger:
    """The database behind a URL. Safe to share between threads; every transaction has its own connection.

    `is_new`: it was made just now, and knows of nobody who must not be written to.
    """

    def __init__(
        self, engine: Engine, ledger_id: str, *, is_new: bool = False, writes: Engine | None = None
    ) -> None:
        self.engine = engine
        self.ledger_id = ledger_id
        self.is_new = is_new
        self._writes = writes or engine
        self._for_writing = self._writes.execution_options(writing=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it from one moment."""
        connection = self.engine.connect()
        if self.engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: whole on leaving, undone by any exception.

        On SQLite it holds the one write lock from its first moment (BEGIN IMMEDIATE), so what it reads stays
        true until it commits.
        """
        with self._for_writing.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()
        self._writes.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_ledger(
    database_url: str,
    *,
    upgrade: Upgrade = Upgrade.NEVER,
    make: bool = True,
    mark: bool = True,
    patience: Patience = USUAL,
) -> Ledger:
    """Open the ledger; a missing or empty SQLite file becomes a new one, unless `make` says no.

    One that has vanished is not made anew (LedgerLost); `mark` leaves what that is seen by. A new ledger and
    a migration are told in the log. Raises LedgerMissing, LedgerUnreachable in one sentence, without the
    password, where the database does not answer or has another schema than `upgrade` lets it migrate, and
    LedgerError where the URL is none.
    """
    path = ledger_file.path_of(parsed(database_url))
    if path is not None:
        ledger_file.refuse_vanished(path)
    if not make:
        _refuse_missing(database_url)
    engine = connect(database_url, patience)
    try:
        with engine.connect() as connection:
            schema = migrating.schema_of(connection)
        _bring_up(engine, schema, upgrade)
        with engine.connect() as connection:
            ledger_id = connection.execute(select(identity.c.ledger_id)).scalar_one()
    except OperationalError as err:
        engine.dispose()
        raise LedgerUnreachable(
            f"the database {shown(engine.url)} cannot be reached ({_first_line(err)}): "
            "check CAMPAIGN_DATABASE_URL and that it runs."
        ) from err
    except DBAPIError as err:
        engine.dispose()
        raise LedgerUnreachable(
            f"{shown(engine.url)} is not a ledger ({_first_line(err)}): check CAMPAIGN_DATABASE_URL."
        ) from err
    except LedgerError:
        engine.dispose()
        raise
    if mark and path is not None:
        ledger_file.mark(path, ledger_id)
    apart = patience.tells_reads_apart and engine.dialect.name == "postgresql"
    writes = connect(database_url, patience, writing=True) if apart else None
    return Ledger(engine, ledger_id, is_new=schema is Schema.EMPTY, writes=writes)


def _bring_up(engine: Engine, schema: Schema, upgrade: Upgrade) -> None:
    """Make the schema current, where whoever opens the ledger may do that."""
    name, is_file = shown(engine.url), engine.dialect.name == "sqlite"
    match schema:
        case Schema.CURRENT:
            return
        case Schema.EMPTY if is_file or upgrade is Upgrade.ALWAYS:
            migrating.upgrade(engine)
            log.warning("new ledger at %s: it knows of no bounces, no unsubscribes", name)
        case Schema.EMPTY:
            raise LedgerUnreachable(
                f"the database {name} lacks the current schema: run `campaign db upgrade` first."
            )
        case Schema.OLDER if upgrade is Upgrade.ALWAYS or (is_file and upgrade is Upgrade.WHERE_COPIED):
            copies: list[Path] = []
            migrating.upgrade(
                engine, before=lambda: copies.extend(upgrade_copies.copy_before(engine.url, migrating.HEAD))
            )
            log.warning("the schema of %s was brought up to date%s", name, _told(copies))
        case Schema.OLDER:
            first = "" if is_file else "back it up (docs/backup.md), then "
            raise LedgerUnreachable(
                f"the ledger {name} has the schema of an older version: {first}run `campaign db upgrade`"
                f"{', which copies it first' if is_file else ''}."
            )
        case Schema.UNKNOWN:
            raise migrating.unknown_schema()
        case Schema.FOREIGN:
            raise LedgerUnreachable(
                f"{name} is not a ledger (it holds other tables): check CAMPAIGN_DATABASE_URL."
            )
        case other:
            assert_never(other)


def _told(copies: list[Path]) -> str:
    return f"; as it was before: {copies[0]}" if copies else ""


def _refuse_missing(database_url: str) -> None:
    """Raise LedgerMissing where the URL is an SQLite file that is not there and that could be made."""
    url = parsed(database_url)
    if url.drivername not in _SQLITE or not url.database:
        return
    path = Path(url.database)
    folder = next((each for each in path.parents if each.exists()), path.parent)
    if not path.exists() and folder.is_dir():
        raise LedgerMissing(f"there is no ledger at {shown(url)} yet: `campaign send FILE` makes it.")


def connect(database_url: str, patience: Patience = USUAL, *, writing: bool = False) -> Engine:
    """Return an engine for the URL with the project's transaction rules, the schema not looked at."""
    url = parsed(database_url)
    if url.drivername in _SQLITE:
        return _sqlite(url, patience)
    url = url.set(drivername="postgresql+psycopg")
    options = patience.of_postgresql(url, writing=writing)
    return create_engine(url, pool_pre_ping=True, json_deserializer=decoded, hide_parameters=True, **options)


def parsed(database_url: str) -> URL:
    """Return the parts of a database's URL. Raises LedgerError for what is none."""
    # A port that is no number comes as a ValueError.
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as err:
        raise LedgerError(f"CAMPAIGN_DATABASE_URL is not a database URL: write {_FORMS}.") from err
    if url.drivername not in (*_SQLITE, *_POSTGRESQL):
        raise LedgerError(f"CAMPAIGN_DATABASE_URL cannot be opened with {url.drivername}: write {_FORMS}.")
    if url.drivername in _SQLITE and url.host:
        path = "/".join(filter(None, [url.host, url.database]))
        raise LedgerError(
            f"CAMPAIGN_DATABASE_URL has two slashes before {path}: write sqlite:///{path}, "
            f"or sqlite:////{path} for a path from the root."
        )
    return url


def _sqlite(url: URL, patience: Patience) -> Engine:
    file = None if (path := ledger_file.path_of(url)) is None else LedgerFile(path)
    # What a statement was given may be an address, and whoever runs it may log its error.
    engine = create_engine(url, json_deserializer=decoded, hide_parameters=True, **patience.of_sqlite(url))

    @event.listens_for(engine, "do_connect")
    def find(_dialect: object, _record: object, names: list[Any], options: dict[str, Any]) -> None:
        if file is not None:
            file.check()
            names[0], options["uri"] = file.uri, True

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        # The driver's own BEGIN comes late and deferred; ours stands in `begin` below.
        raw.isolation_level = None
        cursor = raw.cursor()
        _use_wal(cursor)
        # A lost intent would be a double mail: every commit reaches the disk.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
        # An open connection goes on writing to a file that nobody will find again.
        if file is not None:
            file.check()

    return engine


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to write-ahead logging; on one that has it already this does nothing."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as err:
            # SQLite does not wait by itself for this switch where another process makes it just now. A full
            # disk is not mended by waiting.
            if "locked" not in str(err) or time.monotonic() >= give_up_at:
                raise
            time.sleep(0.02)


def _first_line(err: DBAPIError) -> str:
    return str(err.orig).strip().splitlines()[0] if str(err.orig).strip() else type(err.orig).__name__
