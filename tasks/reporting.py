"""Steps that show how a campaign went."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from ledger.engine import open_ledger
from reports import campaign_report, campaign_summary, status
from settings import settings
from tasks.artifact_keys import of_campaign
from tasks.retrying import passing_fault


@task(task_run_name="report {campaign}", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def write_report(campaign: str, directory: str) -> dict[str, Any]:
    """Write the campaign report into `directory` and show its summary; return the campaign's status."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        written = campaign_report.write(connection, campaign, Path(directory))
        now = status.of(connection, campaign)
    create_markdown_artifact(
        campaign_summary.markdown(written.report),
        key=of_campaign("campaign-report", campaign),
        description="Campaign report",
    )
    create_table_artifact(
        campaign_summary.rows(written.report),
        key=of_campaign("campaign-messages", campaign),
        description="Messages to look at",
    )
    return now.as_json()
