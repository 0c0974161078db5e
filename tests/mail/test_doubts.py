"""Messages in doubt: the evidence, the window, and what a person decides."""

import pytest
from botocore.exceptions import ReadTimeoutError

from ledger import campaigns, drains
from ledger.campaigns import State
from ledger.drains import LOOKS_APART_SECONDS
from ledger.errors import CampaignConflict
from ledger.events import apply
from ledger.incoming import Event
from ledger.statuses import Fact, Status
from mail import controls, doubts
from mail.doubts import WINDOW_SECONDS

NAME = "spring-offer"
BY = {"by": "ann", "reason": "the log says that it was down"}


@pytest.fixture
def doubtful(stage, raising):
    """A campaign of 60, whose first call of 50 was never answered."""
    stage.enqueue(60, name=NAME)
    stage.ses.steps[1] = raising(ReadTimeoutError(endpoint_url="https://email.example"))
    stage.send()
    assert stage.count() == {Status.IN_DOUBT: 50, Status.SENT: 10}
    return stage


def watch(stage, seconds: float) -> None:
    """Let time pass while somebody finds the queue empty again and again."""
    looks = int(seconds // LOOKS_APART_SECONDS) + 1
    for _ in range(looks + 1):
        with stage.ledger.writing() as connection:
            drains.note(connection)
        stage.clock.tick(seconds / looks)


def hear_of(stage, count: int) -> None:
    """Let SES say that it took the first `count` of the messages in doubt."""
    _, request = stage.ses.calls[0]
    tags = [entry["ReplacementTags"] for entry in request["BulkEmailEntries"][:count]]
    send_ids = [next(tag["Value"] for tag in found if tag["Name"] == "send_id") for found in tags]
    events = [
        Event(
            dedupe_key=send_id,
            kind="Send",
            ses_message_id=f"late-{send_id}",
            send_id=send_id,
            recipient=None,
            at=stage.clock.read(),
            facts={Fact.ACCEPTED: stage.clock.read()},
            raw="{}",
            verified=True,
        )
        for send_id in send_ids
    ]
    with stage.ledger.writing() as connection:
        apply(connection, events)


def test_the_evidence_is_how_many_of_the_same_call_were_heard_of(doubtful) -> None:
    hear_of(doubtful, 3)
    (call,) = doubts.listed(doubtful.ledger, NAME)
    assert (call.size, call.heard_of, call.messages, call.unconfirmed) == (50, 3, 47, 0)
    assert "ReadTimeoutError" in str(call.error)


def test_a_campaign_without_doubt_lists_none(stage) -> None:
    stage.enqueue(3, name=NAME)
    stage.send()
    assert doubts.listed(stage.ledger, NAME) == []


def test_the_window_counts_only_time_in_which_the_queue_was_seen_drained(doubtful) -> None:
    doubtful.clock.tick(2 * WINDOW_SECONDS)
    assert doubts.expire(doubtful.ledger, NAME) == 0
    watch(doubtful, WINDOW_SECONDS - LOOKS_APART_SECONDS)
    assert doubts.expire(doubtful.ledger, NAME) == 0
    watch(doubtful, 2 * LOOKS_APART_SECONDS)
    assert doubts.expire(doubtful.ledger, NAME) == 50
    assert doubtful.count() == {Status.UNCONFIRMED: 50, Status.SENT: 10}


def test_an_event_settles_even_what_was_given_up(doubtful) -> None:
    watch(doubtful, WINDOW_SECONDS + 2 * LOOKS_APART_SECONDS)
    doubts.expire(doubtful.ledger, NAME)
    hear_of(doubtful, 50)
    assert doubtful.count() == {Status.SENT: 60}


def test_nothing_in_doubt_is_sent_again_without_a_persons_word(doubtful) -> None:
    watch(doubtful, WINDOW_SECONDS + 2 * LOOKS_APART_SECONDS)
    doubts.expire(doubtful.ledger, NAME)
    doubtful.send()
    assert len(doubtful.ses.accepted) == 10
    assert doubtful.finish() is State.COMPLETED


@pytest.mark.parametrize("completed", [False, True])
def test_resending_opens_a_new_epoch_and_makes_a_new_attempt(doubtful, completed) -> None:
    if completed:
        watch(doubtful, WINDOW_SECONDS + 2 * LOOKS_APART_SECONDS)
        doubts.expire(doubtful.ledger, NAME)
        assert doubtful.finish() is State.COMPLETED
    settled = doubts.resend(doubtful.ledger, NAME, **BY)
    assert (settled.messages, settled.epoch) == (50, 2)
    assert doubtful.stored().state is State.RUNNING
    doubtful.send()
    assert doubtful.count() == {Status.SENT: 60}
    assert sorted(row["attempts"] for row in doubtful.rows()) == [1] * 10 + [2] * 50
    assert {row["epoch"] for row in doubtful.rows() if row["attempts"] == 2} == {2}


def test_resending_asks_the_suppression_list_again(doubtful) -> None:
    from ledger import suppressions
    from ledger.suppressions import Suppression, SuppressionReason

    key = doubtful.rows()[0]["address_key"]
    with doubtful.ledger.writing() as connection:
        suppressions.add(connection, [Suppression(key, SuppressionReason.MANUAL, source="test")])
    doubts.resend(doubtful.ledger, NAME, **BY)
    doubtful.send()
    assert doubtful.count() == {Status.SENT: 59, Status.SUPPRESSED: 1}


def test_a_halted_campaign_stays_halted_when_its_doubts_are_queued_again(doubtful) -> None:
    controls.halt(doubtful.ledger, NAME, by="ann", reason="a look first")
    doubts.resend(doubtful.ledger, NAME, **BY)
    assert doubtful.stored().state is State.HALTED
    doubtful.send()
    assert len(doubtful.ses.accepted) == 10


def test_what_is_assumed_sent_completes_the_campaign_and_is_not_counted_as_accepted(doubtful) -> None:
    assert doubts.assume_sent(doubtful.ledger, NAME, **BY).messages == 50
    assert doubtful.count() == {Status.SENT: 60}
    assert doubtful.finish() is State.COMPLETED
    with doubtful.ledger.reading() as connection:
        from ledger import tallies

        assert tallies.read(connection, doubtful.stored().id).accepted == 10


@pytest.mark.parametrize("decide", [doubts.resend, doubts.assume_sent])
def test_who_decided_and_why_is_kept(doubtful, decide) -> None:
    decide(doubtful.ledger, NAME, **BY)
    with doubtful.ledger.reading() as connection:
        last = campaigns.history(connection, doubtful.stored().id)[-1]
    assert last.by == "ann"
    assert BY["reason"] in last.reason
    assert "50" in last.reason


@pytest.mark.parametrize("decide", [doubts.resend, doubts.assume_sent])
def test_a_decision_about_nothing_is_refused(stage, decide) -> None:
    stage.enqueue(3, name=NAME)
    stage.send()
    with pytest.raises(CampaignConflict, match="nothing in doubt"):
        decide(stage.ledger, NAME, **BY)


def test_a_cancelled_campaign_sends_nothing_again(doubtful) -> None:
    controls.cancel(doubtful.ledger, NAME, by="ann", reason="over")
    with pytest.raises(CampaignConflict, match="CANCELLED"):
        doubts.resend(doubtful.ledger, NAME, **BY)
