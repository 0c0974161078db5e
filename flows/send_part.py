"""Send a part of a campaign beside its own run, in another process or on another machine."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import _chunks, _names
from tasks.refusals import ends_in_a_sentence
from tasks.run_watch import RunWatch


@flow(
    name="send-part",
    flow_run_name=_names.timed("send {campaign} part {part}"),
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
)
@ends_in_a_sentence
def send_part(campaign: str, part: int = 2, workers: int = 1) -> State[Any]:
    """Send what no other run of the campaign has claimed, until nothing is left or the campaign stops.

    The campaign's own run starts it, collects the outcomes and completes the campaign. One that dies is one
    sender fewer: what it had claimed goes back when its lease ends.

    Args:
        campaign: The name of a campaign that runs.
        part: Which of the sending runs this is; the campaign's own is the first.
        workers: Calls to SES that run side by side.
    """
    ended, accepted = _chunks.send(campaign, workers, look=RunWatch(campaign).look)
    return Completed(message=f"{accepted} messages sent; it ended as {ended}.")
