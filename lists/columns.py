"""The names of a list's columns: of a header row, asked for by a person, or making way for ours."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from lists.errors import ListError

# Also where a delimiter that nobody expects keeps a whole row in one cell: what is refused here is quoted in
# no other sentence.
_HOLDS_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")

# A first row of people, whatever is wrong with their addresses; "@type" and "twitter @handle" are names.
_MEANT_AS_ADDRESS = re.compile(r"\S+(@|[(\[][aA][tT][)\]])\S+")


def numbered(count: int) -> list[str]:
    """Return names for the columns of a list without a header."""
    return [f"column_{number}" for number in range(1, count + 1)]


def checked_names(cells: Sequence[str], source: str) -> list[str]:
    """Return the column names of a header row: trimmed, and `column_N` where a cell is blank.

    Raises ListError where two are the same, or where the row is a recipient and no header.
    """
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1)]
    if any(_HOLDS_ADDRESS.search(name) or _MEANT_AS_ADDRESS.fullmatch(name) for name in names):
        raise ListError(
            f"{source} begins with a recipient: put a header row with the columns' names first, "
            "or say --no-header (list.header: false)."
        )
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise ListError(f"{source} has the column {quoted(repeated)} more than once: rename one of them.")
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
    raise ListError(f"{source} has no column {wanted!r} ({key}): it has {quoted(names)}.")


def renamed(names: Sequence[str], own: Sequence[str]) -> dict[str, str]:
    """Return new names for the source columns that are called like our `own`, in whatever capitals.

    SQL engines and many readers of Parquet take `Address` and `address` for the same column.
    """
    taken = {name.casefold() for name in (*names, *own)}
    called = {name.casefold() for name in own}
    found: dict[str, str] = {}
    for name in names:
        if name.casefold() in called:
            found[name] = unused(f"{name}_source", taken)
            taken.add(found[name].casefold())
    return found


def unused(name: str, taken: Iterable[str]) -> str:
    """Return a column name that is not taken yet in any capitals: this one, or with a number behind it."""
    names = {each.casefold() for each in taken}
    candidate, number = name, 2
    while candidate.casefold() in names:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def quoted(names: Sequence[str]) -> str:
    """Return the names for a sentence, some of them where there are many."""
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
