"""Where the header row of a CSV text really stands, and whether the rows under it have its cells.

Exports put titles above the names, end every row with a comma more than the header has, or have no header.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from lists.address_column import AddressColumn, is_telling, says_mail
from lists.csv_layout import DELIMITERS, Layout
from lists.errors import ListError

# The bytes of the longest header row that is read; one with a quote that is never closed seems longer.
LONGEST_BYTES = 4 << 20
# So many rows of titles may stand above the names.
TITLE_ROWS = 20
_ROWS_LOOKED_AT = 1_000
# So many rows under a header tell whether a column of it holds addresses.
_ROWS_BELOW = 50
# So many rows of another width than the header tell that the header is wrong, and not the rows.
_ROWS_TO_TELL = 5
# Also dates and telephone numbers.
_NUMBER = re.compile(r"[+(]?\d[\d\s.,:/()-]*")
_DELIMITER = re.compile(f"[{DELIMITERS}]")
_ADDRESS = re.compile(r"\s*[^\s@]+@[^\s@]+\s*")
_YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class _Row:
    """Cells of a row, and after how many bytes of the text it begins."""

    cells: list[str]
    bytes: int

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())

    @property
    def holds_at_sign(self) -> bool:
        return any("@" in cell for cell in self.cells)


def holds(start: bytes, count: int) -> bool:
    """Tell whether so many whole rows stand at the beginning of a text that may go on."""
    return len(_rows(start, ",", count, whole=False, quote='"')) == count


def settled(
    stands: Layout, start: bytes, *, whole: bool, delimiter: str, wanted: str, source: str
) -> tuple[Layout, str]:
    """Return the layout with the header row where it really is, and a sentence where that is not the first.

    start:     the first bytes of the text (UTF-8), all of it where `whole`.
    delimiter: as it was told, "" where it was found.
    wanted:    the column of addresses as it was told, or "".
    Raises ListError where most of the first rows do not have the cells of the header, so that nobody's row
    would be read.
    """
    text = start[stands.preamble_bytes :]
    rows = _rows(text, stands.delimiter, _ROWS_LOOKED_AT, whole=whole, quote=stands.quote)
    if stands.header is None:
        return _fitting(stands, rows, source, quoted=bool(stands.quote) and stands.quote.encode() in text), ""
    place = _place(rows, wanted)
    if not delimiter and (place is None or len(rows[place].cells) == 1):
        # A title has no delimiters, so that the one that was found in it is a guess.
        for other in DELIMITERS.replace(stands.delimiter, ""):
            likely = _rows(text, other, _ROWS_LOOKED_AT, whole=whole, quote=stands.quote)
            found = _place(likely, wanted)
            alone = bool(rows) and len(rows[place or 0].cells) == 1
            parts = alone and _separates_rows(likely[place or 0 :])
            if parts or (found is not None and _separates(likely[found:])):
                stands, rows, place = replace(stands, delimiter=other), likely, found
                break
    if not rows:
        return stands, ""
    header, note = rows[place or 0], ""
    if place:
        line = len(start[: stands.preamble_bytes + header.bytes].splitlines()) + 1
        note = f"The names of the columns are taken from line {line}, below a title."
    stands = replace(
        stands,
        header=header.cells,
        width=len(header.cells),
        preamble_bytes=stands.preamble_bytes + header.bytes,
    )
    quoted = bool(stands.quote) and stands.quote.encode() in text
    return _fitting(stands, rows[(place or 0) + 1 :], source, quoted=quoted), note


def refuse_recipient(names: Sequence[str], address: AddressColumn, rows: pa.Table, source: str) -> None:
    """Raise ListError where the names are a person's cells: no name tells, and one is of its column's kind.

    `address` is how the column of addresses was found among the first rows.
    """
    if not address.share or address.passed_over or says_mail(address.name):
        return
    if all(_NUMBER.fullmatch(name) for name in names):
        return
    below = [list(row.values()) for row in rows.slice(0, _ROWS_LOOKED_AT).to_pylist()]
    below = [cells for cells in below if [cell.strip() for cell in cells] != list(names)]
    for name, column in zip(names, zip(*below, strict=True), strict=False):
        filled = [cell.strip() for cell in column if cell.strip()]
        alike = sum(1 for cell in filled if _NUMBER.fullmatch(cell))
        number = _NUMBER.fullmatch(name) and not _YEAR.fullmatch(name) and alike * 10 > len(filled) * 9
        # A column of ticks may hold nothing but its own name.
        if number or (name in filled and len(set(filled)) > 2):
            raise ListError(
                f"{source} seems to begin with a recipient, for {name[:40]!r} is like the cells below it: "
                "put a header row first, say --no-header (list.header: false), or name the column of the "
                "addresses with --address-column (list.address_column)."
            )


def _place(rows: Sequence[_Row], wanted: str) -> int | None:
    """Return which row names the columns for certain, for one of its names stands above addresses.

    Nobody stands above it: a row with an @-sign ends the search.
    """
    if wanted and rows and wanted.strip().lower() in [cell.strip().lower() for cell in rows[0].cells]:
        return 0
    exact: int | None = None
    telling: int | None = None
    for place, row in enumerate(rows[: TITLE_ROWS + 1]):
        if row.holds_at_sign:
            break
        if place and row.cells == rows[place - 1].cells:
            continue
        below = rows[place + 1 : place + 1 + _ROWS_BELOW]
        # A whole line of names is one cell where it is parted by another delimiter.
        names = [
            name
            for position, name in enumerate(row.cells)
            if name.strip() and not _DELIMITER.search(name) and _above_addresses(below, position)
        ]
        if any(is_telling(name) or name.strip().lower() == wanted.strip().lower() for name in names):
            exact = place
        # A title may say mail as well, but has fewer cells.
        elif any(map(says_mail, names)) and all(above.filled < row.filled for above in rows[:place]):
            telling = place
    likely = [place for place in (exact, telling) if place is not None]
    return max(likely, default=None)


def _separates(rows: Sequence[_Row]) -> bool:
    """Tell whether a delimiter makes columns of most rows."""
    width = len(rows[0].cells)
    return width > 1 and sum(len(row.cells) == width for row in rows) * 2 > len(rows)


def _separates_rows(rows: Sequence[_Row]) -> bool:
    """Tell whether a delimiter that the only name does not have parts addresses from more in most rows."""
    parted = [row.cells for row in rows[1:] if len(row.cells) > 1]
    alone = any(_ADDRESS.fullmatch(cell) for cells in parted for cell in cells)
    return alone and len(rows[0].cells) == 1 and len(parted) * 2 >= len(rows) - 1


def _above_addresses(rows: Sequence[_Row], position: int) -> bool:
    cells = [row.cells[position] for row in rows if position < len(row.cells)]
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum("@" in cell for cell in filled) * 2 >= len(filled)


def _fitting(stands: Layout, rows: Sequence[_Row], source: str, *, quoted: bool) -> Layout:
    """Return the layout with as many cells as the rows have, where the difference is blank.

    `quoted`: quotes stand in the text, so that lines of one cell may have been taken for rows here.

    Raises ListError where most rows have another number of cells and people are among them.
    """
    # Of a row with line breaks in a cell it is not certain that it is one.
    rows = [row for row in rows if not any("\n" in cell or "\r" in cell for cell in row.cells)]
    odd = [row for row in rows if len(row.cells) != stands.width]
    lost = sum(row.holds_at_sign for row in odd)
    placed = sum(row.holds_at_sign for row in rows) - lost
    if not lost or (placed and len(odd) * 2 <= len(rows)):
        return stands
    width, times = Counter(len(row.cells) for row in odd).most_common(1)[0]
    if times == len(rows) and stands.header is not None:
        # Each row ends with a delimiter more than the header, or the header with one more than each row.
        extra = [cell for row in rows for cell in row.cells[stands.width :]]
        if not any(cell.strip() for cell in [*extra, *stands.header[width:]]):
            header = [*stands.header[:width], *[""] * (width - stands.width)]
            return replace(stands, header=header, width=width)
    few = times < _ROWS_TO_TELL
    # A few short rows are rejected one by one, each with what it holds.
    if (few and width < stands.width) or (quoted and (few or times < len(rows) or width < 2)):
        return stands
    cells = f"{width} cells" if times == len(odd) else "other numbers of cells"
    first = "header" if stands.header is not None else "first row"
    raise ListError(
        f"{source}: {len(odd)} of its first {len(rows)} rows have {cells} where the {first} has "
        f"{stands.width}: mend the {first}, a title above it, or the delimiters in the rows."
    )


def _rows(text: bytes, delimiter: str, most: int, *, whole: bool, quote: str) -> list[_Row]:
    """Return the first rows that are not blank; not the last one where the text goes on."""
    lines = text.splitlines(keepends=True)
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line))
    if quote:
        reader = csv.reader(_decoded(lines), delimiter=delimiter)
    else:
        reader = csv.reader(_decoded(lines), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    found: list[_Row] = []
    try:
        while len(found) < most:
            begun = reader.line_num
            cells = next(reader, None)
            if cells is None:
                break
            if reader.line_num == len(lines) and not whole:
                break
            if cells:
                found.append(_Row(cells, ends[begun]))
    except csv.Error:
        # What the text is worse for is told by who reads all of it.
        return found
    return found


def _decoded(lines: Sequence[bytes]) -> Iterator[str]:
    for line in lines:
        yield line.decode("utf-8", errors="ignore")
