"""When the run at hand was to begin, and whether a schedule or a person wanted it then."""

from datetime import UTC, date, datetime, timedelta

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from mail import scheduling

# A person who presses Run wants it now; the run's own record comes within moments of that.
_NOW = timedelta(minutes=1)


def day() -> date:
    """Return the day on which the run was due, in UTC: a retry keeps it."""
    due: datetime = flow_run.scheduled_start_time
    return due.astimezone(UTC).date()


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
