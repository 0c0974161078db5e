"""A rate that all workers share: no second grants more than the rate and one grant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import limits
from ledger.limits import Grant

RATE = 100.0


def take(scene, recipients: int, name: str = "account", rate: float = RATE) -> float:
    with scene.ledger.writing() as connection:
        return limits.take(connection, name, recipients, rate).wait_seconds


def most_in_a_second(grants: list[tuple[float, int]]) -> int:
    """Return the most recipients that start within any one second."""
    return max(sum(recipients for at, recipients in grants if begin <= at < begin + 1) for begin, _ in grants)


@given(
    calls=st.lists(
        st.tuples(st.integers(1, 10), st.sampled_from([0.0, 0.0, 0.0, 0.03, 0.25, 2.0])),
        min_size=1,
        max_size=60,
    )
)
def test_no_second_grants_more_than_the_rate_and_one_grant(calls, trial, frozen) -> None:
    with trial() as connection:
        grants = []
        for recipients, pause in calls:
            frozen.tick(pause)
            wait = limits.take(connection, "account", recipients, RATE).wait_seconds
            assert wait >= 0
            grants.append((frozen.now + wait, recipients))
        # A microsecond for the arithmetic of times that are counted since 1970.
        assert most_in_a_second([(round(at, 6), n) for at, n in grants]) <= RATE + 10


def test_grants_are_spaced_by_the_rate(scene) -> None:
    assert [take(scene, 10) for _ in range(4)] == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=1e-6)


def test_idle_time_is_not_saved_for_a_burst(scene, frozen) -> None:
    take(scene, 10)
    frozen.tick(3600)
    assert [take(scene, 10) for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2], abs=1e-6)


def test_limits_of_different_names_do_not_wait_for_each_other(scene) -> None:
    take(scene, 100)
    assert take(scene, 10, name="campaign spring-offer") == 0.0


def book(scene, recipients: int) -> Grant:
    with scene.ledger.writing() as connection:
        return limits.take(connection, "account", recipients, RATE)


def give_back(scene, grant: Grant) -> None:
    with scene.ledger.writing() as connection:
        limits.give_back(connection, grant)


def test_an_unused_grant_is_given_back(scene) -> None:
    take(scene, 10)
    give_back(scene, book(scene, 50))
    assert take(scene, 10) == pytest.approx(0.1, abs=1e-6)


def test_a_grant_after_which_others_booked_is_lost_and_not_given_back(scene) -> None:
    take(scene, 10)
    unused = book(scene, 10)
    assert take(scene, 10) == pytest.approx(0.2, abs=1e-6)
    give_back(scene, unused)
    # Given back, it would stand at 0.2 s, where the other one's call is.
    assert take(scene, 10) == pytest.approx(0.3, abs=1e-6)


def test_what_is_given_back_after_an_idle_time_makes_no_burst(scene, frozen) -> None:
    unused = book(scene, 10)
    frozen.tick(60)
    give_back(scene, unused)
    assert [take(scene, 10), take(scene, 10)] == pytest.approx([0.0, 0.1], abs=1e-6)


def test_a_late_worker_catches_up_as_far_as_it_may(scene, frozen) -> None:
    def late() -> float:
        with scene.ledger.writing() as connection:
            return limits.take(connection, "account", 5, RATE, 0.05).wait_seconds

    assert [late(), late(), late()] == pytest.approx([0.0, 0.0, 0.05], abs=1e-6)
    # The next place is 100 ms ahead, and it comes 30 ms late: the one after that is where it would have been.
    frozen.tick(0.13)
    assert [late(), late()] == pytest.approx([0.0, 0.02], abs=1e-6)
    # An hour is not caught up with.
    frozen.tick(3600)
    assert [late(), late(), late()] == pytest.approx([0.0, 0.0, 0.05], abs=1e-6)


@pytest.mark.parametrize("used_before", [True, False])
def test_a_hold_grants_nothing_for_its_time(scene, frozen, used_before) -> None:
    if used_before:
        take(scene, 10)
    with scene.ledger.writing() as connection:
        limits.hold(connection, "account", 30)
    frozen.tick(10)
    assert take(scene, 10) == pytest.approx(20.0, abs=1e-6)


def test_a_shorter_hold_does_not_end_a_longer_one(scene) -> None:
    take(scene, 10)
    with scene.ledger.writing() as connection:
        limits.hold(connection, "account", 30)
        limits.hold(connection, "account", 1)
    assert take(scene, 10) == pytest.approx(30.0, abs=1e-6)


def test_a_slower_rate_holds_from_the_next_grant(scene) -> None:
    take(scene, 10)
    assert take(scene, 10, rate=10.0) == pytest.approx(0.1, abs=1e-6)
    assert take(scene, 10, rate=10.0) == pytest.approx(1.1, abs=1e-6)
