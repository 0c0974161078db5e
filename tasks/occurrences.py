"""The name of a run's occurrence, by the ledger."""

from ledger.engine import open_ledger
from mail import occurrences
from mail.campaign_file import Campaign
from mail.occurrences import Due
from settings import settings


def resolve(campaign: Campaign, due: Due) -> Campaign:
    """Return a recurring campaign under the name of the occurrence that was due (see mail.occurrences)."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return occurrences.resolve(connection, campaign, due)
