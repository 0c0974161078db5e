from datetime import UTC, date, datetime

import pytest

from lists.consent import is_confirmed
from lists.engagement import Engagement, judge, judge_times
from lists.errors import ListError

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("2026-11-22", Engagement.ACTIVE),
        (" 2026-10-23 ", Engagement.ACTIVE),
        ("2026-10-22", Engagement.INACTIVE),
        ("2026-10-22 23:59:59", Engagement.INACTIVE),
        ("2027-01-01", Engagement.ACTIVE),
        ("", Engagement.UNKNOWN),
        ("  ", Engagement.UNKNOWN),
        ("2026-02-30", Engagement.UNKNOWN),
    ],
)
def test_a_cell_is_older_than_the_limit_or_not_or_says_nothing(cell, verdict):
    known = ["2026-11-01", "2026-11-01"]
    assert judge([cell, *known], after_days=30, today=TODAY, column="seen")[0] is verdict


def test_dates_that_are_written_otherwise_are_an_error_with_an_example_of_the_right_form():
    with pytest.raises(ListError, match=r"'seen' .* '31/01/2026', which is no date: write"):
        judge(["31/01/2026", "", "2026-01-31", "28/02/2026"], after_days=30, today=TODAY, column="seen")


@pytest.mark.parametrize(
    ("cell", "confirmed"),
    [
        *((cell, True) for cell in ("yes", " Y ", "1", "Confirmed", "2026-01-31T10:00:00")),
        *((cell, False) for cell in ("", "no", "0", "pending", "yes?")),
    ],
)
def test_consent_is_a_clear_yes_or_the_day_of_it(cell, confirmed):
    assert is_confirmed(cell) is confirmed


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [
        (datetime(2026, 10, 23, tzinfo=UTC), Engagement.ACTIVE),
        (datetime(2026, 10, 22, 23, 59, 59, tzinfo=UTC), Engagement.INACTIVE),
        (None, Engagement.UNKNOWN),
    ],
)
def test_a_moment_is_judged_by_its_day_in_utc(moment, verdict):
    times = [moment and moment.timestamp()]
    assert judge_times(times, after_days=30, today=TODAY) == [verdict]
