"""CSV for spreadsheets: no cell of it becomes a formula, and our own reader gets back what was written.

`escaped` and `unescaped` are each other's inverse on every text: a text that begins like an escaped formula
is escaped once more.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from ledger import private_files
from lists.text_columns import Mask, bytes_of, mask_of, one_array

# Excel takes a file without it for Windows-1252.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# OWASP, "CSV injection": what Excel, LibreOffice and Google Sheets take for the start of a formula, behind
# blanks too; a tab or line break at the start hides one. Apostrophes before it are escapes already.
_FORMULA = r"^'*(?:[\t\r\n]|[ \v\f]*[=+\-@＝＋－＠])"
# An address stays the mailbox that it is. `+` and `-` begin one as well as a formula; a formula does harm by
# a call, a reference or DDE only, which take brackets, `=`, `|` or `!`.
_ADDRESS = (
    r"^'* *[+\-＋－][^\s\x00-\x1f()<>\[\]\\,;:\"@=|!＝｜！]*"
    r"@(?:[^\s\x00-\x2c/:-@\[-`{-\x7f＝｜！＋－＠]+\.)+[^\s\x00-\x2c/:-@\[-`{-\x7f.＝｜！＋－＠]+ *$"
)
# The first byte in UTF-8 of whatever can match: a blank, a sign, an apostrophe, a full-width sign's first.
_FIRST_BYTES = np.zeros(256, dtype=np.bool_)
_FIRST_BYTES[list(b"\t\n\v\f\r '=+-@" + "＝".encode()[:1])] = True

# The columns by which a file of ours is known again: a cleaning's two, a campaign's messages, the inactive,
# and an export of the suppression list. A foreign file is read as it is.
_OUR_COLUMNS = (
    frozenset({"address", "domain", "flags"}),
    frozenset({"row", "address", "reason", "detail", "suggestion"}),
    frozenset({"row", "address", "status", "attempts", "ses_message_id"}),
    frozenset({"address", "silent_since", "last_delivered"}),
    frozenset({"address", "reason", "list"}),
)


def escaped(table: pa.Table) -> pa.Table:
    """Return the table with `'` before every text cell and column name that would be a formula."""
    columns = [
        _escaped(column)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        else column
        for column in table.columns
    ]
    names = _escaped(pa.array(table.column_names, pa.string())).to_pylist()
    return pa.table(columns, names=names)


def unescaped(table: pa.Table) -> pa.Table:
    """Return the table that `escaped` was given, its column names as they are."""
    columns = [_unescaped(column) if pa.types.is_string(column.type) else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def unescaped_names(names: Collection[str]) -> list[str]:
    """Return the column names that `escaped` was given."""
    found: list[str] = _unescaped(pa.array(names, pa.string())).to_pylist()
    return found


def is_ours(names: Collection[str]) -> bool:
    """Tell by its columns whether a CSV file was written, and so escaped, by this program."""
    return any(ours <= set(names) for ours in _OUR_COLUMNS)


def formulas(column: Any) -> Mask:
    """Tell which texts `escaped` changes."""
    hits = _suspects(column)
    if hits.any():
        hits[hits] = mask_of(_risky(column.filter(pa.array(hits))))
    return hits


@contextmanager
def writer(path: Path, schema: pa.Schema, *, header: bool = True) -> Iterator["CsvFile"]:
    """Give a CSV file for spreadsheets; without `header` it holds rows alone. Raises OSError."""
    file = CsvFile(path, schema, header=header)
    try:
        yield file
    finally:
        file.close()


class CsvFile:
    """A CSV file in UTF-8 with a byte order mark, whose formulas are escaped. Raises OSError."""

    def __init__(self, path: Path, schema: pa.Schema, *, header: bool = True) -> None:
        # Opened here, for pyarrow takes a path such as "run:1" for an address on the network.
        self._file = private_files.opened(path, "wb")
        names = escaped(schema.empty_table()).column_names
        options = pacsv.WriteOptions(include_header=header)
        try:
            if header:
                self._file.write(BYTE_ORDER_MARK)
            renamed = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
            self._writer = pacsv.CSVWriter(self._file, renamed, write_options=options)
        except BaseException:
            self._file.close()
            raise

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self._writer.write_table(escaped(table))

    def close(self) -> None:
        """Bring the file to its end."""
        try:
            self._writer.close()
        finally:
            self._file.close()


def _escaped(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    risky = formulas(column)
    if not risky.any():
        return column
    apostrophe, nothing = pa.scalar("'", column.type), pa.scalar("", column.type)
    texts = pc.binary_join_element_wise(apostrophe, column.filter(pa.array(risky)), nothing)
    return pc.replace_with_mask(
        column, pa.array(risky), texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    )


def _unescaped(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    quoted = mask_of(pc.fill_null(pc.starts_with(column, "'"), False))
    if not quoted.any():
        return column
    inner = pc.utf8_slice_codeunits(column.filter(pa.array(quoted)), 1)
    risky = mask_of(_risky(inner))
    quoted[quoted] = risky
    texts = one_array(inner.filter(pa.array(risky)))
    return pc.replace_with_mask(column, pa.array(quoted), texts)


def _risky(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    found = pc.and_not(pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _ADDRESS))
    return pc.fill_null(found, False)


def _suspects(column: pa.ChunkedArray | pa.Array) -> Mask:
    """Tell by its first byte which text may match _FORMULA; the pattern takes ten times as long."""
    letters, places = bytes_of(one_array(column))
    if not len(letters):
        return np.zeros(len(places) - 1, dtype=np.bool_)
    # An empty text is judged by the byte after it, which does no harm.
    hits: Mask = _FIRST_BYTES[letters[np.minimum(places[:-1], len(letters) - 1)]]
    return hits
