"""The rule that finds the domains worth leaving out."""

import pytest

from ledger.domain_counts import DomainBounces
from mail.bad_domains import worst


@pytest.mark.parametrize(
    ("accepted", "hard_bounced", "found"),
    [
        (1, 1, False),
        (2, 2, True),
        (40, 2, True),
        (41, 2, False),
        (1_000, 49, False),
        (1_000, 50, True),
        # A bounce whose acceptance was never seen.
        (0, 2, True),
    ],
)
def test_a_domain_is_bad_from_two_bounces_that_reach_the_limit(
    accepted: int, hard_bounced: int, found: bool
) -> None:
    domain = DomainBounces("reader.example", accepted, hard_bounced, waiting=7)
    assert worst([domain], 0.05) == ([domain] if found else [])


def test_the_order_stays() -> None:
    domains = [DomainBounces(name, 10, bounces, 0) for name, bounces in (("a", 9), ("b", 5), ("c", 2))]
    assert worst(domains, 0.03) == domains
