"""Whether a run comes too late by itself: a schedule's does, a person's never."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from flows import _due

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
