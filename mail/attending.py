"""A run that attends to a campaign, beside others perhaps: Prefect may start one twice."""

from ledger import campaigns, presences
from ledger.engine import Ledger
from mail import gatekeeping


def begin(ledger: Ledger, name: str) -> int:
    """Note that a run attends to the campaign; return the id of its presence. Raises CampaignNotFound."""
    with ledger.writing() as connection:
        return presences.attend(connection, campaigns.lock(connection, campaigns.get(connection, name).id))


def renew(ledger: Ledger, presence: int) -> None:
    """Keep a presence alive; wanted at least once in claims.LEASE_SECONDS."""
    with ledger.writing() as connection:
        presences.renew(connection, presence)


def end(ledger: Ledger, presence: int) -> None:
    """End a presence; again, it does nothing."""
    with ledger.writing() as connection:
        presences.leave(connection, presence)


def break_off(ledger: Ledger, name: str, presence: int, reason: str) -> bool:
    """End a presence whose run broke, and pause the campaign unless another run carries it on.

    Of two that break at once the second one pauses it. Return whether it was left to the other.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        presences.leave(connection, presence)
        if presences.others(connection, locked, presence):
            return True
        gatekeeping.stop(connection, locked.id, reason)
        return False
