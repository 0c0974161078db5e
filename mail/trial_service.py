"""A campaign file, a row and some recipients in, test mails out: what the command and the flow share."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ledger.engine import Ledger
from mail import (
    campaign_file,
    occurrences,
    queue,
    readiness,
    restoring,
    ses_client,
    termination,
    trials,
    working,
)
from mail import trial_rows as rows
from mail.campaign_file import Campaign
from mail.errors import MailError
from mail.occurrences import UTC_ZONE, Due
from mail.rate import Rate
from mail.templating import Templates
from mail.trial_outcomes import TrialSent
from mail.trials import TrialWork
from mail.unsubscribe import Tokens
from settings import Settings


def send(
    ledger: Ledger,
    settings: Settings,
    file: str,
    to: Sequence[str],
    *,
    row: int = 1,
    address: str = "",
    request: str,
    again: bool = False,
) -> tuple[str, tuple[TrialSent, ...]]:
    """Send test mails of a campaign file; return the campaign's name and what became of each.

    `address` names the row by who stands in it, in place of its number. `request` is the same where the same
    wish is made again: its mails go out once. With `again` an earlier test that is in doubt is no hindrance.
    Raises SettingsError, ListError, MailError or LedgerError: one sentence with the mend.
    """
    settings.need("public_url", "secret_key", "configuration_set", "event_queue_url")
    people = rows.recipients(to)
    campaign = _named(ledger, campaign_file.load(file))
    templates = Templates.load(campaign)
    found = rows.by_address(campaign.list, address) if address else rows.by_number(campaign.list, row)
    templates.check(list(found.cells))
    account = readiness.check(
        readiness.client(),
        queue.open_queue(settings.event_queue_url),
        campaign.sender,
        settings.configuration_set,
    )
    if account.left_for_the_day is not None and account.left_for_the_day < len(people):
        raise MailError(
            f"the SES account has {account.left_for_the_day:,.0f} messages left for these 24 hours: "
            "send the test when it has more."
        )
    restoring.refuse_queue_of_another(ledger, working.noted(ledger, settings))
    working.note_configuration_set(ledger, settings)
    work = TrialWork(
        ledger=ledger,
        ses=ses_client.client(),
        worker=working.worker(),
        campaign=campaign,
        templates=templates,
        configuration_set=settings.configuration_set,
        tokens=Tokens(settings.secret_key.get_secret_value()),
        public_url=settings.public_url,
        rate=Rate(account.rate_per_second, 0.0, ""),
        row=found,
        request=request,
        again=again,
        noted=working.blocks(ledger, settings),
        sleep=termination.sleep,
        ends=termination.requested,
    )
    # Told to end in the middle of a call, its answer is still waited for, and no further one is made.
    with termination.waited_for():
        return campaign.name, trials.send(work, people)


def _named(ledger: Ledger, loaded: Campaign) -> Campaign:
    """Return a recurring campaign as the occurrence of this day, and any other as it is."""
    today = Due(datetime.now(UTC), loaded.timezone or UTC_ZONE)
    with ledger.reading() as connection:
        return occurrences.resolve(connection, loaded, today)
