"""Telling Prefect's automations what happened to a campaign."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from prefect import task
from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from ledger.engine import open_ledger
from ledger.vital_signs import VitalSignsReader
from reports import announcement, health, status
from settings import settings
from tasks.retrying import passing_fault


@task(task_run_name="announce {campaign}", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def announce(campaign: str) -> str:
    """Emit the event for the campaign's state, and return its name, or "" where nobody has to know."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        now = status.of(connection, campaign)
        found = announcement.of(now, run_page())
        ledger_id = ledger.ledger_id
    if found is None:
        return ""
    # The same state announced twice is one event: Prefect stores an id once.
    same = uuid5(
        NAMESPACE_URL, f"{ledger_id}/{campaign}/{found.event}/{now.campaign.epoch}/{now.campaign.changed_at}"
    )
    emit_event(found.event, resource=found.resource, payload=found.payload, id=same)
    return found.event


@task(task_run_name="announce the ledger's health", retry_condition_fn=passing_fault)
def announce_health() -> list[str]:
    """Emit an event where something keeps mail waiting, once a day for the same; return the reasons."""
    with open_ledger(settings().database_url) as ledger:
        reader = VitalSignsReader(ledger)
        try:
            signs = reader.read()
        finally:
            reader.close()
        reasons = [*health.reasons_in(signs), *filter(None, [signs.unwritable])]
        ledger_id = ledger.ledger_id
    if reasons:
        found = announcement.of_health(reasons, run_page())
        kinds = "/".join(sorted(health.kinds(reasons)))
        same = uuid5(NAMESPACE_URL, f"{ledger_id}/{found.event}/{kinds}/{datetime.now(UTC):%Y-%m-%d}")
        emit_event(found.event, resource=found.resource, payload=found.payload, id=same)
    return reasons


def run_page() -> str:
    """Return the address of this run's page, or "" outside of one."""
    # `flow_run.ui_url` of Prefect 3.9.1 names a page that its first UI does not have.
    run_id = flow_run.id
    return (url_for("flow-run", obj_id=run_id, url_type="ui") or "") if run_id else ""
