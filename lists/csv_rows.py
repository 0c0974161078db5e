"""CSV as it comes out of other people's systems: every cell stays the text that it was.

A row that has too few or too many cells is set apart with its number; its cells are never shifted into
columns they do not belong to.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from lists.errors import ListError

DELIMITERS = ",;\t|"
BLOCK_BYTES = 16 << 20
# pyarrow counts a block in 32 bits; no row can be longer than one block.
LONGEST_BLOCK_BYTES = (1 << 31) - 1
# A quote that is never closed makes a cell of the rest of the file, beyond the default limit of 128 KB.
csv.field_size_limit(LONGEST_BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row whose number of cells is not the header's. `row` is 1-based, without the header."""

    row: int
    cells: tuple[str, ...]
    expected: int


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The cells of a CSV file, all text; column names are as in the file. Blank lines are no rows."""

    header: list[str]
    table: pa.Table
    ragged: list[RaggedRow]
    delimiter: str


def parse(text: bytes, source: str) -> CsvRows:
    """Take CSV text (UTF-8, no byte order mark) apart; `table`'s columns are named "0", "1", ... .

    Raises ListError where pyarrow cannot read it at all.
    """
    text = text.lstrip(b"\r\n")
    first_line, _, rest = text.partition(b"\n")
    # Excel writes, and reads, a first line that names the delimiter.
    if first_line[:4].lower() == b"sep=" and len(first_line.strip()) == 5:
        delimiter, text = first_line[4:5].decode(), rest.lstrip(b"\r\n")
    else:
        delimiter = sniffed(text)
    header = next(csv.reader(io.StringIO(_start(text)), delimiter=delimiter), [])
    invalid: list[Any] = []

    def set_apart(row: Any) -> str:
        invalid.append(row)
        return "skip"

    names = [str(position) for position in range(len(header))]
    for block_bytes in (BLOCK_BYTES, LONGEST_BLOCK_BYTES):
        invalid.clear()
        try:
            table = pacsv.read_csv(
                pa.BufferReader(text),
                # With threads pyarrow would not tell the number of an invalid row.
                read_options=pacsv.ReadOptions(
                    use_threads=False, block_size=block_bytes, column_names=names, skip_rows_after_names=1
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=set_apart
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() for name in names},
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as err:
            if "straddling" in str(err) and block_bytes < LONGEST_BLOCK_BYTES:
                continue
            raise ListError(f"{source} cannot be read as CSV: save it as CSV (UTF-8) again.") from err
        break
    # pyarrow counts the header as row 1 and blank lines not at all.
    ragged = [RaggedRow(row.number - 1, split(row.text, delimiter), len(header)) for row in invalid]
    return CsvRows(header, table, ragged, delimiter)


def sniffed(text: bytes) -> str:
    """Return the delimiter: of those found in the header outside quotes the one that gives most columns."""
    sample = _start(text)
    widths = {
        delimiter: len(next(csv.reader(io.StringIO(sample), delimiter=delimiter), []))
        for delimiter in DELIMITERS
    }
    return max(DELIMITERS, key=lambda delimiter: widths[delimiter])


def swallowed_lines(rows: CsvRows) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield (row, lines) for each row with line breaks inside a cell; `lines` are those after the first.

    A quote that is never closed hides the rows that follow it in such a cell.
    """
    for ragged in rows.ragged:
        for cell in ragged.cells:
            if "\n" in cell:
                yield ragged.row, cell.splitlines()[1:]
    numbers = row_numbers(rows)
    for column in rows.table.columns:
        hits = pc.indices_nonzero(pc.match_substring(column, "\n"))
        for index in hits.to_pylist():
            yield numbers[index], column[index].as_py().splitlines()[1:]


def row_numbers(rows: CsvRows) -> list[int]:
    """Return the 1-based row number in the source of every row of the table."""
    taken = {ragged.row for ragged in rows.ragged}
    total = rows.table.num_rows + len(taken)
    return [number for number in range(1, total + 1) if number not in taken]


def split(line: str, delimiter: str) -> tuple[str, ...]:
    """Return the cells of one line; a cell in quotes may hold line breaks."""
    return tuple(next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), []))


def _start(text: bytes) -> str:
    # A cut in the middle of a character at the end of the sample is of no consequence.
    return text[: 1 << 16].decode("utf-8", errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
