"""Which occurrence of a recurring campaign a run is: the local day on which it was due, and the name of that.

A name means a day in the zone that it was made with, and the stored campaign keeps that zone. Campaigns from
before zones were kept, and those of a schedule whose zone was changed, were named by other days: neither is a
day sent twice under two names, nor is it left out because its name stands for another day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ledger import campaigns
from mail.campaign_file import OCCURRENCE, Campaign

UTC_ZONE = "UTC"
# The mark of a day whose name was used for another day, before the zone was known.
SECOND = "-2"
_DAY = timedelta(days=1)
# A clock is put forward by at most two hours (Antarctica/Troll); who looks so far ahead sees it done.
_LONGEST_GAP = timedelta(hours=3)
# A scheduled run that began so late enqueued after the midnight that follows.
_LATEST_BEGIN = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Due:
    """When a run was to begin, and in which zone that is a day.

    `hours` are those at which its schedule begins runs; None where a person, or an unknown schedule, did.
    """

    at: datetime
    zone: str = UTC_ZONE
    hours: frozenset[int] | None = None
    planned: bool = False

    def day(self, zone: str = "") -> date:
        """Return the day of the run on the wall's calendar: in its own zone, or as another zone names it."""
        there = ZoneInfo(zone or self.zone)
        local = self.at.astimezone(there)
        if not zone and self.hours is not None and local.hour not in self.hours:
            # Prefect begins 00:30 of a night without a 00:30 an hour early, at 23:30 of the day before.
            after = (self.at + _LONGEST_GAP).astimezone(there).utcoffset() or timedelta()
            meant = (self.at.astimezone(UTC) + after).replace(tzinfo=None)
            if meant.hour in self.hours:
                return meant.date()
        return local.date()


def hours_of(cron: str) -> frozenset[int] | None:
    """Return the hours at which a cron line begins runs, or None where it is not one that we read."""
    if cron.startswith("@"):
        return frozenset({0}) if cron in ("@daily", "@midnight", "@weekly", "@monthly", "@yearly") else None
    fields = cron.split()
    if len(fields) < 5:
        return None
    hours: set[int] = set()
    for part in fields[1].split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = "0", "23"
        elif not last:
            last = "23" if step else first
        if not (first.isdecimal() and last.isdecimal() and (step or "1").isdecimal()):
            return None
        hours |= set(range(int(first), int(last) + 1, int(step or "1")))
    return frozenset(hours)


@dataclass(frozen=True, slots=True)
class Made:
    """A stored campaign: the zone whose day its name is, and when it was made."""

    zone: str
    at: datetime


def resolve(connection: Connection, campaign: Campaign, due: Due) -> Campaign:
    """Return the campaign under the name of its occurrence, with its zone: the one stored, where it is."""
    if OCCURRENCE not in campaign.name:
        return campaign

    def made(label: str) -> Made | None:
        found = campaigns.find(connection, campaign.name.replace(OCCURRENCE, label))
        if found is None:
            return None
        zone = str(found.definition.get("timezone") or UTC_ZONE)
        return Made(zone, datetime.fromtimestamp(found.created_at, UTC))

    return named(campaign, label(made, due), due.zone)


def named(campaign: Campaign, label: str, zone: str) -> Campaign:
    """Return the campaign under the name with this label, such as 2026-11-22, in place of `{date}`."""
    return campaign.model_copy(
        update={"name": campaign.name.replace(OCCURRENCE, label), "timezone": campaign.timezone or zone}
    )


def label(stored: Callable[[str], Made | None], due: Due) -> str:
    """Return what stands for `{date}` in the name of a run's campaign, given what is stored by label."""
    day = due.day()
    near = due.at.astimezone(UTC).date()
    found = {
        name: (each, made)
        for each in (near - _DAY, near, near + _DAY)
        for name in (each.isoformat(), each.isoformat() + SECOND)
        if (made := stored(name)) is not None
    }
    for name, (named_day, made) in found.items():
        if made.zone == due.zone and named_day == day:
            return name
    for name, (named_day, made) in found.items():
        if made.zone != due.zone and _is_same(made, named_day, due):
            return name
    plain = day.isoformat()
    return plain if plain not in found else plain + SECOND


def _is_same(made: Made, named_day: date, due: Due) -> bool:
    """Return whether a campaign that was named by another zone's day is the run's own.

    Its name must be the one that the run would have got there. Two runs can have the same there: a run due at
    19:30 in New York, the evening before the clocks are put forward and that evening. A campaign was not made
    before its run was due, unless a person sent it earlier on that day.
    """
    if named_day != due.day(made.zone):
        return False
    if made.at >= due.at:
        return True
    there = ZoneInfo(due.zone)
    if due.planned:
        before = (due.at.astimezone(there) - _DAY).astimezone(UTC)
        if before <= made.at < before + _LATEST_BEGIN:
            return False
    return made.at.astimezone(there).date() == due.day()
