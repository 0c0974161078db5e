"""Of several runs that attend to a campaign, one that breaks leaves it to the others."""

from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS
from mail import attending, controls

NAME = "spring-offer"


def test_the_only_run_that_breaks_pauses_the_campaign(stage) -> None:
    stage.enqueue(3)
    presence = attending.begin(stage.ledger, NAME)
    assert not attending.break_off(stage.ledger, NAME, presence, "out of memory")
    assert (stage.stored().state, stage.stored().change_reason) == (State.PAUSED, "out of memory")


def test_of_two_runs_that_break_the_second_one_pauses_it(stage) -> None:
    stage.enqueue(3)
    first, second = (attending.begin(stage.ledger, NAME) for _ in range(2))
    assert attending.break_off(stage.ledger, NAME, first, "out of memory")
    assert stage.stored().state is State.RUNNING
    assert not attending.break_off(stage.ledger, NAME, second, "out of disk")
    assert stage.stored().change_reason == "out of disk"


def test_a_run_that_ended_or_died_carries_nothing_on(stage) -> None:
    stage.enqueue(3)
    ended, dead, last = (attending.begin(stage.ledger, NAME) for _ in range(3))
    attending.end(stage.ledger, ended)
    stage.clock.tick(LEASE_SECONDS / 2)
    attending.renew(stage.ledger, last)
    stage.clock.tick(LEASE_SECONDS / 2)
    assert dead != last
    assert not attending.break_off(stage.ledger, NAME, last, "out of memory")
    assert stage.stored().state is State.PAUSED


def test_a_halted_campaign_stays_halted(stage) -> None:
    stage.enqueue(3)
    presence = attending.begin(stage.ledger, NAME)
    controls.halt(stage.ledger, NAME, by="ann", reason="wrong price")
    attending.break_off(stage.ledger, NAME, presence, "out of memory")
    assert stage.stored().state is State.HALTED
