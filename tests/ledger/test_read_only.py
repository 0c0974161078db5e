"""A look into a ledger changes nothing, whatever lies there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from ledger import migrating
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError
from ledger.read_only import open_read_only
from ledger.schema import limiter


def test_what_is_there_is_read_and_nothing_can_be_written(ledger: Ledger, database_url: str) -> None:
    with open_read_only(database_url) as looked:
        assert looked.ledger_id == ledger.ledger_id
        with pytest.raises(DBAPIError), looked.writing() as connection:
            connection.execute(limiter.insert().values(name="account", next_at=1.0))
        with looked.reading() as connection:
            assert connection.execute(limiter.select()).all() == []


def _nothing(path: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.touch()


def _of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE cities (name TEXT)")


def _with_migrations_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0007')")


def _without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE cities (name TEXT)")
        connection.execute("DROP TABLE cities")


def _of_an_older_version(path: Path) -> None:
    assert migrating.HEAD != "0021"
    open_ledger(f"sqlite:///{path}", mark=False).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0021'")


def _no_database(path: Path) -> None:
    path.write_text("Dear diary, today the ledger was somewhere else.\n" * 100)


@pytest.mark.parametrize(
    "lay",
    [
        _nothing,
        _empty,
        _of_another_program,
        _with_migrations_of_another_program,
        _without_tables,
        _of_an_older_version,
        _no_database,
    ],
)
def test_what_is_no_ledger_of_today_is_refused_and_left_as_it_is(tmp_path: Path, lay: object) -> None:
    assert callable(lay)
    path = tmp_path / "ledger.sqlite3"
    lay(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(LedgerError):
        open_read_only(f"sqlite:///{path}").close()
    assert (path.read_bytes() if path.exists() else None) == before
    assert not list(tmp_path.glob("*.made"))
