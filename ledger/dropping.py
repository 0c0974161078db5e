"""Leaving out recipients that still wait, because a person said so after a halt or a second cleaning did."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select

from ledger.campaigns import Campaign
from ledger.cancelling import withdraw
from ledger.key_batches import among
from ledger.schema import message, suppression
from ledger.statuses import Stage, Status
from ledger.suppressions import SuppressionReason


def waiting_domains(connection: Connection, campaign_id: int) -> list[str]:
    """Return the domains of the recipients that are queued or claimed, in the order of the alphabet."""
    query = (
        select(message.c.domain)
        .where(message.c.campaign_id == campaign_id, message.c.status.in_((Status.QUEUED, Status.CLAIMED)))
        .distinct()
        .order_by(message.c.domain)
    )
    return list(connection.execute(query).scalars())


def waiting_by_domain(connection: Connection, campaign_id: int) -> dict[str, int]:
    """Return how many recipients are queued or claimed at each domain that has any."""
    return _by_domain(connection, campaign_id)


def suppressed_by_domain(connection: Connection, campaign_id: int, scopes: Sequence[str]) -> dict[str, int]:
    """Return how many of those who wait are suppressed in one of `scopes` by now, at each domain."""
    theirs = select(suppression.c.address_key).where(suppression.c.scope.in_(scopes))
    return _by_domain(connection, campaign_id, message.c.address_key.in_(theirs))


def _by_domain(connection: Connection, campaign_id: int, *conditions: ColumnElement[bool]) -> dict[str, int]:
    query = (
        select(message.c.domain, func.count())
        .where(
            message.c.campaign_id == campaign_id,
            message.c.status.in_((Status.QUEUED, Status.CLAIMED)),
            *conditions,
        )
        .group_by(message.c.domain)
        .order_by(message.c.domain)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def drop_domains(
    connection: Connection,
    locked: Campaign,
    domains: Collection[str],
    reason: str,
    *,
    and_below: bool = False,
) -> int:
    """Turn the waiting recipients at these domains (A-labels) into SUPPRESSED; return how many those were.

    `and_below` takes in every domain that ends in one of them after a dot.
    """
    there = among(connection, message.c.domain, sorted(domains))
    if and_below:
        there = or_(there, *(message.c.domain.endswith(f".{each}", autoescape=True) for each in domains))
    return withdraw(connection, locked, Stage.SUPPRESSED, there, detail=reason)


def drop_suppressed(connection: Connection, locked: Campaign, scopes: Sequence[str]) -> int:
    """Turn the waiting recipients who are suppressed by now in one of `scopes` into SUPPRESSED, with why."""
    return sum(
        withdraw(
            connection,
            locked,
            Stage.SUPPRESSED,
            message.c.address_key.in_(
                select(suppression.c.address_key).where(
                    suppression.c.scope.in_(scopes), suppression.c.reason == reason
                )
            ),
            detail=reason,
        )
        # The gravest first: it is the one that is named where an address has several.
        for reason in SuppressionReason
    )
