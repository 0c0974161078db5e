"""Which column of a list is which."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

import pyarrow as pa

from lists import syntax
from lists.errors import ListError
from lists.text_columns import one_array

# What exports call the column of addresses, spelt without case, blanks and marks.
ADDRESS_NAMES = frozenset(
    {"email", "emailaddress", "emailaddr", "mail", "mailaddress", "address", "adresse", "emailadresse"}
    | {"courriel", "correo", "correoelectronico", "emails", "subscriberemail", "recipient", "contactemail"}
)

# Also where a delimiter that nobody expects keeps a whole row in one cell: what is refused here is quoted in
# no other sentence.
_HOLDS_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")

# A column whose name does not tell is the one of addresses where this share of its first cells are some.
ADDRESS_SHARE = 0.5
ROWS_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class AddressColumn:
    """Which column holds the addresses; `share` of its cells where its content told."""

    name: str
    share: float = 0.0

    def sentence(self) -> str:
        """Say what was found by content, for a person to object; "" where the name told."""
        if not self.share:
            return ""
        return (
            f"The addresses are taken from the column {self.name!r}, by its content: "
            f"{self.share:.0%} of its first cells are e-mail addresses."
        )


def numbered(count: int) -> list[str]:
    """Return names for the columns of a list without a header."""
    return [f"column_{number}" for number in range(1, count + 1)]


def checked_names(cells: Sequence[str], source: str) -> list[str]:
    """Return the column names of a header row: trimmed, and `column_N` where a cell is blank.

    Raises ListError where two are the same, or where the row is a recipient and no header.
    """
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1)]
    if any(_HOLDS_ADDRESS.search(name) for name in names):
        raise ListError(
            f"{source} begins with a recipient: put a header row with the columns' names first, "
            "or say --no-header (list.header: false)."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ListError(f"{source} has the column {_quoted(repeated)} more than once: rename one of them.")
    return names


def find(names: Sequence[str], wanted: str, source: str, key: str) -> str:
    """Return the column that `key` of the campaign file names, in any case where that is clear.

    Raises ListError with the columns there are.
    """
    if wanted in names:
        return wanted
    alike = [name for name in names if name.lower() == wanted.strip().lower()]
    if len(alike) == 1:
        return alike[0]
    raise ListError(f"{source} has no column {wanted!r} ({key}): it has {_quoted(names)}.")


def address_column(
    names: Sequence[str], wanted: str, first_rows: pa.Table | None, source: str
) -> AddressColumn:
    """Return the column of addresses: `wanted`, the one whose name tells, or the one whose content does.

    Raises ListError, naming the columns there are, where none or several could be meant.
    """
    if wanted:
        return AddressColumn(find(names, wanted, source, "address_column"))
    telling = [name for name in names if re.sub(r"[\W_]+", "", name).lower() in ADDRESS_NAMES]
    # A postal address often stands beside the e-mail address; "mail" in a name settles which is meant.
    named_mail = [name for name in telling if "mail" in name.lower()]
    if len(candidates := named_mail or telling) == 1:
        return AddressColumn(candidates[0])
    found = _by_content(first_rows) if first_rows is not None and not candidates else []
    if len(found) == 1:
        return found[0]
    if candidates or found:
        several = candidates or [column.name for column in found]
        raise ListError(
            f"{source} has several columns of addresses, {_quoted(several)}: say which with address_column."
        )
    hint = ""
    if len(names) == 1 and re.search(r"[^\w\s.-]", names[0]):
        hint = (
            " Columns are separated by a comma, semicolon, tab or vertical bar; "
            "say another with --delimiter (list.delimiter)."
        )
    raise ListError(
        f"{source} has no column named like e-mail addresses, only {_quoted(names)}: "
        f"say which holds them with address_column.{hint}"
    )


def renamed(names: Sequence[str], own: Sequence[str]) -> dict[str, str]:
    """Return new names for the source columns that are called like our `own`."""
    taken = {*names, *own}
    found: dict[str, str] = {}
    for name in own:
        if name in names:
            found[name] = unused(f"{name}_source", taken)
            taken.add(found[name])
    return found


def unused(name: str, taken: Container[str]) -> str:
    """Return a column name that is not taken yet: this one, or with a number behind it."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _by_content(rows: pa.Table) -> list[AddressColumn]:
    found = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        checked = syntax.check(one_array(column.slice(0, ROWS_LOOKED_AT)))
        filled = sum(1 for cell in checked.cells.to_pylist() if cell)
        if filled and (share := int(checked.well_formed.sum()) / filled) >= ADDRESS_SHARE:
            found.append(AddressColumn(name, share))
    return found


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
