"""Who has not opened, clicked or ordered for long, by a column of the list."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from lists.errors import ListError


class Engagement(StrEnum):
    """What a last-engaged cell says."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


def judge(cells: Sequence[str], *, after_days: int, today: date, column: str) -> list[Engagement]:
    """Judge each cell: a date (or date and time) in ISO 8601, such as 2026-01-31.

    A blank or unreadable cell is UNKNOWN and drops nobody. Raises ListError where most of those that are not
    blank cannot be read, for then the column is another one or its dates are written otherwise.
    """
    oldest = today - timedelta(days=after_days)
    verdicts = []
    unreadable: list[str] = []
    for cell in cells:
        text = cell.strip()
        day = day_of(text)
        if day is None:
            verdicts.append(Engagement.UNKNOWN)
            if text:
                unreadable.append(text)
        else:
            verdicts.append(Engagement.INACTIVE if day < oldest else Engagement.ACTIVE)
    filled = sum(1 for cell in cells if cell.strip())
    if len(unreadable) * 2 > filled:
        raise ListError(
            f"the column {column!r} (list.last_engaged_column) holds {unreadable[0][:40]!r}, "
            "which is no date: write dates as 2026-01-31."
        )
    return verdicts


def day_of(text: str) -> date | None:
    """Return the day of an ISO 8601 date or date and time, or None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
