"""The gate applied: counts read, the rules asked, and a halt latched, in the caller's transaction."""

from dataclasses import asdict

from sqlalchemy import Connection

from ledger import campaigns, clock, tallies
from ledger.campaigns import Campaign, State
from ledger.statuses import Count, Status
from mail.gate import Continue, Counts, Halt, decide
from mail.policy import HaltPolicy, HaltRules

GATE = "gate"


def policy_of(campaign: Campaign) -> HaltRules:
    """Return the halt policy that the campaign was enqueued with."""
    return HaltPolicy.model_validate(campaign.definition["halt"]).rules


def counts_of(connection: Connection, campaign: Campaign, policy: HaltRules) -> Counts:
    """Return the counts of the campaign's epoch; what may still go is counted over all epochs."""
    epoch = tallies.read(connection, campaign.id, campaign.epoch)
    whole = tallies.read(connection, campaign.id)
    before = clock.now(connection) - policy.soak_seconds
    old = tallies.matured(connection, campaign.id, campaign.epoch, before)
    return Counts(
        accepted=epoch.accepted,
        known=epoch.counts[Count.KNOWN] - epoch.counts[Count.ACCOUNT_SUPPRESSED],
        hard_bounced=epoch.counts[Count.HARD_BOUNCED],
        complained=epoch.counts[Count.COMPLAINED],
        may_still_go=whole.may_still_go,
        to_claim=whole.by_status[Status.QUEUED] + whole.by_status[Status.CLAIMED],
        matured_known=old.known,
        matured_hard_bounced=old.hard_bounced,
    )


def review(connection: Connection, locked: Campaign) -> Continue | Halt:
    """Ask the gate about a locked campaign and latch what it says.

    With anything left to claim a halt makes the campaign HALTED. A breach after the last claim is kept with
    the campaign, which ends COMPLETED_BREACHED.
    """
    if locked.state not in (State.RUNNING, State.PAUSED, State.COMPLETED):
        return Continue()
    policy = policy_of(locked)
    counts = counts_of(connection, locked, policy)
    decision = decide(counts, policy)
    if isinstance(decision, Halt):
        halt = {**asdict(decision), "at": clock.now(connection), "by": GATE}
        if locked.state is State.COMPLETED:
            campaigns.change_state(
                connection, locked, State.COMPLETED_BREACHED, by=GATE, reason=decision.reason, halt=halt
            )
        elif counts.to_claim:
            campaigns.change_state(
                connection, locked, State.HALTED, by=GATE, reason=decision.reason, halt=halt
            )
        elif locked.halt is None:
            campaigns.note_breach(connection, locked, halt)
    return decision


def finish(connection: Connection, locked: Campaign) -> State:
    """Complete a running campaign in which nothing may still go, and return its state."""
    if locked.state is not State.RUNNING or tallies.read(connection, locked.id).may_still_go:
        return locked.state
    review(connection, locked)
    locked = campaigns.lock(connection, locked.id)
    if locked.halt is None:
        state, reason = State.COMPLETED, "nothing is left to send"
    else:
        state, reason = State.COMPLETED_BREACHED, str(locked.halt["reason"])
    campaigns.change_state(connection, locked, state, by=GATE, reason=reason)
    return state


def stop(connection: Connection, campaign_id: int, reason: str, *, by: str = "sender") -> None:
    """Pause a running campaign for a reason that a person has to look at."""
    locked = campaigns.lock(connection, campaign_id)
    if locked.state is State.RUNNING:
        campaigns.change_state(connection, locked, State.PAUSED, by=by, reason=reason)
