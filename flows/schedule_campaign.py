"""Let a campaign begin later: refused now is what would be refused then."""

from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows import _names
from tasks import checks
from tasks.refusals import ends_in_a_sentence


def _run_name() -> str:
    return f"schedule {Path(str(flow_run.parameters['campaign'])).stem}, {_names.at()}"


@flow(name="schedule-campaign", flow_run_name=_run_name)
@ends_in_a_sentence
def schedule_campaign(
    campaign: Annotated[str, Field(title="Campaign file")],
    when: Annotated[str, Field(title="When", examples=["2026-12-01 09:00"])],
    timezone: Annotated[str, Field(title="Time zone", examples=["Europe/Berlin"])] = "",
) -> State[Any]:
    """Schedule a run of send-campaign for a campaign file that could be sent now.

    Args:
        campaign: The path of a campaign file, as send-campaign takes it.
        when: By the wall's clock in the time zone, such as 2026-12-01 09:00.
        timezone: Such as Europe/Berlin; empty takes the campaign file's own, else UTC.
    """
    return Completed(message=checks.schedule(campaign, when, timezone))
