"""Steps that judge a list by several workers."""

from pathlib import Path
from time import monotonic
from typing import Any

from prefect import task

from ledger.engine import open_ledger
from lists.outputs import Writer
from lists.policy import HygienePolicy, ListSource
from reports import shard_cleaning
from reports.shard_cleaning import Stage
from settings import settings
from tasks.listing import row_progress, show
from tasks.retrying import passing_fault


@task(
    task_run_name="plan {shards} shards", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault
)
def plan(source: ListSource, policy: HygienePolicy, work: str, shards: int) -> dict[str, int]:
    """Leave the plan in the folder `work`; return how many runs each stage has."""
    report = row_progress("list-split-progress")
    made = shard_cleaning.plan(
        source,
        policy,
        settings().nameservers,
        Path(work),
        shards=shards,
        on_progress=lambda rows, share: report("split", rows, round(rows / share) if share else rows),
    )
    return {stage.value: stage.runs(made) for stage in Stage}


# What a run leaves appears whole, so that another try starts over.
@task(task_run_name="{stage} {number}", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def run(work: str, stage: str, number: int) -> None:
    """Do one run of a stage: see `reports.shard_cleaning`."""
    with open_ledger(settings().database_url) as ledger:
        shard_cleaning.run(ledger, Path(work), Stage(stage), number, row_progress("list-shard-progress"))


@task(task_run_name="ask mail servers", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def ask_mail_servers(work: str) -> None:
    """Ask the DNS for the domains of all shards."""
    with open_ledger(settings().database_url) as ledger:
        shard_cleaning.ask_mail_servers(ledger, Path(work), row_progress("list-mail-servers-progress"))


def join(writer: Writer, directory: str, began: float) -> dict[str, Any]:
    """Let the outputs of all shards appear; return the summary as in summary.json. Raises NobodyAccepted."""
    with open_ledger(settings().database_url) as ledger:
        result = shard_cleaning.join(writer, lambda: round(monotonic() - began, 3), ledger)
    show(result, directory)
    result.summary.refuse_nobody(str(result.outputs.rejected_csv))
    return result.summary.as_json()
