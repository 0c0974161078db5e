"""A campaign that SES does not take stops and asks; it never ends as if it had been sent."""

from collections.abc import Mapping

import pytest

from ledger import campaigns, tallies
from ledger.campaigns import State
from ledger.statuses import Count, Fact, Status
from ledger.transitions import read_states, save
from mail import controls, gatekeeping
from mail.claiming import NoClaim, claim
from mail.policy import PRESETS
from mail.simulation import Scenario, simulate

TEXT = "Template data is too long."
REFUSED: Mapping[str, str] = {"Status": "INVALID_PARAMETER", "Error": TEXT}


def refusing(*places: int):
    """Return a step that takes a call but for the entries at these places."""
    return lambda fake, request: fake.accept(request, but=dict.fromkeys(places, REFUSED))


def refuse_all(fake, request):
    return {"BulkEmailEntryResults": [REFUSED] * len(request["BulkEmailEntries"])}


def tally(stage, count: Count, epoch: int | None = None) -> int:
    with stage.ledger.reading() as connection:
        return tallies.read(connection, stage.stored().id, epoch).counts[count]


def test_a_campaign_that_ses_rejects_halts_with_its_first_call(either_stage) -> None:
    either_stage.enqueue(300)
    either_stage.ses.always = refuse_all
    assert either_stage.send().ended == State.HALTED
    assert len(either_stage.ses.calls) == 1
    assert either_stage.count() == {Status.REJECTED: 50, Status.QUEUED: 250}
    halt = either_stage.stored().halt
    assert halt is not None
    assert (halt["rule"], halt["k"], halt["n"], halt["by"]) == ("rejected", 50, 50, "gate")
    assert halt["reason"] == (
        "Amazon SES rejected 50 of 50 (100 %) messages; the limit is 3 and 1 %. "
        "It says: INVALID_PARAMETER: Template data is too long."
    )


@pytest.mark.parametrize("recipients", [1, 2, 3, 60])
def test_a_campaign_of_which_ses_takes_nothing_is_halted_at_any_size(stage, recipients: int) -> None:
    stage.enqueue(recipients)
    stage.ses.always = refuse_all
    stage.send()
    assert stage.finish() is State.HALTED
    assert TEXT.rstrip(".") in stage.stored().change_reason
    # A run that is started again finds it as it was.
    assert stage.send().ended == State.HALTED
    assert stage.finish() is State.HALTED


@pytest.mark.parametrize("recipients", [1, 2, 3])
def test_single_mails_that_ses_refuses_halt_it_as_well(stage, raising, client_error, recipients: int) -> None:
    stage.enqueue(recipients)
    stage.ses.always = raising(client_error("MessageRejected", 400, "Header is too long."))
    stage.send(stage.work(5.0))
    assert stage.finish() is State.HALTED
    assert "Header is too long" in stage.stored().change_reason


def test_a_refusal_of_the_request_itself_counts_once_the_entry_is_alone(stage, raising, client_error) -> None:
    stage.enqueue(1)
    stage.ses.always = raising(client_error("BadRequestException", 400, "Too large."))
    stage.send()
    assert stage.finish() is State.HALTED


def test_a_resume_does_not_make_a_campaign_complete_of_which_ses_took_nothing(stage) -> None:
    stage.enqueue(2)
    stage.ses.always = refuse_all
    stage.send()
    stage.finish()
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="the rest is to go")
    assert stage.send().ended == "nothing_left"
    assert stage.finish() is State.COMPLETED_BREACHED
    halt = stage.stored().halt
    assert halt is not None
    assert (halt["rule"], halt["k"], halt["n"]) == ("rejected", 2, 2)


def test_a_few_rejections_among_many_stop_nothing(stage) -> None:
    stage.enqueue(400)
    stage.ses.steps[1] = refusing(3, 7)
    stage.ses.steps[7] = refusing(11)
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.REJECTED: 3, Status.SENT: 397}
    assert stage.finish() is State.COMPLETED


def test_one_percent_halts_with_the_call_that_reaches_it_and_no_intent_follows(either_stage) -> None:
    either_stage.enqueue(1_000)
    either_stage.ses.steps[1] = refusing(3, 7)
    either_stage.ses.steps[6] = refusing(11)
    assert either_stage.send().ended == State.HALTED
    assert len(either_stage.ses.calls) == 6
    assert either_stage.count() == {Status.REJECTED: 3, Status.SENT: 297, Status.QUEUED: 700}


def test_each_epoch_is_judged_by_its_own_answers(stage) -> None:
    stage.enqueue(1_000)
    stage.ses.steps[1] = refusing(0, 1, 2)
    assert stage.send().ended == State.HALTED
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="it was those three")
    stage.ses.steps[3] = refusing(0, 1)
    stage.ses.steps[20] = refusing(49)
    assert stage.send().ended == "nothing_left"
    assert [tally(stage, Count.REJECTED, epoch) for epoch in (1, 2)] == [3, 3]
    assert [tally(stage, Count.ANSWERED, epoch) for epoch in (1, 2)] == [50, 950]
    assert stage.finish() is State.COMPLETED


def test_what_we_never_offered_to_ses_is_no_answer_of_it(stage) -> None:
    stage.enqueue(100, refused=[f"jörg.{number}@reader.example" for number in range(20)])
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.SENT: 100, Status.REJECTED: 20}
    assert (tally(stage, Count.REJECTED), tally(stage, Count.ANSWERED)) == (0, 100)
    assert stage.finish() is State.COMPLETED


def test_the_rejections_of_a_worker_that_died_after_its_call_are_seen_by_the_next_claim(stage) -> None:
    stage.enqueue(100)
    stage.ses.always = refuse_all
    held = claim(stage.ledger, "spring-offer", "worker-0", 3)
    work = stage.work(owner="worker-0")
    # As a version without this rule would have left it: rejected, and running.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gatekeeping, "review", lambda *_: None)
        stage.send_claim(work, held)
    assert stage.stored().state is State.RUNNING
    found = claim(stage.ledger, "spring-offer", "worker-1", 50)
    assert isinstance(found, NoClaim)
    assert found.state is State.HALTED


def test_a_paused_campaign_halts_where_the_last_answers_are_refusals(stage) -> None:
    stage.enqueue(100)

    def suspend(fake, request):
        with stage.ledger.writing() as connection:
            controls_pause(connection, stage.stored().id)
        return refuse_all(fake, request)

    stage.ses.always = suspend
    stage.send()
    assert stage.stored().state is State.HALTED


def controls_pause(connection, campaign_id: int) -> None:
    gatekeeping.stop(connection, campaign_id, "The token is expired.")


@pytest.mark.parametrize(("found", "state"), [(2, State.RUNNING), (3, State.HALTED)])
def test_what_ses_finds_a_virus_in_afterwards_counts_as_rejected(stage, found: int, state: State) -> None:
    stage.enqueue(400)
    stage.send(recipients=300)
    with stage.ledger.writing() as connection:
        ids = [row["id"] for row in stage.rows()[:found]]
        states = read_states(connection, ids).values()
        save(connection, [(each, each.with_facts({Fact.REJECTED: stage.clock.now})) for each in states])
        gatekeeping.review(connection, campaigns.lock(connection, stage.stored().id))
    assert stage.stored().state is state


def test_an_address_in_the_text_of_ses_is_masked(stage) -> None:
    stage.enqueue(5)
    text = {"Status": "MESSAGE_REJECTED", "Error": "Address ann@reader.example is refused."}
    stage.ses.always = lambda fake, request: {"BulkEmailEntryResults": [text] * 5}
    stage.send()
    assert "ann@" not in stage.stored().change_reason
    assert "(address) is refused" in stage.stored().change_reason


@pytest.mark.parametrize("preset", PRESETS)
def test_a_simulated_campaign_stops_by_the_same_rule(preset) -> None:
    rules = PRESETS[preset]
    halted = simulate(Scenario(5_000, 200.0, 0.0, rejected=0.2), rules)
    assert halted.stopped is not None
    assert halted.stopped.rule == "rejected"
    assert halted.sent < 100
    one = simulate(Scenario(1, 200.0, 0.0, rejected=1.0), rules)
    assert one.stopped is not None
    assert (one.stopped.rule, one.stopped.k, one.stopped.n) == ("rejected", 1, 1)
    assert simulate(Scenario(5_000, 200.0, 0.0, rejected=0.0005), rules).stopped is None
