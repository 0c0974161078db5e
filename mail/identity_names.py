"""Which identities in SES may cover an address: few, however many labels its domain has."""

from functools import cache

from publicsuffixlist import PublicSuffixList

MOST_DOMAINS = 4
MOST_NAMES = MOST_DOMAINS + 1


def domains_above(domain: str) -> list[str]:
    """Return the domains whose verification covers a domain, itself first, then upwards.

    A verified domain covers its subdomains too (SES developer guide, "Verified identities"). What a registry
    sells names under can be verified by nobody. Of many the lowest is asked about and the three highest: who
    verifies a domain takes the registered one or a name next to it.
    """
    labels = domain.split(".")
    registered = registered_domain(domain)
    depth = len(labels) - len(registered.split(".")) if registered else 0
    above = [".".join(labels[start:]) for start in range(depth + 1)]
    return above if len(above) <= MOST_DOMAINS else [above[0], *above[1 - MOST_DOMAINS :]]


def registered_domain(domain: str) -> str:
    """Return the part of a domain that somebody registered, or "" for a name that registries sell under."""
    return _suffixes().privatesuffix(domain) or ""


@cache
def _suffixes() -> PublicSuffixList:
    # Without its part of firms' own domains, which those firms may well verify.
    return PublicSuffixList(only_icann=True)
