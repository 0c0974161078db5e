"""A ledger opened to be looked at: nothing is made, migrated or marked, and no transaction can write."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, event

from ledger import ledger_file
from ledger.engine import Ledger, open_ledger, parsed
from ledger.errors import LedgerMissing, LedgerUnreachable
from ledger.ledger_names import shown
from ledger.schema import identity

_FORBID = {"sqlite": "PRAGMA query_only=ON", "postgresql": "SET TRANSACTION READ ONLY"}


def open_read_only(database_url: str) -> Ledger:
    """Open the ledger and change nothing, not even the mode of a file that is none of ours.

    Raises LedgerMissing where nothing was made yet, and what `open_ledger` raises.
    """
    url = parsed(database_url)
    path = ledger_file.path_of(url)
    if path is not None and path.is_file():
        _refuse_other_files(path, shown(url))
    ledger = open_ledger(database_url, make=False, mark=False)

    @event.listens_for(ledger.engine, "begin")
    def forbid_writing(connection: Connection) -> None:
        connection.exec_driver_sql(_FORBID[connection.dialect.name])

    return ledger


def _refuse_other_files(path: Path, name: str) -> None:
    """Raise where a file holds no ledger: who opens one to write prepares whatever it is for that."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        # Locked, or no database at all: `open_ledger` says it in a sentence.
        return
    if not tables:
        raise LedgerMissing(f"{name} is an empty file and no ledger yet: `campaign send FILE` makes it.")
    if not tables >= {"alembic_version", identity.name}:
        raise LedgerUnreachable(
            f"{name} is not a ledger (it holds other tables): check CAMPAIGN_DATABASE_URL."
        )
