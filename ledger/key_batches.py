"""Looking up many address keys at once, in a form that costs each database little.

An IN list of ten thousand parameters takes three times as long as one parameter that holds them all, and
databases limit how many parameters there may be.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

KEYS_A_QUERY = 20_000


def batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the keys in parts of a size that one query takes."""
    remaining = iter(keys)
    while part := list(islice(remaining, KEYS_A_QUERY)):
        yield part


def among(connection: Connection, column: ColumnElement[str], keys: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that `column` is one of `keys`, which may be as many as memory holds."""
    if connection.dialect.name == "postgresql":
        return column == func.any(bindparam(None, list(keys), type_=ARRAY(Text)))
    # SQLite sorts the inner values first, so that it walks the column's index from one end to the other.
    return column.in_(select(func.json_each(json.dumps(list(keys))).table_valued("value").c.value))
