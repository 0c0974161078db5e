"""The gate applied: counts read, the rules asked, and a halt latched, in the caller's transaction."""

from dataclasses import asdict
from typing import assert_never

from sqlalchemy import Connection

from ledger import campaigns, clock, doubts, tallies
from ledger.campaigns import Campaign, State
from ledger.statuses import Count, Status
from mail.counts import Counts
from mail.gate import decide
from mail.gate_answers import Continue, Decision, Halt, Pause, Wait
from mail.policy import HaltPolicy, HaltRules

GATE = "gate"


def policy_of(campaign: Campaign) -> HaltRules:
    """Return the halt policy that the campaign was enqueued with."""
    return HaltPolicy.model_validate(campaign.definition["halt"]).rules


def counts_of(
    connection: Connection, campaign: Campaign, rules: HaltRules, rate_per_second: float = 0.0
) -> Counts:
    """Return the counts of the campaign's epoch; what may still go is counted over all epochs."""
    epoch = tallies.read(connection, campaign.id, campaign.epoch)
    whole = tallies.read(connection, campaign.id)
    now = clock.now(connection)
    since = now - 2 * rules.soak_seconds
    cohorts = tallies.cohorts(connection, campaign.id, campaign.epoch, since)
    doubtful = 0
    if epoch.by_status[Status.IN_DOUBT]:
        doubtful = doubts.younger_than(connection, campaign.id, campaign.epoch, now - rules.soak_seconds)
    return Counts(
        accepted=epoch.accepted,
        known=epoch.counts[Count.KNOWN] - epoch.counts[Count.WITHHELD],
        hard_bounced=epoch.counts[Count.HARD_BOUNCED],
        complained=epoch.counts[Count.COMPLAINED],
        may_still_go=whole.may_still_go,
        to_claim=whole.by_status[Status.QUEUED] + whole.by_status[Status.CLAIMED],
        delayed=sum(each.delayed for each in cohorts),
        underway=epoch.by_status[Status.CLAIMED] + epoch.by_status[Status.SENDING] + doubtful,
        rung=campaign.rung,
        rate_per_second=rate_per_second,
        cohorts=tuple(cohorts),
    )


def review(connection: Connection, locked: Campaign, rate_per_second: float = 0.0) -> Decision:
    """Ask the gate about a locked campaign and latch what it says.

    With anything left to claim a halt makes the campaign HALTED. A breach after the last claim is kept with
    the campaign, which ends COMPLETED_BREACHED. Where no outcomes come a running campaign is PAUSED.
    """
    if locked.state not in (State.RUNNING, State.PAUSED, State.COMPLETED):
        return Continue(budget=0, rung=locked.rung)
    rules = policy_of(locked)
    counts = counts_of(connection, locked, rules, rate_per_second)
    now = clock.now(connection)
    decision = decide(counts, rules, now)
    match decision:
        case Halt():
            _latch(connection, locked, decision, now, to_claim=counts.to_claim)
        case Pause() if locked.state is State.RUNNING:
            campaigns.change_state(connection, locked, State.PAUSED, by=GATE, reason=decision.reason)
        case Continue() | Wait() if locked.state is State.RUNNING and decision.rung != locked.rung:
            campaigns.climb(connection, locked, decision.rung)
        case Continue() | Wait() | Pause():
            pass
        case _:
            assert_never(decision)
    return decision


def _latch(connection: Connection, locked: Campaign, found: Halt, now: float, *, to_claim: int) -> None:
    halt = {**asdict(found), "at": now, "by": GATE}
    if locked.state is State.COMPLETED:
        campaigns.change_state(
            connection, locked, State.COMPLETED_BREACHED, by=GATE, reason=found.reason, halt=halt
        )
    elif to_claim:
        campaigns.change_state(connection, locked, State.HALTED, by=GATE, reason=found.reason, halt=halt)
    elif locked.halt is None:
        campaigns.note_breach(connection, locked, halt)


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
