"""A moment as a person reads it: in UTC, and beside it what the clock on the wall says."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


def shown(at: float, zone: str = "", *, seconds: bool = True) -> str:
    """Return UTC epoch seconds as `2026-11-22 09:30:21 UTC (10:30:21 CET)`.

    The zone is a campaign's own, or this machine's where it is "". What is the same as UTC is not repeated,
    and the day stands there where it is another one.
    """
    there: tzinfo | None = ZoneInfo(zone) if zone else None
    moment = datetime.fromtimestamp(at, UTC)
    local = moment.astimezone(there)
    clock = "%H:%M:%S" if seconds else "%H:%M"
    text = f"{moment:%Y-%m-%d {clock}} UTC"
    if not local.utcoffset():
        return text
    day = "" if local.date() == moment.date() else "%Y-%m-%d "
    return f"{text} ({local:{day}{clock}} {_name(local, zone)})"


def _name(local: datetime, zone: str) -> str:
    """Return how people call the time there: `CET`, or where it has no letters `+03, Europe/Istanbul`."""
    name = local.tzname() or ""
    return name if name.isalpha() or not zone else f"{name}, {zone}"
