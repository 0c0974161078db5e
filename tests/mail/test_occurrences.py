"""The name of an occurrence: one for each local day, whatever becomes of clocks and of the naming."""

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from mail.occurrences import Due, Made, hours_of, label

DAY = timedelta(days=1)

# A zone and days around which its clock is changed, or some others.
ZONES = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Los_Angeles": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Santiago": (date(2026, 9, 6), date(2026, 4, 5)),
    "Atlantic/Azores": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
    "Asia/Kathmandu": (date(2026, 6, 1),),
    "Australia/Lord_Howe": (date(2026, 10, 4), date(2026, 4, 5)),
    "Pacific/Chatham": (date(2026, 9, 27), date(2026, 4, 5)),
    "Pacific/Kiritimati": (date(2026, 6, 1),),
    "Etc/GMT+12": (date(2026, 6, 1),),
    "UTC": (date(2026, 6, 1),),
}
TIMES = [
    "0:00",
    "0:30",
    "1:30",
    "2:30",
    "6:00",
    "10:15",
    "12:00",
    "13:30",
    "19:30",
    "20:30",
    "23:30",
    "23:59",
]
LATE = [timedelta(0), timedelta(minutes=59)]


def due(zone: str, day: date, time: str) -> Due:
    """Return when Prefect begins a daily run: in an hour that a night lacks, an hour before that."""
    hour, minute = map(int, time.split(":"))
    wall = datetime.combine(day, clock(hour, minute))
    there = ZoneInfo(zone)
    at = wall.replace(tzinfo=there).astimezone(UTC)
    if at.astimezone(there).replace(tzinfo=None) != wall:
        offset = (at + timedelta(hours=3)).astimezone(there).utcoffset()
        assert offset is not None
        at = (wall - offset).replace(tzinfo=UTC)
    return Due(at, zone, hours_of(f"{minute} {hour} * * *"), planned=True)


class Sent:
    """A ledger of names: a run sends where its name is new."""

    def __init__(self) -> None:
        self.made: dict[str, Made] = {}
        self.sent: list[date] = []

    def run(self, day: date, name: str, zone: str, at: datetime) -> None:
        if name not in self.made:
            self.made[name] = Made(zone, at)
            self.sent.append(day)


def days_of(zone: str) -> list[date]:
    return [change + n * DAY for change in ZONES[zone] for n in range(-4, 5)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_local_day_has_a_name_of_its_own_and_a_retry_has_the_same(zone: str) -> None:
    for time in TIMES:
        ledger = Sent()
        for day in days_of(zone):
            run = due(zone, day, time)
            for late in LATE:
                ledger.run(day, label(ledger.made.get, run), zone, run.at + late)
            assert label(ledger.made.get, run) == day.isoformat(), (time, day)
        assert ledger.sent == days_of(zone)


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("zone", ZONES)
def test_the_days_after_an_upgrade_are_neither_skipped_nor_repeated(zone: str, late: timedelta) -> None:
    """Before it names were days in UTC, and what shared one was left out: that is past, and stays so."""
    for change in ZONES[zone]:
        days = [change + n * DAY for n in range(-4, 5)]
        for time in TIMES:
            for first in range(1, len(days) - 1):
                ledger = Sent()
                for day in days[:first]:
                    run = due(zone, day, time)
                    ledger.run(day, run.at.date().isoformat(), "UTC", run.at + late)
                before = list(ledger.sent)
                # The last run before the upgrade is retried after it, where it had sent.
                if before[-1] == days[first - 1]:
                    last = due(zone, before[-1], time)
                    ledger.run(
                        before[-1], label(ledger.made.get, last), zone, last.at + late + timedelta(hours=2)
                    )
                for day in days[first:]:
                    run = due(zone, day, time)
                    for again in (timedelta(0), timedelta(hours=5)):
                        ledger.run(day, label(ledger.made.get, run), zone, run.at + late + again)
                assert ledger.sent == before + days[first:], (time, days[first])


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "UTC"])
def test_a_person_who_sent_today_before_the_upgrade_does_not_send_twice(zone: str) -> None:
    for day in days_of(zone):
        for hour in (9, 12, 15):
            morning = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            made = {morning.date().isoformat(): Made("UTC", morning)}
            for later in (timedelta(minutes=5), timedelta(hours=2)):
                again = Due(morning + later, zone)
                if again.at.astimezone(UTC).date() == morning.date():
                    assert label(made.get, again) in made, (day, hour)


def test_the_two_evenings_of_one_utc_day_in_new_york_have_two_names() -> None:
    saturday, sunday = (due("America/New_York", date(2026, 3, day), "19:30") for day in (7, 8))
    assert saturday.at.date() == sunday.at.date() == date(2026, 3, 8)
    assert label({}.get, saturday) == "2026-03-07"
    assert label({}.get, sunday) == "2026-03-08"
    # Saturday's was named by its UTC day: Sunday's name is taken.
    old = {"2026-03-08": Made("UTC", saturday.at + timedelta(minutes=1))}
    assert label(old.get, saturday) == "2026-03-08"
    assert label(old.get, sunday) == "2026-03-08-2"


def test_a_run_that_prefect_begins_an_hour_early_is_that_of_the_day_meant() -> None:
    night = due("America/Havana", date(2026, 3, 8), "0:30")
    assert night.at.astimezone(ZoneInfo("America/Havana")).isoformat() == "2026-03-07T23:30:00-05:00"
    assert night.day() == date(2026, 3, 8)
    assert due("America/Havana", date(2026, 3, 7), "23:30").day() == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        ("30 19 * * *", {19}),
        ("0 9-11,14 * * 1-5", {9, 10, 11, 14}),
        ("0 */8 * * *", {0, 8, 16}),
        ("0 20/2 * * *", {20, 22}),
        ("* * * * *", set(range(24))),
        ("@daily", {0}),
        ("@hourly", None),
        ("0 R * * *", None),
        ("x", None),
    ],
)
def test_the_hours_of_a_cron_line(cron: str, hours: set[int] | None) -> None:
    assert hours_of(cron) == hours


def test_a_campaign_keeps_its_zone_and_is_found_again_by_it(ledger, make_campaign, stage) -> None:
    from mail.occurrences import resolve

    at = datetime(2026, 3, 8, 0, 30, tzinfo=UTC)
    campaign = make_campaign(name="daily@{date}")
    with ledger.reading() as connection:
        assert resolve(connection, make_campaign(), Due(at)).name == "spring-offer"
        first = resolve(connection, campaign, Due(at, "America/New_York"))
    assert (first.name, first.timezone) == ("daily@2026-03-07", "America/New_York")
    stage.enqueue(1, name=first.name, timezone=first.timezone)
    with ledger.reading() as connection:
        assert resolve(connection, campaign, Due(at, "America/New_York")).name == first.name
        # The same run with its schedule moved to another zone goes on with it as well.
        assert resolve(connection, campaign, Due(at, "UTC")).name == first.name
        assert resolve(connection, campaign, Due(at + DAY, "UTC")).name == "daily@2026-03-09"


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "America", "../etc/passwd", "New York", "/etc/localtime", "EST5"]
)
def test_a_time_zone_that_there_is_not_is_refused(make_campaign, zone: str) -> None:
    with pytest.raises(ValidationError, match="must be a time zone's name, such as Europe/Berlin"):
        make_campaign(timezone=zone)
