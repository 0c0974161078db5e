"""What a person can do to a campaign."""

import pytest
from sqlalchemy import update

from ledger import campaigns
from ledger.campaigns import State
from ledger.errors import CampaignConflict, CampaignNotFound
from ledger.schema import campaign
from ledger.statuses import Status
from mail import controls

BY = {"by": "Ada", "reason": "wrong offer"}


def test_a_halt_latches_with_who_and_why(stage) -> None:
    stage.enqueue(100)
    stage.send(recipients=40)
    controls.halt(stage.ledger, "spring-offer", **BY)
    stored = stage.stored()
    assert stored.state is State.HALTED
    assert stored.halt == {
        "rule": "manual",
        "k": 0,
        "n": 40,
        "known": 0,
        "at": stage.clock.now,
        "by": "Ada",
        "reason": "wrong offer",
    }
    assert stage.send().ended == State.HALTED
    assert stage.finish() is State.HALTED
    assert stage.count() == {Status.SENT: 40, Status.QUEUED: 60}


@pytest.mark.parametrize("enqueuing", [False, True])
def test_a_second_halt_keeps_its_reason_in_the_history_and_changes_nothing(stage, enqueuing: bool) -> None:
    stage.enqueue(10)
    if enqueuing:
        with stage.ledger.writing() as connection:
            connection.execute(update(campaign).values(state=State.ENQUEUING))
    controls.halt(stage.ledger, "spring-offer", **BY)
    first = stage.stored()
    stage.clock.tick(60)
    controls.halt(stage.ledger, "spring-offer", by="Bo", reason="me too")
    assert stage.stored() == first
    with stage.ledger.reading() as connection:
        first_halt, second_halt = campaigns.history(connection, first.id)[-2:]
    assert (first_halt.by, first_halt.reason) == ("Ada", "wrong offer")
    assert (second_halt.by, second_halt.reason, second_halt.at) == ("Bo", "me too", stage.clock.now)
    assert second_halt.from_state is second_halt.to_state is first.state


def test_a_resume_after_a_halt_begins_an_epoch_and_forgets_the_halt(stage) -> None:
    stage.enqueue(100)
    stage.send(recipients=40)
    controls.halt(stage.ledger, "spring-offer", **BY)
    assert controls.resume(stage.ledger, "spring-offer", by="Ada", reason="mended") == 2
    stored = stage.stored()
    assert (stored.state, stored.epoch, stored.halt) == (State.RUNNING, 2, None)
    stage.send()
    assert {row["epoch"] for row in stage.rows()[:40]} == {1}
    assert {row["epoch"] for row in stage.rows()[40:]} == {2}
    assert stage.count() == {Status.SENT: 100}
    with stage.ledger.reading() as connection:
        history = campaigns.history(connection, stored.id)
    assert [(change.to_state, change.by, change.reason) for change in history[2:]] == [
        (State.HALTED, "Ada", "wrong offer"),
        (State.RUNNING, "Ada", "mended"),
    ]
    assert history[2].halt is not None


def test_a_resume_after_a_pause_goes_on_in_the_same_epoch(stage, raising, client_error) -> None:
    stage.enqueue(10)
    stage.ses.steps[1] = raising(client_error("ExpiredTokenException", 403))
    stage.send()
    assert stage.stored().state is State.PAUSED
    assert controls.resume(stage.ledger, "spring-offer", **BY) == 1
    stage.send()
    assert stage.count() == {Status.SENT: 10}


def test_a_paused_campaign_can_be_halted(stage, raising, client_error) -> None:
    stage.enqueue(10)
    stage.ses.steps[1] = raising(client_error("ExpiredTokenException", 403))
    stage.send()
    controls.halt(stage.ledger, "spring-offer", **BY)
    assert stage.stored().state is State.HALTED


def test_only_a_stopped_campaign_can_be_resumed(stage) -> None:
    stage.enqueue(1)
    with pytest.raises(CampaignConflict, match=r"^campaign spring-offer is RUNNING: only a HALTED or PAUSED"):
        controls.resume(stage.ledger, "spring-offer", **BY)
    stage.send()
    assert stage.finish() is State.COMPLETED
    with pytest.raises(
        CampaignConflict, match=r"^campaign spring-offer is COMPLETED: only a HALTED or PAUSED"
    ):
        controls.resume(stage.ledger, "spring-offer", **BY)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_cancelled_campaign_keeps_what_was_sent_and_cancels_the_rest(stage, stopped: bool) -> None:
    stage.enqueue(100)
    stage.send(recipients=40)
    if stopped:
        controls.halt(stage.ledger, "spring-offer", **BY)
    assert controls.cancel(stage.ledger, "spring-offer", **BY) == 60
    assert stage.stored().state is State.CANCELLED
    assert stage.count() == {Status.SENT: 40, Status.CANCELLED: 60}
    assert stage.send().ended == State.CANCELLED


@pytest.mark.parametrize("action", [controls.halt, controls.resume, controls.cancel])
def test_what_is_over_or_not_there_is_one_sentence(stage, action) -> None:
    with pytest.raises(CampaignNotFound, match=r"^no campaign is named nobodys: "):
        action(stage.ledger, "nobodys", **BY)
    stage.enqueue(1)
    controls.cancel(stage.ledger, "spring-offer", **BY)
    with pytest.raises(CampaignConflict, match=r"^campaign spring-offer is CANCELLED"):
        action(stage.ledger, "spring-offer", **BY)
    assert stage.stored().change_reason == "wrong offer"
