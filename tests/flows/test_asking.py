"""A halted campaign that asks: the run pauses with a form, and every answer does what it says."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus

from sandbox import OutcomeRule
from tasks import asking

if TYPE_CHECKING:
    from conftest import Office, Ran

    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow

HARD = OutcomeRule(match="^hard", hard_bounce=1)
# By its type: a campaign that paused ends its run in a failed state that is called Paused too.
PAUSED = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])))
# Every third address is dead, so that a campaign halts in its first canary, and again after a resume.
BAD = [f"{'hard' if number % 3 == 0 else 'calm'}.{number}" for number in range(150)]
GIVE_UP_SECONDS = 60


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LOOK_SECONDS", 0.2)


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
                    said.append(answer["decision"])
                while waiting() is not None and time.monotonic() < until:
                    time.sleep(0.1)

        threads.append(Thread(target=answer_all))
        threads[-1].start()
        return said

    yield start
    for thread in threads:
        thread.join()


def ask_campaign(office: "Office", **halt: object) -> Path:
    office.world.control(outcomes=[HARD])
    return office.campaign(
        # Where no answer reaches the run, the test fails instead of waiting for a day.
        BAD,
        halt={"on_halt": "ask", "answer_hours": 0.05, **halt},
        send={"settle_seconds": 10, "rate_per_second": 50},
    )


def test_a_run_that_is_told_to_stop_stays_halted_with_who_said_so(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    file = ask_campaign(office)
    answering({"decision": "stop", "by": "Ada", "reason": "a bought list"})
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
        {"decision": "go on as is", "by": "Ada"},
        {"decision": "go on as is", "by": "Ada", "reason": "an outage of ours"},
        {"decision": "stop", "by": "Bo"},
    )
    ran = send(file)
    assert ran.code == 3, ran
    shown, report = office.last_run(), office.report()
    assert any("needs a reason" in line for line in shown.log)
    assert [epoch["number"] for epoch in report["epochs"]] == [1, 2]
    assert report["epochs"][1]["accepted"] > 0
    assert sorted(office.sent_to()) == sorted(set(office.sent_to()))
    assert [each["by"] for each in report["history"]][-3:] == ["Ada", "gate", "Bo"]
    assert len(shown.data("campaign-halt-spring-offer")) == 2


def test_dropping_the_domains_named_in_the_form_lets_the_rest_complete(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    file = ask_campaign(office)
    answering({"decision": "drop the bad domains and go on", "by": "Ada", "domains": "reader.example"})
    ran = send(file)
    assert ran.code in (0, 3), ran
    report = office.report()
    assert report["by_status"]["QUEUED"] == 0
    assert report["by_status"]["SUPPRESSED"] > 0
    assert any("left out" in each["reason"] for each in report["history"])


def test_a_decision_on_the_command_line_lets_the_paused_run_go_on(
    office: "Office", send: "Send", answering: Callable[..., list[str]]
) -> None:
    from mail import controls

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
