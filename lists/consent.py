"""Who has agreed to be written to, where the list itself says so."""

from lists.engagement import day_of

# What people and systems put into a column of consent, lower case.
YES = frozenset(
    {"yes", "y", "true", "t", "1", "x", "on", "ok", "confirmed", "opted in", "opted-in", "opt-in"}
)


def is_confirmed(cell: str) -> bool:
    """Tell whether a cell says yes, or holds the date of a confirmation; everything else is no."""
    text = cell.strip().lower()
    return text in YES or day_of(text) is not None
