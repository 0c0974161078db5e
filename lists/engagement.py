"""Who has not opened, clicked or ordered for long, by a column of the list or by the ledger's history."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from lists import dates
from lists.errors import ListError


class Engagement(StrEnum):
    """What a last-engaged cell says."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


# The ordinal of no day, before every other: nothing is known.
NEVER = 0


def day_of(cell: str, today: date) -> int:
    """Return the ordinal of the day in a cell that is a date, NEVER where nobody can have been engaged then.

    A zero date, one in the future, and one of which the day and the month are not certain say nothing.
    """
    written = dates.read(cell)
    if written is None or written.moment is None:
        return NEVER
    day = written.moment.date()
    return day.toordinal() if dates.is_possible(day, today) else NEVER


def is_date(cell: str) -> bool:
    """Tell whether a cell can be read as a date, were it a zero date; one that can mean two days cannot."""
    written = dates.read(cell)
    return written is not None and len(written.moments) < 2


def refuse_unreadable(
    unreadable: int, filled: int, example: str, column: str, key: str = "list.last_engaged_column"
) -> None:
    """Raise ListError where most of the cells that are not blank hold no date."""
    if unreadable * 2 > filled:
        raise ListError(
            f"the column {column!r} ({key}) holds {example[:40]!r}, which is no date: "
            "write dates as 2026-01-31."
        )


def judge_times(times: Sequence[float | None], *, after_days: int, today: date) -> list[Engagement]:
    """Judge since when each person has been silent (epoch seconds); None is UNKNOWN and drops nobody."""
    oldest = today - timedelta(days=after_days)
    return [
        Engagement.UNKNOWN
        if at is None
        else (Engagement.INACTIVE if day_at(at) < oldest else Engagement.ACTIVE)
        for at in times
    ]


def day_at(epoch_seconds: float) -> date:
    """Return the day of a moment, in UTC."""
    return datetime.fromtimestamp(epoch_seconds, UTC).date()
