"""Steps that judge a list."""

from pathlib import Path
from threading import current_thread
from typing import Any, cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from ledger.engine import open_ledger
from lists.cleaning import Progress
from lists.pace import Pace
from lists.policy import HygienePolicy, ListSource
from reports import list_cleaning, list_summary
from reports.list_cleaning import Cleaned
from settings import settings
from tasks.artifact_keys import of_campaign
from tasks.retrying import passing_fault


# Cleaning again gives the same files, so a fault of the network may be tried once more.
@task(task_run_name="clean list", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def clean(
    source: ListSource, policy: HygienePolicy, directory: str, owner: str = "", campaign: str = ""
) -> dict[str, Any]:
    """Write the outputs of a cleaning into `directory` and return its summary as in summary.json.

    `campaign` is whose list it is, where it is a campaign's; its artifacts are called after it.

    Raises NobodyAccepted, once all is written, where there is nobody to write to.
    """
    found = settings()
    with open_ledger(found.database_url) as ledger:
        result = list_cleaning.clean(
            ledger,
            source,
            policy,
            found.nameservers,
            Path(directory),
            on_progress=row_progress(_key("list-cleaning-progress", campaign)),
            owner=owner,
        )
    show(result, directory, campaign)
    result.summary.refuse_nobody(str(result.outputs.rejected_csv))
    return result.summary.as_json()


def show(result: Cleaned, directory: str, campaign: str = "") -> None:
    """Show a cleaning on the operators' screen."""
    create_markdown_artifact(
        list_summary.markdown(result.summary, directory),
        key=_key("list-cleaning", campaign),
        description="List cleaning",
    )
    create_table_artifact(
        list_summary.rejected_rows(result.findings.first),
        key=_key("list-rejected", campaign),
        description="Rejected rows",
    )


def _key(kind: str, campaign: str) -> str:
    return of_campaign(kind, campaign) if campaign else kind


def row_progress(key: str) -> Progress:
    """Return a progress that the operators' screen shows: a bar, and a line in the log now and then."""
    # Taken here: the mail servers are looked up in a thread of their own, which knows no run.
    log, pace, home = get_run_logger(), Pace(), current_thread()
    # In a task that is not async, Prefect's functions are not either, whatever their types say.
    bar = cast(UUID, create_progress_artifact(0.0, key=key, description="List cleaning"))

    def told(stage: str, done: int, total: int) -> None:
        if line := pace.line(stage, done, total):
            log.info("%s", line)
            # Elsewhere an event loop runs, in which Prefect's functions would wait to be awaited.
            if current_thread() is home:
                update_progress_artifact(bar, 100.0 * done / total if total else 100.0)

    return told
