"""The runs that send a campaign, as Prefect knows them: found by a tag, started anew, and woken.

What became of a campaign stands in the ledger alone; here is only who could carry it on.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import get_client, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import PrefectException
from prefect.flow_runs import resume_flow_run
from prefect.runtime import flow_run

from ledger import campaigns
from ledger.campaigns import State
from ledger.engine import open_ledger
from settings import settings
from tasks import questions

# What a run that asks belongs to; the names of the flows.
ASKING_FLOWS = ["send-campaign", "decide-campaign"]
_CAMPAIGN, _OCCURRENCE = "campaign:", "occurrence:"
_RUNS_AT_MOST = 200


def mark(campaign: str, occurrence: str) -> None:
    """Tag the run at hand with the campaign that it sends, so that it can be found and done again."""
    run_id = UUID(str(flow_run.id))
    with get_client(sync_client=True) as client:
        tags = client.read_flow_run(run_id).tags
        client.update_flow_run(run_id, tags=list(dict.fromkeys([*tags, *_tags(campaign, occurrence)])))


@task(task_run_name="start sending {campaign}")
def start(campaign: str, decided_at: float) -> str:
    """Create a run like the last one that sent the campaign, and return its name, or "".

    There is none where no deployment ever sent it or that one is gone. The same decision starts it once.
    """
    with get_client(sync_client=True) as client:
        last = _last(client, campaign)
    if last is None or last.deployment_id is None:
        return ""
    occurrence = next((tag.removeprefix(_OCCURRENCE) for tag in last.tags if tag.startswith(_OCCURRENCE)), "")
    again: dict[str, Any] = {"occurrence": occurrence} if occurrence else {}
    created = run_deployment(
        last.deployment_id,
        parameters=last.parameters | again,
        tags=_tags(campaign, occurrence),
        timeout=0,
        as_subflow=False,
        idempotency_key=f"{campaign} decided at {decided_at:.3f}",
    )
    # In a flow that is not async, Prefect's functions are not either, whatever their types say.
    assert isinstance(created, FlowRun)
    return created.name


@task(task_run_name="wake runs of {campaign}")
def wake(campaign: str) -> int:
    """Let the runs that wait with a form for a decision on the campaign look again; return how many did."""
    with get_client(sync_client=True) as client:
        waiting = [run for run in _waiting(client) if f"{_CAMPAIGN}{campaign}" in run.tags]
    return sum(_resume(run, questions.silence(_hours(run))) for run in waiting)


@task(task_run_name="wake runs whose question is over", retries=1, retry_delay_seconds=10)
def wake_decided() -> list[str]:
    """Let every run go on whose campaign is halted no more, or that nobody answered; return their names.

    The processes of these runs have ended: nobody else looks after their time.
    """
    with get_client(sync_client=True) as client:
        waiting = _waiting(client)
    if not waiting:
        return []
    states = _states()
    now = datetime.now(UTC)
    return [
        run.name
        for run in waiting
        if (_deadline(run) <= now or _over(run, states)) and _resume(run, questions.silence(_hours(run)))
    ]


def _over(run: FlowRun, states: Mapping[str, State]) -> bool:
    names = [tag.removeprefix(_CAMPAIGN) for tag in run.tags if tag.startswith(_CAMPAIGN)]
    return any(name in states and states[name] is not State.HALTED for name in names)


def _states() -> Mapping[str, State]:
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return {each.name: each.state for each in campaigns.every(connection)}


def _tags(campaign: str, occurrence: str) -> list[str]:
    return [f"{_CAMPAIGN}{campaign}", *([f"{_OCCURRENCE}{occurrence}"] if occurrence else [])]


def _last(client: SyncPrefectClient, campaign: str) -> FlowRun | None:
    """Return the campaign's latest run whose deployment is still there."""
    runs = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["send-campaign"])),
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[f"{_CAMPAIGN}{campaign}"]),
            deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        ),
        sort=FlowRunSort.START_TIME_DESC,
        limit=_RUNS_AT_MOST,
    )
    ids = [run.deployment_id for run in runs if run.deployment_id]
    there = {
        each.id
        for each in client.read_deployments(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(dict.fromkeys(ids))))
        )
    }
    return next((run for run in runs if run.deployment_id in there), None)


def _waiting(client: SyncPrefectClient) -> list[FlowRun]:
    """Return the runs that wait for a person and whose process has ended."""
    paused = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    runs = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=ASKING_FLOWS)),
        flow_run_filter=FlowRunFilter(state=paused),
        limit=_RUNS_AT_MOST,
    )
    return [run for run in runs if run.state is not None and run.state.state_details.pause_reschedule]


def _deadline(run: FlowRun) -> datetime:
    assert run.state is not None
    until = run.state.state_details.pause_timeout
    return until - timedelta(seconds=questions.SLACK_SECONDS) if until else datetime.max.replace(tzinfo=UTC)


def _hours(run: FlowRun) -> float:
    assert run.state is not None
    return round((_deadline(run) - run.state.timestamp).total_seconds() / 3600, 3)


def _resume(run: FlowRun, answer: Mapping[str, str]) -> bool:
    # Answered a moment ago, by the form or another look.
    with suppress(PrefectException, RuntimeError):
        resume_flow_run(run.id, dict(answer))
        return True
    return False
