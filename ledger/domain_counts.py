"""What became of a campaign's mail at each domain, as far as the decision after a halt needs to know."""

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from ledger.schema import FACT_COLUMNS, message
from ledger.statuses import Fact, Status


@dataclass(frozen=True, slots=True)
class DomainBounces:
    """Messages that SES took for a domain in one epoch, how many bounced hard, and how many still wait.

    domain: a host, or the registrable domain of several.
    """

    domain: str
    accepted: int
    hard_bounced: int
    waiting: int


def by_host(connection: Connection, campaign_id: int, epoch: int) -> list[DomainBounces]:
    """Return every host (what stands after the @) of the campaign, with the epoch's counts."""
    taken = (
        (message.c.epoch == epoch)
        & message.c[FACT_COLUMNS[Fact.ACCEPTED]].is_not(None)
        # Of what SES took, only what it withheld is SUPPRESSED.
        & (message.c.status != Status.SUPPRESSED)
    )
    bad = (message.c.epoch == epoch) & message.c[FACT_COLUMNS[Fact.HARD_BOUNCED]].is_not(None)
    waits = message.c.status.in_((Status.QUEUED, Status.CLAIMED))
    accepted, hard_bounced, waiting = (func.sum(case((each, 1), else_=0)) for each in (taken, bad, waits))
    query = (
        select(message.c.domain, accepted, hard_bounced, waiting)
        .where(message.c.campaign_id == campaign_id)
        .group_by(message.c.domain)
        .order_by(message.c.domain)
    )
    return [DomainBounces(domain, *map(int, counts)) for domain, *counts in connection.execute(query)]
