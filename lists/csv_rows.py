"""CSV as it comes out of other people's systems: every cell stays the text that it was.

A row that has too few or too many cells is set apart with its number; its cells are never shifted into
columns they do not belong to.
"""

import csv
import io
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from lists import csv_layout, quote_audit
from lists.byte_feed import ByteFeed
from lists.csv_layout import Layout
from lists.csv_lines import Lines
from lists.errors import ListError, OpenQuote
from lists.open_quotes import Meaning
from lists.text_columns import Places

BLOCK_BYTES = 3 << 20
# No row can be longer than one block; a quote that is never closed makes a cell of the rest of the file.
LONGEST_BLOCK_BYTES = 256 << 20
# Python's own limit of 128 KB a cell is met by such a quote too.
csv.field_size_limit(LONGEST_BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row whose number of cells is not the header's. `row` is 1-based, without the header."""

    row: int
    cells: tuple[str, ...]
    expected: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows in order. `numbers` are the 1-based data rows of `table`; ragged rows are missing from it."""

    table: pa.Table
    numbers: Places
    ragged: list[RaggedRow] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many data rows these are, ragged ones too."""
        return len(self.numbers) + len(self.ragged)


def read(
    blocks: Callable[[], Iterable[bytes]], stands: Layout, source: str, block_bytes: int = 0
) -> Iterator[Rows]:
    """Yield the rows of a CSV text whose UTF-8 `blocks` gives out, from the beginning each time.

    The columns are named "0", "1", ... . Raises ListError where a quote hides rows, or a row is longer than
    any row can be.
    """

    def text(raw: Iterable[bytes]) -> Iterable[bytes]:
        rows = _without_start(raw, stands.preamble_bytes)
        if not stands.quote:
            return rows
        lines = Lines(stands.delimiter)
        meaning = Meaning(lines, stands.width, stands.header or [], strict=stands.told)
        return quote_audit.audited(rows, lines, meaning, stands.width, LONGEST_BLOCK_BYTES)

    reader = _Reader(stands, block_bytes or BLOCK_BYTES)
    while True:
        try:
            yield from reader.rows(text(blocks()))
            return
        except OpenQuote as err:
            row, line = _place(text, blocks, stands, err.offset)
            raise ListError(err.sentence(source, row, line)) from None
        except pa.ArrowInvalid as err:
            if "straddling" not in str(err):
                raise ListError(f"{source} cannot be read as CSV: save it as CSV (UTF-8) again.") from err
            if reader.block_bytes >= LONGEST_BLOCK_BYTES:
                raise ListError(
                    f'{source}, row {reader.last_seen + 1}: a quote (") opens there and is never closed, '
                    f"or a cell is longer than {LONGEST_BLOCK_BYTES >> 20} MB; mend that row."
                ) from err
        # From the beginning with longer blocks, past what was given out already.
        reader.block_bytes = min(reader.block_bytes * 8, LONGEST_BLOCK_BYTES)


def check_header(start: bytes, stands: Layout, source: str) -> None:
    """Raise ListError where a quote in the header hides rows; `start` is how the text begins."""
    if not stands.quote or stands.header is None:
        return
    meaning = Meaning(Lines(stands.delimiter), stands.width, stands.header, strict=stands.told)
    try:
        meaning.check_header(start[stands.preamble_bytes :])
    except OpenQuote as err:
        raise ListError(err.sentence(source, 0, _breaks(start[: stands.preamble_bytes]) + 1)) from None


def _breaks(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def split(line: str, delimiter: str, quote: str = '"') -> tuple[str, ...]:
    """Return the cells of one line; a cell in quotes may hold line breaks."""
    return tuple(next(csv_layout.reader(io.StringIO(line, newline=""), delimiter, quote), []))


def _without_start(blocks: Iterable[bytes], skipped: int) -> Iterator[bytes]:
    for block in blocks:
        if rest := block[skipped:]:
            yield rest
        skipped = max(0, skipped - len(block))


def _place(
    text: Callable[[Iterable[bytes]], Iterable[bytes]],
    blocks: Callable[[], Iterable[bytes]],
    stands: Layout,
    offset: int,
) -> tuple[int, int]:
    """Return the numbers of the data row and of the line that begin at an offset of the text; from 1."""
    line = 1

    def before() -> Iterator[bytes]:
        nonlocal line
        left = stands.preamble_bytes + offset
        for block in blocks():
            part = block[:left]
            left -= len(part)
            line += _breaks(part)
            yield part
            if not left:
                return

    reader = _Reader(stands, LONGEST_BLOCK_BYTES)
    with suppress(pa.ArrowInvalid):
        for _ in reader.rows(text(before())):
            pass
    return (reader.last_seen + 1 if offset or stands.header is None else 0), line


class _Reader:
    """Numbers the rows that pyarrow reads; `done` is the last number given out."""

    def __init__(self, stands: Layout, block_bytes: int) -> None:
        self.block_bytes = block_bytes
        self.done = 0
        self._stands = stands
        self._invalid: list[Any] = []

    @property
    def last_seen(self) -> int:
        """The number of the last row that could be read."""
        return max(self.done, self._number(self._invalid[-1]) if self._invalid else 0)

    def rows(self, blocks: Iterable[bytes]) -> Iterator[Rows]:
        self._invalid = []
        past, ragged_from = 0, 0
        skipped = self.done
        for batch in self._open(blocks):
            numbers = self._numbers(past, batch.num_rows)
            past = int(numbers[-1]) if len(numbers) else past
            ragged_to = bisect_left(self._invalid, past, key=self._number)
            ragged = self._ragged(ragged_from, ragged_to)
            ragged_from = ragged_to
            if past <= skipped:
                continue
            fresh = int(np.searchsorted(numbers, skipped, side="right"))
            table = pa.Table.from_batches([batch]).slice(fresh)
            self.done = past
            yield Rows(table, numbers[fresh:], [row for row in ragged if row.row > skipped])
        rest = [row for row in self._ragged(ragged_from, len(self._invalid)) if row.row > self.done]
        if rest:
            self.done = rest[-1].row
            yield Rows(self._empty(), np.zeros(0, np.int64), rest)

    def _open(self, blocks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
        names = [str(position) for position in range(self._stands.width)]

        def set_apart(row: Any) -> str:
            self._invalid.append(row)
            return "skip"

        feed = ByteFeed(blocks)
        try:
            reader = pacsv.open_csv(
                pa.PythonFile(feed, mode="r"),
                # With threads pyarrow would not tell the number of an invalid row.
                read_options=pacsv.ReadOptions(
                    use_threads=False,
                    block_size=self.block_bytes,
                    column_names=names,
                    skip_rows_after_names=0 if self._stands.header is None else 1,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._stands.delimiter,
                    quote_char=self._stands.quote or False,
                    newlines_in_values=bool(self._stands.quote),
                    invalid_row_handler=set_apart,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() for name in names},
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                    # The feed gives out UTF-8 that was looked at already.
                    check_utf8=False,
                ),
            )
            yield from reader
        except pa.ArrowInvalid:
            # An error of the source itself says more than what pyarrow made of it.
            if feed.error is not None:
                raise feed.error from None
            raise

    def _number(self, row: Any) -> int:
        # pyarrow counts the header as row 1 and blank lines not at all.
        return int(row.number) - (self._stands.header is not None)

    def _numbers(self, past: int, count: int) -> Places:
        """Return the next `count` row numbers after `past` that are not those of invalid rows."""
        first = bisect_left(self._invalid, past + 1, key=self._number)
        taken = [self._number(row) for row in self._invalid[first:]]
        numbers = np.arange(past + 1, past + 1 + count + len(taken))
        return np.setdiff1d(numbers, taken, assume_unique=True)[:count] if taken else numbers

    def _ragged(self, start: int, end: int) -> list[RaggedRow]:
        stands = self._stands
        return [
            RaggedRow(self._number(row), split(row.text, stands.delimiter, stands.quote), stands.width)
            for row in self._invalid[start:end]
        ]

    def _empty(self) -> pa.Table:
        return pa.table({str(position): pa.array([], pa.string()) for position in range(self._stands.width)})
