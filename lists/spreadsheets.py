"""Text that a spreadsheet will open: no cell of it may become a formula."""

import re

import pyarrow as pa
import pyarrow.compute as pc

# OWASP, "CSV injection": what Excel, LibreOffice and Google Sheets take for the start of a formula, behind
# blanks too; a tab or line break at the start hides one.
FORMULA = r"^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"


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
    risky = pc.match_substring_regex(column, FORMULA)
    apostrophe, nothing = pa.scalar("'", column.type), pa.scalar("", column.type)
    return pc.if_else(risky, pc.binary_join_element_wise(apostrophe, column, nothing), column)
