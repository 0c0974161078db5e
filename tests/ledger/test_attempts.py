"""Attempts: the intent that nobody without a right to it commits, and what each answer makes of a message."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from ledger import attempts, campaigns, claims
from ledger.attempts import MAX_FAILURES, Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS
from ledger.schema import attempt
from ledger.statuses import Fact, Status


def test_an_intent_makes_an_attempt_of_each_claimed_message(scene, frozen) -> None:
    scene.enqueue(3)
    held = scene.claim(limit=2)
    frozen.tick(5)
    ids = [item.message_id for item in held.recipients]
    scene.intend(held, {ids[0]: "send-0", ids[1]: "send-1"})
    assert scene.statuses() == [Status.SENDING, Status.SENDING, Status.QUEUED]
    found = _attempts(scene)
    assert [(row.message_id, row.number, row.send_id) for row in found] == [
        (ids[0], 1, "send-0"),
        (ids[1], 1, "send-1"),
    ]
    assert {(row.call_id, row.claim_id, row.started_at, row.result) for row in found} == {
        ("call-1", held.id, frozen.now, None)
    }
    scene.check_tallies()


def test_an_intent_is_refused_after_the_lease_ended(scene, frozen) -> None:
    held = _claimed(scene)
    frozen.tick(LEASE_SECONDS)
    _refused(scene, held)


def test_an_intent_is_refused_in_the_name_of_another(scene) -> None:
    held = _claimed(scene)
    _refused(scene, replace(held, owner="worker-2"))


@pytest.mark.parametrize("state", [State.HALTED, State.PAUSED, State.CANCELLED])
def test_an_intent_is_refused_when_the_campaign_no_longer_runs(scene, state) -> None:
    held = _claimed(scene)
    scene.change(state)
    _refused(scene, held)


def test_an_intent_is_refused_in_a_later_epoch(scene) -> None:
    held = _claimed(scene)
    scene.change(State.HALTED)
    scene.change(State.RUNNING)
    _refused(scene, held)


def test_an_intent_is_refused_when_one_row_moved_on(scene) -> None:
    held = _claimed(scene)
    scene.intend(held, {held.recipients[1].message_id: "send-0"})
    _refused(scene, held)


def test_an_intent_is_refused_for_rows_that_another_claim_holds_by_now(scene, frozen) -> None:
    held = _claimed(scene)
    frozen.tick(LEASE_SECONDS)
    scene.recover()
    later = scene.claim(limit=2, owner="worker-2")
    assert [item.message_id for item in later.recipients] == [item.message_id for item in held.recipients]
    _refused(scene, held)
    scene.intend(later, {item.message_id: f"s-{item.message_id}" for item in later.recipients})


def test_a_send_id_is_used_once(scene) -> None:
    held = _claimed(scene)
    scene.intend(held, {held.recipients[0].message_id: "send-0"})
    before = _everything(scene)
    with pytest.raises(Exception, match=r"send_id"):
        scene.intend(held, {held.recipients[1].message_id: "send-0"})
    assert _everything(scene) == before


# What each answer makes of a message that was SENDING: its status and its failures.
ANSWERS = [
    (Answer.ACCEPTED, Status.SENT, 0),
    (Answer.REJECTED, Status.REJECTED, 0),
    (Answer.NOT_SENT, Status.QUEUED, 0),
    (Answer.TRANSIENT, Status.QUEUED, 1),
    (Answer.SPLIT, Status.CLAIMED, 0),
    (Answer.UNKNOWN, Status.IN_DOUBT, 0),
]


def test_the_table_of_answers_names_every_answer() -> None:
    assert [answer for answer, _, _ in ANSWERS] == list(Answer)


@pytest.mark.parametrize(("answer", "status", "failures"), ANSWERS)
def test_an_answer_leads_to_its_status(scene, frozen, answer, status, failures) -> None:
    send_id = scene.sending(2)[0]
    frozen.tick(2)
    scene.record(Result(send_id, answer, "ses-0", "said so"))
    row, untouched = scene.rows()
    assert (row["status"], row["failures"], untouched["status"]) == (status, failures, Status.SENDING)
    found = _attempts(scene)[0]
    assert (found.result, found.ses_message_id, found.error) == (answer, "ses-0", "said so")
    assert found.answered_at == frozen.now
    assert (row["claim_id"] is None) == (status in (Status.QUEUED, Status.IN_DOUBT))
    scene.check_tallies()


def test_a_rejection_keeps_the_text_of_ses(scene) -> None:
    send_id = scene.sending(1)[0]
    scene.record(Result(send_id, Answer.REJECTED, text="the address is not valid"))
    assert scene.rows()[0]["detail"] == "the address is not valid"


# The same answers, when the lease was over before they came and the message had become IN_DOUBT.
LATE = [
    (Answer.ACCEPTED, Status.SENT),
    (Answer.REJECTED, Status.REJECTED),
    (Answer.NOT_SENT, Status.QUEUED),
    (Answer.TRANSIENT, Status.QUEUED),
    (Answer.SPLIT, Status.QUEUED),
    (Answer.UNKNOWN, Status.IN_DOUBT),
]


@pytest.mark.parametrize(("answer", "status"), LATE)
def test_a_late_answer_is_recorded(scene, frozen, answer, status) -> None:
    send_id = scene.sending(1)[0]
    frozen.tick(LEASE_SECONDS)
    scene.recover()
    assert scene.statuses() == [Status.IN_DOUBT]
    scene.record(Result(send_id, answer, "ses-0"))
    assert scene.statuses() == [status]
    assert _attempts(scene)[0].result == answer
    scene.check_tallies()


@pytest.mark.parametrize("answer", [answer for answer in Answer if answer is not Answer.ACCEPTED])
def test_an_old_attempts_answer_changes_nothing_of_a_message_that_was_sent_again(scene, answer) -> None:
    old = scene.sending(1)[0]
    scene.record(Result(old, Answer.NOT_SENT))
    scene.send_on("again")
    scene.record(Result(old, answer))
    assert scene.statuses() == [Status.SENDING]
    assert [(row.number, row.result) for row in _attempts(scene)] == [(1, answer), (2, None)]
    scene.check_tallies()


def test_an_old_attempts_acceptance_counts(scene) -> None:
    old = scene.sending(1)[0]
    scene.record(Result(old, Answer.NOT_SENT))
    scene.send_on("again")
    scene.record(Result(old, Answer.ACCEPTED))
    assert scene.statuses() == [Status.SENT]
    scene.check_tallies()


@pytest.mark.parametrize("answer", Answer)
def test_no_answer_takes_back_what_an_event_has_proved(scene, an_event, answer) -> None:
    send_id = scene.sending(1)[0]
    scene.apply(an_event(send_id, Fact.DELIVERED))
    scene.record(Result(send_id, answer))
    assert scene.statuses() == [Status.DELIVERED]
    scene.check_tallies()


def test_a_message_that_fails_transiently_too_often_failed(scene) -> None:
    scene.enqueue(1)
    for number in range(1, MAX_FAILURES + 1):
        assert scene.statuses() == [Status.QUEUED]
        (send_id,) = scene.send_on(f"try-{number}")
        scene.record(Result(send_id, Answer.TRANSIENT, text="try later"))
    assert scene.statuses() == [Status.FAILED]
    assert scene.rows()[0]["detail"] == "try later"
    assert scene.claim().recipients == ()
    assert MAX_FAILURES == 5
    scene.check_tallies()


def test_a_throttle_burns_none_of_the_attempts_of_a_message(scene) -> None:
    scene.enqueue(1)
    for number in range(2 * MAX_FAILURES):
        (send_id,) = scene.send_on(f"try-{number}")
        scene.record(Result(send_id, Answer.NOT_SENT))
    assert scene.statuses() == [Status.QUEUED]
    row = scene.rows()[0]
    assert (row["failures"], row["attempts"]) == (0, 2 * MAX_FAILURES)


def test_a_split_call_keeps_its_claim_for_a_smaller_one(scene) -> None:
    scene.enqueue(2)
    held = scene.claim()
    ids = [item.message_id for item in held.recipients]
    scene.intend(held, {ids[0]: "send-0", ids[1]: "send-1"})
    scene.record(Result("send-0", Answer.SPLIT), Result("send-1", Answer.SPLIT))
    assert scene.statuses() == [Status.CLAIMED] * 2
    assert {row["claim_id"] for row in scene.rows()} == {held.id}
    scene.intend(held, {ids[0]: "send-2"})
    assert scene.statuses() == [Status.SENDING, Status.CLAIMED]
    scene.check_tallies()


def test_no_answers_change_nothing(scene) -> None:
    scene.sending(1)
    before = _everything(scene)
    scene.record()
    assert _everything(scene) == before


def test_a_message_whose_content_cannot_be_made_fails_alone(scene) -> None:
    scene.enqueue(2)
    held = scene.claim()
    with scene.locked() as (connection, _):
        attempts.fail(connection, held.recipients[0].message_id, "no field first_name")
    assert scene.statuses() == [Status.FAILED, Status.CLAIMED]
    assert scene.rows()[0]["detail"] == "no field first_name"
    scene.check_tallies()


def test_a_message_that_is_no_longer_claimed_cannot_fail_to_render(scene) -> None:
    scene.sending(1)
    before = _everything(scene)
    message_id = scene.rows()[0]["id"]
    with scene.locked() as (connection, _):
        attempts.fail(connection, message_id, "no field first_name")
    assert _everything(scene) == before


def _claimed(scene) -> claims.Claim:
    scene.enqueue(3)
    return scene.claim(limit=2)


def _refused(scene, held: claims.Claim) -> None:
    """Assert that the intent for all rows of the claim is refused and writes nothing."""
    before = _everything(scene)
    ids = {item.message_id: f"never-{item.message_id}" for item in held.recipients}
    with pytest.raises(ClaimLost):
        scene.intend(held, ids)
    assert _everything(scene) == before
    scene.check_tallies()


def _attempts(scene):
    with scene.ledger.reading() as connection:
        return connection.execute(select(attempt).order_by(attempt.c.number, attempt.c.send_id)).all()


def _everything(scene):
    with scene.ledger.reading() as connection:
        campaign = campaigns.get(connection, "spring-offer")
        count = connection.execute(select(func.count()).select_from(attempt)).scalar_one()
    return scene.rows(), campaign, count, _attempts(scene)


@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.TRANSIENT, Answer.SPLIT])
def test_what_was_not_sent_is_cancelled_with_its_campaign(scene, answer) -> None:
    (send_id,) = scene.sending(1)
    scene.change(State.CANCELLED)
    scene.record(Result(send_id, answer))
    assert scene.statuses() == [Status.CANCELLED]
    scene.check_tallies()
