"""What a person decides about messages in doubt: send them again, or take them as sent."""

from dataclasses import dataclass

from ledger import campaigns, doubts, drains, restores, singles
from ledger.campaigns import State
from ledger.doubts import Doubt
from ledger.engine import Ledger
from ledger.errors import CampaignConflict

# SES tries to deliver for up to 14 hours, and its events follow within minutes; the rest is for us to look.
WINDOW_SECONDS = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Settled:
    """How many messages a decision was about, and the epoch in which they go out again, where they do."""

    messages: int
    epoch: int


def listed(ledger: Ledger, name: str) -> list[Doubt]:
    """Return the calls that left messages in doubt, with the evidence. Raises CampaignNotFound."""
    with ledger.reading() as connection:
        campaign_id = campaigns.get(connection, name).id
        known = restores.every(connection)
        forgotten = doubts.of_forgotten_sends(connection, campaign_id, known[-1].at) if known else None
        return [*([forgotten] if forgotten else []), *doubts.by_call(connection, campaign_id)]


def expire(ledger: Ledger, name: str) -> int:
    """Give up waiting for events of what has been in doubt for the window: it becomes UNCONFIRMED.

    Only time in which the event queue was seen drained counts.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        since = drains.moment_before(connection, WINDOW_SECONDS)
        return 0 if since is None else doubts.expire(connection, locked, since)


def expire_singles(ledger: Ledger) -> int:
    """The same for the single messages of the API."""
    with ledger.writing() as connection:
        singles.lock(connection)
        since = drains.moment_before(connection, WINDOW_SECONDS)
        return 0 if since is None else doubts.expire(connection, None, since)


def resend(ledger: Ledger, name: str, *, by: str, reason: str) -> Settled:
    """Queue again what is in doubt or unconfirmed; somebody may get it twice.

    The campaign runs again in a new epoch; one that is halted or paused stays so until it is resumed. Raises
    CampaignConflict where it was cancelled or nothing is in doubt.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        if locked.state is State.CANCELLED:
            raise CampaignConflict(f"campaign {name} is CANCELLED: nothing of it is sent any more.")
        count = doubts.resend(connection, locked)
        _refuse_nothing(name, count)
        if locked.state in (State.HALTED, State.PAUSED):
            campaigns.remark(connection, locked, by=by, reason=f"resend {count} in doubt: {reason}")
        else:
            campaigns.reopen(connection, locked, by=by, reason=f"resend {count} in doubt: {reason}")
        return Settled(count, campaigns.lock(connection, locked.id).epoch)


def assume_sent(ledger: Ledger, name: str, *, by: str, reason: str) -> Settled:
    """Take what is in doubt or unconfirmed as sent. Raises CampaignConflict where nothing is in doubt."""
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        count = doubts.assume_sent(connection, locked)
        _refuse_nothing(name, count)
        campaigns.remark(connection, locked, by=by, reason=f"assume {count} in doubt as sent: {reason}")
        return Settled(count, locked.epoch)


def _refuse_nothing(name: str, count: int) -> None:
    if not count:
        raise CampaignConflict(f"campaign {name} has nothing in doubt: `campaign status {name}` shows it.")
