"""The gate applied: what is read, what is latched, and how a campaign ends."""

import pytest
from botocore.exceptions import ReadTimeoutError

from ledger import campaigns
from ledger.campaigns import State
from ledger.schema import COHORT_SECONDS
from ledger.statuses import Fact, Status
from ledger.tallies import Cohort
from ledger.transitions import read_states, save
from mail import controls, gatekeeping
from mail.claiming import claim
from mail.counts import Counts
from mail.gate_answers import Continue, Decision, Halt
from mail.pace import OFF_LADDER
from mail.policy import HaltRules


def learn(stage, fact: Fact, start: int, stop: int) -> None:
    """Add a fact to the messages at these positions."""
    ids = [row["id"] for row in stage.rows()[start:stop]]
    with stage.ledger.writing() as connection:
        campaigns.lock(connection, stage.stored().id)
        states = read_states(connection, ids).values()
        save(connection, [(each, each.with_facts({fact: stage.clock.now})) for each in states])


def counts(stage) -> Counts:
    with stage.ledger.reading() as connection:
        stored = stage.stored()
        return gatekeeping.counts_of(connection, stored, gatekeeping.policy_of(stored))


def review(stage) -> Decision:
    with stage.ledger.writing() as connection:
        return gatekeeping.review(connection, campaigns.lock(connection, stage.stored().id))


def test_the_policy_is_the_one_that_the_campaign_was_enqueued_with(stage) -> None:
    stage.enqueue(1, halt={"bounce_rate": 0.02, "minimum_sample": 50, "ladder": [10, 100]})
    assert gatekeeping.policy_of(stage.stored()) == HaltRules(
        bounce_rate=0.02, minimum_sample=50, ladder=(10, 100), unknown_at_most=1_000_000
    )


def test_counts_are_those_of_the_epoch_and_what_may_go_of_all(stage) -> None:
    stage.enqueue(300)
    stage.send(recipients=100)
    learn(stage, Fact.DELIVERED, 0, 30)
    learn(stage, Fact.HARD_BOUNCED, 30, 34)
    learn(stage, Fact.COMPLAINED, 0, 2)
    learn(stage, Fact.WITHHELD, 34, 40)
    learn(stage, Fact.DELAYED, 40, 43)
    young = Cohort(1_800_000_000.0, accepted=94, known=34, delayed=3, hard_bounced=4)
    assert counts(stage) == Counts(
        accepted=94,
        known=34,
        hard_bounced=4,
        complained=2,
        answers=100,
        may_still_go=200,
        to_claim=200,
        delayed=3,
        rung=OFF_LADDER,
        cohorts=(young,),
    )
    now = stage.clock.now
    assert (counts(stage).matured(now, 600).accepted, counts(stage).matured(now + 700, 600)) == (0, young)
    controls.halt(stage.ledger, "spring-offer", by="Ada", reason="a look")
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="looked")
    begin = stage.clock.now // COHORT_SECONDS * COHORT_SECONDS
    stage.send(recipients=50)
    found = counts(stage)
    assert (found.accepted, found.known, found.hard_bounced, found.complained) == (50, 0, 0, 0)
    assert (found.may_still_go, found.to_claim, found.delayed) == (150, 150, 0)
    assert found.cohorts == (Cohort(begin, 50, 0, 0, 0),)


def test_what_is_claimed_or_lately_in_doubt_is_underway(stage, raising) -> None:
    stage.enqueue(300)
    claim(stage.ledger, "spring-offer", "worker-1", 10)
    stage.ses.steps[1] = raising(ReadTimeoutError(endpoint_url="https://email.example"))
    stage.send(recipients=50)
    assert stage.count() == {Status.CLAIMED: 10, Status.IN_DOUBT: 50, Status.QUEUED: 240}
    assert counts(stage).underway == 60
    stage.clock.tick(600)
    assert counts(stage).underway == 10


def test_a_halt_is_latched_with_its_rule_and_figures(stage) -> None:
    stage.enqueue(300)
    stage.send(recipients=100)
    learn(stage, Fact.HARD_BOUNCED, 0, 15)
    decision = review(stage)
    assert isinstance(decision, Halt)
    stored = stage.stored()
    assert (stored.state, stored.changed_by, stored.change_reason) == (
        State.HALTED,
        gatekeeping.GATE,
        decision.reason,
    )
    assert stored.halt == {
        "rule": "certain",
        "k": 15,
        "n": 100,
        "known": 15,
        "reason": decision.reason,
        "at": stage.clock.now,
        "by": "gate",
    }
    # It stays as it was, whatever comes later.
    learn(stage, Fact.HARD_BOUNCED, 15, 40)
    assert isinstance(review(stage), Continue)
    assert stage.stored() == stored


def test_a_halted_campaign_stays_halted_when_its_run_ends(stage) -> None:
    stage.enqueue(300)
    stage.send(recipients=100)
    learn(stage, Fact.HARD_BOUNCED, 0, 15)
    review(stage)
    assert stage.finish() is State.HALTED


@pytest.mark.parametrize(("bounced", "state"), [(1, State.COMPLETED), (2, State.COMPLETED_BREACHED)])
def test_a_campaign_completes_when_nothing_may_go_any_more(stage, bounced: int, state: State) -> None:
    stage.enqueue(40)
    stage.send(recipients=30)
    assert stage.finish() is State.RUNNING
    stage.send()
    learn(stage, Fact.HARD_BOUNCED, 0, bounced)
    assert stage.finish() is state
    assert stage.stored().state is state
    assert (stage.stored().halt is not None) is (state is State.COMPLETED_BREACHED)
    assert stage.finish() is state


def test_a_pause_by_the_sender_has_its_text_and_does_not_undo_a_halt(stage) -> None:
    stage.enqueue(10)
    with stage.ledger.writing() as connection:
        gatekeeping.stop(connection, stage.stored().id, "The token is expired.")
    assert (stage.stored().state, stage.stored().change_reason) == (State.PAUSED, "The token is expired.")
    controls.halt(stage.ledger, "spring-offer", by="Ada", reason="wrong offer")
    with stage.ledger.writing() as connection:
        gatekeeping.stop(connection, stage.stored().id, "The token is expired.")
    assert (stage.stored().state, stage.stored().change_reason) == (State.HALTED, "wrong offer")


def test_a_paused_campaign_halts_when_the_bounces_of_what_went_out_come_in(stage) -> None:
    stage.enqueue(300)
    stage.send(recipients=100)
    with stage.ledger.writing() as connection:
        gatekeeping.stop(connection, stage.stored().id, "The token is expired.")
    learn(stage, Fact.HARD_BOUNCED, 0, 15)
    review(stage)
    assert stage.stored().state is State.HALTED


def test_complaints_warn_before_they_halt(stage) -> None:
    stage.enqueue(3_000)
    stage.send(recipients=2_000)
    learn(stage, Fact.COMPLAINED, 0, 3)
    found = review(stage)
    assert isinstance(found, Continue)
    assert found.warning.startswith("3 complaints of 2000 accepted")
    assert stage.stored().state is State.RUNNING
    learn(stage, Fact.COMPLAINED, 0, 6)
    assert isinstance(review(stage), Halt)
    assert stage.stored().state is State.HALTED
