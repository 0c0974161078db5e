"""Steps that judge a list."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from ledger.engine import open_ledger
from lists.policy import HygienePolicy, ListSource
from reports import list_cleaning, list_summary
from settings import settings
from tasks.retrying import passing_fault


# Cleaning again gives the same files, so a fault of the network may be tried once more.
@task(task_run_name="clean list", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def clean(source: ListSource, policy: HygienePolicy, directory: str) -> dict[str, Any]:
    """Write the outputs of a cleaning into `directory` and return its summary as in summary.json."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        result = list_cleaning.clean(ledger, source, policy, found.nameservers)
    list_cleaning.write(result, Path(directory))
    create_markdown_artifact(
        list_summary.markdown(result.summary, directory), key="list-cleaning", description="List cleaning"
    )
    create_table_artifact(
        list_summary.rejected_rows(result.rejected), key="list-rejected", description="Rejected rows"
    )
    return result.summary.as_json()
