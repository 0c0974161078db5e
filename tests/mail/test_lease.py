"""A worker's lease while it waits: renewed on the way, and lost where it is over."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from ledger.attempts import ClaimLost
from ledger.claims import LEASE_SECONDS, RENEW_AFTER_SECONDS, Claim
from ledger.schema import claim
from mail import claiming
from mail.lease import Lease


@pytest.fixture
def held(stage) -> Claim:
    stage.enqueue(3)
    found = claiming.claim(stage.ledger, "spring-offer", "worker-1", 3)
    assert isinstance(found, Claim)
    return found


@pytest.fixture
def lease(stage, held: Claim) -> Lease:
    return Lease(stage.ledger, held, stage.clock.sleep, stage.clock.read)


def _ends_in(stage) -> float:
    with stage.ledger.reading() as connection:
        return float(connection.execute(select(claim.c.leased_until)).scalar_one()) - stage.clock.now


def test_a_short_wait_renews_nothing(stage, lease: Lease) -> None:
    lease.wait(5)
    assert stage.clock.slept == [5]
    assert _ends_in(stage) == pytest.approx(LEASE_SECONDS - 5)


def test_a_long_wait_renews_on_the_way(stage, lease: Lease) -> None:
    lease.wait(130)
    assert sum(stage.clock.slept) == pytest.approx(130)
    assert max(stage.clock.slept) <= RENEW_AFTER_SECONDS
    assert _ends_in(stage) >= LEASE_SECONDS - RENEW_AFTER_SECONDS


def test_work_without_waiting_counts_as_well(stage, lease: Lease) -> None:
    stage.clock.tick(RENEW_AFTER_SECONDS)
    assert lease.is_due
    lease.wait(0)
    assert not lease.is_due
    assert _ends_in(stage) == pytest.approx(LEASE_SECONDS)


def test_a_lease_that_is_over_is_lost(stage, lease: Lease) -> None:
    stage.clock.tick(LEASE_SECONDS + 1)
    with pytest.raises(ClaimLost):
        lease.wait(0)


def test_a_claim_that_was_taken_over_is_lost(stage, held: Claim, lease: Lease) -> None:
    claiming.give_back(stage.ledger, held)
    stage.clock.tick(RENEW_AFTER_SECONDS)
    with pytest.raises(ClaimLost):
        lease.wait(0)


def test_what_takes_long_to_make_renews_between_one_and_the_next(stage, lease: Lease) -> None:
    def slowly() -> Iterator[int]:
        for number in range(5):
            stage.clock.tick(LEASE_SECONDS / 2)
            yield number

    assert list(lease.during(slowly())) == [0, 1, 2, 3, 4]
    assert _ends_in(stage) >= LEASE_SECONDS - RENEW_AFTER_SECONDS


def test_what_takes_too_long_to_make_is_lost(stage, lease: Lease) -> None:
    def too_slowly() -> Iterator[int]:
        stage.clock.tick(LEASE_SECONDS + 1)
        yield 0

    with pytest.raises(ClaimLost):
        list(lease.during(too_slowly()))
