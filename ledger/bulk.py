"""Writing very many rows at once, the fastest way that each database has."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON

Row = Sequence[object]


def insert_rows(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Iterable[Row],
    same: Mapping[str, object] | None = None,
) -> None:
    """Insert rows, in the caller's transaction; each holds a value for each of the columns `names`.

    `same` are columns that have one value in all rows. A column that is not named stays empty.
    """
    constant = {name: _plain(table, name, value) for name, value in (same or {}).items()}
    columns = [*names, *constant]
    encoded = [place for place, name in enumerate(names) if isinstance(table.c[name].type, JSON)]
    last = tuple(constant.values())
    # Neither way goes through SQLAlchemy's own handling of each value, which takes longer than the database.
    whole = (_encoded(row, encoded) + last for row in rows)
    named = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        _copy(driver, f'COPY "{table.name}" ({named}) FROM STDIN', whole)
        return
    places = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({named}) VALUES ({places})'
    try:
        driver.executemany(statement, whole)
    except sqlite3.IntegrityError as err:
        raise IntegrityError(statement, None, err) from err


def _copy(driver: Any, statement: str, rows: Iterable[Row]) -> None:
    """COPY takes a row in a fifth of an INSERT's time, and has no parameters to run out of."""
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as err:
        # The same error as that of an INSERT, whichever way the rows went.
        raise IntegrityError(statement, None, err) from err


def _encoded(row: Row, places: Sequence[int]) -> tuple[object, ...]:
    values = list(row)
    for place in places:
        values[place] = json.dumps(values[place])
    return tuple(values)


def _plain(table: Table, name: str, value: object) -> object:
    """Return the value as a driver takes it: it knows neither JSON nor this project's enumerations."""
    if isinstance(table.c[name].type, JSON):
        return json.dumps(value)
    return str(value) if isinstance(value, str) else value
