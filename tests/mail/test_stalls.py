"""Campaigns that run while nobody attends: found, started anew a few times, left alone where they wait."""

import itertools

import pytest
from sqlalchemy import update

from ledger import campaigns
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS
from ledger.errors import CampaignNotFound
from ledger.schema import campaign
from mail import attending, claiming, controls, stalls, warm_up
from mail.stalls import RESTARTS_AN_HOUR, STALLED_AFTER_SECONDS

NAME = "spring-offer"
WAIT = STALLED_AFTER_SECONDS + 1.0
ANN = {"by": "ann", "reason": "mended"}


def found(stage) -> list[str]:
    with stage.ledger.reading() as connection:
        return [each.campaign for each in stalls.find(connection)]


@pytest.mark.parametrize(
    ("state", "waiting", "seconds", "planned"),
    list(itertools.product(State, (0, 1), (STALLED_AFTER_SECONDS - 1, STALLED_AFTER_SECONDS), (False, True))),
)
def test_only_a_running_campaign_with_something_to_send_and_nobody_there_is_stalled(
    state: State, waiting: int, seconds: float, planned: bool
) -> None:
    expected = (state, waiting, seconds, planned) == (State.RUNNING, 1, STALLED_AFTER_SECONDS, False)
    assert stalls.is_stalled(state, waiting, seconds, waits_by_plan=planned) is expected


def test_two_minutes_after_its_run_died_a_campaign_is_stalled(either_stage) -> None:
    stage = either_stage
    stage.enqueue(3)
    attending.begin(stage.ledger, NAME)
    claiming.claim(stage.ledger, NAME, "worker-1", 2)
    stage.clock.tick(LEASE_SECONDS)
    stage.clock.tick(STALLED_AFTER_SECONDS - 1)
    assert found(stage) == []
    stage.clock.tick(1)
    assert found(stage) == [NAME]
    # What recovers its claims leaves the record of when it died.
    stage.finish()
    claiming.claim(stage.ledger, NAME, "worker-2", 1)
    assert found(stage) == [NAME]


def test_a_run_that_attends_for_hours_keeps_it_from_being_stalled(stage) -> None:
    stage.enqueue(3)
    presence = attending.begin(stage.ledger, NAME)
    for _ in range(200):
        stage.clock.tick(LEASE_SECONDS - 1)
        attending.renew(stage.ledger, presence)
        assert found(stage) == []
    attending.end(stage.ledger, presence)
    stage.clock.tick(STALLED_AFTER_SECONDS - 1)
    assert found(stage) == []
    stage.clock.tick(1)
    assert found(stage) == [NAME]


def test_of_two_runs_the_one_that_lives_attends(stage) -> None:
    stage.enqueue(3)
    attending.begin(stage.ledger, NAME)
    alive = attending.begin(stage.ledger, NAME)
    for _ in range(5):
        stage.clock.tick(LEASE_SECONDS - 1)
        attending.renew(stage.ledger, alive)
    assert found(stage) == []


def test_a_campaign_that_was_resumed_and_that_nobody_sends_is_stalled(stage) -> None:
    stage.enqueue(3)
    controls.halt(stage.ledger, NAME, **ANN)
    stage.clock.tick(WAIT)
    assert found(stage) == []
    controls.resume(stage.ledger, NAME, **ANN)
    assert found(stage) == []
    stage.clock.tick(WAIT)
    assert found(stage) == [NAME]


@pytest.mark.parametrize("act", [controls.halt, controls.pause, controls.cancel])
def test_what_a_person_stopped_stays_stopped(stage, act) -> None:
    stage.enqueue(3)
    act(stage.ledger, NAME, **ANN)
    stage.clock.tick(WAIT)
    assert found(stage) == []
    assert stalls.take_restart(stage.ledger, NAME) is None


@pytest.mark.parametrize("state", [State.DRAFT, State.ENQUEUING])
def test_what_is_not_enqueued_yet_is_not_stalled(stage, state: State) -> None:
    stage.enqueue(3)
    with stage.ledger.writing() as connection:
        connection.execute(update(campaign).values(state=state))
    stage.clock.tick(WAIT)
    assert found(stage) == []


def test_a_campaign_of_which_everything_went_out_is_not_stalled(stage) -> None:
    stage.enqueue(3)
    stage.send()
    stage.clock.tick(WAIT)
    assert (stage.stored().state, found(stage)) == (State.RUNNING, [])


def test_a_warm_up_is_waited_for_until_its_next_day_and_two_minutes_more(stage) -> None:
    stage.enqueue(150, send={"warm_up": {"start": 100, "factor": 2, "days": 3}})
    with stage.ledger.reading() as connection:
        today = warm_up.today(connection, stage.stored())
    assert today is not None
    stage.send()
    stage.clock.tick(today.continues_at - stage.clock.now - 1)
    assert found(stage) == []
    stage.clock.tick(STALLED_AFTER_SECONDS)
    assert found(stage) == []
    stage.clock.tick(1)
    assert found(stage) == [NAME]


def test_a_clock_that_was_hours_ahead_hides_no_stall(stage) -> None:
    stage.clock.tick(36_000)
    stage.enqueue(3)
    stage.clock.tick(-36_000)
    attending.end(stage.ledger, attending.begin(stage.ledger, NAME))
    stage.clock.tick(WAIT)
    assert found(stage) == [NAME]


def test_a_run_is_started_anew_three_times_an_hour_and_the_history_says_so(either_stage) -> None:
    stage = either_stage
    stage.enqueue(3)
    taken = []
    for _ in range(RESTARTS_AN_HOUR + 1):
        stage.clock.tick(WAIT)
        taken.append(stalls.take_restart(stage.ledger, NAME))
        # The run that was started takes its time to begin.
        again = stalls.take_restart(stage.ledger, NAME)
        assert again is None or not again.may_restart
    assert [each is not None and each.may_restart for each in taken] == [True] * RESTARTS_AN_HOUR + [False]
    with stage.ledger.reading() as connection:
        history = campaigns.history(connection, stage.stored().id)
    restarts = [change for change in history if change.by == stalls.WATCH]
    assert len(restarts) == RESTARTS_AN_HOUR
    assert "3 recipients wait, and nobody sends to them since" in restarts[0].reason
    assert stage.stored().state is State.RUNNING
    stage.clock.tick(3_600)
    last = stalls.take_restart(stage.ledger, NAME)
    assert last is not None
    assert last.may_restart


def test_a_name_that_nobody_knows_is_refused(stage) -> None:
    with pytest.raises(CampaignNotFound):
        stalls.take_restart(stage.ledger, NAME)
