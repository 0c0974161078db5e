"""Tallies and cohorts always equal what the messages amount to, whatever happened to them."""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from ledger import attempts, campaigns, claims, enqueueing, events, tallies, unsubscribes
from ledger.attempts import Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS
from ledger.schema import COHORT_SECONDS
from ledger.statuses import Count, Fact, Status
from ledger.tallies import Cohort

STEPS = ["claim", "intend", "record", "event", "wait", "recover", "release", "suppress", "leave", "resume"]

steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.integers(0, 11), st.sets(st.sampled_from(Fact))),
    max_size=30,
)


class Campaigner:
    """Takes random steps of a campaign of six on one connection."""

    def __init__(self, scene, connection: Connection, frozen, an_event) -> None:
        self.connection, self.frozen, self.an_event = connection, frozen, an_event
        self.id = enqueueing.enqueue(connection, scene.new(), [scene.messages(6)]).id
        self.held: list[claims.Claim] = []
        self.send_ids: list[str] = []
        self.numbers = itertools.count()

    def step(self, name: str, a: int, b: int, facts: set[Fact]) -> None:
        locked = campaigns.lock(self.connection, self.id)
        match name:
            case "claim" if locked.state is State.RUNNING:
                found = claims.candidates(self.connection, locked, a)
                self.held.append(claims.take(self.connection, locked, f"worker-{b}", found))
            case "intend" if self.held and self.held[a % len(self.held)].recipients:
                self._intend(locked, self.held[a % len(self.held)], b)
            case "record" if self.send_ids:
                answer = list(Answer)[b % len(Answer)]
                result = Result(self.send_ids[a % len(self.send_ids)], answer, f"ses-{a}", "said so")
                attempts.record(self.connection, [result])
            case "event" if self.send_ids:
                send_id = self.send_ids[a % len(self.send_ids)]
                at = self.frozen.now - 3 * b
                events.apply(self.connection, [self.an_event(send_id, *facts, at=at)])
            case "wait":
                self.frozen.tick(LEASE_SECONDS / 4)
            case "recover":
                claims.recover(self.connection, locked)
            case "release" if self.held:
                claims.release(self.connection, locked, self.held.pop(a % len(self.held)).id)
            case "suppress":
                found = claims.candidates(self.connection, locked, 1)
                claims.suppress(self.connection, locked, {item.message_id: "complaint" for item in found})
            case "leave" if self.held and (recipients := self.held[-1].recipients):
                of = recipients[a % len(recipients)].message_id
                unsubscribes.unsubscribe(self.connection, message_id=of, campaign_id=self.id, by="page")
            case "resume":
                to = State.HALTED if locked.state is State.RUNNING else State.RUNNING
                campaigns.change_state(self.connection, locked, to, by="Ada", reason="looked at it")

    def _intend(self, locked: campaigns.Campaign, held: claims.Claim, count: int) -> None:
        ids = {item.message_id: f"send-{next(self.numbers)}" for item in held.recipients[: count + 1]}
        try:
            with self.connection.begin_nested():
                attempts.commit_intent(self.connection, locked, held, "call", ids)
        except ClaimLost:
            return
        self.send_ids += ids.values()


@given(steps=steps)
def test_tallies_and_cohorts_equal_a_recount_after_any_steps(
    steps: list[tuple[str, int, int, set[Fact]]],
    scene,
    frozen,
    an_event,
    trial: Callable[[], AbstractContextManager[Connection]],
    hold_tallies_to_account: Callable[[Connection, int], None],
) -> None:
    with trial() as connection:
        campaigner = Campaigner(scene, connection, frozen, an_event)
        for step in steps:
            campaigner.step(*step)
        hold_tallies_to_account(connection, campaigner.id)


def test_totals_name_every_status_and_count_of_a_campaign_nobody_has_touched(scene) -> None:
    scene.enqueue(4)
    totals = scene.check_tallies()
    assert totals.by_status == dict.fromkeys(Status, 0) | {Status.QUEUED: 4}
    assert totals.counts == dict.fromkeys(Count, 0)
    assert (totals.recipients, totals.may_still_go, totals.accepted) == (4, 4, 0)
    assert (totals.bounce_rate, totals.complaint_rate) == (0.0, 0.0)


def test_rates_count_facts_over_what_ses_took_for_delivery(scene, an_event) -> None:
    sent = scene.sending(5)
    scene.record(*(Result(send_id, Answer.ACCEPTED) for send_id in sent))
    scene.apply(
        an_event(sent[0], Fact.HARD_BOUNCED),
        an_event(sent[0], Fact.COMPLAINED),
        an_event(sent[1], Fact.DELIVERED),
        an_event(sent[2], Fact.WITHHELD),
    )
    totals = scene.check_tallies()
    assert totals.by_status[Status.HARD_BOUNCED] == 0
    assert totals.accepted == 4
    assert totals.bounce_rate == pytest.approx(1 / 4)
    assert totals.complaint_rate == pytest.approx(1 / 4)


def test_cohorts_are_by_the_time_of_acceptance_and_the_very_old_are_one(scene, frozen, an_event) -> None:
    frozen.now -= frozen.now % COHORT_SECONDS
    begin = frozen.now
    sent = scene.sending(3)
    scene.record(Result(sent[0], Answer.ACCEPTED))
    frozen.tick(COHORT_SECONDS)
    scene.record(Result(sent[1], Answer.ACCEPTED))
    scene.apply(an_event(sent[0], Fact.HARD_BOUNCED, at=begin + 30, facts={Fact.HARD_BOUNCED: begin + 30}))
    scene.apply(an_event(sent[1], Fact.DELAYED, facts={Fact.DELAYED: begin + 40}))
    with scene.ledger.reading() as connection:
        campaign = campaigns.get(connection, "spring-offer")
        found = [
            tallies.cohorts(connection, campaign.id, campaign.epoch, begin + seconds)
            for seconds in (9, 19, 20)
        ]
        timeline = tallies.timeline(connection, campaign.id)
    apart = [Cohort(begin, 1, 1, 0, 1), Cohort(begin + COHORT_SECONDS, 1, 0, 1, 0)]
    assert found == [apart, apart, [Cohort(begin, 2, 1, 1, 1)]]
    assert timeline == [(begin, 1, 1, 1), (begin + COHORT_SECONDS, 1, 0, 0)]


def test_a_resumed_campaign_counts_its_new_epoch_alone(scene) -> None:
    scene.sending(2)
    scene.enqueue(3, name="other-list")
    with scene.locked("other-list") as (connection, locked):
        claims.take(connection, locked, "worker-1", claims.candidates(connection, locked, 1))
    scene.change(State.HALTED, "other-list")
    scene.change(State.RUNNING, "other-list")
    scene.claim(limit=1, name="other-list")
    with scene.ledger.reading() as connection:
        campaign = campaigns.get(connection, "other-list")
        epochs = [tallies.read(connection, campaign.id, epoch).recipients for epoch in (1, 2)]
    assert epochs == [2, 1]
    scene.check_tallies("other-list")
    assert scene.check_tallies().recipients == 2
