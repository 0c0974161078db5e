"""The copy of an SQLite ledger that is kept when its schema is migrated."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from ledger import private_files
from ledger.errors import LedgerError
from ledger.ledger_names import BUSY_TIMEOUT_SECONDS

# As `ledger.restores` locks a copy, in words that every schema since 0008 knows. An older one has no lock.
_LOCK = (
    'INSERT INTO restore (at, found_by, "by", note, next_campaign_id, events, strangers) '
    "SELECT CAST(strftime('%s', 'now') AS REAL), 'backup', '', ?, coalesce(max(id), 0) + 1000000, 0, 0 "
    "FROM campaign"
)


def copy_before(url: URL, version: str) -> list[Path]:
    """Copy the ledger beside itself, whole and locked, before it becomes `version`; return where it lies.

    Nothing for a database that is no file. Raises LedgerError where the copy cannot be made.
    """
    if not url.drivername.startswith("sqlite") or not url.database or url.database == ":memory:":
        return []
    source = Path(url.database)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = source.with_name(f"{source.name}.before-{version}-{moment}Z")
    part = source.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        _copy(source, part)
        os.replace(part, target)
    except (OSError, sqlite3.Error) as err:
        raise LedgerError(
            f"the ledger {source} cannot be copied before its schema changes ({err}): make room for "
            f"{target}, and run this again."
        ) from err
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + end).unlink(missing_ok=True)
    return [target]


def _copy(source: Path, part: Path) -> None:
    with (
        closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", timeout=BUSY_TIMEOUT_SECONDS, uri=True)
        ) as old,
        closing(
            sqlite3.connect(private_files.created(part), timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        ) as new,
    ):
        old.backup(new)
        if new.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is damaged")
        if new.execute("SELECT 1 FROM sqlite_master WHERE name = 'restore'").fetchone():
            new.execute(_LOCK, ("the copy that was kept when the schema was migrated",))
        # One file again, without a write-ahead log beside it.
        new.execute("PRAGMA journal_mode=DELETE")
    with part.open("rb") as written:
        os.fsync(written.fileno())
