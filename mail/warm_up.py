"""The daily ceiling of a sender's domain that is being warmed up: the rule, and its application in a claim.

The plan counts days on which the domain sent anything, over all campaigns: a day without mail does not make
the next one larger. Days are UTC days by the database's clock.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import sender_days
from ledger.campaigns import Campaign
from mail.addresses import parse_from
from mail.warm_up_policy import WarmUpPolicy


@dataclass(frozen=True, slots=True)
class Today:
    """What a sender's domain may send on a day: the ceiling of all campaigns, and what is left of it."""

    domain: str
    ceiling: int
    left: int
    # When the next day begins, in UTC epoch seconds.
    continues_at: float


def ceiling(plan: WarmUpPolicy, days_before: int) -> int | None:
    """Return how many messages the domain may send on the day after `days_before` days; None: any number."""
    if plan.start == 0 or days_before >= plan.days:
        return None
    return int(plan.start * plan.factor**days_before)


def today(connection: Connection, campaign: Campaign, *, lock: bool = False) -> Today | None:
    """Return what the campaign's sender may send today, or None where no plan limits it."""
    plan = WarmUpPolicy.model_validate(campaign.definition.get("send", {}).get("warm_up", {}))
    if plan.start == 0:
        return None
    domain, day = sender_domain(campaign), sender_days.today(connection)
    most = ceiling(plan, sender_days.days_before(connection, domain, day))
    if most is None:
        return None
    count = sender_days.locked_claimed if lock else sender_days.claimed
    left = max(0, most - count(connection, domain, day))
    return Today(domain, most, left, float((day + 1) * sender_days.DAY_SECONDS))


def note_claimed(connection: Connection, locked: Campaign, messages: int) -> None:
    """Count messages that a claim took, with or without a plan: another campaign may have one."""
    sender_days.add(connection, sender_domain(locked), sender_days.today(connection), messages)


def take_back(
    connection: Connection, locked: Campaign, messages: int, claimed_at: float | None = None
) -> None:
    """Count out messages that were claimed, today or at `claimed_at`, and certainly not sent."""
    if messages:
        day = sender_days.today(connection) if claimed_at is None else sender_days.day_of(claimed_at)
        sender_days.take_back(connection, sender_domain(locked), day, messages)


def sender_domain(campaign: Campaign) -> str:
    """Return the domain that the campaign's mail comes from."""
    return parse_from(campaign.definition["from"]).domain
