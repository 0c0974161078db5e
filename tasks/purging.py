"""Steps that look for the inactive and move them out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from ledger.engine import open_ledger
from lists import inactivity
from reports import inactive
from settings import settings
from tasks.retrying import passing_fault


@task(
    task_run_name="find who is silent for {days} days",
    retries=1,
    retry_delay_seconds=5,
    retry_condition_fn=passing_fault,
)
def find_inactive(days: int, move_out: bool, by: str, reason: str) -> dict[str, Any]:
    """Write inactive.csv and show the figures; with `move_out` suppress them. Return the figures."""
    found = settings()
    path = Path(found.output_dir) / "inactive" / "inactive.csv"
    with open_ledger(found.database_url) as ledger:
        if move_out:
            result = inactivity.move_out(ledger, days, path, by=by, reason=reason)
        else:
            result = inactivity.report(ledger, days, path)
    create_markdown_artifact(inactive.markdown(result), key="inactive", description="Who is silent")
    return asdict(result)
