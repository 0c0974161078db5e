"""Find whoever has been silent for long, and move them out where a person says so."""

from typing import Any

from prefect import flow

from flows import _names
from tasks import purging
from tasks.refusals import ends_in_a_sentence


@flow(name="purge-inactive", flow_run_name=_names.timed("inactive for {days} days"))
@ends_in_a_sentence
def purge_inactive(days: int = 365, move_out: bool = False, by: str = "", reason: str = "") -> dict[str, Any]:
    """Report who gets mail and has not opened or clicked any for many days.

    Args:
        days: So many days of silence.
        move_out: Suppress them everywhere as inactive; otherwise they are reported alone.
        by: Who decides that they are moved out.
        reason: Why.
    """
    return purging.find_inactive(days, move_out, by, reason)
