"""Look at a campaign file before it is sent: what would be refused, who would get what."""

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
    return f"check {Path(str(flow_run.parameters['campaign'])).stem}, {_names.at()}"


@flow(name="check-campaign", flow_run_name=_run_name)
@ends_in_a_sentence
def check_campaign(campaign: Annotated[str, Field(title="Campaign file")]) -> State[Any]:
    """Check a campaign file and show three of its mails; nothing is sent.

    Args:
        campaign: The path of a campaign file, as send-campaign takes it.
    """
    return Completed(message=checks.check(campaign))
