"""Backup and restore of a ledger in an SQLite file, while it is in use.

A copy is made by SQLite's online backup, whole and from one moment, and locked in itself: whichever way it is
put back, nothing goes out of it until a person has said so (ledger.restores).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from ledger import migrating, private_files, restores
from ledger.engine import BUSY_TIMEOUT_SECONDS, Ledger, connect, open_ledger, parsed
from ledger.errors import LedgerError, LedgerUnreachable
from ledger.migrating import Schema
from ledger.restores import FoundBy
from ledger.schema import attempt, campaign, identity, message


@dataclass(frozen=True, slots=True)
class Contents:
    """What a ledger holds, so that a copy can be told from another."""

    ledger_id: str
    campaigns: int
    messages: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, what it took the place of, and where that is kept; None: there was nothing."""

    restored: Contents
    replaced: Contents | None
    kept: Path | None


def back_up(ledger: Ledger, target: Path) -> Contents:
    """Copy the ledger to a new file, check the copy and lock it.

    Raises LedgerError where the ledger is no SQLite file, the target exists or cannot be written.
    """
    source = _path_of(str(ledger.engine.url))
    if target.exists():
        raise LedgerError(f"{target} is there already: give the backup another name.")
    with _scratch(target) as part:
        _copy(source, part)
        with _checked(part) as connection:
            restores.write(connection, FoundBy.BACKUP, f"a backup of {_utc()}")
            found = contents(connection)
        _finish(part)
        os.replace(part, target)
    return found


def restore(backup: Path, database_url: str, *, by: str, reason: str) -> Restored:
    """Put a backup in the place of the ledger at `database_url`; the one that it replaces is kept beside it.

    Safe while others use the ledger: they see the one or the other, and send nothing of the restored one.
    Raises LedgerError where the backup is none, or belongs to another ledger than the one in its place.
    """
    target = _path_of(database_url)
    if not backup.is_file():
        raise LedgerError(f"{backup} is not there: give the path of a file that `campaign db backup` wrote.")
    with _scratch(target) as part:
        private_files.make_folder(target.parent)
        _refuse_empty(backup)
        _copy(backup, part)
        with _checked(part) as connection:
            restores.write(connection, FoundBy.COMMAND, reason, by=by)
            restores.enforce(connection)
            found = contents(connection)
        _finish(part)
        if not target.exists():
            _put_aside(target)
            os.replace(part, target)
            return Restored(found, None, None)
        kept = target.with_name(f"{target.name}.replaced-{_utc()}")
        replaced = _keep(database_url, kept, found.ledger_id)
        _copy(part, target)
    return Restored(found, replaced, kept)


def _put_aside(target: Path) -> None:
    """Move away what a ledger that has vanished left: SQLite would write its log into the restored one."""
    for end in ("-wal", "-shm", "-journal"):
        left = target.with_name(target.name + end)
        if left.exists():
            os.replace(left, target.with_name(f"{target.name}.replaced-{_utc()}{end}"))


def _refuse_empty(backup: Path) -> None:
    """Raise LedgerError for a file without a table: SQLite takes an empty file for an empty database."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(backup))}?mode=ro", uri=True)) as raw:
            tables = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as err:
        raise LedgerError(f"{backup} is no backup: {err}.") from err
    if not tables:
        raise LedgerError(f"{backup} is empty: give the path of a file that `campaign db backup` wrote.")


def contents(connection: Connection) -> Contents:
    """Return what a ledger holds."""
    counts = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (campaign, message, attempt)
    ]
    return Contents(str(connection.execute(select(identity.c.ledger_id)).scalar_one()), *counts)


def _path_of(database_url: str) -> Path:
    url = parsed(database_url)
    if not url.drivername.startswith("sqlite") or not url.database:
        raise LedgerError(
            "this command is for SQLite ledgers: back a PostgreSQL one up with its own tools, and after a "
            "restore run `campaign db restored --mark` (docs/backup.md)."
        )
    if Path(url.database).is_dir():
        raise LedgerError(f"{url.database} is a folder: let CAMPAIGN_DATABASE_URL name the file in it.")
    return Path(url.database)


def _copy(source: Path, target: Path) -> None:
    """Copy one database into another in a single transaction of each."""
    try:
        with (
            closing(
                sqlite3.connect(f"file:{quote(str(source))}?mode=ro", timeout=BUSY_TIMEOUT_SECONDS, uri=True)
            ) as old,
            closing(sqlite3.connect(private_files.created(target), timeout=BUSY_TIMEOUT_SECONDS)) as new,
        ):
            old.backup(new)
    except (sqlite3.Error, OSError) as err:
        raise LedgerError(f"{source} cannot be copied to {target}: {err}.") from err


@contextmanager
def _checked(copy: Path) -> Iterator[Connection]:
    """Give a transaction in a copy whose schema is brought up to date and whose pages are sound."""
    # The backup itself stays as it is, so that no further copy of this one is kept.
    engine = connect(f"sqlite:///{copy}")
    try:
        with engine.connect() as connection:
            is_older = migrating.schema_of(connection) is Schema.OLDER
        if is_older:
            migrating.upgrade(engine)
    except DBAPIError as err:
        raise LedgerError(
            f"{copy.name.removesuffix('.part')} is no backup of a ledger ({err.orig})."
        ) from err
    finally:
        engine.dispose()
    with open_ledger(f"sqlite:///{copy}", mark=False) as ledger, ledger.writing() as connection:
        verdict = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if verdict != "ok":
            raise LedgerError(f"the copy is damaged: {verdict}.")
        yield connection


def _finish(copy: Path) -> None:
    """Make a copy one file again, without its write-ahead log, and see it to the disk."""
    with closing(sqlite3.connect(private_files.created(copy))) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
    with copy.open("rb") as written:
        os.fsync(written.fileno())


def _keep(database_url: str, kept: Path, ledger_id: str) -> Contents:
    """Copy the ledger that is to be replaced, which must be the same ledger, or an empty one."""
    try:
        with open_ledger(database_url) as ledger:
            with ledger.reading() as connection:
                found = contents(connection)
            if found.ledger_id != ledger_id and found.campaigns:
                raise LedgerError(
                    f"this is a backup of another ledger than {ledger.engine.url.database}: point "
                    "CAMPAIGN_DATABASE_URL at the ledger that it belongs to, or at a new file."
                )
            return back_up(ledger, kept)
    except LedgerUnreachable as err:
        raise LedgerError(
            f"the ledger to be replaced cannot be read ({err}): move it away, with the files -wal and -shm "
            "beside it, and restore again."
        ) from err


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to, of which nothing is left at the end."""
    part = target.with_name(f"{target.name}.part")
    files = [part.with_name(part.name + end) for end in ("", "-wal", "-shm", "-journal")]
    try:
        for file in files:
            file.unlink(missing_ok=True)
        yield part
    except OSError as err:
        raise LedgerError(f"{target} cannot be written: {err.strerror}.") from err
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _utc() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
