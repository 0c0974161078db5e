"""Events stored as a set, each once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ledger.dialects import insert
from ledger.json_text import encoded
from ledger.schema import event

# Hundreds of rows of a dozen values make a statement that PostgreSQL's driver takes longer to read than the
# server to run; as one text of JSON they are one value.
_TYPES = {
    "dedupe_key": "text",
    "kind": "text",
    "message_id": "bigint",
    "send_id": "text",
    "ses_message_id": "text",
    "recipient": "text",
    "at": "float8",
    "received_at": "float8",
    "bounce_type": "text",
    "bounce_subtype": "text",
    "diagnostic": "text",
    "raw_digest": "text",
    "note": "text",
    "verified": "boolean",
    "link_id": "bigint",
}
_ADD = (
    f"INSERT INTO event ({', '.join(_TYPES)}) SELECT * FROM json_to_recordset(%s::json) "
    f"AS new ({', '.join(f'{name} {type_}' for name, type_ in _TYPES.items())}) "
    "ON CONFLICT DO NOTHING RETURNING dedupe_key"
)


def add(connection: Connection, rows: Sequence[Mapping[str, object]]) -> set[str]:
    """Insert the events that are not there yet and return their dedupe keys; every row names all columns."""
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(_ADD, (encoded(rows).decode(),))
        return {row[0] for row in found.fetchall()}
    # Given apart from the statement, SQLAlchemy sends the rows in pieces that the database's limits allow.
    statement = insert(connection, event).on_conflict_do_nothing().returning(event.c.dedupe_key)
    return set(connection.execute(statement, [dict(row) for row in rows]).scalars())
