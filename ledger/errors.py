"""What can go wrong with the ledger, named for what the caller does next."""


class LedgerError(Exception):
    """The ledger cannot be used as asked; one sentence says what and how to mend it."""


class LedgerUnreachable(LedgerError):
    """The database does not answer, or lacks the schema."""


class CampaignNotFound(LedgerError):
    """No campaign has this name."""


class CampaignConflict(LedgerError):
    """The campaign's name or state does not allow this."""


class LedgerMissing(LedgerError):
    """There is no ledger at the place that was named."""


class LedgerLost(LedgerError):
    """The ledger's file is not there any more, or is another one: whoever uses it has to end."""
