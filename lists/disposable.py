"""Throw-away mail providers, by the public list `disposable-email-domains` and a team's own changes to it.

The public list also names providers that people keep for life, so the rule is a flag unless a list asks for
more.
"""

from functools import cache
from pathlib import Path

from disposable_email_domains import blocklist

CHANGES_FILE = Path(__file__).with_name("disposable_domains.txt")


def is_disposable(domain: str) -> bool:
    """Tell whether a domain (A-labels, lower case), or one above it, hands out throw-away mailboxes."""
    listed, spared = _domains()
    name = domain
    while "." in name:
        if name in spared:
            return False
        if name in listed:
            return True
        name = name.partition(".")[2]
    return False


@cache
def _domains() -> tuple[frozenset[str], frozenset[str]]:
    lines = CHANGES_FILE.read_text(encoding="utf-8").splitlines()
    names = {name for line in lines if (name := line.partition("#")[0].strip().lower())}
    spared = frozenset(name.removeprefix("!") for name in names if name.startswith("!"))
    added = {name for name in names if not name.startswith("!")}
    return frozenset(blocklist | added) - spared, spared
