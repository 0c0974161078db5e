"""Parquet as a source: every cell as the text that a person would write for it."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from lists.errors import ListError

ROWS_AT_A_TIME = 100_000


def names(file: BinaryIO, source: str) -> list[str]:
    """Return the names of the columns. Raises ListError where the file is damaged."""
    return list(_opened(file, source).schema_arrow.names)


def read(file: BinaryIO, source: str, rows_at_a_time: int = 0) -> Iterator[pa.Table]:
    """Yield the rows with every column as text, missing values as "", the columns named "0", "1", ... .

    Raises ListError where the file is damaged or a column holds lists, records or bytes that are no text.
    """
    found = _opened(file, source)
    kept = found.schema_arrow.names
    try:
        for batch in found.iter_batches(batch_size=rows_at_a_time or ROWS_AT_A_TIME):
            columns = [
                _as_text(column, name, source) for name, column in zip(kept, batch.columns, strict=True)
            ]
            yield pa.table({str(position): column for position, column in enumerate(columns)})
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{source} is a damaged Parquet file: write or copy it again.") from err


def _opened(file: BinaryIO, source: str) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(file)
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{source} is a damaged Parquet file: write or copy it again.") from err


def _as_text(column: pa.Array, name: str, source: str) -> pa.Array:
    try:
        return pc.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException as err:
        raise ListError(
            f"{source}: the column {name!r} holds {column.type}, which is no text: "
            "leave it out or turn it into text."
        ) from err
