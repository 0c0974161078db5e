"""Throw-away mail providers, by the public list `disposable-email-domains` and a team's own changes to it.

The public list also names providers that people keep for life, so the rule is a flag unless a list asks for
more.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from disposable_email_domains import blocklist

from lists import changes
from lists.changes import Changes

CHANGES_FILE = Path(__file__).with_name("disposable_domains.txt")


def among(domains: Iterable[str], changes_file: str = "") -> frozenset[str]:
    """Return those of the domains (A-labels, lower case) that hand out throw-away mailboxes.

    `changes_file` is as `changes.read` takes it, and counts before the program's own. Raises ListError where
    it cannot be read.
    """
    known = _changes(changes_file)
    return frozenset(domain for domain in domains if _is_listed(domain, known))


def is_disposable(domain: str) -> bool:
    """Tell whether a domain (A-labels, lower case), or one above it, hands out throw-away mailboxes."""
    return _is_listed(domain, _changes(""))


def _is_listed(domain: str, known: Changes) -> bool:
    name = domain
    while "." in name:
        if name in known.removed:
            return False
        if name in known.added:
            return True
        name = name.partition(".")[2]
    return False


@cache
def _changes(changes_file: str) -> Changes:
    return Changes(frozenset(blocklist)) + changes.read(CHANGES_FILE) + changes.read(changes_file)
