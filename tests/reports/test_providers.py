"""Which provider a domain belongs to."""

from lists.summary import NO_DOMAIN, DomainCounts
from lists.typos import large_providers
from reports.providers import OTHERS, by_provider, providers


def test_the_domains_of_a_provider_are_summed_up_and_the_rest_comes_last():
    found = by_provider(
        {
            "shop.example": DomainCounts(50, 1),
            NO_DOMAIN: DomainCounts(0, 40),
            "web.de": DomainCounts(3, 0),
            "gmail.com": DomainCounts(5, 2),
            "gmx.de": DomainCounts(2, 4),
            "gmx.net": DomainCounts(1, 0),
        }
    )
    assert list(found.items()) == [
        ("GMX and web.de", DomainCounts(6, 4)),
        ("Google", DomainCounts(5, 2)),
        (OTHERS, DomainCounts(50, 1)),
        (NO_DOMAIN, DomainCounts(0, 40)),
    ]


def test_every_provider_that_suggestions_know_has_a_name():
    assert set(large_providers()) - set(providers()) == set()
