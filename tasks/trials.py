"""The step that sends test mails of a campaign."""

from dataclasses import dataclass

from prefect import task

from ledger.engine import open_ledger
from ledger.errors import LedgerError
from lists.errors import ListError
from mail import trial_service
from mail.errors import MailError
from mail.trial_outcomes import TrialSent
from settings import SettingsError, settings


@dataclass(frozen=True, slots=True)
class TrialsSent:
    """The campaign's name and what became of each test mail, or why none was sent, in one sentence."""

    name: str = ""
    tests: tuple[TrialSent, ...] = ()
    refused: str = ""


# Never retried by Prefect: a lost answer may have been a mail that went out.
@task(task_run_name="send the test")
def send_tests(
    campaign: str, to: tuple[str, ...], row: int, address: str, request: str, again: bool
) -> TrialsSent:
    """Send the test mails; what a person did wrong is a result, and no exception that broke the run."""
    found = settings()
    try:
        with open_ledger(found.database_url) as ledger:
            name, sent = trial_service.send(
                ledger, found, campaign, to, row=row, address=address, request=request, again=again
            )
    except (SettingsError, ListError, MailError, LedgerError) as err:
        return TrialsSent(refused=str(err))
    return TrialsSent(name, sent)
