"""A list as it lies there: CSV or Parquet, by path or on S3, read into columns of text with row numbers."""

from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa

from lists import columns, content, csv_rows, parquet_rows
from lists.addresses import Address, parse
from lists.csv_rows import CsvRows, RaggedRow
from lists.errors import ListError


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A list as read, before any rule.

    table:          one text column for each of the source's, missing cells "".
    rows:           the 1-based data row of every row of `table`; ragged rows are missing from it.
    ragged:         rows with too few or too many cells, in order.
    address_column: the name of the column of addresses.
    fingerprint:    SHA-256 of the source's content, hexadecimal.
    """

    source: str
    table: pa.Table
    rows: list[int]
    ragged: list[RaggedRow]
    address_column: str
    fingerprint: str

    @property
    def row_count(self) -> int:
        """How many data rows the source has, ragged ones too."""
        return len(self.rows) + len(self.ragged)


def read(source: str, address_column: str = "") -> SourceTable:
    """Read a list from a path or `s3://bucket/key`; with no `address_column` it is found by its name.

    Raises ListError, one sentence with the mend, for whatever is no list with a header and rows.
    """
    data = content.fetch(source)
    fingerprint = sha256(data).hexdigest()
    if content.is_parquet(data):
        table, ragged = parquet_rows.parse(data, source), []
        names = columns.checked_names(table.column_names, source)
        rows = list(range(1, table.num_rows + 1))
        address = columns.find_address(names, address_column, source)
    else:
        parsed = csv_rows.parse(content.as_utf8(data, source), source)
        names = columns.checked_names(parsed.header, source)
        address = columns.find_address(names, address_column, source)
        _refuse_open_quotes(parsed, names.index(address), source)
        table, ragged, rows = parsed.table, parsed.ragged, csv_rows.row_numbers(parsed)
    if not rows and not ragged:
        raise ListError(f"{source} has a header but no rows: give a list with at least one recipient.")
    return SourceTable(source, table.rename_columns(names), rows, ragged, address, fingerprint)


def _refuse_open_quotes(parsed: CsvRows, position: int, source: str) -> None:
    """Raise ListError where whole rows hide inside a cell: nobody may vanish for a missing quote."""
    ragged = {row.row for row in parsed.ragged}
    for row, lines in csv_rows.swallowed_lines(parsed):
        for line in lines:
            cells = csv_rows.split(line, parsed.delimiter)
            # In a row that is broken anyway, any address on a further line is enough of a sign.
            suspects = cells if row in ragged else cells[position : position + 1]
            whole = row in ragged or len(cells) == len(parsed.header)
            if whole and any(isinstance(parse(cell), Address) for cell in suspects):
                raise ListError(
                    f'{source}, row {row}: a quote (") opens there and is never closed; mend that row.'
                )
