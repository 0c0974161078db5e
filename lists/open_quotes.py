"""Rows that a quote hides: one that is never closed makes a cell of the lines that follow it."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists.addresses import Address, parse
from lists.csv_rows import Rows, split
from lists.errors import ListError
from lists.text_columns import bytes_of, one_array


def refuse(rows: Rows, position: int, delimiter: str, source: str) -> None:
    """Raise ListError where whole rows hide inside a cell: nobody may vanish for a missing quote.

    `position` is the column of addresses. A letter quoted in a cell is no row: its lines have no address in
    that place.
    """
    if not delimiter:
        return
    ragged = {row.row for row in rows.ragged}
    for row, lines in _swallowed_lines(rows):
        for line in lines:
            cells = split(line, delimiter)
            # In a row that is broken anyway, any address on a further line is enough of a sign.
            suspects = cells if row in ragged else cells[position : position + 1]
            whole = row in ragged or len(cells) == rows.table.num_columns
            if whole and any(isinstance(parse(cell), Address) for cell in suspects):
                raise ListError(
                    f'{source}, row {row}: a quote (") opens there and is never closed; mend that row.'
                )


def _swallowed_lines(rows: Rows) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield (row, lines) for each row with line breaks inside a cell; `lines` are those after the first."""
    for ragged in rows.ragged:
        for cell in ragged.cells:
            if "\n" in cell:
                yield ragged.row, cell.splitlines()[1:]
    for column in rows.table.columns:
        if _holds_line_break(column):
            for index in pc.indices_nonzero(pc.match_substring(column, "\n")).to_pylist():
                yield int(rows.numbers[index]), column[index].as_py().splitlines()[1:]


def _holds_line_break(column: pa.ChunkedArray) -> bool:
    letters, _ = bytes_of(one_array(column))
    return bool(np.any(letters == ord("\n")))
