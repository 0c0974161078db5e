"""Campaigns that a schedule starts: the name of an occurrence, and what comes too late."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from mail import occurrences, scheduling
from mail.errors import MailError

DUE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOUR = 3_600.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weekly@{date}", "weekly@2026-11-22"),
        ("{date}-weekly", "2026-11-22-weekly"),
        ("spring-offer", "spring-offer"),
    ],
)
def test_each_day_of_a_recurring_campaign_has_a_name_of_its_own(make_campaign, name, expected) -> None:
    campaign = make_campaign(name=name)
    found = occurrences.named(campaign, "2026-11-22", "UTC")
    assert found == campaign.model_copy(update={"name": expected, "timezone": "UTC"})
    assert scheduling.is_recurring(campaign) == (name != expected)


@pytest.mark.parametrize(
    "name", ["weekly@{day}", "weekly@{date}{date}", "weekly@{{date}}", "x" * 91 + "{date}"]
)
def test_other_braces_and_names_that_would_grow_too_long_are_refused(make_campaign, name) -> None:
    with pytest.raises(ValidationError, match="is the day of the run"):
        make_campaign(name=name)


def test_an_occurrence_is_written_as_a_day() -> None:
    assert scheduling.label_of("2026-11-22") == "2026-11-22"
    assert scheduling.label_of("2026-11-22-2") == "2026-11-22-2"
    with pytest.raises(
        MailError, match=r"^the occurrence tomorrow is no day: write it such as 2026-11-22\.$"
    ):
        scheduling.label_of("tomorrow")


@pytest.mark.parametrize("late_seconds", [-60.0, 0.0, 30.0, HOUR])
def test_a_run_within_what_is_allowed_is_in_time(late_seconds) -> None:
    assert scheduling.missed(DUE, DUE + timedelta(seconds=late_seconds), HOUR) == ""


def test_short_times_are_told_in_seconds_and_minutes() -> None:
    assert "began 22 s late; no more than 20 s is" in scheduling.missed(DUE, DUE + timedelta(seconds=22), 20)
    assert "began 5 min late; no more than 1 min is" in scheduling.missed(DUE, DUE + timedelta(minutes=5), 60)


def test_a_run_that_comes_later_says_when_it_was_due_and_what_to_do() -> None:
    now = (DUE + timedelta(hours=2, minutes=10)).astimezone(timezone(timedelta(hours=1)))
    assert scheduling.missed(DUE, now, HOUR) == (
        "It was due at 2026-11-22 09:30 UTC and began 2 h 10 min late; no more than 1 h 0 min is allowed "
        "(send.allowed_lateness_seconds). Nothing was done. To send it all the same, retry this run."
    )
