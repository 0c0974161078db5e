"""When and where a run was due, and whether it comes too late: a schedule's does, a person's never."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import CreatedBy, DeploymentSchedule, FlowRun
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

from flows import _due
from mail.errors import MailError

DUE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)


@pytest.mark.parametrize(
    ("changes", "late", "missed"),
    [
        ({"auto_scheduled": True, "created": DUE - timedelta(days=3)}, TWO_HOURS, True),
        ({"auto_scheduled": True, "created": DUE - timedelta(days=3)}, timedelta(minutes=59), False),
        # A retry is a person's word.
        ({"auto_scheduled": True, "created": DUE - timedelta(days=3), "run_count": 2}, TWO_HOURS, False),
        # Pressed, and then no worker was there for two hours.
        ({"created": DUE}, TWO_HOURS, False),
        ({"created": DUE + timedelta(seconds=1)}, TWO_HOURS, False),
        # A person who set a time meant that time.
        ({"created": DUE - timedelta(hours=8)}, TWO_HOURS, True),
    ],
)
def test_only_what_was_planned_for_an_earlier_time_is_missed(
    changes: dict[str, Any], late: timedelta, missed: bool
) -> None:
    run = FlowRun(
        **{"flow_id": uuid4(), "name": "send", "expected_start_time": DUE, "run_count": 1} | changes
    )
    assert bool(_due.missed_by(run, DUE + late, 3_600)) is missed


NEW_YORK, BERLIN = (
    DeploymentSchedule(id=uuid4(), schedule=CronSchedule(cron="30 19 * * *", timezone=zone), active=True)
    for zone in ("America/New_York", "Europe/Berlin")
)
NAMELESS = DeploymentSchedule(id=uuid4(), schedule=CronSchedule(cron="30 9 * * *"), active=True)
DAILY = DeploymentSchedule(
    id=uuid4(), schedule=IntervalSchedule(interval=timedelta(days=1), timezone="Asia/Kathmandu"), active=True
)
OFF = BERLIN.model_copy(update={"active": False})


def begun_by(schedule: DeploymentSchedule | None) -> FlowRun:
    by = None if schedule is None else CreatedBy(id=schedule.id, type="SCHEDULE", display_value="evenings")
    return FlowRun(flow_id=uuid4(), name="send", auto_scheduled=schedule is not None, created_by=by)


@pytest.mark.parametrize(
    ("run", "schedules", "timezone", "zone", "hours"),
    [
        (begun_by(NEW_YORK), [NEW_YORK, BERLIN], "", "America/New_York", {19}),
        (begun_by(BERLIN), [NEW_YORK, BERLIN], "", "Europe/Berlin", {19}),
        (begun_by(BERLIN), [NEW_YORK, BERLIN], "Asia/Tokyo", "Asia/Tokyo", {19}),
        (begun_by(DAILY), [NEW_YORK, DAILY], "", "Asia/Kathmandu", None),
        (begun_by(NAMELESS), [NAMELESS], "", "UTC", {9}),
        # A person's run takes the deployment's zone, and a schedule that was replaced is no longer there.
        (begun_by(None), [NEW_YORK, OFF], "", "America/New_York", None),
        (begun_by(DAILY), [NEW_YORK], "", "America/New_York", {19}),
        (begun_by(None), [], "", "UTC", None),
        (begun_by(None), [NEW_YORK, BERLIN], "Asia/Tokyo", "Asia/Tokyo", None),
    ],
)
def test_the_zone_is_the_files_else_that_of_the_schedule(
    run: FlowRun, schedules: list[DeploymentSchedule], timezone: str, zone: str, hours: set[int] | None
) -> None:
    due = _due.due_by(run, DUE, schedules, timezone)
    assert (due.at, due.zone, due.hours) == (DUE, zone, hours)
    assert due.planned is run.auto_scheduled


def test_schedules_in_several_zones_ask_for_one_in_the_file_where_a_person_starts_the_run() -> None:
    with pytest.raises(MailError, match=r"\(America/New_York, Europe/Berlin\): write `timezone` into"):
        _due.due_by(begun_by(None), DUE, [NEW_YORK, BERLIN], "")
