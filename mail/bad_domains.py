"""Which domains are worth leaving out after a halt: one pure rule over counts.

It looks at registrable domains. A bought list has one or two addresses at each of a thousand hosts, and no
host ever shows that its owner's mailboxes are gone.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ledger.domain_counts import DomainBounces
from lists.registrable_domains import registrable

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


def bounced(hosts: Iterable[DomainBounces]) -> list[DomainBounces]:
    """Return the registrable domains of `hosts` at which messages bounced hard, the most bounces first."""
    sums: dict[str, list[int]] = {}
    for host in hosts:
        counts = sums.setdefault(registrable(host.domain), [0, 0, 0])
        for place, count in enumerate((host.accepted, host.hard_bounced, host.waiting)):
            counts[place] += count
    domains = (DomainBounces(domain, *counts) for domain, counts in sums.items() if counts[1])
    return sorted(domains, key=lambda each: (-each.hard_bounced, each.accepted, each.domain))
