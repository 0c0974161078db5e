"""The rate: a tenth of it a call, shared by all workers, and never granted above it."""

import pytest

from mail import rate
from mail.rate import Rate


@pytest.mark.parametrize(
    ("account", "campaign", "per_second", "call_size", "single"),
    [
        (1.0, 0.0, 1.0, 1, True),
        (10.0, 0.0, 10.0, 1, True),
        (14.0, 0.0, 14.0, 1, True),
        (20.0, 0.0, 20.0, 2, False),
        (200.0, 0.0, 200.0, 20, False),
        (499.0, 0.0, 499.0, 49, False),
        (500.0, 0.0, 500.0, 50, False),
        (9_000.0, 0.0, 9_000.0, 50, False),
        (500.0, 100.0, 100.0, 10, False),
        (500.0, 5.0, 5.0, 1, True),
        (50.0, 500.0, 50.0, 5, False),
        (0.5, 0.0, 0.5, 1, True),
    ],
)
def test_a_call_holds_a_tenth_of_the_slower_rate(
    account: float, campaign: float, per_second: float, call_size: int, single: bool
) -> None:
    found = Rate(account, campaign, "spring-offer")
    assert (found.per_second, found.call_size, found.single) == (per_second, call_size, single)


@pytest.mark.parametrize("per_second", [100.0, 500.0, 60.0, 1_000.0, 2_000.0])
def test_no_second_holds_more_than_the_rate_and_a_tenth(ledger, frozen, per_second: float) -> None:
    shared = Rate(per_second, 0.0, "spring-offer")
    granted: list[float] = []
    # Three workers ask in turn, each as soon as its last grant has come; in between all are idle once.
    for turn in range(90):
        wait = rate.take(ledger, shared, shared.call_size).wait_seconds
        granted.append(frozen.now + wait)
        if turn % 3 == 2:
            frozen.tick(wait)
        if turn == 44:
            frozen.tick(30)
    for start in granted:
        within = sum(shared.call_size for each in granted if start <= each < start + 1 - 1e-6)
        assert within <= 1.1 * per_second


def test_a_campaign_with_a_rate_of_its_own_leaves_the_rest_to_others(ledger, frozen) -> None:
    slow, other = Rate(500.0, 50.0, "slow"), Rate(500.0, 0.0, "other")
    assert rate.take(ledger, slow, 5).wait_seconds == 0
    assert rate.take(ledger, slow, 5).wait_seconds == pytest.approx(0.1)
    assert rate.take(ledger, other, 50).wait_seconds == pytest.approx(0.02)


def test_a_place_that_was_not_used_is_given_back(ledger, frozen) -> None:
    shared = Rate(100.0, 50.0, "spring-offer")
    rate.take(ledger, shared, 5)
    rate.give_back(ledger, rate.take(ledger, shared, 5))
    assert rate.take(ledger, shared, 5).wait_seconds == pytest.approx(0.1)


def test_a_hold_stops_everybody_for_its_time_and_is_never_shortened(ledger, frozen) -> None:
    shared = Rate(100.0, 0.0, "spring-offer")
    rate.take(ledger, shared, 10)
    rate.hold(ledger, shared, 8)
    rate.hold(ledger, shared, 0.5)
    assert rate.take(ledger, Rate(100.0, 0.0, "another"), 10).wait_seconds == pytest.approx(8)
