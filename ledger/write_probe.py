"""Whether a ledger takes what is written to it: tried, without leaving anything in it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

# Less than this is gone before anybody has read an alert.
FREE_BYTES = 1 << 20
_BUSY_SECONDS = 0.3
_TRIED_BYTES = 1 << 16

Connect = Callable[[], sqlite3.Connection]


def reason_against_file(path: Path, connect: Connect | None = None) -> str:
    """Return why the SQLite file cannot be written, or "" where it can be, or is locked just now."""
    try:
        space = os.statvfs(path.parent)
        free = space.f_bfree if os.geteuid() == 0 else space.f_bavail
        # Some file systems of a network count no blocks at all.
        if space.f_blocks and free * space.f_frsize < FREE_BYTES:
            return _full(path)
        with closing((connect or (lambda: _connection(path)))()) as connection:
            _try(connection)
    except (OSError, sqlite3.Error) as err:
        return reason_in(err, path)
    return ""


def reason_against_database(connection: Connection) -> str:
    """Return why PostgreSQL takes no writes, or "". A full disk ends its connections by itself."""
    if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
        return "the ledger's database takes no writes: it is read-only, or a standby."
    return ""


def reason_in(err: BaseException, path: Path) -> str:
    """Return what an error of the file says against serving requests, or "" where it passes by itself."""
    match getattr(err, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ""
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_IOERR:
            return f"the ledger's disk fails ({err}): look at the disk of {path}."
        case _:
            return f"the ledger cannot be written ({err}): check the permissions of {path} and its folder."


def _connection(path: Path) -> sqlite3.Connection:
    uri = f"{path.as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _try(connection: sqlite3.Connection) -> None:
    # New pages, as a request takes them; they are taken back before they reach the disk.
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE write_probe (filler BLOB)")
        connection.execute("INSERT INTO write_probe VALUES (zeroblob(?))", (_TRIED_BYTES,))
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    # A page that does reach the disk, in which nothing changes.
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _full(path: Path) -> str:
    return f"the ledger's disk is full: make room for {path}."
