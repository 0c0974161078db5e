"""The gate applied: counts read, the rules asked, and a halt latched, in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, assert_never

from sqlalchemy import Connection

from ledger import campaigns, clock, doubts, refusal_texts, tallies
from ledger.campaigns import Campaign, State
from ledger.statuses import Count, Status
from mail import silence
from mail.counts import Counts
from mail.gate import REJECTED, decide, rejections
from mail.gate_answers import Continue, Decision, Halt, Pause, Wait, Waiting
from mail.policy import HaltPolicy, HaltRules
from mail.ses_errors import without_addresses

GATE = "gate"
_LONGEST_TEXT = 300


def policy_of(campaign: Campaign) -> HaltRules:
    """Return the halt policy that the campaign was enqueued with."""
    return HaltPolicy.model_validate(campaign.definition.get("halt", {})).rules


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
        rejected=epoch.counts[Count.REJECTED],
        answers=epoch.counts[Count.ANSWERED],
        rung=campaign.rung,
        rate_per_second=rate_per_second,
        cohorts=tuple(cohorts),
    )


def review(connection: Connection, locked: Campaign, rate_per_second: float = 0.0) -> Decision:
    """Ask the gate about a locked campaign and latch what it says.

    With anything left to claim a halt makes the campaign HALTED. A breach after the last claim is kept with
    the campaign, which ends COMPLETED_BREACHED; what SES rejects halts it all the same. Where no outcomes
    come a running campaign is PAUSED.
    """
    if locked.state not in (State.RUNNING, State.PAUSED, State.COMPLETED):
        return Continue(budget=0, rung=locked.rung)
    rules = policy_of(locked)
    counts = counts_of(connection, locked, rules, rate_per_second)
    now = clock.now(connection)
    decision = decide(counts, rules, now)
    if locked.state is State.RUNNING:
        decision = _if_it_lasts(connection, locked, decision, rules.soak_seconds)
    match decision:
        case Halt():
            if decision.rule == REJECTED:
                decision = _in_the_words_of_ses(connection, locked, decision)
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


def _if_it_lasts(
    connection: Connection, locked: Campaign, decision: Decision, soak_seconds: float
) -> Decision:
    """Let silence pause a campaign only where it lasts by another clock than the one that tells ages."""
    database = connection.engine.url
    key = (f"{database.host}/{database.database}", locked.id, locked.epoch)
    if not isinstance(decision, Pause):
        silence.silences.end(key)
    elif not silence.silences.lasts(key, soak_seconds):
        return Wait(Waiting.SOAK, decision.reason, locked.rung)
    return decision


def _latch(connection: Connection, locked: Campaign, found: Halt, now: float, *, to_claim: int) -> None:
    halt = {**asdict(found), "at": now, "by": GATE}
    if locked.state is State.COMPLETED:
        campaigns.change_state(
            connection, locked, State.COMPLETED_BREACHED, by=GATE, reason=found.reason, halt=halt
        )
    elif to_claim or found.rule == REJECTED:
        campaigns.change_state(connection, locked, State.HALTED, by=GATE, reason=found.reason, halt=halt)
    elif locked.halt is None:
        campaigns.note_breach(connection, locked, halt)


def finish(connection: Connection, locked: Campaign) -> State:
    """Complete a running campaign in which nothing may still go, and return its state."""
    if locked.state is not State.RUNNING or tallies.read(connection, locked.id).may_still_go:
        return locked.state
    review(connection, locked)
    locked = campaigns.lock(connection, locked.id)
    if locked.state is not State.RUNNING:
        return locked.state
    halt = locked.halt or _nothing_taken(connection, locked)
    if halt is None:
        state, reason = State.COMPLETED, "nothing is left to send"
    else:
        state, reason = State.COMPLETED_BREACHED, str(halt["reason"])
    campaigns.change_state(connection, locked, state, by=GATE, reason=reason, halt=halt)
    return state


def _nothing_taken(connection: Connection, locked: Campaign) -> Mapping[str, Any] | None:
    """Return the halt of a campaign of which SES took nothing: a resume does not make it done."""
    whole = tallies.read(connection, locked.id)
    found = rejections(
        Counts(0, 0, 0, 0, 0, 0, rejected=whole.counts[Count.REJECTED], answers=whole.counts[Count.ANSWERED])
    )
    if found is None or found.k < found.n:
        return None
    halt = _in_the_words_of_ses(connection, locked, found)
    return {**asdict(halt), "at": clock.now(connection), "by": GATE}


def _in_the_words_of_ses(connection: Connection, locked: Campaign, found: Halt) -> Halt:
    text = without_addresses(refusal_texts.most_frequent(connection, locked.id))[:_LONGEST_TEXT]
    return replace(found, reason=f"{found.reason} It says: {text.rstrip('.')}.") if text else found


def stop(connection: Connection, campaign_id: int, reason: str, *, by: str = "sender") -> None:
    """Pause a running campaign for a reason that a person has to look at."""
    locked = campaigns.lock(connection, campaign_id)
    if locked.state is State.RUNNING:
        campaigns.change_state(connection, locked, State.PAUSED, by=by, reason=reason)
