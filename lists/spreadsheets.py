"""Text that a spreadsheet will open: no cell of it may become a formula."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists.text_columns import Mask, bytes_of, one_array

# OWASP, "CSV injection": what Excel, LibreOffice and Google Sheets take for the start of a formula, behind
# blanks too; a tab or line break at the start hides one.
FORMULA = r"^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
# The first byte in UTF-8 of whatever can match: a blank, a sign, or what a full-width sign begins with.
_FIRST_BYTES = np.zeros(256, dtype=np.bool_)
_FIRST_BYTES[list(b"\t\n\v\f\r =+-@" + "＝".encode()[:1])] = True


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


def unescaped(cell: str) -> str:
    """Return what `escaped` was given for a cell."""
    return cell[1:] if cell.startswith("'") and re.match(FORMULA, cell[1:]) else cell


def _escaped(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    suspects = _suspects(column)
    if not suspects.any():
        return column
    chosen = pa.array(suspects)
    texts = column.filter(chosen)
    risky = pc.match_substring_regex(texts, FORMULA)
    if not pc.any(risky).as_py():
        return column
    apostrophe, nothing = pa.scalar("'", column.type), pa.scalar("", column.type)
    safe = pc.if_else(risky, pc.binary_join_element_wise(apostrophe, texts, nothing), texts)
    return pc.replace_with_mask(
        column, chosen, safe.combine_chunks() if isinstance(safe, pa.ChunkedArray) else safe
    )


def _suspects(column: pa.ChunkedArray | pa.Array) -> Mask:
    """Tell by its first byte which text may match FORMULA; the pattern takes ten times as long."""
    letters, places = bytes_of(one_array(column))
    if not len(letters):
        return np.zeros(len(places) - 1, dtype=np.bool_)
    # An empty text is judged by the byte after it, which does no harm.
    hits: Mask = _FIRST_BYTES[letters[np.minimum(places[:-1], len(letters) - 1)]]
    return hits
