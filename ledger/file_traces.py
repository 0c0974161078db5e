"""What is left of removed rows in an SQLite ledger's files: unused space, and the write-ahead log.

`secure_delete` overwrites what is removed from now on. Older copies of a row remain where pages were split or
freed before, and in the log; only rewriting the file (VACUUM) and emptying the log take them away.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine

from ledger.engine import Ledger
from ledger.spellings import Person

# Rewriting goes at some 100 MB a second, and nobody else can write meanwhile. A small file is always
# rewritten; a larger one where the person still stands in it; beyond the bound a person picks the hour.
_SMALL_BYTES = 64 << 20
_MOST_BYTES = 1 << 30
# The log is emptied between two transactions of everybody else. While SQLite waits for a reader it keeps
# writers away, so it waits for a moment only, again and again.
_BUSY_MILLISECONDS = 200
_TRIES = 100
_PAUSE_SECONDS = 0.1
_BYTES_A_READ = 1 << 20
_MAGIC = b"SQLite format 3\0"


class Traces(StrEnum):
    """What of removed rows may still be read in the ledger's files."""

    NONE = "none"
    # Somebody reads or writes without a pause.
    IN_LOG = "in_log"
    # The file is too large to be rewritten in passing.
    IN_FILE = "in_file"


def clear(ledger: Ledger, person: Person) -> Traces:
    """Let nothing of the person be left in the ledger's files, while others use it; return what is.

    On PostgreSQL that is its vacuum's work.
    """
    path = path_of(ledger.engine)
    if path is None:
        return Traces.NONE
    if not _log_is_emptied(ledger.engine):
        return Traces.IN_LOG
    size = path.stat().st_size
    if size <= _SMALL_BYTES or holds(path, person):
        return Traces.IN_FILE if size > _MOST_BYTES else rewrite(ledger)
    return Traces.NONE


def rewrite(ledger: Ledger) -> Traces:
    """Write the whole file anew, without its unused space; others read meanwhile and wait to write."""
    if path_of(ledger.engine) is None:
        return Traces.NONE
    with closing(ledger.engine.raw_connection()) as connection:
        try:
            connection.cursor().execute("VACUUM")
        except sqlite3.OperationalError:
            # Locked for a minute, or no room for the second copy.
            return Traces.IN_FILE
    return Traces.NONE if _log_is_emptied(ledger.engine) else Traces.IN_LOG


def path_of(engine: Engine) -> Path | None:
    """Return the file of an SQLite ledger."""
    name = engine.url.database
    is_file = engine.dialect.name == "sqlite" and name and name != ":memory:"
    return Path(name) if is_file and name else None


def copies_with(ledger: Ledger, person: Person) -> list[Path]:
    """Return the other databases in the ledger's folder in which the person stands.

    Copies from before an upgrade or a restore lie there, and whatever a person put beside it.
    """
    path = path_of(ledger.engine)
    if path is None:
        return []
    others = (each for each in _databases(path.absolute().parent) if not _is_of(each, path))
    return [each for each in others if holds(each, person)]


def holds(path: Path, person: Person) -> bool:
    """Tell whether the bytes of a file hold the person's address, in any case of ASCII's letters."""
    needles = [name.encode() for name in person.plain]
    longest = max(map(len, needles))
    before = b""
    with path.open("rb") as file:
        while part := file.read(_BYTES_A_READ):
            text = (before + part).lower()
            if any(each in text for each in needles):
                return True
            before = text[-longest:]
    return False


def _log_is_emptied(engine: Engine) -> bool:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        try:
            for _ in range(_TRIES):
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
                time.sleep(_PAUSE_SECONDS)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={patience}")
    return False


def _databases(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            try:
                with path.open("rb") as file:
                    is_database = file.read(len(_MAGIC)) == _MAGIC
            # Another's, or gone by now.
            except OSError:
                continue
            if is_database or path.name.endswith("-wal"):
                yield path


def _is_of(path: Path, ledger: Path) -> bool:
    return path.name in (ledger.name, f"{ledger.name}-wal", f"{ledger.name}-shm")
