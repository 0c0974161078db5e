"""Who has not opened, clicked or ordered for long, by a column of the list or by the ledger's history."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
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


def day_of(text: str) -> date | None:
    """Return the day of an ISO 8601 date or date and time, or None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
