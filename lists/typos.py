"""Domains that are one slip of the finger away from a large mail provider: suggested, never corrected.

The measure is the optimal string alignment distance, in which two letters that changed places count as one
slip. At two slips the providers that people really have are hit eight times as often.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from lists import free_mail

PROVIDERS_FILE = Path(__file__).with_name("large_providers.txt")
# In the public list of providers by mistake: nobody offers mail there, people mistype yahoo and sbcglobal.
MISTAKEN_PROVIDERS = frozenset({"yaho.com", "vahoo.com", "sbcglbal.net"})
# A shorter name is one slip away from too many honest ones (aol.com and aon.com): only its ending is looked
# at, and only where no such ending exists.
LEAST_LETTERS = 5
NO_ENDINGS = frozenset(
    {"con", "cmo", "ocm", "comm", "coom", "ccom", "vom", "xom", "cpm", "cim", "c0m", "ner", "nte", "nett"}
)
DOMAINS_AT_A_TIME = 50_000


def suggestions(domains: Sequence[str]) -> dict[str, str]:
    """Return the provider that was probably meant, for those of the domains (A-labels) that look mistyped."""
    providers = large_providers()
    real = _real_providers()
    found: dict[str, str] = {}
    for start in range(0, len(domains), DOMAINS_AT_A_TIME):
        some = [domain for domain in domains[start : start + DOMAINS_AT_A_TIME] if domain not in real]
        if not some:
            continue
        # What is farther away than the cut-off comes as the cut-off and one.
        distances = cdist(some, providers, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8)
        for row, column in np.argwhere(distances == 1).tolist():
            domain, provider = some[row], providers[column]
            if domain not in found and _is_likely(domain, provider):
                found[domain] = provider
    return found


@cache
def large_providers() -> tuple[str, ...]:
    """Return the domains of `large_providers.txt`, the larger first."""
    lines = PROVIDERS_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(name for line in lines if (name := line.partition("#")[0].strip()))


@cache
def _real_providers() -> frozenset[str]:
    # Not the disposable ones: people who set a trap for typing errors (gmial.com) are listed there.
    return (free_mail.PROVIDERS | frozenset(large_providers())) - MISTAKEN_PROVIDERS


def _is_likely(domain: str, provider: str) -> bool:
    name, _, ending = domain.partition(".")
    meant_name, _, meant_ending = provider.partition(".")
    if name != meant_name:
        return ending == meant_ending and len(meant_name) >= LEAST_LETTERS
    if ending.rpartition(".")[2] in NO_ENDINGS:
        return True
    # The same name under another country's ending may be a branch of the provider, or somebody else.
    two_countries = len(ending) == len(meant_ending) == 2
    return len(meant_name) >= LEAST_LETTERS and not two_countries
