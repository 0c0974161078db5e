"""What keeps a campaign from sending at this moment, and until when: read from the ledger, changing nothing.

A run shows it in its log and its progress, `campaign status` as well. Whoever claims asks the same rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from ledger import breaker, claims, clock, limits, presences, tallies
from ledger.campaigns import Campaign, State
from ledger.schema import COHORT_SECONDS
from ledger.statuses import Count, Status
from ledger.tallies import Totals
from mail import braking, gatekeeping, warm_up
from mail.gate import decide
from mail.gate_answers import Pause, Wait
from mail.policy import HaltPolicy, SendPolicy
from mail.quota import QUOTA
from mail.rate import ACCOUNT

# Under this a call's place is a matter of the rate alone, and no news.
_RATE_SECONDS = 2.0


class Cause(StrEnum):
    """What is waited for."""

    # A halted campaign: a person's decision.
    DECISION = "decision"
    # SES gives no answers, and single messages probe.
    OUTAGE = "outage"
    # The next day of the sender's warm-up.
    WARM_UP = "warm_up"
    # What SES takes in 24 hours is used up.
    QUOTA = "quota"
    # The gate wants to know what became of what is out.
    OUTCOMES = "outcomes"
    # Only domains are left that put mail off.
    DOMAINS = "domains"
    # A place under the sending rate: it is low, or SES asked for less.
    RATE = "rate"
    # The last recipients are with a worker that is not heard of.
    LEASE = "lease"
    # All is out: its outcomes.
    SETTLING = "settling"


@dataclass(frozen=True, slots=True)
class Holdup:
    """One thing that is waited for, as the end of "Waits for ...", and until when in UTC epoch seconds.

    `until` is None where nobody can know.
    """

    cause: Cause
    what: str
    until: float | None = None


def read(connection: Connection, campaign: Campaign, totals: Totals) -> tuple[Holdup, ...]:
    """Return what the campaign waits for now; nothing where it sends, is paused or is over."""
    if campaign.state is State.HALTED:
        return tuple(_decision(connection, campaign))
    if campaign.state is not State.RUNNING:
        return ()
    held = totals.by_status[Status.CLAIMED] + totals.by_status[Status.SENDING]
    if not totals.by_status[Status.QUEUED]:
        return tuple(_lease(connection, campaign) if held else _settling(connection, campaign, totals))
    if found := tuple(_for_everybody(connection, campaign)):
        return found
    # Between two claims of a campaign that sends nothing is held either: whoever looks twice knows.
    return tuple([] if held else _own(connection, campaign)) or tuple(_rate(connection, campaign))


def _decision(connection: Connection, campaign: Campaign) -> Iterator[Holdup]:
    policy = HaltPolicy.model_validate(campaign.definition["halt"]).rules
    if policy.on_halt != "fail":
        until = campaign.changed_at + policy.answer_hours * 3600
        what = "a person's decision, in the form of its run or on the command line"
        if until > clock.now(connection):
            yield Holdup(Cause.DECISION, what, until)


def _for_everybody(connection: Connection, campaign: Campaign) -> Iterator[Holdup]:
    """Give what stops other campaigns of the account or the sender as well."""
    now = clock.now(connection)
    if (silence := breaker.look(connection, ACCOUNT)) is not None:
        what = f"SES, which gives no answers: single messages try, {silence.probes:,} so far"
        yield Holdup(Cause.OUTAGE, what, now + silence.wait_seconds)
    today = warm_up.today(connection, campaign)
    if today is not None and not today.left:
        what = f"the next day of the warm-up: {today.domain} has sent today's {today.ceiling:,} messages"
        yield Holdup(Cause.WARM_UP, what, today.continues_at)
    if SendPolicy.model_validate(campaign.definition.get("send", {})).over_quota == "split":
        until = limits.taken_until(connection, QUOTA)
        if until is not None:
            yield Holdup(Cause.QUOTA, "quota of SES: what it takes in 24 hours is used up", until)


def _own(connection: Connection, campaign: Campaign) -> Iterator[Holdup]:
    rules, now = gatekeeping.policy_of(campaign), clock.now(connection)
    counts = gatekeeping.counts_of(connection, campaign, rules)
    decision = decide(counts, rules, now)
    if isinstance(decision, Wait | Pause):
        newest = max((each.since for each in counts.cohorts), default=now)
        until = newest + COHORT_SECONDS + rules.soak_seconds
        yield Holdup(Cause.OUTCOMES, f"outcomes: {decision.reason}", until if until > now else None)
        return
    room = braking.room(connection, campaign)
    if room.closed and not claims.candidates(connection, campaign, 1, room.closed):
        domains = f"domain{'' if len(room.closed) == 1 else 's'} that put mail off"
        yield Holdup(Cause.DOMAINS, f"{len(room.closed):,} {domains}; nobody else is left", room.opens_at)


def _rate(connection: Connection, campaign: Campaign) -> Iterator[Holdup]:
    now = clock.now(connection)
    taken = [limits.taken_until(connection, name) for name in (ACCOUNT, f"campaign {campaign.name}")]
    until = max(filter(None, taken), default=now)
    if until - now >= _RATE_SECONDS:
        yield Holdup(Cause.RATE, "its place under the sending rate, which is low or was cut by SES", until)


def _lease(connection: Connection, campaign: Campaign) -> Iterator[Holdup]:
    until = presences.unheard_until(connection, campaign.id)
    if until is not None:
        yield Holdup(Cause.LEASE, "the last recipients, which a worker holds that is not heard of", until)


def _settling(connection: Connection, campaign: Campaign, totals: Totals) -> Iterator[Holdup]:
    now = clock.now(connection)
    unknown = totals.counts[Count.ACCEPTED] - totals.counts[Count.KNOWN] + totals.by_status[Status.IN_DOUBT]
    seconds = SendPolicy.model_validate(campaign.definition.get("send", {})).settle_seconds
    recent = tallies.cohorts(connection, campaign.id, campaign.epoch, now - seconds - COHORT_SECONDS)
    until = max((each.since for each in recent), default=0.0) + COHORT_SECONDS + seconds
    if unknown and until > now:
        what = f"the outcomes of {unknown:,} message{'' if unknown == 1 else 's'}; nothing is left to send"
        yield Holdup(Cause.SETTLING, what, until)
