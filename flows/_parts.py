"""More sending runs for one campaign, on the work pool: they share its ledger and its rate."""

import time
from uuid import UUID

from prefect import get_client, get_run_logger
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

DEPLOYMENT = "send-part/send-part"
# A part ends by itself when nothing is left to claim; it looks every few seconds.
_END_SECONDS = 30.0
_LOOK_SECONDS = 1.0


def start(campaign: str, runs: int, workers: int) -> list[UUID]:
    """Start the sending runs beside this one and return them: none where there is no such deployment.

    Each call starts new ones: those of a first try may be dead, and those from before a halt have ended.
    """
    started: list[UUID] = []
    for part in range(2, runs + 1):
        try:
            run = run_deployment(
                DEPLOYMENT,
                parameters={"campaign": campaign, "part": part, "workers": workers},
                timeout=0,
                flow_run_name=f"send {campaign} part {part}",
            )
        except ObjectNotFound:
            get_run_logger().warning(
                "there is no deployment %s: this run sends alone, by as many calls side by side", DEPLOYMENT
            )
            return []
        # In a flow that is not async, Prefect's functions are not either, whatever their types say.
        assert isinstance(run, FlowRun)
        started.append(run.id)
    return started


def end(parts: list[UUID]) -> None:
    """Wait for the parts to end, and take back those that never began; say what became of broken ones."""
    if not parts:
        return
    log = get_run_logger()
    until = time.monotonic() + _END_SECONDS
    with get_client(sync_client=True) as client:
        for part in parts:
            run = _ended(client, part, until)
            if run.state is None or not run.state.is_final():
                log.warning("%s has not ended by itself; it finds nothing more to claim", run.name)
            elif not run.state.is_completed() and not run.state.is_cancelled():
                log.warning("%s sent less than it could: %s", run.name, run.state.message)


def _ended(client: SyncPrefectClient, part: UUID, until: float) -> FlowRun:
    while True:
        run = client.read_flow_run(part)
        if run.state is None or run.state.is_final() or time.monotonic() >= until:
            return run
        if run.state.is_scheduled():
            client.set_flow_run_state(
                part, Cancelled(message="The campaign was over before a worker was free for this part.")
            )
        time.sleep(_LOOK_SECONDS)
