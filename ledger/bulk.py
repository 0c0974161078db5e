"""Writing very many rows at once, the fastest way that each database has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON

_ROWS_AN_INSERT = 5_000


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that all have the same keys, in the caller's transaction."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    for start in range(0, len(rows), _ROWS_AN_INSERT):
        connection.execute(insert(table), list(rows[start : start + _ROWS_AN_INSERT]))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """COPY takes a row in a fifth of an INSERT's time, and has no parameters to run out of."""
    names = list(rows[0])
    as_json = [isinstance(table.c[name].type, JSON) for name in names]
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(
                    [
                        json.dumps(value) if encode else value
                        for value, encode in zip(row.values(), as_json, strict=True)
                    ]
                )
    except psycopg.IntegrityError as err:
        # The same error as that of an INSERT, whichever way the rows went.
        raise IntegrityError(statement, None, err) from err
