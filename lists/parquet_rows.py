"""Parquet as a source: every cell as the text that a person would write for it."""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from lists.errors import ListError


def parse(data: bytes, source: str) -> pa.Table:
    """Return the table with every column as text, missing values as "".

    Raises ListError where the file is damaged or a column holds lists, records or bytes that are no text.
    """
    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{source} is a damaged Parquet file: write or copy it again.") from err
    columns = [_as_text(table.column(index), name, source) for index, name in enumerate(table.column_names)]
    return pa.table(columns, names=table.column_names)


def _as_text(column: pa.ChunkedArray, name: str, source: str) -> pa.ChunkedArray:
    try:
        return pc.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException as err:
        raise ListError(
            f"{source}: the column {name!r} holds {column.type}, which is no text: "
            "leave it out or turn it into text."
        ) from err
