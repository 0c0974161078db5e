"""What a person can do to a campaign: halt it, resume it, cancel it."""

from ledger import campaigns, cancelling, clock
from ledger.campaigns import State
from ledger.engine import Ledger
from mail import gatekeeping, resuming


def halt(ledger: Ledger, name: str, *, by: str, reason: str) -> State:
    """Stop a campaign; no claim commits after this. Return its state.

    Halting it again keeps in its history who wanted that and why, and changes nothing else. One that is
    ENQUEUING becomes HALTED instead of RUNNING when all its recipients are stored. Raises CampaignNotFound,
    or CampaignConflict where there is nothing left to halt.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        if locked.state is State.HALTED or (locked.state is State.ENQUEUING and locked.halt is not None):
            campaigns.remark(connection, locked, by=by, reason=reason)
            return locked.state
        counts = gatekeeping.counts_of(connection, locked, gatekeeping.policy_of(locked))
        found = {
            "rule": "manual",
            "k": counts.hard_bounced,
            "n": counts.accepted,
            "known": counts.known,
            "at": clock.now(connection),
            "by": by,
            "reason": reason,
        }
        if locked.state is State.ENQUEUING:
            campaigns.note_breach(connection, locked, found)
            campaigns.remark(connection, locked, by=by, reason=reason)
            return locked.state
        campaigns.change_state(connection, locked, State.HALTED, by=by, reason=reason, halt=found)
        return State.HALTED


def state_of(ledger: Ledger, name: str) -> State:
    """Return the campaign's state. Raises CampaignNotFound."""
    with ledger.reading() as connection:
        return campaigns.get(connection, name).state


def pause(ledger: Ledger, name: str, *, by: str, reason: str) -> State:
    """Pause a campaign where it runs; the calls under way are still recorded. Return its state.

    Raises CampaignNotFound.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        gatekeeping.stop(connection, locked.id, reason, by=by)
        return campaigns.lock(connection, locked.id).state


def resume(ledger: Ledger, name: str, *, by: str, reason: str) -> int:
    """Let a halted or paused campaign run again as it is and return its epoch; see mail.resuming."""
    return resuming.resume(ledger, name, by=by, reason=reason).epoch


def cancel(ledger: Ledger, name: str, *, by: str, reason: str) -> int:
    """End a campaign for good; return how many messages will now never be sent."""
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        if locked.state is State.ENQUEUING:
            reason = f"{reason} (while it was enqueued, with {locked.recipients:,} recipients stored)"
        campaigns.change_state(connection, locked, State.CANCELLED, by=by, reason=reason)
        return cancelling.cancel_queued(connection, locked)
