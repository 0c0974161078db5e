"""When the run at hand was to begin, and whether a schedule or a person wanted it then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect import get_client
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.client.schemas.schedules import CronSchedule, NoSchedule
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from mail import scheduling
from mail.errors import MailError
from mail.occurrences import UTC_ZONE, Due, hours_of

# A person who presses Run wants it now; the run's own record comes within moments of that.
_NOW = timedelta(minutes=1)


def due(timezone: str) -> Due:
    """Return when the run was due, and in which zone: a retry keeps it.

    The zone is the one given, else the schedule's; UTC where the run has none. Raises MailError where the
    deployment's schedules lie in several zones and none of them began the run.
    """
    at: datetime = flow_run.scheduled_start_time
    context = FlowRunContext.get()
    run = None if context is None else context.flow_run
    if run is None or run.deployment_id is None:
        return Due(at, timezone or UTC_ZONE)
    with get_client(sync_client=True) as client:
        schedules = client.read_deployment(run.deployment_id).schedules
    return due_by(run, at, schedules, timezone)


def due_by(run: FlowRun, at: datetime, schedules: Sequence[DeploymentSchedule], timezone: str) -> Due:
    """Return when `run` was due by its deployment's schedules."""
    begun_by = run.created_by.id if run.created_by is not None and run.auto_scheduled else None
    own = [each for each in schedules if each.id == begun_by] or [each for each in schedules if each.active]
    zones = {each.schedule.timezone or UTC_ZONE for each in own if not isinstance(each.schedule, NoSchedule)}
    if not timezone and len(zones) > 1:
        raise MailError(
            f"the deployment's schedules lie in several time zones ({', '.join(sorted(zones))}): "
            "write `timezone` into the campaign file."
        )
    zone = timezone or next(iter(zones), UTC_ZONE)
    crons = [each.schedule.cron for each in own if isinstance(each.schedule, CronSchedule)]
    hours = hours_of(crons[0]) if run.auto_scheduled and len(own) == len(crons) == 1 else None
    return Due(at, zone, hours, planned=run.auto_scheduled)


def missed(allowed_seconds: float) -> str:
    """Return why this run comes too late to do anything by itself, or an empty text."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return ""
    return missed_by(context.flow_run, datetime.now(UTC), allowed_seconds)


def missed_by(run: FlowRun, now: datetime, allowed_seconds: float) -> str:
    """Return why `run` comes too late at `now`: a retry, and a run that a person wants at once, never do."""
    due = run.expected_start_time
    if due is None or run.run_count > 1:
        return ""
    planned = run.auto_scheduled or (run.created is not None and due - run.created > _NOW)
    return scheduling.missed(due, now, allowed_seconds) if planned else ""
