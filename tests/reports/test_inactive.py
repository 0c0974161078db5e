"""The figures of the inactive, without an address."""

from lists.inactivity import Inactive
from reports.inactive import markdown


def test_it_says_how_many_since_when_and_where_they_stand() -> None:
    told = markdown(Inactive(365, 1_200, 0, {"2025-01": 1_000, "2025-02": 200}, 1.0, "var/inactive.csv"))
    assert "**1,200** people got mail and have not opened or clicked any for 365 days or longer.\n" in told
    assert "| 2025-01 | 1,000 |\n| 2025-02 | 200 |\n" in told
    assert "`var/inactive.csv`" in told


def test_it_says_who_was_moved_out_and_that_silence_needs_opens() -> None:
    assert "**3** of them were moved out." in markdown(Inactive(30, 3, 3, {"2025-01": 3}, 1.0, "f"))
    assert "nobody can be called inactive" in markdown(Inactive(30, 0, 0, {}, None, "f"))
