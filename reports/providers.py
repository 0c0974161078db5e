"""Which mailbox provider gives addresses at a domain: what reaches one of its domains reaches the others."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lists.summary import NO_DOMAIN, DomainCounts

FILE = Path(__file__).with_name("providers.txt")
OTHERS = "All other domains"


def by_provider(by_domain: Mapping[str, DomainCounts]) -> dict[str, DomainCounts]:
    """Return the rows of every provider that occurs, the largest first; OTHERS and NO_DOMAIN come last."""
    known = providers()
    found: dict[str, DomainCounts] = {}
    for domain, counts in by_domain.items():
        name = NO_DOMAIN if domain == NO_DOMAIN else known.get(domain, OTHERS)
        before = found.get(name, DomainCounts(0, 0))
        found[name] = DomainCounts(before.accepted + counts.accepted, before.rejected + counts.rejected)
    last = {OTHERS: 1, NO_DOMAIN: 2}

    def place(name: str) -> tuple[int, int, str]:
        return last.get(name, 0), -(found[name].accepted + found[name].rejected), name

    return {name: found[name] for name in sorted(found, key=place)}


@cache
def providers() -> Mapping[str, str]:
    """Return the provider of each domain that `providers.txt` names."""
    found: dict[str, str] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        name, _, domains = line.partition("#")[0].partition(":")
        found.update(dict.fromkeys(domains.split(), name.strip()))
    return found
