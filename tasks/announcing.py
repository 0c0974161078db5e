"""Telling Prefect's automations what happened to a campaign."""

from uuid import NAMESPACE_URL, uuid5

from prefect import task
from prefect.events import emit_event

from ledger.engine import open_ledger
from reports import announcement, status
from settings import settings
from tasks.retrying import passing_fault


@task(task_run_name="announce {campaign}", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def announce(campaign: str) -> str:
    """Emit the event for the campaign's state, and return its name, or "" where nobody has to know."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        now = status.of(connection, campaign)
        found = announcement.of(now)
        ledger_id = ledger.ledger_id
    if found is None:
        return ""
    # The same state announced twice is one event: Prefect stores an id once.
    same = uuid5(
        NAMESPACE_URL, f"{ledger_id}/{campaign}/{found.event}/{now.campaign.epoch}/{now.campaign.changed_at}"
    )
    emit_event(found.event, resource=found.resource, payload=found.payload, id=same)
    return found.event
