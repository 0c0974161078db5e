"""What runs are called: what they do, to what, and when they were to begin."""

from collections.abc import Callable

from prefect.runtime import flow_run


def timed(what: str) -> Callable[[], str]:
    """Return what calls a run after `what`, filled with its parameters, and its time."""

    def name() -> str:
        return f"{what.format(**flow_run.parameters)}, {at()}"

    return name


def at() -> str:
    """Return when the run at hand was to begin: a retry, and a run that waited for a worker, keep it."""
    return f"{flow_run.scheduled_start_time:%Y-%m-%d %H:%M} UTC"
