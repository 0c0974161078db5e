"""A list as it lies there: CSV or Parquet, by path or on S3, read as columns of text with row numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import (
    address_column,
    columns,
    content,
    csv_layout,
    csv_rows,
    csv_start,
    encodings,
    header_row,
    parquet_rows,
    refusals,
    spreadsheets,
)
from lists.address_column import AddressColumn
from lists.content import Content
from lists.csv_rows import RaggedRow, Rows
from lists.errors import ListError
from lists.policy import ListSource


@dataclass(slots=True)
class OpenList:
    """A list that is being read.

    names:          its columns; `address` is the one of the addresses, and how that was found.
    encoding:       of the text, "" for Parquet; `delimiter` likewise.
    header_note:    where the header row was found, "" where that is the first row.
    nul_cells:      cells that NUL characters were taken out of, complete once all rows were read.
    may_be_empty:   whether a header without rows is no error, as in one file of many.
    """

    source: str
    names: list[str]
    address: AddressColumn
    encoding: str
    delimiter: str
    header_note: str = ""
    nul_cells: int = 0
    may_be_empty: bool = False
    _content: Content | None = None
    _rows: Iterable[Rows] = ()
    _given_bytes: int = 0

    def rows(self) -> Iterator[Rows]:
        """Yield all rows once, in order. Raises ListError where the text breaks off or there is no row."""
        seen = 0
        for rows in self._rows:
            seen += rows.count
            # The letters of all cells and one separator each; quotes are few. Reading itself runs ahead.
            self._given_bytes += sum(column.nbytes for column in rows.table.columns)
            self._given_bytes -= 3 * rows.table.num_rows * rows.table.num_columns
            yield rows
        if not seen and not self.may_be_empty:
            raise ListError(f"{self.source} has a header but no rows: give at least one recipient.")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of how the list was read, once all rows were."""
        return (*self.notes, *filter(None, [nul_sentence(self.nul_cells)]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found by looking at the first rows, for a person to object."""
        return tuple(filter(None, [self.header_note, self.address.sentence()]))

    @property
    def share_read(self) -> float:
        """How much of the source has been given out as rows, from 0 to 1, as an estimate."""
        return self._content.share_of(self._given_bytes) if self._content else 1.0

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the source's content, hexadecimal, once all rows were read."""
        return self._content.fingerprint if self._content else ""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A whole list as read, before any rule.

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


@dataclass(frozen=True, slots=True)
class Survey:
    """What a list is without its rows; `row` is the cells of the one that was asked for, if it is there.

    `notes` are as in `OpenList`, `said_no` as in `lists.summary.Summary`, of all rows.
    """

    names: list[str]
    address: AddressColumn
    row_count: int
    fingerprint: str
    row: dict[str, str] | None
    notes: tuple[str, ...] = ()
    said_no: Mapping[str, int] = field(default_factory=dict)


def read(source: str | ListSource, address_column: str = "") -> SourceTable:
    """Read a whole list into memory. Raises ListError as `opened` does."""
    asked = ListSource(source=source, address_column=address_column) if isinstance(source, str) else source
    with opened(asked) as listed:
        parts = list(listed.rows())
    return SourceTable(
        asked.source,
        pa.concat_tables([part.table for part in parts]),
        np.concatenate([part.numbers for part in parts]).tolist(),
        [row for part in parts for row in part.ragged],
        listed.address.name,
        listed.fingerprint,
    )


def survey(source: ListSource, row: int = 0) -> Survey:
    """Read a list once through, keeping nothing but the 1-based data row `row`. Raises ListError."""
    count, cells = 0, None
    said_no: Counter[str] = Counter()
    with opened(source) as listed:
        for part in listed.rows():
            count += part.count
            said_no.update(refusals.counted(part.table))
            place = int(np.searchsorted(part.numbers, row))
            if place < len(part.numbers) and part.numbers[place] == row:
                cells = part.table.slice(place, 1).to_pylist()[0]
    return Survey(listed.names, listed.address, count, listed.fingerprint, cells, listed.notes, said_no)


@contextmanager
def opened(source: ListSource, block_bytes: int = 0) -> Iterator[OpenList]:
    """Open a list; what is empty in `source` is found, and what was found is told.

    Raises ListError, one sentence with the mend, for whatever is no list with a header and rows.
    """
    with content.opened(source.source) as found:
        if content.is_parquet(found):
            with found.seekable() as file:
                yield _parquet(source, found, parquet_rows.names(file, source.source), file, block_bytes)
        else:
            yield _csv(source, found, block_bytes)


def _csv(source: ListSource, found: Content, block_bytes: int) -> OpenList:
    encoding = encodings.named(source.encoding, found.start, source.source)
    start, whole = csv_start.beginning(found, encoding, source.source)
    layout = csv_layout.layout(
        start, source.delimiter, with_header=source.header, source=source.source, quote=source.quote
    )
    layout, note = header_row.settled(
        layout,
        start,
        whole=whole,
        delimiter=source.delimiter,
        wanted=source.address_column,
        source=source.source,
    )
    csv_rows.check_header(start, layout, source.source)
    names = (
        columns.numbered(layout.width)
        if layout.header is None
        else columns.checked_names(layout.header, source.source)
    )
    ours = spreadsheets.is_ours(names)
    names = spreadsheets.unescaped_names(names) if ours else names
    listed = OpenList(
        source.source, names, AddressColumn(""), encoding, layout.delimiter, note, _content=found
    )

    def blocks() -> Iterator[bytes]:
        for block in encodings.as_utf8(found.blocks(), encoding, source.source):
            if not nul_seen and b"\0" in block:
                nul_seen.append(True)
            yield block

    nul_seen: list[bool] = []
    parts: Iterator[Rows] = csv_rows.read(blocks, layout, source.source, block_bytes)
    if ours:
        parts = (Rows(spreadsheets.unescaped(part.table), part.numbers, part.ragged) for part in parts)
    return _with_address(source, listed, parts, nul_seen)


def _parquet(
    source: ListSource, found: Content, kept: list[str], file: BinaryIO, block_bytes: int
) -> OpenList:
    names = columns.checked_names(kept, source.source)
    listed = OpenList(source.source, names, AddressColumn(""), "", "", _content=found)

    def parts() -> Iterator[Rows]:
        done = 0
        # One pass for the fingerprint: Parquet itself is read in an order of its own.
        for _ in found.blocks():
            pass
        for table in parquet_rows.read(file, source.source, block_bytes // 100):
            yield Rows(table, np.arange(done + 1, done + 1 + table.num_rows))
            done += table.num_rows
        found.refuse_change()

    return _with_address(source, listed, parts(), [])


def _with_address(
    source: ListSource, listed: OpenList, parts: Iterator[Rows], nul_seen: list[bool]
) -> OpenList:
    """Settle which column holds the addresses, by its name or by the first rows, and guard the rest."""
    first: list[Rows] = []

    def first_rows(count: int) -> pa.Table | None:
        while sum(rows.table.num_rows for rows in first) < count and (rows := next(parts, None)):
            first.append(rows)
        table = pa.concat_tables([rows.table for rows in first]) if first else None
        return table and table.rename_columns(listed.names)

    listed.address = address_column.choose(listed.names, source.address_column, first_rows, source.source)
    if first and source.header and listed.delimiter:
        header_row.refuse_recipient(listed.names, listed.address, first_rows(1), source.source)
    position = listed.names.index(listed.address.name)

    def guarded() -> Iterator[Rows]:
        for rows in chain(first, parts):
            table = rows.table.rename_columns(listed.names)
            if nul_seen:
                table, hits = _without_nul(table, position)
                listed.nul_cells += hits
            yield Rows(table, rows.numbers, rows.ragged)

    listed._rows = guarded()
    return listed


def nul_sentence(cells: int) -> str:
    """Tell that NUL characters were taken out of so many cells; "" where there were none."""
    counted = "1 cell" if cells == 1 else f"{cells:,} cells"
    return f"NUL characters were taken out of {counted}: no database can hold them." if cells else ""


def _without_nul(table: pa.Table, address: int) -> tuple[pa.Table, int]:
    """Take NUL characters out of all cells but the addresses, which they make malformed; count the cells."""
    hits = 0
    for position, column in enumerate(table.columns):
        if position != address:
            hits += pc.sum(pc.match_substring(column, "\0")).as_py() or 0
            table = table.set_column(
                position, table.column_names[position], pc.replace_substring(column, "\0", "")
            )
    return table, hits
