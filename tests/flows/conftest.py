"""Flows on a Prefect server of the tests' own, with a sandbox to send to, and what the server then shows."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterStartTime,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.logging.handlers import APILogHandler
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_ANALYTICS_ENABLED,
    temporary_settings,
)
from prefect.states import Pending
from prefect.testing.utilities import prefect_test_harness

import sandbox
import settings
from cli import main
from ledger.campaigns import Campaign, get
from ledger.engine import Ledger, open_ledger

HTML = """<p>Hello {{ first_name or "there" }}</p>
<p><a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a> {{ postal_address }}</p>
"""


@dataclass(frozen=True)
class Ran:
    """What `campaign` left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


class Shown:
    """What a person sees of a flow run in Prefect's pages."""

    def __init__(self, client: SyncPrefectClient, run: FlowRun) -> None:
        self._client = client
        self.run = run
        assert run.state is not None
        self.state = run.state.name
        self.kind = run.state.type.value
        self.message = run.state.message or ""
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        self.artifacts = client.read_artifacts(flow_run_filter=only)
        self.task_runs = client.read_task_runs(flow_run_filter=only)
        APILogHandler().flush()
        logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), limit=200)
        self.log = [line.message for line in logs]

    def data(self, key: str) -> list[Any]:
        """Return the contents of the artifacts with that key; those of tables are lists of rows."""
        found = [each.data for each in self.artifacts if each.key == key]
        return [json.loads(one) if isinstance(one, str) and one.startswith("[") else one for one in found]

    def text(self) -> str:
        """Return everything of the run that the pages show, as one text."""
        parts: list[Any] = [self.run.model_dump_json(), *self.log]
        parts += [each.model_dump_json() for each in [*self.artifacts, *self.task_runs]]
        return "\n".join(parts)


class Deployed:
    """A deployment with room for one run at a time; this process plays the processes of its worker."""

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
        # With its question a worker's process ends.
        with suppress(Pause):
            run_flow(self._flow, flow_run=self._client.read_flow_run(run), return_type="state")
        return self._client.read_flow_run(run)

    def answer(self, run: UUID, **answer: object) -> None:
        """Send the form of a run that asks."""
        accepted = self._client.resume_flow_run(run, run_input=answer)
        assert accepted.status == SetStateStatus.ACCEPT, accepted.details

    def shown(self, run: UUID, what: str) -> Any:
        """Return the `schema` or the `description` of the form of a run that asks."""
        state = self._client.read_flow_run(run).state
        assert state is not None
        keys = state.state_details.run_input_keyset
        assert keys is not None
        path = {"id": run, "key": keys[what]}
        return json.loads(
            self._client.request("GET", "/flow_runs/{id}/input/{key}", path_params=path).content
        )


class Office:
    """A folder with a campaign in it, the ledger beside it, and the sandbox that its mail goes to."""

    def __init__(self, folder: Path, world: sandbox.RunningSandbox, client: SyncPrefectClient) -> None:
        self.folder = folder
        self.world = world
        self.output = folder / "output"
        self._client = client
        (folder / "mail.html.j2").write_text(HTML)

    def campaign(self, readers: Sequence[str], name: str = "spring-offer", **changes: object) -> Path:
        """Write a list of these local parts at reader.example, and a campaign to it; return its file."""
        rows = [f"{reader}@reader.example,Reader {number}" for number, reader in enumerate(readers)]
        (self.folder / f"{name}.csv").write_text("\n".join(["email,first_name", *rows, ""]))
        content = {
            "name": name,
            "list": {"source": f"{name}.csv"},
            "from": "Bright Books <news@brightbooks.example>",
            "subject": "{{ first_name or 'Hello' }}, spring is here",
            "html": "mail.html.j2",
            "postal_address": "Bright Books, 1 High Street, Exampletown",
            # The rules have tests of their own: here the domain is known to take mail.
            "hygiene": {"mx": False},
            "send": {"settle_seconds": 20},
            # Some of these events are withheld, and the pace would wait for them.
            "halt": {"ladder": [], "unknown_at_most": 1_000_000},
        }
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(content | changes))
        return file

    def ledger(self) -> Ledger:
        return open_ledger(settings.settings().database_url)

    def stored(self, name: str = "spring-offer") -> Campaign:
        with self.ledger() as ledger, ledger.reading() as connection:
            return get(connection, name)

    def report(self, name: str = "spring-offer") -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((self.output / "reports" / name / "report.json").read_text())
        return found

    def sent_to(self) -> list[str]:
        """Return the recipients of every message that the sandbox took, in order."""
        return [recipient for message in self.world.messages() for recipient in message["recipients"]]

    def last_run(self) -> Shown:
        """Return what Prefect shows of the flow run that began last, whatever else is scheduled."""
        begun = FlowRunFilter(start_time=FlowRunFilterStartTime(is_null_=False))
        found = self._client.read_flow_runs(flow_run_filter=begun, sort=FlowRunSort.START_TIME_DESC, limit=1)
        return Shown(self._client, found[0])

    def show(self, run: UUID) -> Shown:
        """Return what Prefect shows of a flow run."""
        return Shown(self._client, self._client.read_flow_run(run))


@pytest.fixture(scope="session")
def prefect_client() -> Iterator[SyncPrefectClient]:
    """Start a Prefect server and point everything in this process at it."""
    quiet = {PREFECT_SERVER_ANALYTICS_ENABLED: False, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with (
        temporary_settings(quiet),
        prefect_test_harness(server_startup_timeout=120),
        get_client(sync_client=True) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def started() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=100_000)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture
def office(
    prefect_client: SyncPrefectClient,
    started: sandbox.RunningSandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    """A place to send from, with the environment that it takes."""
    started.reset()
    # boto3 keeps the credentials and the region that it once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    # The command line sets what Prefect is to read when it is first imported; here it is imported already.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name, value in started.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    monkeypatch.setenv("CAMPAIGN_OUTPUT_DIR", str(tmp_path / "output"))
    monkeypatch.setenv("PREFECT_API_URL", str(prefect_client.api_url))
    settings.settings.cache_clear()
    yield Office(tmp_path, started, prefect_client)
    settings.settings.cache_clear()


@pytest.fixture
def deployed(prefect_client: SyncPrefectClient) -> Callable[[Flow[..., Any]], Deployed]:
    """Return a function that makes a deployment of a flow."""
    return lambda flow: Deployed(prefect_client, flow)


@pytest.fixture
def command(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run `campaign` with arguments, as a shell would; what it starts runs in this process."""

    def run(*arguments: str | os.PathLike[str]) -> Ran:
        monkeypatch.setattr(sys, "argv", ["campaign", *map(os.fspath, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()
        written = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, written.out, written.err)

    return run


@pytest.fixture
def send(command: Callable[..., Ran]) -> Callable[[Path], Ran]:
    """Run `campaign send` on a file."""
    return lambda file: command("send", file)
