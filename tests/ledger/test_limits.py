"""A rate that all workers share: no second grants more than the rate and one grant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import limits

RATE = 100.0


def take(scene, recipients: int, name: str = "account", rate: float = RATE) -> float:
    with scene.ledger.writing() as connection:
        return limits.take(connection, name, recipients, rate)


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
            wait = limits.take(connection, "account", recipients, RATE)
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


def test_an_unused_grant_is_given_back(scene) -> None:
    take(scene, 10)
    take(scene, 50)
    with scene.ledger.writing() as connection:
        limits.give_back(connection, "account", 50, RATE)
    assert take(scene, 10) == pytest.approx(0.1, abs=1e-6)


def test_what_is_given_back_after_an_idle_time_makes_no_burst(scene, frozen) -> None:
    take(scene, 10)
    frozen.tick(60)
    with scene.ledger.writing() as connection:
        limits.give_back(connection, "account", 10, RATE)
    assert [take(scene, 10), take(scene, 10)] == pytest.approx([0.0, 0.1], abs=1e-6)


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
