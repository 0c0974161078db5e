"""Taking back what was not sent yet, and nothing else."""

import pytest

from ledger.attempts import Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.cancelling import cancel_queued
from ledger.statuses import Fact, Status


def test_only_what_waits_is_cancelled(scene) -> None:
    scene.enqueue(5)
    held = scene.claim(limit=3)
    scene.intend(held, {held.recipients[0].message_id: "send-0", held.recipients[1].message_id: "send-1"})
    scene.record(Result("send-1", Answer.ACCEPTED))
    with scene.locked() as (connection, locked):
        assert cancel_queued(connection, locked) == 3
    assert scene.statuses() == [Status.SENDING, Status.SENT, *[Status.CANCELLED] * 3]
    assert scene.rows()[2]["claim_id"] is None
    scene.check_tallies()


def test_a_worker_whose_rows_were_cancelled_commits_no_intent(scene) -> None:
    scene.enqueue(1)
    held = scene.claim()
    with scene.locked() as (connection, locked):
        cancel_queued(connection, locked)
    with pytest.raises(ClaimLost):
        scene.intend(held, {held.recipients[0].message_id: "send-0"})
    assert scene.statuses() == [Status.CANCELLED]


def test_messages_of_every_epoch_are_cancelled_in_their_own_tally(scene) -> None:
    scene.enqueue(3)
    scene.claim(limit=1)
    scene.change(State.HALTED)
    scene.change(State.RUNNING)
    scene.claim(limit=1)
    with scene.locked() as (connection, locked):
        assert cancel_queued(connection, locked) == 3
    assert scene.statuses() == [Status.CANCELLED] * 3
    scene.check_tallies()


def test_proof_that_it_was_sent_outweighs_the_cancellation(scene, an_event) -> None:
    (send_id,) = scene.sending(1)
    scene.record(Result(send_id, Answer.NOT_SENT))
    with scene.locked() as (connection, locked):
        cancel_queued(connection, locked)
    assert scene.statuses() == [Status.CANCELLED]
    scene.apply(an_event(send_id, Fact.DELIVERED))
    assert scene.statuses() == [Status.DELIVERED]
    scene.check_tallies()


def test_cancelling_an_empty_queue_does_nothing(scene) -> None:
    scene.sending(1)
    with scene.locked() as (connection, locked):
        assert cancel_queued(connection, locked) == 0
    assert scene.statuses() == [Status.SENDING]
