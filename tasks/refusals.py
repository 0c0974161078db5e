"""Refusals: what a person did wrong, or what is out of reach, ends a run red, by name and in one sentence.

Prefect ends a run that raises with a traceback in its log and in its state. An error that is expected has a
sentence for people (reports.failures); what has none is a bug, and keeps its traceback.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun
from prefect.runtime import flow_run
from prefect.states import Failed

from lists.errors import NobodyAccepted
from reports import failures
from reports.masking import mask_text

log = logging.getLogger(__name__)

ARTIFACT = "why-it-stopped"
# A halt has a page of its own, with pictures.
_SHOWN_OTHERWISE = frozenset({"Halted"})
# Where Prefect tells how a run or a task ended, and where its process does.
_LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine")
_ABOUT_THE_ENGINE = ("Engine execution exited", "Execution of flow run")

P = ParamSpec("P")
R = TypeVar("R")


def ends_in_a_sentence(function: Callable[P, R]) -> Callable[P, R | State[Any]]:
    """Let a flow's function end as *Refused* or *Unavailable* where it raises an expected error.

    The state brings the error for who called the flow. Whatever ends red shows its reason in an artifact.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R | State[Any]:
        for name in _LOGGERS:
            # A second time it does nothing.
            logging.getLogger(name).addFilter(_in_one_sentence)
        try:
            result: R | State[Any] = function(*args, **kwargs)
        except Exception as err:
            if not (sentence := failures.sentence(err)):
                raise
            result = _refusal(err, sentence)
        if isinstance(result, State) and result.is_failed() and result.name not in _SHOWN_OTHERWISE:
            _show(result)
        return result

    return run


def _refusal(err: Exception, sentence: str) -> State[Any]:
    """Return the state for an expected error: trying again helps where something was out of reach."""
    if failures.is_outage(err) and not isinstance(err, NobodyAccepted):
        return Failed(name="Unavailable", message=sentence, data=err)
    return Failed(name="Refused", message=sentence, data=err)


def _show(state: State[Any]) -> None:
    reason = mask_text(state.message or "")
    try:
        create_markdown_artifact(
            f"**{reason}**\n\nThe run {flow_run.name} ended as *{state.name}*.",
            key=ARTIFACT,
            description="Why it stopped",
        )
    except Exception as err:  # noqa: BLE001 - the state says it as well, and must not be lost for a page.
        log.warning("the reason cannot be shown as an artifact: %s", type(err).__name__)


def _in_one_sentence(record: logging.LogRecord) -> bool:
    """Let a log line of Prefect's say an expected error in its sentence; leave out what only repeats it."""
    if str(record.msg).startswith("Finished in state") and "encountered an exception" in record.getMessage():
        # The line before has said it; this one quotes the library, which may quote a recipient.
        record.msg, record.args = "Finished in state Failed()", ()
    err = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if err is None:
        return True
    repeats = str(record.msg).startswith(_ABOUT_THE_ENGINE)
    # A run that returned a red state is raised by the engine, and has said why.
    if isinstance(err, FailedRun):
        return not repeats
    if not (sentence := failures.sentence(err)):
        return True
    record.msg, record.args, record.exc_info, record.exc_text = "%s", (sentence,), None, None
    return not repeats
