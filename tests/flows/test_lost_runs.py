"""A run whose machine is lost does not stay Running: the shipped automation, on a Prefect server."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.states import Completed, Failed, Paused, Running, State, Suspended

pytestmark = pytest.mark.slow

FILE = Path(__file__).parents[2] / "automations" / "lost-runs.yaml"
# The shortest that Prefect takes.
WITHIN_SECONDS = 10
GIVE_UP_SECONDS = 120


@pytest.fixture
def automation(prefect_client: SyncPrefectClient) -> Iterator[None]:
    """The automation of the file, with less patience."""
    (described,) = yaml.safe_load(FILE.read_text("utf-8"))["automations"]
    found = AutomationCore.model_validate(described)
    assert isinstance(found.trigger, EventTrigger)
    found.trigger.within = timedelta(seconds=WITHIN_SECONDS)
    created = prefect_client.create_automation(found)
    yield
    prefect_client.delete_automation(created)


@flow(name="send-some")
def send_some() -> None:
    pass


def begun(client: SyncPrefectClient, *then: State) -> UUID:
    """Let a run begin, and go on to other states; nobody hears of it again."""
    run = client.create_flow_run(send_some)
    for state in (Running(), *then):
        client.set_flow_run_state(run.id, state, force=True)
    return run.id


def state_of(client: SyncPrefectClient, run: UUID) -> str:
    state = client.read_flow_run(run).state
    assert state is not None
    return str(state.name)


def lives(run: UUID) -> None:
    resource = {"prefect.resource.id": f"prefect.flow-run.{run}", "prefect.resource.name": "a run"}
    emit_event("prefect.flow-run.heartbeat", resource=resource)


def test_a_lost_run_is_crashed_and_no_other_is(automation: None, prefect_client: SyncPrefectClient) -> None:
    client = prefect_client
    ended = {
        name: begun(client, state)
        for name, state in (
            ("Halted", Failed(name="Halted")),
            ("GoesOnLater", Completed(name="GoesOnLater")),
            ("Refused", Failed(name="Refused")),
            ("Paused", Paused(timeout_seconds=3_600)),
            ("Suspended", Suspended(timeout_seconds=3_600)),
        )
    }
    alive, lost = begun(client), begun(client)
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while state_of(client, lost) == "Running" and time.monotonic() < give_up_at:
        lives(alive)
        time.sleep(1)
    assert state_of(client, lost) == "Crashed"
    assert "its machine or its process was lost" in str(client.read_flow_run(lost).state)
    assert state_of(client, alive) == "Running"
    assert {name: state_of(client, run) for name, run in ended.items()} == {name: name for name in ended}
