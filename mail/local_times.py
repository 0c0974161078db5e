"""A moment as a person writes it: by the wall's clock in a time zone, which leaves out and repeats hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mail.errors import MailError

_FORM = "%Y-%m-%d %H:%M"


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name. Raises MailError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise MailError(
            f"{name} is no time zone: write a name such as Europe/Berlin or America/New_York."
        ) from err


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the moment in UTC that `text`, such as `2026-12-01 09:00`, means in the zone.

    With an offset, as in `2026-10-25 02:30+01:00`, it means that. Raises MailError for what is no time, for
    one that the zone's clocks leave out or show twice, and for one that is over.
    """
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise MailError(f"{text} is no time: write it such as 2026-12-01 09:00.") from err
    if ":" not in text:
        raise MailError(f"{text} has no hour: write it such as {written:%Y-%m-%d} 09:00.")
    at = written.astimezone(UTC) if written.tzinfo is not None else _by_the_wall(written, zone)
    if at <= now:
        raise MailError(f"{words(at, zone)} is over: it is {words(now, zone)} now.")
    return at


def words(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in words: by the wall in the zone, and in UTC."""
    utc = f"{at.astimezone(UTC):{_FORM}} UTC"
    return utc if zone.key in ("UTC", "Etc/UTC") else f"{at.astimezone(zone):{_FORM}} in {zone.key} ({utc})"


def _by_the_wall(written: datetime, zone: ZoneInfo) -> datetime:
    first, second = (written.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    shown = f"{written:{_FORM}}"
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != written:
        after = first.astimezone(UTC).astimezone(zone)
        raise MailError(
            f"{shown} does not exist in {zone.key}, where the clocks are put forward then: "
            f"write {after:{_FORM}}, or another time."
        )
    if first.utcoffset() != second.utcoffset():
        choices = " or ".join(f"{shown}{_offset(each.utcoffset())}" for each in (first, second))
        raise MailError(
            f"{shown} comes twice in {zone.key}, where the clocks are put back then: write {choices}."
        )
    return first.astimezone(UTC)


def _offset(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
