"""Send the mail of one row of a campaign's list to oneself, before anybody on the list gets it."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from flows import _names
from mail.trial_outcomes import Outcome
from tasks import trials
from tasks.refusals import ends_in_a_sentence


def _run_name() -> str:
    return f"test {Path(flow_run.parameters['campaign']).stem}, {_names.at()}"


@flow(name="test-send", flow_run_name=_run_name)
@ends_in_a_sentence
def send_trial(
    to: str,
    campaign: Annotated[str, Field(title="Campaign file")],
    row: Annotated[int, Field(ge=1)] = 1,
    address: str = "",
    again: bool = False,
) -> State[Any]:
    """Send a test mail: the real way, marked [Test], and in none of the campaign's figures.

    Args:
        to: Your own address, which the test goes to; up to 5, with commas between.
        campaign: The path of a campaign file.
        row: The data row of its list that the mail is for; the first one is 1.
        address: The row of this address, in place of the number.
        again: Send even where an earlier test is in doubt: it may come twice then.
    """
    wanted = tuple(part.strip() for part in to.replace(";", ",").split(",") if part.strip())
    # The same in a retry of this run, so that what went out does not go out again.
    request = str(flow_run.get_id() or uuid4())
    sent = trials.send_tests(campaign, wanted, row, address.strip(), request, again)
    if sent.refused:
        return Failed(name="Refused", message=sent.refused)
    message = " ".join(each.sentence(sent.name) for each in sent.tests)
    outcomes = {each.outcome for each in sent.tests}
    if Outcome.IN_DOUBT in outcomes:
        return Failed(name="InDoubt", message=message)
    if Outcome.NOT_SENT in outcomes:
        return Failed(name="NotSent", message=message)
    return Completed(message=message)
