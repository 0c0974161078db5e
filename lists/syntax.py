"""The first rule for a whole column: which cells are addresses, and in what normalised form."""

from collections.abc import Callable, Sequence

import pandas as pd

from lists.addresses import Address, Malformed, parse
from lists.reasons import FLAG_SEPARATOR, Flag
from lists.repair import unwrapped

Progress = Callable[[int, int], None]
PROGRESS_EVERY_ROWS = 5_000


COLUMNS = ("address", "key", "domain", "flags", "detail", "suggestion")


def check(cells: Sequence[str], *, repair: bool, on_progress: Progress | None = None) -> pd.DataFrame:
    """Judge every cell, in order; the frame's columns are COLUMNS, all text.

    `detail` is "" for a well-formed address and says what is wrong with any other. With `repair`, wrapped
    addresses are taken apart and bear the flag `repaired`.
    """
    rows = []
    for number, cell in enumerate(cells, start=1):
        rows.append(_judge(cell.strip(), repair))
        if on_progress and number % PROGRESS_EVERY_ROWS == 0:
            on_progress(number, len(cells))
    if on_progress:
        on_progress(len(cells), len(cells))
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def _judge(cell: str, repair: bool) -> tuple[str, str, str, str, str, str]:
    flags: tuple[str, ...] = ()
    found = parse(cell)
    if repair and isinstance(found, Malformed) and (inner := unwrapped(cell)):
        repaired = parse(inner)
        if isinstance(repaired, Address):
            found, flags = repaired, (Flag.REPAIRED,)
    match found:
        case Address(address, key, domain, own_flags):
            return address, key, domain, FLAG_SEPARATOR.join((*flags, *own_flags)), "", ""
        case Malformed(detail, suggestion):
            return "", "", "", "", detail, suggestion
