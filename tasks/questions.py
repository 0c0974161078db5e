"""A form that a run asks a person: shown, waited for, and its answer read, in this process or a later one.

Where the run belongs to a deployment, its process ends with the question, and the answer begins a new one,
which runs the flow from its first line. So the question outlives the worker and the server, and holds no slot
of the deployment's `concurrency_limit`: a run that waited in its process would be killed after 225 seconds,
for Prefect takes the slot back and the process cannot renew its lease. Elsewhere the process itself waits.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.exceptions import PrefectException
from prefect.flow_runs import pause_flow_run, resume_flow_run, suspend_flow_run
from prefect.input import RunInput, keyset_from_base_key, read_flow_run_input
from prefect.runtime import deployment, flow_run

log = logging.getLogger(__name__)

# How often a waiting process looks whether the question is over, here or on the command line.
LOOK_SECONDS = 5
# The server fails a run whose own time to wait is over, whatever it returns then: we end the wait before.
SLACK_SECONDS = 3_600
NOBODY = "nobody"


def silence(hours: float) -> dict[str, str]:
    """Return the answer that is given where nobody answers: every switch is off, and so it means stop."""
    return {"by": NOBODY, "reason": f"no answer within {hours:g} hours"}


def asked(prefix: str) -> bool:
    """Tell whether this run has asked a question whose key begins like this, in this try."""
    return bool(asked_key(prefix))


def asked_key(prefix: str) -> str:
    """Return the key with this beginning that this run has asked by, or "" where it is still to be asked."""
    return next((key for key in sorted(_keys()) if key.startswith(prefix)), "")


def answer(key: str) -> Mapping[str, Any] | None:
    """Return what was answered to a question of this run, or None where it is still to be asked.

    A retry asks anew.
    """
    if key not in _keys():
        return None
    for how in ("suspended", "paused"):
        found: Any = read_flow_run_input(keyset_from_base_key(f"{how}-{key}")["response"])
        if found is not None:
            return dict(found)
    return None


def ask(form: type[RunInput], key: str, hours: float, over: Callable[[], bool]) -> Mapping[str, Any]:
    """Ask, and return the answer: in the same process, or by ending this one (see above).

    `key` is this question's own in the run: small letters, digits and dashes. Once `over` holds, or nobody
    has answered for so many hours, the answer is silence. A process that has ended looks at neither: the
    runs of `watch-statuses` do.
    """
    timeout = round(hours * 3600) + SLACK_SECONDS
    if deployment.id and not flow_run.parent_flow_run_id:
        found = suspend_flow_run(wait_for_input=form, key=key, timeout=timeout)
    else:
        with _waking(monotonic() + hours * 3600, hours, over):
            found = pause_flow_run(wait_for_input=form, key=key, timeout=timeout, poll_interval=LOOK_SECONDS)
    return found.model_dump()


def _keys() -> set[str]:
    with get_client(sync_client=True) as client:
        policy = client.read_flow_run(UUID(str(flow_run.id))).empirical_policy
    return set(policy.pause_keys or ())


@contextmanager
def _waking(deadline: float, hours: float, over: Callable[[], bool]) -> Iterator[None]:
    """Meanwhile, let the paused run go on once the question is over or its time is."""
    ended, run_id = Event(), UUID(str(flow_run.id))

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            try:
                if monotonic() >= deadline or over():
                    # Not paused yet, or resumed by the form a moment ago: the next look tells.
                    with suppress(PrefectException, RuntimeError):
                        resume_flow_run(run_id, silence(hours))
            except Exception as err:  # noqa: BLE001 - without this watch the run would wait for ever.
                log.warning("the halted campaign cannot be looked at just now: %s", type(err).__name__)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
