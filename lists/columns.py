"""Which column of a list is which."""

import re
from collections.abc import Container, Sequence

from lists.errors import ListError

# What exports call the column of addresses, spelt without case, blanks and marks.
ADDRESS_NAMES = frozenset(
    {"email", "emailaddress", "emailaddr", "mail", "mailaddress", "address", "adresse", "emailadresse"}
    | {"courriel", "correo", "correoelectronico", "emails", "subscriberemail", "recipient", "contactemail"}
)

# Also where a delimiter that nobody expects keeps a whole row in one cell: what is refused here is quoted in
# no other sentence.
_HOLDS_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")


def checked_names(cells: Sequence[str], source: str) -> list[str]:
    """Return the column names of a header row: trimmed, and `column_N` where a cell is blank.

    Raises ListError where two are the same, or where the row is a recipient and no header.
    """
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1)]
    if any(_HOLDS_ADDRESS.search(name) for name in names):
        raise ListError(f"{source} begins with a recipient: put a header row with the columns' names first.")
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


def find_address(names: Sequence[str], wanted: str, source: str) -> str:
    """Return the column of addresses: `wanted`, or where that is "" the one whose name tells.

    Raises ListError, naming the columns there are, where none or several could be meant.
    """
    if wanted:
        return find(names, wanted, source, "address_column")
    telling = [name for name in names if re.sub(r"[\W_]+", "", name).lower() in ADDRESS_NAMES]
    # A postal address often stands beside the e-mail address; "mail" in a name settles which is meant.
    named_mail = [name for name in telling if "mail" in name.lower()]
    if len(candidates := named_mail or telling) == 1:
        return candidates[0]
    if candidates:
        raise ListError(
            f"{source} has several columns of addresses, {_quoted(candidates)}: "
            "say which with address_column."
        )
    hint = ""
    if len(names) == 1 and re.search(r"[^\w\s.-]", names[0]):
        hint = " Columns are separated by a comma, semicolon, tab or vertical bar."
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


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
