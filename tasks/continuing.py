"""Having a run go on by itself at a later time."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect import task
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.runtime import deployment, flow_run


@task(task_run_name="go on with {campaign}")
def schedule(campaign: str, at: float, occurrence: str) -> bool:
    """Schedule another run of this run's deployment, with its parameters, at UTC epoch seconds `at`.

    It is told the `occurrence`, for a recurring campaign would take its own day otherwise. Return False where
    the run belongs to no deployment: then a person starts it again. Scheduling the same twice gives one run.
    """
    if not deployment.id:
        return False
    with get_client(sync_client=True) as client:
        parameters: dict[str, Any] = client.read_flow_run(UUID(str(flow_run.id))).parameters
    begins = datetime.fromtimestamp(at, UTC)
    scheduled = run_deployment(
        UUID(str(deployment.id)),
        parameters=parameters | {"occurrence": occurrence},
        scheduled_time=begins,
        timeout=0,
        as_subflow=False,
        idempotency_key=f"{campaign} from {at:.0f}",
        # What it calls itself once it begins.
        flow_run_name=f"send {campaign}, {begins:%Y-%m-%d %H:%M} UTC",
    )
    return isinstance(scheduled, FlowRun)
