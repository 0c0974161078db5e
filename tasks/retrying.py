"""Which failures of a step are worth another try."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from ledger.errors import LedgerError, LedgerUnreachable
from lists.errors import ListError
from mail.errors import MailError
from settings import SettingsError


def passing_fault(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a failed step met something that can pass, and not a person's mistake."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, LedgerUnreachable):
        return True
    return not isinstance(error, LedgerError | ListError | MailError | SettingsError)
