"""The registrable domain of a host: what one owner has registered, with everything below it.

The endings under which owners register come from the Public Suffix List (https://publicsuffix.org). Its
private part counts too: who rents out names below `github.io` owns none of the mailboxes there.
"""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=100_000)
def registrable(host: str) -> str:
    """Return the registrable domain of `host` (A-labels, lower case); an ending by itself stays as it is.

    `mail.shop.example.co.uk` gives `example.co.uk`. An ending that the list does not know is one label.
    """
    return str(_suffixes().privatesuffix(host) or host)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
