"""Which domains are worth leaving out after a halt: one pure rule over counts."""

from collections.abc import Sequence
from fractions import Fraction

from ledger.domain_counts import DomainBounces

# One dead address says nothing about its neighbours; two at the same domain begin to.
BOUNCES_AT_LEAST = 2


def worst(domains: Sequence[DomainBounces], limit: float) -> list[DomainBounces]:
    """Return the domains that reach the limit by themselves, the most hard bounces first.

    `limit` is the campaign's own share of hard bounces, so that what is left was below it so far.
    """
    share = Fraction(str(limit))
    return [
        each
        for each in domains
        if each.hard_bounced >= BOUNCES_AT_LEAST and each.hard_bounced >= share * each.accepted
    ]
