"""How many requests an owner may make, by a clock that a test moves."""

import pytest

from api.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_second_of_requests_may_come_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    pace = Pace(2, clock)
    assert [pace.wait_seconds(1) for _ in range(2)] == [0, 0]
    assert pace.wait_seconds(1) == pytest.approx(0.5)
    clock.now += 0.5
    assert pace.wait_seconds(1) == 0
    assert pace.wait_seconds(1) > 0


def test_idle_time_is_saved_for_one_second_alone() -> None:
    clock = Clock()
    pace = Pace(2, clock)
    pace.wait_seconds(1)
    clock.now += 60
    assert [pace.wait_seconds(1) > 0 for _ in range(3)] == [False, False, True]


def test_one_owner_does_not_use_up_anothers() -> None:
    pace = Pace(1, Clock())
    assert pace.wait_seconds(1) == 0
    assert pace.wait_seconds(1) > 0
    assert pace.wait_seconds(2) == 0


def test_a_rate_of_zero_lets_all_pass() -> None:
    pace = Pace(0, Clock())
    assert [pace.wait_seconds(1) for _ in range(5)] == [0] * 5
