"""Flows as deployments run them: each process of a run takes a slot, begins at the first line, and ends."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import ConcurrencyLimitConfig, FlowRun
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.states import Pending


class Deployed:
    """A deployment with room for one run at a time, and no worker but this process."""

    def __init__(self, client: SyncPrefectClient, flow: Flow[..., Any]) -> None:
        self._client = client
        self._flow = flow
        self.id: UUID = client.create_deployment(
            client.create_flow(flow),
            f"test-{uuid4().hex}",
            concurrency_limit=1,
            enforce_parameter_schema=False,
        )

    def create(self, **parameters: object) -> UUID:
        """Create a run, as *Run* in the pages does."""
        return self._client.create_flow_run_from_deployment(self.id, parameters=parameters).id

    def runs(self) -> list[FlowRun]:
        """Return its runs, the oldest first."""
        found = self._client.read_flow_runs(limit=200)
        return sorted((run for run in found if run.deployment_id == self.id), key=lambda run: run.created)

    def take_slot(self, run: UUID) -> str:
        """Take a slot of the deployment for a run, as a worker does first; return the state it is in then."""
        answer = self._client.set_flow_run_state(run, Pending())
        assert answer.status in (SetStateStatus.ACCEPT, SetStateStatus.REJECT), answer
        assert answer.state is not None
        return str(answer.state.name)

    def process(self, run: UUID) -> FlowRun:
        """Run it in this process until it ends or asks, and return how it stands then."""
        assert self.take_slot(run) == "Pending"
        try:
            run_flow(self._flow, flow_run=self._client.read_flow_run(run), return_type="state")
        except Pause:
            # The process of a worker ends here.
            pass
        return self._client.read_flow_run(run)

    def answer(self, run: UUID, **answer: object) -> None:
        """Send the form of a run that asks."""
        accepted = self._client.resume_flow_run(run, run_input=answer)
        assert accepted.status == SetStateStatus.ACCEPT, accepted.details

    def form(self, run: UUID) -> Callable[[str], Any]:
        """Return a reader of what is stored of the question of a run: its `schema`, its `description`."""
        state = self._client.read_flow_run(run).state
        assert state is not None
        keys = state.state_details.run_input_keyset
        assert keys is not None

        def read(what: str) -> Any:
            import json

            raw = self._client.request(
                "GET", "/flow_runs/{id}/input/{key}", path_params={"id": run, "key": keys[what]}
            )
            return json.loads(raw.content)

        return read
