"""Several runs for one campaign: parts beside its own run, and runs that Prefect starts twice."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import StateType

from mail import controls
from sandbox import Failure, FailureKind

if TYPE_CHECKING:
    from conftest import Office, Ran

    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow


def readers(number: int) -> list[str]:
    return [f"calm.{each}" for each in range(number)]


def begun(office: "Office", send: "Send", everybody: list[str]) -> Path:
    """Enqueue a campaign by a run that SES refuses, and let it go on; return its file."""
    office.world.control(failures=[Failure(kind=FailureKind.EXPIRED_TOKEN)])
    assert send(office.campaign(everybody, send={"settle_seconds": 0})).code == 4
    office.world.control(failures=[])
    with office.ledger() as ledger:
        controls.resume(ledger, "spring-offer", by="ann", reason="mended")
    return office.campaign(everybody)


@pytest.fixture
def part_deployment(prefect_client: SyncPrefectClient) -> Iterator[None]:
    """A deployment `send-part` that no worker serves."""
    from flows.send_part import send_part

    flow_id = prefect_client.create_flow(send_part)
    deployment_id = prefect_client.create_deployment(
        flow_id, "send-part", parameter_openapi_schema=send_part.parameters.model_dump()
    )
    yield
    prefect_client.delete_deployment(deployment_id)


def test_without_a_deployment_for_parts_the_run_sends_for_all_of_them(office: "Office", send: "Send") -> None:
    ran = send(office.campaign(readers(90), send={"settle_seconds": 20, "runs": 2, "workers": 2}))
    assert ran.code == 0, ran
    assert sorted(office.sent_to()) == sorted(f"{each}@reader.example" for each in readers(90))
    shown = office.last_run()
    assert [line for line in shown.log if line.startswith("there is no deployment send-part/send-part")]
    # Two runs of two workers each: four chunks side by side.
    assert {each.name for each in shown.task_runs} >= {f"send spring-offer #{n}" for n in (1, 2, 3, 4)}


def test_parts_that_never_begin_are_taken_back(
    office: "Office", send: "Send", part_deployment: None, prefect_client: SyncPrefectClient
) -> None:
    ran = send(office.campaign(readers(60), send={"settle_seconds": 20, "runs": 3}))
    assert ran.code == 0, ran
    assert office.report()["by_status"]["DELIVERED"] == 60
    parts = [run for run in prefect_client.read_flow_runs() if "part" in run.parameters]
    assert sorted(run.parameters["part"] for run in parts) == [2, 3]
    assert {run.parameters["campaign"] for run in parts} == {"spring-offer"}
    assert [run.state and run.state.type for run in parts] == [StateType.CANCELLED] * 2
    # The page of the campaign's own run shows them as its sub-runs.
    steps = [prefect_client.read_task_run(run.parent_task_run_id) for run in parts if run.parent_task_run_id]
    (own,) = {step.flow_run_id for step in steps if step.flow_run_id}
    assert len(steps) == 2
    assert prefect_client.read_flow_run(own).name.startswith("send spring-offer, ")


def test_after_a_halt_or_a_retry_there_are_new_parts(
    office: "Office", part_deployment: None, prefect_client: SyncPrefectClient
) -> None:
    from flows import _parts

    @flow
    def starts_twice() -> list[UUID]:
        parts = [*_parts.start("spring-offer", 2, 1), *_parts.start("spring-offer", 2, 1)]
        _parts.end(parts)
        return parts

    assert len(set(starts_twice())) == 2


def test_a_part_sends_what_nobody_has_claimed_and_leaves_the_rest_to_the_campaigns_own_run(
    office: "Office", send: "Send"
) -> None:
    from flows.send_part import send_part

    file = begun(office, send, readers(200))
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda part: send_part("spring-offer", part, return_state=True), (2, 3)))
    assert all(state.is_completed() for state in states)
    assert sorted(office.sent_to()) == sorted(f"{each}@reader.example" for each in readers(200))
    assert office.stored().state == "RUNNING"
    assert send(file).code == 0
    assert len(office.sent_to()) == 200


def twice(file: Path) -> list[Any]:
    """Run the flow two times at once; return the final states."""
    from flows.send_campaign import send_campaign

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda path: send_campaign(path, return_state=True), [str(file)] * 2))


def test_a_run_that_is_started_twice_mails_nobody_twice(office: "Office", send: "Send") -> None:
    file = begun(office, send, readers(300))
    office.world.control(failures=[Failure(kind=FailureKind.ACCEPT_THEN_WAIT, seconds=0.3)])
    assert [state.name for state in twice(file)] == ["Completed"] * 2
    assert sorted(office.sent_to()) == sorted(f"{each}@reader.example" for each in readers(300))
    assert office.stored().state == "COMPLETED"


def test_of_two_runs_the_one_that_breaks_does_not_stop_the_other(
    office: "Office", send: "Send", monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import _parts

    turns = itertools.count(1)
    both = threading.Barrier(2, timeout=60)
    start = _parts.start

    def breaking(*arguments: Any) -> Any:
        turn = next(turns)
        # Each run attends to the campaign by now.
        both.wait()
        if turn == 2:
            raise RuntimeError("out of memory")
        return start(*arguments)

    file = begun(office, send, readers(100))
    monkeypatch.setattr(_parts, "start", breaking)
    assert sorted(state.name for state in twice(file)) == ["Completed", "Failed"]
    assert office.stored().state == "COMPLETED"
    assert len(office.sent_to()) == len(set(office.sent_to())) == 100
