"""Write the report of a campaign as it stands."""

from pathlib import Path
from typing import Any

from prefect import flow

from flows import _names
from settings import settings
from tasks import reporting
from tasks.refusals import ends_in_a_sentence


@flow(name="report-campaign", flow_run_name=_names.timed("report {name}"))
@ends_in_a_sentence
def report_campaign(name: str, directory: str = "") -> dict[str, Any]:
    """Report on a campaign.

    Args:
        name: The campaign's name.
        directory: The folder of the report; empty takes var/reports and the campaign's name.
    """
    return reporting.write_report(name, directory or str(Path(settings().output_dir) / "reports" / name))
