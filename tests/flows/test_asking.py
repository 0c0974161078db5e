"""A halted campaign that asks: the run waits with a form, and every answer does what it says.

`campaign send` waits in its own process; a run of a deployment ends its process with the question.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelled

from flows.send_campaign import send_campaign
from flows.watch_statuses import watch_statuses
from mail import controls
from sandbox import OutcomeRule
from tasks import campaign_runs, questions

if TYPE_CHECKING:
    from conftest import Deployed, Office, Ran

    Deploy = Callable[[object], Deployed]
    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow

HARD = OutcomeRule(match="^hard", hard_bounce=1)
# By its type: a campaign that paused ends its run in a failed state that is called Paused too.
PAUSED = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])))
# Every third address is dead, so that a campaign halts in its first canary, and again after a resume.
BAD = [f"{'hard' if number % 3 == 0 else 'calm'}.{number}" for number in range(150)]
GIVE_UP_SECONDS = 60
WAKE = campaign_runs.wake_decided.fn


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "LOOK_SECONDS", 0.2)


@pytest.fixture
def answering(prefect_client: SyncPrefectClient) -> Iterator[Callable[..., list[str]]]:
    """Return a function that gives each paused run the next answer, from a thread as a person would."""
    threads: list[Thread] = []

    def waiting() -> FlowRun | None:
        found = prefect_client.read_flow_runs(flow_run_filter=PAUSED, limit=1)
        return found[0] if found and found[0].state.state_details.run_input_keyset else None

    def resume(run: FlowRun, answer: dict[str, Any], until: float) -> None:
        # A run shows as paused a moment before its form is there to be answered.
        while prefect_client.resume_flow_run(run.id, run_input=answer).status != SetStateStatus.ACCEPT:
            assert time.monotonic() < until
            time.sleep(0.1)

    def start(*answers: dict[str, Any] | Callable[[], object]) -> list[str]:
        said: list[str] = []

        def answer_all() -> None:
            for answer in answers:
                until = time.monotonic() + GIVE_UP_SECONDS
                while (run := waiting()) is None and time.monotonic() < until:
                    time.sleep(0.1)
                assert run is not None
                if callable(answer):
                    answer()
                else:
                    resume(run, answer, until)
                    said.append(answer["by"])
                while waiting() is not None and time.monotonic() < until:
                    time.sleep(0.1)

        threads.append(Thread(target=answer_all))
        threads[-1].start()
        return said

    yield start
    for thread in threads:
        thread.join()


def ask_campaign(office: "Office", readers: Sequence[str] = BAD, **halt: object) -> Path:
    office.world.control(outcomes=[HARD])
    return office.campaign(
        readers,
        # Where no answer reaches the run, the test fails instead of waiting for a day.
        halt={"on_halt": "ask", "answer_hours": 0.05, **halt},
        send={"settle_seconds": 10, "rate_per_second": 50},
    )


def test_a_run_that_is_told_to_stop_stays_halted_with_who_said_so(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    file = ask_campaign(office)
    answering({"by": "Ada", "reason": "a bought list"})
    ran = send(file)
    assert ran.code == 3, ran
    assert office.last_run().state == "Halted"
    assert office.stored().state == "HALTED"
    assert office.report()["history"][-1]["by"] == "Ada"


def test_a_mistake_is_asked_again_and_a_list_that_is_still_bad_halts_within_its_canary(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    file = ask_campaign(office)
    answering(
        {"as_is": True, "by": "Ada"},
        # Domains to drop, and the switch for that is off.
        {"domains": "reader.example", "by": "Ada"},
        {"as_is": True, "by": "Ada", "reason": "an outage of ours"},
        {"by": "Bo"},
    )
    ran = send(file)
    assert ran.code == 3, ran
    shown, report = office.last_run(), office.report()
    assert any("needs a reason" in line for line in shown.log)
    assert any("*Domains to drop* is filled in" in line for line in shown.log)
    assert [epoch["number"] for epoch in report["epochs"]] == [1, 2]
    assert report["epochs"][1]["accepted"] > 0
    assert sorted(office.sent_to()) == sorted(set(office.sent_to()))
    assert [each["by"] for each in report["history"]][-3:] == ["Ada", "gate", "Bo"]
    assert len(shown.data("campaign-halt-spring-offer")) == 2


def test_dropping_the_domains_named_in_the_form_lets_the_rest_complete(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    file = ask_campaign(office)
    answering({"drop_domains": True, "by": "Ada", "domains": "reader.example"})
    ran = send(file)
    assert ran.code in (0, 3), ran
    report = office.report()
    assert report["by_status"]["QUEUED"] == 0
    assert report["by_status"]["SUPPRESSED"] > 0
    assert any("left out" in each["reason"] for each in report["history"])


def test_a_decision_on_the_command_line_lets_the_paused_run_go_on(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    def cancel() -> None:
        with office.ledger() as ledger:
            controls.cancel(ledger, "spring-offer", by="Bo", reason="enough")

    file = ask_campaign(office)
    answering(cancel)
    ran = send(file)
    assert ran.code == 1, ran
    assert office.last_run().state == "Cancelled"


def test_no_answer_in_time_means_stop(office: "Office", send: "Send") -> None:
    ran = send(ask_campaign(office, answer_hours=2 / 3600))
    assert ran.code == 3, ran
    assert office.last_run().state == "Halted"
    last = office.report()["history"][-1]
    assert (last["by"], last["to_state"]) == ("nobody", "HALTED")
    assert "no answer within" in last["reason"]


def small_campaign(office: "Office", answer_hours: float) -> Path:
    """Return a campaign that halts after ten messages."""
    halt = {"minimum_sample": 1, "ladder": [10], "unknown_at_most": 1_000_000}
    return ask_campaign(office, BAD[:30], answer_hours=answer_hours, **halt)


def test_a_run_of_a_deployment_waits_past_the_lease_of_its_slot_and_goes_on_in_a_new_process(
    office: "Office", deployed: "Deploy", prefect_client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Prefect renews the lease every 225 seconds, and ends the process that has it no more. Here: every 0.3.
    monkeypatch.setattr("prefect.concurrency._leases._RENEWAL_FRACTION", 0.001)
    here = deployed(send_campaign)
    run = here.create(campaign=str(small_campaign(office, answer_hours=24)))
    asked = here.process(run)
    assert asked.state is not None
    assert (asked.state.type, asked.state.name) == (StateType.PAUSED, "Suspended")
    assert not [each for each in threading.enumerate() if "lease" in each.name]
    # Nothing of the deployment's limit is held meanwhile.
    other = here.create()
    assert here.take_slot(other) == "Pending"
    prefect_client.set_flow_run_state(other, Cancelled())

    shown = here.shown(run, "schema")["properties"]
    assert {each["type"] for each in shown.values()} == {"boolean", "string"}
    waiting = office.report()["by_status"]["QUEUED"]
    assert f"{waiting} of the {waiting} who wait" in shown["drop_domains"]["description"]
    here.answer(run, by="Ada", domains="reader.example")
    again = here.process(run)
    assert again.state is not None
    assert again.state.name == "Suspended"
    assert "*Domains to drop* is filled in" in here.shown(run, "description")

    before = office.sent_to()
    here.answer(run, by="Ada", drop_domains=True)
    ended = here.process(run)
    assert ended.state is not None
    assert ended.state.is_final()
    assert "HALTED" not in office.stored().state
    assert [each["by"] for each in office.report()["history"]].count("Ada") == 1
    assert office.sent_to() == before
    assert ended.expected_start_time == asked.expected_start_time


def test_a_run_whose_process_has_ended_is_woken_by_a_decision_on_the_command_line(
    office: "Office", deployed: "Deploy", command: "Callable[..., Ran]"
) -> None:
    here = deployed(send_campaign)
    run = here.create(campaign=str(small_campaign(office, answer_hours=24)))
    here.process(run)
    # Nobody has decided, and its time is not over.
    assert WAKE() == []
    assert command("cancel", "spring-offer", "--by", "Bo", "--reason", "enough").code == 0
    ended = here.process(run)
    assert ended.state is not None
    assert (ended.state.name, ended.state.message) == ("Cancelled", "Campaign spring-offer was cancelled.")


def test_a_run_whose_process_has_ended_is_woken_where_prefect_was_told_of_no_decision(
    office: "Office", deployed: "Deploy"
) -> None:
    here = deployed(send_campaign)
    run = here.create(campaign=str(small_campaign(office, answer_hours=24)))
    here.process(run)
    with office.ledger() as ledger:
        controls.cancel(ledger, "spring-offer", by="Bo", reason="enough")
    watch_statuses()
    assert WAKE() == []
    assert here.take_slot(run) == "Pending"


def test_silence_past_the_time_to_answer_stops_a_run_whose_process_has_ended(
    office: "Office", deployed: "Deploy"
) -> None:
    here = deployed(send_campaign)
    run = here.create(campaign=str(small_campaign(office, answer_hours=1e-6)))
    here.process(run)
    assert len(WAKE()) == 1
    ended = here.process(run)
    assert ended.state is not None
    assert ended.state.name == "Halted"
    last = office.report()["history"][-1]
    assert (last["by"], last["to_state"]) == ("nobody", "HALTED")
