"""Times as people write them, in zones whose clocks are put forward and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import local_times
from mail.errors import MailError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
    "Africa/Casablanca",
)


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-12-01 09:00", "Europe/Berlin", "2026-12-01 08:00"),
        ("2026-07-01 09:00", "Europe/Berlin", "2026-07-01 07:00"),
        ("2026-07-01T09:00:00", "America/New_York", "2026-07-01 13:00"),
        (" 2026-07-01 09:00 ", "UTC", "2026-07-01 09:00"),
        ("2026-07-01 09:00Z", "Europe/Berlin", "2026-07-01 09:00"),
        # The hour that comes twice, told apart by its offset.
        ("2026-10-25 02:30+02:00", "Europe/Berlin", "2026-10-25 00:30"),
        ("2026-10-25 02:30+01:00", "Europe/Berlin", "2026-10-25 01:30"),
    ],
)
def test_a_time_means_a_moment(text: str, zone: str, utc: str) -> None:
    at = local_times.moment(text, ZoneInfo(zone), NOW)
    assert f"{at:%Y-%m-%d %H:%M}" == utc


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-29 02:30", "does not exist in Europe/Berlin"),
        ("2026-03-29 02:30", "write 2026-03-29 03:30"),
        ("2026-10-25 02:30", "write 2026-10-25 02:30+02:00 or 2026-10-25 02:30+01:00"),
        ("2025-12-01 09:00", "is over"),
        ("tomorrow at nine", "is no time: write it such as 2026-12-01 09:00"),
        ("2026-12-01", "has no hour: write it such as 2026-12-01 09:00"),
        ("", "is no time"),
        ("2026-13-01 09:00", "is no time"),
    ],
)
def test_what_means_no_moment_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(MailError, match=told.replace("+", r"\+")):
        local_times.moment(text, ZoneInfo("Europe/Berlin"), NOW)


@given(
    st.datetimes(min_value=datetime(2026, 1, 2), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - by the wall.
    st.sampled_from(ZONES),
)
def test_what_is_taken_reads_the_same_on_the_wall(written: datetime, zone: str) -> None:
    there, text = ZoneInfo(zone), f"{written:%Y-%m-%d %H:%M}"
    try:
        at = local_times.moment(text, there, NOW)
    except MailError:
        # Only around a change of the clocks.
        noon = written.replace(hour=12, tzinfo=there)
        around = {(noon + timedelta(days=days)).utcoffset() for days in (-1, 0, 1)}
        assert len(around) > 1
        return
    assert f"{at.astimezone(there):%Y-%m-%d %H:%M}" == text


def test_a_moment_is_told_in_the_zone_and_in_utc() -> None:
    at = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    berlin = local_times.zone_of("Europe/Berlin")
    assert local_times.words(at, berlin) == "2026-12-01 09:00 in Europe/Berlin (2026-12-01 08:00 UTC)"
    assert local_times.words(at, local_times.zone_of("UTC")) == "2026-12-01 08:00 UTC"


@pytest.mark.parametrize("name", ["Berlin", "", "../etc/passwd", "Europe/Berlin "])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(MailError, match="is no time zone"):
        local_times.zone_of(name)
