from datetime import UTC, date, datetime

import pytest

from lists.engagement import NEVER, Engagement, day_of, is_date, judge_times, refuse_unreadable
from lists.errors import ListError

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        (" 2026-10-23 ", date(2026, 10, 23)),
        ("2026-10-22 23:59:59", date(2026, 10, 22)),
        ("2026-11-23", date(2026, 11, 23)),
        ("31.01.2026", date(2026, 1, 31)),
        ("1990-01-01", date(1990, 1, 1)),
        *((cell, None) for cell in ("2026-11-24", "2027-01-01", "9999-12-31", "1989-12-31", "1970-01-01")),
        *((cell, None) for cell in ("0000-00-00", "", "  ", "2026-02-30", "soon", "2026-11-01 unsubscribed")),
        *((cell, None) for cell in ("03/04/2026", "0", "46000")),
    ],
)
def test_a_cell_holds_a_day_on_which_somebody_can_have_been_engaged_or_says_nothing(cell, day):
    assert day_of(cell, TODAY) == (day.toordinal() if day else NEVER)


@pytest.mark.parametrize(
    ("cell", "readable"),
    [
        *((cell, True) for cell in ("2026-01-31", "0000-00-00", "1970-01-01 00:00:00", "31/01/2026")),
        *((cell, False) for cell in ("soon", "01/02/2026", "2026-01-31 bounced", "46000")),
    ],
)
def test_a_zero_date_is_a_date_and_what_can_be_two_days_is_none(cell, readable):
    assert is_date(cell) is readable


def test_dates_that_are_written_otherwise_are_an_error_with_an_example_of_the_right_form():
    with pytest.raises(ListError, match=r"'seen' .* '01/02/2026', which is no date: write"):
        refuse_unreadable(2, 3, "01/02/2026", "seen")
    refuse_unreadable(2, 4, "01/02/2026", "seen")


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
