"""Running a flow in this process, with Prefect kept quiet and its server temporary unless one is set."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli import failures, prefect_api, prefect_server

_QUIET: Mapping[str, str] = {
    # Errors reach the terminal as one sentence of ours; the run's log keeps Prefect's account of them.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}


@contextmanager
def prefect() -> Iterator[bool]:
    """Prepare this process for flows: enter it before the first import of one.

    Gives whether others see the runs. Without PREFECT_API_URL they do not: the runs go to a server that keeps
    its data in a temporary folder and ends with this process, even where that is killed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.get("PREFECT_API_URL"):
        yield True
        return
    with tempfile.TemporaryDirectory(prefix="campaign-prefect-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), prefect_server.free_port()
        variables = prefect_server.environment(port, home)
        with prefect_server.serving(port, variables, home / "server.log"):
            # Nobody can read a log that goes with the server, and its last lines would miss it.
            os.environ.update({**variables, "PREFECT_LOGGING_TO_API_ENABLED": "false"})
            yield False


def send(campaign: str, report_directory: str, occurrence: str = "", *, seen: bool = False) -> Any:
    """Run the flow `send_campaign` here and return its final state.

    Where nobody else sees the run, a form would wait for nobody: a halt then ends it, as with `fail`.
    """
    with _in_one_sentence():
        from flows.send_campaign import send_campaign

        return send_campaign(campaign, report_directory, occurrence, attended=seen, return_state=True)


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """Say why Prefect could not make a run; what goes wrong inside a run is in its state."""
    try:
        yield
    except Exception as err:
        if failures.is_our_own(err):
            raise
        raise prefect_api.explained(os.environ.get("PREFECT_API_URL", ""), err) from err
