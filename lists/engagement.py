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
    verdicts = [verdict(cell, oldest) for cell in cells]
    filled = [cell.strip() for cell in cells if cell.strip()]
    unreadable = [text for text in filled if day_of(text) is None]
    refuse_unreadable(len(unreadable), len(filled), next(iter(unreadable), ""), column)
    return verdicts


def verdict(cell: str, oldest: date) -> Engagement:
    """Judge one cell by the oldest day that still counts as active."""
    day = day_of(cell.strip())
    if day is None:
        return Engagement.UNKNOWN
    return Engagement.INACTIVE if day < oldest else Engagement.ACTIVE


def refuse_unreadable(unreadable: int, filled: int, example: str, column: str) -> None:
    """Raise ListError where most of the cells that are not blank hold no date."""
    if unreadable * 2 > filled:
        raise ListError(
            f"the column {column!r} (list.last_engaged_column) holds {example[:40]!r}, "
            "which is no date: write dates as 2026-01-31."
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


def day_of(text: str) -> date | None:
    """Return the day of an ISO 8601 date or date and time, or None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
