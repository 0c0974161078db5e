"""Judge a list that outgrows one machine: in shards, by as many workers as there are, with one outcome."""

import time
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import Cancelling, Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows import _names
from lists.errors import ListError
from lists.outputs import Writer
from lists.policy import HygienePolicy, ListSource
from reports.shard_cleaning import Stage
from tasks import sharding
from tasks.refusals import ends_in_a_sentence

DEFAULT_POLICY = HygienePolicy()
LOOK_AGAIN_SECONDS = 1.0


@flow(
    name="clean-shards",
    flow_run_name=_names.timed("clean {source.source} in {shards} shards"),
    task_runner=ThreadPoolTaskRunner(),  # type: ignore[arg-type]
)
@ends_in_a_sentence
def clean_shards(
    source: ListSource,
    directory: str = "var/lists/latest",
    policy: HygienePolicy = DEFAULT_POLICY,
    shards: Annotated[int, Field(ge=1, le=10_000)] = 2,
    deployment: str = "",
) -> dict[str, Any]:
    """Clean a list by several workers; the files are those of clean-list, byte for byte.

    Args:
        source: The list: a file, or a folder, a pattern or s3://bucket/folder/ of many files in their order.
        directory: The folder that the files are written into; all workers must share it.
        policy: Which rows are dropped.
        shards: In how many parts at most; two or three for each worker keep all of them busy.
        deployment: What runs each part, such as clean-shard/clean-shard; empty: this process does.
    """
    log, began = get_run_logger(), time.monotonic()
    with Writer(Path(directory)) as writer:
        work = str(writer.work.absolute())
        runs = sharding.plan(source, policy, work, shards)
        log.info("the list is in %s shards and %s partitions", runs[Stage.WRITE], runs[Stage.REPEATS])
        bar = cast(UUID, create_progress_artifact(0.0, key="list-cleaning-progress"))
        done = 0
        for stage in Stage:
            if stage is Stage.WRITE:
                sharding.ask_mail_servers(work)
            _all(stage, runs[stage], work, deployment)
            done += runs[stage]
            log.info("%s: all %s runs done after %.0f s", stage, runs[stage], time.monotonic() - began)
            update_progress_artifact(bar, 100 * done / sum(runs.values()))
        return sharding.join(writer, directory, began)


@flow(name="clean-shard", flow_run_name=_names.timed("{stage} {number}"))
@ends_in_a_sentence
def clean_shard(work: str, stage: str, number: int) -> State[Any]:
    """Do one run of a stage of clean-shards, which starts it.

    Args:
        work: The folder that the workers share.
        stage: What is to be done.
        number: The shard or partition.
    """
    # Where it ends red, the flow that waits for this one passes the sentence on.
    sharding.run(work, stage, number)
    return Completed(message=f"{stage} {number} is done.")


def _all(stage: Stage, count: int, work: str, deployment: str) -> None:
    """Do every run of a stage. Raises ListError where one of them did."""
    if not deployment:
        for future in [sharding.run.submit(work, stage.value, number) for number in range(count)]:
            future.result()
        return
    waiting = [_started(deployment, work, stage, number) for number in range(count)]
    with get_client(sync_client=True) as client:
        try:
            _wait(client, waiting)
        except BaseException:
            for run in waiting:
                client.set_flow_run_state(run.id, Cancelling())
            raise


def _started(deployment: str, work: str, stage: Stage, number: int) -> FlowRun:
    parameters = {"work": work, "stage": stage.value, "number": number}
    # In a flow that is not async, Prefect's functions are not either, whatever their types say.
    return cast(FlowRun, run_deployment(deployment, parameters=parameters, timeout=0))


def _wait(client: SyncPrefectClient, waiting: list[FlowRun]) -> None:
    while waiting:
        time.sleep(LOOK_AGAIN_SECONDS)
        for run in list(waiting):
            state = client.read_flow_run(run.id).state
            if state is None or not state.is_final():
                continue
            waiting.remove(run)
            if not state.is_completed():
                raise ListError(state.message or f"the run {run.name} of a worker ended as {state.name}.")
