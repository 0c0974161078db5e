"""Running a flow in this process, with Prefect kept quiet and its server temporary unless one is set."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    # A first start on a small machine comes close to Prefect's own limit of 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # Errors reach the terminal as one sentence of ours; the run's log keeps Prefect's account of them.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


@contextmanager
def prefect() -> Iterator[None]:
    """Prepare this process for flows: call it before the first import of one.

    Without PREFECT_API_URL the runs go to a server that lives in a temporary folder and dies with this
    process.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory(prefix="campaign-prefect-", ignore_cleanup_errors=True) as folder:
        if not os.environ.get("PREFECT_API_URL"):
            os.environ.setdefault("PREFECT_HOME", folder)
        yield


def send(campaign: str, report_directory: str) -> Any:
    """Run the flow `send_campaign` here and return its final state."""
    from flows.send_campaign import send_campaign

    return send_campaign(campaign, report_directory, return_state=True)
